"""The verbs of traffic: who gets which share of a service's requests. None makes a revision."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from cloudrun_cli.controlplane import permits
from cloudrun_cli.controlplane import projects as project_verbs
from cloudrun_cli.core import traffic
from cloudrun_cli.core.conditions import routing
from cloudrun_cli.core.errors import InvalidTraffic, NotFound
from cloudrun_cli.core.iam import service_resource
from cloudrun_cli.core.resources import LATEST_TAKES_ALL, Service, ServiceRef, Tag
from cloudrun_cli.core.stamping import noted
from cloudrun_cli.core.traffic import Targets, TrafficChange
from cloudrun_cli.store import journal, tags
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store

TAGS_MAX = 2000  # per project and region. Source: Cloud Run quotas and limits


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change would do to the targets of a service."""

    service: Service
    before: Targets
    after: Targets


def update(
    store: Store, ref: ServiceRef, change: TrafficChange, *, caller: str, now: datetime, random: Random
) -> Service:
    """Change who gets the requests. The service is routed anew by the daemon; it has settled when the observed
    generation has caught up. What is so already changes nothing, the generation neither. Raises PermissionDenied,
    NotFound, InvalidTraffic, InvalidArgument; then nothing has changed."""
    with store.transaction():
        number = project_verbs.ensure(store, ref.project, caller, now)
        permits.require(store, caller, "services update", service_resource(ref.project, ref.region, ref.name))
        made = _plan(store, ref, change)
        if traffic.merged(made.after) == traffic.merged(made.before):
            return made.service
        service = replace(
            made.service,
            traffic=made.after,
            generation=made.service.generation + 1,
            updated=now,
            last_modifier=caller,
            status=routing(made.service.status, now),
        )
        saved = service_rows.update(store, noted(service, random), number)
        journal.note(
            store,
            now,
            caller,
            "update-traffic",
            "Service",
            project=ref.project,
            region=ref.region,
            name=ref.name,
            generation=saved.generation,
        )
    return saved


def plan(store: Store, ref: ServiceRef, change: TrafficChange, *, caller: str | None = None) -> Plan:
    """What `update` would do, for a caller, and nothing done. Raises the same."""
    if caller is not None:
        permits.require(store, caller, "services update", service_resource(ref.project, ref.region, ref.name))
    return _plan(store, ref, change)


def make_room(store: Store, service: Service, targets: Targets, new: Collection[Tag]) -> Targets:
    """The targets without the oldest spare tags of this service, where the region would have more than it may. The
    tags in `new` stay. Source: quotas, tags per project and region."""
    ref = service.ref
    own = {t.tag for t in service.traffic if t.tag}
    others = tags.count(store, ref.project, ref.region) - len(own)
    excess = others + len({t.tag for t in targets if t.tag}) - TAGS_MAX
    if excess <= 0:
        return targets
    oldest_first = revision_rows.names_by_age(store, ref)
    return traffic.without_tags_past(targets, excess, oldest_first, new)


def _plan(store: Store, ref: ServiceRef, change: TrafficChange) -> Plan:
    if change.is_empty:
        raise InvalidTraffic("No traffic configuration change requested.")
    service = service_rows.get(store, ref)
    if service is None:
        raise NotFound(f"Service [{ref.name}] could not be found.")
    after = change.apply(service.traffic, ref.name)
    traffic.check_known(after, revision_rows.names_of_service(store, ref), ref.name)
    if change.new_tags:
        after = make_room(store, service, after, change.new_tags)
    return Plan(service, service.traffic or LATEST_TAKES_ALL, after)
