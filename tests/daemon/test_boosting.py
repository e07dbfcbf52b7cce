"""The end of a startup CPU boost, on the scripted runtime. Evidence: documented (Configure CPU limits: 10 seconds after
the instance has started)."""

import asyncio
from datetime import timedelta

import pytest

from cloudrun_cli.core.annotations import STARTUP_BOOST
from cloudrun_cli.daemon import specs
from cloudrun_cli.daemon.boosting import Boosting
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.daemon.runtimes import PROCESS, Runtimes
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.runtime.memory import MemoryRuntime, Script
from tests.builders import a_revision, a_template
from tests.dataplane.edge import eventually
from tests.runtime.contract import a_spec


async def an_instance(runtime: MemoryRuntime, boost: str) -> Member:
    """One that has started, with the CPU that its spec says."""
    runtime.world.add_image("app", Script())
    revision = a_revision("hello-00001-abc", template=a_template(annotations={STARTUP_BOOST: boost}))
    (spec,) = specs.of_revision("i-1", revision, "/home")
    digest = (await runtime.resolve("app")).digest
    instance = await runtime.start(
        a_spec(await runtime.resolve(digest), cpu_millis=spec.cpu_millis, container=spec.container)
    )
    return Member(instance.id, revision, 0.0, instance=instance)


@pytest.mark.parametrize(("boost", "at_start"), [("true", 2000), ("false", 1000)])
async def test_an_instance_has_its_own_limit_once_the_boost_is_over(boost: str, at_start: int) -> None:
    runtime = MemoryRuntime("home")
    member = await an_instance(runtime, boost)
    assert member.instance is not None
    assert runtime.cpu_of(member.instance) == at_start
    async with asyncio.TaskGroup() as group:
        runtimes = Runtimes(PROCESS, runtime, lambda: runtime)
        Boosting(runtimes, Tasks(group), timedelta(seconds=0.05)).watch(member)
        await asyncio.sleep(0.01)
        assert runtime.cpu_of(member.instance) == at_start
        await eventually(lambda: member.instance is not None and runtime.cpu_of(member.instance) == 1000)


async def test_an_instance_that_is_not_wanted_any_more_is_not_waited_for() -> None:
    runtime = MemoryRuntime("home")
    member = await an_instance(runtime, "true")
    async with asyncio.timeout(2), asyncio.TaskGroup() as group:
        runtimes = Runtimes(PROCESS, runtime, lambda: runtime)
        Boosting(runtimes, Tasks(group), timedelta(seconds=60)).watch(member)
        member.retired.set()
