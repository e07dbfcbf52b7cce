"""The verbs of projects: made, named, moved, deleted and had back; whoever makes one owns it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cloudrun_cli.controlplane import authorization, folders, hierarchy, organizations
from cloudrun_cli.core.access import principal
from cloudrun_cli.core.errors import AlreadyExists, FailedPrecondition, InvalidArgument, PermissionDenied
from cloudrun_cli.core.names import check_project, default_service_account, project_number
from cloudrun_cli.core.roles import EDITOR, OWNER
from cloudrun_cli.store import folders as folder_rows
from cloudrun_cli.store import journal, policies, projects, service_accounts
from cloudrun_cli.store.database import Store
from cloudrun_cli.store.projects import Project

ACTIVE, DELETE_REQUESTED = "ACTIVE", "DELETE_REQUESTED"
KEPT = timedelta(days=30)  # after its deletion was asked for. Source: Creating and managing projects
_ID_LENGTHS = (6, 30)  # of one that is made by command. Source: v1, Project.projectId
_NAME_LENGTHS = (4, 30)  # Source: v1, Project.name
_COLUMNS = ("lifecycleState", "parent", "projectId", "projectNumber")  # what of a v1 body is kept beside it

Json = dict[str, Any]


def ensure(store: Store, project: str, caller: str, now: datetime) -> str:
    """The number of a project, which in the open transaction is made, owned by the caller, when it is not there: the
    project in use is there from the start. Raises FailedPrecondition when it has been deleted, PermissionDenied when
    the caller is nobody who makes projects: a service account."""
    found = projects.get(store, project)
    if found is not None and found.deleted:
        raise FailedPrecondition(
            f"Project [{found.id}] has been deleted.",
            field="project",
            hint=f"To have it back: cloudrun projects undelete {found.id}",
        )
    if found is not None and found.id != project:  # what is made in it is kept under its id
        raise InvalidArgument(f"[{project}] is the number of project [{found.id}]: use its id.", field="project")
    if found is not None and policies.versioned(store, f"projects/{found.id}")[1]:
        return found.number
    if found is None and not principal(caller).startswith("user:"):
        raise PermissionDenied(f"Project [{project}] does not exist, and [{caller}] cannot make it.", field="project")
    number = found.number if found else projects.ensure(store, project, project_number(project), now)
    _own(store, found.id if found else project, number, caller)
    made = projects.get(store, project)
    if made is not None and made.parent is None:
        organization = organizations.ensure(store, caller, now)
        projects.save(store, made._replace(parent=f"organizations/{organization.id}"))
    return number


def settle(store: Store, project: str, caller: str, now: datetime) -> None:
    """Make the project in use, unless it is there: a look when it is, a transaction of its own when it is not."""
    if policies.versioned(store, f"projects/{project}")[1] or projects.get(store, project) is not None:
        return
    with store.transaction():
        ensure(store, check_project(project), caller, now)


def create(
    store: Store,
    project: str,
    *,
    name: str = "",
    parent: str | None = None,
    labels: Mapping[str, str] | None = None,
    caller: str,
    now: datetime,
) -> Json:
    """Make a project. `parent` is organizations/ID or folders/ID, the organization when None. Raises InvalidArgument,
    AlreadyExists, NotFound, PermissionDenied."""
    _check_id(project)
    if name and not _NAME_LENGTHS[0] <= len(name) <= _NAME_LENGTHS[1]:
        raise InvalidArgument(f"A project name has 4 to 30 characters; [{name}] has {len(name)}.", field="--name")
    with store.transaction():
        first = organizations.ensure(store, caller, now)
        parent = folders.existing(store, parent or f"organizations/{first.id}")
        authorization.require(store, caller, "resourcemanager.projects.create", parent)
        if projects.get(store, project) is not None:
            raise AlreadyExists(
                "Project creation failed. The project ID you specified is already in use by another project. Please "
                "try an alternative ID.",
                field="PROJECT_ID",
            )
        number = projects.ensure(store, project, project_number(project), now)
        body: Json = {"name": name or project, **({"labels": dict(labels)} if labels else {})}
        made = Project(project, number, now.isoformat(), parent, None, body)
        projects.save(store, made)
        _own(store, project, number, caller)
        _note(store, "create", project, caller, now)
    return as_json(made)


def put(store: Store, project: str, body: Json, caller: str, now: datetime) -> None:
    """In the open transaction, make a project that is there what a v1 body says, in the organization that it says."""
    made = projects.get(store, project)
    assert made is not None
    if policies.versioned(store, f"projects/{project}")[1] == 1:  # nobody has changed it: it begins anew, by number
        policies.delete(store, f"projects/{project}")
    _own(store, project, made.number, caller)
    said = body.get("parent") or {}
    parent = f"{said.get('type')}s/{said.get('id')}" if said else None
    if parent and parent.startswith("organizations/"):
        if parent.partition("/")[2] not in [one.id for one in folder_rows.organizations(store)]:
            organizations.add(store, parent.partition("/")[2], caller, now)
    elif parent and parent not in folder_rows.above(store, parent):
        parent = f"organizations/{organizations.ensure(store, caller, now).id}"
    deleted = now.isoformat() if body.get("lifecycleState") == DELETE_REQUESTED else None
    kept = {key: value for key, value in body.items() if key not in _COLUMNS}
    projects.save(store, made._replace(parent=parent, deleted=deleted, body=kept))


def everything(store: Store, *, caller: str) -> list[Json]:
    """The projects that the caller may see, those being deleted left out, as v1 bodies."""
    return [
        as_json(found)
        for found in projects.everything(store)
        if not found.deleted
        and authorization.decide(store, caller, "resourcemanager.projects.get", f"projects/{found.id}")
    ]


def describe(store: Store, project: str, *, caller: str) -> Json:
    """One by its id or number. Raises PermissionDenied, also when it does not exist."""
    return as_json(_seen(store, project, "resourcemanager.projects.get", caller))


def rename(store: Store, project: str, name: str, *, caller: str, now: datetime) -> Json:
    """Give it another display name. Raises InvalidArgument, PermissionDenied."""
    if not _NAME_LENGTHS[0] <= len(name) <= _NAME_LENGTHS[1]:
        raise InvalidArgument(f"A project name has 4 to 30 characters; [{name}] has {len(name)}.", field="--name")
    with store.transaction():
        found = _seen(store, project, "resourcemanager.projects.update", caller)
        changed = found._replace(body={**found.body, "name": name})
        projects.save(store, changed)
        _note(store, "update", found.id, caller, now)
    return as_json(changed)


def move(store: Store, project: str, parent: str, *, caller: str, now: datetime) -> Json:
    """Put it into another folder, or into the organization itself. Raises NotFound, PermissionDenied."""
    with store.transaction():
        found = _seen(store, project, "resourcemanager.projects.move", caller)
        to = folders.existing(store, parent)
        authorization.require(store, caller, "resourcemanager.projects.create", to)
        changed = found._replace(parent=to)
        projects.save(store, changed)
        _note(store, "move", found.id, caller, now)
    return as_json(changed)


def delete(store: Store, project: str, *, caller: str, now: datetime) -> None:
    """Ask for its deletion: it and what is in it can be had back for 30 days, and be used no more until then. Raises
    PermissionDenied, FailedPrecondition."""
    with store.transaction():
        found = _seen(store, project, "resourcemanager.projects.delete", caller)
        if found.deleted:
            raise FailedPrecondition(f"Project [{found.id}] is not active: its deletion has been asked for.")
        projects.save(store, found._replace(deleted=now.isoformat()))
        _note(store, "delete", found.id, caller, now)


def undelete(store: Store, project: str, *, caller: str, now: datetime) -> None:
    """Have it back. Raises PermissionDenied, FailedPrecondition when it is not deleted or has been for too long."""
    with store.transaction():
        found = _seen(store, project, "resourcemanager.projects.undelete", caller)
        if not found.deleted:
            raise FailedPrecondition(f"Project [{found.id}] is active: there is nothing to have back.")
        if now - datetime.fromisoformat(found.deleted) > KEPT:
            raise FailedPrecondition(f"Project [{found.id}] was deleted more than {KEPT.days} days ago.")
        projects.save(store, found._replace(deleted=None))
        _note(store, "undelete", found.id, caller, now)


def ancestors(store: Store, project: str, *, caller: str) -> list[tuple[str, str]]:
    """The type and id of a project and of each that it is in, itself first. Raises PermissionDenied."""
    found = _seen(store, project, "resourcemanager.projects.get", caller)
    names = hierarchy.place(store, f"projects/{found.id}").names
    return [(name.partition("/")[0].removesuffix("s"), name.partition("/")[2]) for name in names]


def as_json(found: Project) -> Json:
    """A Project as v1 says it."""
    body = {"createTime": hierarchy.moment(found.created), "name": found.id, **found.body}
    if found.parent:
        kind, _, number = found.parent.partition("/")
        body["parent"] = {"id": number, "type": kind.removesuffix("s")}
    state = DELETE_REQUESTED if found.deleted else ACTIVE
    return {**body, "lifecycleState": state, "projectId": found.id, "projectNumber": found.number}


def _own(store: Store, project: str, number: str, caller: str) -> None:
    """The account that a project begins with, and its policy, unless it has one: its maker owns it, and what runs in it
    may edit."""
    service_accounts.ensure_default(store, project, number)
    if not policies.versioned(store, f"projects/{project}")[1]:
        compute = f"serviceAccount:{default_service_account(number)}"
        bindings = [{"members": [compute], "role": EDITOR}, {"members": [principal(caller)], "role": OWNER}]
        policies.put(store, f"projects/{project}", {"version": 1, "bindings": bindings})


def _seen(store: Store, project: str, permission: str, caller: str) -> Project:
    """The project, once the caller has the permission on it. Raises PermissionDenied."""
    found = projects.get(store, project)
    name = f"projects/{found.id if found else project}"
    if found is None:
        raise PermissionDenied(
            f"The caller has no permission on the project [{project}], or it does not exist.",
            field="PROJECT_ID",
            hint="There are: cloudrun projects list",
        )
    authorization.require(store, caller, permission, name)
    return found


def _check_id(project: str) -> None:
    if not _ID_LENGTHS[0] <= len(project) <= _ID_LENGTHS[1] or project[0].isdigit():
        raise InvalidArgument(
            f"[{project}] cannot be the id of a project: it has 6 to 30 lower-case letters, digits and dashes, and "
            "begins with a letter.",
            field="PROJECT_ID",
        )
    check_project(project)


def _note(store: Store, verb: str, project: str, caller: str, now: datetime) -> None:
    journal.note(store, now, caller, verb, "Project", project=project, region="", name=project)
