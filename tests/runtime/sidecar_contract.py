"""What a runtime does with several containers in one instance, whatever it runs them on; for memory and docker."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloudrun_cli.core.errors import ImageNotFound
from cloudrun_cli.runtime.base import ExitCause, Image, Instance, LogLine, Runtime
from tests.runtime.contract import DEADLINE, RuntimeContract, _all_lines, _generator, _next, _said, a_spec
from tests.runtime.programs import LEAVER, LOOPBACK, SERVER, STUBBORN, TALKER, Program

NAMES = ("app", "side")


class SidecarContract(RuntimeContract):
    """An instance of `app` and `side`."""

    async def pair(self, runtime: Runtime, first: Program, second: Program, **changes: Any) -> Instance:
        """Started and joined, in this order."""
        images = [await self.an_image(runtime, program) for program in (first, second)]
        app, side = self.specs(*images, **changes)
        instance = await runtime.start(app)
        await runtime.join(instance, side)
        return instance

    def specs(self, first: Image, second: Image, **changes: Any) -> Any:
        app = a_spec(first, container="app", containers=NAMES, **changes)
        side = replace(app, digest=second.digest, container="side", env={"K_SERVICE": "hello"})
        return app, side

    async def test_an_instance_of_two_containers_is_one_instance(self, runtime: Runtime) -> None:
        instance = await self.pair(runtime, SERVER, TALKER)
        assert instance.containers == NAMES
        assert await runtime.instances() == [instance]
        assert await runtime.ended(instance) is None

    async def test_the_lines_of_all_containers_come_with_their_names(self, runtime: Runtime) -> None:
        instance = await self.pair(runtime, SERVER, TALKER)
        reading = asyncio.create_task(_all_lines(runtime, instance))
        await _said(runtime, instance, "three")
        await _said(runtime, instance, "ready")
        await runtime.stop(instance)
        lines = await asyncio.wait_for(reading, DEADLINE)
        said = [(line.container, line.text) for line in lines]
        assert [text for name, text in said if name == "app"] == ["ready"]
        assert [text for name, text in said if name == "side"] == ["one", "two", "three"]

    async def test_their_lines_are_read_on_from_a_cursor_without_a_gap_or_a_double(self, runtime: Runtime) -> None:
        instance = await self.pair(runtime, TALKER, TALKER)
        seen: list[LogLine] = []
        async with asyncio.timeout(DEADLINE), aclosing(_generator(runtime.logs(instance))) as lines:
            while len(seen) < 6:
                seen.append(await anext(lines))
        for position, line in enumerate(seen):
            rest = {(one.container, one.text) for one in seen[position + 1 :]}
            async with aclosing(_generator(runtime.logs(instance, after=line.cursor))) as lines:
                again = [await _next(lines) for _ in rest]
            assert {(one.container, one.text) for one in again} == rest
            assert len(again) == len(rest)

    async def test_a_stop_ends_all_of_them_each_in_its_own_way(self, runtime: Runtime) -> None:
        exits = runtime.exits()
        instance = await self.pair(runtime, TALKER, TALKER)
        for name in NAMES:
            await self._has_said(runtime, instance, name, "three")
        exit = await runtime.stop(instance, grace=timedelta(seconds=10))
        assert (exit.instance, exit.cause, exit.code) == (instance.id, ExitCause.EXITED, 0)
        assert await runtime.instances() == []
        leaver = await runtime.start(a_spec(await self.an_image(runtime, LEAVER)))
        assert (await _next(exits)).instance == leaver.id  # no end of the stopped one was told

    async def test_one_that_ignores_sigterm_is_killed_after_the_grace(self, runtime: Runtime) -> None:
        instance = await self.pair(runtime, TALKER, STUBBORN)
        await self._has_said(runtime, instance, "side", "staying")
        exit = await runtime.stop(instance, grace=timedelta(seconds=1))
        assert (exit.cause, exit.signal) == (ExitCause.SIGNALED, 9)
        assert await runtime.instances() == []

    async def test_without_a_grace_nobody_is_asked_to_leave(self, runtime: Runtime) -> None:
        instance = await self.pair(runtime, TALKER, TALKER)
        await self._has_said(runtime, instance, "side", "three")
        exit = await runtime.stop(instance, grace=timedelta(0))
        assert (exit.cause, exit.signal) == (ExitCause.SIGNALED, 9)

    async def test_the_end_of_one_is_the_end_of_all_and_names_it(self, runtime: Runtime) -> None:
        exits = runtime.exits()
        instance = await self.pair(runtime, TALKER, LEAVER)
        told = await _next(exits)
        assert (told.instance, told.cause, told.code, told.container) == (instance.id, ExitCause.EXITED, 3, "side")
        assert await runtime.instances() == []
        lines = await asyncio.wait_for(_all_lines(runtime, instance), DEADLINE)
        assert "goodbye" in [line.text for line in lines if line.container == "side"]

    async def test_a_container_that_cannot_join_leaves_the_others_as_they_were(self, runtime: Runtime) -> None:
        image = await self.an_image(runtime, TALKER)
        unknown = replace(image, digest=f"registry.invalid/gone@sha256:{'0' * 64}")
        app, side = self.specs(image, unknown)
        instance = await runtime.start(app)
        with pytest.raises(ImageNotFound):
            await runtime.join(instance, side)
        assert await runtime.instances() == [instance]
        assert (await runtime.stop(instance)).instance == instance.id

    async def test_sockets_of_all_are_seen(self, runtime: Runtime) -> None:
        images = [await self.an_image(runtime, program) for program in (SERVER, LOOPBACK)]
        app, side = self.specs(*images)
        instance = await runtime.start(app)
        await runtime.join(instance, replace(side, env={"PORT": "9000"}))
        await self._has_said(runtime, instance, "app", "ready")
        await self._has_said(runtime, instance, "side", "ready")
        assert "127.0.0.1" in [at.host for at in await runtime.listening(instance)]
        assert "0.0.0.0" in [at.host for at in await runtime.listening(instance)]

    async def test_a_new_runtime_of_the_same_home_adopts_all_of_it(self, runtime: Runtime) -> None:
        instance = await self.pair(runtime, TALKER, TALKER)
        for name in NAMES:
            await self._has_said(runtime, instance, name, "three")
        successor = self.sibling(runtime, same_home=True)
        await successor.open()
        try:
            assert await successor.instances() == [instance]
            await self._has_said(successor, instance, "side", "three")
            assert (await successor.stop(instance)).cause is ExitCause.EXITED
            assert await successor.instances() == []
        finally:
            await successor.close()

    async def _has_said(self, runtime: Runtime, instance: Instance, container: str, text: str) -> None:
        async with asyncio.timeout(DEADLINE), aclosing(_generator(runtime.logs(instance))) as lines:
            async for line in lines:
                if (line.container, line.text) == (container, text):
                    return
        raise AssertionError(f"{container} left without saying {text!r}")
