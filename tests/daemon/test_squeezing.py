"""CPU between requests, on the scripted runtime and the real gate. Evidence: documented (billing settings: CPU is
allocated only while requests are processed)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloudrun_cli.core.annotations import CPU_THROTTLING
from cloudrun_cli.core.errors import Unavailable
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.daemon.runtimes import PROCESS, Runtimes
from cloudrun_cli.daemon.squeezing import Squeezing
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.runtime.base import Instance
from cloudrun_cli.runtime.memory import MemoryRuntime, Script
from tests.builders import a_revision, a_template
from tests.dataplane.asking import FakeEnvoy, asking
from tests.dataplane.edge import ONE, eventually, routes
from tests.runtime.contract import a_spec

ADDRESS = "192.0.2.1:8080"
GRACE = 0.1  # seconds
LONG = 0.25  # without CPU being taken, when it is not to be taken


class Slow(MemoryRuntime):
    """Takes its time for each change, and counts them; `broken`: as many releases fail."""

    def __init__(self) -> None:
        super().__init__("home")
        self.changes: list[str] = []
        self.broken = 0
        self.taking = asyncio.Event()

    async def squeeze(self, instance: Instance) -> None:
        self.taking.set()
        await asyncio.sleep(0.02)
        await super().squeeze(instance)
        self.changes.append("squeeze")

    async def release(self, instance: Instance) -> None:
        await asyncio.sleep(0.02)
        if self.broken:
            self.broken -= 1
            raise Unavailable("The engine stumbles.")
        await super().release(instance)
        self.changes.append("release")


class Stage:
    """One instance that is open to requests, and who takes its CPU."""

    def __init__(self, envoy: FakeEnvoy, group: asyncio.TaskGroup) -> None:
        self.envoy, self.runtime = envoy, Slow()
        runtimes = Runtimes(PROCESS, self.runtime, lambda: self.runtime)
        self.squeezing = Squeezing(envoy.gate.sleepers, runtimes, Tasks(group), grace_seconds=GRACE)
        self.stuck: list[str] = []
        self.squeezing.stuck = self.stuck.append
        envoy.on_busy = self.squeezing.busy

    async def open(self, throttling: str = "true") -> Member:
        self.runtime.world.add_image("app", Script())
        instance = await self.runtime.start(a_spec(await self.runtime.resolve("app")))
        template = a_template(annotations={CPU_THROTTLING: throttling})
        self.member = Member(instance.id, a_revision("hello-00001-abc", template=template), 0.0, instance=instance)
        self.envoy.gate.use(routes(concurrency=2))
        self.envoy.gate.add_instance(ONE, instance.id, ADDRESS)
        self.squeezing.watch(self.member)
        return self.member

    async def is_squeezed(self) -> bool:
        return bool(await self.runtime.squeezed())

    async def until_squeezed(self) -> None:
        """Returns once its CPU is taken, and whoever took it knows."""
        count = self.runtime.changes.count("release")
        await eventually(lambda: self.runtime.changes.count("squeeze") > count)
        await asyncio.sleep(0)
        assert await self.is_squeezed()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with asking(tmp_path) as envoy, asyncio.TaskGroup() as group:
        stage = Stage(envoy, group)
        await stage.open()
        stage.squeezing.begin()
        yield stage


async def test_cpu_is_taken_when_nothing_is_in_flight_and_back_before_a_request_is_sent(stage: Stage) -> None:
    await stage.until_squeezed()
    question = await stage.envoy.ask()
    assert (await question.answer()).address == ADDRESS
    assert not await stage.is_squeezed()
    await asyncio.sleep(LONG)
    assert not await stage.is_squeezed()  # the request is still in flight
    await stage.envoy.ended(question.id, ADDRESS)
    await stage.until_squeezed()


async def test_short_gaps_between_requests_change_nothing(stage: Stage) -> None:
    for _ in range(8):
        question = await stage.envoy.ask()
        await question.answer()
        await stage.envoy.ended(question.id, ADDRESS)
        await asyncio.sleep(GRACE / 4)
    assert stage.runtime.changes == []


async def test_a_request_that_comes_while_cpu_is_being_taken_gets_an_answer(stage: Stage) -> None:
    for _ in range(20):
        await asyncio.wait_for(stage.runtime.taking.wait(), 5)
        stage.runtime.taking.clear()
        question = await stage.envoy.ask()
        assert (await question.answer()).address == ADDRESS
        assert not await stage.is_squeezed()
        await stage.envoy.ended(question.id, ADDRESS)
    assert stage.runtime.changes == ["squeeze", "release"] * 20


async def test_whoever_needs_cpu_has_it_and_afterwards_it_is_gone_again(stage: Stage) -> None:
    await stage.until_squeezed()
    for _ in range(3):
        async with stage.squeezing.cpu(stage.member.id):
            assert not await stage.is_squeezed()
            await asyncio.sleep(LONG)
            assert not await stage.is_squeezed()
        await stage.until_squeezed()


async def test_one_that_is_to_end_goes_on_for_good(stage: Stage) -> None:
    await stage.until_squeezed()
    stage.envoy.gate.retire_instance(stage.member.id)
    await stage.squeezing.let_go(stage.member.id)
    assert not await stage.is_squeezed()
    await asyncio.sleep(LONG)
    assert not await stage.is_squeezed()


async def test_an_engine_that_stumbles_is_asked_again(stage: Stage) -> None:
    await stage.until_squeezed()
    stage.runtime.broken = 2
    assert (await (await stage.envoy.ask()).answer()).address == ADDRESS
    assert stage.stuck == []


async def test_one_that_does_not_come_back_is_told_of(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudrun_cli.daemon.squeezing.RELEASE_SECONDS", 0.2)
    await stage.until_squeezed()
    stage.runtime.broken = 1000
    question = await stage.envoy.ask()
    await eventually(lambda: stage.stuck == [stage.member.id])
    assert question.waits
    stage.envoy.gate.drop_instance(stage.member.id)
    stage.envoy.gate.add_instance(ONE, "next", "192.0.2.2:8080")
    assert (await question.answer()).address == "192.0.2.2:8080"


async def test_instance_based_billing_keeps_its_cpu(tmp_path: Path) -> None:
    async with asking(tmp_path) as envoy, asyncio.TaskGroup() as group:
        stage = Stage(envoy, group)
        await stage.open(throttling="false")
        stage.squeezing.begin()
        await asyncio.sleep(LONG)
        assert not await stage.is_squeezed()
        assert (await (await envoy.ask()).answer()).address == ADDRESS
    assert stage.runtime.changes == []


async def test_nothing_is_taken_before_it_is_known_what_is_in_flight(tmp_path: Path) -> None:
    async with asking(tmp_path) as envoy, asyncio.TaskGroup() as group:
        stage = Stage(envoy, group)
        await stage.open()
        await asyncio.sleep(LONG)
        assert stage.runtime.changes == []
        envoy.gate.inherit({ADDRESS: 1})
        stage.squeezing.begin()
        await asyncio.sleep(LONG)
        assert stage.runtime.changes == []
        await envoy.recount({ADDRESS: 0})
        await stage.until_squeezed()
