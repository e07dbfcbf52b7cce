"""The list format: a bullet per resource, its values on lines under each other. Source: gcloud topic formats."""

from collections.abc import Sequence
from typing import Any, TextIO

from cloudrun_cli.output.columns import cell
from cloudrun_cli.output.context import Context
from cloudrun_cli.output.projection import Format
from cloudrun_cli.output.sorting import sorted_by_columns

BULLET = " - "
INDENT = "   "


def print_items(rows: Sequence[Any], layout: Format, context: Context, out: TextIO) -> None:
    """The title if there is one, then the resources. What is not there takes no line; `compact` takes one line."""
    title = layout.string("title", "")
    if title and (rows or layout.has("always-display-title")):
        out.write(f"{title}\n")
    columns = layout.columns
    lines = [[row] if columns is None else [cell(column, row, context) for column in columns] for row in rows]
    for line in sorted_by_columns(columns or [], lines):
        texts = [text for value in line if value is not None for text in _texts(value)]
        joint = " " if layout.has("compact") else f"\n{INDENT}"
        out.write(f"{BULLET}{joint.join(texts)}".rstrip() + "\n")


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{name}: {value[name]}" for name in sorted(value)]
    if isinstance(value, list):
        return [str(item) for item in value]
    return [str(value)]
