"""Revisions in the store."""

import json
from typing import Any

from cloudrun_cli.store.database import Store, json_reader

TYPE_CHECKING = False
if TYPE_CHECKING:  # the values are loaded only by those who ask for values
    from cloudrun_cli.core.resources import Revision, RevisionName, RevisionRef, ServiceRef

# SQLite would read through all revisions of the region instead, and their bodies with them
_BY_SERVICE = "revisions INDEXED BY revisions_of_service"


def bodies(store: Store, project: str, region: str | None = None, service: str | None = None) -> list[dict[str, Any]]:
    """The v1 bodies of a project's revisions, by service, then newest first."""
    narrowed = [("region", region), ("service", service)]  # spelled out, since an index is of no use to `? IS NULL OR`
    where = " AND ".join(["project = ?", *(f"{name} = ?" for name, value in narrowed if value is not None)])
    rows = store.read(
        f"SELECT body FROM {_BY_SERVICE if service is not None else 'revisions'} WHERE {where} "
        "ORDER BY service, created DESC, name DESC",
        project,
        *(value for _, value in narrowed if value is not None),
    )
    loads = json_reader(len(rows))
    return [loads(body) for (body,) in rows]


def get(store: Store, ref: "RevisionRef") -> "Revision | None":
    """The revision, or None."""
    row = store.one(
        "SELECT project, body FROM revisions WHERE project = ? AND region = ? AND name = ?",
        ref.project,
        ref.region,
        ref.name,
    )
    return _revision(row) if row else None


def of_service(store: Store, ref: "ServiceRef") -> "list[Revision]":
    """The revisions of a service, oldest first."""
    rows = store.read(
        f"SELECT project, body FROM {_BY_SERVICE} WHERE project = ? AND region = ? AND service = ? "
        "ORDER BY created, name",
        ref.project,
        ref.region,
        ref.name,
    )
    return [_revision(row) for row in rows]


def names_of_service(store: Store, ref: "ServiceRef") -> "set[RevisionName]":
    """The names of a service's revisions, without loading them: there may be a thousand."""
    rows = store.read(
        f"SELECT name FROM {_BY_SERVICE} WHERE project = ? AND region = ? AND service = ?",
        ref.project,
        ref.region,
        ref.name,
    )
    return {name for (name,) in rows}


def names_by_age(store: Store, ref: "ServiceRef") -> "list[RevisionName]":
    """The names of a service's revisions, oldest first."""
    rows = store.read(
        f"SELECT name FROM {_BY_SERVICE} WHERE project = ? AND region = ? AND service = ? ORDER BY created, name",
        ref.project,
        ref.region,
        ref.name,
    )
    return [name for (name,) in rows]


def everywhere(store: Store) -> "list[Revision]":
    """Every revision of the home, oldest first."""
    return [_revision(row) for row in store.read("SELECT project, body FROM revisions ORDER BY created, name")]


def insert(store: Store, revision: "Revision", number: str) -> None:
    """Save a new revision. Raises AlreadyExists when its name is taken."""
    from cloudrun_cli.core.errors import AlreadyExists

    if get(store, revision.ref):
        raise AlreadyExists(
            f"Revision named '{revision.ref.name}' already exists.",
            field="spec.template.metadata.name",
            hint="Choose another --revision-suffix, or leave it out.",
        )
    store.write(
        "INSERT INTO revisions (project, region, name, service, created, ready, body) VALUES (?,?,?,?,?,?,?)",
        revision.ref.project,
        revision.ref.region,
        revision.ref.name,
        revision.service,
        revision.created.isoformat(),
        _ready(revision),
        _body(revision, number),
    )


def save_status(store: Store, revision: "Revision", number: str) -> bool:
    """Save what was last seen of it; False when it has been deleted meanwhile."""
    return bool(
        store.write(
            "UPDATE revisions SET ready = ?, body = ? WHERE project = ? AND region = ? AND name = ?",
            _ready(revision),
            _body(revision, number),
            revision.ref.project,
            revision.ref.region,
            revision.ref.name,
        )
    )


def delete(store: Store, ref: "RevisionRef") -> bool:
    """Remove it; whether it was there."""
    return bool(
        store.write(
            "DELETE FROM revisions WHERE project = ? AND region = ? AND name = ?", ref.project, ref.region, ref.name
        )
    )


def delete_of_service(store: Store, ref: "ServiceRef") -> int:
    """Remove all of a service; how many there were."""
    return store.write(
        f"DELETE FROM {_BY_SERVICE} WHERE project = ? AND region = ? AND service = ?", ref.project, ref.region, ref.name
    )


def _ready(revision: "Revision") -> str:
    from cloudrun_cli.core.conditions import readiness

    return str(readiness(revision.status.conditions))


def _body(revision: "Revision", number: str) -> str:
    from cloudrun_cli.core.wire.v1 import revision_to_json

    return json.dumps(revision_to_json(revision, number), separators=(",", ":"))


def _revision(row: tuple[Any, ...]) -> "Revision":
    from cloudrun_cli.core.wire.v1 import revision_from_json

    project, body = row
    return revision_from_json(json.loads(body), project)
