"""A prober: so many requests each second, each at its time whatever became of the others."""

import asyncio
import json
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.e2e.world import Home

RATE = 100  # per second
CONNECT_SECONDS = 10.0  # a connection that is refused was never taken: it is asked for again
CONNECT_PAUSE = 0.02


class Prober:
    """Probes for as long as the block lasts. `seen` counts answers by revision; `failures` are requests that were sent
    and got no good answer, as (when sent, when failed, why); `refused` counts connections that were."""

    def __init__(self, home: Home, url: str) -> None:
        self._port, self._host = home.http_port, urlsplit(url).netloc
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.seen: Counter[str] = Counter()
        self.failures: list[tuple[float, float, str]] = []
        self.refused = 0
        self.sent = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    async def _run(self) -> None:
        begun, number = time.monotonic(), 0
        async with asyncio.TaskGroup() as probes:
            while not self._over.is_set():
                number += 1
                await asyncio.sleep(max(0.0, begun + number / RATE - time.monotonic()))
                probes.create_task(self._probe())
        for _, writer in self._idle:
            writer.close()
        await asyncio.sleep(0.1)  # what was closed is gone

    async def _probe(self) -> None:
        reader, writer = self._taken() or await self._connected()
        sent = time.monotonic()
        self.sent += 1
        try:
            async with asyncio.timeout(30):
                writer.write(f"GET /revision HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lines = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = await reader.readexactly(int(lines["content-length"]))
        except (OSError, EOFError, TimeoutError, KeyError) as error:
            self.failures.append((sent, time.monotonic(), f"{type(error).__name__}: {error}"))
            writer.close()
            return
        if head.startswith("HTTP/1.1 200"):
            self.seen[str(json.loads(body))] += 1
        else:
            self.failures.append((sent, time.monotonic(), head.partition("\r\n")[0]))
        self._idle.append((reader, writer))

    def _taken(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(CONNECT_SECONDS):
            while True:
                try:
                    return await asyncio.open_connection("127.0.0.1", self._port)
                except OSError:
                    self.refused += 1
                    await asyncio.sleep(CONNECT_PAUSE)
