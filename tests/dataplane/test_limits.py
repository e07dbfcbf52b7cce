"""Limits of requests, and what becomes of cookies, through the real Envoy. Evidence: documented (quotas and limits,
container runtime contract, session affinity)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from cloudrun_cli.core import admission
from cloudrun_cli.core.admission import REQUEST_BYTES
from tests.dataplane.edge import HELLO_HOST, ONE, TestEdge, eventually, revision, routes
from tests.dataplane.h2c import h2c_upstream
from tests.dataplane.upstream import Upstream, running

TWO = revision("hello-00002-def")


async def announced(edge: TestEdge, size: int) -> tuple[int, str]:
    """Status and page of a request that says it is so long, and sends nothing yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.http_port)
    writer.write(f"POST / HTTP/1.1\r\nhost: {HELLO_HOST}\r\ncontent-length: {size}\r\n\r\n".encode())
    try:
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)).decode()
        length = int(head.lower().partition("content-length: ")[2].split("\r\n")[0])
        return int(head.split(" ")[1]), (await reader.readexactly(length)).decode()
    finally:
        writer.close()


# 32 MiB


async def test_a_request_over_32_mib_is_refused_before_its_body_is_read(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    status, page = await announced(edge, REQUEST_BYTES + 1)
    assert status == 413
    assert f"<h1>{admission.TOO_LARGE.title}</h1>" in page
    await edge.settled()
    await eventually(lambda: len(edge.records) == 1)
    assert (edge.records[0].status, edge.records[0].text) == (413, admission.TOO_LARGE.log)
    assert upstream.seen == 0


async def test_a_request_of_32_mib_passes(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    assert (await edge.client.post("/", content=bytes(REQUEST_BYTES))).json()["body_bytes"] == REQUEST_BYTES


async def test_a_service_that_speaks_http_2_has_no_such_limit(edge: TestEdge, tmp_path: Path) -> None:
    async with h2c_upstream(tmp_path) as address:
        edge.gate.use(routes(h2=True))
        edge.gate.add_instance(ONE, "one", address)
        assert (await announced(edge, 2 * REQUEST_BYTES))[0] == 200


async def test_the_admin_api_has_no_such_limit(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes(api=upstream.address))
    size = REQUEST_BYTES + 1
    for content in (bytes(size), in_parts(size)):
        answer = await edge.client.post("/v2/x", content=content, headers={"host": "run.localhost"})
        assert answer.json()["body_bytes"] == size


# The same where nobody has said the length: HTTP/1 in chunks, and most of HTTP/2


async def in_parts(size: int) -> AsyncIterator[bytes]:
    """A body of so many bytes, of which httpx does not say the length."""
    for sent in range(0, size, 1 << 16):
        yield bytes(min(1 << 16, size - sent))


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize(("size", "status"), [(REQUEST_BYTES, 200), (REQUEST_BYTES + 1, 413)])
async def test_a_body_of_unknown_length_is_cut_at_32_mib(
    edge: TestEdge, upstream: Upstream, method: str, size: int, status: int
) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    answer = await edge.client.request(method, "/", content=in_parts(size))
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["body_bytes"] == size
    else:
        assert f"<h1>{admission.TOO_LARGE.title}</h1>" in answer.text
    await edge.settled()
    await eventually(lambda: len(edge.records) == 1)
    assert (edge.records[0].text == admission.TOO_LARGE.log) == (status == 413)
    assert edge.records[0].status == status
    assert (await edge.client.request(method, "/", content=in_parts(9))).json()["body_bytes"] == 9  # and others pass


async def test_a_body_of_unknown_length_arrives_while_it_is_sent(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    more = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"first"
        await more.wait()
        yield b"second"

    answer = asyncio.create_task(edge.client.post("/", content=slowly()))
    await eventually(lambda: upstream.running == 1)  # the app reads already
    more.set()
    assert (await answer).json()["body_bytes"] == len(b"firstsecond")


async def test_a_service_that_speaks_http_2_takes_a_body_of_any_length(
    edge: TestEdge, upstream: Upstream, tmp_path: Path
) -> None:
    async with h2c_upstream(tmp_path, behind=upstream.address) as address:
        edge.gate.use(routes(h2=True))
        edge.gate.add_instance(ONE, "one", address)
        answer = await edge.client.post("/", content=in_parts(REQUEST_BYTES + 1))
        assert answer.json()["body_bytes"] == REQUEST_BYTES + 1


async def test_an_endless_body_takes_no_memory_and_reaches_the_app_no_further_than_32_mib(
    edge: TestEdge, upstream: Upstream
) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    await edge.client.post("/", content=in_parts(1 << 20))
    before = edge.envoy_memory()
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.http_port)
    writer.write(f"POST / HTTP/1.1\r\nhost: {HELLO_HOST}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
    part, sent = b"10000\r\n" + bytes(1 << 16) + b"\r\n", 0
    head = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    try:
        while not head.done() and sent < 8 * REQUEST_BYTES:
            writer.write(part)
            await writer.drain()
            sent += 1 << 16
        assert (await asyncio.wait_for(head, 3)).startswith(b"HTTP/1.1 413 ")
    except ConnectionError:  # closed while we wrote; the answer is read all the same
        assert head.result().startswith(b"HTTP/1.1 413 ")
    finally:
        writer.close()
    assert REQUEST_BYTES < sent < 8 * REQUEST_BYTES
    assert edge.envoy_memory() - before < 16 * 1024 * 1024
    await edge.settled()


# The time limit


async def test_a_websocket_is_cut_at_the_time_limit_of_the_service(edge: TestEdge) -> None:
    ended = asyncio.Event()

    async def listens(socket: ServerConnection) -> None:
        try:
            async for _ in socket:
                pass
        finally:
            ended.set()

    async with serve(listens, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        edge.gate.use(routes(timeout=timedelta(seconds=0.6)))
        edge.gate.add_instance(ONE, "one", f"127.0.0.1:{port}")
        url = f"ws://{HELLO_HOST}:{edge.http_port}/"
        async with connect(url, host="127.0.0.1", port=edge.http_port, proxy=None) as socket:
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 5)
        await asyncio.wait_for(ended.wait(), 3)  # the app is told
        await edge.settled()


async def test_after_a_504_the_handler_goes_on_and_keeps_its_slot(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes(concurrency=1, timeout=timedelta(seconds=0.3)))
    edge.gate.add_instance(ONE, "one", upstream.address)
    assert (await edge.get("/hold")).status_code == 504
    await asyncio.sleep(0.3)
    assert (upstream.running, edge.in_flight()) == (1, 1)
    upstream.release.set()
    await edge.settled()
    assert (await edge.get()).status_code == 200


# Cookies


@pytest.mark.parametrize("said", ["", "public,_max-age=60", "no-store", "private,_max-age=60"])
async def test_an_answer_with_a_cookie_is_private(edge: TestEdge, upstream: Upstream, said: str) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    answer = await edge.get(f"/cookie/{said}")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["cache-control"] == "private"


async def test_an_answer_without_a_cookie_is_left_alone(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    assert "cache-control" not in (await edge.get()).headers


async def _by(client: httpx.AsyncClient, path: str = "/") -> str:
    return str((await client.get(path)).json()["by"])


def client_of(edge: TestEdge) -> httpx.AsyncClient:
    """A client that keeps cookies; it calls the service's door, so that its host is an address as a browser has it."""
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge.door}", trust_env=False)


async def _open_door(edge: TestEdge) -> None:
    edge.envoy.use_doors([edge.door])
    async with asyncio.timeout(5):
        while not [one for one in await edge.envoy.admin.listening() if one.startswith("door-")]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_with_session_affinity_a_client_comes_back_to_its_instance(edge: TestEdge) -> None:
    async with running("a") as first, running("b") as second:
        edge.gate.use(routes(door=edge.door, concurrency=2, affinity=True))
        edge.gate.add_instance(ONE, "a", first.address)
        await _open_door(edge)
        async with client_of(edge) as mine, client_of(edge) as other:
            answer = await mine.get("/")
            cookie = answer.headers["set-cookie"]
            assert "Max-Age=2592000" in cookie  # 30 days
            assert answer.headers["cache-control"] == "private"
            edge.gate.add_instance(ONE, "b", second.address)
            held = [asyncio.create_task(mine.get("/hold"))]
            await eventually(lambda: first.running == 1)
            assert await _by(other) == "b"  # the least loaded
            assert "set-cookie" not in (await mine.get("/")).headers  # it has one
            assert await _by(mine) == "a"
            held.append(asyncio.create_task(mine.get("/hold")))
            await eventually(lambda: first.running == 2)
            assert await _by(mine) == "b"  # full: the other, from now on
            first.release.set()
            await asyncio.gather(*held)


async def test_an_instance_that_is_gone_is_forgotten_by_the_next_answer(edge: TestEdge) -> None:
    async with running("a") as first, running("b") as second:
        edge.gate.use(routes(door=edge.door, affinity=True))
        edge.gate.add_instance(ONE, "a", first.address)
        await _open_door(edge)
        async with client_of(edge) as client:
            assert await _by(client) == "a"
            edge.gate.add_instance(ONE, "b", second.address)
            edge.gate.retire_instance("a")
            answer = await client.get("/")
            assert answer.json()["by"] == "b"
            assert "set-cookie" in answer.headers
            assert "set-cookie" not in (await client.get("/")).headers


async def test_a_client_stays_with_its_revision_under_a_split(edge: TestEdge) -> None:
    async with running("a") as first, running("b") as second:
        edge.gate.use(routes(split={ONE: 50, TWO: 50}, door=edge.door, affinity=True))
        edge.gate.add_instance(ONE, "a", first.address)
        edge.gate.add_instance(TWO, "b", second.address)
        await _open_door(edge)
        seen = set()
        for _ in range(12):
            async with client_of(edge) as client:
                mine = {await _by(client) for _ in range(4)}
                assert len(mine) == 1
                seen |= mine
        assert seen == {"a", "b"}  # each of twelve clients stays where chance put it
        edge.gate.use(routes(split={TWO: 100}, door=edge.door, affinity=True))
        async with client_of(edge) as client:
            client.cookies.set("GAESA-hello", f"a.{ONE.name}")
            assert await _by(client) == "b"  # its revision has no traffic any more


@pytest.mark.parametrize("forged", ["x", "b", "b.", ".", "a.hello-00002-def", "a.nobody", "ü.ü"])
async def test_a_made_up_cookie_reaches_nothing_more(edge: TestEdge, forged: str) -> None:
    async with running("a") as first, running("b") as second:
        edge.gate.use(routes(split={ONE: 100}, tags={"new": TWO}, door=edge.door, affinity=True))
        edge.gate.add_instance(ONE, "a", first.address)
        edge.gate.add_instance(TWO, "b", second.address)
        answer = await edge.get(headers={"cookie": f"z=1; GAESA-hello={forged}; y=2".encode()})
        assert answer.json()["by"] == "a"


async def test_without_session_affinity_no_cookie_is_set_or_heeded(edge: TestEdge) -> None:
    async with running("a") as first, running("b") as second:
        edge.gate.use(routes())
        edge.gate.add_instance(ONE, "a", first.address)
        edge.gate.add_instance(ONE, "b", second.address)
        answer = await edge.get(headers={"cookie": f"GAESA-hello=b.{ONE.name}"})
        assert answer.json()["by"] == "a"
        assert "set-cookie" not in answer.headers


# Answers


@pytest.mark.parametrize(
    ("size", "status"), [(REQUEST_BYTES, 200), (REQUEST_BYTES + 1, 500), (10 * REQUEST_BYTES, 500)]
)
async def test_an_answer_that_says_it_is_over_32_mib_is_not_passed_on(
    edge: TestEdge, upstream: Upstream, size: int, status: int
) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    answer = await edge.get(f"/length/{size}")
    assert answer.status_code == status
    if status == 500:
        assert answer.headers["content-type"] == "text/html; charset=UTF-8"
        assert admission.ANSWER_TOO_LARGE.title in answer.text
    else:
        assert len(answer.content) == size
    await eventually(lambda: len(edge.records) == 1)
    assert (edge.records[0].text == admission.ANSWER_TOO_LARGE.log) == (status == 500)
    assert (await edge.client.head(f"/length/{size}")).headers["content-length"] == str(size)  # it has no body
    await edge.settled()
