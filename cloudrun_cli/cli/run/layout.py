"""Labelled lines as gcloud's own layouts have them: values in one column, what belongs to a label below and indented.

    ["Container app", [("Image", "img:1"), ("Env vars", {"MODE": "prod"})]]

is a line, and under it two labels, the second with names below it; names have no colon. A label without a value is
left out, a name is not.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

COLUMN = 20  # labels up to this width are lined up; longer ones push their value aside. Source: recorded
INDENT = 2
RUN = "run.googleapis.com/"
_OF_NO_INTEREST = {"client-name", "client-version", "operation-id", "urls"}

Block = Sequence[Any]  # of: a line; a label with its value, which is text, a Block or Names; a Block that is indented
Names = Mapping[str, Any]  # a value, text or Block, by name


def laid_out(block: Block, *, indent: int = 0, column: int = 0) -> Iterator[str]:
    """The lines of a block. Its labels share one column with those of the blocks inside."""
    column = column or min(COLUMN, _width(block, indent))
    margin = " " * indent
    for item in block:
        if isinstance(item, str):
            yield margin + item
        elif not isinstance(item, tuple):
            yield from laid_out(item, indent=indent + INDENT, column=column)
        else:
            label, value = item
            if isinstance(value, Mapping):
                below = list(_named(value, indent + INDENT, column))
            elif isinstance(value, list | tuple):
                below = list(laid_out(value, indent=indent + INDENT, column=column))
            elif value in (None, ""):
                continue
            else:
                yield f"{margin}{label}:".ljust(column) + f" {value}"
                continue
            if below:
                yield f"{margin}{label}:"
            yield from below


def _named(names: Names, indent: int, column: int) -> Iterator[str]:
    margin = " " * indent
    for name, value in names.items():
        if isinstance(value, list | tuple):
            yield margin + name
            yield from laid_out(value, indent=indent + INDENT, column=column)
        else:
            yield (f"{margin}{name}".ljust(column) + f" {value}").rstrip()


def unnamed(annotations: Mapping[str, str], shown: set[str]) -> Block:
    """The settings that no line is about, by the names of their annotations; `shown` are those that have one."""
    names = sorted(key.removeprefix(RUN) for key in annotations if key.startswith(RUN))
    return [(name, annotations[RUN + name]) for name in names if name not in shown | _OF_NO_INTEREST]


def _width(block: Any, indent: int) -> int:
    """How wide its widest label or name is, with its margin and its colon."""
    if isinstance(block, Mapping):
        named = [(name, value, indent + len(name)) for name, value in block.items()]
    else:
        pairs = [item if isinstance(item, tuple) else ("", item) for item in block]
        named = [(label, value, indent + len(label) + 1) for label, value in pairs if _is_shown(value)]
    widest = 0
    for label, value, end in named:
        widest = max(widest, end if label else 0)
        if isinstance(value, list | tuple | Mapping):
            widest = max(widest, _width(value, indent + INDENT))
    return widest


def _is_shown(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_is_shown(item[1] if isinstance(item, tuple) else item) for item in value)
    return value not in (None, "", {})
