"""The Admin API of a real daemon, through a real Envoy. Evidence: ours."""

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.api.asking import Client
from tests.conftest import Cloudrun

HELLO = "us-docker.pkg.dev/cloudrun/container/hello"  # its built-in stand-in serves
SERVICES = "/apis/serving.knative.dev/v1/namespaces/demo/services"
DEADLINE_SECONDS = 20.0


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture
def edge(cloudrun: Cloudrun) -> Iterator[int]:
    """The port of a daemon on which `hello` is deployed, with processes for instances."""
    http, https = _free_ports(2)
    cloudrun.environ |= {
        "CLOUDSDK_RUN_RUNTIME": "process",
        "CLOUDRUN_HTTP_PORT": str(http),
        "CLOUDRUN_HTTPS_PORT": str(https),
    }
    deployed = cloudrun(f"run deploy hello --image={HELLO} --allow-unauthenticated --quiet")
    try:
        assert deployed.exit_code == 0, deployed.stderr
        yield http
    finally:
        stopped = cloudrun("emulator stop")
        assert stopped.exit_code == 0, stopped.stderr


async def test_the_edge_hands_api_requests_on_by_host_and_by_address(edge: int, cloudrun: Cloudrun) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge}", timeout=DEADLINE_SECONDS) as http:
        api = Client(http)
        everywhere = "/v1/projects/demo/locations/-/services"
        listed = await api.get(everywhere, host=f"run.localhost:{edge}")
        assert [one["metadata"]["name"] for one in listed["items"]] == ["hello"]
        assert await api.get(everywhere, host=f"127.0.0.1:{edge}") == listed
        assert await api.get(SERVICES, host=f"us-central1-run.localhost:{edge}") == listed
        assert (await api.get(SERVICES, host=f"us-east1-run.localhost:{edge}"))["items"] == []
        (service,) = listed["items"]
        url = cloudrun("run services describe hello --format=value(status.url)").strip()
        assert service["status"]["url"] == url
        refused = await api("POST", SERVICES, host=f"us-central1-run.localhost:{edge}")
        assert (refused.status_code, refused.json()["error"]["status"]) == (501, "UNIMPLEMENTED")


async def test_a_service_deleted_over_the_api_stops_answering_without_another_ring(edge: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge}", timeout=DEADLINE_SECONDS) as http:
        api = Client(http)
        regional = f"us-central1-run.localhost:{edge}"
        service = await api.get(f"{SERVICES}/hello", host=regional)
        host = service["status"]["url"].removeprefix("http://")
        assert (await api("GET", "/", host=host)).status_code == 200
        assert (await api("DELETE", f"{SERVICES}/hello", host=regional)).status_code == 200
        assert (await api("GET", f"{SERVICES}/hello", host=regional)).status_code == 404
        deadline = time.monotonic() + DEADLINE_SECONDS  # below the pause after which the daemon looks by itself
        while (await api("GET", "/", host=host)).status_code != 404:
            assert time.monotonic() < deadline, "the daemon did not hear of the deletion"
