"""One comparison of a filter: a key, an operator, and the values it is compared with.

A list is as good as any of its items, a dictionary as its names and values. Both readings of `:` are here, the
one that counts and the one announced, with gcloud's table of the two. Source: gcloud topic filters.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from cloudrun_cli.output.columns import cell
from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import FilterError
from cloudrun_cli.output.projection import Column

Compare = Callable[[Any, str], bool]


class Term:
    """`name` is the key as it was typed; `alias` is the column that goes by that name, if one does."""

    def __init__(
        self, name: str, column: Column, alias: Column | None, operator: str, operands: list[str], context: Context
    ) -> None:
        self.name = name
        self._column = column
        self._alias = alias
        self._operator = operator
        self._operands = operands
        self._context = context
        if operator in ("~", "!~"):
            for operand in operands:
                _pattern(operand)

    def selects(self, row: Any) -> bool:
        """Whether the resource passes. A negative operator is true where there is nothing to compare."""
        compare = COMPARISONS[self._operator.removeprefix("!")]
        values = list(_spread(self._value(row)))
        found = any(compare(value, operand) for value in values for operand in self._operands)
        return found != self._operator.startswith("!")

    def finds_key(self, row: Any) -> bool:
        """Whether the resource has the key."""
        value = self._value(row)
        return value is not None and (not isinstance(value, list) or any(item is not None for item in value))

    def changes(self, row: Any) -> Iterator[str]:
        """Warnings that the two readings of `:` differ for the resource."""
        if self._operator != ":":
            return
        values = list(_spread(self._value(row)))
        for operand in self._operands:
            now = any(contains(value, operand) for value in values)
            later = any(has_word(value, operand) for value in values)
            if now != later:
                states = ("matches", "will not match") if now else ("does not match", "will match")
                yield (
                    "--filter : operator evaluation is changing for consistency across Google APIs.  "
                    f"{self.name}:{operand} currently {states[0]} but {states[1]} in the near future.  "
                    "Run `gcloud topic filters` for details."
                )

    def _value(self, row: Any) -> Any:
        value = cell(self._column, row, self._context)
        if value is None and self._alias is not None:
            return cell(self._alias, row, self._context)
        return value


def contains(value: Any, pattern: str) -> bool:
    """`:` as it counts today: the value contains the pattern, or matches it as a whole if it has a `*`."""
    if value is None or value in ("", [], {}):
        return False
    text, sought = str(value).lower(), pattern.lower()
    if "*" not in sought:
        return sought in text
    before, _, after = sought.partition("*")
    return len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)


def has_word(value: Any, pattern: str) -> bool:
    """`:` as it is announced: the pattern is a word of the value, or begins one if it ends with `*`."""
    if pattern == "*":
        return contains(value, pattern)
    if value is None:
        return False
    sought = re.escape(pattern.lower().removesuffix("*"))
    end = "" if pattern.endswith("*") else r"(?!\w)"
    return re.search(rf"(?<!\w){sought}{end}", str(value).lower()) is not None


def equals(value: Any, operand: str) -> bool:
    """Equal as numbers if both are, as truth values whatever the case, else as text."""
    if isinstance(value, bool):
        return str(value).lower() == operand.lower()
    if value is None:
        return False
    if str(value) == operand:
        return True
    number, other = _number(value), _number(operand)
    return number is not None and number == other


def order(value: Any, operand: str) -> int | None:
    """-1, 0 or 1 as the value is before, at or after the operand: as numbers, as times, else as text. None where
    there is nothing to compare."""
    if value is None:
        return None
    left: Any = _number(value)
    right: Any = _number(operand)
    if left is None or right is None:
        left, right = str(value), operand
        if left[:4].isdigit() and (right[:4].isdigit() or right[:2].upper() in ("-P", "+P")):
            from cloudrun_cli.output.times import moment

            times = moment(left), moment(right)
            left, right = times if None not in times else (left, right)
    return int(left > right) - int(left < right)


def matches(value: Any, pattern: str) -> bool:
    """Whether the regular expression is found in the value."""
    return value is not None and _pattern(pattern).search(str(value)) is not None


COMPARISONS: dict[str, Compare] = {
    ":": contains,
    "=": equals,
    "~": matches,
    "<": lambda value, operand: order(value, operand) == -1,
    ">": lambda value, operand: order(value, operand) == 1,
    "<=": lambda value, operand: order(value, operand) in (-1, 0),
    ">=": lambda value, operand: order(value, operand) in (0, 1),
}


def _spread(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _spread(item)
    elif isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from _spread(item)
    else:
        yield value


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise FilterError(f"Filter expression RE pattern [{text}]: {error}.") from None
