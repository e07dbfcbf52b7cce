"""Makes what is equal to what should be: revisions prepared, routes set, services settled."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from cloudrun_cli.clock import Clock
from cloudrun_cli.core import conditions, contract, sidecars, traffic
from cloudrun_cli.core.autopsy import Finding, refused
from cloudrun_cli.core.conditions import readiness
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.resources import ActiveTraffic, Revision, RevisionRef, Service, ServiceRef, ServiceStatus, Status
from cloudrun_cli.daemon.autoscaler import Autoscaler
from cloudrun_cli.daemon.fleet import GIVEN_UP, Fleet
from cloudrun_cli.daemon.runtimes import Runtimes
from cloudrun_cli.daemon.shifts import Shifts
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.daemon.world import World
from cloudrun_cli.dataplane.routes import RouteChange

log = logging.getLogger(__name__)

ROLLOUT = "DEPLOYMENT_ROLLOUT"
INTERNAL = "Internal"


class Reconciler:
    """`look` compares the store with what is done or under way, and begins what is missing."""

    def __init__(
        self,
        world: World,
        fleet: Fleet,
        autoscaler: Autoscaler,
        runtimes: Runtimes,
        shifts: Shifts,
        clock: Clock,
        tasks: Tasks,
        use: Callable[[RouteChange], None],
    ) -> None:
        self._world, self._fleet, self._autoscaler, self._shifts = world, fleet, autoscaler, shifts
        self._runtimes, self._clock, self._tasks, self._use = runtimes, clock, tasks, use
        self._preparing: dict[RevisionRef, asyncio.Task[None]] = {}

    def look(self, *, whole: bool = False) -> None:
        """Read the store; prepare new revisions, route changed services, let go of what is no longer there. Without
        `whole`, only what the journal tells of."""
        seen = self._world.refresh(whole=whole)
        self._let_go(seen.gone)
        for ref in list(self._world.unknown - self._preparing.keys()):
            self._autoscaler.hold(ref)
            self._preparing[ref] = self._tasks.spawn(self._prepare(self._world.revisions[ref]))
        self._route(seen.services | self._world.unsettled)
        if whole:
            self._autoscaler.poke_all()

    async def close(self) -> None:
        """Give up what is under way; the next daemon begins it again."""
        under_way = list(self._preparing.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._shifts.close()

    async def forget_images(self) -> None:
        """Let go of the images of all revisions, for good."""
        kept = {(r.status.runtime, digest) for r in self._world.revisions.values() for digest in _digests(r)}
        await asyncio.gather(*(self._forget(runtime, digest) for runtime, digest in kept))

    def _let_go(self, gone: Iterable[Revision]) -> None:
        images: set[tuple[str, str]] = set()
        for revision in gone:
            if (task := self._preparing.pop(revision.ref, None)) is not None:
                task.cancel()
            for member in self._fleet.members(revision.ref):
                self._fleet.retire(member.id, "its revision was deleted")
            self._autoscaler.poke(revision.ref)
            images |= {(revision.status.runtime, digest) for digest in _digests(revision)}
        if images:
            needed = self._world.digests()
            for runtime, digest in images:
                if digest not in needed:
                    self._tasks.spawn(self._forget(runtime, digest))

    async def _prepare(self, revision: Revision) -> None:
        """Find its images, start its first instance, and write down how that went."""
        began = time.monotonic()
        try:
            revision, finding = await self._try(revision)
            now, status = self._clock.now(), revision.status
            if finding is not None:
                status = conditions.revision_failed(status, finding.reason, finding.message, now)
            elif revision.template.skips_deploy_check:
                status = conditions.revision_unchecked(status, time.monotonic() - began, now)
            else:
                status = conditions.revision_ready(status, time.monotonic() - began, now)
            self._world.save_revision(replace(revision, status=status))
            if revision.service_ref in self._world.services:
                self._route([revision.service_ref])
        finally:
            if self._preparing.get(revision.ref) is asyncio.current_task():
                del self._preparing[revision.ref]
            self._autoscaler.release(revision.ref)

    async def _try(self, revision: Revision) -> tuple[Revision, Finding | None]:
        try:
            if not revision.status.image_digest:
                revision = await self._with_images(revision)
                self._world.save_revision(revision)
            await self._runtimes.opened()
            if revision.template.skips_deploy_check:
                return revision, None
            while True:
                member = self._fleet.enlist(revision)
                member.suspected = lambda text: self._suspect(revision, text)
                finding = await self._fleet.launch(member, ROLLOUT, checked=True)
                if finding is None or finding.reason != GIVEN_UP or member.zone not in self._world.stopped_zones:
                    return revision, finding
        except CloudRunError as error:
            return revision, refused(error)
        except Exception:
            log.exception("Preparing %s broke", revision.ref)
            return revision, Finding("The deploy broke off because of a fault of cloudrun itself.", "", INTERNAL)

    def _suspect(self, revision: Revision, text: str) -> None:
        """Write down what may be wrong with the start that goes on, for whoever waits for it."""
        self._world.save_revision(
            replace(revision, status=conditions.revision_waiting(revision.status, text, self._clock.now()))
        )

    async def _with_images(self, revision: Revision) -> Revision:
        """With the digests of its containers: the one that serves decides which runtime it belongs to."""
        template = revision.template
        found = await self._runtimes.resolve(template.ingress_container.image)
        notes, digests = [*found.image.notes], {}
        runtime = self._runtimes.get(found.runtime)
        self._fleet.check(revision, found.runtime)
        for name, container in sidecars.named(template).items():
            if container is not template.ingress_container:
                image = await runtime.resolve(container.image)
                digests[name] = image.digest
                notes += image.notes
        notes += [said] if (said := contract.not_yet(template)) else []
        status = replace(
            revision.status,
            image_digest=found.image.digest,
            runtime=found.runtime,
            note=" ".join(dict.fromkeys(notes)),
            sidecar_digests=digests,
        )
        return replace(revision, status=status)

    async def _forget(self, runtime: str, digest: str) -> None:
        """Let go of an image that no revision runs any more."""
        try:
            await self._runtimes.get(runtime).forget(digest)
        except CloudRunError as error:
            log.warning("The image %s stays: %s", digest, error.message)

    def _route(self, services: Iterable[ServiceRef]) -> None:
        """Let the services' traffic mean what it means now; where that sends requests to revisions that cannot take
        them yet, when they can."""
        waiting = {ref for ref in services if self._shifts.begin(ref, self._aims, self._apply)}
        if waiting:
            self._use(self._world.route_change(waiting))  # the traffic as it was, with whatever else is new
        self._apply([ref for ref in services if ref not in waiting])

    def _apply(self, services: Sequence[ServiceRef]) -> None:
        """What the services ask for is saved, given to the gate, and only then called settled."""
        aimed = [ref for ref in services if ref in self._world.unsettled or self._has_moved(ref)]
        for ref in aimed:
            self._world.save_status(ref, self._aimed)
        change = self._world.route_change(services)
        self._use(change)
        for ref in aimed:
            self._world.save_status(ref, self._settled)
        self._mark(change)
        for revision in change.revisions:  # who lost the last traffic is to go, who has some now may have a minimum
            self._autoscaler.poke(revision)

    def _aims(self, ref: ServiceRef) -> tuple[ActiveTraffic, ...] | None:
        """What the service's traffic means now; None when that cannot be served."""
        service = self._world.services.get(ref)
        return None if service is None else self._meaning(service)

    def _meaning(self, service: Service) -> tuple[ActiveTraffic, ...] | None:
        of_service = self._world.of_service(service.ref)
        ready = {r.ref.name for r in of_service if readiness(r.status.conditions) is Status.TRUE}
        return traffic.active(service.traffic, self._world.latest_ready(service.ref), ready)

    def _has_moved(self, ref: ServiceRef) -> bool:
        """Whether what its traffic means is other than what is served, though nobody has asked for anything new."""
        service, aims = self._world.services.get(ref), self._aims(ref)
        return service is not None and aims is not None and aims != service.status.traffic

    def _aimed(self, service: Service) -> ServiceStatus:
        active = self._meaning(service)
        status = replace(service.status, latest_ready=self._world.latest_ready(service.ref))
        return status if active is None else replace(status, traffic=active)

    def _settled(self, service: Service) -> ServiceStatus:
        revisions = {r.ref.name: r for r in self._world.of_service(service.ref)}
        latest = revisions.get(service.status.latest_created) if service.status.latest_created else None
        given = [revisions[t.revision] for t in service.traffic if t.percent and t.revision in revisions]
        states = {r.ref.name: readiness(r.status.conditions) for r in given}
        unfit = next((r for r in given if states[r.ref.name] is Status.FALSE), None)
        routed = Status.UNKNOWN not in states.values()
        return conditions.service_status(service, latest, routed, self._clock.now(), unfit)

    def _mark(self, change: RouteChange) -> None:
        """Write down which revisions requests can reach no longer, and which they can again."""
        now, marked = self._clock.now(), []
        for ref, route in change.revisions.items():
            revision = self._world.revisions.get(ref)
            if revision is None or readiness(revision.status.conditions) is not Status.TRUE:
                continue
            status = conditions.revision_active(revision.status, route is not None, now)
            if status != revision.status:
                marked.append(replace(revision, status=status))
        if marked:
            self._world.save_revisions(marked)


def _digests(revision: Revision) -> list[str]:
    """The images that it runs, as far as they are known."""
    return [one for one in (revision.status.image_digest, *revision.status.sidecar_digests.values()) if one]
