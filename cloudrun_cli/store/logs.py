"""Logs: append-only JSON-lines segments per service, rotated and bounded, beside the database.

`HOME/logs/PROJECT/REGION/KIND/NAME/00000001.jsonl`, …: one entry of Logging v2 a line, in the order of arrival.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

SEGMENT_BYTES = 8 * 1024 * 1024
SEGMENTS = 8  # the oldest goes when there are more

Entry = dict[str, Any]


def folder(home: str, project: str, region: str, name: str, kind: str = "services") -> str:
    """Where the segments of a service are, or of something of another kind."""
    return os.path.join(home, "logs", project, region, kind, name)


class LogWriter:
    """Appends entries to the segments of one service. There is one writer a service: the daemon."""

    def __init__(self, path: str, *, segment_bytes: int = SEGMENT_BYTES, keep: int = SEGMENTS) -> None:
        self._path, self._segment_bytes, self._keep = path, segment_bytes, keep
        self._number = 0
        self._file: int | None = None
        self._size = 0

    def append(self, entries: list[Entry]) -> None:
        """Write the entries in one go, or in as many as the segments are that they fill; a line is never cut in two."""
        lines: list[bytes] = []
        size = 0
        for entry in entries:
            lines.append(_line(entry))
            size += len(lines[-1])
            if self._size + size > self._segment_bytes:
                self._write(b"".join(lines))
                lines, size = [], 0
        if lines:
            self._write(b"".join(lines))

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, lines: bytes) -> None:
        if self._file is None or self._size > self._segment_bytes:
            self._next()
        assert self._file is not None
        rest = memoryview(lines)
        while rest:
            written = os.write(self._file, rest)
            self._size, rest = self._size + written, rest[written:]

    def _next(self) -> None:
        os.makedirs(self._path, exist_ok=True)
        numbers = segments(self._path)
        if self._file is None and numbers:
            self._number = numbers[-1]
        else:
            self._number = (numbers[-1] if numbers else 0) + 1
        self.close()
        path = _name(self._path, self._number)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = _whole(self._file)
        os.ftruncate(self._file, self._size)  # what a writer that was killed left of its last line
        for old in segments(self._path)[: -self._keep]:
            os.unlink(_name(self._path, old))


def _line(entry: Entry) -> bytes:
    import orjson  # loaded by the one who writes: a line is made for every request

    try:
        return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # half of a surrogate pair, a number beyond 64 bits
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"
        return text.encode(errors="replace")


def segments(path: str) -> list[int]:
    """The numbers of the segments, oldest first."""
    try:
        return sorted(int(name[:-6]) for name in os.listdir(path) if name.endswith(".jsonl"))
    except FileNotFoundError:
        return []


def read(path: str) -> Iterator[Entry]:
    """Every entry, oldest first. A last line that is still being written is left out."""
    for number in segments(path):
        with suppress(FileNotFoundError), open(_name(path, number), "rb") as lines:  # it may be rotated away meanwhile
            for line in lines:
                if line.endswith(b"\n"):
                    yield json.loads(line)


class LogFollower:
    """Reads on from the end of a service's log."""

    def __init__(self, path: str) -> None:
        self._path = path
        numbers = segments(path)
        self._number, self._offset = (numbers[-1] if numbers else 0), 0
        if numbers:
            with open(_name(path, self._number), "rb") as file:
                self._offset = _whole(file.fileno())

    def fresh(self) -> list[Entry]:
        """What has come since the last call."""
        out: list[Entry] = []
        for number in segments(self._path):
            if number < self._number:
                continue
            offset, data = (self._offset if number == self._number else 0), b""
            with suppress(FileNotFoundError), open(_name(self._path, number), "rb") as file:
                file.seek(offset)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            out += [json.loads(line) for line in whole.splitlines()]
            self._number, self._offset = number, offset + len(whole)
        return out


def _whole(file: int) -> int:
    """How many bytes of an open segment are whole lines."""
    end = os.fstat(file).st_size
    while end:
        start = max(end - 65536, 0)
        found = os.pread(file, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _name(path: str, number: int) -> str:
    return os.path.join(path, f"{number:08d}.jsonl")
