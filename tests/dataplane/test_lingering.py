"""Requests that broke off: their slot is free when the app has let go of them, and not before."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from cloudrun_cli.dataplane import lingering
from cloudrun_cli.dataplane.lingering import ESTABLISHED, FIN_WAIT1, FIN_WAIT2, Connections
from tests.dataplane.asking import FakeEnvoy, asking
from tests.dataplane.edge import ONE, eventually, routes


@dataclass
class Pair:
    """A connection to an app: `client` is Envoy's end, `app` the other."""

    client: socket.socket
    app: socket.socket
    ours: str
    theirs: str


@pytest.fixture
def pair() -> Iterator[Pair]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        client = socket.create_connection(listening.getsockname())
        app, _ = listening.accept()
        ours, theirs = ("{}:{}".format(*end) for end in (client.getsockname(), client.getpeername()))
        yield Pair(client, app, ours, theirs)
        client.close()
        app.close()


@pytest_asyncio.fixture
async def envoy(tmp_path: Path) -> AsyncIterator[FakeEnvoy]:
    async with asking(tmp_path) as one:
        one.gate.use(routes(concurrency=1))
        yield one


def test_the_system_tells_whether_the_app_still_has_its_end_open(pair: Pair) -> None:
    connections = Connections()
    half = (pair.ours, pair.theirs)
    assert connections.state(pair.ours, pair.theirs) == ESTABLISHED
    assert half not in connections.half_closed()
    pair.client.close()
    assert connections.state(pair.ours, pair.theirs) in (FIN_WAIT1, FIN_WAIT2)
    assert half in connections.half_closed()
    pair.app.close()
    assert connections.state(pair.ours, pair.theirs) not in (ESTABLISHED, FIN_WAIT1, FIN_WAIT2)
    assert half not in connections.half_closed()


@pytest.mark.parametrize("ours", ["", "-", "nonsense", "[::1]:80", "/a/socket", "1.2.3.4:99999"])
def test_what_is_no_connection_has_no_state(ours: str) -> None:
    assert Connections().state(ours, "127.0.0.1:1") is None


async def _held(envoy: FakeEnvoy, pair: Pair) -> None:
    """The one slot is taken, and its request broke off."""
    envoy.gate.add_instance(ONE, "one", pair.theirs)
    question = await envoy.ask()
    await question.answer()
    pair.client.close()
    await envoy.ended(question.id, pair.theirs, "DC downstream_remote_disconnect", pair.ours)


async def test_a_slot_stays_taken_while_the_app_works_on_for_a_client_that_left(envoy: FakeEnvoy, pair: Pair) -> None:
    await _held(envoy, pair)
    later = await envoy.ask()
    await asyncio.sleep(3 * lingering.GRACE_SECONDS)
    assert later.waits
    pair.app.close()
    assert (await later.answer()).address == pair.theirs


async def test_an_app_whose_connection_was_reset_has_a_moment_to_notice(envoy: FakeEnvoy, pair: Pair) -> None:
    await _held(envoy, pair)
    pair.app.send(b"late")  # nobody is there: both ends are gone at once
    later = await envoy.ask()
    await asyncio.sleep(lingering.GRACE_SECONDS / 3)
    assert later.waits
    assert (await later.answer()).address == pair.theirs


async def test_a_connection_that_goes_on_to_serve_others_holds_no_slot(envoy: FakeEnvoy, pair: Pair) -> None:
    envoy.gate.add_instance(ONE, "one", pair.theirs)
    question = await envoy.ask()
    await question.answer()
    await envoy.ended(
        question.id, pair.theirs, "DC downstream_remote_disconnect", pair.ours
    )  # its answer was whole, but nobody took it
    assert (await (await envoy.ask()).answer()).address == pair.theirs


async def test_a_cancelled_stream_of_http_2_has_a_moment_however_long_its_connection_lives(
    envoy: FakeEnvoy, pair: Pair
) -> None:
    envoy.gate.use(routes(concurrency=1, h2=True))
    envoy.gate.add_instance(ONE, "one", pair.theirs)
    question = await envoy.ask()
    await question.answer()
    await envoy.ended(question.id, pair.theirs, "DR downstream_remote_reset", pair.ours)
    later = await envoy.ask()
    await asyncio.sleep(lingering.GRACE_SECONDS / 3)
    assert later.waits
    assert (await later.answer()).address == pair.theirs


async def test_the_line_in_the_request_log_does_the_same_when_the_message_was_lost(
    envoy: FakeEnvoy, pair: Pair
) -> None:
    envoy.gate.add_instance(ONE, "one", pair.theirs)
    question = await envoy.ask()
    await question.answer()
    pair.client.close()
    envoy.logged(question.id, pair.theirs, rf="DC", ul=pair.ours)
    await eventually(lambda: len(envoy.records) == 1)
    assert envoy.gate.load()[ONE].in_flight == 1
    pair.app.close()
    await eventually(lambda: envoy.gate.load()[ONE].in_flight == 0)


@pytest.mark.parametrize("after", ["daemon", "envoy"])
async def test_what_lingers_is_found_again_after_a_restart(envoy: FakeEnvoy, pair: Pair, after: str) -> None:
    envoy.gate.add_instance(ONE, "one", pair.theirs)
    pair.client.close()
    if after == "daemon":
        envoy.gate.inherit({})
    else:
        envoy.gate.forget_envoy()
    assert envoy.gate.load()[ONE].in_flight == 1
    await envoy.recount({})
    assert envoy.gate.load()[ONE].in_flight == 1
    pair.app.close()
    await eventually(lambda: envoy.gate.load()[ONE].in_flight == 0)


async def test_nothing_lingers_for_ever(envoy: FakeEnvoy, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "LIMIT_SECONDS", 0.05)
    await _held(envoy, pair)
    with contextlib.closing(pair.app):
        assert (await (await envoy.ask()).answer()).address == pair.theirs
