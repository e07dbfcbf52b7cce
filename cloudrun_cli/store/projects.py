"""Projects and their numbers, and the few facts about the home that everybody may read."""

from cloudrun_cli.store.database import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


def number(store: Store, project: str) -> str | None:
    """The number of a project that has been used before."""
    row = store.one("SELECT number FROM projects WHERE id = ?", project)
    return str(row[0]) if row else None


def ensure(store: Store, project: str, new_number: str, now: "datetime") -> str:
    """The project's number; the project is created with `new_number` when it is not there."""
    known = number(store, project)
    if known:
        return known
    store.write("INSERT INTO projects VALUES (?, ?, ?)", project, new_number, now.isoformat())
    return new_number


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
