"""Tables: aligned columns, two spaces apart, or in a box.

Recorded looks: an empty cell at the end of a line leaves no white space behind, headings in a box are centred,
a row without any value is an empty line. Source: gcloud topic formats, table.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, TextIO

from cloudrun_cli.output.columns import cell
from cloudrun_cli.output.context import Context
from cloudrun_cli.output.projection import Column, Format, headings
from cloudrun_cli.output.sorting import sorted_by_columns

GAP = 2
BOX_PAD = 1
NESTED_INDENT = "    "
WIDE = ((0x1100, 0x115F), (0x2E80, 0xA4CF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE30, 0xFE6F), (0xFF00, 0xFF60))
WIDE_PLANES = ((0x1F300, 0x1FAFF), (0x20000, 0x3FFFD))


def print_table(rows: Sequence[Any], layout: Format, context: Context, out: TextIO, *, first: bool = True) -> None:
    """One table (one page of it, `first` or a later one) of all rows."""
    columns = layout.columns or []
    cells = sorted_by_columns(columns, [[cell(column, row, context) for column in columns] for row in rows])
    labels = headings(columns)
    flat = [place for place, column in enumerate(columns) if _is_shown(column, place, cells)]
    nested = [place for place, column in enumerate(columns) if column.format]
    texts = [[_text(line[place]) for place in flat] for line in cells]
    shown = [columns[place] for place in flat]
    heads = [labels[place] for place in flat]
    has_heading = layout.has("heading", True) and any(heads)
    boxed = (layout.has("box") or layout.has("all-box")) and bool(shown) and not nested
    widths = _widths(texts, heads if has_heading else [], len(shown))
    title = layout.string("title", "") if first else ""
    if any(column.wrap for column in shown):
        _narrow(widths, shown, layout, out, boxed)
    if boxed:
        side = " " * layout.number("pad", BOX_PAD)
        out.writelines(_boxed(texts, shown, heads if has_heading else [], widths, title, side, layout.has("all-box")))
        return
    pad = " " * layout.number("pad", GAP)
    if title:
        out.write(title.center(sum(widths) + len(pad) * (len(widths) - 1)).rstrip() + "\n")
    if has_heading:
        out.write(_line(heads, shown, widths, pad))
    foldable = any(column.wrap for column in shown)
    for line, text in zip(cells, texts, strict=True):
        if not foldable and not any("\n" in part for part in text):
            out.write(_line(text, shown, widths, pad))
        else:
            out.writelines(_line(part, shown, widths, pad) for part in _wrapped(text, shown, widths))
        for place in nested:
            _print_nested(line[place], columns[place], context, out)


def display_width(text: str) -> int:
    """How many terminal cells the text takes; colour codes take none, wide characters two."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    return _width_of(text)


@lru_cache(maxsize=1024)  # the same few symbols stand in every row
def _width_of(text: str) -> int:
    text = _without_colors(text) if "\x1b" in text else text
    return len(text) + sum(any(low <= ord(char) <= high for low, high in WIDE + WIDE_PLANES) for char in text)


def _is_shown(column: Column, place: int, cells: list[list[Any]]) -> bool:
    if column.format:
        return False
    return not column.optional or any(line[place] not in (None, "", [], {}) for line in cells)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)


def _widths(texts: list[list[str]], heads: list[str], count: int) -> list[int]:
    widths = [display_width(head) for head in heads] or [0] * count
    for text in texts:
        for place, part in enumerate(text):
            taken = display_width(part) if "\n" not in part else max(map(display_width, part.split("\n")))
            if taken > widths[place]:
                widths[place] = taken
    return widths


def _line(parts: list[str], columns: list[Column], widths: list[int], gap: str) -> str:
    placed = [_aligned(part, column.align, width) for part, column, width in zip(parts, columns, widths, strict=True)]
    return gap.join(placed).rstrip() + "\n"


def _aligned(text: str, align: str, width: int) -> str:
    if align == "left" and text.isascii() and "\x1b" not in text:
        return text.ljust(width)  # nearly every cell there is
    room = width - display_width(text)
    if align == "right":
        return " " * room + text
    if align == "center":
        before = room // 2 + (room & width & 1)  # as str.center divides it
        return " " * before + text + " " * (room - before)
    return text + " " * room


def _boxed(
    texts: list[list[str]],
    columns: list[Column],
    heads: list[str],
    widths: list[int],
    title: str,
    side: str,
    every_row: bool,
) -> Iterator[str]:
    inner = sum(widths) + len(widths) * (2 * len(side) + 1) - 1
    if (lacking := display_width(title) + 2 * len(side) - inner) > 0:
        widths[-1] += lacking
        inner += lacking
    bars = ["─" * (width + 2 * len(side)) for width in widths]
    if title:
        yield f"┌{'─' * inner}┐\n│{_aligned(title, 'center', inner)}│\n├{'┬'.join(bars)}┤\n"
    else:
        yield f"┌{'┬'.join(bars)}┐\n"
    rule = f"├{'┼'.join(bars)}┤\n"
    if heads:
        centred = [_aligned(head, "center", width) for head, width in zip(heads, widths, strict=True)]
        yield f"│{'│'.join(side + head + side for head in centred)}│\n"
        if texts:
            yield rule
    for place, text in enumerate(texts):
        if every_row and place:
            yield rule
        for part in _wrapped(text, columns, widths):
            placed = [
                _aligned(cut, column.align, width) for cut, column, width in zip(part, columns, widths, strict=True)
            ]
            yield f"│{'│'.join(side + cut + side for cut in placed)}│\n"
    yield f"└{'┴'.join(bars)}┘\n"


def _narrow(widths: list[int], columns: list[Column], layout: Format, out: TextIO, boxed: bool) -> None:
    """Takes the excess of a table that is too wide from its wrapped columns."""
    from cloudrun_cli.output.terminal import width

    gap = layout.number("pad", BOX_PAD if boxed else GAP)
    frame = (2 * gap + 1) * len(widths) + 1 if boxed else gap * (len(widths) - 1)
    excess = sum(widths) + frame + layout.number("margin", 0) - layout.number("width", width(out))
    wrapping = [place for place, column in enumerate(columns) if column.wrap]
    for place in sorted(wrapping, key=lambda place: -widths[place]):
        taken = min(excess, widths[place] - columns[place].wrap)
        if taken > 0:
            widths[place] -= taken
            excess -= taken


def _wrapped(text: list[str], columns: list[Column], widths: list[int]) -> Iterator[list[str]]:
    """The lines that one row takes: one, unless a wrapped column is too narrow or a cell has line breaks."""
    boundless = [place for place, part in enumerate(text) if "\n" in part]
    folding = [place for place, column in enumerate(columns) if column.wrap and len(text[place]) > widths[place]]
    if not boundless and not folding:
        yield text
        return
    import textwrap

    stacks = []
    for place, part in enumerate(text):
        lines = part.split("\n")
        if place in folding:
            lines = [cut for line in lines for cut in textwrap.wrap(line, max(1, widths[place])) or [""]]
        stacks.append(lines)
    for depth in range(max(map(len, stacks))):
        yield [stack[depth] if depth < len(stack) else "" for stack in stacks]


def _print_nested(value: Any, column: Column, context: Context, out: TextIO) -> None:
    """A column that has a format of its own, printed under its row."""
    if value in (None, [], {}):
        return
    import io

    from cloudrun_cli.output.printer import print_formatted

    buffer = io.StringIO()
    print_formatted(value, column.format or "", context, buffer)
    out.writelines(f"{NESTED_INDENT}{line}".rstrip() + "\n" for line in buffer.getvalue().splitlines())


def _without_colors(text: str) -> str:
    import re

    return re.sub("\x1b\\[[0-9;]*m", "", text)
