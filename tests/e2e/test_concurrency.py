"""Concurrency is a hard limit for whole services too; that more callers mean more instances is in test_scaling."""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.world import Home, eventually

LIMIT = 3


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
    home.done(f"run deploy refused --image={home.image} --no-allow-unauthenticated")
    url = home.url("refused")
    assert home.get(f"{url}/secret").status_code == 403
    assert home.get(url.replace("refused", "nobody")).status_code == 404
    eventually(lambda: _requests(home, "refused"))
    (entry,) = _requests(home, "refused")
    assert (entry["httpRequest"]["status"], entry["severity"]) == (403, "WARNING")
    assert "not authenticated" in entry["textPayload"]
    assert entry["resource"]["labels"]["revision_name"] == home.revision("refused")


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


def _requests(home: Home, service: str) -> list[dict[str, Any]]:
    return [entry for entry in home.entries(service) if "httpRequest" in entry]
