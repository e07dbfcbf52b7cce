"""The expressions of policy conditions: the part of CEL that decides on a request and on the resource it is about.

    request.path.startsWith("/public/") && request.time < timestamp("2027-01-01T00:00:00Z")

Types are checked when an expression is read, so that what it could not decide is refused when a policy is set and not
when somebody knocks. An attribute that a call does not carry decides nothing: the condition then does not hold.
Left out, by name: `matches` (a pattern could keep the door busy for ever), macros, arithmetic, maps, conversions.
Source: Common Expression Language; IAM Conditions, attribute reference.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cloudrun_cli.core.errors import InvalidArgument

MAX_LENGTH, MAX_DEPTH = 4096, 24  # far beyond the dozen operators that the real service takes

ATTRIBUTES = {
    "request.time": "timestamp",
    "request.host": "string",
    "request.path": "string",
    "resource.name": "string",
    "resource.type": "string",
    "resource.service": "string",
}

Attributes = Mapping[str, Any]
Predicate = Callable[[Attributes], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>r?"(?:[^"\\\n]|\\.)*"|r?'(?:[^'\\\n]|\\.)*')|(?P<number>\d{1,18})(?![\w.])"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<sign>&&|\|\||==|!=|<=|>=|[<>!().,\[\]])|(?P<other>\S))"""
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?"}
_PLACE = re.compile(r"([^{}]*)\{\w+\}([^{}]*)")  # of extract: prefix{name}suffix

_Evaluate = Callable[[Attributes], Any]


@dataclass(frozen=True, slots=True)
class _Node:
    type: str  # bool, string, int, timestamp, list
    value: _Evaluate


class _Absent(Exception):
    """An attribute that this call does not carry."""


@lru_cache(maxsize=1024)
def compiled(expression: str) -> Predicate:
    """What decides for the attributes of a call; it never raises. Raises InvalidArgument for what cannot be decided
    here, naming it."""
    if len(expression) > MAX_LENGTH:
        raise _refused(f"it has {len(expression)} characters, and at most {MAX_LENGTH} are read")
    node = _Reader(expression).whole()

    def holds(attributes: Attributes) -> bool:
        try:
            return bool(node.value(attributes))
        except (_Absent, OverflowError):  # the latter: a moment that another time zone has in no year
            return False

    return holds


def holds(expression: str, attributes: Attributes) -> bool:
    """Whether an expression is true of a call; one that cannot be read is not."""
    try:
        return compiled(expression)(attributes)
    except InvalidArgument:
        return False


class _Reader:
    """Reads by descent, in CEL's order of binding: || && comparisons ! calls."""

    def __init__(self, text: str) -> None:
        self._tokens = [(match.lastgroup or "", match[match.lastgroup or 0]) for match in _TOKEN.finditer(text)]
        self._at = 0
        self._depth = 0

    def whole(self) -> _Node:
        node = self._or()
        if self._at < len(self._tokens):
            raise _refused(f"[{self._tokens[self._at][1]}] is not understood there")
        return _typed(node, "bool", "the whole")

    def _or(self) -> _Node:
        return self._chain(self._and, "||", _either)

    def _and(self) -> _Node:
        return self._chain(self._comparison, "&&", _both)

    def _chain(self, part: Callable[[], _Node], sign: str, join: Callable[[list[_Evaluate]], _Evaluate]) -> _Node:
        parts = [part()]
        while self._took(sign):
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        return _Node("bool", join([_typed(node, "bool", f"a side of {sign}").value for node in parts]))

    def _comparison(self) -> _Node:
        left = self._unary()
        sign = self._next()[1]
        if sign == "in":
            self._at += 1
            right = self._unary()
            if right.type not in ("list", f"list of {left.type}"):
                raise _refused(f"[in] looks for a {left.type} in a {right.type}")
            return _Node("bool", lambda a, x=left.value, y=right.value: x(a) in y(a))  # type: ignore[misc]
        if sign not in _COMPARE:
            return left
        self._at += 1
        right = self._unary()
        if left.type != right.type or left.type.startswith("list") or (left.type == "bool" and sign not in "==!="):
            raise _refused(f"[{sign}] compares a {left.type} with a {right.type}")
        compare = _COMPARE[sign]
        return _Node("bool", lambda a, x=left.value, y=right.value: compare(x(a), y(a)))  # type: ignore[misc]

    def _unary(self) -> _Node:
        negations = 0
        while self._took("!"):
            negations += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _refused(f"it is nested more than {MAX_DEPTH} deep")
        node = self._primary()
        self._depth -= 1
        while self._took("."):
            node = self._method(node)
        if negations:
            inner = _typed(node, "bool", "what ! negates").value
            return node if negations % 2 == 0 else _Node("bool", lambda a: not inner(a))
        return node

    def _primary(self) -> _Node:
        kind, text = self._next()
        self._at += 1
        if kind == "string":
            return _constant("string", _unquoted(text))
        if kind == "number":
            return _constant("int", int(text))
        if text in ("true", "false"):
            return _constant("bool", text == "true")
        if text == "(":
            node = self._or()
            self._expect(")")
            return node
        if text == "[":
            return self._list()
        if text == "timestamp":
            return self._timestamp()
        if kind == "name":
            return self._attribute(text)
        raise _refused(f"[{text}] is not understood there" if text else "it ends too early")

    def _attribute(self, first: str) -> _Node:
        if first in ("request", "resource") and self._took("."):
            name = f"{first}.{self._next()[1]}"
            self._at += 1
            if name in ATTRIBUTES:
                return _Node(ATTRIBUTES[name], lambda a: _attribute_of(a, name))
            raise _refused(f"the attribute [{name}] is not known here; these are: {', '.join(ATTRIBUTES)}")
        what = "function" if self._next()[1] == "(" else "name"
        raise _refused(f"the {what} [{first}] is not known here")

    def _list(self) -> _Node:
        items: list[_Node] = []
        while not self._took("]"):
            if items:
                self._expect(",")
            items.append(self._unary())
        types = {item.type for item in items}
        if len(types) > 1:
            raise _refused(f"a list is of one type, not of {' and '.join(sorted(types))}")
        values = [item.value for item in items]
        return _Node(f"list of {types.pop()}" if types else "list", lambda a: [value(a) for value in values])

    def _timestamp(self) -> _Node:
        (text,) = self._literals("timestamp", 1, 1)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise _refused(f"[{text}] is not a moment such as 2027-01-31T12:00:00Z") from error
        if moment.tzinfo is None:
            raise _refused(f"[{text}] does not say its offset, such as Z")
        return _constant("timestamp", moment)

    def _method(self, node: _Node) -> _Node:
        name = self._next()[1]
        self._at += 1
        if node.type == "string" and name in _TEXT:
            (argument,) = self._literals(name, 1, 1)
            result, method = _TEXT[name](argument)
            return _Node(result, lambda a: method(node.value(a)))
        if node.type == "timestamp" and name in _MOMENT:
            zone = _zone(*self._literals(name, 0, 1))
            part = _MOMENT[name]
            return _Node("int", lambda a: part(node.value(a).astimezone(zone)))
        raise _refused(f"a {node.type} has no [{name}] here")

    def _literals(self, name: str, least: int, most: int) -> list[str]:
        """The arguments of a call, which are texts as they stand."""
        self._expect("(")
        found: list[str] = []
        while not self._took(")"):
            if found:
                self._expect(",")
            kind, text = self._next()
            if kind != "string":
                raise _refused(f"[{name}] takes a text in quotes" if text else "it ends too early")
            found.append(_unquoted(text))
            self._at += 1
        if not least <= len(found) <= most:
            raise _refused(f"[{name}] takes {most} argument, not {len(found)}")
        return found

    def _next(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _took(self, text: str) -> bool:
        kind, found = self._next()
        if found == text and kind != "string":
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._took(text):
            found = self._next()[1]
            raise _refused(f"[{text}] is missing before [{found}]" if found else f"[{text}] is missing at its end")


def _attribute_of(attributes: Attributes, name: str) -> Any:
    value = attributes.get(name)
    is_moment = isinstance(value, datetime) and value.tzinfo is not None
    if not (is_moment if ATTRIBUTES[name] == "timestamp" else isinstance(value, str)):
        raise _Absent(name)
    return value


def _either(parts: list[_Evaluate]) -> _Evaluate:
    return lambda attributes: _first(parts, attributes, wanted=True)


def _both(parts: list[_Evaluate]) -> _Evaluate:
    return lambda attributes: _first(parts, attributes, wanted=False)


def _first(parts: list[_Evaluate], attributes: Attributes, *, wanted: bool) -> bool:
    """`wanted` when a part is that, whatever the others are; else its contrary. Raises _Absent when a part that might
    have been it could not be told. As CEL."""
    absent: _Absent | None = None
    for part in parts:
        try:
            if bool(part(attributes)) is wanted:
                return wanted
        except _Absent as error:
            absent = error
    if absent is not None:
        raise absent
    return not wanted


def _typed(node: _Node, type_: str, what: str) -> _Node:
    if node.type != type_:
        raise _refused(f"{what} is a {node.type}, where a {type_} is needed")
    return node


def _constant(type_: str, value: Any) -> _Node:
    return _Node(type_, lambda _: value)


def _unquoted(text: str) -> str:
    raw = text.startswith("r")
    inner = text[2:-1] if raw else text[1:-1]
    return inner if raw else _ESCAPE.sub(_unescaped, inner)


def _unescaped(found: re.Match[str]) -> str:
    text = found[1]
    if len(text) > 1:
        return chr(int(text[1:], 16))
    if text not in _ESCAPES:
        raise _refused(f"the escape [\\{text}] is not known here")
    return _ESCAPES[text]


def _extract(template: str) -> tuple[str, Callable[[str], Any]]:
    """What stands at the {name} of a template, up to what follows it there; nothing when the template does not fit."""
    place = _PLACE.fullmatch(template)
    if place is None:
        raise _refused(f"[extract] takes a text with one {{name}} in it, not [{template}]")
    before, after = place.groups()

    def extract(text: str) -> str:
        _, found, rest = text.partition(before) if before else ("", True, text)
        if not found:
            return ""
        kept, found, _ = rest.partition(after) if after else (rest, True, "")
        return kept if found else ""

    return "string", extract


def _zone(name: str = "UTC") -> Any:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise _refused(f"there is no time zone [{name}]") from error


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_TEXT: dict[str, Callable[[str], tuple[str, Callable[[str], Any]]]] = {
    "startsWith": lambda argument: ("bool", lambda text: text.startswith(argument)),
    "endsWith": lambda argument: ("bool", lambda text: text.endswith(argument)),
    "contains": lambda argument: ("bool", lambda text: argument in text),
    "extract": _extract,
}
_MOMENT: dict[str, Callable[[datetime], int]] = {
    "getFullYear": lambda moment: moment.year,
    "getMonth": lambda moment: moment.month - 1,
    "getDate": lambda moment: moment.day,
    "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
    "getHours": lambda moment: moment.hour,
    "getMinutes": lambda moment: moment.minute,
}


def _refused(why: str) -> InvalidArgument:
    return InvalidArgument(
        f"The expression of the condition cannot be evaluated here: {why}.", field="condition.expression"
    )
