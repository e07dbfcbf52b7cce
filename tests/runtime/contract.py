"""What every runtime does, whatever it runs on. `RuntimeContract` holds for all three; `ProgramContract` adds what only
real programs can show, for docker and process.

A runtime's tests subclass these and give three things: the fixture `runtime` (open, and purged and closed afterwards),
`an_image` and `sibling`.
"""

import asyncio
import json
import os
import secrets
import signal
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
import pytest

from cloudrun_cli.core.errors import ImageNotFound, StartFailed
from cloudrun_cli.runtime.base import ExitCause, Image, Instance, InstanceSpec, LogLine, Runtime
from tests.runtime.programs import BURNER, LEAVER, LOOPBACK, SERVER, STUBBORN, TALKER, Program

DEADLINE = 30.0  # seconds; no wait of the contract is longer, a healthy runtime needs far less
MIB = 1024 * 1024
T = TypeVar("T")


def a_spec(image: Image, **changes: Any) -> InstanceSpec:
    """A spec with an id of its own, ready to start."""
    spec = InstanceSpec(
        id=f"i-{secrets.token_hex(6)}",
        project="demo",
        region="us-central1",
        service="hello",
        revision="hello-00001-abc",
        digest=image.digest,
        env={"PORT": "8080", "K_SERVICE": "hello"},
        port=8080,
        cpu_millis=1000,
        memory_bytes=256 * MIB,
    )
    return replace(spec, **changes)


class RuntimeContract(ABC):
    """The contract that a scripted runtime keeps as well as a real one."""

    @abstractmethod
    async def an_image(self, runtime: Runtime, program: Program) -> Image:
        """An image of this runtime that starts `python3 main.py` with the program's source as main.py."""

    @abstractmethod
    def sibling(self, runtime: Runtime, *, same_home: bool) -> Runtime:
        """Another runtime, not open yet: of the same home (as after a restart of the daemon), or of another one."""

    async def test_what_was_started_is_listed_with_all_its_names(self, runtime: Runtime) -> None:
        spec = a_spec(await self.an_image(runtime, SERVER), service="shop", revision="shop-00002-xyz")
        instance = await runtime.start(spec)
        assert (instance.id, instance.project, instance.region) == (spec.id, "demo", "us-central1")
        assert (instance.service, instance.revision, instance.runtime) == ("shop", "shop-00002-xyz", runtime.name)
        host, _, port = instance.address.rpartition(":")
        assert host
        assert int(port) > 0
        assert await runtime.instances() == [instance]
        assert await runtime.ended(instance) is None

    async def test_a_stopped_instance_leaves_in_its_own_way_and_is_gone(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, TALKER)))
        await _said(runtime, instance, "three")
        exit = await runtime.stop(instance, grace=timedelta(seconds=10))
        assert (exit.instance, exit.cause, exit.code) == (instance.id, ExitCause.EXITED, 0)
        assert await runtime.instances() == []
        assert await runtime.ended(instance) == exit
        assert await runtime.stop(instance) == exit

    async def test_an_instance_that_ignores_sigterm_is_killed_after_the_grace(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, STUBBORN)))
        await _said(runtime, instance, "staying")
        exit = await runtime.stop(instance, grace=timedelta(seconds=1))
        assert (exit.cause, exit.signal) == (ExitCause.SIGNALED, 9)
        assert await runtime.instances() == []

    async def test_an_end_nobody_asked_for_is_told_once_with_its_code(self, runtime: Runtime) -> None:
        exits = runtime.exits()  # counts from the call, not from the first step
        image = await self.an_image(runtime, LEAVER)
        first = await runtime.start(a_spec(image))
        told = await _next(exits)
        assert (told.instance, told.cause, told.code) == (first.id, ExitCause.EXITED, 3)
        second = await runtime.start(a_spec(image))
        assert (await _next(exits)).instance == second.id
        assert await runtime.instances() == []
        ended = await runtime.ended(first)
        assert ended is not None
        assert (ended.cause, ended.code) == (ExitCause.EXITED, 3)

    async def test_a_stop_is_no_unexpected_end(self, runtime: Runtime) -> None:
        exits = runtime.exits()
        stopped = await runtime.start(a_spec(await self.an_image(runtime, TALKER)))
        await _said(runtime, stopped, "three")
        await runtime.stop(stopped)
        leaver = await runtime.start(a_spec(await self.an_image(runtime, LEAVER)))
        assert (await _next(exits)).instance == leaver.id

    async def test_lines_come_in_order_with_their_streams_and_end_with_the_instance(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, TALKER)))
        reading = asyncio.create_task(_all_lines(runtime, instance))
        await _said(runtime, instance, "three")
        await runtime.stop(instance)
        lines = await asyncio.wait_for(reading, DEADLINE)
        assert [(line.stream, line.text) for line in lines] == [
            ("stdout", "one"),
            ("stderr", "two"),
            ("stdout", "three"),
        ]
        assert {line.instance for line in lines} == {instance.id}
        assert [line.at for line in lines] == sorted(line.at for line in lines)

    async def test_lines_are_read_on_from_a_cursor_without_a_gap_or_a_double(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, TALKER)))
        seen = await _said(runtime, instance, "three")
        for position, line in enumerate(seen):
            rest = seen[position + 1 :]
            async with aclosing(_generator(runtime.logs(instance, after=line.cursor))) as lines:
                assert [await _next(lines) for _ in rest] == rest

    async def test_the_last_words_of_an_instance_that_left_can_still_be_read(self, runtime: Runtime) -> None:
        exits = runtime.exits()
        instance = await runtime.start(a_spec(await self.an_image(runtime, LEAVER)))
        await _next(exits)
        lines = await asyncio.wait_for(_all_lines(runtime, instance), DEADLINE)
        assert [line.text for line in lines] == ["goodbye"]

    async def test_an_app_that_listens_on_loopback_only_can_be_told(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, LOOPBACK)))
        await _said(runtime, instance, "ready")
        assert [(at.host, at.port) for at in await runtime.listening(instance)] == [("127.0.0.1", instance.port)]

    async def test_an_app_that_listens_everywhere_can_be_told(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, SERVER)))
        await _said(runtime, instance, "ready")
        assert [(at.host, at.port) for at in await runtime.listening(instance)] == [("0.0.0.0", instance.port)]

    async def test_a_new_runtime_of_the_same_home_adopts_what_runs(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, TALKER)))
        await _said(runtime, instance, "three")
        successor = self.sibling(runtime, same_home=True)
        await successor.open()
        try:
            assert await successor.instances() == [instance]
            assert [line.text for line in await _said(successor, instance, "three")] == ["one", "two", "three"]
            exit = await successor.stop(instance)
            assert exit.instance == instance.id
            assert await successor.instances() == []
        finally:
            await successor.close()

    async def test_what_runs_outlives_the_runtime_that_started_it(self, runtime: Runtime) -> None:
        image = await self.an_image(runtime, TALKER)
        starter = self.sibling(runtime, same_home=True)
        await starter.open()
        instance = await starter.start(a_spec(image))
        await starter.close()
        assert await runtime.instances() == [instance]

    async def test_a_runtime_of_another_home_neither_sees_nor_purges_it(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, TALKER)))
        stranger = self.sibling(runtime, same_home=False)
        await stranger.open()
        try:
            assert await stranger.instances() == []
            await stranger.purge()
        finally:
            await stranger.close()
        assert await runtime.instances() == [instance]

    async def test_a_purge_ends_everything_and_keeps_the_images(self, runtime: Runtime) -> None:
        image = await self.an_image(runtime, TALKER)
        for _ in range(2):
            await runtime.start(a_spec(image))
        await asyncio.wait_for(runtime.purge(), DEADLINE)
        assert await runtime.instances() == []
        again = await runtime.start(a_spec(image))
        assert await runtime.instances() == [again]

    async def test_an_image_is_found_again_by_its_digest(self, runtime: Runtime) -> None:
        image = await self.an_image(runtime, TALKER)
        assert "@sha256:" in image.digest
        assert (await runtime.resolve(image.digest)).digest == image.digest

    async def test_an_unknown_image_is_refused_by_its_name(self, runtime: Runtime) -> None:
        with pytest.raises(ImageNotFound, match="no-such-image") as refusal:
            await runtime.resolve("registry.invalid/no-such-image:1")
        assert refusal.value.hint

    async def test_a_digest_that_was_never_kept_does_not_start(self, runtime: Runtime) -> None:
        image = await self.an_image(runtime, TALKER)
        unknown = replace(image, digest=f"registry.invalid/gone@sha256:{'0' * 64}")
        with pytest.raises(ImageNotFound):
            await runtime.start(a_spec(unknown))
        assert await runtime.instances() == []

    async def test_a_command_that_is_not_in_the_image_is_a_failed_start(self, runtime: Runtime) -> None:
        exits = runtime.exits()
        image = await self.an_image(runtime, LEAVER)
        with pytest.raises(StartFailed, match="no-such-program"):
            await runtime.start(a_spec(image, command=("no-such-program",)))
        assert await runtime.instances() == []
        leaver = await runtime.start(a_spec(image))
        assert (await _next(exits)).instance == leaver.id  # the one that never ran has no end to tell

    async def test_a_squeezed_instance_is_known_as_such_until_it_is_released(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, TALKER)))
        await _said(runtime, instance, "three")
        assert await runtime.squeezed() == frozenset()
        for _ in range(2):  # the second time nothing happens
            await runtime.squeeze(instance)
            assert await runtime.squeezed() == {instance.id}
        assert await runtime.instances() == [instance]
        assert await runtime.ended(instance) is None
        for _ in range(2):
            await runtime.release(instance)
            assert await runtime.squeezed() == frozenset()

    async def test_a_squeezed_instance_that_is_stopped_leaves_in_its_own_way(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, TALKER)))
        await _said(runtime, instance, "three")
        await runtime.squeeze(instance)
        exit = await asyncio.wait_for(runtime.stop(instance, grace=timedelta(seconds=10)), DEADLINE)
        assert (exit.cause, exit.code) == (ExitCause.EXITED, 0)

    async def test_a_squeezed_instance_can_be_purged(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, TALKER)))
        await _said(runtime, instance, "three")
        await runtime.squeeze(instance)
        await asyncio.wait_for(runtime.purge(), DEADLINE)
        assert await runtime.instances() == []

    async def test_a_new_runtime_of_the_same_home_releases_what_an_earlier_one_squeezed(self, runtime: Runtime) -> None:
        image = await self.an_image(runtime, TALKER)
        earlier = self.sibling(runtime, same_home=True)
        await earlier.open()
        instance = await earlier.start(a_spec(image))
        await _said(earlier, instance, "three")
        await earlier.squeeze(instance)
        await earlier.close()
        successor = self.sibling(runtime, same_home=True)
        await successor.open()
        try:
            assert await successor.squeezed() == {instance.id}
            await successor.release(instance)
            assert await successor.squeezed() == frozenset()
        finally:
            await successor.close()

    async def test_nothing_is_squeezed_released_or_measured_of_an_instance_that_is_gone(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, TALKER)))
        await _said(runtime, instance, "three")
        await runtime.stop(instance)
        await runtime.squeeze(instance)
        await runtime.release(instance)
        await runtime.limit_cpu(instance, {"": 500})
        assert await runtime.squeezed() == frozenset()
        assert await runtime.usage([instance]) == {}

    async def test_usage_is_told_of_every_instance_that_runs(self, runtime: Runtime) -> None:
        image = await self.an_image(runtime, TALKER)
        instances = [await runtime.start(a_spec(image)) for _ in range(2)]
        for instance in instances:
            await _said(runtime, instance, "three")
        used = await runtime.usage(instances)
        assert set(used) == {instance.id for instance in instances}
        assert all(one.cpu_seconds >= 0 and one.memory_bytes >= 0 for one in used.values())


class ProgramContract(RuntimeContract):
    """What only a real program can show."""

    async def test_squeezed_nothing_in_it_goes_on_and_released_all_of_it_does(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, BURNER)))
        await _said(runtime, instance, "ready")
        for _ in range(3):
            await runtime.squeeze(instance)
            before = (await runtime.usage([instance]))[instance.id]
            await asyncio.sleep(0.3)
            after = (await runtime.usage([instance]))[instance.id]
            assert after.cpu_seconds - before.cpu_seconds < 0.006  # 2 % of the time
            await runtime.release(instance)
            first = await _counts(instance)
            assert await _have_advanced(instance, first)

    async def test_one_that_is_killed_while_squeezed_ends_and_is_told(self, runtime: Runtime) -> None:
        exits = runtime.exits()
        instance = await runtime.start(a_spec(await self.an_image(runtime, BURNER)))
        await _said(runtime, instance, "ready")
        await runtime.squeeze(instance)
        os.kill(await self.pid_of(instance), signal.SIGKILL)
        told = await _next(exits)
        assert (told.instance, told.cause, told.signal) == (instance.id, ExitCause.SIGNALED, 9)

    @abstractmethod
    async def pid_of(self, instance: Instance) -> int:
        """The number of its main process on this machine."""

    async def test_usage_grows_with_what_it_does(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, BURNER)))
        await _said(runtime, instance, "ready")
        before = (await runtime.usage([instance]))[instance.id]
        await asyncio.sleep(0.5)
        after = (await runtime.usage([instance]))[instance.id]
        assert 0.05 < after.cpu_seconds - before.cpu_seconds < 2.0
        assert 1 * MIB < after.memory_bytes < 256 * MIB

    async def test_less_cpu_is_held_from_the_moment_it_is_set_also_while_squeezed(self, runtime: Runtime) -> None:
        instance = await runtime.start(a_spec(await self.an_image(runtime, BURNER), cpu_millis=2000))
        await _said(runtime, instance, "ready")
        await runtime.squeeze(instance)
        await runtime.limit_cpu(instance, {"": 200})
        assert await runtime.squeezed() == {instance.id}
        await runtime.release(instance)
        if not self.bounds_cpu(runtime):
            pytest.skip("this runtime cannot bound CPU here")
        await asyncio.sleep(0.2)
        before = (await runtime.usage([instance]))[instance.id]
        await asyncio.sleep(1.0)
        after = (await runtime.usage([instance]))[instance.id]
        assert after.cpu_seconds - before.cpu_seconds < 0.5

    def bounds_cpu(self, runtime: Runtime) -> bool:
        """Whether it can hold a CPU limit."""
        return True

    async def test_it_answers_at_its_address(self, runtime: Runtime) -> None:
        told = await self._ask(runtime, await self.an_image(runtime, SERVER))
        assert told["env"]["K_SERVICE"] == "hello"

    async def test_port_says_where_to_listen(self, runtime: Runtime) -> None:
        spec = a_spec(await self.an_image(runtime, SERVER), port=9999, env={"PORT": "9999"})
        instance = await runtime.start(spec)
        told = await _get(instance, "/")
        assert told["env"]["PORT"] == str(instance.port) == instance.address.rpartition(":")[2]

    async def test_command_and_args_replace_those_of_the_image(self, runtime: Runtime) -> None:
        command = ("python3", "-c", SERVER.source)
        told = await self._ask(runtime, await self.an_image(runtime, SERVER), command=command, args=("a b", "$HOME"))
        assert told["args"] == ["a b", "$HOME"]

    async def test_it_starts_in_the_folder_asked_for(self, runtime: Runtime) -> None:
        command = ("python3", "-c", SERVER.source)
        told = await self._ask(runtime, await self.an_image(runtime, SERVER), command=command, working_dir="/tmp")
        assert told["folder"] == "/tmp"

    async def test_an_instance_has_25000_file_descriptors_at_most(self, runtime: Runtime) -> None:
        """Documented: container runtime contract, file descriptors."""
        told = await self._ask(runtime, await self.an_image(runtime, SERVER))
        assert 1024 <= told["files"] <= 25_000  # fewer where the machine itself gives fewer

    async def test_an_end_while_serving_is_told_with_its_code(self, runtime: Runtime) -> None:
        exits = runtime.exits()
        instance = await runtime.start(a_spec(await self.an_image(runtime, SERVER)))
        await _get(instance, "/")
        with pytest.raises(httpx.TransportError):
            async with httpx.AsyncClient(trust_env=False, timeout=DEADLINE) as client:
                await client.get(f"http://{instance.address}/exit/7")
        told = await _next(exits)
        assert (told.instance, told.cause, told.code) == (instance.id, ExitCause.EXITED, 7)

    async def test_two_instances_of_a_revision_run_side_by_side(self, runtime: Runtime) -> None:
        image = await self.an_image(runtime, SERVER)
        first, second = await asyncio.gather(runtime.start(a_spec(image)), runtime.start(a_spec(image)))
        assert first.address != second.address
        assert (await _get(first, "/"))["env"]["K_SERVICE"] == (await _get(second, "/"))["env"]["K_SERVICE"] == "hello"
        await runtime.stop(first)
        assert await runtime.instances() == [second]
        await _get(second, "/")

    async def _ask(self, runtime: Runtime, image: Image, **changes: Any) -> dict[str, Any]:
        return await _get(await runtime.start(a_spec(image, **changes)), "/")


def a_source_folder(folder: Path, program: Program) -> Path:
    """The program as source: main.py and a Procfile."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.py").write_text(program.source, encoding="utf-8")
    (folder / "Procfile").write_text("web: python3 main.py\n", encoding="utf-8")
    return folder


async def _next(items: AsyncIterator[T]) -> T:
    return await asyncio.wait_for(anext(items), DEADLINE)


async def _said(runtime: Runtime, instance: Instance, text: str) -> list[LogLine]:
    """Its lines from the start up to the one that says `text`."""
    lines: list[LogLine] = []
    async with asyncio.timeout(DEADLINE), aclosing(_generator(runtime.logs(instance))) as told:
        async for line in told:
            lines.append(line)
            if line.text == text:
                return lines
    raise AssertionError(f"it left without saying {text!r}: {lines}")


async def _counts(instance: Instance) -> list[int]:
    """How far the processes of the burner are."""
    host, _, port = instance.address.rpartition(":")
    async with asyncio.timeout(DEADLINE):
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            return [int(word) for word in (await reader.read()).split()]
        finally:
            writer.close()


async def _have_advanced(instance: Instance, first: list[int]) -> bool:
    """Whether all of them come further than they were, in time."""
    for _ in range(int(DEADLINE / 0.05)):
        if all(new > old for old, new in zip(first, await _counts(instance), strict=True)):
            return True
        await asyncio.sleep(0.05)
    return False


async def _all_lines(runtime: Runtime, instance: Instance) -> list[LogLine]:
    return [line async for line in runtime.logs(instance)]


async def _get(instance: Instance, path: str) -> dict[str, Any]:
    """What the instance answers, once it listens."""
    async with asyncio.timeout(DEADLINE), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                answer = await client.get(f"http://{instance.address}{path}", timeout=5)
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return cast(dict[str, Any], json.loads(answer.text))


def _generator(lines: AsyncIterator[LogLine]) -> AsyncGenerator[LogLine, None]:
    """The same iterator with the `aclose` that every runtime's lines have."""
    return cast(AsyncGenerator[LogLine, None], lines)
