"""One comparison of a filter: a key, an operator, and the values it is compared with.

Text is compared without regard to case, accents and tags of HTML. A list is as good as any of its items, a dictionary
as its names and values; the negative operators hold, too, when any of these differs. A number is compared as a number
where both are, a time as a moment. What is not there is empty text for <, <=, ~ and !~. `:` and `=` have two readings,
the one that counts and the one announced; where they differ, gcloud warns once. Source: gcloud topic filters.
"""

import re
from collections.abc import Iterator
from typing import Any

from cloudrun_cli.output.columns import cell
from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import FilterError
from cloudrun_cli.output.patterns import compiled
from cloudrun_cli.output.projection import Column

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

CONSTANTS = {"false": 0, "true": 1}
FLAGS = re.IGNORECASE | re.MULTILINE
STAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")  # a value that looks so is a moment
TIME = re.compile(r"\d{4}[-/]|[-+]?[Pp]")  # an operand that may be one
WHOLE_PLACES = ("zone", "region")  # keys for which the last segment of a path counts as well


class Operand:
    """A value that was typed, read once: as text, as a number, as a moment, and as the patterns of `:` and `=`."""

    def __init__(self, text: str, operator: str) -> None:
        self.text = text
        self.number = CONSTANTS[text.lower()] if text.lower() in CONSTANTS else number_of(text)
        self.counts: re.Pattern[str] | None = None
        self.announced: re.Pattern[str] | None = None
        if operator == ":":
            self.announced, self.counts = _has_patterns(text)
        elif operator in ("=", "!="):
            word = re.escape(searchable(text))
            self.announced, self.counts = re.compile(rf"\b{word}\b", FLAGS), re.compile(f"^{word}$", FLAGS)
        elif operator in ("~", "!~"):
            self.counts = _pattern(text)
        self._moment: tuple[datetime | None] | None = None

    @property
    def looks_like_time(self) -> bool:
        """Whether it is written as a date, or as a length of time from now."""
        return TIME.match(self.text) is not None and self.moment is not None

    @property
    def moment(self) -> "datetime | None":
        """The moment it names, also as a length of time from now."""
        if self._moment is None:
            from cloudrun_cli.output.times import moment

            self._moment = (moment(self.text),)
        return self._moment[0]


class Term:
    """`name` is the key as it was typed; `alias` is the column that goes by that name, if one does. `warning` is what
    gcloud says of a `:` or `=` whose readings differ, once some resource has shown it."""

    def __init__(
        self, name: str, column: Column, alias: Column | None, operator: str, operands: list[str], context: Context
    ) -> None:
        self.name = name
        self.operator = operator
        self.warning = ""
        self._column = column
        self._alias = alias
        self._operands = [Operand(text, operator) for text in operands]
        self._context = context

    def selects(self, row: Any) -> bool:
        """Whether the resource passes."""
        value = self._value(row)
        values = value if isinstance(value, list) and value else [value]
        return any(self._holds(item, operand) for item in values for operand in self._operands)

    def finds_key(self, row: Any) -> bool:
        """Whether the resource has the key."""
        value = self._value(row)
        return value is not None and (not isinstance(value, list) or any(item is not None for item in value))

    def _value(self, row: Any) -> Any:
        value = cell(self._column, row, self._context)
        if value is None and self._alias is not None:
            return cell(self._alias, row, self._context)
        return value

    def _holds(self, value: Any, operand: Operand) -> bool:
        match self.operator:
            case ":" | "=":
                return self._matches(value, operand)
            case "!=":
                return not self._matches(value, operand)
            case "~" | "!~":
                return _is_found(value, operand, self.operator)
            case _:
                return _is_ordered(value, operand, self.operator)

    def _matches(self, value: Any, operand: Operand) -> bool:
        """Whether the value, an item of it, or a name or value in it matches by the reading that counts."""
        if isinstance(value, dict):
            return any(self._is(item, operand, warn=False) for item in (*value, *value.values()))
        if isinstance(value, list):
            return any(self._is(item, operand, warn=True) for item in value)
        return self._is(value, operand, warn=True)

    def _is(self, value: Any, operand: Operand, *, warn: bool) -> bool:
        now, later = readings(value, operand, self.operator)
        if now is None:
            return later
        if not now and len(self._column.key) == 1 and self._column.key[0] in WHOLE_PLACES and operand.counts:
            now = operand.counts.search(searchable(value).split("/")[-1]) is not None
        if now != later and warn and not self.warning:
            states = ("matches", "will not match") if now else ("does not match", "will match")
            self.warning = (
                "--filter : operator evaluation is changing for consistency across Google APIs.  "
                f"{self.name}{self.operator}{operand.text} currently {states[0]} but {states[1]} in the near future.  "
                "Run `gcloud topic filters` for details."
            )
        return now


def readings(value: Any, operand: Operand, operator: str) -> tuple[bool | None, bool]:
    """Whether a plain value matches `:` or `=`: as it counts, and as it is announced. The first is None where the two
    cannot differ."""
    if isinstance(value, int | float):
        if operand.number is not None and value == operand.number:
            return None, True
        return _searched(_plain(value), operand)
    if value is None:
        if operand.text in ("", "*"):
            return None, operand.text == ""
        return _searched("null", operand)
    if value == operand.text:
        return None, True
    if isinstance(value, str):
        if operand.number is not None and (number := number_of(value)) is not None and number == operand.number:
            return None, True
        if operator != ":" and STAMP.match(value) and (moment := operand.moment) is not None:
            return None, _moment_of(value) == moment
    return _searched(searchable(value), operand)


def contains(value: Any, pattern: str) -> bool:
    """`:` as it counts today: the value contains the pattern, or matches it as a whole if it has a `*`."""
    now, later = readings(value, Operand(pattern, ":"), ":")
    return later if now is None else now


def has_word(value: Any, pattern: str) -> bool:
    """`:` as it is announced: the pattern is a word of the value, or begins one if it ends with `*`."""
    return readings(value, Operand(pattern, ":"), ":")[1]


def searchable(value: Any) -> str:
    """The value as text to search in: lower case, without accents and without HTML tags."""
    text = value if isinstance(value, str) else "null" if value is None else repr(value)
    text = text.lower()
    if "<" in text:
        text = re.sub("<[^>]*>", "", text)
    if text.isascii():
        return text
    import unicodedata

    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def number_of(value: Any) -> int | float | None:
    """The number that a value is or spells; None for anything else."""
    if isinstance(value, int | float):
        return value
    try:
        return int(value)
    except (TypeError, ValueError):
        pass
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def warnings(terms: list[Term]) -> Iterator[str]:
    """What gcloud warns of after the terms have looked at the resources: at most once for `:` and once for `=`."""
    for operators in ((":",), ("=", "!=")):
        found = [term.warning for term in terms if term.operator in operators and term.warning]
        yield from found[:1]


def _is_found(value: Any, operand: Operand, operator: str) -> bool:
    if isinstance(value, dict | list) or operand.counts is None:
        return False
    text = "" if value is None else value if isinstance(value, str) else repr(value)
    return (operand.counts.search(text) is None) == (operator == "!~")


def _is_ordered(value: Any, operand: Operand, operator: str) -> bool:
    """Whether the value is before, at or after the operand: as numbers, as moments, else as text."""
    left: Any = number_of(value)
    right: Any = operand.number
    if left is None or right is None:
        if isinstance(value, dict | list):
            return False
        left, right = "" if value is None else value if isinstance(value, str) else repr(value), operand.text
        if STAMP.match(left) and (moment := operand.moment) is not None and (own := _moment_of(left)) is not None:
            left, right = own, moment
        elif value is None and operand.looks_like_time:
            return False
    match operator:
        case "<":
            return bool(left < right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
        case _:
            return bool(left >= right)


def _searched(text: str, operand: Operand) -> tuple[bool | None, bool]:
    later = operand.announced is not None and operand.announced.search(text) is not None
    if operand.counts is None:
        return None, later
    return operand.counts.search(text) is not None, later


def _plain(number: float) -> str:
    return re.sub(r"\.0*$", "", repr(number)).lower()


def _moment_of(value: str) -> "datetime | None":
    from cloudrun_cli.output.times import moment

    return moment(value)


def _has_patterns(text: str) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """The announced pattern of `:` and the one that counts, None where they are the same. Raises FilterError for more
    than one `*`."""
    if text == "*":
        return re.compile("."), None
    sought = searchable(text)
    before, star, after = sought.partition("*")
    if "*" in after:
        raise FilterError(f"At most one * expected in : patterns [{text}].")
    word = re.escape(sought.removesuffix("*"))
    announced = re.compile(rf"\b{word}" + ("" if sought.endswith("*") else r"\b"), FLAGS)
    if not star:
        counts = re.escape(sought)
    else:
        counts = (f"^{re.escape(before)}" if before else "") + (".*" if before and after else "")
        counts += f"{re.escape(after)}$" if after else ""
    return announced, re.compile(counts, FLAGS)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return compiled(text)
    except re.error as error:
        raise FilterError(f"Filter expression RE pattern [{text}]: {error}.") from None
