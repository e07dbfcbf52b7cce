"""Callers: which instance is at the other end of a connection, told by what it cannot choose: a container by the
address it has on the home's network, a process by the socket that is its own."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from cloudrun_cli.core.annotations import VPC_EGRESS
from cloudrun_cli.core.metadata import InstanceView
from cloudrun_cli.core.resources import RevisionTemplate
from cloudrun_cli.daemon.attempts import Attempt
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.daemon.runtimes import DOCKER
from cloudrun_cli.runtime import process_callers
from cloudrun_cli.runtime.base import Instance

ALL_TRAFFIC = ("all-traffic", "all")  # Source: gcloud run deploy, --vpc-egress; `all` is its older name
STARTING_SECONDS = 5.0  # an instance may ask before its start has been written down
LOOK_SECONDS = 0.02
LOOPBACK = "127.0.0.1"


class Known(NamedTuple):
    """An instance of a service or of a task, and what it runs; `instance` None: the runtime has not answered yet."""

    id: str
    instance: Instance | None
    project: str
    region: str
    template: RevisionTemplate


class Callers:
    """`members` are the instances that run now, `attempts` those of tasks; `number` is that of a project; `processes`
    is the folder of those that are processes."""

    def __init__(
        self,
        members: Callable[[], Iterable[Member]],
        attempts: Callable[[], Iterable[Attempt]],
        number: Callable[[str], str],
        processes: Path,
    ) -> None:
        self._members, self._attempts, self._number, self._processes = members, attempts, number, processes

    async def view(self, peer: tuple[str, int]) -> InstanceView | None:
        """What the instance is told about itself; None when no instance of this home is there."""
        deadline = time.monotonic() + STARTING_SECONDS
        while (known := await self._find(peer)) is None:
            if time.monotonic() > deadline or all(one.instance for one in self._everyone()):
                return None
            await asyncio.sleep(LOOK_SECONDS)
        number, account = self._number(known.project), known.template.service_account
        return InstanceView(known.id, known.project, number, known.region, account)

    def network_of(self, address: str) -> str | None:
        """The project whose network a container calls from: that of what it runs, when all that it sends goes through
        it. Source: Restrict network ingress."""
        known = self._container(address)
        if known is None or known.template.annotations.get(VPC_EGRESS) not in ALL_TRAFFIC:
            return None
        return known.project

    def _everyone(self) -> Iterator[Known]:
        """Those that have not ended, in the order in which they were begun."""
        for member in self._members():
            if not member.gone.is_set():
                ref = member.revision.ref
                yield Known(member.id, member.instance, ref.project, ref.region, member.revision.template)
        for attempt in self._attempts():
            if not attempt.is_over:  # its network may be another's by now
                execution = attempt.execution
                place, template = execution.ref, execution.template.task
                yield Known(attempt.id, attempt.instance, place.project, place.region, template)

    async def _find(self, peer: tuple[str, int]) -> Known | None:
        if peer[0] != LOOPBACK:
            return self._container(peer[0])
        found = await asyncio.to_thread(process_callers.instance_of, self._processes, peer)
        return next((known for known in self._everyone() if known.id == found), None)

    def _container(self, address: str) -> Known | None:
        for known in reversed([*self._everyone()]):  # an address may have been that of an earlier one
            run = known.instance
            if run is not None and run.runtime == DOCKER and run.address.partition(":")[0] == address:
                return known
        return None
