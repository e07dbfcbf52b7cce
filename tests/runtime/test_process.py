"""Plain processes keep the contract of a runtime."""

import asyncio
import contextlib
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any, cast

import httpx
import pytest

from cloudrun_cli.core.errors import ImageUnsupported, StartFailed, Unimplemented
from cloudrun_cli.runtime import process_table
from cloudrun_cli.runtime.base import ExitCause, Image, Instance, Mount, Runtime, Scratch
from cloudrun_cli.runtime.process import ProcessRuntime
from cloudrun_cli.runtime.process_image import SYSTEM_PATH
from cloudrun_cli.runtime.process_limits import Controllers
from tests.runtime.contract import DEADLINE, ProgramContract, a_source_folder, a_spec
from tests.runtime.programs import LEAVER, SERVER, TALKER, Program
from tests.runtime.task_contract import TaskContract


class TestProcess(ProgramContract, TaskContract):
    controllers: Controllers | None = None  # those of this machine

    @pytest.fixture
    async def runtime(self, tmp_path: Path) -> AsyncIterator[Runtime]:
        runtime = ProcessRuntime(f"test-{tmp_path.name}", state=tmp_path / "home", controllers=self.controllers)
        await runtime.open()
        yield runtime
        await runtime.purge()
        await runtime.close()

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    async def an_image(self, runtime: Runtime, program: Program) -> Image:
        source = a_source_folder(self.folder / program.name, program)
        return await runtime.build(source, program.name, base_image="", env={}, log=lambda line: None)

    def sibling(self, runtime: Runtime, *, same_home: bool) -> Runtime:
        name, state = ("test", "home") if same_home else ("other", "elsewhere")
        return ProcessRuntime(f"{name}-{self.folder.name}", state=self.folder / state, controllers=self.controllers)

    async def pid_of(self, instance: Instance) -> int:
        return int(instance.handle.partition(":")[0])

    def bounds_cpu(self, runtime: Runtime) -> bool:
        assert isinstance(runtime, ProcessRuntime)
        return not any("CPU limits are not enforced" in note for note in runtime.isolation_notes())

    async def test_an_unknown_image_is_refused_by_its_name(self, runtime: Runtime) -> None:
        """Without an engine nothing can be looked up in a registry, and the refusal says what is missing."""
        with pytest.raises(ImageUnsupported, match="no-such-image") as refusal:
            await runtime.resolve("registry.invalid/no-such-image:1")
        assert refusal.value.hint

    async def test_an_instance_has_25000_file_descriptors_at_most(self, runtime: Runtime) -> None:
        """Documented: container runtime contract. Without the right to raise it, a lower bound of the system stays."""
        bound = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        told = await self._ask(runtime, await self.an_image(runtime, SERVER))
        assert told["files"] in (25_000, bound)
        assert told["files"] <= 25_000


class TestProcessWithoutGroups(TestProcess):
    """Where no control group can be made: signals stop and continue it, and the process table tells what it uses."""

    controllers = Controllers(2, None, None)


async def test_an_instance_sees_nothing_of_the_users_environment(
    own: ProcessRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_USER", "x")
    instance = await own.start(a_spec(await built(own, tmp_path, SERVER), env={"PORT": "1", "MODE": "a"}))
    env = (await answer(instance))["env"]
    home = tmp_path / "home/instances" / instance.id
    assert env.pop("PATH").endswith(SYSTEM_PATH)
    assert env.pop("VIRTUAL_ENV")
    assert env.pop("PWD").endswith("/app")  # the shell's own
    assert env == {
        "HOME": f"{home}/home",
        "TMPDIR": f"{home}/tmp",
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "MODE": "a",
        "PORT": str(instance.port),
    }
    await own.stop(instance)
    assert not home.exists()


async def test_a_killed_instance_is_told_by_its_signal(own: ProcessRuntime, tmp_path: Path) -> None:
    exits = own.exits()
    instance = await own.start(a_spec(await built(own, tmp_path, TALKER)))
    os.kill(pid(instance), signal.SIGKILL)
    told = await asyncio.wait_for(anext(exits), DEADLINE)
    assert (told.instance, told.cause, told.signal, told.code) == (instance.id, ExitCause.SIGNALED, 9, None)


async def test_an_exit_with_137_is_not_taken_for_a_signal(own: ProcessRuntime, tmp_path: Path) -> None:
    exits = own.exits()
    await own.start(a_spec(await built(own, tmp_path, LEAVER), command=("python3", "-c", "raise SystemExit(137)")))
    told = await asyncio.wait_for(anext(exits), DEADLINE)
    assert (told.cause, told.signal, told.code) == (ExitCause.EXITED, None, 137)


@pytest.mark.parametrize("while_nobody_looks", [True, False])
async def test_after_a_killed_daemon_the_next_one_learns_how_an_instance_ended(
    own: ProcessRuntime, tmp_path: Path, while_nobody_looks: bool
) -> None:
    """The daemon here is a process of its own that starts an instance and is killed with SIGKILL."""
    image = await built(own, tmp_path, TALKER)
    await own.close()
    instance = started_by_a_daemon_that_is_killed(image, tmp_path)
    if while_nobody_looks:
        os.kill(pid(instance), signal.SIGKILL)
    successor = home(tmp_path)
    await successor.open()
    try:
        if not while_nobody_looks:
            assert await successor.instances() == [instance]
            os.kill(pid(instance), signal.SIGKILL)
        await until(lambda: not process_table.runs(instance.handle))
        ended = await successor.ended(instance)
        assert ended is not None
        assert (ended.cause, ended.signal) == (ExitCause.SIGNALED, 9)
        assert await successor.instances() == []
    finally:
        await successor.purge()
        await successor.close()


async def test_an_end_that_its_keeper_is_about_to_write_down_is_waited_for(own: ProcessRuntime, tmp_path: Path) -> None:
    """Seen where many end while a daemon comes back: one has ended, and its keeper waits for a processor."""
    successor = home(tmp_path)
    await successor.open()
    instance = await own.start(a_spec(await built(own, tmp_path, TALKER)))
    keeper = keeper_of(instance)
    os.kill(keeper, signal.SIGSTOP)
    try:
        os.kill(pid(instance), signal.SIGKILL)
        await until(lambda: not process_table.runs(instance.handle))
        asked = asyncio.ensure_future(successor.ended(instance))
        await asyncio.sleep(0.2)
        os.kill(keeper, signal.SIGCONT)
        ended = await asked
        assert ended is not None
        assert (ended.cause, ended.signal) == (ExitCause.SIGNALED, 9)
    finally:
        os.kill(keeper, signal.SIGCONT)
        await successor.close()


async def test_instances_outlive_their_keeper_and_new_ones_get_a_new_one(own: ProcessRuntime, tmp_path: Path) -> None:
    image = await built(own, tmp_path, TALKER)
    exits = own.exits()
    first = await own.start(a_spec(image))
    keeper = keeper_of(first)
    os.kill(keeper, signal.SIGKILL)
    second = await own.start(a_spec(image))
    assert await own.instances() == [first, second]
    assert keeper_of(second) != keeper
    os.kill(pid(first), signal.SIGKILL)
    told = await asyncio.wait_for(anext(exits), DEADLINE)
    assert (told.instance, told.cause) == (first.id, ExitCause.REMOVED)  # nobody saw how
    assert (await own.stop(second)).code == 0


async def test_a_keeper_with_nothing_to_keep_goes(own: ProcessRuntime, tmp_path: Path) -> None:
    instance = await own.start(a_spec(await built(own, tmp_path, TALKER)))
    keeper = f"{keeper_of(instance)}:{process_table.start_time(keeper_of(instance))}"
    await own.purge()
    await own.close()
    await until(lambda: not process_table.runs(keeper))
    await own.open()


ESCAPE = """
import os, signal, subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True).pid, flush=True)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
time.sleep(600)
"""


@pytest.mark.parametrize("crash", [True, False])
async def test_what_an_instance_started_ends_with_it_even_in_a_session_of_its_own(
    own: ProcessRuntime, tmp_path: Path, crash: bool
) -> None:
    exits = own.exits()
    instance = await own.start(a_spec(await built(own, tmp_path, TALKER), command=("python3", "-c", ESCAPE)))
    async with asyncio.timeout(DEADLINE):
        child = int((await anext(aiter(own.logs(instance)))).text)
    assert process_table.runs(f"{child}:")
    if crash:
        os.kill(pid(instance), signal.SIGKILL)
        await asyncio.wait_for(anext(exits), DEADLINE)
    else:
        await own.stop(instance)
    await until(lambda: not process_table.runs(f"{child}:"))


async def test_an_instance_over_its_memory_ends_with_that_as_its_cause(own: ProcessRuntime, tmp_path: Path) -> None:
    """By control groups where they can be made, else by looking: the answer is the same."""
    await over_its_memory(own, tmp_path)


async def test_without_control_groups_memory_is_watched(tmp_path: Path) -> None:
    runtime = home(tmp_path, Controllers(2, None, None))
    await runtime.open()
    try:
        assert any("every second" in note for note in runtime.isolation_notes())
        await over_its_memory(runtime, tmp_path)
    finally:
        await runtime.purge()
        await runtime.close()


async def test_the_sample_service_is_served_by_the_stand_in_which_says_so(own: ProcessRuntime) -> None:
    image = await own.resolve("us-docker.pkg.dev/cloudrun/container/hello:latest")
    assert "stand-in" in image.notes[0]
    assert (await own.resolve(image.digest)).digest == image.digest
    env = {"PORT": "8080", "K_SERVICE": "shop", "K_REVISION": "shop-00001-abc"}
    instance = await own.start(a_spec(image, env=env, project="my<project>"))
    page = (await got(instance)).text
    for word in ("shop", "shop-00001-abc", "my&lt;project&gt;", "us-central1"):
        assert word in page
    exit = await own.stop(instance)
    assert (exit.cause, exit.code) == (ExitCause.EXITED, 0)


async def test_one_connection_of_the_sample_service_serves_many_requests_at_a_time_of_many(own: ProcessRuntime) -> None:
    image = await own.resolve("us-docker.pkg.dev/cloudrun/container/hello")
    instance = await own.start(a_spec(image))
    await got(instance)
    async with httpx.AsyncClient(trust_env=False, timeout=DEADLINE, base_url=f"http://{instance.address}") as client:
        answers = [await client.post("/any", content=b"x" * 100_000) for _ in range(3)]
        assert len({a.extensions["network_stream"].get_extra_info("client_addr") for a in answers}) == 1
        many = await asyncio.gather(*(client.get(f"/{number}") for number in range(80)))
    assert {a.status_code for a in [*answers, *many]} == {200}


@pytest.mark.parametrize(
    ("env", "code", "last"),
    [
        ({}, 0, "Completed task 3."),
        ({"FAIL_RATE": "1"}, 1, "Task 3, attempt 1 failed, as FAIL_RATE=1.0 asks for."),
        ({"SLEEP_MS": "soon"}, 2, None),
    ],
)
async def test_the_sample_job_sleeps_and_fails_as_asked(
    own: ProcessRuntime, env: dict[str, str], code: int, last: str | None
) -> None:
    exits = own.exits()
    image = await own.resolve("us-docker.pkg.dev/cloudrun/container/job")
    task = {"CLOUD_RUN_TASK_INDEX": "3", "CLOUD_RUN_TASK_ATTEMPT": "1"}
    instance = await own.start(a_spec(image, env=task | env))
    assert (await asyncio.wait_for(anext(exits), DEADLINE)).code == code
    lines = [line.text async for line in own.logs(instance)]
    assert last is None or lines[-1] == last
    assert len(lines) == (1 if last is None else 2)


async def test_a_sample_image_by_a_digest_of_its_own_is_not_stood_in_for(own: ProcessRuntime) -> None:
    with pytest.raises(ImageUnsupported, match="no Docker engine"):
        await own.resolve(f"us-docker.pkg.dev/cloudrun/container/hello@sha256:{'1' * 64}")


async def test_what_only_docker_can_give_is_refused_by_name(own: ProcessRuntime, tmp_path: Path) -> None:
    spec = a_spec(await built(own, tmp_path, TALKER), container="app")
    mount = Mount("cache", "/cache", Scratch("cache"))
    with pytest.raises(Unimplemented, match=r"Containers \[proxy, log\] cannot run beside \[app\]") as refusal:
        await own.start(replace(spec, containers=("app", "proxy", "log")))
    assert "run/runtime docker" in str(refusal.value.hint)
    with pytest.raises(Unimplemented, match=r"Volume \[cache\] cannot be mounted at /cache"):
        await own.start(replace(spec, mounts=(mount,)))
    assert await own.instances() == []
    instance = await own.start(spec)
    with pytest.raises(Unimplemented, match="proxy"):
        await own.join(instance, replace(spec, container="proxy", containers=("app", "proxy")))
    assert await own.door(instance, 9000) == "127.0.0.1:9000"


async def test_a_working_directory_that_is_not_there_is_named(own: ProcessRuntime, tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=r"working directory \[/no/such\]") as refusal:
        await own.start(a_spec(await built(own, tmp_path, TALKER), working_dir="/no/such"))
    assert refusal.value.field == "workingDir"


async def test_a_home_with_a_long_path_works_too(tmp_path: Path) -> None:
    """The name of a unix socket has about a hundred bytes."""
    runtime = ProcessRuntime("long", state=tmp_path / ("long" * 20) / ("path" * 20))
    await runtime.open()
    try:
        instance = await runtime.start(a_spec(await built(runtime, tmp_path, TALKER)))
        assert await runtime.instances() == [instance]
    finally:
        await runtime.purge()
        await runtime.close()


async def test_a_start_that_is_given_up_leaves_nothing(own: ProcessRuntime, tmp_path: Path) -> None:
    image = await built(own, tmp_path, TALKER)
    for _ in range(5):
        spec = a_spec(image)
        start = asyncio.create_task(own.start(spec))
        await asyncio.sleep(0)
        start.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await own.stop(await start)
        assert await own.instances() == []
        assert not (tmp_path / "home/instances" / spec.id).exists()
    other = await own.start(a_spec(image))
    assert await own.instances() == [other]


async def test_twenty_starts_at_once_all_run_at_addresses_of_their_own(own: ProcessRuntime, tmp_path: Path) -> None:
    image = await built(own, tmp_path, TALKER)
    started = await asyncio.gather(*(own.start(a_spec(image)) for _ in range(20)))
    assert len({instance.address for instance in started}) == 20
    assert {instance.id for instance in await own.instances()} == {instance.id for instance in started}


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[ProcessRuntime]:
    runtime = home(tmp_path)
    await runtime.open()
    yield runtime
    await runtime.purge()
    await runtime.close()


def home(folder: Path, controllers: Controllers | None = None) -> ProcessRuntime:
    return ProcessRuntime(f"test-{folder}", state=folder / "home", controllers=controllers)


async def built(runtime: ProcessRuntime, folder: Path, program: Program) -> Image:
    source = a_source_folder(folder / program.name, program)
    return await runtime.build(source, program.name, base_image="", env={}, log=lambda line: None)


async def got(instance: Instance, path: str = "/") -> httpx.Response:
    """Its answer, once it listens."""
    async with asyncio.timeout(DEADLINE), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                return await client.get(f"http://{instance.address}{path}", timeout=DEADLINE)
            except httpx.ConnectError:
                await asyncio.sleep(0.02)


async def answer(instance: Instance) -> dict[str, Any]:
    return cast(dict[str, Any], (await got(instance)).json())


async def over_its_memory(runtime: ProcessRuntime, folder: Path) -> None:
    exits = runtime.exits()
    hungry = 'hoard = [b"x" * (1 << 20) for _ in range(200)]; import time; time.sleep(600)'
    image = await built(runtime, folder, TALKER)
    instance = await runtime.start(a_spec(image, command=("python3", "-c", hungry), memory_bytes=64 << 20))
    told = await asyncio.wait_for(anext(exits), DEADLINE)
    assert (told.instance, told.cause) == (instance.id, ExitCause.OUT_OF_MEMORY)
    assert told.memory_bytes is not None
    assert told.memory_bytes >= 64 << 20
    assert await runtime.stop(instance) == told


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(int(DEADLINE / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true in time")


def pid(instance: Instance) -> int:
    return int(instance.handle.partition(":")[0])


def keeper_of(instance: Instance) -> int:
    """The parent of an instance."""
    return int(Path(f"/proc/{pid(instance)}/stat").read_text().rpartition(")")[2].split()[1])


def started_by_a_daemon_that_is_killed(image: Image, folder: Path) -> Instance:
    program = dedent(f"""
        import asyncio, os, pickle, sys
        from pathlib import Path
        from cloudrun_cli.runtime.process import ProcessRuntime

        async def main():
            runtime = ProcessRuntime({f"test-{folder}"!r}, state=Path({str(folder / "home")!r}))
            await runtime.open()
            instance = await runtime.start(pickle.loads(sys.stdin.buffer.read()))
            sys.stdout.buffer.write(pickle.dumps(instance))
            sys.stdout.flush()
            os.kill(os.getpid(), 9)

        asyncio.run(main())
    """)
    daemon = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(a_spec(image)),
        capture_output=True,
        timeout=DEADLINE,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert daemon.returncode == -signal.SIGKILL, daemon.stderr.decode()
    return cast(Instance, pickle.loads(daemon.stdout))
