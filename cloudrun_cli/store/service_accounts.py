"""Service accounts and their keys in the store, accounts by their address."""

import json
from datetime import datetime
from typing import Any

from cloudrun_cli.core.identity import unique_id
from cloudrun_cli.core.service_accounts import Origin, ServiceAccount, ServiceAccountKey, default_of
from cloudrun_cli.store.database import Store

_COLUMNS = "email, project, unique_id, disabled, body"


def get(store: Store, account: str) -> ServiceAccount | None:
    """The account with this address or unique id."""
    row = store.one(f"SELECT {_COLUMNS} FROM service_accounts WHERE email = ?1 OR unique_id = ?1", account)
    return _account(row) if row else None


def project_of(store: Store, email: str) -> str | None:
    """The project of an account; None when there is no such account."""
    row = store.one("SELECT project FROM service_accounts WHERE email = ?", email)
    return str(row[0]) if row else None


def of_project(store: Store, project: str) -> list[ServiceAccount]:
    """The accounts of a project, by address."""
    found = store.read(f"SELECT {_COLUMNS} FROM service_accounts WHERE project = ? ORDER BY email", project)
    return [_account(row) for row in found]


def everywhere(store: Store) -> list[ServiceAccount]:
    """Every account of the home, by address."""
    return [_account(row) for row in store.read(f"SELECT {_COLUMNS} FROM service_accounts ORDER BY email")]


def put(store: Store, account: ServiceAccount) -> None:
    """Save it, over the one with the same address."""
    body = {
        "displayName": account.display_name,
        "description": account.description,
        "oauth2ClientId": account.client_id,
    }
    kept = json.dumps({key: value for key, value in body.items() if value}, separators=(",", ":"))
    store.write(
        f"INSERT OR REPLACE INTO service_accounts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
        account.email,
        account.project,
        account.unique_id,
        int(account.disabled),
        kept,
    )


def ensure_default(store: Store, project: str, number: str) -> None:
    """The account that a project begins with, unless the project has had one."""
    made = default_of(project, number, "")
    if store.one(
        "SELECT 1 FROM service_accounts WHERE email = ?1 "
        "UNION ALL SELECT 1 FROM deleted_service_accounts WHERE email = ?1",
        made.email,
    ):
        return
    put(store, default_of(project, number, unique_id(made.email)))


def forget(store: Store, email: str) -> None:
    """Without a trace. For what has another address from now on."""
    store.write("DELETE FROM service_accounts WHERE email = ?", email)


def used(store: Store, unique_id: str) -> bool:
    """Whether an account has or had this unique id."""
    return (
        store.one(
            "SELECT 1 FROM service_accounts WHERE unique_id = ?1 "
            "UNION ALL SELECT 1 FROM deleted_service_accounts WHERE unique_id = ?1",
            unique_id,
        )
        is not None
    )


def delete(store: Store, account: ServiceAccount, policy: dict[str, Any], now: datetime) -> None:
    """Put it away, with the policy that it had."""
    store.write(
        "INSERT INTO deleted_service_accounts SELECT unique_id, email, project, disabled, body, ?, ? "
        "FROM service_accounts WHERE email = ?",
        now.isoformat(),
        json.dumps(policy, separators=(",", ":")),
        account.email,
    )
    forget(store, account.email)


def deleted(store: Store, unique_id: str) -> tuple[ServiceAccount, datetime, dict[str, Any]] | None:
    """One that was put away, when that was, and its policy."""
    row = store.one(f"SELECT {_COLUMNS}, deleted, policy FROM deleted_service_accounts WHERE unique_id = ?", unique_id)
    return (_account(row[:5]), datetime.fromisoformat(row[5]), json.loads(row[6])) if row else None


def restore(store: Store, account: ServiceAccount) -> None:
    """Have it back where it was."""
    store.write("DELETE FROM deleted_service_accounts WHERE unique_id = ?", account.unique_id)
    put(store, account)


def keys(store: Store, account: str) -> list[ServiceAccountKey]:
    """The keys of the account with this unique id, oldest first."""
    found = store.read("SELECT * FROM service_account_keys WHERE account = ? ORDER BY valid_after, id", account)
    return [_key(row) for row in found]


def key(store: Store, account: str, id: str) -> ServiceAccountKey | None:
    """One of its keys."""
    row = store.one("SELECT * FROM service_account_keys WHERE account = ? AND id = ?", account, id)
    return _key(row) if row else None


def put_key(store: Store, key: ServiceAccountKey) -> None:
    """Save it, over what is known of the same key."""
    store.write(
        "INSERT OR REPLACE INTO service_account_keys VALUES (?, ?, ?, ?, ?, ?, ?)",
        key.account,
        key.id,
        str(key.origin),
        int(key.disabled),
        key.valid_after.isoformat(),
        key.valid_before.isoformat(),
        key.certificate,
    )


def delete_key(store: Store, key: ServiceAccountKey) -> None:
    """Forget it."""
    store.write("DELETE FROM service_account_keys WHERE account = ? AND id = ?", key.account, key.id)


def _account(row: tuple[Any, ...]) -> ServiceAccount:
    email, project, number, disabled, text = row
    body = json.loads(text)
    return ServiceAccount(
        email,
        project,
        number,
        body.get("displayName", ""),
        body.get("description", ""),
        bool(disabled),
        body.get("oauth2ClientId", ""),
    )


def _key(row: tuple[Any, ...]) -> ServiceAccountKey:
    account, id, origin, disabled, after, before, certificate = row
    return ServiceAccountKey(
        account,
        id,
        certificate,
        datetime.fromisoformat(after),
        datetime.fromisoformat(before),
        Origin(origin),
        disabled=bool(disabled),
    )
