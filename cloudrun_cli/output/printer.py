"""The two doors of the room: print one resource, or a list of them.

A format's printer is imported when that format is used, so that a table costs neither json nor yaml.
The order of a list's steps is gcloud's: flatten, sort, filter, limit, print.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TextIO

from cloudrun_cli.output.columns import check, without_transforms
from cloudrun_cli.output.context import Context, Symbol
from cloudrun_cli.output.errors import FormatError
from cloudrun_cli.output.projection import UNSORTED, Format, parse_format

FORMATS = (
    *("config", "csv", "default", "diff", "disable", "flattened", "get", "json", "list", "multi", "none"),
    *("object", "table", "text", "value", "yaml"),
)
NEED_COLUMNS = frozenset(("csv", "diff", "get", "multi", "table", "value"))
COLORED = frozenset(("list", "multi", "table"))
SILENT = frozenset(("disable", "none"))
NOTHING_LISTED = "Listed 0 items.\n"


def print_resource(
    value: Any,
    format: str | None,
    *,
    default: str,
    stream: TextIO,
    flatten: str | Sequence[str] | None = None,
    symbols: Mapping[str, Symbol] | None = None,
    flags: Mapping[str, Any] | None = None,
    uri: Callable[[Any], str] | None = None,
    enums: Mapping[str, Mapping[str, str]] | None = None,
    color: bool | None = None,
) -> None:
    """Prints one resource; a list as its resources, None and the formats none and disable as nothing. With
    `flatten`, the list that the resource unfolds to. `symbols`, `flags`, `uri` and `enums` are what the command
    adds to the language (see Context); `color` defaults to whether the stream shows colours. Raises FormatError."""
    context = Context(
        color=_shows_colors(stream) if color is None else color, symbols=symbols, flags=flags, uri=uri, enums=enums
    )
    layout = read_layout(format, default, context)
    if _is_silent(layout) or value is None:
        return
    rows = value if isinstance(value, list) else [value]
    if flatten:
        from cloudrun_cli.output.flattening import flattened

        rows = flattened(rows, flatten)
    _print(rows, layout, context, stream, single=not flatten and not isinstance(value, list))


def print_list(
    rows: Iterable[Mapping[str, Any]],
    *,
    format: str | None,
    default: str,
    filter: str | None = None,
    sort_by: str | Sequence[str] | None = None,
    limit: int | None = None,
    page_size: int | None = None,
    flatten: str | Sequence[str] | None = None,
    uri: Callable[[Mapping[str, Any]], str] | None = None,
    want_uri: bool = False,
    out: TextIO,
    err: TextIO,
    symbols: Mapping[str, Symbol] | None = None,
    flags: Mapping[str, Any] | None = None,
    enums: Mapping[str, Mapping[str, str]] | None = None,
    color: bool | None = None,
) -> None:
    """Prints a list as the list flags ask; the other keywords are those of print_resource. Warnings, and
    `Listed 0 items.` when nothing was printed, go to `err`. Raises FormatError and FilterError."""
    context = Context(
        color=_shows_colors(out) if color is None else color, symbols=symbols, flags=flags, uri=uri, enums=enums
    )
    layout = read_layout(format, default, context)
    selected: list[Any] = list(rows)
    if flatten:
        from cloudrun_cli.output.flattening import flattened

        selected = flattened(selected, flatten)
    if sort_by:
        from cloudrun_cli.output.sorting import sorted_by_keys

        selected = sorted_by_keys(selected, sort_by, layout.aliases, context)
        layout.order = []
        for column in layout.columns or ():
            column.sort = UNSORTED
    if filter:
        from cloudrun_cli.output.filtering import filtered

        selected = filtered(selected, filter, layout.aliases, context, err)
    if limit is not None:
        selected = selected[:limit]
    if want_uri:
        from cloudrun_cli.output.transforms.text import uri as address

        out.writelines(f"{address(row, context)}\n" for row in selected)
    elif _is_silent(layout):
        return
    else:
        _print_pages(selected, layout, context, out, page_size)
    if not selected:
        err.write(NOTHING_LISTED)


def print_formatted(value: Any, format: str, context: Context, out: TextIO) -> None:
    """Prints a value inside another format: a nested table, a part of multi. A list is a list of resources."""
    layout = read_layout(format, "yaml", context)
    if not _is_silent(layout):
        _print(value if isinstance(value, list) else [value], layout, context, out, single=not isinstance(value, list))


def read_layout(format: str | None, default: str, context: Context) -> Format:
    """The format to print with, checked: a known name, the columns it needs, transforms that exist. Raises
    FormatError."""
    layout = parse_format(default)
    if format:
        layout = parse_format(format, layout)
    if layout.name not in FORMATS:
        raise FormatError(
            f"Format must be one of {', '.join(FORMATS)}; received [{layout.name}].\n\n"
            "For information on output formats:\n  $ gcloud topic formats\n"
        )
    if layout.columns is None and layout.name in NEED_COLUMNS:
        raise FormatError(
            f"Format [{layout.name}] requires a non-empty projection. "
            "Use key parameters to specify a projection like so `table(foo, bar.baz)`"
        )
    if layout.columns is not None:
        layout.columns = check(layout.columns, context)
        layout.order = check(layout.order, context)
        if layout.name == "get" or not layout.has("transforms", True):
            layout.columns = without_transforms(layout.columns)
    return layout


def _shows_colors(stream: TextIO) -> bool:
    if not stream.isatty() and not os.environ.get("CLICOLOR_FORCE"):
        return False  # the usual case of a script, answered without loading more
    from cloudrun_cli.output.terminal import shows_colors

    return shows_colors(stream)


def _is_silent(layout: Format) -> bool:
    return layout.name in SILENT or layout.has("disable")


def _print_pages(rows: list[Any], layout: Format, context: Context, out: TextIO, page_size: int | None) -> None:
    if layout.name != "table" or not page_size or len(rows) <= page_size:
        if rows or layout.name != "table":
            _print(rows, layout, context, out, single=False)
        return
    from cloudrun_cli.output.table import print_table

    rows = _in_order(rows, layout, context)
    for start in range(0, len(rows), page_size):
        if start:
            out.write("\n")
        print_table(rows[start : start + page_size], layout, context, out, first=not start)


def _cut(rows: list[Any], layout: Format, context: Context) -> list[Any]:
    """The resources cut down to the projection, if there is one."""
    if layout.columns is None:
        return rows
    from cloudrun_cli.output.trees import projected

    return [projected(row, layout.columns, context) for row in rows]


def _in_order(rows: list[Any], layout: Format, context: Context) -> list[Any]:
    """The rows by the columns that are not shown, if there are any; done once."""
    if not layout.order:
        return rows
    from cloudrun_cli.output.sorting import sorted_unseen

    ordered = sorted_unseen(rows, layout, context)
    layout.order = []
    return ordered


def _print(rows: list[Any], layout: Format, context: Context, out: TextIO, *, single: bool) -> None:
    rows = _in_order(rows, layout, context)
    if layout.name not in COLORED:
        context.color = False
    match layout.name:
        case "table":
            from cloudrun_cli.output.table import print_table

            print_table(rows, layout, context, out)
        case "value" | "get":
            from cloudrun_cli.output.delimited import print_values

            print_values(rows, layout, context, out)
        case "csv":
            from cloudrun_cli.output.delimited import print_csv

            print_csv(rows, layout, context, out)
        case "json":
            from cloudrun_cli.output.trees import print_json

            print_json(rows, layout, context, out, single=single)
        case "yaml" | "default":
            from cloudrun_cli.output.trees import print_yaml

            print_yaml(rows, layout, context, out, single=single)
        case "flattened" | "text":
            from cloudrun_cli.output.flat import print_flat

            print_flat(rows, layout, context, out, single=single)
        case "list":
            from cloudrun_cli.output.items import print_items

            print_items(rows, layout, context, out)
        case "config":
            from cloudrun_cli.output.sections import print_sections

            print_sections(_cut(rows, layout, context), layout, out)
        case "multi":
            from cloudrun_cli.output.multi import print_multi

            print_multi(rows, layout, context, out)
        case "diff":
            from cloudrun_cli.output.difference import print_difference

            print_difference(rows, layout, context, out)
        case _:
            out.writelines(f"{row}\n" for row in _cut(rows, layout, context))
