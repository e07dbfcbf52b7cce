"""The daemon's view of the store: decoded once, and again only where something has changed.

The journal says where. When something was committed that it does not tell of, everything is read again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from cloudrun_cli.controlplane import zones
from cloudrun_cli.core import autoscaling, contract, iam
from cloudrun_cli.core.conditions import readiness
from cloudrun_cli.core.hosts import TAG_SEPARATOR, host_name
from cloudrun_cli.core.identity import custom_audiences
from cloudrun_cli.core.names import project_number
from cloudrun_cli.core.resources import (
    DEFAULT_CONCURRENCY,
    DEFAULT_MAX_INSTANCES,
    Revision,
    RevisionName,
    RevisionRef,
    Service,
    ServiceRef,
    ServiceStatus,
    Status,
)
from cloudrun_cli.core.traffic import addressable
from cloudrun_cli.dataplane.routes import RevisionRoute, RouteChange, Routes, ServiceRoute
from cloudrun_cli.store import domains, jobs, journal, policies, projects
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the store has found: services that were read again (or are no longer there), and revisions that
    are gone."""

    services: frozenset[ServiceRef]
    gone: tuple[Revision, ...]


# the kinds of entries of which we know what they change; the last ones nothing of what is kept here
_TOLD = {"Service", "Revision", "DomainMapping", "Secret", "Schedule", "Job", "Execution"}


class World:
    """Services and revisions as they were at the last `refresh`. `unknown` are the revisions of which it is not known
    yet whether they are ready, `unsettled` the services whose wishes have not come true yet."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.services: dict[ServiceRef, Service] = {}
        self.revisions: dict[RevisionRef, Revision] = {}
        self.domains: dict[str, ServiceRef] = {}
        self.stopped_zones: frozenset[str] = frozenset()
        self.unknown: set[RevisionRef] = set()
        self.unsettled: set[ServiceRef] = set()
        self._numbers: dict[str, str] = {}
        self._public: set[ServiceRef] = set()
        self._of: dict[ServiceRef, set[RevisionRef]] = {}
        self._routed: dict[ServiceRef, set[RevisionRef]] = {}
        self._last = -1  # of the journal's entries, the last that was heeded
        self._version = -1  # of the store, when it was last looked at

    # What is in the store

    def refresh(self, *, whole: bool = False) -> Seen:
        """Read what has changed, drop what is gone; with `whole`, or where the journal does not say, look at
        everything."""
        version, last = self.store.data_version(), self._last
        entries = journal.since(self.store, last) if last >= 0 else []
        told = {entry.kind for entry in entries} <= _TOLD
        quiet = version == self._version
        if version != self._version:
            self.stopped_zones = zones.stopped(self.store)
        self._version = version
        if whole or last < 0 or not told or not (entries or quiet):
            return self._read_everything()
        touched = set()
        gone: list[Revision] = []
        for entry in entries:
            self._last = entry.id
            if entry.kind == "Service":
                touched.add(ServiceRef(entry.project, entry.region, entry.name))
            elif entry.kind == "Revision":
                ref = RevisionRef(entry.project, entry.region, RevisionName(entry.name))
                if (revision := self.revisions.get(ref)) is not None:
                    gone.append(self._drop(revision))
                    touched.add(revision.service_ref)
        if any(entry.kind == "DomainMapping" for entry in entries):
            self.domains = domains.routes(self.store)
        for service in touched:
            gone += self._read(service)
        return Seen(frozenset(touched), tuple(gone))

    def _read_everything(self) -> Seen:
        self._last = journal.last(self.store)
        self._numbers = projects.numbers(self.store)
        self.domains = domains.routes(self.store)
        rows = self.store.read("SELECT project, region, name, version FROM services")
        there = {ServiceRef(*row[:3]): int(row[3]) for row in rows}
        of: dict[ServiceRef, set[RevisionRef]] = {}
        for project, region, name, service in self.store.read("SELECT project, region, name, service FROM revisions"):
            of.setdefault(ServiceRef(project, region, service), set()).add(RevisionRef(project, region, name))
        open_ones = {name for name, policy in policies.everywhere(self.store).items() if iam.is_public(policy)}
        public = {ref for ref in there if iam.service_resource(ref.project, ref.region, ref.name) in open_ones}
        touched = {
            ref
            for ref in there.keys() | self.services.keys()
            if ref not in there
            or ref not in self.services
            or self.services[ref].resource_version != there[ref]
            or of.get(ref, set()) != self._of.get(ref, set())
            or (ref in public) != (ref in self._public)
        }
        gone: list[Revision] = []
        for ref in touched:
            gone += self._read(ref)
        return Seen(frozenset(touched), tuple(gone))

    def _read(self, ref: ServiceRef) -> list[Revision]:
        """Read a service and those of its revisions that are new; the revisions that are gone."""
        known, found = self.services.get(ref), service_rows.get(self.store, ref)
        gone: list[Revision] = []
        if found is None or (known is not None and known.uid != found.uid):  # or made anew, under the same names
            gone += [self._drop(self.revisions[r]) for r in list(self._of.get(ref, ()))]
        if found is None:
            self.services.pop(ref, None)
            self.unsettled.discard(ref)
            self._public.discard(ref)
            self._of.pop(ref, None)
            return gone
        self._keep(found)
        resource = iam.service_resource(ref.project, ref.region, ref.name)
        public = iam.is_public(policies.get(self.store, resource))
        (self._public.add if public else self._public.discard)(ref)
        names = revision_rows.names_of_service(self.store, ref)
        refs = {RevisionRef(ref.project, ref.region, name) for name in names}
        have = self._of.get(ref, set())
        gone += [self._drop(self.revisions[r]) for r in have - refs]
        for new in refs - have:
            if (revision := revision_rows.get(self.store, new)) is not None:
                self._keep_revision(revision)
        return gone

    def _keep(self, service: Service) -> None:
        self.services[service.ref] = service
        (self.unsettled.discard if _is_settled(service) else self.unsettled.add)(service.ref)

    def _keep_revision(self, revision: Revision) -> None:
        self.revisions[revision.ref] = revision
        self._of.setdefault(revision.service_ref, set()).add(revision.ref)
        waits = readiness(revision.status.conditions) is Status.UNKNOWN
        (self.unknown.add if waits else self.unknown.discard)(revision.ref)

    def _drop(self, revision: Revision) -> Revision:
        self.revisions.pop(revision.ref, None)
        self.unknown.discard(revision.ref)
        self._of.get(revision.service_ref, set()).discard(revision.ref)
        return revision

    # What is seen

    def save_revision(self, revision: Revision) -> None:
        """Save what was seen of a revision, and remember it."""
        self.save_revisions([revision])

    def save_revisions(self, revisions: Iterable[Revision]) -> None:
        """The same for some at once."""
        with self.store.transaction():
            kept = [
                revision
                for revision in revisions
                if revision_rows.save_status(self.store, revision, self.number(revision.ref.project))
            ]
        for revision in kept:
            self._keep_revision(revision)

    def save_status(self, ref: ServiceRef, seen: Callable[[Service], ServiceStatus]) -> None:
        """Save what is seen of a service, found anew from what its user has made of it meanwhile."""
        with self.store.transaction():
            now = service_rows.get(self.store, ref)
            known = self.services.get(ref)
            if now is None or known is None or now.uid != known.uid:
                return  # deleted, or made anew: the next look is about that
            status = seen(now)
            saved = now
            if status != now.status:
                saved = service_rows.update(self.store, replace(now, status=status), self.number(ref.project))
        self._keep(saved)

    # What is known

    def digests(self) -> set[str]:
        """The images that revisions and tasks run, or are about to."""
        out = jobs.images(self.store)
        for revision in self.revisions.values():
            out |= {c.image for c in revision.template.containers}
            out |= {revision.status.image_digest, *revision.status.sidecar_digests.values()}
        return out

    def of_service(self, ref: ServiceRef) -> list[Revision]:
        """The revisions of a service."""
        return [self.revisions[r] for r in self._of.get(ref, ())]

    def number(self, project: str) -> str:
        """A project's number."""
        if project not in self._numbers:
            self._numbers = projects.numbers(self.store)
        return self._numbers.get(project) or project_number(project)  # of one that nobody has saved: what it would be

    def latest_ready(self, ref: ServiceRef) -> RevisionName | None:
        """The newest revision that is ready, by the generation that made it."""
        ready = [r for r in self.of_service(ref) if readiness(r.status.conditions) is Status.TRUE]
        return max(ready, key=lambda r: (r.generation, r.created)).ref.name if ready else None

    def is_reachable(self, ref: RevisionRef) -> bool:
        """Whether a request can get there; never to one that was imported, which nothing here runs."""
        revision = self.revisions.get(ref)
        service = self.services.get(revision.service_ref) if revision and not revision.is_history else None
        return service is not None and ref.name in _served(service)

    def percent(self, ref: RevisionRef) -> int:
        """The revision's share of its service's requests."""
        revision = self.revisions.get(ref)
        service = self.services.get(revision.service_ref) if revision else None
        return sum(t.percent for t in service.status.traffic if t.revision == ref.name) if service else 0

    def limits(self, revision: Revision) -> tuple[int, int, bool]:
        """The least and the most instances it may have, and whether that is an exact number."""
        service = self.services.get(revision.service_ref)
        template, percent = revision.template, self.percent(revision.ref)
        most = template.max_instances or DEFAULT_MAX_INSTANCES
        if service is None:
            return template.min_instances or 0, most, False
        scaling = service.scaling
        if scaling.manual is not None and percent:
            exact = self._part(scaling.manual, service, revision)
            return exact, exact, True
        least, ceiling = template.min_instances or 0, most
        if scaling.min_instances is not None:
            least = max(least, self._part(scaling.min_instances, service, revision))
        if scaling.max_instances is not None and percent:
            ceiling = min(most, self._part(scaling.max_instances, service, revision))
        return least, ceiling, False

    def _part(self, total: int, service: Service, revision: Revision) -> int:
        """The revision's part of a number of instances of its service; none without traffic."""
        percents: dict[RevisionName, int] = {}
        for target in service.status.traffic:
            percents[target.revision] = percents.get(target.revision, 0) + target.percent
        return autoscaling.shares(total, percents).get(revision.ref.name, 0)

    def has_host(self, name: str) -> bool:
        """Whether a host name leads to a service here: mapped by its user, or one that it had in production, perhaps
        with a tag in front."""
        known = (host for service in self.services.values() for host in _hosts(service))
        return name in self.domains or any(name == host or name.endswith(TAG_SEPARATOR + host) for host in known)

    def routed(self) -> set[RevisionRef]:
        """All that the gate has a route to."""
        return set().union(*self._routed.values())

    # What the gate is told

    def routes(self, api: str | None) -> Routes:
        """Everything the gate must know."""
        change = self.route_change(self.services)
        return Routes(
            services={ref: route for ref, route in change.services.items() if route is not None},
            revisions={ref: route for ref, route in change.revisions.items() if route is not None},
            api=api,
            domains=self.domains,
        )

    def route_change(self, services: Iterable[ServiceRef]) -> RouteChange:
        """What it must know anew of these services, which may be gone."""
        changed: dict[ServiceRef, ServiceRoute | None] = {}
        revisions: dict[RevisionRef, RevisionRoute | None] = {}
        for ref in services:
            service = self.services.get(ref)
            before = self._routed.pop(ref, set())
            revisions |= dict.fromkeys(before)
            changed[ref] = None
            if service is None:
                continue
            changed[ref] = self._route(service)
            names = (RevisionRef(ref.project, ref.region, name) for name in _served(service))
            now = {name for name in names if name in self.revisions and not self.revisions[name].is_history}
            self._routed[ref] = now
            revisions |= {name: self._revision_route(self.revisions[name]) for name in now}
        return RouteChange(changed, revisions, dict(self.domains))

    def _route(self, service: Service) -> ServiceRoute:
        ref, active = service.ref, service.status.traffic

        def there(name: RevisionName) -> RevisionRef:
            return RevisionRef(ref.project, ref.region, name)

        return ServiceRoute(
            ref,
            self.number(ref.project),
            service.door,
            public=ref in self._public or not service.invoker_check,
            split=tuple((there(t.revision), t.percent) for t in active if t.percent),
            tags={t.tag: there(t.revision) for t in active if t.tag},
            disabled_url=not service.default_url,
            hosts=_hosts(service),
            ingress=service.ingress,
            audiences=custom_audiences(service.annotations),
        )

    def _revision_route(self, revision: Revision) -> RevisionRoute:
        template = revision.template
        _, most, _ = self.limits(revision)
        return RevisionRoute(
            ref=revision.ref,
            service=revision.service_ref,
            concurrency=template.concurrency or DEFAULT_CONCURRENCY,
            timeout=template.timeout or timedelta(seconds=300),
            h2=contract.speaks_h2(template.ingress_container),
            max_instances=most,
            affinity=template.session_affinity,
        )


def _served(service: Service) -> frozenset[RevisionName]:
    """The revisions that requests can reach; none while the service is scaled to no instance by hand."""
    return frozenset() if service.scaling.manual == 0 else addressable(service.status.traffic)


def _hosts(service: Service) -> tuple[str, ...]:
    """The names it had in production, without scheme."""
    urls = dict.fromkeys((*service.urls, service.status.url))
    return tuple(host_name(url.partition("://")[2].partition("/")[0]) for url in urls if url)


def _is_settled(service: Service) -> bool:
    known = readiness(service.status.conditions) is not Status.UNKNOWN
    return known and service.status.observed_generation == service.generation
