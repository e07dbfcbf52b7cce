"""The ways from a container to its home: the addresses of Google Cloud lead to the gateway, and nothing else changes.

Evidence: ours (the kernel's rules), documented (the addresses)."""

import asyncio
import http.server
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import docker
import pytest

from cloudrun_cli.runtime.docker import DockerRuntime
from cloudrun_cli.runtime.docker_ways import Ways, can_be_laid
from tests.docker_images import an_image
from tests.runtime.contract import DEADLINE, a_spec

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not can_be_laid(), reason="needs root, nsenter and iptables-restore"),
]

# What it reaches at three addresses, that port 80 is free for it, and the folder it may see.
GET = r"""get() { printf "GET $3 HTTP/1.0\r\n\r\n" | nc -w 3 $1 $2 | tail -n 1 | grep . || echo "nothing at $1"; }
"""
LOOK = f"""{GET}
get 169.254.169.254 80 /a; get 169.254.169.253 80 /b; get 127.0.0.1 $EDGE /c
(echo mine | timeout 3 nc -l -p 80) & sleep 0.2; nc -w 1 127.0.0.1 80 </dev/null || echo taken
cat /etc/resolv.conf | grep -c 127.0.0.11; cat /run/cloudrun/ca.pem
"""


class Echo(http.server.BaseHTTPRequestHandler):
    """Says what was asked, and from where."""

    def do_GET(self) -> None:
        body = f"{self.connection.getsockname()[1]} {self.path} {self.client_address[0]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


@asynccontextmanager
async def a_runtime(ways: Ways | None, trust: Path) -> AsyncIterator[DockerRuntime]:
    runtime = DockerRuntime(
        f"/tests/{secrets.token_hex(6)}", pool=0, linger=timedelta(seconds=5), ways=ways, trust=trust
    )
    await runtime.open()
    try:
        yield runtime
    finally:
        await runtime.purge()
        await runtime.close()


@pytest.fixture
def image(engine: docker.APIClient, busybox_base_image: str) -> str:
    tag = "cloudrun-test/ways:latest"
    an_image(engine, busybox_base_image, {}, tag=tag, instructions=['CMD ["sh"]'])
    return tag


@pytest.fixture
def serving() -> Iterator[Callable[[str], int]]:
    servers: list[http.server.ThreadingHTTPServer] = []

    def begin(host: str) -> int:
        server = http.server.ThreadingHTTPServer((host, 0), Echo)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return int(server.server_address[1])

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


async def said(runtime: DockerRuntime, image: str, script: str, **env: str) -> tuple[str, list[str]]:
    """An instance's address, and what a script says in it."""
    resolved = await runtime.resolve(image)
    exits = runtime.exits()
    instance = await runtime.start(a_spec(resolved, command=("sh", "-c", script), env=env))
    await asyncio.wait_for(anext(exits), DEADLINE)
    async with asyncio.timeout(DEADLINE):
        return instance.address.partition(":")[0], [line.text async for line in runtime.logs(instance)]


async def test_the_addresses_of_google_cloud_lead_to_the_home_and_its_edge(
    image: str, tmp_path: Path, serving: Callable[[str], int]
) -> None:
    (tmp_path / "ca.pem").write_text("the authority\n")
    metadata, edge = serving("0.0.0.0"), serving("0.0.0.0")
    async with a_runtime(Ways(metadata, metadata, edge, edge + 1), tmp_path) as runtime:
        assert runtime.wired
        address, lines = await said(runtime, image, LOOK, EDGE=str(edge))
    assert lines == [
        *(f"{metadata} /a {address}", f"{edge} /b {address}", f"{edge} /c {address}"),
        *("mine", "1", "the authority"),
    ]


async def test_where_the_kernel_refuses_instances_run_without_and_nothing_leads_out(image: str, tmp_path: Path) -> None:
    async with a_runtime(Ways(99_999_999, 53, 80, 443), tmp_path) as runtime:
        _, lines = await said(runtime, image, f"{GET} get 169.254.169.254 80 /")
        assert not runtime.wired
    assert lines[-1] == "nothing at 169.254.169.254"
