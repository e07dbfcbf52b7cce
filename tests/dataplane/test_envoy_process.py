"""The Envoy process: started once, found again, watched, and stopped without cutting what runs."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from cloudrun_cli.core.errors import FailedPrecondition, Unavailable
from cloudrun_cli.dataplane import envoy, envoy_config
from cloudrun_cli.dataplane.envoy import EnvoyProcess
from cloudrun_cli.dataplane.ports import owner
from cloudrun_cli.dataplane.serving import LOG_SECONDS
from tests.dataplane.edge import ONE, WORKERS, TestEdge, eventually, free_port, routes
from tests.dataplane.upstream import Upstream


def another(edge: TestEdge, *, https_port: int = 0) -> EnvoyProcess:
    """What the next daemon of the same home builds."""
    return EnvoyProcess(edge.state, http_port=edge.http_port, https_port=https_port or edge.https_port, workers=WORKERS)


@pytest_asyncio.fixture
async def held_port() -> AsyncIterator[int]:
    """A port that this process listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


async def test_the_next_daemon_adopts_it_with_the_requests_it_serves(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    held = asyncio.create_task(edge.get("/hold"))
    await eventually(lambda: upstream.running == 1)
    successor = another(edge)
    assert await successor.adopt()
    assert successor.pid == edge.envoy.pid
    assert await successor.in_flight() == {upstream.address: 1}
    upstream.release.set()
    assert (await held).status_code == 200


async def test_an_adopted_one_is_watched_and_stopped_like_a_child(edge: TestEdge) -> None:
    successor = another(edge)
    assert await successor.adopt()
    watching = asyncio.create_task(successor.watch())
    await asyncio.sleep(0.05)
    assert not watching.done()
    await successor.drain_and_stop(timedelta(0))
    await asyncio.wait_for(watching, 3)
    assert not await another(edge).adopt()


async def test_one_with_other_settings_is_stopped_instead(edge: TestEdge) -> None:
    successor = another(edge, https_port=free_port())
    assert not await successor.adopt()
    await asyncio.wait_for(edge.envoy.watch(), 3)


async def test_a_mark_of_a_process_that_is_gone_or_somebody_elses_is_not_believed(edge: TestEdge) -> None:
    (edge.state / "envoy.mark").write_text(f'[{os.getpid()}, "1", "x"]')
    assert not await another(edge).adopt()
    (edge.state / "envoy.mark").write_text("half a li")
    assert not await another(edge).adopt()


async def test_a_home_has_one_envoy(edge: TestEdge) -> None:
    with pytest.raises(FailedPrecondition, match="already serves this home"):
        await another(edge).start()


async def test_a_busy_port_is_an_error_that_names_its_owner_and_what_to_do(tmp_path: Path, held_port: int) -> None:
    with pytest.raises(FailedPrecondition) as caught:
        await EnvoyProcess(tmp_path, http_port=held_port, https_port=free_port()).start()
    assert f"Port {held_port} on 127.0.0.1 is in use by pid {os.getpid()} (" in caught.value.message
    named = "cloudrun config set emulator/http_port PORT, or set CLOUDRUN_HTTP_PORT."
    assert caught.value.hint == f"Choose another port: {named}"
    assert owner(held_port) is not None
    assert owner(free_port()) is None


async def test_a_second_home_cannot_share_the_port_of_the_first(edge: TestEdge, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    second = EnvoyProcess(tmp_path / "second", http_port=free_port(), https_port=edge.https_port)
    with pytest.raises(FailedPrecondition, match=f"pid {edge.envoy.pid} "):
        await second.start()


async def test_a_door_that_somebody_else_holds_is_reported_and_the_others_open(edge: TestEdge, held_port: int) -> None:
    edge.envoy.use_doors([edge.door, held_port])
    async with asyncio.timeout(5):
        while not await edge.envoy.rejected():  # noqa: ASYNC110 - Envoy sends no signal
            await asyncio.sleep(0.02)
    assert await edge.envoy.rejected() == {
        held_port: f"Port {held_port} is in use by {owner(held_port)}.",
    }
    assert envoy_config.door_name(edge.door) in await edge.envoy.admin.listening()
    assert "http" in await edge.envoy.admin.listening()


async def test_a_rejected_door_opens_when_it_is_asked_for_again(edge: TestEdge) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        edge.envoy.use_doors([port])
        async with asyncio.timeout(5):
            while not await edge.envoy.rejected():  # noqa: ASYNC110 - Envoy sends no signal
                await asyncio.sleep(0.02)
    edge.envoy.retry_doors()
    async with asyncio.timeout(5):
        while await edge.envoy.rejected():  # noqa: ASYNC110 - Envoy sends no signal
            await asyncio.sleep(0.02)
    assert envoy_config.door_name(port) in await edge.envoy.admin.listening()


async def test_requests_under_way_finish_before_it_stops(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    held = asyncio.create_task(edge.get("/hold"))
    await eventually(lambda: upstream.running == 1)
    stopping = asyncio.create_task(edge.envoy.drain_and_stop(timedelta(seconds=5)))
    await asyncio.sleep(0.2)
    assert not stopping.done()
    upstream.release.set()
    assert (await held).status_code == 200
    await asyncio.wait_for(stopping, 4)


async def test_the_grace_time_bounds_the_stop(edge: TestEdge, upstream: Upstream) -> None:
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    held = asyncio.create_task(edge.get("/hold"))
    await eventually(lambda: upstream.running == 1)
    began = time.monotonic()
    await edge.envoy.drain_and_stop(timedelta(seconds=0.3))
    assert time.monotonic() - began < 3
    await asyncio.gather(held, return_exceptions=True)


async def test_a_stuck_one_is_stopped_all_the_same(edge: TestEdge) -> None:
    assert edge.envoy.pid is not None
    os.kill(edge.envoy.pid, signal.SIGSTOP)
    stopping = asyncio.create_task(edge.envoy.drain_and_stop(timedelta(0)))
    await asyncio.wait_for(stopping, 20)
    assert edge.envoy.pid is None


async def test_it_hears_no_signal_of_the_terminal_and_holds_none(edge: TestEdge) -> None:
    assert edge.envoy.pid is not None
    assert os.getsid(edge.envoy.pid) == edge.envoy.pid
    assert os.readlink(f"/proc/{edge.envoy.pid}/fd/0") == "/dev/null"


async def test_one_that_ends_while_it_starts_says_why(tmp_path: Path) -> None:
    process = EnvoyProcess(tmp_path, http_port=free_port(), https_port=free_port(), binary=Path("/bin/false"))
    await process.start()
    with pytest.raises(Unavailable, match="ended while it started"):
        await process.wait_ready(5)


async def test_a_state_folder_with_too_long_a_path_is_refused_with_a_way_out(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    with pytest.raises(FailedPrecondition, match="too long for unix sockets"):
        await EnvoyProcess(deep, http_port=free_port(), https_port=free_port()).start()


async def test_the_logs_are_bounded_and_no_request_is_lost_at_the_change(
    edge: TestEdge, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envoy, "REQUESTS_BYTES", 3000)
    monkeypatch.setattr(envoy, "LOG_BYTES", 100)
    monkeypatch.setattr(envoy, "ROTATE_SECONDS", 3 * LOG_SECONDS)  # a file is read before the next takes its place
    edge.gate.use(routes())
    edge.gate.add_instance(ONE, "one", upstream.address)
    watching = asyncio.create_task(edge.envoy.watch())
    for _ in range(90):
        assert (await edge.get()).status_code == 200
        await asyncio.sleep(0.02)
    await eventually(lambda: len(edge.records) == 90)
    watching.cancel()
    assert (edge.state / "requests.jsonl.1").exists()
    assert (edge.state / "requests.jsonl").stat().st_size < 20000
    assert (edge.state / "envoy.log").stat().st_size <= 1000


async def test_what_it_is_told_is_private_to_its_user(edge: TestEdge) -> None:
    for name in ("envoy.json", "envoy.mark", envoy_config.CERTIFICATE_FILE, envoy_config.LISTENERS_FILE):
        assert (edge.state / name).stat().st_mode & 0o077 == 0, name
    assert (edge.state / envoy_config.ADMIN_SOCKET).stat().st_mode & 0o077 == 0
