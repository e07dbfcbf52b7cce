"""One try of a probe. Evidence: documented (Configure container health checks; gRPC health checking protocol)."""

import asyncio
import socket

import pytest

from cloudrun_cli.core.resources import Probe
from cloudrun_cli.daemon.probing import attempt
from tests.daemon.answering import Health, Web, listening

HTTP = Probe(kind="http", path="/ready", timeout_seconds=1)
GRPC = Probe(kind="grpc", timeout_seconds=1)


def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


@pytest.mark.parametrize(
    ("status", "seen"), [(200, ""), (204, ""), (302, ""), (400, "HTTP status 400"), (503, "HTTP status 503")]
)
async def test_an_http_probe_goes_by_the_status(status: int, seen: str) -> None:
    async with listening(Web(status)) as address:
        assert await attempt(HTTP, address) == seen


async def test_an_http_probe_asks_for_its_path_with_its_headers() -> None:
    web = Web()
    async with listening(web) as address:
        probe = Probe(kind="http", path="health?deep=1", headers=(("X-Probe", "yes"), ("host", "me.example")))
        assert await attempt(probe, address) == ""
    assert web.heads[0].startswith("GET /health?deep=1 HTTP/1.1\r\n")
    assert "X-Probe: yes\r\n" in web.heads[0]
    assert "host: me.example\r\n" in web.heads[0]
    assert address not in web.heads[0]


async def test_no_answer_within_the_timeout_is_a_failure() -> None:
    async with listening(Web(silent=True)) as address:
        assert await attempt(HTTP, address) == "no answer within 1 s"


@pytest.mark.parametrize("probe", [HTTP, GRPC, Probe(kind="tcp")])
async def test_nobody_there_is_a_failure(probe: Probe) -> None:
    assert await attempt(probe, nobody()) == "no connection: Connection refused"


async def test_a_patient_try_waits_within_its_timeout_until_somebody_listens() -> None:
    address = nobody()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def begin_late() -> asyncio.Server:
        await asyncio.sleep(0.3)
        host, _, port = address.rpartition(":")
        return await asyncio.start_server(answer, host, int(port))

    late = asyncio.create_task(begin_late())
    assert await attempt(HTTP, address, patient=True) == ""
    server = await late
    server.close()
    await server.wait_closed()
    assert await attempt(HTTP, nobody(), patient=True) == "no connection: Connection refused"


async def test_a_tcp_probe_only_connects() -> None:
    web = Web()
    async with listening(web) as address:
        assert await attempt(Probe(kind="tcp"), address) == ""
    assert web.heads == []


@pytest.mark.parametrize(
    ("service", "seen"),
    [
        ("", ""),
        ("shop", ""),
        ("ill", "the service is NOT_SERVING"),
        ("unsure", "the service is UNKNOWN"),
        ("other", "gRPC status 5 (unknown)"),
        ("n" * 300, ""),
    ],
)
async def test_a_grpc_probe_asks_the_health_protocol(service: str, seen: str) -> None:
    serving = {"": 1, "shop": 1, "ill": 2, "unsure": 0, "n" * 300: 1}
    if len(service) > 127:
        serving = {"\x02" + service: 1}  # the length takes two bytes: the server of the test reads one
    async with listening(Health(serving)) as address:
        assert await attempt(Probe(kind="grpc", service=service), address) == seen


@pytest.mark.parametrize("raw", [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b"220 smtp ready\r\n" * 4])
async def test_a_server_that_speaks_no_http2_fails_a_grpc_probe(raw: bytes) -> None:
    async with listening(Health({}, raw=raw)) as address:
        assert (await attempt(GRPC, address)).startswith(("the answer was not HTTP/2", "no gRPC status"))


async def test_a_server_that_speaks_no_http1_fails_an_http_probe() -> None:
    async with listening(Health({}, raw=b"220 smtp ready\r\n")) as address:
        assert (await attempt(HTTP, address)).startswith("the answer was not HTTP/1")
