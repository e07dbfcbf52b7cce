"""The engine's endless answers (events, logs), read by a thread of their own and handed to the event loop."""

import asyncio
import json
import struct
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import docker
import requests
import urllib3
from docker.types import CancellableStream

from cloudrun_cli.runtime.docker_engine import engine_errors

AHEAD = 1000  # items that the thread may be ahead of its reader
OPENED: dict[str, Any] = {"Action": "opened"}
STREAMS = {1: "stdout", 2: "stderr"}  # Source: Docker Engine API, "Stream format" of attach and logs

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Stream(Protocol[T_co]):
    """A blocking iterator that another thread may close."""

    def __iter__(self) -> Iterator[T_co]: ...

    def close(self) -> None: ...


async def read(open_stream: Callable[[], Stream[T]]) -> AsyncGenerator[T, None]:
    """What the stream gives, until it ends. Closing this generator closes the stream."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[T | BaseException | None] = asyncio.Queue()
    room = threading.Semaphore(AHEAD)
    closed = threading.Event()
    current: list[Stream[T]] = []

    def hand_over(item: T | BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody reads any more
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def work() -> None:
        try:
            with engine_errors():
                stream = open_stream()
                current.append(stream)
                try:
                    for item in stream:
                        room.acquire()
                        if closed.is_set():
                            break
                        hand_over(item)
                finally:
                    stream.close()
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            hand_over(error)
        else:
            hand_over(None)

    threading.Thread(target=work, name="docker-stream", daemon=True).start()
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
            room.release()
    finally:
        closed.set()
        room.release()
        for stream in current:
            stream.close()


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line as the engine keeps it. `stamp` is its time to the nanosecond, as text."""

    stream: str
    stamp: str
    text: str


class _Answer:
    """An endless answer of the engine; blocking, and closed from any thread."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self._closer = CancellableStream(iter(()), response)

    def close(self) -> None:
        with suppress(AttributeError, OSError):  # it has ended, and its socket is gone
            self._closer.close()
        self._response.close()


class EventStream(_Answer):
    """The engine's events that pass a filter. The first one is ours, `OPENED`: nothing is missed from there on."""

    def __init__(self, api: docker.APIClient, wanted: Mapping[str, list[str]]) -> None:
        url = f"{api.base_url}/v{api.api_version}/events"
        super().__init__(api.get(url, params={"filters": json.dumps(wanted)}, stream=True, timeout=None))
        self._response.raise_for_status()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield OPENED
        with suppress(requests.RequestException, urllib3.exceptions.HTTPError, OSError, AttributeError, ValueError):
            for line in self._response.iter_lines():
                if line:
                    yield json.loads(line)


class _Frames(_Answer):
    """An endless answer in the engine's stream format."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(response)
        self._frames = self._read() if response.status_code == 200 else iter(())

    def _read(self) -> Iterator[tuple[str, bytes]]:
        """Pairs of stream and content. Ends with the answer, also when it was cut off."""
        raw = self._response.raw
        with suppress(urllib3.exceptions.HTTPError, OSError, AttributeError, ValueError):
            while len(head := raw.read(8)) == 8:
                kind, size = struct.unpack(">BxxxL", head)
                yield STREAMS.get(kind, "stdout"), raw.read(size)


class LogStream(_Frames):
    """The lines of a container, from a time on (inclusive); `follow` ends with the container. One that is gone has
    none."""

    def __init__(self, api: docker.APIClient, container: str, *, since: str, follow: bool) -> None:
        options: dict[str, Any] = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow)}
        if since:
            options["since"] = _seconds(since)
        url = f"{api.base_url}/v{api.api_version}/containers/{container}/logs"
        super().__init__(api.get(url, params=options, stream=True, timeout=None))

    def __iter__(self) -> Iterator[RawLine]:
        """The frames put together to lines: a line above 16 KiB comes in parts that bear the same time."""
        begun: dict[str, RawLine] = {}
        for stream, content in self._frames:
            stamp, _, text = content.decode("utf-8", "replace").partition(" ")
            first = begun.pop(stream, RawLine(stream, stamp, ""))
            line = RawLine(stream, first.stamp, first.text + text.removesuffix("\n"))
            if text.endswith("\n"):
                yield line
            else:
                begun[stream] = line
        yield from begun.values()


class ExecStream(_Frames):
    """What a command in a container writes, line by line, both streams in one."""

    def __init__(self, api: docker.APIClient, execution: str) -> None:
        url = f"{api.base_url}/v{api.api_version}/exec/{execution}/start"
        super().__init__(api.post(url, json={"Detach": False, "Tty": False}, stream=True, timeout=None))

    def __iter__(self) -> Iterator[str]:
        rest = b""
        for _, content in self._frames:
            *lines, rest = (rest + content).split(b"\n")
            for line in lines:
                yield line.decode("utf-8", "replace").rstrip("\r")
        if rest:
            yield rest.decode("utf-8", "replace")


def moment(stamp: str) -> datetime:
    """The engine's time as a moment, to the microsecond."""
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}").replace(tzinfo=UTC)


def _seconds(stamp: str) -> str:
    """The engine's time as seconds since 1970 with nanoseconds, the form its `since` takes."""
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return f"{int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())}.{fraction:0<9}"
