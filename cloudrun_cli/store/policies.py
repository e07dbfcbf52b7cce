"""IAM policies in the store, by full resource name."""

import json
from typing import Any

from cloudrun_cli.store.database import Store


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
