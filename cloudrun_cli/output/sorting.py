"""Orders: of a table by its `:sort=` columns, and of a list by --sort-by.

Nothing sorts before something, numbers before words. Rows that are equal keep their order, downwards too.
"""

from collections.abc import Callable, Sequence
from typing import Any

from cloudrun_cli.output.columns import cell
from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import FormatError
from cloudrun_cli.output.projection import UNSORTED, Column, Format, parse_key
from cloudrun_cli.output.scanner import Scanner

SortKey = tuple[int, float, str]


def sorted_by_columns(columns: Sequence[Column], cells: list[list[Any]]) -> list[list[Any]]:
    """Rows of cells in the order that the columns ask for; the lowest sort number weighs most."""
    keys = [(column.sort, place) for place, column in enumerate(columns) if column.sort != UNSORTED]
    for _, place in sorted(keys, reverse=True):
        cells = sorted(cells, key=lambda line, place=place: sort_key(line[place]), reverse=columns[place].reverse)  # type: ignore[misc]  # mypy cannot type a lambda's default
    return cells


def sorted_unseen(rows: list[Any], layout: Format, context: Context) -> list[Any]:
    """Rows in the order of the columns that are not shown, and then of those that are; the columns that are shown
    need not be sorted by again."""
    columns = [*(layout.columns or ()), *layout.order]
    most = max(column.sort for column in columns)
    for column in layout.columns or ():
        column.sort = column.sort and column.sort + most
    cells = [[cell(column, row, context) for column in columns] + [row] for row in rows]
    ordered = [line[-1] for line in sorted_by_columns(columns, cells)]
    for column in layout.columns or ():
        column.sort = UNSORTED
    return ordered


def sorted_by_keys(
    rows: list[Any], sort_by: str | Sequence[str], aliases: dict[str, Column], context: Context
) -> list[Any]:
    """Rows in the order of --sort-by: keys divided by commas, `~` in front of those that go downwards. Keys of
    one direction weigh from left to right; where the direction changes, the later keys weigh more. That last
    rule is gcloud's, recorded for `metadata.labels.team,~metadata.name`."""
    runs: list[tuple[list[Callable[[Any], Any]], bool]] = []
    for text in sort_by.split(",") if isinstance(sort_by, str) else sort_by:
        reverse = text.strip().startswith("~")
        value_of = _reader(text.strip().lstrip("~"), aliases, context)
        if runs and runs[-1][1] == reverse:
            runs[-1][0].append(value_of)
        else:
            runs.append(([value_of], reverse))
    for readers, reverse in runs:
        rows = sorted(rows, key=lambda row, readers=readers: [sort_key(read(row)) for read in readers], reverse=reverse)  # type: ignore[misc]  # mypy cannot type a lambda's default
    return rows


def sort_key(value: Any) -> SortKey:
    """A value's place among values of any type."""
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, int | float):
        return (1, float(value), "")
    if isinstance(value, list) and len(value) == 1:
        return sort_key(value[0])
    return (2, 0.0, value if isinstance(value, str) else str(value))


def _reader(text: str, aliases: dict[str, Column], context: Context) -> Callable[[Any], Any]:
    if not text:
        raise FormatError("Non-empty key name expected in --sort-by.")
    scanner = Scanner(text)
    column = parse_key(scanner)
    if scanner.peek():
        raise scanner.fail("Unexpected characters after the sort key")
    named = aliases.get(text)
    return lambda row: cell(column if named is None else named, row, context)
