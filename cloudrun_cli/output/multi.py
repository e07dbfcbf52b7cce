"""The multi format: every key of the projection in a format of its own. Source: gcloud topic formats."""

from collections.abc import Sequence
from typing import Any, TextIO

from cloudrun_cli.output.columns import cell
from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import FormatError
from cloudrun_cli.output.projection import Format


def print_multi(rows: Sequence[Any], layout: Format, context: Context, out: TextIO) -> None:
    """The keys of each resource one after the other, with `separator` between them. Raises FormatError for a key
    without a :format."""
    from cloudrun_cli.output.printer import print_formatted

    columns = layout.columns or []
    if not all(column.format for column in columns):
        raise FormatError("Each key of the multi format must have a :format=FORMAT-STRING attribute.")
    separator = layout.string("separator", "")
    first = True
    for row in rows:
        for column in columns:
            if not first:
                out.write(separator)
            first = False
            print_formatted(cell(column, row, context), column.format or "", context, out)
