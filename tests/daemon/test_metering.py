"""The meter: CPUs in use, from two measurements, as long as somebody asks."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from cloudrun_cli.core.errors import EngineUnavailable
from cloudrun_cli.core.resources import RevisionName, RevisionRef
from cloudrun_cli.daemon.metering import CpuMeter
from cloudrun_cli.runtime.base import Instance, Usage

A, B = (RevisionRef("demo", "us-central1", RevisionName(name)) for name in ("a-1", "b-1"))


def an_instance(name: str, runtime: str = "memory") -> Instance:
    return Instance(name, "demo", "us-central1", "a", "a-1", "ip:80", 80, datetime(2026, 1, 1, tzinfo=UTC), runtime, "")


class Engine:
    """In a runtime's place: says what the test says, and counts how often it is asked."""

    def __init__(self) -> None:
        self.used: dict[str, float] = {}
        self.asked: list[list[str]] = []
        self.broken = False

    async def usage(self, instances: Sequence[Instance]) -> dict[str, Usage]:
        self.asked.append([instance.id for instance in instances])
        if self.broken:
            raise EngineUnavailable("away")
        return {i.id: Usage(self.used[i.id], 0) for i in instances if i.id in self.used}


class Stage:
    """Two revisions on one engine, and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.engine = Engine()
        self.running = {A: [an_instance("a1"), an_instance("a2")], B: [an_instance("b1")]}
        self.meter = CpuMeter(lambda ref: self.running[ref], lambda one: self.engine, lambda: 100.0, lambda: self.now)

    async def measure(self, **used: float) -> None:
        self.engine.used |= used
        await self.meter.measure()


async def test_what_all_instances_of_a_revision_use_comes_from_two_measurements() -> None:
    stage = Stage()
    assert stage.meter.cpus(A) == 0.0
    await stage.measure(a1=30.0, a2=5.0, b1=7.0)  # what it took to start is no load
    assert stage.meter.cpus(A) == 0.0
    stage.now += 2.0
    await stage.measure(a1=31.0, a2=7.0)
    assert stage.meter.cpus(A) == pytest.approx(1.5)
    assert stage.engine.asked == [["a1", "a2"]] * 2  # of the other, nobody asked


async def test_one_that_is_new_or_gone_adds_nothing() -> None:
    stage = Stage()
    stage.meter.cpus(A)
    await stage.measure(a1=1.0, a2=1.0)
    stage.running[A] = [an_instance("a2"), an_instance("a3")]
    stage.now += 1.0
    await stage.measure(a2=1.25, a3=50.0)
    assert stage.meter.cpus(A) == pytest.approx(0.25)


async def test_an_engine_that_is_away_is_no_load_and_the_next_answer_counts_from_then_on() -> None:
    stage = Stage()
    stage.meter.cpus(A)
    await stage.measure(a1=1.0)
    stage.engine.broken = True
    await stage.measure()
    assert stage.meter.cpus(A) == 0.0
    stage.engine.broken = False
    await stage.measure(a1=9.0)
    assert stage.meter.cpus(A) == 0.0
    stage.now += 1.0
    await stage.measure(a1=9.5)
    assert stage.meter.cpus(A) == pytest.approx(0.5)


async def test_it_measures_only_as_long_as_somebody_asks() -> None:
    stage = Stage()
    running = asyncio.create_task(stage.meter.run())
    await asyncio.sleep(0.01)
    assert stage.engine.asked == []
    stage.meter.cpus(A)
    await asyncio.sleep(0.01)
    assert len(stage.engine.asked) == 1
    stage.now += 60.0
    await asyncio.sleep(0.6)  # its pause: it finds that nobody has asked for long
    stage.now += 60.0
    await asyncio.sleep(0.6)
    assert len(stage.engine.asked) <= 2
    running.cancel()
