"""Programs that count their own requests: how many at once, the most ever, and how often each was run."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

import grpc
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from websockets.asyncio.server import ServerConnection, serve

WORK_SECONDS = 0.03


class Counts:
    """What a program has seen."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self.runs: Counter[str] = Counter()

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """A request, for as long as the block lasts."""
        self.runs[name] += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            yield
        finally:
            self.running -= 1


@asynccontextmanager
async def http1(counts: Counts) -> AsyncIterator[str]:
    """A server over HTTP/1.1 that reads the whole body, works, and answers; that its client left is nothing to it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                with counts.one(head.split(" ")[1]):
                    length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0] or 0)
                    body = await reader.read(length) if length else b""
                    while len(body) < length and (more := await reader.read(length - len(body))):
                        body += more
                    await asyncio.sleep(WORK_SECONDS)
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side has gone
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
    try:
        yield "127.0.0.1:{1}".format(*server.sockets[0].getsockname())
    finally:
        server.close()


class _H2(asyncio.Protocol):
    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._h2 = H2Connection(H2Configuration(client_side=False))
        self._whole: dict[int, asyncio.Event] = {}  # set when the body has come
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own kind is no subclass
        self._h2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        for event in self._h2.receive_data(data):
            stream = getattr(event, "stream_id", 0) or 0
            if isinstance(event, RequestReceived):
                path, self._whole[stream] = dict(event.headers)[b":path"].decode(), asyncio.Event()
                self._tasks[stream] = asyncio.get_running_loop().create_task(self._answer(stream, path))
            elif isinstance(event, DataReceived):
                self._h2.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, StreamEnded):
                self._whole[stream].set()
            elif isinstance(event, StreamReset) and stream in self._tasks:
                self._tasks[stream].cancel()  # it is told, and gives up
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        for task in self._tasks.values():
            task.cancel()

    async def _answer(self, stream: int, path: str) -> None:
        try:
            with self._counts.one(path):
                await self._whole[stream].wait()
                await asyncio.sleep(WORK_SECONDS)
                self._h2.send_headers(stream, [(":status", "200"), ("content-length", "2")])
                self._h2.send_data(stream, b"ok", end_stream=True)
                self._flush()
        finally:
            self._tasks.pop(stream, None)

    def _flush(self) -> None:
        self._transport.write(self._h2.data_to_send())


@asynccontextmanager
async def http2(counts: Counts) -> AsyncIterator[str]:
    """A server over HTTP/2 without TLS; it gives up a request that was cancelled."""
    server = await asyncio.get_running_loop().create_server(lambda: _H2(counts), "127.0.0.1", 0, backlog=512)
    try:
        yield "127.0.0.1:{1}".format(*server.sockets[0].getsockname())
    finally:
        server.close()


@asynccontextmanager
async def websocket(counts: Counts) -> AsyncIterator[str]:
    """A server that sends every message back."""

    async def echo(socket: ServerConnection) -> None:
        assert socket.request is not None
        with counts.one(socket.request.path):
            async for message in socket:
                await socket.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        yield "127.0.0.1:{1}".format(*next(iter(server.sockets)).getsockname())


@asynccontextmanager
async def grpc_echo(counts: Counts) -> AsyncIterator[str]:
    """`/test.Echo/One` answers a message with itself, `/test.Echo/Many` every message of a stream."""

    async def one(request: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        with counts.one(request.decode()):
            await asyncio.sleep(WORK_SECONDS)
            return request

    async def many(
        requests: AsyncIterator[bytes], context: "grpc.aio.ServicerContext[bytes, bytes]"
    ) -> AsyncIterator[bytes]:
        with counts.one("stream"):
            async for request in requests:
                await asyncio.sleep(WORK_SECONDS)
                yield request

    server = grpc.aio.server()
    methods: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "One": grpc.unary_unary_rpc_method_handler(one),
        "Many": grpc.stream_stream_rpc_method_handler(many),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Echo", methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)
