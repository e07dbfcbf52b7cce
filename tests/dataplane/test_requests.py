"""Requests through the real Envoy and the gate to real servers."""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from cloudrun_cli.core import admission
from tests.dataplane.edge import HELLO_HOST, ONE, TestEdge, eventually, listen, revision, routes, running_edge
from tests.dataplane.h2c import h2c_upstream
from tests.dataplane.upstream import Upstream, running

MIB = 1024 * 1024


def headers_of(answer: httpx.Response) -> dict[str, str]:
    """What the app received."""
    return {name.lower(): value for name, value in answer.json()["headers"]}


# What the app sees


async def test_the_app_gets_the_documented_headers(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    seen = headers_of(await edge.get("/path?q=1", headers={"x-forwarded-for": "203.0.113.9", "user-agent": "me"}))
    assert seen["host"] == HELLO_HOST
    assert seen["x-forwarded-for"] == "203.0.113.9,127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["forwarded"] == 'for="127.0.0.1";proto=http'
    assert seen["user-agent"] == "me"
    trace = seen["x-cloud-trace-context"].partition("/")[0]
    assert len(trace) == 32
    assert seen["traceparent"].split("-")[1] == trace
    assert not [name for name in seen if name.startswith(("x-crl-", "x-envoy-"))]
    assert "grpc-timeout" not in seen


async def test_a_clients_trace_is_kept_in_both_spellings(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    seen = headers_of(await edge.get(headers={"traceparent": f"00-{trace}-{span}-01"}))
    assert seen["traceparent"] == f"00-{trace}-{span}-01"
    assert seen["x-cloud-trace-context"] == f"{trace}/{int(span, 16)};o=1"


@pytest.mark.parametrize(
    "forged",
    [
        {"x-crl-dst": "{other}"},
        {"X-CRL-Dst": "{other}"},
        {"x-envoy-original-dst-host": "{other}"},
        {"X-Envoy-Original-Dst-Host": "{other}"},
        {"x-crl-dst": "{other}", "connection": "x-crl-dst"},
        {"x-crl-proto": "h2"},
        {"x-crl-door": "{door}", "host": "nobody.localhost"},
        {"x-request-id": "mine"},
        {"x-envoy-upstream-rq-timeout-ms": "1"},
    ],
)
async def test_no_header_of_a_client_chooses_the_instance(
    edge: TestEdge, upstream: Upstream, forged: dict[str, str]
) -> None:
    async with running("other") as other:
        edge.gate.use(routes(door=edge.door))
        edge.gate.add_instance(ONE, "one", upstream.address)
        places = {"other": other.address, "door": edge.door}
        answer = await edge.get(headers={name: value.format(**places) for name, value in forged.items()})
        if "host" in forged:
            assert answer.status_code == 404
        else:
            assert answer.json()["by"] == "one"
            seen = headers_of(answer)
            assert not [name for name in seen if name.startswith(("x-crl-", "x-envoy-"))]
            assert seen["x-request-id"] != "mine"
        assert other.seen == 0


# Ways in


async def test_https_is_served_with_the_homes_own_authority(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    async with httpx.AsyncClient(verify=edge.tls(), trust_env=False) as client:
        answer = await client.get(
            f"https://127.0.0.1:{edge.https_port}/",
            headers={"host": HELLO_HOST},
            extensions={"sni_hostname": f"blue---{HELLO_HOST}"},  # a tag: covered by the wildcard
        )
    assert headers_of(answer)["x-forwarded-proto"] == "https"
    assert headers_of(answer)["forwarded"].endswith("proto=https")


async def test_a_services_own_door_serves_whatever_the_host_and_opens_without_a_restart(
    edge: TestEdge, upstream: Upstream
) -> None:
    edge.gate.use(routes(door=edge.door))
    edge.gate.add_instance(ONE, "one", upstream.address)
    pid = edge.envoy.pid
    edge.envoy.use_doors([edge.door])
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge.door}", trust_env=False) as client:
        answer = await _when_open(client)
        assert headers_of(answer)["host"] == f"127.0.0.1:{edge.door}"
        forged = await client.get("/", headers={"host": "any.example", "x-crl-door": "1"})
        assert forged.json()["by"] == "one"
        edge.envoy.use_doors([])
        async with asyncio.timeout(5):
            while "door" in " ".join(await edge.envoy.admin.listening()):  # noqa: ASYNC110 - Envoy sends no signal
                await asyncio.sleep(0.02)
    assert edge.envoy.pid == pid
    assert (await edge.get()).status_code == 200


async def test_a_tag_reaches_its_revision_and_the_split_is_kept_for_the_rest(edge: TestEdge) -> None:
    two = revision("hello-00002-def")
    async with running("one") as first, running("two") as second:
        edge.gate.use(routes(split={ONE: 75, two: 25}, tags={"new": two}))
        edge.gate.add_instance(ONE, "a", first.address)
        edge.gate.add_instance(two, "b", second.address)
        tagged = await asyncio.gather(*(edge.get(headers={"host": f"new---{HELLO_HOST}"}) for _ in range(10)))
        assert {answer.json()["by"] for answer in tagged} == {"two"}
        shares = Counter([(await edge.get()).json()["by"] for _ in range(200)])
        assert 25 <= shares["two"] <= 75  # 25 % of 200, within four standard deviations


async def test_the_api_is_reached_by_its_name_and_by_address(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes(api=upstream.address))
    assert (await edge.get("/v2/x", headers={"host": "us-central1-run.localhost:9080"})).json()["path"] == "/v2/x"
    address = f"127.0.0.1:{edge.http_port}"
    assert (await edge.get("/apis/serving.knative.dev/v1/x", headers={"host": address})).status_code == 200
    assert (await edge.get("/other", headers={"host": address})).status_code == 404


# Kinds of traffic


async def test_a_stream_arrives_piece_by_piece(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    async with edge.client.stream("GET", "/stream") as answer:
        pieces = answer.aiter_raw()
        assert await asyncio.wait_for(anext(pieces), 3) == b"first"
        upstream.release.set()
        assert await asyncio.wait_for(anext(pieces), 3) == b"second"


async def test_a_websocket_talks_both_ways_and_holds_one_slot_for_its_life(edge: TestEdge) -> None:
    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        edge.gate.use(routes())
        edge.gate.add_instance(ONE, "one", f"127.0.0.1:{port}")
        async with connect(
            f"ws://{HELLO_HOST}:{edge.http_port}/", host="127.0.0.1", port=edge.http_port, proxy=None
        ) as socket:
            for word in ("a", "b"):
                await socket.send(word)
                assert await asyncio.wait_for(socket.recv(), 3) == word
            assert edge.in_flight() == 1
        await edge.settled()


async def test_a_large_upload_passes_without_filling_memory(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)

    async def body(parts: int) -> Any:
        for _ in range(parts):
            yield bytes(MIB)

    assert (await edge.client.post("/upload", content=body(1))).status_code == 200  # what counts bodies is loaded
    envoy_before, own_before = _resident(edge.envoy.pid), _resident(os.getpid())
    answer = await edge.client.post("/upload", content=body(32))
    assert answer.json()["body_bytes"] == 32 * MIB
    assert _resident(edge.envoy.pid) - envoy_before < 16 * MIB
    assert _resident(os.getpid()) - own_before < 60 * MIB  # client, gate and server together


async def test_an_h2c_service_is_spoken_to_in_http_2(edge: TestEdge, tmp_path: Path) -> None:
    async with h2c_upstream(tmp_path) as address:
        edge.gate.use(routes(h2=True))
        edge.gate.add_instance(ONE, "one", address)
        assert (await edge.get()).text == "HTTP/2"
        await edge.settled()


# Ends


async def test_a_request_waits_longer_than_any_small_limit_and_then_is_served(
    edge: TestEdge, upstream: Upstream
) -> None:
    edge.gate.use(routes())
    waiting = asyncio.create_task(edge.get("/late"))
    await eventually(lambda: edge.demands == [ONE])
    await asyncio.sleep(1.2)
    assert not waiting.done()
    edge.gate.add_instance(ONE, "one", upstream.address)
    assert (await waiting).json()["path"] == "/late"


@pytest.mark.parametrize(
    ("path", "status"), [("/die", 503), ("/garbage", 503), ("/sleep/1.5", 504)], ids=["dies", "no-http", "too-slow"]
)
async def test_what_an_instance_does_wrong_becomes_the_documented_status(
    edge: TestEdge, upstream: Upstream, path: str, status: int
) -> None:
    edge.gate.use(routes(timeout=timedelta(seconds=0.5)))
    edge.gate.add_instance(ONE, "one", upstream.address)
    answer = await edge.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    await edge.settled()
    await eventually(lambda: len(edge.records) == 1)
    assert edge.records[0].status == status
    assert edge.records[0].text == (admission.TIMED_OUT if status == 504 else admission.BROKEN).log
    assert edge.records[0].severity == "ERROR"


async def test_the_time_limit_also_ends_an_upload_that_does_not_end(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes(timeout=timedelta(seconds=0.5)))
    edge.gate.add_instance(ONE, "one", upstream.address)

    reader, writer = await asyncio.open_connection("127.0.0.1", edge.http_port)
    writer.write(f"POST / HTTP/1.1\r\nhost: {HELLO_HOST}\r\ncontent-length: 9999\r\n\r\npart".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)
    assert b" 504 " in head.splitlines()[0]
    writer.close()
    await eventually(lambda: len(edge.records) == 1)
    assert edge.records[0].text == admission.TIMED_OUT.log


async def test_an_answer_that_ends_too_early_ends_too_early_for_the_client(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    with pytest.raises(httpx.RemoteProtocolError):
        await edge.get("/early")
    await edge.settled()
    await eventually(lambda: len(edge.records) == 1)
    assert edge.records[0].status == 200  # it had begun


async def test_a_dead_instance_is_a_503_at_once(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    await upstream.close()
    answer = await asyncio.wait_for(edge.get(), 2)
    assert answer.status_code == 503
    assert admission.BROKEN.text.partition("'")[0] in answer.text
    await edge.settled()


@pytest.mark.parametrize(
    ("refusal", "status"), [(admission.NOT_STARTED, 500), (admission.NO_INSTANCE_AT_MAX, 429), (admission.BROKEN, 503)]
)
async def test_the_gates_pages_reach_the_client_with_their_true_status(
    edge: TestEdge, refusal: admission.Refusal, status: int
) -> None:
    edge.gate.use(routes())
    waiting = asyncio.create_task(edge.get())
    await eventually(lambda: edge.demands == [ONE])
    edge.gate.fail_waiting(ONE, refusal)
    answer = await waiting
    assert answer.status_code == status
    assert f"<h1>{refusal.title}</h1>" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=UTF-8"
    await eventually(lambda: len(edge.records) == 1)
    assert (edge.records[0].status, edge.records[0].text) == (status, refusal.log)


async def test_a_private_service_answers_403_with_the_path(edge: TestEdge) -> None:
    edge.gate.use(routes(public=False))
    answer = await edge.get("/secret")
    assert answer.status_code == 403
    assert "<code>/secret</code>" in answer.text


async def test_clients_that_abort_leak_no_slot(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes(concurrency=5))
    edge.gate.add_instance(ONE, "one", upstream.address)
    await asyncio.gather(*(_abort(edge.http_port, 0.001 * (turn % 12)) for turn in range(300)))
    upstream.release.set()
    await edge.settled()
    assert upstream.most <= 5
    assert (await edge.get()).status_code == 200


async def test_with_the_fast_channel_dead_the_log_file_frees_the_slots(tmp_path: Path) -> None:
    async with running_edge(tmp_path, events=False) as edge, running() as upstream:
        edge.gate.use(routes(concurrency=1))
        edge.gate.add_instance(ONE, "one", upstream.address)
        answers = await asyncio.gather(*(edge.get() for _ in range(4)))
        assert {answer.status_code for answer in answers} == {200}
        assert upstream.most == 1
        await edge.settled()


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_the_concurrency_of_an_instance_is_never_passed(edge: TestEdge, concurrency: int) -> None:
    async with running("a") as first, running("b") as second:
        edge.gate.use(routes(concurrency=concurrency))
        edge.gate.add_instance(ONE, "a", first.address)
        edge.gate.add_instance(ONE, "b", second.address)
        answers = await asyncio.gather(*(edge.get("/sleep/0.01") for _ in range(60)))
        assert {answer.status_code for answer in answers} == {200}
        assert (first.most, second.most) == (concurrency, concurrency)
        await edge.settled()


# The gate comes and goes


async def test_with_nobody_at_the_gate_a_503_says_so(edge: TestEdge) -> None:
    await edge.stop_serving()
    edge.gate_socket.close()
    (edge.state / "gate.sock").unlink()
    answer = await asyncio.wait_for(edge.get(), 8)
    assert answer.status_code == 503
    assert admission.CONTROL_PLANE_AWAY.text in answer.text
    edge.gate_socket = listen(edge.state / "gate.sock")  # for the fixture to close


async def test_requests_that_come_while_the_gate_is_away_wait_for_the_next_one(
    edge: TestEdge, upstream: Upstream
) -> None:
    await edge.stop_serving()
    waiting = asyncio.create_task(edge.get())
    await asyncio.sleep(0.5)
    assert not waiting.done()
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    edge.serve()
    assert (await waiting).status_code == 200


async def test_requests_that_a_dying_gate_holds_are_asked_again(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    for _ in range(3):  # more than one death in a row
        waiting = asyncio.create_task(edge.get())
        await eventually(lambda: edge.gate.load()[ONE].waiting == 1)
        await edge.stop_serving()  # closes its connections, as the system does for a killed process
        edge.gate = edge.new_gate()
        edge.gate.use(routes())
        edge.serve()
        await eventually(lambda: edge.gate.load()[ONE].waiting == 1)
        edge.gate.add_instance(ONE, "one", upstream.address)
        assert (await waiting).status_code == 200
        edge.gate.drop_instance("one")


async def test_a_new_gate_counts_what_still_runs_and_keeps_the_concurrency(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes(concurrency=2))
    edge.gate.add_instance(ONE, "one", upstream.address)
    held = [asyncio.create_task(edge.get("/hold")) for _ in range(2)]
    await eventually(lambda: upstream.running == 2)
    await edge.stop_serving()
    edge.gate = edge.new_gate()
    edge.gate.use(routes(concurrency=2))
    edge.gate.add_instance(ONE, "one", upstream.address)
    edge.gate.inherit(await edge.envoy.in_flight())
    assert edge.in_flight() == 2
    edge.serve()
    later = asyncio.create_task(edge.get("/after"))
    await eventually(lambda: edge.gate.load()[ONE].waiting == 1)
    upstream.release.set()
    async with asyncio.timeout(5):
        while edge.gate.inherits:  # nobody can tell their ends apart: Envoy is asked
            await asyncio.sleep(0.1)
            await edge.gate.recount(edge.envoy.in_flight)
    assert [answer.status_code for answer in await asyncio.gather(*held, later)] == [200, 200, 200]
    assert upstream.most == 2
    await edge.settled()


async def test_a_killed_envoy_leaks_no_slot_once_it_is_back(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    held = asyncio.create_task(edge.get("/hold"))
    await eventually(lambda: upstream.running == 1)
    assert edge.envoy.pid is not None
    os.kill(edge.envoy.pid, signal.SIGKILL)
    await asyncio.wait_for(edge.envoy.watch(), 3)
    with pytest.raises(httpx.TransportError):
        await held
    edge.gate.forget_envoy()
    assert edge.in_flight() == 1  # the app has not noticed, and works on
    upstream.release.set()
    await edge.settled()
    await edge.envoy.start()
    await edge.envoy.wait_ready()
    assert (await edge.get()).status_code == 200


async def test_who_connects_while_envoy_is_away_is_served_by_the_next_one(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    assert edge.envoy.pid is not None
    os.kill(edge.envoy.pid, signal.SIGKILL)
    await asyncio.wait_for(edge.envoy.watch(), 3)
    async with httpx.AsyncClient(base_url=edge.client.base_url, headers=edge.client.headers, timeout=20) as client:
        with contextlib.closing(edge.envoy.stopgap()) as stopgap, contextlib.ExitStack() as tasks:
            first = asyncio.create_task(client.get("/first"))
            await asyncio.sleep(0.2)
            assert not first.done()
            await edge.envoy.start(check_ports=False)
            await edge.envoy.wait_ready()
            stopgap.hand_over(lambda work: tasks.callback(asyncio.ensure_future(work).cancel))
            assert (await first).json()["path"] == "/first"
            assert (await client.get("/again")).json()["path"] == "/again"  # over the same connection
        assert (await edge.get("/later")).json()["path"] == "/later"
    await edge.settled()


async def _when_open(client: httpx.AsyncClient) -> httpx.Response:
    async with asyncio.timeout(5):
        while True:
            try:
                return await client.get("/")
            except httpx.ConnectError:
                await asyncio.sleep(0.02)


async def _abort(port: int, after: float) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /hold HTTP/1.1\r\nhost: {HELLO_HOST}\r\n\r\n".encode())
    await asyncio.sleep(after)
    writer.transport.abort()


def _resident(pid: int | None) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
