"""The story of a change while it happens: stages on a terminal as they live, in a pipe as plain lines.

Plain form, as recorded: the title, then `Label...done` for every stage that ran, then `Done.` or the word for
failure. A stage that never started is not mentioned.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from cloudrun_cli.output.live import LiveStages

ABORTED = "aborted by ctrl-c"


class StagedProgress:
    """Stages by key, each with its label. Leaving the `with` block finishes; leaving it by an exception fails
    whatever still runs.

    >>> with StagedProgress("Deploying...", [("ready", "Creating Revision")], stream=err, interactive=False) as p:
    ...     p.start("ready")
    ...     p.done("ready")
    """

    def __init__(
        self,
        title: str,
        stages: Sequence[tuple[str, str]],
        *,
        stream: TextIO,
        interactive: bool,
        failure_word: str = "Deployment failed",
    ) -> None:
        self._title = _dotted(title)
        self._labels = {key: _dotted(label) for key, label in stages}
        self._stream = stream
        self._interactive = interactive
        self._failure_word = failure_word
        self._live: LiveStages | None = None
        self._running: list[str] = []
        self._over: set[str] = set()
        self._failed = False
        self._finished = False
        self._open: str | None = None  # the stage whose plain line has no end yet
        self._last_word = ""

    def __enter__(self) -> Self:
        if self._interactive:
            from cloudrun_cli.output.live import LiveStages

            self._live = LiveStages(self._title, self._labels, self._stream)
        else:
            self._write(f"{self._title}\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not self._finished:
            self._failed = True
            word = ABORTED if issubclass(kind, KeyboardInterrupt) else "failed"
            if not self._over and not self._running and self._live is None:
                self._write(f"{word}\n")  # recorded for a deployment that is refused before its first stage
            for key in list(self._running):
                self._end(key, word)
        self.finish()

    def start(self, key: str) -> None:
        """The stage runs. Does nothing when it already does, or is over."""
        if key in self._running or key in self._over:
            return
        self._running.append(key)
        if self._live is not None:
            self._live.start(key)
        elif self._open is None:
            self._write(self._labels[key])
            self._open = key

    def message(self, key: str, text: str) -> None:
        """What the stage waits for. Shown on a terminal only, as gcloud's plain form has no place for it."""
        if self._live is not None and key not in self._over:
            self._live.message(key, text)

    def done(self, key: str) -> None:
        """The stage is over and well."""
        self.start(key)
        self._end(key, "done")

    def fail(self, key: str) -> None:
        """The stage is over and not well."""
        self._failed = True
        self.start(key)
        self._end(key, "failed")

    def detail(self, line: str) -> None:
        """A line of a build log, shown at once."""
        if self._live is not None:
            self._live.detail(line)
            return
        if self._open is not None:
            self._write("\n")
            self._open = None
        self._write(f"{line}\n")

    def end_with(self, word: str) -> None:
        """What is said at the end, whatever has become of the stages: for one who leaves while they go on."""
        self._last_word = word

    def finish(self) -> None:
        """`Done.`, or the word for failure, or what `end_with` said. Only the first call counts."""
        if self._finished:
            return
        self._finished = True
        word = self._last_word or (self._failure_word if self._failed else "Done.")
        if self._live is not None:
            self._live.close(word, failed=self._failed and not self._last_word)
            return
        if self._open is not None:
            self._write("\n")
        self._write(f"{word}\n")

    def _end(self, key: str, word: str) -> None:
        if key not in self._running:
            return
        self._running.remove(key)
        self._over.add(key)
        if self._live is not None:
            self._live.end(key, word)
        elif self._open == key:
            self._write(f"{word}\n")
            self._open = None
            self._reopen()
        else:
            self._write_whole(key, word)

    def _write_whole(self, key: str, word: str) -> None:
        """The line of a stage that ends while another one's line stands open: that one starts anew after it."""
        if self._open is not None:
            self._write("\n")
            self._open = None
        self._write(f"{self._labels[key]}{word}\n")
        self._reopen()

    def _reopen(self) -> None:
        if self._running:
            self._open = self._running[0]
            self._write(self._labels[self._open])

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class OneStep:
    """A change without stages: `Deleting [hello]...`, then `done.` or `failed.`; on a terminal behind it, in a pipe
    on the next line, as recorded."""

    def __init__(self, title: str, *, stream: TextIO, interactive: bool = False) -> None:
        self._title = _dotted(title) + ("" if interactive else "\n")
        self._stream = stream

    def __enter__(self) -> Self:
        self._stream.write(self._title)
        self._stream.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        word = "done" if kind is None else ABORTED if issubclass(kind, KeyboardInterrupt) else "failed"
        self._stream.write(f"{word}.\n")
        self._stream.flush()


def _dotted(text: str) -> str:
    return text.rstrip(".") + "..."
