"""Builds in the store."""

import json
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from cloudrun_cli.core.resources import Build, BuildState
from cloudrun_cli.store.database import Store


def insert(store: Store, build: Build) -> None:
    """Save a new build."""
    store.write("INSERT INTO builds VALUES (?,?,?,?)", build.id, build.state, build.created.isoformat(), _body(build))


def get(store: Store, build_id: str) -> Build | None:
    """The build, or None."""
    row = store.one("SELECT body FROM builds WHERE id = ?", build_id)
    return _build(row[0]) if row else None


def unfinished(store: Store) -> list[Build]:
    """Those that wait or were being worked on, oldest first."""
    rows = store.read("SELECT body FROM builds WHERE state IN ('QUEUED', 'WORKING') ORDER BY created")
    return [_build(row[0]) for row in rows]


def save(store: Store, build: Build) -> None:
    """Save where it has got to."""
    store.write("UPDATE builds SET state = ?, body = ? WHERE id = ?", build.state, _body(build), build.id)


def cancel(store: Store, build_id: str) -> bool:
    """Mark it as no longer wanted; False when it has already ended."""
    build = get(store, build_id)
    if build is None or build.state not in (BuildState.QUEUED, BuildState.WORKING):
        return False
    save(store, replace(build, state=BuildState.CANCELLED))
    return True


def _body(build: Build) -> str:
    body = asdict(build)
    return json.dumps(body | {"created": build.created.isoformat()}, separators=(",", ":"))


def _build(text: str) -> Build:
    body: dict[str, Any] = json.loads(text)
    body["created"] = datetime.fromisoformat(body["created"])
    body["state"] = BuildState(body["state"])
    body["notes"] = tuple(body["notes"])
    return Build(**body)
