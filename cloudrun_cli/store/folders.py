"""What projects are kept in: the organization, and folders within it and within each other."""

from typing import NamedTuple

from cloudrun_cli.store.database import Store


class Organization(NamedTuple):
    """An organization; its name is the domain it is of."""

    id: str
    name: str
    created: str


class Folder(NamedTuple):
    """A folder: `parent` is organizations/ID or folders/ID, `state` ACTIVE or DELETE_REQUESTED."""

    id: str
    parent: str
    name: str
    state: str
    created: str
    updated: str


def organizations(store: Store) -> list[Organization]:
    """Every organization, the first that was made first."""
    return [Organization(*row) for row in store.read("SELECT * FROM organizations ORDER BY created, id")]


def put_organization(store: Store, organization: Organization) -> None:
    """Add it."""
    store.write("INSERT INTO organizations VALUES (?, ?, ?)", *organization)


def get(store: Store, folder: str) -> Folder | None:
    """The folder with this id."""
    row = store.one("SELECT * FROM folders WHERE id = ?", folder)
    return Folder(*row) if row else None


def everything(store: Store) -> list[Folder]:
    """Every folder, by id, deleted ones too."""
    return [Folder(*row) for row in store.read("SELECT * FROM folders ORDER BY id")]


def inside(store: Store, parent: str) -> list[Folder]:
    """The folders directly in another or in the organization, by id, deleted ones too."""
    return [Folder(*row) for row in store.read("SELECT * FROM folders WHERE parent = ? ORDER BY id", parent)]


def put(store: Store, folder: Folder) -> None:
    """Save it over the one before."""
    store.write("REPLACE INTO folders VALUES (?, ?, ?, ?, ?, ?)", *folder)


def above(store: Store, parent: str | None) -> list[str]:
    """From a parent upwards to the organization: the parent itself, its own, and so on."""
    found: list[str] = []
    while parent and parent not in found:
        found.append(parent)
        kind, _, folder = parent.partition("/")
        above_it = get(store, folder) if kind == "folders" else None
        parent = above_it.parent if above_it else None
    return found
