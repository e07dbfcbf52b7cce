"""Concurrency is a hard limit for whole services too, and more callers than slots mean more instances."""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.world import Home, eventually

CALLERS = 5
LIMIT = 3


def test_five_callers_of_a_service_that_does_one_thing_at_a_time_are_served_by_five_instances(home: Home) -> None:
    home.deploy("five", f"--concurrency=1 --max-instances={CALLERS}")
    url = home.url("five")
    answers = [home.fetching(f"{url}/sleep/5") for _ in range(CALLERS)]
    assert [answer().status_code for answer in answers] == [200] * CALLERS
    eventually(lambda: len(_instances_that_answered(home, "five")) == CALLERS, seconds=5)
    assert len(set(_instances_that_answered(home, "five"))) == CALLERS


def test_no_more_requests_than_the_concurrency_whatever_clients_and_daemon_do(home: Home) -> None:
    home.deploy("exact", f"--concurrency={LIMIT} --max-instances=1")
    url = home.url("exact")
    home.get(url)
    before = home.status()
    answered = asyncio.run(_rush(home, url, lambda: os.kill(before["pid"], signal.SIGKILL)))
    assert answered > 40
    eventually(lambda: home.status().get("pid") not in (None, before["pid"]))
    assert home.get(f"{url}/most").json() == {"most": LIMIT}


def test_a_refused_caller_is_in_the_request_log_and_an_unknown_host_is_not(home: Home) -> None:
    home.done(f"run deploy private --image={home.image} --no-allow-unauthenticated")
    url = home.url("private")
    assert home.get(f"{url}/secret").status_code == 403
    assert home.get(url.replace("private", "nobody")).status_code == 404
    eventually(lambda: _requests(home, "private"))
    (entry,) = _requests(home, "private")
    assert (entry["httpRequest"]["status"], entry["severity"]) == (403, "WARNING")
    assert "not authenticated" in entry["textPayload"]
    assert entry["resource"]["labels"]["revision_name"] == home.revision("private")


async def _rush(home: Home, url: str, blow: Callable[[], None]) -> int:
    """Ninety requests at once, of which some leave before they are answered, and a blow in the middle; the number of
    those that were answered well."""
    chance = random.Random(5)

    async def one() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", home.http_port)
        writer.write(f"GET /sleep/0.1 HTTP/1.1\r\nhost: {urlsplit(url).netloc}\r\n\r\n".encode())
        try:
            if chance.random() < 0.3:
                await asyncio.sleep(chance.random() * 1.5)
                writer.transport.abort()
                return False
            return (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).startswith(b"HTTP/1.1 200")
        finally:
            writer.close()

    calls = [asyncio.create_task(one()) for _ in range(90)]
    await asyncio.sleep(0.7)
    blow()
    return sum(await asyncio.gather(*calls))


def _instances_that_answered(home: Home, service: str) -> list[str]:
    return [entry["labels"]["instanceId"] for entry in _requests(home, service)]


def _requests(home: Home, service: str) -> list[dict[str, Any]]:
    return [entry for entry in home.entries(service) if "httpRequest" in entry]
