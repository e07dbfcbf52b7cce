"""What only containers can show: the container contract, images that move, memory, the metadata address."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import docker
import pytest

from cloudrun_cli.core.errors import ImageNotFound, ImageUnsupported, StartFailed
from cloudrun_cli.runtime.base import ExitCause, Instance, Runtime
from cloudrun_cli.runtime.docker import DockerRuntime
from tests.docker_images import an_archived_image, an_image
from tests.runtime.contract import DEADLINE, a_spec

pytestmark = pytest.mark.docker

MIB = 1024 * 1024


class Bench:
    """A runtime of a home of its own, and images with nothing but a shell."""

    def __init__(self, runtime: DockerRuntime, engine: docker.APIClient, base: str, home: str) -> None:
        self.runtime, self.engine, self.base, self.home = runtime, engine, base, home

    def image(self, *instructions: str, files: dict[str, str | bytes] | None = None) -> str:
        tag = f"cloudrun-test/shell:{secrets.token_hex(6)}"
        an_image(self.engine, self.base, files or {}, tag=tag, instructions=instructions)
        return tag

    async def run(self, script: str, *instructions: str, **changes: Any) -> list[str]:
        """What a shell script says in an instance, once it has ended."""
        image = await self.runtime.resolve(self.image(*instructions))
        exits = self.runtime.exits()
        instance = await self.runtime.start(a_spec(image, command=("sh", "-c", script), **changes))
        await asyncio.wait_for(anext(exits), DEADLINE)
        return await self.said(instance)

    def holders(self) -> set[str]:
        """The holders that run, with an instance or without."""
        filters = {"label": [f"dev.cloudrun.home={self.home}", "dev.cloudrun.kind=holder"]}
        return {row["Id"] for row in self.engine.containers(filters=filters)}

    async def one_waits(self) -> None:
        """Returns when the pool has its holder."""
        instances = {"label": [f"dev.cloudrun.home={self.home}", "dev.cloudrun.kind=instance"]}

        def waiting() -> set[str]:
            rows = self.engine.containers(all=True, filters=instances)
            return self.holders() - {row["Labels"]["dev.cloudrun.holder"] for row in rows}

        await _until(lambda: len(waiting()) == 1)
        await asyncio.sleep(0.5)  # it is listed a moment before it is in the pool

    async def said(self, instance: Instance) -> list[str]:
        async with asyncio.timeout(DEADLINE):
            return [line.text async for line in self.runtime.logs(instance)]


@pytest.fixture
async def bench(engine: docker.APIClient, busybox_base_image: str) -> AsyncIterator[Bench]:
    home = f"/tests/{secrets.token_hex(6)}"
    runtime = DockerRuntime(home, pool=1, linger=timedelta(seconds=5))
    await runtime.open()
    yield Bench(runtime, engine, busybox_base_image, home)
    await runtime.purge()
    await runtime.close()
    for row in engine.images("cloudrun-test/shell"):
        for tag in row["RepoTags"] or ():
            engine.remove_image(tag, force=True)


@pytest.fixture
async def crowded(bench: Bench) -> AsyncIterator[Bench]:
    """A runtime where no holder ever waits, as in a burst of starts."""
    home = f"{bench.home}-crowded"
    runtime = DockerRuntime(home, pool=0, linger=timedelta(seconds=5))
    await runtime.open()
    yield Bench(runtime, bench.engine, bench.base, home)
    await runtime.purge()
    await runtime.close()


async def test_args_alone_replace_the_command_and_keep_the_entry_point(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image('ENTRYPOINT ["echo", "entry"]', 'CMD ["default"]'))
    assert await bench.said(await bench.runtime.start(a_spec(image))) == ["entry default"]
    assert await bench.said(await bench.runtime.start(a_spec(image, args=("given",)))) == ["entry given"]


async def test_a_command_alone_drops_the_images_command(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image('ENTRYPOINT ["echo", "entry"]', 'CMD ["default"]'))
    assert await bench.said(await bench.runtime.start(a_spec(image, command=("echo", "mine")))) == ["mine"]


async def test_settings_win_over_the_images_environment_and_the_rest_of_it_stays(bench: Bench) -> None:
    said = await bench.run("echo $A $B $PORT", "ENV A=image B=image", env={"B": "setting", "PORT": "8080"})
    assert said == ["image setting 8080"]


async def test_root_runs_when_the_images_user_does_not_exist(bench: Bench) -> None:
    """Documented: container runtime contract, a user name that does not exist is root."""
    assert await bench.run("id -u", "USER nobody-knows-me") == ["0"]


async def test_the_images_user_runs_when_it_exists(bench: Bench) -> None:
    assert await bench.run("id -u", "USER 1234") == ["1234"]


async def test_an_instance_has_the_limits_it_was_given(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image())
    instance = await bench.runtime.start(a_spec(image, command=("sleep", "60"), cpu_millis=500, memory_bytes=128 * MIB))
    host = bench.engine.inspect_container(instance.handle)["HostConfig"]
    assert (host["CpuQuota"], host["Memory"], host["MemorySwap"]) == (50_000, 128 * MIB, 128 * MIB)
    assert host["Privileged"] is False
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["PidsLimit"] > 0


async def test_more_processors_than_there_are_become_all_there_are(bench: Bench) -> None:
    assert await bench.run("echo ran", cpu_millis=64_000) == ["ran"]


async def test_an_instance_over_its_memory_is_told_as_such(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image())
    exits = bench.runtime.exits()
    await bench.runtime.start(a_spec(image, command=("sh", "-c", "tail /dev/zero"), memory_bytes=16 * MIB))
    exit = await asyncio.wait_for(anext(exits), DEADLINE)
    assert (exit.cause, exit.memory_bytes) == (ExitCause.OUT_OF_MEMORY, 16 * MIB)


async def test_an_instance_whose_child_hits_the_limit_ends_as_a_whole(bench: Bench) -> None:
    """Documented: the memory of an instance is one sum, and going over it ends the instance."""
    image = await bench.runtime.resolve(bench.image())
    exits = bench.runtime.exits()
    script = "tail /dev/zero & wait; sleep 60"
    await bench.runtime.start(a_spec(image, command=("sh", "-c", script), memory_bytes=16 * MIB))
    exit = await asyncio.wait_for(anext(exits), DEADLINE)
    assert exit.cause is ExitCause.OUT_OF_MEMORY


async def test_nothing_sent_to_the_metadata_address_leaves_the_instance(bench: Bench) -> None:
    """The address ends on the instance's own loopback: refused at once, not asked of the network."""
    await bench.one_waits()
    for address in ("169.254.169.254", "169.254.0.1"):
        said = await bench.run(f"ip route get {address} 2>&1; nc -w 5 {address} 80 </dev/null 2>&1; echo $?")
        assert "dev lo" in said[0]
        assert any("refused" in line for line in said)
        assert said[-1] == "1"
        await bench.one_waits()


async def test_nothing_sent_to_the_metadata_address_leaves_an_instance_with_a_network_of_its_own(
    crowded: Bench,
) -> None:
    """There the address is the instance's own as well; its neighbours are looked for no further than on the bridge."""
    said = await crowded.run("ip route get 169.254.169.254; nc -w 5 169.254.169.254 80 </dev/null 2>&1; echo $?")
    assert "dev lo" in said[0]
    assert any("refused" in line for line in said)
    assert said[-1] == "1"
    said = await crowded.run("ip route get 169.254.0.1; nc -w 5 169.254.0.1 80 </dev/null 2>&1; echo $?")
    assert " via " not in said[0]
    assert said[-1] == "1"


async def test_an_instance_cannot_give_the_metadata_address_back_to_its_own_network(crowded: Bench) -> None:
    said = await crowded.run("ip addr del 169.254.169.254/16 dev eth0 2>&1; ip -4 -o addr show dev eth0")
    assert any("169.254.169.254" in line for line in said)


async def test_an_instance_with_a_network_of_its_own_is_like_the_others(crowded: Bench) -> None:
    names = ("metadata.google.internal", "host.docker.internal")
    said = await crowded.run("; ".join((*(f"grep -c {name} /etc/hosts" for name in names), "hostname")))
    assert said == ["1", "1", "localhost"]
    image = await crowded.runtime.resolve(crowded.image('CMD ["sh", "-c", "nc -l -p 8080 & wait"]'))
    first = await crowded.runtime.start(a_spec(image, id="one"))
    assert crowded.holders() == set()
    await _until(lambda: _accepts(first.address))
    successor = DockerRuntime(crowded.home, pool=0)
    await successor.open()
    try:
        assert await successor.instances() == [first]
    finally:
        await successor.close()
    await crowded.runtime.stop(first, grace=timedelta(0))
    second = await crowded.runtime.start(a_spec(image, id="two"))
    assert second.address != first.address  # somebody may still send to whoever had it before


async def test_an_address_that_somebody_else_has_does_not_fail_a_start(crowded: Bench) -> None:
    image = await crowded.runtime.resolve(crowded.image('CMD ["sleep", "60"]'))
    first = await crowded.runtime.start(a_spec(image, id="one"))
    known = crowded.engine.inspect_container(first.handle)
    network = next(iter(known["NetworkSettings"]["Networks"]))
    host, _, number = first.address.partition(":")[0].rpartition(".")
    taken = f"{host}.{int(number) + 1}"
    squatter = crowded.engine.create_container(
        known["Image"],
        networking_config={"EndpointsConfig": {network: {"IPAMConfig": {"IPv4Address": taken}}}},
        labels={"dev.cloudrun.home": crowded.home, "dev.cloudrun.kind": "build"},  # removed with the rest
        host_config=crowded.engine.create_host_config(network_mode=network),
    )
    crowded.engine.start(squatter["Id"])
    second = await crowded.runtime.start(a_spec(image, id="two"))
    assert second.address.partition(":")[0] not in (taken, first.address.partition(":")[0])


async def test_an_instance_cannot_give_the_metadata_address_back(bench: Bench) -> None:
    await bench.one_waits()
    said = await bench.run("ip addr del 169.254.169.254/16 dev lo 2>&1; ip -4 -o addr show dev lo")
    assert any("169.254.169.254" in line for line in said)


async def test_the_metadata_name_leads_to_the_metadata_address(bench: Bench) -> None:
    said = await bench.run("grep metadata.google.internal /etc/hosts; hostname")
    assert said[0].split() == ["169.254.169.254", "metadata.google.internal"]
    assert said[1] == "localhost"


async def test_a_revision_keeps_its_image_when_the_tag_moves_and_goes(bench: Bench) -> None:
    tag = bench.image('CMD ["echo", "first"]')
    first = await bench.runtime.resolve(tag)
    second_id = bench.engine.inspect_image(bench.image('CMD ["echo", "second"]'))["Id"]  # type: ignore[no-untyped-call]
    repository, _, label = tag.partition(":")
    bench.engine.tag(second_id, repository, label, force=True)
    assert (await bench.runtime.resolve(tag)).digest != first.digest
    bench.engine.remove_image(tag, force=True)
    assert await bench.said(await bench.runtime.start(a_spec(first))) == ["first"]
    assert (await bench.runtime.resolve(first.digest)).digest == first.digest


async def test_a_container_is_named_after_its_revision_and_instance_and_never_as_another_one(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image('CMD ["sleep", "60"]'))
    begins = secrets.token_hex(4)
    started = [await bench.runtime.start(a_spec(image, id=f"{begins}{more}")) for more in ("aa", "bb")]
    first, second = (bench.engine.inspect_container(instance.handle)["Name"] for instance in started)
    assert first == f"/cloudrun-hello-00001-abc-{begins}"
    assert second.startswith(f"{first}-")


async def test_a_forgotten_image_cannot_be_started_any_more(bench: Bench) -> None:
    tag = bench.image('CMD ["echo", "here"]')
    image = await bench.runtime.resolve(tag)
    bench.engine.remove_image(tag, force=True)
    await bench.runtime.forget(image.digest)
    await bench.runtime.forget(image.digest)
    with pytest.raises(ImageNotFound):
        await bench.runtime.start(a_spec(image))


async def test_an_image_for_another_architecture_is_refused_before_it_starts(bench: Bench) -> None:
    if bench.engine.version()["Arch"] != "amd64":
        pytest.skip("needs an amd64 engine: others may run amd64 images by emulation")
    tag = f"cloudrun-test/shell:{secrets.token_hex(6)}"
    archive = an_archived_image(tag, architecture="arm64")
    loaded = list(bench.engine.load_image(archive))  # type: ignore[no-untyped-call]
    assert not [message for message in loaded if "error" in message]
    with pytest.raises(ImageUnsupported, match="arm64"):
        await bench.runtime.resolve(tag)


async def test_a_program_for_another_architecture_is_told_by_its_last_words(bench: Bench) -> None:
    """The engine finds out only after its start has answered, and writes it where the program would have written."""
    image = await bench.runtime.resolve(bench.image('ENTRYPOINT ["/app"]', files={"app": b"\x7fELF not for here"}))
    instance = await bench.runtime.start(a_spec(image))
    assert "exec format error" in (await bench.said(instance))[-1]


async def test_a_program_that_may_not_be_executed_is_told_with_what_to_do(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image("RUN chmod 644 /app", files={"app": "#!/bin/sh\n"}))
    with pytest.raises(StartFailed, match="may not be executed") as failure:
        await bench.runtime.start(a_spec(image, command=("/app",)))
    assert "chmod +x" in str(failure.value.hint)


async def test_an_image_with_nothing_to_start_is_told(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image("CMD []", "ENTRYPOINT []"))
    with pytest.raises(StartFailed, match="neither ENTRYPOINT nor CMD"):
        await bench.runtime.start(a_spec(image))


async def test_long_lines_and_strange_bytes_come_through_whole(bench: Bench) -> None:
    script = "head -c 40000 /dev/zero | tr '\\0' x; echo; printf '\\377\\n'; printf 'no newline'"
    assert await bench.run(script) == ["x" * 40000, "\ufffd", "no newline"]


async def test_nothing_is_left_on_the_engine_after_stop_and_purge(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image())
    instance = await bench.runtime.start(a_spec(image, command=("sleep", "60")))
    await bench.runtime.stop(instance, grace=timedelta(0))
    await bench.runtime.purge()
    mine = {"label": f"dev.cloudrun.home={bench.home}"}
    assert bench.engine.containers(all=True, filters=mine) == []
    assert bench.engine.networks(filters=mine) == []


async def test_an_ended_container_is_removed_once_its_lines_were_read(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image())
    instance = await bench.runtime.start(a_spec(image, command=("echo", "bye")))
    assert await bench.said(instance) == ["bye"]
    await _until(lambda: not bench.engine.containers(all=True, filters={"id": instance.handle}))


async def test_a_container_that_somebody_else_removed_is_told(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image())
    exits = bench.runtime.exits()
    instance = await bench.runtime.start(a_spec(image, command=("sleep", "60")))
    bench.engine.remove_container(instance.handle, force=True)
    assert (await asyncio.wait_for(anext(exits), DEADLINE)).instance == instance.id
    assert await bench.runtime.instances() == []


async def test_holders_are_refilled_and_taken_over_by_the_next_runtime(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image())
    await bench.one_waits()
    await bench.runtime.start(a_spec(image, command=("sleep", "60")))
    await _until(lambda: len(bench.holders()) == 2)  # the used one, and one that waits
    before = bench.holders()
    successor: Runtime = DockerRuntime(bench.home, pool=1)
    await successor.open()
    try:
        assert bench.holders() == before
    finally:
        await successor.close()


async def test_a_holder_that_somebody_removed_does_not_fail_the_next_start(bench: Bench) -> None:
    image = await bench.runtime.resolve(bench.image())
    await bench.one_waits()
    for holder in bench.holders():
        bench.engine.remove_container(holder, force=True)
    instance = await bench.runtime.start(a_spec(image, command=("sleep", "60")))
    assert await bench.runtime.instances() == [instance]


async def test_where_addresses_are_out_of_reach_a_published_port_serves(bench: Bench) -> None:
    runtime = DockerRuntime(f"{bench.home}-desktop", reachable=False)
    await runtime.open()
    try:
        image = await runtime.resolve(bench.image())
        script = "while :; do echo hello | nc -l -p 8080; done"
        instance = await runtime.start(a_spec(image, command=("sh", "-c", script)))
        assert instance.address.startswith("127.0.0.1:")
        await _until(lambda: _read(instance.address) == b"hello\n")
        assert await runtime.instances() == [instance]
    finally:
        await runtime.purge()
        await runtime.close()


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not true():  # noqa: ASYNC110 - the engine rings no bell for this
            await asyncio.sleep(0.1)


def _accepts(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=5):
        return True
    return False


def _read(address: str) -> bytes:
    host, _, port = address.rpartition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=5) as door:
        return door.recv(100)
    return b""
