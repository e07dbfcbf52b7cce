"""`services proxy`: a service at an address of this machine, for as long as the program runs."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from websockets.sync.client import connect

from tests.e2e.world import LIMIT_SECONDS, Home, Popen, eventually, free_ports


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A home with the app as a public service `app`, with a tag, and as a private one `closed`."""
    made = Home("process")
    made.deploy("app", "--tag=canary")
    made.done(f"run deploy closed --image={made.image} --no-allow-unauthenticated")
    yield made
    made.close()


@contextmanager
def proxied(home: Home, words: str) -> Iterator[tuple[str, Popen]]:
    """The proxy while it runs: where it listens, and the program. What it has said by its end is on its stderr."""
    (port,) = free_ports(1)
    program = home.start(f"run services proxy {words} --port={port}")
    try:
        eventually(lambda: program.poll() is not None or _answers(port))
        yield f"http://127.0.0.1:{port}", program
    finally:
        if program.poll() is None:
            program.send_signal(signal.SIGINT)
        program.wait(LIMIT_SECONDS)
        for stream in (program.stdout, program.stderr):
            if stream is not None:
                stream.close()


def _answers(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
    except httpx.TransportError:
        return False
    return True


def _headers(url: str, sent: dict[str, str] | None = None) -> httpx.Headers:
    """What the app was sent."""
    return httpx.Headers(httpx.get(url, headers=sent, trust_env=False).json()["headers"])


def test_requests_answers_and_websockets_pass_and_a_token_goes_along(home: Home) -> None:
    with proxied(home, "app --token=who-i-am") as (url, program):
        told = _headers(f"{url}/x?y=1", {"X-Mine": "1"})
        assert told["X-Mine"] == "1"
        assert told["Host"].startswith("app-")
        assert told["Authorization"] == "Bearer who-i-am"
        body = os.urandom(1 << 20)
        assert httpx.post(url, content=body, trust_env=False).json()["size"] == len(body)
        with connect(url.replace("http", "ws") + "/ws", proxy=None) as socket:
            socket.send("hello")
            assert socket.recv() == "HELLO"
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=LIMIT_SECONDS)
    assert (program.returncode, out) == (0, "")
    assert "Proxying to Cloud Run service [app] in project [demo" in err
    assert f"{url} proxies to http://app-" in err
    eventually(lambda: not _answers(int(url.rpartition(":")[2])))


def test_an_answer_streams_through_while_it_is_written(home: Home) -> None:
    with (
        proxied(home, "app") as (url, _),
        httpx.stream("GET", f"{url}/chunks", timeout=60, trust_env=False) as answer,
    ):
        chunks = answer.iter_raw()
        assert next(chunks) == b"first"
        httpx.get(f"{url}/go", trust_env=False)
        assert next(chunks) == b"second"


def test_a_tag_leads_to_its_revision(home: Home) -> None:
    with proxied(home, "app --tag=canary") as (url, program):
        assert _headers(url)["Host"].startswith("canary---app-")
        program.terminate()
        program.wait(LIMIT_SECONDS)
    assert program.returncode == 0


def test_a_private_service_is_called_through_the_proxy_as_the_account_in_force(home: Home) -> None:
    with proxied(home, "closed") as (url, program):
        assert _headers(url)["authorization"].endswith(".SIGNATURE_REMOVED_BY_GOOGLE")
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=LIMIT_SECONDS)
    assert "It is private: what comes through here calls it as [dev@example.com]." in err
    home.done("projects add-iam-policy-binding demo --member=user:ann@example.com --role=roles/run.viewer")
    with proxied(home, "closed --account=ann@example.com") as (url, _):
        assert httpx.get(url, trust_env=False).status_code == 403


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nosuch", "Cannot find service [nosuch]"),
        ("app --tag=other", "has no tag [other]. It has: canary."),
    ],
)
def test_a_proxy_to_nowhere_ends_at_once_and_says_why(home: Home, words: str, said: str) -> None:
    answer = home.cloudrun(f"run services proxy {words}")
    assert (answer.exit_code, said in answer.stderr) == (1, True), answer.stderr


def test_a_port_that_somebody_has_is_an_error_that_names_it(home: Home) -> None:
    answer = home.cloudrun(f"run services proxy app --port={home.http_port}")
    assert answer.exit_code == 1
    assert f"Port {home.http_port} cannot be used" in answer.stderr


def test_a_service_without_its_default_url_has_nothing_to_proxy_to(home: Home) -> None:
    home.done(f"run deploy hidden --image={home.image} --allow-unauthenticated --no-default-url")
    answer = home.cloudrun("run services proxy hidden")
    assert answer.exit_code == 1
    assert "The default URL of service [hidden] is disabled" in answer.stderr


def test_the_proxy_ends_with_a_program_that_is_killed(home: Home) -> None:
    with proxied(home, "app") as (url, program):
        program.kill()
        program.wait(LIMIT_SECONDS)
        eventually(lambda: not _answers(int(url.rpartition(":")[2])))
    assert isinstance(program, subprocess.Popen)
