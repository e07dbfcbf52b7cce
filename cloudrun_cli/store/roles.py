"""The roles that projects and the organization have made for themselves."""

import json
from typing import Any, NamedTuple

from cloudrun_cli.store.database import Store


class CustomRole(NamedTuple):
    """A role of a project or organization: how often it was written, when it was deleted if it is, and the v1 Role
    without name and etag."""

    parent: str
    id: str
    version: int
    deleted: str | None
    body: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.parent}/roles/{self.id}"


def get(store: Store, parent: str, role: str) -> CustomRole | None:
    """The role with this id."""
    row = store.one("SELECT * FROM roles WHERE parent = ? AND id = ?", parent, role)
    return _role(row) if row else None


def under(store: Store, parent: str) -> list[CustomRole]:
    """All of a project or of the organization, by id."""
    return [_role(row) for row in store.read("SELECT * FROM roles WHERE parent = ? ORDER BY id", parent)]


def put(store: Store, role: CustomRole) -> CustomRole:
    """Save it over the one before; the answer has its new version."""
    store.write(
        "INSERT INTO roles VALUES (?, ?, 1, ?, ?) ON CONFLICT (parent, id) DO UPDATE SET "
        "version = version + 1, deleted = excluded.deleted, body = excluded.body",
        role.parent,
        role.id,
        role.deleted,
        json.dumps(role.body, separators=(",", ":")),
    )
    saved = get(store, role.parent, role.id)
    assert saved is not None
    return saved


def _role(row: tuple[Any, ...]) -> CustomRole:
    return CustomRole._make((*row[:4], json.loads(row[4])))
