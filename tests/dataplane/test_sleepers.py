"""Requests for instances without CPU: who is chosen, who waits, and that nothing is lost when one does not wake."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.dataplane.asking import FakeEnvoy, asking
from tests.dataplane.edge import ONE, routes

FIRST, SECOND = "10.0.0.1:1", "10.0.0.2:1"


@pytest_asyncio.fixture
async def envoy(tmp_path: Path) -> AsyncIterator[FakeEnvoy]:
    async with asking(tmp_path) as one:
        one.gate.use(routes(concurrency=4))
        one.gate.add_instance(ONE, "a", FIRST)
        yield one


async def test_a_request_for_a_sleeper_is_answered_once_it_is_awake(envoy: FakeEnvoy) -> None:
    told: list[tuple[str, bool]] = []
    envoy.on_busy = lambda instance, busy: told.append((instance, busy))
    assert envoy.gate.sleepers.sleep("a")
    question = await envoy.ask()
    await envoy.beat()
    assert question.waits
    assert told == [("a", True)]
    envoy.gate.sleepers.wake("a")
    assert (await question.answer()).address == FIRST


async def test_an_instance_with_a_request_or_on_its_way_out_is_not_put_to_sleep(envoy: FakeEnvoy) -> None:
    question = await envoy.ask()
    await question.answer()
    assert not envoy.gate.sleepers.sleep("a")
    await envoy.ended(question.id, FIRST)
    assert envoy.gate.sleepers.sleep("a")
    envoy.gate.sleepers.wake("a")
    envoy.gate.retire_instance("a")
    assert not envoy.gate.sleepers.sleep("a")
    assert not envoy.gate.sleepers.sleep("nobody")


async def test_one_that_is_awake_is_preferred_until_it_is_busy(envoy: FakeEnvoy) -> None:
    envoy.gate.add_instance(ONE, "b", SECOND)
    assert envoy.gate.sleepers.sleep("a")
    served = [(await question.answer()).address for question in await envoy.ask_all(2)]
    assert served == [SECOND, SECOND]
    third = await envoy.ask()  # above 60 % of four
    await envoy.beat()
    assert third.waits
    envoy.gate.sleepers.wake("a")
    assert (await third.answer()).address == FIRST


async def test_a_sleeper_takes_no_more_than_its_concurrency(envoy: FakeEnvoy) -> None:
    assert envoy.gate.sleepers.sleep("a")
    questions = await envoy.ask_all(6)
    assert all(question.waits for question in questions)
    assert envoy.gate.load()[ONE].waiting == 2
    envoy.gate.sleepers.wake("a")
    assert {(await question.answer()).address for question in questions[:4]} == {FIRST}
    assert all(question.waits for question in questions[4:])
    await envoy.ended(questions[0].id, FIRST)
    assert (await questions[4].answer()).address == FIRST


async def test_a_caller_who_leaves_a_sleeper_gives_its_slot_back(envoy: FakeEnvoy) -> None:
    told: list[bool] = []
    envoy.on_busy = lambda instance, busy: told.append(busy)
    assert envoy.gate.sleepers.sleep("a")
    question = await envoy.ask()
    await envoy.beat()
    await question.leave()
    await envoy.beat()
    assert told == [True, False]
    assert envoy.gate.load()[ONE].in_flight == 0
    await envoy.ended(question.id, None, how="DC downstream_remote_disconnect")
    envoy.gate.sleepers.wake("a")
    assert envoy.gate.load()[ONE].in_flight == 0


async def test_what_waited_for_one_that_is_gone_is_served_by_another(envoy: FakeEnvoy) -> None:
    assert envoy.gate.sleepers.sleep("a")
    questions = await envoy.ask_all(2)
    envoy.gate.add_instance(ONE, "b", SECOND)
    assert all(question.waits for question in questions)
    envoy.gate.retire_instance("a")
    envoy.gate.drop_instance("a")
    answers = await asyncio.gather(*(question.answer() for question in questions))
    assert {answer.address for answer in answers} == {SECOND}


async def test_what_waited_for_the_only_one_waits_for_a_new_instance(envoy: FakeEnvoy) -> None:
    assert envoy.gate.sleepers.sleep("a")
    question = await envoy.ask()
    await envoy.beat()
    envoy.gate.drop_instance("a")
    assert envoy.demands == [ONE]
    assert question.waits
    envoy.gate.add_instance(ONE, "b", SECOND)
    assert (await question.answer()).address == SECOND


@pytest.mark.parametrize("first", ["asleep", "not ready"])
async def test_a_sleeper_that_is_not_ready_is_not_chosen(envoy: FakeEnvoy, first: str) -> None:
    for step in ("asleep", "not ready") if first == "asleep" else ("not ready", "asleep"):
        envoy.gate.sleepers.sleep("a") if step == "asleep" else envoy.gate.pause_instance("a", paused=True)
    question = await envoy.ask()
    await envoy.beat()
    assert envoy.gate.load()[ONE].waiting == 1
    envoy.gate.sleepers.wake("a")
    await envoy.beat()
    assert question.waits
    envoy.gate.pause_instance("a", paused=False)
    assert (await question.answer()).address == FIRST


async def test_a_dead_envoy_takes_those_along_who_waited_for_a_sleeper(envoy: FakeEnvoy) -> None:
    assert envoy.gate.sleepers.sleep("a")
    await envoy.ask()
    await envoy.beat()
    envoy.gate.forget_envoy()
    assert envoy.gate.load()[ONE].in_flight == 0
    envoy.gate.sleepers.wake("a")
    assert envoy.gate.load()[ONE].in_flight == 0
