"""What an instance wrote: two files that it appends to by itself, and marks that say when which part of them came.

An instance must neither wait for a reader nor lose one line when there is none, so its output goes to files and not to
pipes. Two files hold no order between them; so whenever one of them grows, a mark (time, size, size) is kept, in memory
and beside the files. Lines are told mark by mark, stdout before stderr within one: the same order and times for every
reader, also after a restart. What comes while no runtime is open gets one mark when the next one opens.
"""

import asyncio
import bisect
import contextlib
import ctypes
import os
import struct
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cloudrun_cli.runtime.base import LogLine
from cloudrun_cli.runtime.keeper import take

STREAMS = ("stdout", "stderr")
LINE_BYTES = 256 * 1024  # a longer line is told in pieces. Source: logging, size of an entry
CHUNK_BYTES = 64 * 1024
KEPT_BYTES = 64 * 1024 * 1024  # on disk per stream; a reader further behind than this misses the oldest lines
MARK = struct.Struct("<dQQ")
MARK_SECONDS = 0.05  # what one stream writes within this time shares a mark
MARKS_KEPT = 40_000  # half of them go when there are more: what they told of shares one mark then

_PUNCH_HOLE_KEEP_SIZE = 0x03  # Source: linux/falloc.h


@dataclass(slots=True)
class _Mark:
    at: float
    sizes: tuple[int, int]


class Output:
    """The output of one instance, followed by whoever reads it."""

    def __init__(self, instance: str, folder: Path) -> None:
        self._instance = instance
        self._marks_file = folder / "marks"
        self._files: list[int] = []
        for name in STREAMS:  # the folder may be gone already: what was opened by then is closed with this object
            self._files.append(os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._marks = self._load()
        self._ended = False
        self._readers = 0
        self._changed = asyncio.Event()

    def __del__(self) -> None:
        self._close()

    def close(self) -> None:
        """Let go of the files while they are still there, which is cheaper, unless somebody reads them."""
        if not self._readers:
            self._close()

    def _close(self) -> None:
        while self._files:
            os.close(self._files.pop())

    def look(self) -> None:
        """Mark what is new, and wake the readers."""
        if not self._files:
            return
        sizes = (os.fstat(self._files[0]).st_size, os.fstat(self._files[1]).st_size)
        last = self._marks[-1]
        if sizes != last.sizes:
            now = max(time.time(), last.at)
            before = self._marks[-2].sizes if len(self._marks) > 1 else (0, 0)
            if now - last.at < MARK_SECONDS and any(
                s == m == b for s, m, b in zip(sizes, last.sizes, before, strict=True)
            ):
                last.sizes = sizes
            else:
                self._marks.append(_Mark(now, sizes))
            self._save(MARK.pack(self._marks[-1].at, *sizes))
            self._changed.set()
            self._changed = asyncio.Event()

    def end(self) -> None:
        """Nothing more will come."""
        self.look()
        self._ended = True
        self._changed.set()

    @property
    def written_bytes(self) -> int:
        """How much it has written, as far as that was seen."""
        return sum(self._marks[-1].sizes)

    @property
    def closed(self) -> bool:
        """Whether its files were let go of: nobody reads them."""
        return not self._files

    def give_back(self) -> None:
        """Return the disk space of the oldest output, once there is more than is kept."""
        for file in self._files:
            status = os.fstat(file)
            if status.st_blocks * 512 > KEPT_BYTES:
                _punch(file, status.st_size - KEPT_BYTES // 2)

    async def lines(self, after: str | None) -> AsyncIterator[LogLine]:
        """Every line after the cursor, in order; ends when nothing more will come. A cursor is the two offsets."""
        self._readers += 1
        try:
            async for line in self._lines(after):
                yield line
        finally:
            self._readers -= 1

    async def _lines(self, after: str | None) -> AsyncIterator[LogLine]:
        offsets = [int(part) for part in after.split(",")] if after else [0, 0]
        while True:
            changed, ended = self._changed, self._ended
            position = bisect.bisect_left(self._marks, True, key=lambda m: _beyond(m.sizes, offsets))
            for mark in self._marks[position:]:
                await asyncio.sleep(0)  # much may have been written, and others wait for the loop too
                for stream in (0, 1):
                    paused = offsets[stream]
                    for text, end in self._whole(stream, offsets[stream], mark.sizes[stream]):
                        if end > paused + CHUNK_BYTES:
                            paused = end
                            await asyncio.sleep(0)
                        offsets[stream] = end
                        if text:
                            yield self._line(stream, text, mark.at, offsets)
            if ended:
                break
            await changed.wait()
        for stream in (0, 1):  # what was not ended by a newline
            if rest := os.pread(self._files[stream], LINE_BYTES, offsets[stream]).strip(b"\0"):
                offsets[stream] += len(rest)
                yield self._line(stream, rest, self._marks[-1].at, offsets)

    def _line(self, stream: int, text: bytes, at: float, offsets: list[int]) -> LogLine:
        told = text.rstrip(b"\r\n").decode("utf-8", "replace")
        moment = datetime.fromtimestamp(at, UTC)
        return LogLine(self._instance, STREAMS[stream], told, moment, f"{offsets[0]},{offsets[1]}")

    def _whole(self, stream: int, start: int, end: int) -> Iterator[tuple[bytes, int]]:
        """The whole lines between two offsets, and where each ends. An empty one skips what was given back."""
        file, rest = self._files[stream], b""
        while start + len(rest) < end:
            chunk = os.pread(file, min(CHUNK_BYTES, end - start - len(rest)), start + len(rest))
            if not rest and chunk.startswith(b"\0") and (data := _first_data(file, start)) > start:
                start = data + os.pread(file, CHUNK_BYTES, data).find(b"\n") + 1  # it ended within a line
                yield b"", start
                continue
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                start += len(line) + 1
                yield line + b"\n", start
            while len(rest) >= LINE_BYTES:
                start += LINE_BYTES
                yield rest[:LINE_BYTES], start
                rest = rest[LINE_BYTES:]

    def _load(self) -> list[_Mark]:
        marks = [_Mark(0.0, (0, 0))]
        with contextlib.suppress(FileNotFoundError):
            data = take(str(self._marks_file))
            for at, *sizes in MARK.iter_unpack(data[: len(data) // MARK.size * MARK.size]):
                out, err = (max(new, old) for new, old in zip(sizes, marks[-1].sizes, strict=True))
                if (out, err) != marks[-1].sizes:
                    marks.append(_Mark(max(at, marks[-1].at), (out, err)))
        return marks

    def _save(self, record: bytes) -> None:
        if len(self._marks) > MARKS_KEPT:
            del self._marks[1 : MARKS_KEPT // 2]
            records = b"".join(MARK.pack(mark.at, *mark.sizes) for mark in self._marks[1:])
            self._marks_file.write_bytes(records)
            return
        with contextlib.suppress(FileNotFoundError), self._marks_file.open("ab") as file:  # its folder is gone
            file.write(record)


class Watch:
    """Looks at an output whenever its files grow: at once where the kernel tells (inotify), else ten times a second."""

    def __init__(self) -> None:
        self._outputs: dict[int, Output] = {}
        self._watches: dict[str, list[int]] = {}
        self._polled: dict[str, Output] = {}
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC) if self._libc else -1
        if self._fd >= 0:
            asyncio.get_running_loop().add_reader(self._fd, self._read)

    def add(self, instance: str, folder: Path, output: Output) -> None:
        """Look at this output from now on."""
        watches = []
        for name in STREAMS:
            if self._fd >= 0 and self._libc:
                watch = self._libc.inotify_add_watch(self._fd, os.fsencode(folder / name), 0x02)  # IN_MODIFY
                if watch >= 0:
                    self._outputs[watch] = output
                    watches.append(watch)
        self._watches[instance] = watches
        if len(watches) < len(STREAMS):
            self._polled[instance] = output
        output.look()

    def remove(self, instance: str) -> None:
        """Look away."""
        for watch in self._watches.pop(instance, []):
            self._outputs.pop(watch, None)
            if self._libc:
                self._libc.inotify_rm_watch(self._fd, watch)
        self._polled.pop(instance, None)

    @property
    def polled(self) -> bool:
        """Whether somebody has to call `poll`."""
        return bool(self._polled)

    def poll(self) -> None:
        """Look at those the kernel does not tell of."""
        for output in self._polled.values():
            output.look()

    def close(self) -> None:
        """Let go of the kernel's queue."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._fd, 1 << 16)
            position = 0
            while position < len(data):
                watch, _, _, length = struct.unpack_from("iIII", data, position)
                position += 16 + length
                if watch in self._outputs:
                    self._outputs[watch].look()


def _beyond(sizes: tuple[int, int], offsets: list[int]) -> bool:
    return sizes[0] > offsets[0] or sizes[1] > offsets[1]


def _first_data(file: int, offset: int) -> int:
    """Where the next bytes are that were not given back."""
    try:
        return os.lseek(file, offset, os.SEEK_DATA) if hasattr(os, "SEEK_DATA") else offset
    except OSError:  # nothing but a hole up to the end
        return os.fstat(file).st_size


def _punch(file: int, end: int) -> None:
    """Free the blocks before `end`, where the system can; the offsets of what follows stay."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        length = end // 4096 * 4096
        libc.fallocate(file, _PUNCH_HOLE_KEEP_SIZE, ctypes.c_long(0), ctypes.c_long(length))
