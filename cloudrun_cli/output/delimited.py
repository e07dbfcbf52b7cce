"""Lines of values: csv, value and get.

A list in a cell is joined by `delimiter`, a dictionary is KEY=VALUE pairs, nothing is an empty string.
Source: gcloud topic formats; lists inside lists look as recorded for `services describe`.
"""

from collections.abc import Sequence
from typing import Any, TextIO

from cloudrun_cli.output.columns import cell
from cloudrun_cli.output.context import Context
from cloudrun_cli.output.keys import snake_case
from cloudrun_cli.output.projection import Format, headings
from cloudrun_cli.output.sorting import sorted_by_columns


def print_csv(rows: Sequence[Any], layout: Format, context: Context, out: TextIO) -> None:
    """Comma separated values under a line of headings in lower case."""
    columns = layout.columns or []
    if layout.has("heading", True):
        labels = headings(columns)
        names = [
            label if column.label is not None else snake_case(label.lower())
            for column, label in zip(columns, labels, strict=True)
        ]
        out.write(layout.string("separator", ",").join(names) + layout.string("terminator", "\n"))
    _print_lines(rows, layout, context, out, separator=",", quote=True)


def print_values(rows: Sequence[Any], layout: Format, context: Context, out: TextIO) -> None:
    """Values between tabs, without headings, unquoted unless asked for."""
    _print_lines(rows, layout, context, out, separator="\t", quote=layout.has("quote"))


def _print_lines(
    rows: Sequence[Any], layout: Format, context: Context, out: TextIO, *, separator: str, quote: bool
) -> None:
    columns = layout.columns or []
    separator = layout.string("separator", separator)
    delimiter = layout.string("delimiter", ";")
    terminator = layout.string("terminator", "")
    if "terminator" not in layout.attributes:
        terminator = "\n"
    special = (separator, delimiter, terminator, "\n", '"') if quote else ()
    for line in sorted_by_columns(columns, [[cell(column, row, context) for column in columns] for row in rows]):
        out.write(separator.join(_text(value, delimiter, special) for value in line) + terminator)


def _text(value: Any, delimiter: str, special: tuple[str, ...]) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return delimiter.join(_quoted(f"{name}={value[name]}", special) for name in sorted(value))
    if isinstance(value, list):
        return delimiter.join(_quoted(str(item), special) for item in value)
    return _quoted(str(value), special)


def _quoted(text: str, special: tuple[str, ...]) -> str:
    if any(mark and mark in text for mark in special):
        return '"' + text.replace('"', '""') + '"'
    return text
