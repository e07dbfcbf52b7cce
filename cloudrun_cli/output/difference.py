"""The diff format: how the second column of a projection differs from the first. Source: gcloud topic formats."""

import difflib
import io
from collections.abc import Sequence
from typing import Any, TextIO

from cloudrun_cli.output.columns import cell
from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import FormatError
from cloudrun_cli.output.keys import key_text
from cloudrun_cli.output.projection import Column, Format

SIDES = 2


def print_difference(rows: Sequence[Any], layout: Format, context: Context, out: TextIO) -> None:
    """A unified diff per resource, of its first two columns. Raises FormatError when there are not two."""
    columns = layout.columns or []
    if len(columns) != SIDES:
        raise FormatError("Format [diff] requires exactly two projection keys.")
    inner = layout.string("format", "flattened")
    for row in rows:
        before, after = (_lines(column, row, inner, context) for column in columns)
        old, new = (key_text(column.key) for column in columns)
        out.writelines(f"{line}\n" for line in difflib.unified_diff(before, after, old, new, lineterm=""))


def _lines(column: Column, row: Any, format: str, context: Context) -> list[str]:
    from cloudrun_cli.output.printer import print_formatted

    buffer = io.StringIO()
    value = cell(column, row, context)
    print_formatted({} if value is None else value, format, context, buffer)
    return buffer.getvalue().splitlines()
