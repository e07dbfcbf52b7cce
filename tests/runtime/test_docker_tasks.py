"""What only containers can show of tasks: sidecars, networks handed on, a start that was cut off."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import docker
import pytest

from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime.base import Exit, ExitCause, Image, Instance, InstanceSpec
from cloudrun_cli.runtime.docker import DockerRuntime
from cloudrun_cli.runtime.docker_tasks import container_name
from tests.docker_images import an_image
from tests.runtime.contract import DEADLINE
from tests.runtime.task_contract import a_task

pytestmark = pytest.mark.docker

NAMES = ("main", "side")


class Bench:
    """A runtime of a home of its own, and an image with nothing but a shell."""

    def __init__(self, runtime: DockerRuntime, engine: docker.APIClient, image: Image, home: str) -> None:
        self.runtime, self.engine, self.image, self.home = runtime, engine, image, home

    def task(self, script: str, **changes: Any) -> InstanceSpec:
        return a_task(self.image, **{"command": ("sh", "-c", script), "memory_bytes": 64 * 2**20} | changes)

    async def both(self, main: str, side: str) -> Instance:
        """A task of two containers, the sidecar started first."""
        first = self.task(side, container="side", containers=NAMES)
        instance = await self.runtime.start(first)
        await self.runtime.join(instance, self.task(main, container="main", containers=NAMES, id=first.id))
        return instance

    def rows(self, kind: str) -> list[dict[str, Any]]:
        return list(self.engine.containers(all=True, filters=labels.filters(self.home, kind)))

    async def over(self, ends: AsyncIterator[Exit]) -> Exit:
        return await asyncio.wait_for(anext(ends), DEADLINE)


@pytest.fixture
async def bench(engine: docker.APIClient, busybox_base_image: str) -> AsyncIterator[Bench]:
    home = f"/tests/{secrets.token_hex(6)}"
    runtime = DockerRuntime(home, pool=0)
    await runtime.open()
    an_image(engine, busybox_base_image, {}, tag="cloudrun-test/tasks:latest", instructions=())
    yield Bench(runtime, engine, await runtime.resolve("cloudrun-test/tasks:latest"), home)
    await runtime.purge()
    await runtime.close()


async def test_a_task_goes_on_when_a_sidecar_has_done_its_work_and_takes_the_others_along(bench: Bench) -> None:
    ends = bench.runtime.exits()
    task = await bench.both(main="sleep 1; exit 4", side="exit 0")
    end = await bench.over(ends)
    assert (end.container, end.cause, end.code) == ("main", ExitCause.EXITED, 4)
    task = await bench.both(main="exit 0", side="trap 'exit 0' TERM; while true; do sleep 0.1; done")
    assert (await bench.over(ends)).code == 0
    await bench.runtime.stop(task)
    alive = [row for row in bench.rows(labels.KIND_INSTANCE) if row["State"] == "running"]
    assert alive == []


async def test_a_sidecar_that_fails_is_the_end_of_its_task(bench: Bench) -> None:
    ends = bench.runtime.exits()
    await bench.both(main="sleep 60", side="sleep 1; exit 5")
    end = await bench.over(ends)
    assert (end.container, end.code) == ("side", 5)


async def test_a_task_takes_over_the_network_that_the_one_before_it_has_left(bench: Bench) -> None:
    ends = bench.runtime.exits()
    holders = set()
    for number in range(3):
        task = await bench.runtime.start(bench.task("exit 0", task=f"{number}/0"))
        await bench.over(ends)
        (row,) = [row for row in bench.rows(labels.KIND_INSTANCE) if row["Labels"][labels.INSTANCE] == task.id]
        holders.add(row["Labels"][labels.HOLDER])
        await bench.runtime.stop(task)
    other = await bench.runtime.start(bench.task("exit 0", revision="nightly-other"))
    (row,) = [row for row in bench.rows(labels.KIND_INSTANCE) if row["Labels"][labels.INSTANCE] == other.id]
    assert len(holders) == 1
    assert row["Labels"][labels.HOLDER] not in holders, "another execution shares nothing with it"
    await bench.over(ends)
    for _ in range(100):
        await asyncio.sleep(0.1)
        if not bench.rows(labels.KIND_HOLDER):
            break
    assert bench.rows(labels.KIND_HOLDER) == [], "nobody took them over, so they go"


async def test_a_container_that_was_only_made_is_started_by_the_next_start_of_its_task(bench: Bench) -> None:
    """As after a kill between the two."""
    spec = bench.task("echo done")
    first = await bench.runtime.start(bench.task("sleep 60"))
    (row,) = bench.rows(labels.KIND_INSTANCE)
    named = dict(row["Labels"]) | {labels.INSTANCE: spec.id}
    host = bench.engine.create_host_config(network_mode=f"container:{named[labels.HOLDER]}")
    name = container_name(bench.home, spec)
    made = bench.engine.create_container(
        row["Image"], command=list(spec.command), name=name, labels=named, host_config=host
    )
    task = await bench.runtime.start(spec)
    assert task.handle == made["Id"]
    async with asyncio.timeout(DEADLINE):
        assert [line.text async for line in bench.runtime.logs(task)] == ["done"]
    await bench.runtime.stop(first, grace=timedelta(0))
