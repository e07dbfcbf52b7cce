"""How much CPU the containers of an instance get: none while squeezed, their limit else; and what they have used.

Where we may write a container's control group, freezing and thawing it there takes a tenth of a millisecond; the engine
takes about 8 ms for each of pause and unpause, and is asked where the group is out of reach (measured on two cores).
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping

import docker

from cloudrun_cli.core.errors import Unavailable
from cloudrun_cli.runtime import cgroups
from cloudrun_cli.runtime.base import Usage
from cloudrun_cli.runtime.cgroups import Group
from cloudrun_cli.runtime.docker_engine import Engine

LOOK_SECONDS = 0.5  # between two looks whether one that is frozen was killed
PERIOD_US = 100_000  # of CPU accounting, in which a container gets its share


class Cpu:
    """The CPU of the containers of one home. `groups` False: only by the engine."""

    def __init__(self, engine: Engine, *, groups: bool = True) -> None:
        self._engine = engine
        self._use_groups = groups
        self._groups: dict[str, Group | None] = {}  # by container; None: out of reach
        self._paused: set[str] = set()  # by the engine
        self._frozen: set[str] = set()  # by us
        self._locks: dict[str, asyncio.Lock] = {}  # by instance
        self._ending: set[str] = set()  # instances that are not squeezed any more

    def adopt(self, paused: Iterable[str]) -> None:
        """These containers are paused already."""
        self._paused.update(paused)

    async def squeeze(self, instance: str, containers: Collection[str]) -> None:
        """Let nothing in them go on, until `release`."""
        async with self._lock(instance):
            if instance in self._ending:
                return
            try:
                await asyncio.gather(*(self._stop(one) for one in containers))
            except BaseException:
                await self._go_on_all(containers)
                raise

    async def release(self, instance: str, containers: Collection[str]) -> None:
        """Let all of them go on. Raises Unavailable when one was killed meanwhile, so that they are about to end."""
        async with self._lock(instance):
            groups = [self._groups.get(one) for one in containers]
            killed = any(group is not None and group.killed for group in groups)
            await self._go_on_all(containers)
        if killed:
            raise Unavailable(f"Instance [{instance}] was killed while it had no CPU.")

    async def free_killed(self) -> None:
        """Let those end that were killed while nothing in them goes on; for as long as this runs."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for container in list(self._frozen):
                if (group := self._groups.get(container)) is not None and group.killed:
                    group.thaw()

    async def end(self, instance: str, containers: Collection[str]) -> None:
        """They are to end: let them go on, for good."""
        self._ending.add(instance)
        async with self._lock(instance):
            await self._go_on_all(containers)

    def forget(self, instance: str, containers: Iterable[str]) -> None:
        """It is gone."""
        self._ending.discard(instance)
        self._locks.pop(instance, None)
        for container in containers:
            self._groups.pop(container, None)
            self._paused.discard(container)
            self._frozen.discard(container)

    async def is_squeezed(self, containers: Collection[str]) -> bool:
        """Whether nothing goes on in any of them."""
        groups = [await self._group(one) for one in containers if one not in self._paused]
        return all(group is not None and group.frozen for group in groups)

    async def usage(self, containers: Collection[str]) -> Usage | None:
        """What they use together; None when one of them cannot be measured."""
        cpu_seconds, memory_bytes = 0.0, 0
        for container in containers:
            group = await self._group(container)
            used = group.usage() if group is not None else None
            used = used or await self._engine.call(self._ask, container)
            if used is None:
                return None
            cpu_seconds += used.cpu_seconds
            memory_bytes += used.memory_bytes
        return Usage(cpu_seconds, memory_bytes) if containers else None

    async def limit(self, cpu_millis: Mapping[str, int]) -> None:
        """From now on these containers may use so much."""
        for container, millis in cpu_millis.items():
            await self._engine.call(self._update, container, millis)

    def _lock(self, instance: str) -> asyncio.Lock:
        return self._locks.setdefault(instance, asyncio.Lock())

    async def _stop(self, container: str) -> None:
        group = await self._group(container)
        if group is not None and group.freezable:
            await group.freeze()
            self._frozen.add(container)
        elif await self._engine.call(self._pause, container):
            self._paused.add(container)

    async def _go_on_all(self, containers: Collection[str]) -> None:
        for container in containers:
            if container not in self._paused and (group := await self._group(container)) is not None:
                group.thaw()
                self._frozen.discard(container)
        paused = [one for one in containers if one in self._paused]
        await asyncio.gather(*(self._engine.call(self._unpause, one) for one in paused))
        self._paused.difference_update(paused)

    async def _group(self, container: str) -> Group | None:
        if container not in self._groups:
            self._groups[container] = await self._engine.call(self._find, container) if self._use_groups else None
        return self._groups[container]

    def _find(self, container: str) -> Group | None:
        try:
            pid = self._engine.api.inspect_container(container)["State"]["Pid"]
        except docker.errors.NotFound:
            return None
        return cgroups.of_process(pid, container) if pid else None

    def _pause(self, container: str) -> bool:
        """Whether it is paused now: one that has ended is not."""
        try:
            self._engine.api.pause(container)
        except docker.errors.APIError as error:
            return self._paused_after(container, error)
        return True

    def _unpause(self, container: str) -> None:
        try:
            self._engine.api.unpause(container)
        except docker.errors.APIError as error:
            if self._paused_after(container, error):
                raise

    def _paused_after(self, container: str, error: docker.errors.APIError) -> bool:
        """Whether it is paused, after the engine refused to change that. Raises what it said when that is not clear."""
        try:
            state = self._engine.api.inspect_container(container)["State"]
        except docker.errors.NotFound:
            return False
        if state["Running"] and not state["Paused"] and (error.status_code or 500) >= 500:
            raise error
        return bool(state["Paused"])

    def _ask(self, container: str) -> Usage | None:
        """The same from the engine, once."""
        try:
            told = self._engine.api.stats(container, stream=False, one_shot=True)
            cpu, memory = told["cpu_stats"]["cpu_usage"]["total_usage"], told["memory_stats"]["usage"]
        except (docker.errors.NotFound, KeyError):  # gone, or not running: the engine leaves the numbers out
            return None
        statistics = told["memory_stats"].get("stats", {})
        cached = statistics.get("total_inactive_file", statistics.get("inactive_file", 0))
        return Usage(cpu / 1e9, max(0, memory - cached))

    def _update(self, container: str, millis: int) -> None:
        try:
            self._engine.api.update_container(container, cpu_period=PERIOD_US, cpu_quota=millis * PERIOD_US // 1000)
        except docker.errors.APIError as error:
            if error.status_code not in (404, 409):
                raise
