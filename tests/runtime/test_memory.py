"""The scripted runtime keeps the contract, so that what is tested on it holds on the others."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloudrun_cli.core.errors import BuildFailed, EngineUnavailable
from cloudrun_cli.runtime.base import ExitCause, Image, Listening, Runtime
from cloudrun_cli.runtime.memory import OWN_PORT, MemoryRuntime, Script, World
from tests.runtime.contract import a_spec
from tests.runtime.programs import BURNER, LEAVER, LOOPBACK, SERVER, STUBBORN, TALKER, Program
from tests.runtime.sidecar_contract import SidecarContract
from tests.runtime.task_contract import TaskContract

SCRIPTS = {
    SERVER.name: Script(says=(("stdout", "ready"),)),
    BURNER.name: Script(says=(("stdout", "ready"),)),
    TALKER.name: Script(says=(("stdout", "one"), ("stderr", "two"), ("stdout", "three"))),
    LEAVER.name: Script(says=(("stdout", "goodbye"),), exit_code=3),
    STUBBORN.name: Script(says=(("stdout", "staying"),), stubborn=True),
    LOOPBACK.name: Script(says=(("stdout", "ready"),), listens=(Listening("127.0.0.1", OWN_PORT),)),
}


class TestMemory(SidecarContract, TaskContract):
    @pytest.fixture
    async def runtime(self) -> AsyncIterator[Runtime]:
        runtime = MemoryRuntime("home")
        await runtime.open()
        yield runtime
        await runtime.purge()
        await runtime.close()

    async def an_image(self, runtime: Runtime, program: Program) -> Image:
        assert isinstance(runtime, MemoryRuntime)
        runtime.world.add_image(program.name, SCRIPTS[program.name])
        return await runtime.resolve(program.name)

    def sibling(self, runtime: Runtime, *, same_home: bool) -> Runtime:
        assert isinstance(runtime, MemoryRuntime)
        return MemoryRuntime("home" if same_home else "elsewhere", runtime.world)


async def test_a_world_out_of_reach_refuses_to_open() -> None:
    with pytest.raises(EngineUnavailable):
        await MemoryRuntime("home", World(reachable=False)).open()


async def test_a_scripted_crash_is_told_with_its_cause() -> None:
    runtime = MemoryRuntime("home")
    runtime.world.add_image("app", Script())
    exits = runtime.exits()
    instance = await runtime.start(a_spec(await runtime.resolve("app")))
    runtime.crash(instance, cause=ExitCause.OUT_OF_MEMORY, code=None, memory_bytes=1 << 30)
    told = await anext(exits)
    assert (told.cause, told.memory_bytes) == (ExitCause.OUT_OF_MEMORY, 1 << 30)
    assert await runtime.instances() == []


async def test_a_scripted_build_fails_as_told(tmp_path: Path) -> None:
    runtime = MemoryRuntime("home", World(build_error="no such module"))
    lines: list[str] = []
    with pytest.raises(BuildFailed, match="no such module"):
        await runtime.build(tmp_path, "app", base_image="", env={}, log=lines.append)
    assert lines[-1] == "no such module"
