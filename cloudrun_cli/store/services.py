"""Services in the store: the v1 body, and beside it what v1 does not say."""

import json
from typing import Any

from cloudrun_cli.store.database import Store

TYPE_CHECKING = False
if TYPE_CHECKING:  # the values are loaded only by those who ask for values
    from cloudrun_cli.core.resources import Service, ServiceRef


def bodies(store: Store, project: str, region: str | None = None) -> list[tuple[dict[str, Any], int]]:
    """The v1 bodies of a project's services with their doors, by region and name."""
    rows = (
        store.read("SELECT body, door FROM services WHERE project = ? ORDER BY name, region", project)
        if region is None
        else store.read(
            "SELECT body, door FROM services WHERE project = ? AND region = ? ORDER BY name", project, region
        )
    )
    return [(json.loads(body), door) for body, door in rows]


def get(store: Store, ref: "ServiceRef") -> "Service | None":
    """The service, or None."""
    row = store.one(
        "SELECT project, body, door, updated FROM services WHERE project = ? AND region = ? AND name = ?",
        ref.project,
        ref.region,
        ref.name,
    )
    return _service(row) if row else None


def everywhere(store: Store) -> "list[Service]":
    """Every service of the home."""
    return [_service(row) for row in store.read("SELECT project, body, door, updated FROM services")]


def insert(store: Store, service: "Service", number: str) -> "Service":
    """Save a new service; the answer carries its version. Raises sqlite3.IntegrityError when it is there already."""
    saved = _next_version(store, service)
    store.write(
        "INSERT INTO services (project, region, name, version, door, created, updated, body) VALUES (?,?,?,?,?,?,?,?)",
        *_key(saved),
        saved.resource_version,
        saved.door,
        saved.created.isoformat(),
        saved.updated.isoformat(),
        _body(saved, number),
    )
    return saved


def update(store: Store, service: "Service", number: str) -> "Service":
    """Save a service that was loaded before. Raises Conflict when somebody else has saved it since."""
    from cloudrun_cli.core.errors import Conflict

    saved = _next_version(store, service)
    changed = store.write(
        "UPDATE services SET version = ?, updated = ?, body = ? "
        "WHERE project = ? AND region = ? AND name = ? AND version = ?",
        saved.resource_version,
        saved.updated.isoformat(),
        _body(saved, number),
        *_key(saved),
        service.resource_version,
    )
    if not changed:
        raise Conflict(
            f"Conflict for resource '{service.ref.name}': version '{service.resource_version}' was specified but it "
            "has changed since.",
            hint="Read it again and repeat the change.",
        )
    return saved


def delete(store: Store, ref: "ServiceRef") -> bool:
    """Remove it; whether it was there."""
    return bool(
        store.write(
            "DELETE FROM services WHERE project = ? AND region = ? AND name = ?", ref.project, ref.region, ref.name
        )
    )


def doors(store: Store) -> set[int]:
    """The ports that services of this home have as their own."""
    return {door for (door,) in store.read("SELECT door FROM services")}


def _next_version(store: Store, service: "Service") -> "Service":
    from dataclasses import replace

    store.write("INSERT INTO meta VALUES ('version', '1') ON CONFLICT (key) DO UPDATE SET value = value + 1")
    row = store.one("SELECT value FROM meta WHERE key = 'version'")
    assert row is not None
    return replace(service, resource_version=int(row[0]))


def _key(service: "Service") -> tuple[str, str, str]:
    return service.ref.project, service.ref.region, service.ref.name


def _body(service: "Service", number: str) -> str:
    from cloudrun_cli.core.wire.v1 import service_to_json

    return json.dumps(service_to_json(service, number), separators=(",", ":"))


def _service(row: tuple[Any, ...]) -> "Service":
    from datetime import datetime

    from cloudrun_cli.core.wire.v1 import service_from_json

    project, body, door, updated = row
    return service_from_json(json.loads(body), project, door=door, updated=datetime.fromisoformat(updated))
