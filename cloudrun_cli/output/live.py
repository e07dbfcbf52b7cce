"""Stages on a terminal: a spinner while one runs, a mark when it is over. The only file of the room with Rich."""

from collections.abc import Mapping
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from cloudrun_cli.output.terminal import is_unicode

MARKS = {"done": ("✓", "green"), "failed": ("X", "red")}
ASCII_DONE = "OK"  # as gcloud shows it where the encoding has no ✓
OTHER_MARK = ("-", "yellow")


class LiveStages:
    """The stages of one change, drawn until `close`."""

    def __init__(self, title: str, labels: Mapping[str, str], stream: TextIO) -> None:
        self._labels = labels
        self._rows: dict[str, RenderableType] = {}
        self._words: dict[str, str] = {}
        self._unicode = is_unicode(stream)
        self._spinner = "dots" if self._unicode else "line"
        self._console = Console(file=stream, highlight=False)
        self._console.print(title, markup=False, soft_wrap=True)
        self._live = Live(console=self._console, refresh_per_second=12, transient=False)
        self._live.start()

    def start(self, key: str) -> None:
        """Shows the stage, spinning."""
        self._rows[key] = Spinner(self._spinner, Text(self._labels[key]))
        self._draw()

    def message(self, key: str, text: str) -> None:
        """Shows what a running stage waits for."""
        if isinstance(self._rows.get(key), Spinner):
            self._rows[key] = Spinner(self._spinner, Text.assemble(self._labels[key], (text, "dim")))
            self._draw()

    def end(self, key: str, word: str) -> None:
        """Shows how the stage ended."""
        mark, style = MARKS.get(word, OTHER_MARK)
        if not mark.isascii() and not self._unicode:
            mark = ASCII_DONE
        self._rows[key] = Text.assemble((mark, style), " ", self._labels[key], (word, style))
        self._draw()

    def detail(self, line: str) -> None:
        """A line above the stages."""
        self._live.console.print(Text(line, style="dim"))

    def close(self, word: str, *, failed: bool) -> None:
        """Leaves the stages as they are and adds the last word."""
        self._live.stop()
        self._console.print(Text(word, style="red" if failed else ""), soft_wrap=True)  # commands in it are copied

    def _draw(self) -> None:
        self._live.update(Group(*self._rows.values()), refresh=True)
