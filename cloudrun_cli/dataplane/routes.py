"""Routes: everything the gate must know to decide, as values; and what changes of it, so that one service's change
costs the same however many others there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from cloudrun_cli.core.hosts import Destination, Directory, ToService, destination
from cloudrun_cli.core.resources import (
    DEFAULT_CONCURRENCY,
    DEFAULT_MAX_INSTANCES,
    DEFAULT_TIMEOUT,
    Ingress,
    RevisionRef,
    ServiceRef,
    Tag,
)

HOSTS = 4096  # answers to "whose host is this" that are remembered


@dataclass(frozen=True, slots=True)
class RevisionRoute:
    """How requests to one revision are admitted. `h2`: its instances speak HTTP/2 without TLS; `affinity`: a client
    that keeps cookies comes back to the same one."""

    ref: RevisionRef
    service: ServiceRef
    concurrency: int = DEFAULT_CONCURRENCY
    timeout: timedelta = DEFAULT_TIMEOUT
    h2: bool = False
    max_instances: int = DEFAULT_MAX_INSTANCES
    affinity: bool = False


@dataclass(frozen=True, slots=True)
class ServiceRoute:
    """Where a service's requests go. `number` is the project's, `door` its own port on 127.0.0.1 (0: none yet),
    `split` percents that sum to 100 (empty: nothing serves yet)."""

    ref: ServiceRef
    number: str
    door: int = 0
    public: bool = False
    split: tuple[tuple[RevisionRef, int], ...] = ()
    tags: Mapping[Tag, RevisionRef] = field(default_factory=dict)
    disabled_url: bool = False  # its URL and door answer 404; custom domains still serve
    hosts: tuple[str, ...] = ()  # further names, in lower case: those it had in production
    ingress: Ingress = Ingress.ALL
    audiences: frozenset[str] = frozenset()  # further ones that its callers' tokens may be made for


@dataclass(frozen=True, slots=True)
class Routes:
    """All of it. `api` is IP:PORT of the Admin API server, `domains` custom domains in lower case."""

    services: Mapping[ServiceRef, ServiceRoute] = field(default_factory=dict)
    revisions: Mapping[RevisionRef, RevisionRoute] = field(default_factory=dict)
    api: str | None = None
    domains: Mapping[str, ServiceRef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RouteChange:
    """What is new: services and revisions that have other routes now, or None where they have gone. `domains` None:
    as they were, and so `api`."""

    services: Mapping[ServiceRef, ServiceRoute | None] = field(default_factory=dict)
    revisions: Mapping[RevisionRef, RevisionRoute | None] = field(default_factory=dict)
    domains: Mapping[str, ServiceRef] | None = None
    api: str | None = None


class RouteBook:
    """The routes as they stand, changed in place; `directory` finds a service by the name that was used."""

    def __init__(self) -> None:
        self.services: dict[ServiceRef, ServiceRoute] = {}
        self.revisions: dict[RevisionRef, RevisionRoute] = {}
        self.api: str | None = None
        self._labels: dict[tuple[str, str], ServiceRef] = {}
        self._doors: dict[int, ServiceRef] = {}
        self._domains: dict[str, ServiceRef] = {}
        self._hosts: dict[str, ServiceRef] = {}
        self.directory = Directory(self._labels, self._doors, self._domains, self._hosts)
        self._found: dict[tuple[bytes, bytes | None], tuple[ToService, ServiceRoute | None]] = {}

    def find(self, host: bytes, door: bytes | None, path: bytes) -> tuple[Destination, ServiceRoute | None]:
        """Where a request belongs by its Host header and the service port it came through, if it came through one; and
        the service's route if it has one."""
        key = (host, door)
        if (known := self._found.get(key)) is not None:
            return known
        port = int(door) if door is not None else None
        found = destination(host.decode("latin-1"), path.decode("latin-1"), port, self.directory)
        if not isinstance(found, ToService):
            return found, None
        if len(self._found) >= HOSTS:
            self._found.clear()
        answer = self._found[key] = found, self.services.get(found.service)
        return answer

    def replace(self, routes: Routes) -> RouteChange:
        """From now on these and no others; what that changes."""
        change = RouteChange(
            {**dict.fromkeys(self.services), **routes.services},
            {**dict.fromkeys(self.revisions), **routes.revisions},
            routes.domains,
        )
        self.change(change)
        self.api = routes.api
        return change

    def change(self, change: RouteChange) -> None:
        """From now on with these changes."""
        self._found.clear()
        for ref, service in change.services.items():
            if (old := self.services.pop(ref, None)) is not None:
                self._strike(old)
            if service is not None:
                self.services[ref] = service
        for service in change.services.values():  # after all strikes: a name may pass from one service to another
            if service is not None:
                self._enter(service)
        for revision, route in change.revisions.items():
            if route is None:
                self.revisions.pop(revision, None)
            else:
                self.revisions[revision] = route
        if change.domains is not None:
            self._domains.clear()
            self._domains.update(change.domains)
        self.api = change.api or self.api

    def _enter(self, route: ServiceRoute) -> None:
        self._labels[_label(route)] = route.ref
        if route.door:
            self._doors[route.door] = route.ref
        self._hosts.update(dict.fromkeys(route.hosts, route.ref))

    def _strike(self, route: ServiceRoute) -> None:
        self._labels.pop(_label(route), None)
        self._doors.pop(route.door, None)
        for host in route.hosts:
            self._hosts.pop(host, None)


def _label(route: ServiceRoute) -> tuple[str, str]:
    return f"{route.ref.name}-{route.number}", route.ref.region
