"""Conditions of services and revisions, and what they add up to. Source: Admin API v1, conditions."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from cloudrun_cli.core.resources import Condition, Revision, RevisionStatus, Service, ServiceStatus, Status

READY = "Ready"
SUSPECTED = "Suspected"  # ours: the reason of a Ready that is unknown, when something seems to be wrong


def find(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of that type, if it is known yet."""
    return next((c for c in conditions if c.type == kind), None)


def readiness(conditions: Iterable[Condition]) -> Status:
    """What `Ready` says; Unknown when it says nothing."""
    found = find(conditions, READY)
    return found.status if found else Status.UNKNOWN


def put(conditions: tuple[Condition, ...], new: Condition) -> tuple[Condition, ...]:
    """With the new one in its type's place; its time moves only when its status does."""
    old = find(conditions, new.type)
    if old is None:
        return (*conditions, new)
    if old.status == new.status:
        new = replace(new, last_transition=old.last_transition)
    return tuple(new if c.type == new.type else c for c in conditions)


def revision_waiting(status: RevisionStatus, message: str, now: datetime) -> RevisionStatus:
    """The status of a revision whose first instance still starts, and about which there is this to say."""
    return replace(status, conditions=put(status.conditions, Condition(READY, Status.UNKNOWN, now, SUSPECTED, message)))


def revision_ready(status: RevisionStatus, seconds: float, now: datetime) -> RevisionStatus:
    """The status of a revision whose first instance answered after this many seconds."""
    conditions = status.conditions
    for kind in ("ResourcesAvailable", "ContainerHealthy", "ContainerReady"):
        conditions = put(conditions, Condition(kind, Status.TRUE, now))
    conditions = put(conditions, Condition("Active", Status.TRUE, now, severity="Info"))
    done = Condition(READY, Status.TRUE, now, "", f"Deploying revision succeeded in {seconds:.2f}s.")
    return replace(status, conditions=put(conditions, done))


def revision_unchecked(status: RevisionStatus, seconds: float, now: datetime) -> RevisionStatus:
    """The status of a revision that serves without an instance having been tried."""
    ready = revision_ready(status, seconds, now)
    skipped = Condition("ContainerHealthy", Status.TRUE, now, "HealthCheckSkipped", "The deploy's check was skipped.")
    return replace(ready, conditions=put(ready.conditions, skipped))


def revision_active(status: RevisionStatus, active: bool, now: datetime) -> RevisionStatus:
    """The status of a ready revision that requests can reach, or can reach no longer."""
    retired = Condition("Active", Status.FALSE, now, "Retired", "Revision retired.", "Info")
    seen = Condition("Active", Status.TRUE, now, severity="Info") if active else retired
    return replace(status, conditions=put(status.conditions, seen))


def revision_failed(status: RevisionStatus, reason: str, message: str, now: datetime) -> RevisionStatus:
    """The status of a revision that will not serve."""
    kind = "ContainerHealthy" if reason == "HealthCheckContainerError" else "ContainerReady"
    conditions = put(status.conditions, Condition(kind, Status.FALSE, now, reason, message))
    return replace(status, conditions=put(conditions, Condition(READY, Status.FALSE, now, reason, message)))


def routing(status: ServiceStatus, now: datetime) -> ServiceStatus:
    """The status of a service whose traffic is about to change."""
    conditions = put(status.conditions, Condition(READY, Status.UNKNOWN, now, "Deploying", "Routing traffic."))
    return replace(status, conditions=put(conditions, Condition("RoutesReady", Status.UNKNOWN, now)))


def service_status(
    service: Service, latest: Revision | None, routed: bool, now: datetime, unfit: Revision | None = None
) -> ServiceStatus:
    """The service's conditions from its newest revision and from whether its routes are as asked for; `unfit` is a
    revision that was given traffic and cannot serve it."""
    state = readiness(latest.status.conditions) if latest else Status.UNKNOWN
    old = service.status.conditions
    if latest is not None and state is Status.FALSE:
        configured = Condition("ConfigurationsReady", Status.FALSE, now, "RevisionFailed", _not_ready(latest))
        ready = replace(configured, type=READY)
        served = bool(service.status.traffic)
        routes = Condition(
            "RoutesReady", Status.TRUE if served else Status.FALSE, now, "" if served else "RevisionFailed"
        )
    elif state is Status.TRUE and routed:
        ready, configured, routes = (
            Condition(kind, Status.TRUE, now) for kind in (READY, "ConfigurationsReady", "RoutesReady")
        )
    else:
        wait = "Waiting for the revision to become ready." if state is Status.UNKNOWN else "Routing traffic."
        ready = Condition(READY, Status.UNKNOWN, now, "Deploying", wait)
        configured = Condition("ConfigurationsReady", state, now)
        routes = Condition("RoutesReady", Status.UNKNOWN, now)
    if unfit is not None:
        routes = Condition("RoutesReady", Status.FALSE, now, "RevisionFailed", _not_ready(unfit))
        ready = replace(routes, type=READY)
    conditions = put(put(put(old, ready), configured), routes)
    settled = readiness(conditions) is not Status.UNKNOWN
    return replace(
        service.status,
        conditions=conditions,
        observed_generation=service.generation if settled else service.status.observed_generation,
    )


def _not_ready(revision: Revision) -> str:
    why = find(revision.status.conditions, READY)
    return (
        f"Revision '{revision.ref.name}' is not ready and cannot serve traffic. {why.message if why else ''}".rstrip()
    )
