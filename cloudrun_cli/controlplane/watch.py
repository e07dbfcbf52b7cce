"""Follows what the daemon writes until it is settled, failed, or out of time."""

import time
from collections.abc import Callable, Iterator

from cloudrun_cli.core.conditions import READY, SUSPECTED, find, readiness
from cloudrun_cli.core.resources import Build, BuildState, Condition, Revision, RevisionRef, Service, ServiceRef, Status
from cloudrun_cli.store import builds as build_rows
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store

PAUSE = 0.02  # seconds between looks; a look that finds nothing new costs one PRAGMA


def changes(store: Store, deadline: float) -> Iterator[bool]:
    """True at the start and whenever something was committed; False now and then meanwhile, so that the caller can
    look at other things. Ends at the deadline (of `time.monotonic`)."""
    seen = -1
    while time.monotonic() < deadline:
        version = store.data_version()
        yield version != seen
        seen = version
        time.sleep(PAUSE)


def rollout(
    store: Store,
    ref: ServiceRef,
    revision: RevisionRef,
    deadline: float,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Service | None, Revision | None]]:
    """Service and revision whenever they may have changed, until the service has settled on the revision's generation
    or one of them is gone. `meanwhile` is called while nothing happens; what it raises ends the watch."""
    for changed in changes(store, deadline):
        if not changed:
            meanwhile()
            continue
        service, made = service_rows.get(store, ref), revision_rows.get(store, revision)
        yield service, made
        if service is None or made is None or settled(service, made):
            return


def settling(
    store: Store, ref: ServiceRef, generation: int, deadline: float, meanwhile: Callable[[], None] = lambda: None
) -> Iterator[Service | None]:
    """The service whenever it may have changed, until it has settled on the generation, which made no revision, or is
    gone. `meanwhile` as in `rollout`."""
    for changed in changes(store, deadline):
        if not changed:
            meanwhile()
            continue
        service = service_rows.get(store, ref)
        yield service
        if service is None or is_settled(service, generation):
            return


def is_settled(service: Service, generation: int) -> bool:
    """Whether a generation that made no revision has come to its end, well or badly."""
    known = readiness(service.status.conditions) is not Status.UNKNOWN
    return known and service.status.observed_generation >= generation


def settled(service: Service, revision: Revision) -> bool:
    """Whether this generation has come to its end, well or badly."""
    if readiness(revision.status.conditions) is Status.UNKNOWN:
        return False
    return service.status.observed_generation >= revision.generation


def failure(revision: Revision) -> Condition | None:
    """Why the revision will not serve, if that is so."""
    ready = find(revision.status.conditions, READY)
    return ready if ready and ready.status is Status.FALSE else None


def suspicion(revision: Revision) -> str:
    """What may be wrong with a revision that is not settled yet; "" when nothing is known."""
    ready = find(revision.status.conditions, READY)
    return ready.message if ready and ready.status is Status.UNKNOWN and ready.reason == SUSPECTED else ""


def build(store: Store, build_id: str, deadline: float) -> Iterator[Build]:
    """The build as it is at every look, until it has ended."""
    for _ in changes(store, deadline):
        found = build_rows.get(store, build_id)
        if found is None:
            return
        yield found
        if found.state not in (BuildState.QUEUED, BuildState.WORKING):
            return
