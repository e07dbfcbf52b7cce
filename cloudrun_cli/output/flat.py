"""The flattened format: a line for every value, its full key in front.

Recorded looks: names sorted at every level, a projected value goes under its short label, the values stand in one
column. Source: gcloud topic formats, flattened.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from cloudrun_cli.output.columns import cell
from cloudrun_cli.output.context import Context
from cloudrun_cli.output.keys import key_text
from cloudrun_cli.output.projection import Format, headings

SEPARATOR = ": "


def print_flat(rows: Sequence[Any], layout: Format, context: Context, out: TextIO, *, single: bool) -> None:
    """A block of lines per resource, after `---` unless it is the only one; values are aligned unless no-pad is set."""
    separator = layout.string("separator", SEPARATOR)
    for row in rows:
        lines = flat_lines(row, layout, context)
        width = max((len(name) for name, _ in lines), default=0) if layout.has("pad", True) else 0
        out.write("" if single else "---\n")
        for name, value in lines:
            lead = f"{name}{separator}"
            out.write(f"{lead.ljust(width + len(separator)) if width else lead}{value}".rstrip() + "\n")


def flat_lines(row: Any, layout: Format, context: Context) -> list[tuple[str, str]]:
    """The names and values of a resource, as they are printed."""
    if layout.columns is None:
        return list(_leaves(row, ""))
    lines: list[tuple[str, str]] = []
    for column, label in zip(layout.columns, headings(layout.columns), strict=True):
        value = cell(column, row, context)
        if value is None:
            continue
        whole = isinstance(value, dict | list)
        name = key_text(column.key).removesuffix("[]") if whole else column.label or label.lower()
        lines.extend(_leaves(value, name))
    return sorted(lines, key=lambda line: line[0].split("[")[0])


def _leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for part in sorted(value):
            yield from _leaves(value[part], f"{name}.{part}" if name else str(part))
    elif isinstance(value, list) and value:
        for place, item in enumerate(value):
            yield from _leaves(item, f"{name}[{place}]")
    elif isinstance(value, dict | list):
        yield name, "{}" if isinstance(value, dict) else "[]"
    else:
        yield name, "null" if value is None else str(value)
