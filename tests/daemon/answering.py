"""Small servers for probes: HTTP with a status that can be changed, and the gRPC health protocol by the h2 library."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded


@dataclass
class Web:
    """What it answers, and the heads of the requests it got."""

    status: int = 200
    silent: bool = False
    address: str = ""
    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if self.silent:
            await asyncio.sleep(60)
        writer.write(f"HTTP/1.1 {self.status} Whatever\r\nContent-Length: 2\r\n\r\nok".encode())
        await writer.drain()


@dataclass
class Health:
    """`serving` by service name, 1 is SERVING; a name that is not there is NOT_FOUND. `raw` bytes are sent instead."""

    serving: dict[str, int]
    raw: bytes = b""
    address: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.raw:
            await reader.read(65536)
            writer.write(self.raw)
            writer.write_eof()
            await reader.read(65536)
            return
        connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        body = b""
        while received := await reader.read(65536):
            for event in connection.receive_data(received):
                if isinstance(event, RequestReceived):
                    head = {str(k): str(v) for k, v in event.headers or ()}
                    assert head[":path"] == "/grpc.health.v1.Health/Check"
                    assert head["content-type"] == "application/grpc"
                elif isinstance(event, DataReceived):
                    body += event.data or b""
                elif isinstance(event, StreamEnded):
                    self._answer(connection, event.stream_id or 0, body)
            writer.write(connection.data_to_send())

    def _answer(self, connection: H2Connection, stream: int, body: bytes) -> None:
        assert int.from_bytes(body[1:5], "big") == len(body) - 5
        name = body[7:].decode() if len(body) > 5 else ""
        connection.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
        found = self.serving.get(name)
        if found is not None:
            message = b"\x08" + bytes((found,)) if found else b""
            connection.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message)
        trailers = [("grpc-status", "0")] if found is not None else [("grpc-status", "5"), ("grpc-message", "unknown")]
        connection.send_headers(stream, trailers, end_stream=True)


@asynccontextmanager
async def listening(server: Web | Health) -> AsyncIterator[str]:
    """Its address, for as long as the block lasts; then every connection is closed."""
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await server.serve(reader, writer)
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()
            serving.discard(task)

    door = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.address = f"127.0.0.1:{door.sockets[0].getsockname()[1]}"
    async with door:
        yield server.address
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)
