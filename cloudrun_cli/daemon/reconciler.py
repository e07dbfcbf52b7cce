"""Makes what is equal to what should be: revisions prepared, routes set, services settled."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from cloudrun_cli.clock import Clock
from cloudrun_cli.core import conditions, traffic
from cloudrun_cli.core.autopsy import MISSING, Finding
from cloudrun_cli.core.conditions import readiness
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.resources import Revision, RevisionRef, Service, ServiceStatus, Status
from cloudrun_cli.daemon.autoscaler import Autoscaler
from cloudrun_cli.daemon.fleet import Fleet
from cloudrun_cli.daemon.runtimes import Runtimes
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.daemon.world import World
from cloudrun_cli.dataplane.routes import Routes

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
        clock: Clock,
        tasks: Tasks,
        use: Callable[[Routes], None],
    ) -> None:
        self._world, self._fleet, self._autoscaler = world, fleet, autoscaler
        self._runtimes, self._clock, self._tasks, self._use = runtimes, clock, tasks, use
        self._preparing: dict[RevisionRef, asyncio.Task[None]] = {}
        self.api: str | None = None

    def look(self) -> None:
        """Read the store; prepare new revisions, route changed services, let go of what is no longer there."""
        gone = self._world.refresh()
        for name, digest in {(r.status.runtime, r.status.image_digest) for r in gone if r.status.image_digest}:
            if digest not in self._world.digests():
                self._tasks.spawn(self._forget(name, digest))
        for ref, task in list(self._preparing.items()):
            if ref not in self._world.revisions:
                task.cancel()
        for revision in list(self._world.revisions.values()):
            if readiness(revision.status.conditions) is Status.UNKNOWN and revision.ref not in self._preparing:
                self._autoscaler.hold(revision.ref)
                self._preparing[revision.ref] = self._tasks.spawn(self._prepare(revision))
        self._route([s for s in self._world.services.values() if not _is_settled(s)])

    async def close(self) -> None:
        """Give up what is under way; the next daemon begins it again."""
        under_way = list(self._preparing.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _prepare(self, revision: Revision) -> None:
        """Resolve its image, start its first instance, and write down how that went."""
        began = time.monotonic()
        try:
            revision, finding = await self._try(revision)
            now, status = self._clock.now(), revision.status
            if finding is None:
                status = conditions.revision_ready(status, time.monotonic() - began, now)
            else:
                status = conditions.revision_failed(status, finding.reason, finding.message, now)
            self._world.save_revision(replace(revision, status=status))
            service = self._world.services.get(revision.service_ref)
            if service is not None:
                self._route([service])
        finally:
            self._preparing.pop(revision.ref, None)
            self._autoscaler.release(revision.ref)

    async def _try(self, revision: Revision) -> tuple[Revision, Finding | None]:
        try:
            if not revision.status.image_digest:
                found = await self._runtimes.resolve(revision.template.ingress_container.image)
                image, note = found.image, " ".join(found.image.notes)
                status = replace(revision.status, image_digest=image.digest, runtime=found.runtime, note=note)
                revision = replace(revision, status=status)
                self._world.save_revision(revision)
            await self._runtimes.opened()
            return revision, await self._fleet.launch(self._fleet.enlist(revision), ROLLOUT, checked=True)
        except CloudRunError as error:
            return revision, Finding(error.message, error.hint or "", reason=MISSING)
        except Exception:
            log.exception("Preparing %s broke", revision.ref)
            return revision, Finding("The deploy broke off because of a fault of cloudrun itself.", "", INTERNAL)

    async def _forget(self, runtime: str, digest: str) -> None:
        """Let go of an image that no revision runs any more."""
        try:
            await self._runtimes.get(runtime).forget(digest)
        except CloudRunError as error:
            log.warning("The image %s stays: %s", digest, error.message)

    def _route(self, services: list[Service]) -> None:
        """Let the services' traffic mean what it means now: saved, given to the gate, and only then called settled."""
        for service in services:
            self._world.save_status(service.ref, self._aimed)
        self._use(self._world.routes(self.api))
        for service in services:
            self._world.save_status(service.ref, self._settled)
        self._autoscaler.poke_all()  # who lost the last traffic is to go, who has some now may have a minimum

    def _aimed(self, service: Service) -> ServiceStatus:
        latest = self._world.latest_ready(service.ref)
        ready = {
            r.ref.name for r in self._world.of_service(service.ref) if readiness(r.status.conditions) is Status.TRUE
        }
        active = traffic.active(service.traffic, latest, ready)
        status = replace(service.status, latest_ready=latest)
        return status if active is None else replace(status, traffic=active)

    def _settled(self, service: Service) -> ServiceStatus:
        revisions = self._world.of_service(service.ref)
        latest = next((r for r in revisions if r.ref.name == service.status.latest_created), None)
        return conditions.service_status(service, latest, True, self._clock.now())


def _is_settled(service: Service) -> bool:
    known = readiness(service.status.conditions) is not Status.UNKNOWN
    return known and service.status.observed_generation == service.generation
