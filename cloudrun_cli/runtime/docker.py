"""Instances as containers of a Docker engine. Labels are the only memory: a new runtime finds all of it again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import docker

from cloudrun_cli.core.errors import CloudRunError, EngineUnavailable, StartFailed
from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime import docker_sockets
from cloudrun_cli.runtime.background import Background
from cloudrun_cli.runtime.base import (
    STOP_GRACE,
    Exit,
    ExitCause,
    Image,
    Instance,
    InstanceSpec,
    Listening,
    LogLine,
    Usage,
)
from cloudrun_cli.runtime.docker_build import Builder
from cloudrun_cli.runtime.docker_cpu import Cpu
from cloudrun_cli.runtime.docker_engine import HINT, Engine, connect
from cloudrun_cli.runtime.docker_holders import POOL, TRIES, Holder, Holders, OwnNetwork, remove
from cloudrun_cli.runtime.docker_images import Images
from cloudrun_cli.runtime.docker_logs import Logs
from cloudrun_cli.runtime.docker_start import HolderLost, StartedBefore, Starter
from cloudrun_cli.runtime.docker_tasks import TaskNetworks, was_never_started
from cloudrun_cli.runtime.docker_volumes import Volumes
from cloudrun_cli.runtime.docker_watch import Watch, kill
from cloudrun_cli.runtime.docker_ways import Ways

PARALLEL_STARTS = 6  # no engine has to bear more; the daemon lets in no more than these, in a fair order
KILL_DEADLINE = timedelta(seconds=20)  # from SIGKILL to the engine's word that it is over
EVENTS_DEADLINE = timedelta(seconds=10)  # until the engine begins to tell events
ALIVE = ("running", "paused", "restarting")
END_LOOK = 0.05  # seconds between two looks whether the rest of an instance has ended
LINGER = timedelta(seconds=10)  # how long an ended container waits for somebody to read its last lines

_log = logging.getLogger(__name__)


class DockerRuntime:
    """Containers of one home. `home` is its absolute path; `hosts` are further names that instances can look up.

    `reachable` says whether this machine reaches the containers' own addresses; None: found out by `open`. `groups`
    False: their control groups are left to the engine. `ways` are laid for instances to this home, where that can be;
    `trust` is a folder that they see at /run/cloudrun.
    """

    name = "docker"

    def __init__(
        self,
        home: str,
        *,
        pool: int = POOL,
        hosts: Mapping[str, str] | None = None,
        connect: Callable[[], docker.APIClient] = connect,
        linger: timedelta = LINGER,
        reachable: bool | None = None,
        groups: bool = True,
        ways: Ways | None = None,
        trust: Path | None = None,
    ) -> None:
        self._home = home
        self._use_groups = groups
        self._pool = pool
        self._hosts = hosts or {}
        self._connect = connect
        self._linger = linger
        self._reachable = reachable
        self._ways, self._trust = ways, trust
        self._starts = asyncio.Semaphore(PARALLEL_STARTS)
        self._background = Background()

    async def open(self) -> None:
        api = await asyncio.to_thread(self._connect)
        self._engine = Engine(api)
        self._images = Images(self._engine)
        self._builder = Builder(self._engine, self._images, self._home)
        self._watch = Watch(self._engine, self._home)
        self._cpu = Cpu(self._engine, groups=self._use_groups)
        self._holders = Holders(
            self._engine, self._home, size=self._pool, hosts=self._hosts, reachable=self._reachable, ways=self._ways
        )
        self._networks = TaskNetworks(self._holders, self._watch)
        self._logs = Logs(self._engine, self._watch)
        self._volumes = Volumes(api, self._home)
        self._starter = await self._engine.call(Starter, api, self._home, self._volumes, self._trust)
        try:
            await self._take_over()
        except BaseException:
            await self.close()
            raise

    @property
    def network(self) -> tuple[str, str]:
        """Gateway and subnet of the home's network, once open; empty where this machine is not on it."""
        return (self._holders.gateway, self._holders.subnet) if self._holders.reachable else ("", "")

    @property
    def wired(self) -> bool:
        """Whether the ways are laid."""
        return self._holders.ways is not None

    async def close(self) -> None:
        await self._background.close()
        self._engine.close()

    async def resolve(self, image: str) -> Image:
        found = await self._images.resolve(image)
        await self._engine.call(self._starter.folders.learn, found.digest)
        return found

    async def build(
        self, source: Path, image: str, *, base_image: str, env: Mapping[str, str], log: Callable[[str], None]
    ) -> Image:
        return await self._builder.build(source, image, base_image=base_image, env=env, log=log)

    async def forget(self, digest: str) -> None:
        await self._images.forget(digest)

    def check(self, spec: InstanceSpec) -> None:
        """A container can be all of it."""

    async def start(self, spec: InstanceSpec) -> Instance:
        async with self._starts:
            take = self._networks.take if spec.task else self._holders.take
            with nullcontext() if spec.task else self._holders.starting():
                for _ in range(TRIES - 1):
                    with suppress(HolderLost):
                        return await self._start_into(await take(spec), spec)
                return await self._start_into(await take(spec), spec)

    async def join(self, instance: Instance, spec: InstanceSpec) -> None:
        async with self._starts:
            self._watch.begin(spec.id, spec.container)
            starting = asyncio.ensure_future(self._engine.call(self._starter.join, spec, instance))
            try:
                container = await asyncio.shield(starting)
            except asyncio.CancelledError:
                self._background.begin(self._undo_join(spec, starting))
                raise
            except StartedBefore as earlier:
                await self._found(spec, earlier.container)
                return
            except CloudRunError:
                self._watch.failed(spec.id, spec.container)
                raise
        if (exit := self._watch.exit_of(instance.id)) is not None:
            self._watch.failed(spec.id, spec.container)
            await self._engine.call(remove, self._engine.api, container)
            raise StartFailed(f"Container [{exit.container}] had ended, and the instance with it.")
        await self._watch.began(spec.id, spec.container, container)

    async def stop(self, instance: Instance, *, grace: timedelta = STOP_GRACE) -> Exit:
        if (exit := await self.ended(instance)) is not None:
            if instance.task:
                await self._remove(instance.id)
            return exit
        if await was_never_started(self._engine, instance):
            await self._remove(instance.id)
            return Exit(instance.id, ExitCause.REMOVED)
        containers = await self._containers_of(instance)
        end = self._watch.ask(instance.id, containers)
        await self._cpu.end(instance.id, containers)  # no signal reaches what stands still
        for signal, patience in (("SIGTERM", grace), ("SIGKILL", KILL_DEADLINE)):
            if not patience:
                continue
            await self._signal(containers, signal)
            with suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(end), patience.total_seconds())
        return await self._watch.look(instance.id, containers) or Exit(instance.id, ExitCause.REMOVED)

    async def purge(self) -> None:
        for row in await self._engine.call(self._containers, True):
            self._watch.ask(row["Labels"][labels.INSTANCE], {row["Id"]})
        async with self._holders.purged():
            await self._engine.call(self._remove_all)
            self._networks.clear()

    async def instances(self) -> list[Instance]:
        rows = await self._engine.call(self._containers, False)
        found = [_instance(row) for row in rows if labels.is_first(row["Labels"])]
        return [one for one in found if not one.task and self._watch.exit_of(one.id) is None]

    async def tasks(self) -> list[Instance]:
        rows = await self._engine.call(self._containers, True, labels.TASK)
        return [_instance(row) for row in rows if labels.is_first(row["Labels"])]

    def exits(self) -> AsyncIterator[Exit]:
        return self._watch.exits()

    def logs(self, instance: Instance, *, after: str | None = None) -> AsyncIterator[LogLine]:
        return self._logs.lines(instance, after)

    async def door(self, instance: Instance, port: int) -> str:
        if port == instance.port:
            return instance.address
        if self._holders.reachable:
            return f"{instance.address.rpartition(':')[0]}:{port}"
        holder = await self._engine.call(self._holder_of, instance)
        return await self._engine.call(self._holders.published, holder, port)

    async def listening(self, instance: Instance) -> list[Listening]:
        if not self._holders.reachable:
            return []
        return await self._engine.call(self._listening, instance)

    async def ended(self, instance: Instance) -> Exit | None:
        return await self._watch.ended(instance)

    async def usage(self, instances: Sequence[Instance]) -> dict[str, Usage]:
        found = {one.id: await self._cpu.usage(await self._containers_of(one)) for one in instances}
        return {id: usage for id, usage in found.items() if usage is not None}

    async def squeeze(self, instance: Instance) -> None:
        if self._watch.exit_of(instance.id) is None:
            await self._cpu.squeeze(instance.id, await self._containers_of(instance))

    async def release(self, instance: Instance) -> None:
        await self._cpu.release(instance.id, await self._containers_of(instance))

    async def squeezed(self) -> frozenset[str]:
        rows = labels.by_instance(await self._engine.call(self._containers, False))
        found = {id for id, its in rows.items() if await self._cpu.is_squeezed({row["Id"] for row in its})}
        return frozenset(found)

    async def limit_cpu(self, instance: Instance, cpu_millis: Mapping[str, int]) -> None:
        rows = await self._engine.call(self._containers, False, f"{labels.INSTANCE}={instance.id}")
        named = {row["Labels"].get(labels.CONTAINER, ""): str(row["Id"]) for row in rows}
        bounded = {named[name]: self._starter.bounded(cpu) for name, cpu in cpu_millis.items() if name in named}
        await self._cpu.limit(bounded)

    async def _take_over(self) -> None:
        """Listen first, then look what is there: nothing can end unseen in between."""
        self._background.begin(self._watch.run())
        try:
            await asyncio.wait_for(self._watch.listening.wait(), EVENTS_DEADLINE.total_seconds())
        except TimeoutError as error:
            raise EngineUnavailable("Docker answers, but tells no events.", hint=HINT) from error
        rows = await self._engine.call(self._containers, True)
        self._cpu.adopt(row["Id"] for row in rows if row["State"] == "paused")
        for instance, its in labels.by_instance(rows).items():
            self._watch.adopt(instance, {row["Id"] for row in its if row["State"] in ALIVE})
            if _is_whole(its) or await self._watch.look(instance, {row["Id"] for row in its}) is not None:
                continue
            if labels.TASK not in its[0]["Labels"]:  # that is still wanted
                self._watch.give_up(instance)
        await self._engine.call(self._volumes.remove_all, frozenset(labels.by_instance(rows)))
        of_services = {row["Labels"][labels.HOLDER] for row in rows if labels.TASK not in row["Labels"]}
        await self._holders.open(of_services | self._networks.adopt(rows))
        self._background.begin(self._holders.refill())
        self._background.begin(self._clear_away())
        self._background.begin(self._cpu.free_killed())

    async def _start_into(self, place: Holder | OwnNetwork, spec: InstanceSpec) -> Instance:
        self._watch.begin(spec.id, spec.container)
        starting = asyncio.ensure_future(self._engine.call(self._starter.start, spec, place))
        try:
            instance = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._background.begin(self._undo(spec, place, starting))
            raise
        except StartedBefore as earlier:
            return await self._found(spec, earlier.container)
        except CloudRunError:
            self._watch.failed(spec.id, spec.container)
            await self._drop(place, spec)
            raise
        if isinstance(place, OwnNetwork):
            await self._engine.call(self._holders.lay, place, instance.handle)
        await self._watch.began(spec.id, spec.container, instance.handle)
        return instance

    async def _found(self, spec: InstanceSpec, container: Mapping[str, Any]) -> Instance:
        """A task's container that was started before, and may have ended since."""
        self._watch.failed(spec.id, spec.container)
        instance = labels.instance(str(container["Id"]), container["Config"]["Labels"])
        if container["State"]["Running"]:
            self._watch.adopt(spec.id, {instance.handle})
        else:
            await self._watch.look(spec.id, {instance.handle})
        return instance

    def _containers(self, ended_too: bool, label: str | None = None) -> list[dict[str, Any]]:
        wanted = labels.filters(self._home, labels.KIND_INSTANCE)
        wanted["label"] += [label] if label else []
        return list(self._engine.api.containers(all=ended_too, filters=wanted))

    def _remove_all(self) -> None:
        api = self._engine.api
        for kind in (labels.KIND_INSTANCE, labels.KIND_BUILD, labels.KIND_HOLDER):
            for row in api.containers(all=True, filters=labels.filters(self._home, kind)):
                remove(api, row["Id"])
        self._volumes.remove_all()

    def _listening(self, instance: Instance) -> list[Listening]:
        try:
            pid = self._engine.api.inspect_container(instance.handle)["State"]["Pid"]
        except docker.errors.NotFound:
            return []
        return docker_sockets.listening(pid) if pid else []

    async def _undo(self, spec: InstanceSpec, place: Holder | OwnNetwork, starting: asyncio.Future[Instance]) -> None:
        """Whoever wanted it has gone, and the engine cannot be interrupted: let it finish, and remove what came."""
        with suppress(CloudRunError):
            instance = await starting
            await self._engine.call(remove, self._engine.api, instance.handle)
        self._watch.failed(spec.id, spec.container)
        await self._drop(place, spec)

    async def _undo_join(self, spec: InstanceSpec, starting: asyncio.Future[str]) -> None:
        with suppress(CloudRunError):
            await self._engine.call(remove, self._engine.api, await starting)
        self._watch.failed(spec.id, spec.container)

    async def _drop(self, place: Holder | OwnNetwork, spec: InstanceSpec) -> None:
        """Remove what was made for an instance that was not started."""
        if spec.task:
            await self._networks.lost(spec.id)
        elif place.container:
            await self._holders.drop(place.container)
        if spec.mounts:
            await self._engine.call(self._volumes.remove, spec.id)

    async def _clear_away(self) -> None:
        """Remove what ended: the holder at once, the containers when their log was read, or nobody came for it."""
        while True:
            self._background.begin(self._clear(await self._watch.gone.get()))

    async def _clear(self, instance: str) -> None:
        rows = await self._engine.call(self._containers, True, f"{labels.INSTANCE}={instance}")
        alive = {row["Id"] for row in rows if row["State"] in ALIVE}
        await self._cpu.end(instance, alive)
        await self._end_rest(alive)
        if any(labels.TASK in row["Labels"] for row in rows):  # it stays known
            await self._networks.over(instance)
            return
        for holder in {row["Labels"][labels.HOLDER] for row in rows} - {""}:
            await self._holders.drop(holder)
        await self._logs.read_out(instance, self._linger)
        await self._remove_containers(instance, rows)

    async def _remove(self, instance: str) -> None:
        """Remove what is left of a task's instance, once nobody reads what it said."""
        rows = await self._engine.call(self._containers, True, f"{labels.INSTANCE}={instance}")
        await self._end_rest({row["Id"] for row in rows if row["State"] in ALIVE})
        await self._logs.read_out(instance, timedelta(0))
        await self._remove_containers(instance, rows)

    async def _remove_containers(self, instance: str, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            await self._engine.call(remove, self._engine.api, row["Id"])
        self._cpu.forget(instance, (row["Id"] for row in rows))
        if not rows or any(mount.get("Type") == "volume" for row in rows for mount in row.get("Mounts", ())):
            await self._engine.call(self._volumes.remove, instance)

    async def _end_rest(self, containers: set[str]) -> None:
        """One container has ended, and these are to follow. Source: container runtime contract, termination."""
        for signal, patience in (("SIGTERM", STOP_GRACE), ("SIGKILL", KILL_DEADLINE)):
            await self._signal(containers, signal)
            deadline = asyncio.get_running_loop().time() + patience.total_seconds()
            while containers and asyncio.get_running_loop().time() < deadline:
                alive = {row["Id"] for row in await self._engine.call(self._containers, False)}
                if not (containers := containers & alive):
                    return
                await asyncio.sleep(END_LOOK)

    async def _signal(self, containers: Iterable[str], signal: str) -> None:
        await asyncio.gather(*(self._engine.call(kill, self._engine.api, one, signal) for one in containers))

    async def _containers_of(self, instance: Instance) -> set[str]:
        known = self._watch.containers(instance.id)
        if known or len(instance.containers) == 1:
            return {*known} or {instance.handle}
        rows = await self._engine.call(self._containers, False, f"{labels.INSTANCE}={instance.id}")
        return {row["Id"] for row in rows}

    def _holder_of(self, instance: Instance) -> str:
        its = self._engine.api.inspect_container(instance.handle)["Config"]["Labels"]
        return str(its[labels.HOLDER] or instance.handle)


def _instance(row: Mapping[str, Any]) -> Instance:
    return labels.instance(str(row["Id"]), row["Labels"])


def _is_whole(rows: list[dict[str, Any]]) -> bool:
    """Whether all containers of an instance run: one whose start was cut off lacks some."""
    wanted = set(_instance(rows[0]).containers)
    return wanted == {row["Labels"].get(labels.CONTAINER, "") for row in rows if row["State"] in ALIVE}
