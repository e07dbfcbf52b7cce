"""The verbs of roles: those there are, and those that a project or the organization makes for itself."""

import base64
import re
from datetime import datetime, timedelta
from typing import Any

from cloudrun_cli.controlplane import authorization, hierarchy
from cloudrun_cli.core import permissions
from cloudrun_cli.core.errors import AlreadyExists, Conflict, FailedPrecondition, InvalidArgument, NotFound
from cloudrun_cli.core.predefined_roles import PREDEFINED
from cloudrun_cli.core.roles import STAGES, Role, nearest
from cloudrun_cli.store import journal
from cloudrun_cli.store import roles as rows
from cloudrun_cli.store.database import Store
from cloudrun_cli.store.roles import CustomRole

KEPT = timedelta(days=7)  # after its deletion. Source: Creating and managing custom roles
MAX_PERMISSIONS, MAX_TITLE, MAX_DESCRIPTION = 3000, 100, 300  # Source: IAM quotas; v1, Role
MAX_ROLES = 300  # of a project, and of an organization. Source: IAM quotas
_ID = re.compile(r"[A-Za-z0-9_.]{3,64}")  # Source: v1, CreateRoleRequest.roleId
_FIELDS = ("title", "description", "stage", "includedPermissions")

Json = dict[str, Any]


def everything(store: Store, parent: str | None, *, deleted: bool = False, caller: str) -> list[Json]:
    """The predefined roles, or with a parent, projects/ID or organizations/ID, those that it has made; deleted ones
    only when asked for. Raises PermissionDenied."""
    if parent is None:
        return [as_json(role, whole=False) for role in sorted(PREDEFINED.values(), key=lambda role: role.name)]
    authorization.require(store, caller, "iam.roles.list", parent)
    found = [row for row in rows.under(store, parent) if deleted or not row.deleted]
    return [_row_json(row, whole=False) for row in found]


def describe(store: Store, name: str, *, caller: str) -> Json:
    """One by its full name. Raises NotFound, PermissionDenied."""
    if name in PREDEFINED:
        return as_json(PREDEFINED[name])
    parent = name.partition("/roles/")[0]
    if name.startswith("roles/"):
        near = nearest(name, PREDEFINED)
        raise NotFound(
            f"The role named {name} was not found.",
            field="ROLE_ID",
            hint=f"Did you mean {near}?" if near else "All of them: cloudrun iam roles list",
        )
    authorization.require(store, caller, "iam.roles.get", parent)
    return _row_json(_found(store, name))


def create(store: Store, parent: str, role: str, body: Json, *, caller: str, now: datetime) -> Json:
    """Make one. Raises InvalidArgument, AlreadyExists, PermissionDenied."""
    if not _ID.fullmatch(role):
        raise InvalidArgument(f"The role_id must match [a-zA-Z0-9_\\.]{{3,64}}; [{role}] does not.", field="ROLE_ID")
    wanted = _checked({"stage": "ALPHA", **body})
    with store.transaction():
        authorization.require(store, caller, "iam.roles.create", parent)
        old = rows.get(store, parent, role)
        if old is not None:
            raise AlreadyExists(
                f"A role named {role} in {parent} already exists{', deleted' if old.deleted else ''}.",
                field="ROLE_ID",
                hint=f"To have it back: cloudrun iam roles undelete {role} …" if old.deleted else None,
            )
        if len(rows.under(store, parent)) >= MAX_ROLES:
            raise FailedPrecondition(f"{parent} has {MAX_ROLES} roles, and cannot have more.")
        made = rows.put(store, CustomRole(parent, role, 0, None, wanted))
        _note(store, "create", made, caller, now)
    return _row_json(made)


def update(store: Store, name: str, change: Json, etag: str | None, *, caller: str, now: datetime) -> Json:
    """Change the fields that are given; with an etag, only of the state that has it. Raises NotFound, InvalidArgument,
    Conflict, FailedPrecondition, PermissionDenied."""
    parent = name.partition("/roles/")[0]
    with store.transaction():
        authorization.require(store, caller, "iam.roles.update", parent)
        old = _found(store, name)
        if old.deleted:
            raise FailedPrecondition(f"The role {name} is deleted, and cannot be changed.", hint=_undelete(old))
        if etag and etag != _etag(old):
            raise Conflict(
                f'Stale "etag": [{etag}] is not that of the role as it is, [{_etag(old)}].',
                field="etag",
                hint="Describe the role again and repeat the change.",
            )
        made = rows.put(store, old._replace(body=_checked({**old.body, **change})))
        _note(store, "update", made, caller, now)
    return _row_json(made)


def delete(store: Store, name: str, *, caller: str, now: datetime) -> Json:
    """Delete it: it grants nothing from then on, and can be had back for seven days. Raises NotFound,
    FailedPrecondition, InvalidArgument for a predefined one, PermissionDenied."""
    if name.startswith("roles/"):
        raise InvalidArgument("You can not delete a curated/predefined role.", field="ROLE_ID")
    with store.transaction():
        authorization.require(store, caller, "iam.roles.delete", name.partition("/roles/")[0])
        old = _found(store, name)
        if old.deleted:
            raise FailedPrecondition(f"The role {name} is deleted already.", hint=_undelete(old))
        made = rows.put(store, old._replace(deleted=now.isoformat()))
        _note(store, "delete", made, caller, now)
    return _row_json(made)


def undelete(store: Store, name: str, *, caller: str, now: datetime) -> Json:
    """Have it back. Raises NotFound, FailedPrecondition when it is not deleted or has been for too long,
    PermissionDenied."""
    with store.transaction():
        authorization.require(store, caller, "iam.roles.undelete", name.partition("/roles/")[0])
        old = _found(store, name)
        if not old.deleted:
            raise FailedPrecondition(f"The role {name} is not deleted.")
        if now - datetime.fromisoformat(old.deleted) > KEPT:
            raise FailedPrecondition(f"The role {name} was deleted more than {KEPT.days} days ago.")
        made = rows.put(store, old._replace(deleted=None))
        _note(store, "undelete", made, caller, now)
    return _row_json(made)


def as_json(role: Role, *, whole: bool = True) -> Json:
    """A Role as v1 says it; without its permissions, as in a list, unless `whole`."""
    body: Json = {"description": role.description, "etag": role.etag}
    if whole:
        body["includedPermissions"] = role.permissions
    body |= {"name": role.name, "stage": role.stage, "title": role.title}
    return {key: value for key, value in body.items() if value or key == "stage"}


def _row_json(row: CustomRole, *, whole: bool = True) -> Json:
    body = as_json(hierarchy.as_role(row), whole=whole) | {"etag": _etag(row)}
    return ({"deleted": True} if row.deleted else {}) | body


def _checked(body: Json) -> Json:
    """The role as it is kept. Raises InvalidArgument for what cannot be in one."""
    if strange := [key for key in body if key not in (*_FIELDS, "name", "etag", "deleted")]:
        raise InvalidArgument(f"A role has no field [{strange[0]}].", field=f"role.{strange[0]}")
    kept = {key: body[key] for key in _FIELDS if body.get(key) not in (None, "")}
    for key, most in (("title", MAX_TITLE), ("description", MAX_DESCRIPTION)):
        if not isinstance(kept.get(key, ""), str) or len(kept.get(key, "")) > most:
            raise InvalidArgument(f"The {key} of a role is a text of at most {most} characters.", field=f"role.{key}")
    if kept.get("stage") not in STAGES:
        raise InvalidArgument(
            f"The stage should be one of {', '.join(STAGES)}; [{kept.get('stage')}] is not.", field="--stage"
        )
    included = kept.get("includedPermissions", [])
    if not isinstance(included, list) or not all(isinstance(one, str) for one in included):
        raise InvalidArgument("includedPermissions is a list of permissions.", field="role.includedPermissions")
    for permission in included:
        _check_permission(permission)
    if len(included) > MAX_PERMISSIONS:
        raise InvalidArgument(f"A role has at most {MAX_PERMISSIONS} permissions; this one has {len(included)}.")
    return kept | {"includedPermissions": sorted(set(included))}


def _check_permission(permission: str) -> None:
    if permission in permissions.known():
        return
    near = nearest(permission, permissions.known())
    raise InvalidArgument(
        f"Permission {permission} is not valid.",
        field="--permissions",
        hint=f"Did you mean {near}?" if near else "A permission is named SERVICE.RESOURCE.VERB: run.services.get",
    )


def _found(store: Store, name: str) -> CustomRole:
    parent, _, role = name.partition("/roles/")
    found = rows.get(store, parent, role)
    if found is None:
        raise NotFound(f"The role named {name} was not found.", field="ROLE_ID")
    return found


def _etag(row: CustomRole) -> str:
    return base64.b64encode(b"\x07" + row.version.to_bytes(7, "big")).decode()


def _undelete(row: CustomRole) -> str:
    kind, _, parent = row.parent.partition("/")
    return f"To have it back: cloudrun iam roles undelete {row.id} --{kind.removesuffix('s')}={parent}"


def _note(store: Store, verb: str, row: CustomRole, caller: str, now: datetime) -> None:
    kind, _, parent = row.parent.partition("/")
    journal.note(store, now, caller, verb, "Role", project=parent if kind == "projects" else "", region="", name=row.id)
