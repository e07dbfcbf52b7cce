"""Events: how the gate hears that requests have ended, by a fast channel that can lose some and a file that does not.

The fast channel is Envoy's fluentd logger (forward protocol over msgpack, one message per finished request). The file
is `requests.jsonl`, flushed a few times a second; it is rotated by renaming and then reopened by Envoy.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import msgpack
import orjson

BATCH_LINES = 200  # read at once; questions are answered between batches
CHUNK_BYTES = 256 * 1024
WHOLE = b"- via_upstream"  # how a request ends that the instance has answered to the end

log = logging.getLogger(__name__)


class EventsProtocol(asyncio.Protocol):
    """One connection of a worker's logger. Calls `ended(request id, whether the answer was whole, Envoy's
    end)` for each message; the bytes can be empty."""

    def __init__(self, ended: Callable[[bytes, bool, bytes], None], connections: "set[EventsProtocol]") -> None:
        self._ended = ended
        self._connections = connections
        self._unpacker = msgpack.Unpacker(raw=True, strict_map_key=False)
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Envoy has connected."""
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Envoy has gone or will connect again; what was lost is in the file."""
        self._transport = None
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Messages `[tag, [[time, {"end": …}], …], options]`, whole or in parts; the text is envoy_config.END."""
        self._unpacker.feed(data)
        try:
            for message in self._unpacker:
                for _, fields in message[1]:
                    request_id, ours, how = fields[b"end"].split(b" ", 2)
                    self._ended(request_id, how == WHOLE, b"" if ours == b"-" else ours)
        except (ValueError, KeyError, IndexError, TypeError, msgpack.exceptions.UnpackException):
            log.exception("The fast channel sent something else; it will connect again.", extra={"event": "bad_event"})
            self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


class RequestLog:
    """Reads what is appended to `requests.jsonl` from now on, across rotations. The file may not exist yet."""

    def __init__(self, path: Path, *, from_start: bool = False) -> None:
        self._path = path
        self._rest = b""
        self._fd: int | None = None
        self._open(at_end=not from_start)

    def __enter__(self) -> "RequestLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def read(self) -> Iterator[list[dict[str, Any]]]:
        """The lines that have come since the last time, in batches; a line still being written is kept for later."""
        if self._fd is None:
            self._open(at_end=False)
        replaced = self._replaced()  # asked first: what is in the old file after that was written before
        yield from self._read_on()
        if replaced and self._fd is not None:
            os.close(self._fd)
            self._fd = None
            self._open(at_end=False)
            yield from self._read_on()

    def _read_on(self) -> Iterator[list[dict[str, Any]]]:
        while self._fd is not None and (chunk := os.read(self._fd, CHUNK_BYTES)):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for first in range(0, len(lines), BATCH_LINES):
                yield [line for text in lines[first : first + BATCH_LINES] if (line := _parse(text)) is not None]

    def _replaced(self) -> bool:
        if self._fd is None:
            return False
        try:
            now = os.stat(self._path)
        except FileNotFoundError:
            return False  # renamed, and not yet reopened by Envoy, which still writes to the old one
        mine = os.fstat(self._fd)
        return (now.st_ino, now.st_dev) != (mine.st_ino, mine.st_dev)

    def _open(self, *, at_end: bool) -> None:
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        if at_end:
            os.lseek(self._fd, 0, os.SEEK_END)


def _parse(text: bytes) -> dict[str, Any] | None:
    try:
        line = orjson.loads(text)
    except ValueError:
        log.warning("A line of the request log is not JSON.", extra={"event": "bad_request_line"})
        return None
    return line if isinstance(line, dict) else None
