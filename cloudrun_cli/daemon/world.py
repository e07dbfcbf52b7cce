"""The daemon's view of the store: decoded once, and again only where something has changed."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

from cloudrun_cli.core import contract, iam
from cloudrun_cli.core.conditions import readiness
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
from cloudrun_cli.dataplane.routes import RevisionRoute, Routes, ServiceRoute
from cloudrun_cli.store import policies, projects
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store


class World:
    """Services and revisions as they were at the last `refresh`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.services: dict[ServiceRef, Service] = {}
        self.revisions: dict[RevisionRef, Revision] = {}
        self.numbers: dict[str, str] = {}
        self.public: set[str] = set()
        self._of: dict[ServiceRef, list[RevisionRef]] = {}

    def refresh(self) -> list[Revision]:
        """Read what is new, drop what is gone; the answer are the revisions that are gone."""
        rows = self.store.read("SELECT project, region, name, version FROM services")
        there = {ServiceRef(*row[:3]): int(row[3]) for row in rows}
        for ref in [ref for ref in self.services if ref not in there]:
            del self.services[ref]
        for ref, version in there.items():
            known = self.services.get(ref)
            if known is None or known.resource_version != version:
                found = service_rows.get(self.store, ref)
                if found is not None:
                    self.services[ref] = found
        names = self.store.read("SELECT project, region, name FROM revisions")
        refs = {RevisionRef(p, r, RevisionName(n)) for p, r, n in names}
        gone = [self.revisions.pop(ref) for ref in list(self.revisions) if ref not in refs]
        for new in refs - self.revisions.keys():
            revision = revision_rows.get(self.store, new)
            if revision is not None:
                self.revisions[new] = revision
        self._of = {}
        for revision in self.revisions.values():
            self._of.setdefault(revision.service_ref, []).append(revision.ref)
        self.numbers = projects.numbers(self.store)
        self.public = {name for name, policy in policies.everywhere(self.store).items() if iam.is_public(policy)}
        return gone

    def digests(self) -> set[str]:
        """The images that revisions run, or are about to."""
        named = (revision.template.ingress_container.image for revision in self.revisions.values())
        return {revision.status.image_digest for revision in self.revisions.values()} | set(named)

    def of_service(self, ref: ServiceRef) -> list[Revision]:
        """The revisions of a service."""
        return [self.revisions[r] for r in self._of.get(ref, ())]

    def number(self, project: str) -> str:
        """A project's number."""
        return self.numbers[project]

    def latest_ready(self, ref: ServiceRef) -> RevisionName | None:
        """The newest revision that is ready, by the generation that made it."""
        ready = [r for r in self.of_service(ref) if readiness(r.status.conditions) is Status.TRUE]
        return max(ready, key=lambda r: (r.generation, r.created)).ref.name if ready else None

    def is_reachable(self, ref: RevisionRef) -> bool:
        """Whether a request can get there."""
        revision = self.revisions.get(ref)
        service = self.services.get(revision.service_ref) if revision else None
        return service is not None and ref.name in addressable(service.status.traffic)

    def percent(self, ref: RevisionRef) -> int:
        """The revision's share of its service's requests."""
        revision = self.revisions.get(ref)
        service = self.services.get(revision.service_ref) if revision else None
        return sum(t.percent for t in service.status.traffic if t.revision == ref.name) if service else 0

    def save_revision(self, revision: Revision) -> None:
        """Save what was seen of a revision, and remember it."""
        with self.store.transaction():
            kept = revision_rows.save_status(self.store, revision, self.number(revision.ref.project))
        if kept:
            self.revisions[revision.ref] = revision

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
        self.services[ref] = saved

    def routes(self, api: str | None) -> Routes:
        """What the gate must know."""
        return Routes(
            services={ref: self._route(service) for ref, service in self.services.items()},
            revisions={r.ref: _revision_route(r) for r in self._reachable()},
            api=api,
        )

    def _reachable(self) -> Iterable[Revision]:
        return (r for r in self.revisions.values() if self.is_reachable(r.ref))

    def _route(self, service: Service) -> ServiceRoute:
        ref, active = service.ref, service.status.traffic

        def there(name: RevisionName) -> RevisionRef:
            return RevisionRef(ref.project, ref.region, name)

        split = tuple((there(t.revision), t.percent) for t in active if t.percent)
        tags = {t.tag: there(t.revision) for t in active if t.tag}
        public = iam.service_resource(ref.project, ref.region, ref.name) in self.public
        return ServiceRoute(ref, self.number(ref.project), service.door, public, split, tags)


def _revision_route(revision: Revision) -> RevisionRoute:
    template = revision.template
    return RevisionRoute(
        ref=revision.ref,
        service=revision.service_ref,
        concurrency=template.concurrency or DEFAULT_CONCURRENCY,
        timeout=template.timeout or timedelta(seconds=300),
        h2=contract.speaks_h2(template.ingress_container),
        max_instances=template.max_instances or DEFAULT_MAX_INSTANCES,
    )
