"""IAM policies in the store, by full resource name."""

import json
from typing import Any

from cloudrun_cli.store.database import Store

# Of each kind that may have a policy: its table, and the columns that the words of its name are, in their order.
_PLACED = ("project", "region", "name")
_SUBJECTS = {
    "services": ("services", _PLACED),
    "jobs": ("jobs", _PLACED),
    "workerPools": ("worker_pools", _PLACED),
    "secrets": ("secrets", ("project", "name")),
    "serviceAccounts": ("service_accounts", ("project", "email")),
    "projects": ("projects", ("id",)),
    "folders": ("folders", ("id",)),
    "organizations": ("organizations", ("id",)),
}


def get(store: Store, resource: str) -> dict[str, Any]:
    """The policy as JSON; an empty one when none was ever set."""
    return versioned(store, resource)[0]


def versioned(store: Store, resource: str) -> tuple[dict[str, Any], int]:
    """The policy, and how often it has been written; empty and 0 when never."""
    row = store.one("SELECT body, version FROM policies WHERE resource = ?", resource)
    return (json.loads(row[0]), int(row[1])) if row else ({}, 0)


def put(store: Store, resource: str, policy: dict[str, Any]) -> None:
    """Save it over the one before."""
    store.write(
        "INSERT INTO policies VALUES (?, 1, ?) "
        "ON CONFLICT (resource) DO UPDATE SET version = version + 1, body = excluded.body",
        resource,
        json.dumps(policy, separators=(",", ":")),
    )


def everywhere(store: Store) -> dict[str, dict[str, Any]]:
    """Every policy of the home."""
    return {row[0]: json.loads(row[1]) for row in store.read("SELECT resource, body FROM policies")}


def delete(store: Store, resource: str) -> None:
    """Forget it with its resource."""
    store.write("DELETE FROM policies WHERE resource = ?", resource)


def has_subject(store: Store, resource: str) -> bool | None:
    """Whether a policy of this name is about something that is here; None for a kind of which nothing is kept."""
    words = resource.split("/")
    table, columns = _SUBJECTS.get(words[-2] if len(words) > 1 else "", ("", ()))
    if not table or not store.one("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", table):
        return None
    where = " AND ".join(f"{column} = ?" for column in columns)
    return store.one(f"SELECT 1 FROM {table} WHERE {where}", *words[1::2]) is not None
