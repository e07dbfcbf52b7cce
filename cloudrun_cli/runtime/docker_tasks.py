"""Tasks of jobs as containers: the networks that one execution's tasks hand on to each other, and a container that was
made before and is found again by its name.

Two thirds of a container's start is its network, and a job has as many starts as tasks. What a task leaves behind is
its execution's alone, so the next task of that execution is started into it once everything in it has ended.
"""

import asyncio
import hashlib
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import docker

from cloudrun_cli.core.errors import StartFailed
from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime.base import Instance, InstanceSpec
from cloudrun_cli.runtime.docker_engine import Engine
from cloudrun_cli.runtime.docker_holders import Holder, Holders
from cloudrun_cli.runtime.docker_watch import Watch

IDLE = timedelta(seconds=3)  # after which a network that no task takes over goes
APPEARS = 10.0  # seconds that the engine may take over a container that an earlier daemon has asked for
BEGINS = 2.0  # seconds for a container to be started by what an earlier daemon had asked for; longer than any start
LOOK = 0.05

Network = tuple[str, ...]  # project, region, job, execution and the names of its containers: who may share one


class TaskNetworks:
    """The holders of tasks, by the instance that is in each, or was the last to be."""

    def __init__(self, holders: Holders, watch: Watch) -> None:
        self._holders, self._watch = holders, watch
        self._used: dict[str, tuple[Network, Holder]] = {}

    async def take(self, spec: InstanceSpec) -> Holder:
        """One that a task of the same execution has left, or a new one."""
        wanted = _network(spec)
        left = (id for id, (network, _) in self._used.items() if network == wanted and self._is_over(id))
        if (earlier := next(left, None)) is not None:
            _, holder = self._used.pop(earlier)
        else:
            holder = await self._holders.make(spec.containers if len(spec.containers) > 1 else ())
        self._used[spec.id] = (wanted, holder)
        return holder

    async def lost(self, instance: str) -> None:
        """What it was started into is not there any more, or it was not started at all."""
        if (found := self._used.pop(instance, None)) is not None:
            await self._holders.drop(found[1].container)

    async def over(self, instance: str) -> None:
        """It has ended: what it was in waits a moment for the next one."""
        await asyncio.sleep(IDLE.total_seconds())
        if self._is_over(instance):
            await self.lost(instance)

    def adopt(self, rows: Iterable[Mapping[str, Any]]) -> set[str]:
        """Take over those with something in them that runs, or is about to; their containers."""
        for row in rows:
            named = row["Labels"]
            if labels.TASK in named and row["State"] not in ("exited", "dead"):
                instance = labels.instance(str(row["Id"]), named)
                names = instance.containers if len(instance.containers) > 1 else ()
                network = (instance.project, instance.region, instance.service, instance.revision, *names)
                self._used[instance.id] = (network, Holder(named[labels.HOLDER], named[labels.ADDRESS]))
        return {holder.container for _, holder in self._used.values()}

    def clear(self) -> None:
        """All of them were removed."""
        self._used.clear()

    def _is_over(self, instance: str) -> bool:
        return self._watch.exit_of(instance) is not None and not self._watch.containers(instance)


def container_name(home: str, spec: InstanceSpec) -> str | None:
    """What the container of a task is called, so that there is never a second one; None where it is no task's."""
    if not spec.task:
        return None
    own = f"-{spec.containers.index(spec.container)}" if spec.container in spec.containers else ""
    return f"cloudrun-{hashlib.sha256(home.encode()).hexdigest()[:12]}-{spec.id}{own}"


def find(api: docker.APIClient, name: str) -> dict[str, Any] | None:
    """The container of this name, which was asked for before, as soon as it has run; started if nobody else does. None
    when it could not run, and is not there any more. Blocking. Raises StartFailed."""
    row = _appeared(api, name)
    begins = time.monotonic() + BEGINS
    while row["State"]["Status"] == "created" and time.monotonic() < begins:
        time.sleep(LOOK)  # an earlier daemon was killed, its call to start it may go on
        row = api.inspect_container(row["Id"])
    if row["State"]["Status"] != "created":
        return row
    try:
        api.start(row["Id"])
    except docker.errors.APIError:  # what it was to be started into is gone, say
        api.remove_container(row["Id"], force=True, v=True)
        return None
    return dict(api.inspect_container(row["Id"]))


async def was_never_started(engine: Engine, instance: Instance) -> bool:
    """Whether a task's container was only made."""

    def is_created() -> bool:
        try:
            return bool(engine.api.inspect_container(instance.handle)["State"]["Status"] == "created")
        except docker.errors.NotFound:
            return False

    return await engine.call(is_created) if instance.task else False


def _appeared(api: docker.APIClient, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + APPEARS
    while True:
        try:
            return dict(api.inspect_container(name))
        except docker.errors.NotFound as error:  # its name is taken before it is there
            if time.monotonic() > deadline:
                raise StartFailed(f"The engine does not let go of the name [{name}].", hint="Try again.") from error
        time.sleep(LOOK)


def _network(spec: InstanceSpec) -> Network:
    names = spec.containers if len(spec.containers) > 1 else ()
    return (spec.project, spec.region, spec.service, spec.revision, *names)
