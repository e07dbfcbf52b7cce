"""What lists and completions show: v1 JSON straight from the store, with addresses. Loads nothing it need not."""

from typing import Any

from cloudrun_cli.controlplane import permits
from cloudrun_cli.core.addresses import LOCATION, Edge, located
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store

Json = dict[str, Any]


def services(
    store: Store,
    project: str,
    edge: Edge,
    region: str | None = None,
    limit: int | None = None,
    *,
    caller: str | None = None,
    verb: str = "services list",
) -> list[Json]:
    """The project's services in v1, by name and region; no more than `limit`; with a caller, if that may do this verb.
    Raises PermissionDenied."""
    if caller is not None:
        permits.require(store, caller, verb, permits.place(project, region))
    return [located(body, door, edge) for body, door in service_rows.bodies(store, project, region, limit)]


def revisions(
    store: Store,
    project: str,
    region: str | None = None,
    service: str | None = None,
    *,
    caller: str | None = None,
) -> list[Json]:
    """The project's revisions in v1, by service, then newest first; `active` says whether a request can reach them.
    With a caller, if that may list them. Raises PermissionDenied."""
    if caller is not None:
        of = f"{permits.place(project, region)}/services/{service}" if service else permits.place(project, region)
        permits.require(store, caller, "revisions list", of)
    reachable = service_rows.reachable(store, project, region, service)
    out = []
    for body in revision_rows.bodies(store, project, region, service):
        where = body["metadata"]["labels"][LOCATION]
        out.append(body | {"active": (where, body["metadata"]["name"]) in reachable})
    return out
