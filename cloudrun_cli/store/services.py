"""Services in the store: the v1 body, and beside it what v1 does not say."""

import json
from typing import Any

from cloudrun_cli.store.database import Store, json_reader
from cloudrun_cli.store.versions import next_version

TYPE_CHECKING = False
if TYPE_CHECKING:  # the values are loaded only by those who ask for values
    from cloudrun_cli.core.resources import Service, ServiceRef


def bodies(
    store: Store, project: str, region: str | None = None, limit: int | None = None
) -> list[tuple[dict[str, Any], int]]:
    """The v1 bodies of a project's services with their doors, by name and region; no more than `limit`."""
    if region is None and limit is None:  # the table is in another order, and SQLite would copy what it sorts
        found = store.read("SELECT name, region, body, door FROM services WHERE project = ?", project)
        rows = [row[2:] for row in sorted(found, key=_by_name)]
    elif region is None:
        places = store.read("SELECT name, region FROM services WHERE project = ? ORDER BY 1, 2 LIMIT ?", project, limit)
        sql = "SELECT body, door FROM services WHERE project = ? AND region = ? AND name = ?"
        rows = [row for name, where in places for row in store.read(sql, project, where, name)]
    else:
        sql = "SELECT body, door FROM services WHERE project = ? AND region = ? ORDER BY name LIMIT ?"
        rows = store.read(sql, project, region, -1 if limit is None else limit)
    loads = json_reader(len(rows))
    return [(loads(body), door) for body, door in rows]


def reachable(store: Store, project: str, region: str | None, service: str | None) -> set[tuple[str, str]]:
    """Region and name of every revision that traffic or a tag leads to, of all services or of one."""
    narrowed = [("region", region), ("name", service)]
    where = " AND ".join(["project = ?", *(f"{name} = ?" for name, value in narrowed if value is not None)])
    rows = store.read(
        "SELECT services.region, json_extract(target.value, '$.revisionName') "
        f"FROM services, json_each(services.body, '$.status.traffic') AS target WHERE {where}",
        project,
        *(value for _, value in narrowed if value is not None),
    )
    return {(place, name) for place, name in rows if name}


def get(store: Store, ref: "ServiceRef") -> "Service | None":
    """The service, or None."""
    row = store.one(
        "SELECT project, body, door, updated, version FROM services WHERE project = ? AND region = ? AND name = ?",
        ref.project,
        ref.region,
        ref.name,
    )
    return _service(row) if row else None


def everywhere(store: Store) -> "list[Service]":
    """Every service of the home."""
    return [_service(row) for row in store.read("SELECT project, body, door, updated, version FROM services")]


def insert(store: Store, service: "Service", number: str) -> "Service":
    """Save a new service, shown under the version it came with, if it did; the answer carries its own. Raises
    sqlite3.IntegrityError when it is there already."""
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
    """Save a service that was loaded before, under a new version. Raises Conflict when somebody else has saved it
    since."""
    from dataclasses import replace

    from cloudrun_cli.core.errors import Conflict

    saved = replace(_next_version(store, service), etag="")
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


class Doors:
    """The ports that services of this home have as their own: `port in doors` asks an index, and reads no service."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __contains__(self, port: object) -> bool:
        return self._store.one("SELECT 1 FROM services WHERE door = ?", port) is not None


def doors(store: Store) -> Doors:
    """The ports that services of this home have as their own."""
    return Doors(store)


def _by_name(row: tuple[Any, ...]) -> tuple[str, str]:
    return row[0], row[1]


def _next_version(store: Store, service: "Service") -> "Service":
    from dataclasses import replace

    return replace(service, resource_version=next_version(store))


def _key(service: "Service") -> tuple[str, str, str]:
    return service.ref.project, service.ref.region, service.ref.name


def _body(service: "Service", number: str) -> str:
    from cloudrun_cli.core.wire.v1 import service_to_json

    return json.dumps(service_to_json(service, number), separators=(",", ":"))


def _service(row: tuple[Any, ...]) -> "Service":
    from datetime import datetime

    from cloudrun_cli.core.wire.v1 import service_from_json

    project, body, door, updated, version = row
    at = datetime.fromisoformat(updated)
    return service_from_json(json.loads(body), project, door=door, updated=at, version=version)
