"""Private services and their ingress through a real Envoy, with the daemon's own door. Evidence: documented
(Authenticating service-to-service; Restrict network ingress; container contract, headers), else ours."""

import asyncio
import base64
import os
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import grpc
import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import InvalidStatus

from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.core.iam import INVOKER, service_resource
from cloudrun_cli.core.identity import without_signature
from cloudrun_cli.core.resources import Ingress
from cloudrun_cli.daemon.door import Door
from cloudrun_cli.dataplane import envoy_config
from cloudrun_cli.dataplane.routes import Routes
from cloudrun_cli.store import policies
from cloudrun_cli.store.database import open_store
from tests.dataplane.counting import Counts, grpc_echo
from tests.dataplane.edge import HELLO, HELLO_HOST, ONE, PROJECT, REGION, TestEdge, eventually, routes, running_edge
from tests.dataplane.upstream import Upstream

EXAMPLES = int(os.environ.get("CLOUDRUN_FUZZ_EXAMPLES", "200"))  # of requests that nobody sends in earnest
ANN, DOMAIN = "ann@example.com", "my.domain.example"
URL = f"https://{HELLO_HOST}"


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return Tokens(str(tmp_path_factory.mktemp("keys")))


@pytest.fixture(scope="module")
def token(tokens: Tokens) -> str:
    """One of ann's, who may invoke."""
    return tokens.id_token(ANN, URL, datetime.now(UTC))


@pytest_asyncio.fixture
async def edge(tmp_path: Path, tokens: Tokens) -> AsyncIterator[TestEdge]:
    store = open_store(str(tmp_path / "home"))
    with store.transaction():
        resource = service_resource(PROJECT, REGION, "hello")
        policies.put(store, resource, {"bindings": [{"role": INVOKER, "members": [f"user:{ANN}"]}]})
    async with running_edge(tmp_path, doorway=Door(store, tokens, Edge()), balancer=True) as one:
        yield one
    store.close()


def private(**route: Any) -> Routes:
    return routes(public=False, tags={"canary": ONE}, domains={DOMAIN: HELLO}, **route)


def seen(answer: httpx.Response, name: str) -> list[str]:
    """The values of a header that the app got."""
    return [value for key, value in answer.json()["headers"] if key.lower() == name]


async def raw(port: int, header: bytes, path: bytes = b"/") -> int:
    """The status for a request with these header bytes; 0 when the connection was closed without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(
            b"GET %b HTTP/1.1\r\nhost: %b\r\n%b\r\nconnection: close\r\n\r\n" % (path, HELLO_HOST.encode(), header)
        )
        line = await asyncio.wait_for(reader.readline(), 10)
        return int(line.split(b" ")[1]) if line else 0
    except ConnectionError:
        return 0
    finally:
        writer.close()


async def test_a_private_service_over_http_1(edge: TestEdge, upstream: Upstream, tokens: Tokens, token: str) -> None:
    edge.gate.use(private(door=edge.door))
    edge.envoy.use_doors([edge.door])
    edge.gate.add_instance(ONE, "one", upstream.address)
    bearer, stranger = f"Bearer {token}", tokens.id_token("bob@example.com", URL, datetime.now(UTC))
    for headers, status in [
        ({}, 403),
        ({"authorization": bearer}, 200),
        ({"authorization": f"Bearer {stranger}"}, 403),
        ({"authorization": "Bearer x"}, 401),
        ({"authorization": "Basic YTpi"}, 401),
        ({"authorization": ""}, 401),
        ({"authorization": bearer, "host": f"canary---{HELLO_HOST}"}, 200),  # with the audience of the service
        ({"authorization": bearer, "host": DOMAIN}, 200),
        ({"host": DOMAIN}, 403),
        ({"host": f"canary---{HELLO_HOST}"}, 403),
        ({"authorization": bearer, "host": f"none---{HELLO_HOST}"}, 404),
        ({"host": f"none---{HELLO_HOST}"}, 404),
        ({"x-serverless-authorization": bearer}, 200),
        ({"x-serverless-authorization": "Bearer x", "authorization": bearer}, 401),
    ]:
        assert (await edge.get(headers=headers)).status_code == status, headers
    refused = await edge.get("/secret")
    assert "does not have permission to get URL <code>/secret</code>" in refused.text
    bad = await edge.get(headers={"authorization": "Bearer x"})
    assert bad.headers["www-authenticate"] == "Bearer"
    assert await raw(edge.http_port, f"authorization: {bearer}\r\nauthorization: {bearer}".encode()) == 401
    assert await raw(edge.http_port, f"authorization: {bearer}\r\nAuthorization: Basic YTpi".encode()) == 401
    passed = await edge.get(headers={"authorization": bearer})
    assert seen(passed, "authorization") == [f"Bearer {without_signature(token)}"]
    both = await edge.get(headers={"x-serverless-authorization": bearer, "authorization": "Basic YTpi"})
    assert seen(both, "authorization") == ["Basic YTpi"]
    assert seen(both, "x-serverless-authorization") == [f"Bearer {without_signature(token)}"]
    own = httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge.door}", trust_env=False)
    async with own:
        assert (await own.get("/")).status_code == 403
        assert (await own.get("/", headers={"authorization": bearer})).status_code == 200
    await eventually(lambda: any(record.status == 401 for record in edge.records))
    assert {record.severity for record in edge.records if record.status in (401, 403)} == {"WARNING"}


async def test_a_public_service_lets_bad_tokens_pass_untouched(edge: TestEdge, upstream: Upstream, token: str) -> None:
    edge.gate.use(routes(public=True))
    edge.gate.add_instance(ONE, "one", upstream.address)
    for value in ("Bearer x", "Basic YTpi", f"Bearer {token}"):
        assert seen(await edge.get(headers={"authorization": value}), "authorization") == [value]


async def test_a_refused_call_wakes_nobody(edge: TestEdge, token: str) -> None:
    edge.gate.use(private())
    for headers in ({}, {"authorization": "Bearer x"}):
        assert (await edge.get(headers=headers)).status_code in (401, 403)
    assert edge.demands == []
    waiting = asyncio.ensure_future(edge.get(headers={"authorization": f"Bearer {token}"}))
    await eventually(lambda: edge.demands == [ONE])
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_a_private_service_over_http_2_and_tls(edge: TestEdge, upstream: Upstream, token: str) -> None:
    edge.gate.use(private())
    edge.gate.add_instance(ONE, "one", upstream.address)
    url = f"https://{HELLO_HOST}:{edge.https_port}/"
    transport = httpx.AsyncHTTPTransport(http2=True, verify=edge.tls())
    async with httpx.AsyncClient(transport=_to_loopback(transport), trust_env=False) as client:
        refused = await client.get(url)
        assert (refused.status_code, refused.http_version) == (403, "HTTP/2")
        assert (await client.get(url, headers={"authorization": "Bearer x"})).status_code == 401
        good = ("authorization", f"Bearer {token}")
        assert (await client.get(url, headers=[good])).status_code == 200
        assert (await client.get(url, headers=[good, good])).status_code == 401


def _to_loopback(transport: httpx.AsyncHTTPTransport) -> httpx.AsyncBaseTransport:
    """Goes to 127.0.0.1 whatever the name, which the C library of this system may not know."""

    class ToLoopback(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.extensions["sni_hostname"] = request.url.host
            request.url = request.url.copy_with(host="127.0.0.1")
            return await transport.handle_async_request(request)

        async def aclose(self) -> None:
            await transport.aclose()

    return ToLoopback()


async def test_a_private_service_over_grpc(edge: TestEdge, token: str) -> None:
    async with grpc_echo(Counts()) as address:
        edge.gate.use(private(h2=True))
        edge.gate.add_instance(ONE, "one", address)
        options = [("grpc.default_authority", HELLO_HOST)]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{edge.http_port}", options=options) as channel:
            one: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/test.Echo/One")
            for metadata, code in [
                ([], grpc.StatusCode.PERMISSION_DENIED),
                ([("authorization", "Bearer x")], grpc.StatusCode.UNAUTHENTICATED),
            ]:
                with pytest.raises(grpc.aio.AioRpcError) as told:
                    await one(b"hello", metadata=metadata, timeout=5)
                assert told.value.code() is code
            assert await one(b"hello", metadata=[("authorization", f"Bearer {token}")], timeout=5)


async def test_a_private_service_over_websocket(edge: TestEdge, token: str) -> None:
    got: list[str | None] = []

    async def echo(socket: ServerConnection) -> None:
        assert socket.request is not None
        got.append(socket.request.headers.get("authorization"))
        async for message in socket:
            await socket.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        edge.gate.use(private())
        edge.gate.add_instance(ONE, "one", f"127.0.0.1:{port}")
        at: dict[str, Any] = {"host": "127.0.0.1", "port": edge.http_port, "proxy": None}
        url = f"ws://{HELLO_HOST}:{edge.http_port}/"
        for headers, status in [({}, 403), ({"authorization": "Bearer x"}, 401)]:
            with pytest.raises(InvalidStatus) as told:
                await connect(url, additional_headers=headers, **at)
            assert told.value.response.status_code == status
        async with connect(url, additional_headers={"authorization": f"Bearer {token}"}, **at) as socket:
            await socket.send("a")
            assert await asyncio.wait_for(socket.recv(), 3) == "a"
        assert got == [f"Bearer {without_signature(token)}"]


@pytest.mark.parametrize(
    ("ingress", "through_balancer", "from_product"),
    [(Ingress.ALL, 200, 200), (Ingress.INTERNAL, 404, 200), (Ingress.INTERNAL_AND_LOAD_BALANCING, 200, 200)],
)
async def test_ingress_is_told_by_the_way_a_request_comes(
    edge: TestEdge, upstream: Upstream, ingress: Ingress, through_balancer: int, from_product: int
) -> None:
    base = routes(tags={"canary": ONE}, domains={DOMAIN: HELLO})
    edge.gate.use(replace(base, services={HELLO: replace(base.services[HELLO], ingress=ingress)}))
    edge.gate.add_instance(ONE, "one", upstream.address)
    outside = 200 if ingress is Ingress.ALL else 404
    socket = edge.state / envoy_config.INTERNAL_SOCKET
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    product = httpx.AsyncHTTPTransport(uds=str(socket))
    balancer = httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge.load_balancer_port}", trust_env=False)
    async with httpx.AsyncClient(base_url="http://internal", transport=product) as ours, balancer:
        for host in (HELLO_HOST, f"canary---{HELLO_HOST}", DOMAIN):
            named = {"host": host}
            forged = {**named, "x-crl-entry": PROJECT, "x-crl-peer": "10.8.0.2"}
            assert (await edge.get(headers=named)).status_code == outside
            assert (await edge.get(headers=forged)).status_code == outside
            assert (await balancer.get("/", headers=forged)).status_code == through_balancer
            answer = await ours.get("/", headers=forged)
            assert answer.status_code == from_product
            assert [name for name, _ in answer.json()["headers"] if name.startswith("x-crl")] == []
            assert seen(answer, "x-forwarded-for") == ["127.0.0.1"]
            other = await ours.get("/", headers={**named, "x-crl-entry": "another-project"})
            assert other.status_code == outside
            unnamed = await ours.get("/", headers=named)
            assert unnamed.status_code == outside
    await edge.settled()
    await asyncio.sleep(0.5)  # for lines of the request log that must not come
    assert {record.status for record in edge.records} <= {200}


async def test_the_load_balancer_leads_to_services_only(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes(api=upstream.address))
    balancer = httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge.load_balancer_port}", trust_env=False)
    async with balancer:
        for host in ("run.localhost", f"127.0.0.1:{edge.load_balancer_port}"):
            assert (await edge.get("/v2/x", headers={"host": host})).status_code == 200
            assert (await balancer.get("/v2/x", headers={"host": host})).status_code == 404


async def test_no_bytes_that_a_client_can_send_open_a_private_service(
    edge: TestEdge, upstream: Upstream, token: str
) -> None:
    edge.gate.use(private())
    edge.gate.add_instance(ONE, "one", upstream.address)
    assert await raw(edge.http_port, f"authorization: Bearer {token}".encode()) == 200  # else it proves nothing
    served, random = upstream.seen, Random(6)
    statuses: dict[int, int] = {}
    for _ in range(EXAMPLES):
        status = await raw(edge.http_port, _nonsense(random, token.encode()), b"/" + _bytes(random, 20, b"/?%abc;=&.~"))
        assert status < 500
        assert status not in (200, 201, 204)
        statuses[status] = statuses.get(status, 0) + 1
    print(f"{EXAMPLES} requests through Envoy: {dict(sorted(statuses.items()))}")  # shown by pytest -s
    assert upstream.seen == served
    assert statuses[401] > EXAMPLES / 10
    assert await raw(edge.http_port, f"authorization: Bearer {token}".encode()) == 200


def _nonsense(random: Random, token: bytes) -> bytes:
    """Header lines with something that is not one good token."""
    name = random.choice([b"authorization", b"Authorization", b"X-Serverless-Authorization", b"AUTHORIZATION"])
    scheme = random.choice([b"Bearer ", b"bearer ", b"Bearer\t", b"Basic ", b"", b"Bearer", b"Bearer, "])
    at = random.randrange(len(token))
    what = random.choice(
        [
            token[:at],
            token[at:] if at else b"x",
            token[:at] + bytes([token[at] ^ 1 << random.randrange(7)]) + token[at + 1 :] + b"x",
            token + b" " + token,
            token + b"," + token,
            b"ya29." + base64.urlsafe_b64encode(random.randbytes(60)),
            base64.urlsafe_b64encode(b"[" * random.randrange(9000)) + b".e30.x",
            _bytes(random, 400),
            token.swapcase(),
            b"." * random.randrange(50),
        ]
    )
    lines = [name + b": " + scheme + what]
    if random.random() < 0.3:
        lines.append(
            random.choice([b"x-crl-entry: demo", b"x-crl-dst: 127.0.0.1:1", b"x-envoy-original-dst-host: 127.0.0.1:1"])
        )
    if random.random() < 0.2:
        lines.append(name + b": Bearer " + token)  # a second one beside a bad one
    return b"\r\n".join(lines)


def _bytes(random: Random, most: int, letters: bytes = b"") -> bytes:
    """Any bytes but those that end a line or a request line."""
    visible = bytes(one for one in range(32, 256) if one != 127) + b"\t"
    every = bytes(one for one in range(256) if one not in b"\r\n")
    several = letters or (every if random.random() < 0.1 else visible)
    return bytes(random.choice(several) for _ in range(random.randrange(most)))


async def test_a_product_that_calls_an_api_says_who_it_is(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes(api=upstream.address))
    product = httpx.AsyncHTTPTransport(uds=str(edge.state / envoy_config.INTERNAL_SOCKET))
    async with httpx.AsyncClient(base_url="http://internal", transport=product) as ours:
        named = {"host": "run.googleapis.localhost", "x-crl-entry": PROJECT}
        assert (await ours.get("/v2/x", headers=named)).status_code == 401
        assert (await ours.get("/v2/x", headers={**named, "authorization": "Bearer x"})).status_code == 200
