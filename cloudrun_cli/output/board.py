"""A table that lives: drawn again and again on the whole terminal, until q or Ctrl-C. With Rich; one key at a time."""

import contextlib
import os
import select
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TextIO

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cloudrun_cli.output.terminal import shows_colors

QUIT = (b"q", b"Q", b"\x1b", b"\x04")  # also Esc and Ctrl-D


class Column(NamedTuple):
    """One column: the row's key, its heading, and the style of each cell by its value ("" for any other)."""

    key: str
    heading: str
    styles: Mapping[str, str] = {}
    right: bool = False


class Board(NamedTuple):
    """What is on the terminal now: a line above, the rows, a line below."""

    title: str
    rows: Sequence[Mapping[str, str]]
    foot: str


def show(columns: Sequence[Column], look: Callable[[], Board], stream: TextIO, *, every: float) -> None:
    """Draws what `look` answers, every so many seconds, until somebody has enough. The terminal is left as it was."""
    console = Console(file=stream, highlight=False, no_color=not shows_colors(stream))
    with (
        contextlib.suppress(KeyboardInterrupt),
        _keys(sys.stdin) as pressed,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            live.update(_drawn(columns, look()), refresh=True)
            if pressed(every) in QUIT:
                return


def _drawn(columns: Sequence[Column], board: Board) -> Group:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.heading, justify="right" if column.right else "left", no_wrap=True, overflow="ellipsis")
    for row in board.rows:
        cells = (Text(row[c.key], style=c.styles.get(row[c.key], "")) for c in columns)
        table.add_row(*cells)
    return Group(Text(board.title), table, Text(board.foot, style="dim"))


@contextlib.contextmanager
def _keys(stdin: TextIO | None) -> Iterator[Callable[[float], bytes]]:
    """What waits so many seconds for a key; nothing comes where nobody types."""
    if stdin is None or not stdin.isatty():
        yield _nobody
        return
    import termios
    import tty

    fd = stdin.fileno()
    before = termios.tcgetattr(fd)

    def pressed(seconds: float) -> bytes:
        ready, _, _ = select.select([fd], [], [], seconds)
        return os.read(fd, 32) if ready else b""

    try:
        tty.setcbreak(fd)
        yield pressed
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _nobody(seconds: float) -> bytes:
    time.sleep(seconds)
    return b""
