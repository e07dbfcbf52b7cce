"""Projects and their numbers, and the few facts about the home that everybody may read."""

import json
from typing import Any, NamedTuple

from cloudrun_cli.store.database import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


class Project(NamedTuple):
    """A project: `parent` is organizations/ID or folders/ID, `deleted` when its deletion was asked for, `body` what
    else is known of it, as v1 says it."""

    id: str
    number: str
    created: str
    parent: str | None
    deleted: str | None
    body: dict[str, Any]


def number(store: Store, project: str) -> str | None:
    """The number of a project that has been used before."""
    row = store.one("SELECT number FROM projects WHERE id = ?", project)
    return str(row[0]) if row else None


def ensure(store: Store, project: str, new_number: str, now: "datetime") -> str:
    """The project's number; the project is created with `new_number` when it is not there. Whoever is to own it:
    controlplane.projects.ensure."""
    known = number(store, project)
    if known:
        return known
    store.write("INSERT INTO projects (id, number, created) VALUES (?, ?, ?)", project, new_number, now.isoformat())
    return new_number


def get(store: Store, project: str) -> Project | None:
    """The project with this id or number."""
    row = store.one("SELECT * FROM projects WHERE id = ? OR number = ? ORDER BY id = ? DESC", project, project, project)
    return _project(row) if row else None


def everything(store: Store) -> list[Project]:
    """Every project, by id, deleted ones too."""
    return [_project(row) for row in store.read("SELECT * FROM projects ORDER BY id")]


def save(store: Store, project: Project) -> None:
    """Keep what has changed of it: its parent, whether it is deleted, and its body."""
    store.write(
        "UPDATE projects SET parent = ?, deleted = ?, body = ? WHERE id = ?",
        project.parent,
        project.deleted,
        json.dumps(project.body, separators=(",", ":")),
        project.id,
    )


def inside(store: Store, parent: str) -> list[str]:
    """The ids of the projects directly in a folder or in the organization, those not deleted."""
    return [row[0] for row in store.read("SELECT id FROM projects WHERE parent = ? AND deleted IS NULL", parent)]


def renumber(store: Store, project: str, new_number: str) -> None:
    """Give a project another number. Only while nothing is made of the one it has."""
    store.write("UPDATE projects SET number = ? WHERE id = ?", new_number, project)


def numbers(store: Store) -> dict[str, str]:
    """Every project's number."""
    return {row[0]: row[1] for row in store.read("SELECT id, number FROM projects")}


def fact(store: Store, key: str) -> str | None:
    """A fact about the home, such as the ports that the edge listens on now."""
    row = store.one("SELECT value FROM meta WHERE key = ?", key)
    return str(row[0]) if row else None


def set_fact(store: Store, key: str, value: str | None) -> None:
    """Set it, or forget it with None."""
    if value is None:
        store.write("DELETE FROM meta WHERE key = ?", key)
    else:
        store.write("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)


def _project(row: tuple[Any, ...]) -> Project:
    return Project._make((*row[:5], json.loads(row[5])))
