"""What can be given on a resource: roles, and the permissions that they are made of.

Source: iam.googleapis.com v1, roles.queryGrantableRoles and permissions.queryTestablePermissions.
"""

from typing import Any

from cloudrun_cli.controlplane import authorization, hierarchy
from cloudrun_cli.controlplane.policies import kind_of
from cloudrun_cli.controlplane.roles import as_json
from cloudrun_cli.core import permissions
from cloudrun_cli.core.predefined_roles import PREDEFINED
from cloudrun_cli.store.database import Store

_HOLDERS = "resourcemanager."  # of everything: what can be given on these can be anything


def grantable(store: Store, resource: str, *, caller: str) -> list[dict[str, Any]]:
    """The roles that permit something with a resource, by its full name with or without the host of its service; with
    those made above it that the caller may see. Raises InvalidArgument for what has no policies."""
    names = hierarchy.place(store, resource).names
    own = _permissions(names[0] if names else resource)
    makers = [name for name in names if authorization.decide(store, caller, "iam.roles.list", name).allowed]
    roles = [*PREDEFINED.values(), *hierarchy.custom_roles(store, makers).values()]
    found = [role for role in roles if not role.deleted and any(map(role.grants, own))]
    return [as_json(role) for role in sorted(found, key=lambda role: role.name)]


def testable(store: Store, resource: str) -> list[str]:
    """The permissions that somebody may have on a resource. Raises InvalidArgument for what has no policies."""
    names = hierarchy.place(store, resource).names
    return _permissions(names[0] if names else resource)


def _permissions(resource: str) -> list[str]:
    """Those of the API that a resource is of."""
    kind = kind_of(resource).permissions
    api = "" if kind.startswith(_HOLDERS) else kind.partition(".")[0] + "."
    return [name for name in permissions.known() if name.startswith(api)]
