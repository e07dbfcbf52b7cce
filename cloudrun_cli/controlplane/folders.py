"""The verbs of folders: what projects are kept in below the organization, within each other as deep as is allowed."""

from datetime import datetime
from random import Random
from typing import Any

from cloudrun_cli.controlplane import authorization, hierarchy, organizations
from cloudrun_cli.core.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from cloudrun_cli.store import folders, journal, projects
from cloudrun_cli.store.database import Store
from cloudrun_cli.store.folders import Folder

ACTIVE, DELETE_REQUESTED = "ACTIVE", "DELETE_REQUESTED"
MAX_DEPTH, MAX_INSIDE = 10, 300  # levels, and folders in one parent. Source: Resource Manager, folder limits
_NAME_LENGTHS = (3, 30)  # Source: v2, Folder.displayName

Json = dict[str, Any]


def create(store: Store, parent: str, name: str, *, caller: str, now: datetime, random: Random) -> Json:
    """Make one in `parent`, organizations/ID or folders/ID. Raises InvalidArgument, NotFound, AlreadyExists,
    FailedPrecondition, PermissionDenied."""
    with store.transaction():
        parent = existing(store, parent)
        authorization.require(store, caller, "resourcemanager.folders.create", parent)
        _check_place(store, parent, name)
        made = Folder(_new_number(store, random), parent, name, ACTIVE, now.isoformat(), now.isoformat())
        folders.put(store, made)
        _note(store, "create", made, caller, now)
    return as_json(made)


def inside(store: Store, parent: str, *, caller: str, deleted: bool = False) -> list[Json]:
    """Those directly in a parent, those being deleted only when asked for. Raises NotFound, PermissionDenied."""
    parent = existing(store, parent)
    authorization.require(store, caller, "resourcemanager.folders.list", parent)
    return [as_json(found) for found in folders.inside(store, parent) if deleted or found.state == ACTIVE]


def describe(store: Store, folder: str, *, caller: str) -> Json:
    """One by its number. Raises NotFound, PermissionDenied."""
    return as_json(_seen(store, folder, "resourcemanager.folders.get", caller))


def rename(store: Store, folder: str, name: str, *, caller: str, now: datetime) -> Json:
    """Give it another display name. Raises as create."""
    return _changed(store, folder, "update", caller, now, lambda found: _renamed(store, found, name))


def move(store: Store, folder: str, parent: str, *, caller: str, now: datetime) -> Json:
    """Put it, with all that is in it, into another parent. Raises as create, and FailedPrecondition when the other is
    within it."""

    def moved(found: Folder) -> Folder:
        to = existing(store, parent)
        authorization.require(store, caller, "resourcemanager.folders.move", to)
        if f"folders/{found.id}" in folders.above(store, to):
            raise FailedPrecondition(f"Folder [{found.id}] cannot be moved into itself, or into one within it.")
        if to != found.parent:
            _check_place(store, to, found.name, below=_depth_below(store, found.id))
        return found._replace(parent=to)

    return _changed(store, folder, "move", caller, now, moved)


def delete(store: Store, folder: str, *, caller: str, now: datetime) -> Json:
    """Ask for its deletion. Raises FailedPrecondition when something is still in it."""

    def deleted(found: Folder) -> Folder:
        if found.state != ACTIVE:
            raise FailedPrecondition(f"Folder [{found.id}] is not active: its deletion has been asked for.")
        name = f"folders/{found.id}"
        held = [f"folder {one.id}" for one in folders.inside(store, name) if one.state == ACTIVE]
        held += [f"project {project}" for project in projects.inside(store, name)]
        if held:
            raise FailedPrecondition(
                f"Folder [{found.id}] still holds {', '.join(held)}.", hint="Move or delete what is in it first."
            )
        return found._replace(state=DELETE_REQUESTED)

    return _changed(store, folder, "delete", caller, now, deleted)


def undelete(store: Store, folder: str, *, caller: str, now: datetime) -> Json:
    """Have it back. Raises FailedPrecondition when it is not deleted."""

    def restored(found: Folder) -> Folder:
        if found.state == ACTIVE:
            raise FailedPrecondition(f"Folder [{found.id}] is active: there is nothing to have back.")
        _check_place(store, found.parent, found.name)
        return found._replace(state=ACTIVE)

    return _changed(store, folder, "undelete", caller, now, restored)


def existing(store: Store, parent: str) -> str:
    """The parent itself, by number: organizations/ID or DOMAIN, or a folders/ID in use. Raises NotFound."""
    kind, _, number = parent.partition("/")
    if kind == "organizations":
        return f"organizations/{organizations.resolve(store, number)}"
    found = folders.get(store, number)
    if found is None or found.state != ACTIVE:
        raise NotFound(f"Folder [{number}] does not exist, or is being deleted.", field="--folder")
    return parent


def as_json(found: Folder) -> Json:
    """A Folder as v2 says it."""
    return {
        "createTime": hierarchy.moment(found.created),
        "displayName": found.name,
        "lifecycleState": found.state,
        "name": f"folders/{found.id}",
        "parent": found.parent,
    }


def _changed(store: Store, folder: str, verb: str, caller: str, now: datetime, change: Any) -> Json:
    with store.transaction():
        found = _seen(store, folder, f"resourcemanager.folders.{verb}", caller)
        changed: Folder = change(found)._replace(updated=now.isoformat())
        folders.put(store, changed)
        _note(store, verb, changed, caller, now)
    return as_json(changed)


def _renamed(store: Store, found: Folder, name: str) -> Folder:
    if name != found.name:
        _check_place(store, found.parent, name)
    return found._replace(name=name)


def _seen(store: Store, folder: str, permission: str, caller: str) -> Folder:
    number = folder.removeprefix("folders/")
    authorization.require(store, caller, permission, f"folders/{number}")
    found = folders.get(store, number)
    if found is None:
        raise NotFound(f"Folder [{number}] does not exist.", field="FOLDER_ID")
    return found


def _new_number(store: Store, random: Random) -> str:
    """Twelve digits that no folder has had yet."""
    while folders.get(store, number := str(random.randrange(100_000_000_000, 1_000_000_000_000))):
        pass
    return number


def _check_place(store: Store, parent: str, name: str, *, below: int = 1) -> None:
    """Nothing when a folder of this name, with so many levels of its own, may be in a parent."""
    least, most = _NAME_LENGTHS
    if not least <= len(name) <= most:
        raise InvalidArgument(
            f"A folder name has {least} to {most} characters; [{name}] has {len(name)}.", field="--display-name"
        )
    beside = [found for found in folders.inside(store, parent) if found.state == ACTIVE]
    if any(found.name.lower() == name.lower() for found in beside):
        raise AlreadyExists(f"A folder [{name}] is already in [{parent}].", field="--display-name")
    if len(beside) >= MAX_INSIDE:
        raise FailedPrecondition(f"[{parent}] holds {MAX_INSIDE} folders, and no more go into one.")
    if sum(one.startswith("folders/") for one in folders.above(store, parent)) + below > MAX_DEPTH:
        raise FailedPrecondition(f"Folders go {MAX_DEPTH} deep, and [{parent}] is too deep for another.")


def _depth_below(store: Store, folder: str) -> int:
    return 1 + max((_depth_below(store, one.id) for one in folders.inside(store, f"folders/{folder}")), default=0)


def _note(store: Store, verb: str, folder: Folder, caller: str, now: datetime) -> None:
    journal.note(store, now, caller, verb, "Folder", project="", region="", name=folder.id)
