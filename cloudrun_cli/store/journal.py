"""The journal: who changed what, when, to which generation. Only ever added to."""

from datetime import datetime
from typing import NamedTuple

from cloudrun_cli.store.database import Store


class Entry(NamedTuple):
    """One change."""

    id: int
    at: datetime
    who: str
    verb: str
    kind: str
    project: str
    region: str
    name: str
    generation: int


def note(
    store: Store,
    at: datetime,
    who: str,
    verb: str,
    kind: str,
    *,
    project: str,
    region: str,
    name: str,
    generation: int = 0,
) -> None:
    """Add a change, in the transaction that makes it."""
    store.write(
        "INSERT INTO journal (at, who, verb, kind, project, region, name, generation) VALUES (?,?,?,?,?,?,?,?)",
        at.isoformat(),
        who,
        verb,
        kind,
        project,
        region,
        name,
        generation,
    )


def since(store: Store, last: int) -> list[Entry]:
    """The changes after the one with this id, oldest first."""
    rows = store.read("SELECT * FROM journal WHERE id > ? ORDER BY id", last)
    return [Entry(row[0], datetime.fromisoformat(row[1]), *row[2:]) for row in rows]


def last(store: Store) -> int:
    """The id of the newest change; 0 before any."""
    row = store.one("SELECT max(id) FROM journal")
    return int(row[0]) if row and row[0] is not None else 0
