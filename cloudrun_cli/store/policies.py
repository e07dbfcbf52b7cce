"""IAM policies in the store, by full resource name."""

import json
from typing import Any

from cloudrun_cli.store.database import Store


def get(store: Store, resource: str) -> dict[str, Any]:
    """The policy as JSON; one without bindings when none was ever set."""
    row = store.one("SELECT body FROM policies WHERE resource = ?", resource)
    return json.loads(row[0]) if row else {}


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
