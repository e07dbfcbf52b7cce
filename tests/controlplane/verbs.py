"""The verbs of a deploy as tests speak them, and the part of the daemon: a revision becomes ready or fails."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from cloudrun_cli.controlplane import service_accounts, services
from cloudrun_cli.controlplane.services import Deployed, Rollout
from cloudrun_cli.core import traffic
from cloudrun_cli.core.changes import Change
from cloudrun_cli.core.conditions import readiness, revision_failed, revision_ready, service_status
from cloudrun_cli.core.container_changes import ImageChange
from cloudrun_cli.core.resources import Revision, Service, ServiceRef, Status
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, HELLO, NOW, NUMBER, PROJECT, a_ref

LATER = NOW + timedelta(minutes=1)
_RANDOM = Random(3)


def deploy(
    store: Store,
    *changes: Change,
    ref: ServiceRef | None = None,
    rollout: Rollout = Rollout(),
    seconds: int = 0,
    random: Random = _RANDOM,
) -> Deployed:
    """Deploy `hello`, or `ref`, with these changes (the sample image when there are none)."""
    asked: Sequence[Change] = changes or (ImageChange(HELLO),)
    now = NOW + timedelta(seconds=seconds)
    return services.deploy(store, ref or a_ref(), asked, rollout=rollout, caller=CALLER, now=now, random=random)


def an_account(store: Store, name: str, *, project: str = PROJECT) -> str:
    """A service account of a project that is there; its address."""
    made = service_accounts.create(store, project, name, caller=CALLER, now=NOW)
    return str(made["email"])


def settle(store: Store, made: Revision, *, ready: bool = True) -> Service:
    """What the daemon does once it knows how a revision's first instance did; the service as it is then."""
    status = (
        revision_ready(made.status, 1.0, LATER)
        if ready
        else revision_failed(made.status, "HealthCheckContainerError", "It did not listen.", LATER)
    )
    with store.transaction():
        revision_rows.save_status(store, replace(made, status=status), NUMBER)
        service = service_rows.get(store, made.service_ref)
        assert service is not None
        seen = service.status
        if ready:
            seen = replace(seen, latest_ready=made.ref.name)
        known = [r for r in revision_rows.of_service(store, service.ref) if _is_ready(r)]
        routes = traffic.active(service.traffic, seen.latest_ready, {r.ref.name for r in known}, seen.traffic)
        if routes is not None:
            seen = replace(seen, traffic=routes)
        service = replace(service, status=seen)
        newest = revision_rows.get(store, made.ref)
        service = replace(service, status=service_status(service, newest, routes is not None, LATER))
        return service_rows.update(store, service, NUMBER)


def _is_ready(revision: Revision) -> bool:
    return readiness(revision.status.conditions) is Status.TRUE


def everything(store: Store) -> list[object]:
    """All rows of all tables: what "nothing changed" means."""
    tables = [name for (name,) in store.read("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return [(table, store.read(f"SELECT * FROM {table}")) for table in tables if table != "sqlite_sequence"]
