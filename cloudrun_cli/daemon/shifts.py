"""Shifts of traffic: revisions are brought up to what they will have to carry before any of it comes to them.

While a service receives requests, whoever gets a larger share of them has enough ready instances first. A service that
nobody calls shifts at once, and starts on demand. Source: Rollbacks, gradual rollouts, and traffic migration.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from math import ceil

from cloudrun_cli.core.resources import (
    DEFAULT_CONCURRENCY,
    STARTUP_LIMIT,
    ActiveTraffic,
    RevisionName,
    RevisionRef,
    ServiceRef,
)
from cloudrun_cli.daemon.autoscaler import Autoscaler
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.daemon.world import World
from cloudrun_cli.dataplane.gate import Gate

log = logging.getLogger(__name__)

RECENT_SECONDS = 10.0  # an instance that served so lately counts as busy: between two requests it looks idle

Aims = Callable[[ServiceRef], tuple[ActiveTraffic, ...] | None]
Apply = Callable[[Sequence[ServiceRef]], None]


class Shifts:
    """The shifts under way, one a service at most."""

    def __init__(
        self, world: World, autoscaler: Autoscaler, gate: Gate, tasks: Tasks, monotonic: Callable[[], float]
    ) -> None:
        self._world, self._autoscaler, self._gate, self._tasks = world, autoscaler, gate, tasks
        self._now = monotonic
        self._under_way: dict[ServiceRef, asyncio.Task[None]] = {}

    def begin(self, ref: ServiceRef, aims: Aims, apply: Apply) -> bool:
        """Whether the traffic of this service has to wait for instances; then `apply` is called when they are ready,
        and until then its requests go where they went. `aims` says what its traffic means at any moment."""
        if ref in self._under_way:
            return True
        needs = self._needs(ref, aims(ref))
        if not self._lacking(needs):
            return False
        for revision, count in needs.items():
            self._autoscaler.want(revision, count)
        self._under_way[ref] = self._tasks.spawn(self._shift(ref, needs, aims, apply))
        return True

    async def close(self) -> None:
        """Give up what is under way."""
        under_way = list(self._under_way.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _shift(self, ref: ServiceRef, needs: dict[RevisionRef, int], aims: Aims, apply: Apply) -> None:
        wanted: set[RevisionRef] = set()
        try:
            while needs.keys() - wanted:  # again when its user has meanwhile asked for others
                new = needs.keys() - wanted
                wanted |= new
                for revision in new:
                    self._autoscaler.want(revision, needs[revision])
                for revision in new:
                    if not await self._autoscaler.brought_up(revision, STARTUP_LIMIT.total_seconds()):
                        log.warning("%s gets its traffic with fewer instances than it needs.", revision)
                needs = self._needs(ref, aims(ref))
        finally:
            del self._under_way[ref]
        try:
            apply([ref])
        finally:
            for revision in wanted:
                self._autoscaler.let_be(revision)

    def _needs(self, ref: ServiceRef, aims: tuple[ActiveTraffic, ...] | None) -> dict[RevisionRef, int]:
        """The instances that each revision whose share grows needs, while the service receives requests."""
        service = self._world.services.get(ref)
        if service is None or aims is None:
            return {}
        before, after = _shares(service.status.traffic), _shares(aims)
        grown = {name: percent for name, percent in after.items() if percent > before.get(name, 0)}
        demand = self._demand([RevisionRef(ref.project, ref.region, name) for name in before]) if grown else 0
        if not demand:
            return {}
        needs = {}
        for name, percent in grown.items():
            revision = self._world.revisions[RevisionRef(ref.project, ref.region, name)]
            _, most, _ = self._world.limits(revision)
            slots = revision.template.concurrency or DEFAULT_CONCURRENCY
            needs[revision.ref] = min(ceil(demand * percent / 100 / slots), most)
        return needs

    def _demand(self, revisions: Iterable[RevisionRef]) -> int:
        """Requests at once, as far as can be seen: those under way and waiting, or as many as kept all instances but
        one full that were busy lately."""
        now, demand = self._now(), 0
        for ref in revisions:
            load, revision = self._gate.load_of(ref), self._world.revisions.get(ref)
            if load is None or revision is None:
                continue
            busy = sum(
                i.served and (i.idle_since is None or now - i.idle_since < RECENT_SECONDS)
                for i in load.instances.values()
            )
            slots = revision.template.concurrency or DEFAULT_CONCURRENCY
            demand += max(load.in_flight + load.waiting, (busy - 1) * slots + 1 if busy else 0)
        return demand

    def _lacking(self, needs: dict[RevisionRef, int]) -> bool:
        return any(self._autoscaler.ready(ref) < count for ref, count in needs.items())


def _shares(active: Iterable[ActiveTraffic]) -> dict[RevisionName, int]:
    out: dict[RevisionName, int] = {}
    for target in active:
        if target.percent:
            out[target.revision] = out.get(target.revision, 0) + target.percent
    return out
