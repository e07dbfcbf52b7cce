"""Transforms that choose: a word for a state, the first value that is there, a colour, a failure.

Each takes the value, the surroundings of the print, and its arguments as text. Source: gcloud topic projections.
"""

from typing import Any

from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import TransformError
from cloudrun_cli.output.keys import value_at
from cloudrun_cli.output.scanner import key_of

COLORS = {"red": "31;1", "yellow": "33;1", "green": "32", "blue": "34;1"}  # ANSI, in the order they are tried
PLAIN = "39;0"


def is_empty(value: Any) -> bool:
    """Whether gcloud takes the value for nothing: absent, false, zero, or without content."""
    return not value


def always(value: Any, context: Context) -> Any:
    """The value; its place in the sequence is what matters (see columns.without_transforms)."""
    return value


def undefined(value: Any, context: Context, undefined: str = "") -> Any:
    """The value, or the word for nothing."""
    return undefined if value is None or value == "" else value


def yesno(value: Any, context: Context, yes: str | None = None, no: str = "No") -> Any:
    """`no` where the value is empty; else `yes`, or the value itself without one."""
    if is_empty(value):
        return no
    return value if yes is None else yes


def firstof(value: Any, context: Context, *keys: str) -> Any:
    """The first value that is there among the keys of the resource, or an empty text."""
    for text in keys:
        found = value_at(value, key_of(text))
        if found is not None:
            return found
    return ""


def enum(value: Any, context: Context, enums: str, inverse: str = "false", undefined: str = "") -> Any:
    """The description of the value in a dictionary of the command; the value for a description with `inverse`."""
    names = context.enums.get(enums, {})
    if inverse.lower() == "true":
        return next((name for name, text in names.items() if text == value), undefined)
    return names.get(str(value), undefined)


def notnull(value: Any, context: Context) -> Any:
    """The list without its nulls; an empty one where there is none."""
    return [item for item in value if item is not None] if isinstance(value, list | str | dict) else []


def error(value: Any, context: Context, message: str | None = None) -> Any:
    """Raises TransformError with the message, or with the value as the message."""
    raise TransformError(str(value) if message is None else message)


def fatal(value: Any, context: Context, message: str | None = None) -> Any:
    """The same as error(): a local tool has no other kind of failure to show."""
    return error(value, context, message)


def if_(value: Any, context: Context, expression: str = "") -> bool:
    """Whether the expression over the flags of the command line holds. Raises FilterError."""
    from cloudrun_cli.output.filtering import Expression

    flags = dict(context.flags)
    return Expression(expression, {}, context, bare=lambda name: lambda row: bool(row.get(name))).selects(flags)


def color(value: Any, context: Context, *patterns: str, **named: str) -> Any:
    """The text in the colour of the first pattern that is found in it. Only called where colours show. Raises
    TransformError for a bad pattern."""
    import re

    from cloudrun_cli.output.patterns import compiled

    if value is None:
        return None
    text = str(value)
    chosen = dict(zip(COLORS, patterns, strict=False)) | named
    for name, code in COLORS.items():
        pattern = chosen.get(name)
        try:
            if pattern and compiled(pattern).search(text):
                return f"\x1b[{code}m{text}\x1b[{PLAIN}m"
        except re.error as error:
            raise TransformError(f"Invalid regular expression [{pattern}]: {error}.") from None
    return text
