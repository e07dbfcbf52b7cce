"""What counts as an instance's memory on the engine, and how its CPU is taken and given. Evidence: documented
(container runtime contract: the file system is in memory, and what is written to it counts)."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import docker
import pytest

from cloudrun_cli.runtime.base import ExitCause, Instance, InstanceSpec, Mount, Scratch
from cloudrun_cli.runtime.docker import DockerRuntime
from tests.runtime.contract import DEADLINE, a_spec
from tests.runtime.test_docker_containers import MIB, Bench

pytestmark = pytest.mark.docker

COUNTS = 'trap "echo left; exit 0" TERM; while :; do echo >> /dev/shm/count; done'


async def a_bench(engine: docker.APIClient, base: str, *, groups: bool) -> AsyncIterator[Bench]:
    home = f"/tests/{secrets.token_hex(6)}"
    runtime = DockerRuntime(home, pool=0, linger=timedelta(seconds=5), groups=groups)
    await runtime.open()
    yield Bench(runtime, engine, base, home)
    await runtime.purge()
    await runtime.close()


@pytest.fixture
async def bench(engine: docker.APIClient, busybox_base_image: str) -> AsyncIterator[Bench]:
    async for one in a_bench(engine, busybox_base_image, groups=True):
        yield one


@pytest.fixture(params=[True, False], ids=["control groups", "the engine"])
async def either(
    request: pytest.FixtureRequest, engine: docker.APIClient, busybox_base_image: str
) -> AsyncIterator[Bench]:
    async for one in a_bench(engine, busybox_base_image, groups=request.param):
        yield one


@pytest.mark.parametrize(("folder", "declared"), [("/tmp", True), ("/dev/shm", False), ("/data", True)])
async def test_files_written_count_as_memory(bench: Bench, folder: str, declared: bool) -> None:
    image = await bench.runtime.resolve(bench.image(*(f'VOLUME ["{folder}"]' for _ in range(declared))))
    exits = bench.runtime.exits()
    script = f"echo x > {folder}/some && cat /dev/zero > {folder}/more; sleep 60"
    instance = await bench.runtime.start(a_spec(image, command=("sh", "-c", script), memory_bytes=24 * MIB))
    exit = await asyncio.wait_for(anext(exits), DEADLINE)
    assert (exit.instance, exit.cause, exit.memory_bytes) == (instance.id, ExitCause.OUT_OF_MEMORY, 24 * MIB)


async def test_what_the_image_has_in_such_a_folder_is_still_there(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image('VOLUME ["/tmp"]', files={"tmp/mine": "here", "run/a/b": "too"}))
    exits = bench.runtime.exits()
    script = "cat /tmp/mine /run/a/b; echo more > /tmp/theirs && echo written"
    instance = await bench.runtime.start(a_spec(image, command=("sh", "-c", script)))
    await asyncio.wait_for(anext(exits), DEADLINE)
    assert await bench.said(instance) == ["heretoowritten"]


async def test_empty_folders_come_with_their_modes_and_owners(bench: Bench) -> None:
    made = "RUN mkdir -p /run/lock/deep /tmp && chmod 1777 /run/lock && chown 7:8 /run/lock/deep && chmod 700 /tmp"
    image = await bench.runtime.resolve(bench.image(made))
    exits = bench.runtime.exits()
    script = "stat -c '%n %a %u:%g' /run/lock /run/lock/deep /tmp; grep -c '^tmpfs /\\(run\\|tmp\\)' /proc/mounts"
    instance = await bench.runtime.start(a_spec(image, command=("sh", "-c", script)))
    await asyncio.wait_for(anext(exits), DEADLINE)
    told = ["/run/lock 1777 0:0", "/run/lock/deep 755 7:8", "/tmp 700 0:0", "4"]
    assert await bench.said(instance) == told


async def test_a_volume_mounted_at_such_a_folder_has_it(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image('VOLUME ["/tmp"]'))
    exits = bench.runtime.exits()
    mounts = (Mount("mine", "/tmp", Scratch("mine", 3 * MIB)),)
    script = "df -k /tmp | tail -1 | awk '{print $2}'"
    instance = await bench.runtime.start(a_spec(image, command=("sh", "-c", script), mounts=mounts))
    await asyncio.wait_for(anext(exits), DEADLINE)
    assert await bench.said(instance) == ["3072"]


async def test_all_containers_of_an_instance_stand_still_together(either: Bench) -> None:
    app, side = await _pair(either)
    instance = await either.runtime.start(app)
    await either.runtime.join(instance, side)
    for _ in range(2):
        await either.runtime.squeeze(instance)
        before = _counts(either, instance)
        await asyncio.sleep(0.2)
        assert _counts(either, instance) == before
        await either.runtime.release(instance)
        await asyncio.sleep(0.2)
        assert all(later > earlier for earlier, later in zip(before, _counts(either, instance), strict=True))


async def test_all_containers_hear_sigterm_though_they_stood_still(either: Bench) -> None:
    app, side = await _pair(either)
    instance = await either.runtime.start(app)
    await either.runtime.join(instance, side)
    await asyncio.sleep(0.2)
    await either.runtime.squeeze(instance)
    said = asyncio.create_task(_lines(either, instance))
    exit = await either.runtime.stop(instance)
    assert (exit.cause, exit.code) == (ExitCause.EXITED, 0)
    assert await asyncio.wait_for(said, DEADLINE) == [("app", "left"), ("side", "left")]


async def test_the_rest_of_an_instance_leaves_when_one_container_is_killed_while_it_stands_still(either: Bench) -> None:
    app, side = await _pair(either)
    instance = await either.runtime.start(app)
    await either.runtime.join(instance, side)
    await asyncio.sleep(0.2)
    said = asyncio.create_task(_lines(either, instance))
    exits = either.runtime.exits()
    await either.runtime.squeeze(instance)
    either.engine.kill(instance.handle, "SIGKILL")
    exit = await asyncio.wait_for(anext(exits), DEADLINE)
    assert (exit.container, exit.cause) == ("app", ExitCause.SIGNALED)
    assert await asyncio.wait_for(said, DEADLINE) == [("side", "left")]


async def test_usage_is_the_sum_of_all_containers(either: Bench) -> None:
    app, side = await _pair(either)
    instance = await either.runtime.start(app)
    one = (await either.runtime.usage([instance]))[instance.id]
    await either.runtime.join(instance, side)
    await asyncio.sleep(0.5)
    both = (await either.runtime.usage([instance]))[instance.id]
    assert both.cpu_seconds > one.cpu_seconds
    assert 0 < both.memory_bytes < 64 * MIB


async def test_a_new_runtime_releases_what_the_engine_paused(engine: docker.APIClient, busybox_base_image: str) -> None:
    async for bench in a_bench(engine, busybox_base_image, groups=False):
        instance = await bench.runtime.start((await _pair(bench))[0])
        await bench.runtime.squeeze(instance)
        successor = DockerRuntime(bench.home, pool=0)
        await successor.open()
        assert await successor.squeezed() == {instance.id}
        await successor.release(instance)
        assert not engine.inspect_container(instance.handle)["State"]["Paused"]
        await successor.close()


async def _pair(bench: Bench) -> tuple[InstanceSpec, InstanceSpec]:
    image = await bench.runtime.resolve(bench.image())
    app = a_spec(image, container="app", containers=("app", "side"), command=("sh", "-c", COUNTS))
    return app, replace(app, container="side")


def _counts(bench: Bench, instance: Instance) -> list[int]:
    """How far each container has counted, read from outside."""
    found = []
    for row in bench.engine.containers(filters={"label": [f"dev.cloudrun.instance={instance.id}"]}):
        pid = bench.engine.inspect_container(row["Id"])["State"]["Pid"]
        found.append(Path(f"/proc/{pid}/root/dev/shm/count").stat().st_size)
    return found


async def _lines(bench: Bench, instance: Instance) -> list[tuple[str, str]]:
    return sorted([(line.container, line.text) async for line in bench.runtime.logs(instance)])
