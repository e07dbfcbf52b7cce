"""What only containers can show of several in one instance: names, volumes, limits, and that nothing is left of them.
Evidence: documented (container runtime contract; Configure in-memory, Cloud Storage and NFS volume mounts)."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import docker
import pytest

from cloudrun_cli.core.errors import StartFailed, Unavailable
from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime.base import ExitCause, Folder, Image, Instance, InstanceSpec, Mount, Scratch
from cloudrun_cli.runtime.docker import DockerRuntime
from tests.docker_images import an_image
from tests.runtime.contract import DEADLINE, a_spec
from tests.runtime.test_docker_containers import _read, _until

pytestmark = pytest.mark.docker

MIB = 1024 * 1024
STAY = "trap 'exit 0' TERM; while :; do sleep 0.1; done"


class Pairs:
    """A runtime of a home of its own, an image with a shell, and instances of two scripts."""

    def __init__(self, runtime: DockerRuntime, engine: docker.APIClient, image: Image, home: str) -> None:
        self.runtime, self.engine, self.image, self.home = runtime, engine, image, home

    def specs(self, first: str, second: str, **changes: Any) -> tuple[InstanceSpec, InstanceSpec]:
        app = a_spec(self.image, container="app", containers=("app", "side"), command=("sh", "-c", first), **changes)
        return app, replace(app, container="side", command=("sh", "-c", second))

    async def run(self, first: str, second: str, **changes: Any) -> Instance:
        app, side = self.specs(first, second, **changes)
        instance = await self.runtime.start(app)
        await self.runtime.join(instance, side)
        return instance

    async def said(self, instance: Instance, text: str) -> str:
        """The first line that begins with the text."""
        async with asyncio.timeout(DEADLINE):
            async for line in self.runtime.logs(instance):
                if line.text.startswith(text):
                    return line.text
        raise AssertionError(f"it left without saying {text}")

    def volumes(self) -> list[str]:
        found = self.engine.volumes(filters={"label": [f"{labels.HOME}={self.home}"]})["Volumes"] or []
        return [row["Name"] for row in found]

    def containers(self) -> list[str]:
        rows = self.engine.containers(all=True, filters={"label": [f"{labels.HOME}={self.home}"]})
        return [row["Id"] for row in rows if row["Labels"][labels.KIND] == labels.KIND_INSTANCE]


@pytest.fixture
async def pairs(engine: docker.APIClient, busybox_base_image: str) -> AsyncIterator[Pairs]:
    home = f"/tests/{secrets.token_hex(6)}"
    runtime = DockerRuntime(home, pool=0, linger=timedelta(0))
    await runtime.open()
    tag = "cloudrun-test/sidecars:latest"
    an_image(engine, busybox_base_image, {}, tag=tag, instructions=())
    pairs = Pairs(runtime, engine, await runtime.resolve(tag), home)
    yield pairs
    await pairs.runtime.purge()
    await pairs.runtime.close()
    assert pairs.volumes() == []


def shared(size: int | None = None, *, memory: bool = True, read_only: bool = False) -> tuple[Mount, ...]:
    return (Mount("shared", "/shared", Scratch("shared", size, memory), read_only),)


async def test_containers_reach_each_other_on_localhost_and_by_name(pairs: Pairs) -> None:
    serve = "echo from the side > /page; while :; do nc -l -p 9000 < /page; done"
    ask = "until nc 127.0.0.1 9000; do sleep 0.1; done; until nc side 9000; do sleep 0.1; done; grep 127.0 /etc/hosts; "
    instance = await pairs.run(f"{ask}{STAY}", serve)
    assert await pairs.said(instance, "from the side")
    hosts = [await pairs.said(instance, f"127.0.0.1\t{name}") for name in ("localhost", "app", "side")]
    assert len(hosts) == 3


@pytest.mark.parametrize("memory", [True, False])
async def test_a_scratch_folder_is_shared_and_gone_with_the_instance(pairs: Pairs, memory: bool) -> None:
    read = f"until cat /shared/note; do sleep 0.1; done; {STAY}"
    instance = await pairs.run(read, f"echo a note > /shared/note; {STAY}", mounts=shared(memory=memory))
    assert await pairs.said(instance, "a note")
    assert len(pairs.volumes()) == 1
    await pairs.runtime.stop(instance)
    await _until(lambda: not pairs.volumes() and not pairs.containers())


async def test_a_folder_in_memory_holds_no_more_than_its_limit(pairs: Pairs) -> None:
    write = "dd if=/dev/zero of=/shared/big bs=1048576 count=9; ls -l /shared/big; id -u"
    instance = await pairs.run(STAY, f"{write}; {STAY}", mounts=shared(8 * MIB))
    assert "No space left on device" in await pairs.said(instance, "dd: error writing")
    assert str(8 * MIB) in await pairs.said(instance, "-rw")


async def test_what_is_written_into_a_folder_in_memory_counts_as_the_writers_memory(pairs: Pairs) -> None:
    app, side = pairs.specs(STAY, "sleep 0.5; dd if=/dev/zero of=/shared/big bs=1048576 count=200", mounts=shared())
    exits = pairs.runtime.exits()
    instance = await pairs.runtime.start(app)
    await pairs.runtime.join(instance, replace(side, memory_bytes=64 * MIB))
    told = await asyncio.wait_for(anext(exits), DEADLINE)
    assert (told.cause, told.container, told.memory_bytes) == (ExitCause.OUT_OF_MEMORY, "side", 64 * MIB)
    await _until(lambda: not pairs.containers())


async def test_each_mount_keeps_to_its_own_read_only(pairs: Pairs, tmp_path: Path) -> None:
    folder = tmp_path / "buckets" / "things"
    app, side = pairs.specs(
        f"echo written > /bucket/object && echo done; {STAY}",
        f"until cat /bucket/object; do sleep 0.1; done; echo no > /bucket/object; {STAY}",
    )
    mount = Mount("things", "/bucket", Folder(str(folder)))
    instance = await pairs.runtime.start(replace(app, mounts=(mount,)))
    await pairs.runtime.join(instance, replace(side, mounts=(replace(mount, read_only=True),)))
    assert await pairs.said(instance, "written")
    assert "Read-only file system" in await pairs.said(instance, "sh: can't create")
    await pairs.runtime.stop(instance)
    assert (folder / "object").read_text() == "written\n"  # it outlives the instance
    assert folder.stat().st_mode & 0o777 == 0o777  # whatever user the containers run as


async def test_a_folder_that_cannot_be_made_is_a_failed_start(pairs: Pairs, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    app, _ = pairs.specs(STAY, STAY, mounts=(Mount("things", "/x", Folder(str(tmp_path / "file" / "things"))),))
    with pytest.raises(StartFailed, match=r"of volume \[things\] cannot be made: Not a directory"):
        await pairs.runtime.start(app)
    assert await pairs.runtime.instances() == []


async def test_each_container_has_its_own_limits(pairs: Pairs) -> None:
    app, side = pairs.specs(STAY, STAY)
    instance = await pairs.runtime.start(app)
    await pairs.runtime.join(instance, replace(side, cpu_millis=500, memory_bytes=64 * MIB))
    found = [pairs.engine.inspect_container(one)["HostConfig"] for one in pairs.containers()]
    assert sorted((one["Memory"] // MIB, one["CpuQuota"] // 100) for one in found) == [(64, 500), (256, 1000)]


async def test_when_one_ends_the_others_are_asked_to_leave(pairs: Pairs) -> None:
    polite = "trap 'echo leaving; exit 0' TERM; while :; do sleep 0.1; done"
    exits = pairs.runtime.exits()
    instance = await pairs.run(polite, "sleep 1; exit 3")
    reading = asyncio.create_task(pairs.said(instance, "leaving"))
    told = await asyncio.wait_for(anext(exits), DEADLINE)
    assert (told.container, told.code) == ("side", 3)
    assert await asyncio.wait_for(reading, DEADLINE) == "leaving"
    await _until(lambda: not pairs.containers())


async def test_a_container_comes_too_late_for_an_instance_that_has_ended(pairs: Pairs) -> None:
    app, side = pairs.specs("exit 3", STAY)
    exits = pairs.runtime.exits()
    instance = await pairs.runtime.start(app)
    await asyncio.wait_for(anext(exits), DEADLINE)
    with pytest.raises(StartFailed):
        await pairs.runtime.join(instance, side)
    await _until(lambda: not pairs.containers())


async def test_an_instance_whose_start_was_cut_off_is_cleared_away_by_the_next_daemon(pairs: Pairs) -> None:
    app, _ = pairs.specs(STAY, STAY, mounts=shared())
    await pairs.runtime.start(app)  # and nobody joins
    successor = DockerRuntime(pairs.home, pool=0, linger=timedelta(0))
    await successor.open()
    try:
        assert await successor.instances() == []
        await _until(lambda: not pairs.containers() and not pairs.volumes())
    finally:
        await successor.close()


async def test_an_instance_that_lost_a_container_meanwhile_is_cleared_away_by_the_next_daemon(pairs: Pairs) -> None:
    instance = await pairs.run(STAY, STAY, mounts=shared())
    await pairs.runtime.close()
    side = next(one for one in pairs.containers() if one != instance.handle)
    pairs.engine.kill(side)
    pairs.runtime = DockerRuntime(pairs.home, pool=0, linger=timedelta(0))
    await pairs.runtime.open()
    assert await pairs.runtime.instances() == []
    ended = await pairs.runtime.ended(instance)
    assert ended is not None
    assert (ended.container, ended.signal) == ("side", 9)
    await _until(lambda: not pairs.containers() and not pairs.volumes())


async def test_where_addresses_are_out_of_reach_the_ports_of_probes_are_published_too(pairs: Pairs) -> None:
    runtime = DockerRuntime(f"{pairs.home}-desktop", pool=0, reachable=False)
    await runtime.open()
    try:
        image = await runtime.resolve("cloudrun-test/sidecars:latest")
        serve = "while :; do echo {0} | nc -l -p {0}; done"
        app, side = pairs.specs(serve.format(8080), serve.format(9000), ports=(9000,))
        instance = await runtime.start(replace(app, digest=image.digest))
        await runtime.join(instance, replace(side, digest=image.digest))
        door = await runtime.door(instance, 9000)
        assert door.startswith("127.0.0.1:")
        await _until(lambda: _read(instance.address) == b"8080\n")
        await _until(lambda: _read(door) == b"9000\n")
        with pytest.raises(Unavailable, match="9001"):
            await runtime.door(instance, 9001)
    finally:
        await runtime.purge()
        await runtime.close()
