"""Callers: which instance is at the other end of a connection, told by what it cannot choose: a container by the
address it has on the home's network, a process by the socket that is its own."""

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from cloudrun_cli.core.annotations import VPC_EGRESS
from cloudrun_cli.core.metadata import InstanceView
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.daemon.runtimes import DOCKER
from cloudrun_cli.runtime import process_callers

ALL_TRAFFIC = ("all-traffic", "all")  # Source: gcloud run deploy, --vpc-egress; `all` is its older name
STARTING_SECONDS = 5.0  # an instance may ask before its start has been written down
LOOK_SECONDS = 0.02
LOOPBACK = "127.0.0.1"


class Callers:
    """`members` are the instances that run now, `number` is that of a project; `processes` is the folder of those that
    are processes."""

    def __init__(self, members: Callable[[], Iterable[Member]], number: Callable[[str], str], processes: Path) -> None:
        self._members, self._number, self._processes = members, number, processes

    async def view(self, peer: tuple[str, int]) -> InstanceView | None:
        """What the instance is told about itself; None when no instance of this home is there."""
        deadline = time.monotonic() + STARTING_SECONDS
        while (member := await self._find(peer)) is None:
            if time.monotonic() > deadline or all(one.instance for one in self._members()):
                return None
            await asyncio.sleep(LOOK_SECONDS)
        ref, account = member.revision.ref, member.revision.template.service_account
        return InstanceView(member.id, ref.project, self._number(ref.project), ref.region, account)

    def network_of(self, address: str) -> str | None:
        """The project whose network a container calls from: that of its revision, when all that it sends goes through
        it. Source: Restrict network ingress."""
        member = self._container(address)
        if member is None or member.revision.template.annotations.get(VPC_EGRESS) not in ALL_TRAFFIC:
            return None
        return member.revision.ref.project

    async def _find(self, peer: tuple[str, int]) -> Member | None:
        if peer[0] != LOOPBACK:
            return self._container(peer[0])
        found = await asyncio.to_thread(process_callers.instance_of, self._processes, peer)
        return next((member for member in self._members() if member.id == found), None)

    def _container(self, address: str) -> Member | None:
        for member in reversed([*self._members()]):  # an address may have been that of an earlier one
            run = member.instance
            if (
                run is not None
                and not member.gone.is_set()
                and run.runtime == DOCKER
                and run.address.partition(":")[0] == address
            ):
                return member
        return None
