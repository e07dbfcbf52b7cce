"""A real Envoy with a real gate beside it, in a folder of its own, for tests and benchmarks."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx

from cloudrun_cli.core.resources import RevisionName, RevisionRef, ServiceRef, Tag
from cloudrun_cli.dataplane import certificates, envoy_config
from cloudrun_cli.dataplane.doorway import Doorway
from cloudrun_cli.dataplane.envoy import EnvoyProcess
from cloudrun_cli.dataplane.gate import Gate
from cloudrun_cli.dataplane.records import RequestRecord
from cloudrun_cli.dataplane.routes import RevisionRoute, Routes, ServiceRoute

WORKERS = 2  # messages of several threads overtake each other

PROJECT, REGION, NUMBER = "demo", "us-central1", "123456789012"
HELLO = ServiceRef(PROJECT, REGION, "hello")
HELLO_HOST = f"hello-{NUMBER}.{REGION}.run.localhost"


def revision(name: str = "hello-00001-abc") -> RevisionRef:
    """A revision of the test's project."""
    return RevisionRef(PROJECT, REGION, RevisionName(name))


ONE = revision()


def routes(
    *,
    split: Mapping[RevisionRef, int] | None = None,
    tags: Mapping[str, RevisionRef] | None = None,
    door: int = 0,
    public: bool = True,
    api: str | None = None,
    disabled_url: bool = False,
    domains: Mapping[str, ServiceRef] | None = None,
    **route: Any,
) -> Routes:
    """One service `hello`; `route` are fields of each RevisionRoute."""
    shares = {ONE: 100} if split is None else split
    named = {Tag(tag): ref for tag, ref in (tags or {}).items()}
    service = ServiceRoute(HELLO, NUMBER, door, public, tuple(shares.items()), named, disabled_url)
    revisions = {ref: RevisionRoute(ref, HELLO, **route) for ref in {*shares, *named.values()}}
    return Routes({HELLO: service}, revisions, api, domains or {})


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listen(path: Path) -> socket.socket:
    """A unix socket as the supervisor of a daemon holds it."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(4096)
    listening.setblocking(False)
    return listening


async def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Waits for something that is about to be true."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for is not ours to signal
            await asyncio.sleep(0.005)


class TestEdge:
    """Envoy, gate and their sockets. `demands` and `records` collect what the gate says."""

    __test__ = False

    def __init__(
        self,
        folder: Path,
        *,
        events: bool = True,
        workers: int = WORKERS,
        doorway: Doorway | None = None,
        balancer: bool = False,
    ) -> None:
        self.state = folder / "edge"
        self.state.mkdir(mode=0o700)
        self.http_port, self.https_port, self.door = free_port(), free_port(), free_port()
        self.load_balancer_port = free_port() if balancer else None
        self.doorway = doorway
        self.gate_socket = listen(self.state / envoy_config.GATE_SOCKET)
        self.events_socket = listen(self.state / envoy_config.EVENTS_SOCKET)
        self.deaf_socket = listen(self.state / "deaf.sock") if not events else None
        self.ca_folder = folder / "tls"
        self.demands: list[RevisionRef] = []
        self.records: list[RequestRecord] = []
        self.gate = self.new_gate()
        self.envoy = EnvoyProcess(
            self.state,
            http_port=self.http_port,
            https_port=self.https_port,
            load_balancer_port=self.load_balancer_port,
            workers=workers,
        )
        self.serving: asyncio.Task[None] | None = None
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.http_port}", timeout=20, trust_env=False)
        self.client.headers["host"] = HELLO_HOST

    def new_gate(self) -> Gate:
        """A gate as a daemon makes it."""
        return Gate(
            random=Random(7),
            on_demand=self.demands.append,
            on_request_end=self.records.append,
            doorway=self.doorway,
        )

    def serve(self) -> None:
        """The gate begins to answer."""
        events = self.deaf_socket or self.events_socket
        log = self.state / envoy_config.REQUESTS_FILE
        self.serving = asyncio.create_task(self.gate.serve(self.gate_socket, events, log))

    async def stop_serving(self) -> None:
        """The gate is gone, its sockets are not."""
        if self.serving is not None:
            self.serving.cancel()
            await asyncio.gather(self.serving, return_exceptions=True)
            self.serving = None

    async def open(self) -> None:
        wanted = certificates.names([REGION], [HELLO_HOST])
        certificates.ensure_certificate(self.ca_folder, self.state, wanted, datetime.now(UTC))
        self.serve()
        await self.envoy.start()
        await self.envoy.wait_ready()

    async def close(self) -> None:
        await self.client.aclose()
        await self.envoy.drain_and_stop(timedelta(0))
        await self.stop_serving()
        for one in (self.gate_socket, self.events_socket, self.deaf_socket):
            if one is not None:
                one.close()

    async def get(self, path: str = "/", **options: Any) -> httpx.Response:
        """A GET through the edge port; `headers` can name another Host."""
        return await self.client.get(path, **options)

    def tls(self) -> ssl.SSLContext:
        """Trusts this home's authority only."""
        return ssl.create_default_context(cafile=str(self.ca_folder / "ca.pem"))

    def envoy_memory(self) -> int:
        """Bytes of Envoy's that are in memory now."""
        return int(Path(f"/proc/{self.envoy.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def in_flight(self, ref: RevisionRef = ONE) -> int:
        """As the gate counts."""
        return self.gate.load()[ref].in_flight

    async def settled(self, ref: RevisionRef = ONE, seconds: float = 3.0) -> None:
        """Returns when nothing is in flight or waiting."""
        await eventually(lambda: (self.gate.load()[ref].in_flight, self.gate.load()[ref].waiting) == (0, 0), seconds)


@asynccontextmanager
async def running_edge(folder: Path, **options: Any) -> AsyncIterator[TestEdge]:
    """An edge for as long as the block lasts."""
    edge = TestEdge(folder, **options)
    try:
        await edge.open()
        yield edge
    finally:
        await edge.close()
