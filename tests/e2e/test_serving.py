"""Requests on their way to an instance and back: streams, sockets, large bodies, TLS, and from zero."""

import hashlib
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.e2e.world import Home, docker_app, engine, eventually

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def app(home: Home) -> str:
    """The address of a service of the app."""
    home.deploy("app")
    return home.url("app")


def test_chunks_arrive_as_they_are_sent(home: Home, app: str) -> None:
    more: dict[str, Any] = {}
    (address,) = home.reach(f"{app}/chunks", more)
    with home.http.stream("GET", address, **more) as answer:
        chunks = answer.iter_raw()
        assert next(chunks) == b"first"  # the app sends no more until it is told to
        assert home.get(f"{app}/go").status_code == 200
        assert b"".join(chunks) == b"second"


def test_a_websocket_passes(home: Home, app: str) -> None:
    url = httpx.URL(app)
    with connect(
        f"ws://{url.netloc.decode()}/ws", sock=home.connection(), compression=None, proxy=None, open_timeout=30
    ) as socket:
        socket.send("good morning")
        assert socket.recv(timeout=30) == "GOOD MORNING"


def test_a_body_of_32_mebibytes_the_most_there_may_be_arrives_whole(home: Home, app: str) -> None:
    block = hashlib.sha256(b"seed").digest() * (MEBIBYTE // 32)
    sent = hashlib.sha256()

    def body() -> Iterator[bytes]:
        for _ in range(32):
            sent.update(block)
            yield block

    more: dict[str, Any] = {"headers": {"Content-Length": str(32 * MEBIBYTE)}}
    (address,) = home.reach(app, more)
    told = home.http.post(address, content=body(), **more).json()
    assert told == {"size": 32 * MEBIBYTE, "sha256": sent.hexdigest()}


def test_https_answers_with_a_certificate_of_the_local_authority(home: Home, app: str) -> None:
    said = home.json("info")
    trusting = ssl.create_default_context(cafile=said["tls"]["ca"])
    host = httpx.URL(app).host
    with trusting.wrap_socket(home.connection(home.https_port), server_hostname=host) as tls:
        tls.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{home.https_port}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: tls.recv(65536), b"")).decode()
    assert answer.startswith("HTTP/1.1 200")
    assert '"X-Forwarded-Proto": "https"' in answer or '"x-forwarded-proto": "https"' in answer


def test_an_idle_service_goes_to_zero_with_sigterm_and_the_next_request_starts_it_again(home: Home) -> None:
    home.deploy("sleeper")
    url = home.url("sleeper")
    first = home.get(url).json()["pid"]
    (instance,) = home.instances("sleeper")
    home.done("config set emulator/idle_timeout 1s")
    try:
        eventually(lambda: not home.instances("sleeper"), lambda: str(home.instances("sleeper")))
        texts = [str(entry.get("textPayload")) for entry in home.entries("sleeper")]
        assert "SIGTERM received, good bye" in texts
        assert any("Shutting down instance" in text for text in texts)
        answer = home.get(url)
        assert answer.status_code == 200
        assert (answer.json()["pid"], home.runtime) != (first, "process")
        eventually(lambda: not home.instances("sleeper"))
    finally:
        home.done("config unset emulator/idle_timeout")
    assert home.get(url).status_code == 200
    assert home.instances("sleeper") != [instance]


def test_requests_waiting_for_the_same_cold_start_share_an_instance(home: Home) -> None:
    home.deploy("shared", "--max-instances=1")
    url = home.url("shared")
    for instance in home.instances("shared"):
        home.kill_instance(instance)
    eventually(lambda: not home.instances("shared"))
    running = [home.fetching(url) for _ in range(8)]
    pids = {fetching().json()["pid"] for fetching in running}
    assert len(pids) == 1
    assert len(home.instances("shared")) == 1


def test_requests_and_lines_of_the_app_are_in_the_log(home: Home, app: str) -> None:
    assert home.get(f"{app}/say/something-worth-keeping").status_code == 200
    eventually(lambda: "something-worth-keeping" in [e.get("textPayload") for e in home.entries("app")])
    eventually(
        lambda: any(
            "/say/something" in str(e.get("httpRequest", {}).get("requestUrl")) and e["httpRequest"]["status"] == 200
            for e in home.entries("app")
        ),
        lambda: str(home.entries("app")[-3:]),
    )
    assert "something-worth-keeping" in home.done("run services logs read app").stdout


def test_an_unknown_host_and_an_unknown_tag_are_not_found(home: Home, app: str) -> None:
    assert home.get(app.replace("app-", "nobody-")).status_code == 404
    assert home.get(app.replace("app-", "tag---app-")).status_code == 404


@pytest.mark.docker
def test_a_revision_goes_on_running_its_digest_when_the_tag_moves_or_is_removed() -> None:
    home = Home("docker")
    try:
        tag = "cloudrun-test/e2e-moving:latest"
        docker_app(tag)
        home.done(f"run deploy fixed --image={tag} --allow-unauthenticated")
        url = home.url("fixed")
        engine().remove_image(tag, force=True)
        (instance,) = home.instances("fixed")
        home.kill_instance(instance)
        eventually(lambda: not home.instances("fixed"))
        answer = home.get(url)
        assert answer.status_code == 200
        assert answer.json()["env"]["K_REVISION"] == home.revision("fixed")
    finally:
        home.close()
