"""Secrets and their versions in the store; a payload is kept as the vault has sealed it."""

import json
from datetime import UTC, datetime
from typing import Any

from cloudrun_cli.core.secrets import Secret, SecretRef, SecretVersion, State
from cloudrun_cli.core.wire.secrets import secret_from_json, secret_to_json
from cloudrun_cli.store.database import Store

_VERSION = "number, state, created, etag, destroyed, destroy_at, checked"


def get(store: Store, ref: SecretRef) -> Secret | None:
    """The secret, or None."""
    row = store.one("SELECT project, name, body FROM secrets WHERE project = ? AND name = ?", ref.project, ref.name)
    return _secret(row) if row else None


def of_project(store: Store, project: str) -> list[Secret]:
    """The secrets of a project, by name."""
    rows = store.read("SELECT project, name, body FROM secrets WHERE project = ? ORDER BY name", project)
    return [_secret(row) for row in rows]


def put(store: Store, secret: Secret) -> None:
    """Save it, over the one before if there is one."""
    body = secret_to_json(secret, "")
    del body["name"]
    store.write(
        "INSERT INTO secrets (project, name, expires, body) VALUES (?,?,?,?) "
        "ON CONFLICT (project, name) DO UPDATE SET expires = excluded.expires, body = excluded.body",
        secret.ref.project,
        secret.ref.name,
        _text(secret.expires),
        json.dumps(body, separators=(",", ":")),
    )


def delete(store: Store, ref: SecretRef) -> None:
    """Remove it with all its versions."""
    store.write("DELETE FROM secret_versions WHERE project = ? AND secret = ?", ref.project, ref.name)
    store.write("DELETE FROM secrets WHERE project = ? AND name = ?", ref.project, ref.name)


def expired(store: Store, now: datetime) -> list[SecretRef]:
    """The secrets whose time is over."""
    rows = store.read("SELECT project, name FROM secrets WHERE expires <= ?", _text(now))
    return [SecretRef(*row) for row in rows]


def versions(store: Store, ref: SecretRef) -> list[SecretVersion]:
    """All versions, the newest first."""
    sql = f"SELECT {_VERSION} FROM secret_versions WHERE project = ? AND secret = ? ORDER BY number DESC"
    return [_version(row) for row in store.read(sql, ref.project, ref.name)]


def version(store: Store, ref: SecretRef, number: int) -> SecretVersion | None:
    """The version, or None."""
    sql = f"SELECT {_VERSION} FROM secret_versions WHERE project = ? AND secret = ? AND number = ?"
    row = store.one(sql, ref.project, ref.name, number)
    return _version(row) if row else None


def numbers(store: Store, ref: SecretRef) -> list[int]:
    """The numbers of its versions, the newest first."""
    sql = "SELECT number FROM secret_versions WHERE project = ? AND secret = ? ORDER BY number DESC"
    return [number for (number,) in store.read(sql, ref.project, ref.name)]


def insert_version(
    store: Store, ref: SecretRef, made: SecretVersion, sealed: bytes | None, checksum: int | None
) -> None:
    """Save a new version. Raises sqlite3.IntegrityError when it is there already."""
    store.write(
        f"INSERT INTO secret_versions (project, secret, {_VERSION}, crc32c, sealed) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        ref.project,
        ref.name,
        made.number,
        made.state,
        _text(made.created),
        made.etag,
        _text(made.destroyed),
        _text(made.destroy_at),
        made.checked,
        checksum,
        sealed,
    )


def update_version(store: Store, ref: SecretRef, changed: SecretVersion) -> None:
    """Save what has become of a version; the payload of a destroyed one goes."""
    kept = "" if changed.state is not State.DESTROYED else ", sealed = NULL, crc32c = NULL"
    store.write(
        f"UPDATE secret_versions SET state = ?, destroyed = ?, destroy_at = ?, etag = ?{kept} "
        "WHERE project = ? AND secret = ? AND number = ?",
        changed.state,
        _text(changed.destroyed),
        _text(changed.destroy_at),
        changed.etag,
        ref.project,
        ref.name,
        changed.number,
    )


def to_destroy(store: Store, now: datetime) -> list[tuple[SecretRef, SecretVersion]]:
    """The versions whose destruction was put off until now."""
    sql = f"SELECT project, secret, {_VERSION} FROM secret_versions WHERE destroy_at <= ? AND state != ?"
    rows = store.read(sql, _text(now), State.DESTROYED)
    return [(SecretRef(*row[:2]), _version(row[2:])) for row in rows]


def sealed(store: Store, ref: SecretRef, number: int) -> tuple[bytes, int] | None:
    """The payload as it was sealed, and the checksum of what is in it; None when there is none any more."""
    row = store.one(
        "SELECT sealed, crc32c FROM secret_versions WHERE project = ? AND secret = ? AND number = ?",
        ref.project,
        ref.name,
        number,
    )
    return (bytes(row[0]), int(row[1])) if row and row[0] is not None else None


def any_there(store: Store) -> bool:
    """Whether this home has any secret."""
    return store.one("SELECT 1 FROM secrets LIMIT 1") is not None


def has_payloads(store: Store) -> bool:
    """Whether anything in this home is sealed."""
    return store.one("SELECT 1 FROM secret_versions WHERE sealed IS NOT NULL LIMIT 1") is not None


def _secret(row: tuple[Any, ...]) -> Secret:
    project, name, body = row
    return secret_from_json(json.loads(body), SecretRef(project, name), now=datetime.now(UTC))


def _version(row: tuple[Any, ...]) -> SecretVersion:
    number, state, created, etag, destroyed, destroy_at, checked = row
    return SecretVersion(
        number,
        State(state),
        datetime.fromisoformat(created),
        etag,
        _moment(destroyed),
        _moment(destroy_at),
        bool(checked),
    )


def _text(at: datetime | None) -> str | None:
    """In UTC, so that texts compare as moments do."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
