"""A small real server to stand behind Envoy: it says what it received, streams, waits, counts and dies on demand."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Upstream:
    """An HTTP/1.1 server on a free port of 127.0.0.1. Counts what runs at once."""

    def __init__(self, name: str = "one") -> None:
        self.name = name
        self.address = ""
        self.running = 0
        self.most = 0
        self.seen = 0
        self.release = asyncio.Event()  # lets `/hold` answer
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        self.address = "127.0.0.1:{1}".format(*self._server.sockets[0].getsockname())

    async def close(self) -> None:
        """As if the process were killed."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side has gone
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        pairs = [line.split(": ", 1) for line in head[1:] if line]
        headers = {name.lower(): value for name, value in pairs}
        self.seen += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self._answer(method, path, headers, pairs, reader, writer)
            await writer.drain()
        finally:
            self.running -= 1
        return True

    async def _answer(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        pairs: list[list[str]],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if path.startswith("/sleep/"):
            await asyncio.sleep(float(path.removeprefix("/sleep/")))
        elif path == "/hold":
            await self.release.wait()
        elif path == "/stream":
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            writer.write(b"5\r\nfirst\r\n")
            await writer.drain()
            await self.release.wait()
            writer.write(b"6\r\nsecond\r\n0\r\n\r\n")
            return
        elif path.startswith("/cookie/"):
            control = path.removeprefix("/cookie/").replace("_", " ")
            writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 0\r\n")
            writer.write(f"cache-control: {control}\r\n\r\n".encode() if control else b"\r\n")
            return
        elif path.startswith("/length/"):
            length = int(path.removeprefix("/length/"))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % length)
            for sent in range(0, length if method != "HEAD" else 0, 1 << 20):
                writer.write(bytes(min(1 << 20, length - sent)))
                await writer.drain()
            return
        elif path == "/early":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            await writer.drain()
            writer.transport.abort()
            return
        elif path == "/garbage":
            writer.write(b"this is not HTTP\r\n\r\n")
            return
        elif path == "/die":
            writer.transport.abort()
            return
        size = await self._read_body(headers, reader)
        body = json.dumps(
            {"by": self.name, "method": method, "path": path, "headers": pairs, "body_bytes": size}
        ).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    async def _read_body(self, headers: dict[str, str], reader: asyncio.StreamReader) -> int:
        size = 0
        if headers.get("transfer-encoding") == "chunked":
            while length := int((await reader.readuntil(b"\n")).strip(), 16):
                await reader.readexactly(length + 2)
                size += length
            await reader.readline()
            return size
        left = int(headers.get("content-length", "0"))
        while left:
            part = await reader.read(min(left, 1 << 20))
            if not part:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(part)
            size += len(part)
        return size


@asynccontextmanager
async def running(name: str = "one") -> AsyncIterator[Upstream]:
    """An upstream for as long as the block lasts."""
    upstream = Upstream(name)
    await upstream.open()
    try:
        yield upstream
    finally:
        await upstream.close()
