"""Addresses of instances are used again: a request for one revision never ends up with another. On both runtimes an
instance is killed under load, and one of another revision comes up at its very address."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.dataplane.edge import HELLO_HOST, ONE, TestEdge, free_port, revision, routes

TWO = revision("hello-00002-def")
APP = Path(__file__).parents[1] / "e2e" / "programs" / "app.py"
TURNS = 4

Launch = Callable[[str], Callable[[], None]]  # starts an app that says this of itself; the answer is what kills it


@contextmanager
def processes() -> Iterator[tuple[str, Launch]]:
    """A port of this machine, and what starts an app there."""
    port = free_port()
    running: list[subprocess.Popen[bytes]] = []

    def launch(who: str) -> Callable[[], None]:
        process = subprocess.Popen([sys.executable, APP], env={**os.environ, "PORT": str(port), "K_REVISION": who})

        running.append(process)

        def kill() -> None:
            process.send_signal(signal.SIGKILL)
            process.wait()

        return kill

    try:
        yield f"127.0.0.1:{port}", launch
    finally:
        for one in running:
            one.kill()
            one.wait()


@contextmanager
def containers() -> Iterator[tuple[str, Launch]]:
    """An address of a network of its own, and what starts an app there."""
    from docker.types import IPAMConfig

    from tests.e2e.world import docker_app, engine

    api, image = engine(), docker_app()
    network = api.create_network(f"cloudrun-test-{os.getpid()}", driver="bridge")["Id"]
    gateway = str(api.inspect_network(network)["IPAM"]["Config"][0]["Gateway"])
    address = f"{gateway.rpartition('.')[0]}.77"
    running: list[str] = []

    def launch(who: str) -> Callable[[], None]:
        endpoint = api.create_endpoint_config(ipv4_address=address)
        made = api.create_container(
            image,
            environment={"PORT": "8080", "K_REVISION": who},
            host_config=api.create_host_config(network_mode=network),
            networking_config={"EndpointsConfig": {network: endpoint}},
        )["Id"]
        running.append(made)
        api.start(made)

        def kill() -> None:
            running.remove(made)
            api.remove_container(made, force=True)

        return kill

    try:
        # The subnet must have been named by whoever wants a fixed address in it: this one is made anew with its own.
        config = api.inspect_network(network)["IPAM"]["Config"]
        api.remove_network(network)
        network = api.create_network(
            f"cloudrun-test-{os.getpid()}", driver="bridge", ipam=IPAMConfig(driver="default", pool_configs=config)
        )["Id"]
        yield f"{address}:8080", launch
    finally:
        for one in running:
            api.remove_container(one, force=True)
        api.remove_network(network)


async def _is_up(address: str) -> None:
    host, port = address.split(":")
    async with asyncio.timeout(20):
        while True:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(0.2):
                    _, writer = await asyncio.open_connection(host, int(port))
                writer.close()
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("machine", [processes, pytest.param(containers, marks=pytest.mark.docker)])
async def test_a_request_never_reaches_whoever_has_the_address_by_now(
    edge: TestEdge, machine: Callable[[], AbstractContextManager[tuple[str, Launch]]]
) -> None:
    seen: Counter[tuple[str, str]] = Counter()  # (whom it was for, who answered or the status)

    async def call(who: str, host: str) -> None:
        while True:
            with suppress(httpx.TransportError):
                answer = await edge.get("/revision", headers={"host": host})
                seen[who, json.loads(answer.text) if answer.status_code == 200 else str(answer.status_code)] += 1
            await asyncio.sleep(0.002)

    edge.gate.use(routes(split={ONE: 100}, tags={"new": TWO}))
    hosts = {ONE: HELLO_HOST, TWO: f"new---{HELLO_HOST}"}
    with machine() as (address, launch):
        for turn in range(TURNS):
            ref = (ONE, TWO)[turn % 2]
            kill = await asyncio.to_thread(launch, ref.name)
            await _is_up(address)
            edge.gate.add_instance(ref, f"instance-{turn}", address)
            callers = [asyncio.create_task(call(one.name, hosts[one])) for one in (ONE, TWO) for _ in range(4)]
            await asyncio.sleep(0.4)
            killing = asyncio.create_task(asyncio.to_thread(kill))
            await asyncio.sleep(0.02)  # until the daemon hears of it, requests are still sent there
            edge.gate.drop_instance(f"instance-{turn}")
            await killing
            for caller in callers:
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)
    assert seen[ONE.name, ONE.name] > 50
    assert seen[TWO.name, TWO.name] > 50
    assert {answered for asked, answered in seen if asked == ONE.name} <= {ONE.name, "503"}
    assert {answered for asked, answered in seen if asked == TWO.name} <= {TWO.name, "503"}
