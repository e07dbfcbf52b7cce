"""What a runtime does with the instances of tasks: found again under their id, and known until they are forgotten."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from cloudrun_cli.runtime.base import Exit, ExitCause, Image, Instance, InstanceSpec, Runtime
from tests.runtime.contract import DEADLINE, RuntimeContract, _generator, a_spec
from tests.runtime.programs import LEAVER, STUBBORN, TALKER


def a_task(image: Image, **changes: Any) -> InstanceSpec:
    """A task's spec: no port, and no PORT in its environment."""
    given = {"service": "nightly", "revision": "nightly-abcde", "task": "3/0", "port": 0, "env": {}}
    return a_spec(image, **given | changes)


class TaskContract(RuntimeContract):
    """For all three runtimes."""

    async def test_a_task_is_no_instance_that_serves(self, runtime: Runtime) -> None:
        task = await runtime.start(a_task(await self.an_image(runtime, TALKER)))
        assert (task.task, task.service, task.revision) == ("3/0", "nightly", "nightly-abcde")
        assert await runtime.instances() == []
        assert await runtime.tasks() == [task]
        assert await runtime.ended(task) is None

    async def test_a_task_started_again_under_its_id_is_found_and_not_run_twice(self, runtime: Runtime) -> None:
        spec = a_task(await self.an_image(runtime, TALKER))
        first = await runtime.start(spec)
        sibling = self.sibling(runtime, same_home=True)
        await sibling.open()
        try:
            assert await sibling.start(spec) == first
        finally:
            await sibling.close()
        assert await runtime.start(spec) == first
        assert await runtime.tasks() == [first]

    async def test_a_task_that_ended_by_itself_is_known_to_the_next_runtime_until_it_is_forgotten(
        self, runtime: Runtime
    ) -> None:
        spec = a_task(await self.an_image(runtime, LEAVER))
        task = await runtime.start(spec)
        first = await _end(runtime, task)
        assert (first.cause, first.code) == (ExitCause.EXITED, 3)
        sibling = self.sibling(runtime, same_home=True)
        await sibling.open()
        try:
            assert await sibling.tasks() == [task]
            assert await sibling.start(spec) == task, "it has run: it must not run again"
            seen = await sibling.ended(task)
            assert seen is not None
            assert (seen.cause, seen.code) == (ExitCause.EXITED, 3)
            assert "goodbye" in [line.text async for line in sibling.logs(task)]
            assert (await sibling.stop(task)).code == 3
            assert await sibling.tasks() == []
        finally:
            await sibling.close()

    async def test_a_task_that_is_ended_stays_known_and_goes_with_the_next_stop(self, runtime: Runtime) -> None:
        task = await runtime.start(a_task(await self.an_image(runtime, STUBBORN)))
        async with aclosing(_generator(runtime.logs(task))) as lines:
            assert (await anext(lines)).text == "staying"
        exit = await asyncio.wait_for(runtime.stop(task, grace=timedelta(seconds=0.3)), DEADLINE)
        assert exit.cause is ExitCause.SIGNALED
        assert exit.signal == 9
        assert await runtime.tasks() == [task]
        assert (await runtime.ended(task)) == exit
        assert await asyncio.wait_for(runtime.stop(task), DEADLINE) == exit
        assert await runtime.tasks() == []

    async def test_a_purge_takes_tasks_too_whether_they_run_or_have_ended(self, runtime: Runtime) -> None:
        await runtime.start(a_task(await self.an_image(runtime, TALKER)))
        ended = await runtime.start(a_task(await self.an_image(runtime, LEAVER)))
        await _end(runtime, ended)
        await asyncio.wait_for(runtime.purge(), DEADLINE)
        assert await runtime.tasks() == []


async def _end(runtime: Runtime, task: Instance) -> Exit:
    async with asyncio.timeout(DEADLINE):
        async for _ in runtime.logs(task):
            pass
        exit = await runtime.ended(task)
    assert exit is not None
    return exit
