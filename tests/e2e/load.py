"""Constant load on a service: some connections that ask again as soon as they have an answer, and tell who answered."""

import asyncio
import json
import threading
from collections import Counter
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.e2e.world import Home

PATH = "/revision"  # where the app says its revision and nothing else


async def ask_many(port: int, host: str, count: int, connections: int = 16) -> Counter[str]:
    """Who answered so many requests. Raises AssertionError for an answer that is no 200."""
    seen: Counter[str] = Counter()
    left = count

    async def one() -> None:
        nonlocal left
        async with asyncio.timeout(120):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while left > 0:
                left -= 1
                seen[await _ask(reader, writer, host)] += 1
            writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(one())
    return seen


class Load:
    """Load for as long as the block lasts. `seen` counts answers by revision, `failures` tells of all others."""

    def __init__(self, home: Home, url: str, connections: int = 4) -> None:
        self._port, self._host, self._connections = home.http_port, urlsplit(url).netloc, connections
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.seen: Counter[str] = Counter()
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._connections):
                group.create_task(self._one())

    async def _one(self) -> None:
        while not self._over.is_set():
            try:
                async with asyncio.timeout(60):
                    reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                    while not self._over.is_set():
                        self.seen[await _ask(reader, writer, self._host)] += 1
                    writer.close()
            except (AssertionError, OSError, EOFError, TimeoutError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> str:
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lines = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    body = await reader.readexactly(int(lines["content-length"]))
    assert head.startswith("HTTP/1.1 200"), f"{head}{body.decode(errors='replace')}"
    return str(json.loads(body))
