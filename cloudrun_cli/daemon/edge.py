"""Keeps Envoy up, and tells it the few things it must know: doors and certificate. The rest goes to the gate."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from cloudrun_cli.clock import Clock
from cloudrun_cli.core.addresses import host
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.resources import ServiceRef
from cloudrun_cli.daemon.hosts_file import HostsFile
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.dataplane import certificates
from cloudrun_cli.dataplane.envoy import EnvoyProcess
from cloudrun_cli.dataplane.envoy_config import REQUESTS_FILE, Inside
from cloudrun_cli.dataplane.gate import Gate
from cloudrun_cli.dataplane.routes import RouteChange, Routes, ServiceRoute
from cloudrun_cli.runtime.keeper import HOSTS

log = logging.getLogger(__name__)

DRAIN = timedelta(seconds=5)
RECOUNT_FIRST_SECONDS, RECOUNT_GROWTH, RECOUNT_SECONDS = 0.1, 1.05, 1.0  # most have ended soon after a restart
DOORS_SECONDS = 10.0


class EdgeKeeper:
    """The edge of this home: one Envoy and what it listens on."""

    def __init__(
        self,
        folder: Path,
        authority: Path,
        http_port: int,
        https_port: int,
        gate: Gate,
        clock: Clock,
        load_balancer_port: int | None = None,
    ) -> None:
        self._folder, self._authority, self._gate, self._clock = folder, authority, gate, clock
        self._trust = authority.parent / certificates.TRUST
        self._hosts = HostsFile(authority.parent / "process" / HOSTS)
        self.envoy = EnvoyProcess(
            folder, http_port=http_port, https_port=https_port, load_balancer_port=load_balancer_port
        )
        self.request_log = folder / REQUESTS_FILE
        self.restarted: Callable[[], None] = lambda: None  # called when another Envoy serves than before
        self._names: frozenset[str] = frozenset()
        self._doors: dict[ServiceRef, int] = {}
        self._renewing = asyncio.Lock()
        self._tasks: Tasks | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def open(self, routes: Routes) -> None:
        """Adopt the Envoy of an earlier daemon, or start one. Raises FailedPrecondition when a port is taken."""
        names = frozenset(certificates.ALWAYS).union(
            routes.domains, *(_names_of(route) for route in routes.services.values())
        )
        self._show_certificate(names)
        self._note(routes.services)
        self.envoy.use_doors(set(self._doors.values()))
        if not await self.envoy.adopt():
            await self.envoy.start()

    async def ready(self) -> None:
        """Returns when it serves."""
        await self.envoy.wait_ready()

    def keep(self, tasks: Tasks) -> None:
        """Start it again whenever it dies, from now on."""
        self._tasks = tasks
        self._keeping = tasks.spawn(self._keep(tasks))
        tasks.spawn(self._recount())
        tasks.spawn(self._mind_doors())

    def serve_inside(self, inside: Inside | None) -> None:
        """Serve the network of the instances too, from now on."""
        self.envoy.use_inside(inside)

    def change(self, change: RouteChange) -> None:
        """Route with these changes, from now on."""
        self._gate.change(change)
        self._note(change.services)
        self.envoy.use_doors(set(self._doors.values()))
        domains = frozenset(change.domains or ())
        names = frozenset().union(domains, *(_names_of(route) for route in change.services.values() if route))
        if not names <= self._names and self._tasks is not None:
            self._tasks.spawn(self._renew(names))

    async def close(self) -> None:
        """Requests under way finish for a moment; then Envoy ends, for good."""
        if self._keeping is not None:
            self._keeping.cancel()
        await self.envoy.drain_and_stop(DRAIN)

    def _note(self, services: Mapping[ServiceRef, ServiceRoute | None]) -> None:
        self._hosts.note(services)
        for ref, route in services.items():
            if route is not None and route.door:
                self._doors[ref] = route.door
            else:
                self._doors.pop(ref, None)

    async def _keep(self, tasks: Tasks) -> None:
        while True:
            await self.envoy.watch()
            with contextlib.closing(self.envoy.stopgap()) as stopgap:
                self._gate.forget_envoy()  # its requests have died with it, and nobody will tell of their end
                try:
                    await self.envoy.start(check_ports=False)
                    await self.envoy.wait_ready()
                    stopgap.hand_over(tasks.spawn)
                    self.restarted()
                except CloudRunError as error:
                    log.error("Envoy does not come back: %s", error.message)
                    await asyncio.sleep(1.0)

    async def _recount(self) -> None:
        """Requests that an earlier daemon let in end without this one hearing of it; Envoy knows."""
        pause = RECOUNT_FIRST_SECONDS
        while self._gate.inherits:
            await asyncio.sleep(pause)
            pause = min(pause * RECOUNT_GROWTH, RECOUNT_SECONDS)
            try:
                await self._gate.recount(self.envoy.in_flight)
            except CloudRunError as error:
                log.warning("Envoy did not say what is in flight: %s", error.message)

    async def _mind_doors(self) -> None:
        """A service's own port that somebody else holds is told of, and opened as soon as it is free."""
        told: dict[int, str] = {}
        while True:
            await asyncio.sleep(DOORS_SECONDS)
            try:
                closed = await self.envoy.rejected()
            except CloudRunError as error:
                log.warning("Envoy did not say which ports are open: %s", error.message)
                continue
            for door, reason in closed.items():
                if told.get(door) != reason:
                    log.warning("The service's own port %d is not open: %s", door, reason)
            told = dict(closed)
            if closed:
                self.envoy.retry_doors()

    async def _renew(self, names: frozenset[str]) -> None:
        async with self._renewing:  # two at once would write the same draft
            await asyncio.to_thread(self._show_certificate, names | self._names)

    def _show_certificate(self, names: frozenset[str]) -> None:
        certificates.ensure_certificate(self._authority, self._folder, names, self._clock.now())
        certificates.show_authority(self._authority, self._trust)
        self._names = names


def _names_of(route: ServiceRoute) -> tuple[str, ...]:
    ref = route.ref
    return certificates.names([ref.region], [host(ref.name, route.number, ref.region)])
