"""Concurrency is a hard limit: a program that counts its own requests never sees more, whatever its clients do.
Evidence: documented (maximum concurrent requests)."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from random import Random
from typing import Any

import grpc
import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.dataplane.counting import Counts, grpc_echo, http1, http2, websocket
from tests.dataplane.edge import HELLO_HOST, ONE, TestEdge, routes
from tests.dataplane.upstream import running

LIMIT = 3
REQUESTS = 150

Program = Callable[[Counts], AbstractAsyncContextManager[str]]
Call = Callable[[TestEdge, int, Random], Coroutine[Any, Any, bool]]


async def over_http1(edge: TestEdge, number: int, random: Random) -> bool:
    """One request on a connection of its own; some have a slow body, some leave at any moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.http_port)
    size = random.choice((0, 0, 3))
    writer.write(f"POST /{number} HTTP/1.1\r\nhost: {HELLO_HOST}\r\ncontent-length: {size}\r\n\r\n".encode())
    try:
        for _ in range(size):
            await asyncio.sleep(0.01)
            writer.write(b"x")
        if random.random() < 0.4:
            await asyncio.sleep(random.random() * 0.1)
            writer.transport.abort()
            return False
        return (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    finally:
        writer.close()


async def over_http2(edge: TestEdge, number: int, random: Random) -> bool:
    """One request in plain HTTP through the edge to a service that speaks HTTP/2; some leave."""
    return await over_http1(edge, number, random)


async def over_websocket(edge: TestEdge, number: int, random: Random) -> bool:
    """A short talk; some leave without a word of farewell."""
    url = f"ws://{HELLO_HOST}:{edge.http_port}/{number}"
    try:
        async with connect(url, host="127.0.0.1", port=edge.http_port, proxy=None, open_timeout=60) as socket:
            for turn in range(3):
                await socket.send(str(turn))
                assert await socket.recv() == str(turn)
                if random.random() < 0.15:
                    socket.transport.abort()
                    return False
    except WebSocketException:
        return False
    return True


async def over_grpc(edge: TestEdge, number: int, random: Random) -> bool:
    """Every other call is a stream; some are cancelled by a deadline that is too short, and fail in several ways."""
    options = [("grpc.default_authority", HELLO_HOST), ("grpc.use_local_subchannel_pool", 1)]
    deadline = random.choice((60, 60, 0.1))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{edge.http_port}", options=options) as channel:
        try:
            if number % 2:
                one: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/test.Echo/One")
                return bool(await one(str(number).encode(), timeout=deadline) == str(number).encode())
            stream: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream("/test.Echo/Many")
            many = stream(timeout=deadline)
            for turn in (b"a", b"b"):
                await many.write(turn)
                assert await many.read() == turn
            await many.done_writing()
            return bool(await many.read() is grpc.aio.EOF)
        except grpc.aio.AioRpcError:
            if deadline > 1:
                raise
            return False


async def another_daemon(edge: TestEdge, tell: Callable[[], None]) -> None:
    """The gate dies in the middle of everything, and another takes over as a daemon does."""
    await edge.stop_serving()
    edge.gate = edge.new_gate()
    tell()
    await asyncio.sleep(0.1)  # a new daemon takes longer than that; by then Envoy has read what the old one said
    edge.gate.inherit(await edge.envoy.in_flight())
    edge.serve()
    async with asyncio.timeout(10):
        while edge.gate.inherits:
            await asyncio.sleep(0.2)
            await edge.gate.recount(edge.envoy.in_flight)


@pytest.mark.parametrize(
    ("program", "call", "h2"),
    [
        (http1, over_http1, False),
        (http2, over_http2, True),
        (websocket, over_websocket, False),
        (grpc_echo, over_grpc, True),
    ],
    ids=["http1", "http2", "websocket", "grpc"],
)
async def test_no_instance_ever_has_more_requests_than_its_concurrency(
    edge: TestEdge, program: Program, call: Call, h2: bool
) -> None:
    random, counts = Random(4), (Counts(), Counts())
    async with program(counts[0]) as first, program(counts[1]) as second:

        def tell() -> None:
            edge.gate.use(routes(concurrency=LIMIT, h2=h2))
            edge.gate.add_instance(ONE, "a", first)
            edge.gate.add_instance(ONE, "b", second)

        tell()
        calls = [asyncio.create_task(call(edge, number, random)) for number in range(REQUESTS)]
        await asyncio.wait(calls, timeout=0.4)
        await another_daemon(edge, tell)
        answers = await asyncio.gather(*calls)
        assert max(one.most for one in counts) <= LIMIT
        assert min(one.most for one in counts) == LIMIT  # and the load was enough to fill them
        assert sum(answers) > REQUESTS // 4
        await edge.settled()
        more = [call(edge, number, Random(number)) for number in range(20)]
        await asyncio.gather(*more)  # and it goes on


async def test_nothing_is_lost_or_run_twice(edge: TestEdge) -> None:
    counts = Counts()
    async with http1(counts) as address:

        def tell() -> None:
            edge.gate.use(routes(concurrency=LIMIT))
            edge.gate.add_instance(ONE, "a", address)

        tell()
        calls = [asyncio.create_task(edge.get(f"/{number}")) for number in range(60)]
        await asyncio.sleep(0.05)
        await another_daemon(edge, tell)
        answers = await asyncio.gather(*calls)
        assert {answer.status_code for answer in answers} == {200}
        assert counts.runs == {f"/{number}": 1 for number in range(60)}


@pytest.mark.parametrize("way", ["/die", "/garbage"])
async def test_a_request_that_the_app_has_seen_is_never_sent_again(edge: TestEdge, way: str) -> None:
    async with running("a") as first, running("b") as second:
        edge.gate.use(routes())
        edge.gate.add_instance(ONE, "a", first.address)
        edge.gate.add_instance(ONE, "b", second.address)
        answers: list[httpx.Response] = [await edge.get(way) for _ in range(8)]
        assert {answer.status_code for answer in answers} == {503}
        assert first.seen + second.seen == 8
