"""The resources above a resource, and the policies on them: what is asked whenever somebody wants to do something."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from cloudrun_cli.core.access import Chain, bindings
from cloudrun_cli.core.predefined_roles import PREDEFINED
from cloudrun_cli.core.roles import Role, Roles
from cloudrun_cli.store import folders, policies, projects, roles
from cloudrun_cli.store.database import Store

_HOST = re.compile(r"//[^/]+/(?:v\d\w*/)?")  # in front of a full resource name
_ACCOUNT = re.compile(r"[^@]+@([^.]+)\.iam\.gserviceaccount\.com|(\d+)-compute@developer\.gserviceaccount\.com")
_HOLDS_NO_POLICY = "locations"


class Place(NamedTuple):
    """Where a resource stands: its own name first and then those above it, and the project that it is in, if in any,
    with what is known of that."""

    names: tuple[str, ...]
    project: projects.Project | None


def place(store: Store, resource: str) -> Place:
    """Where a resource stands, whether or not it exists. `resource` is its full name, with or without the host of its
    service; a project may be meant by its number, and the project of a service account by -."""
    words = _HOST.sub("", resource).strip("/").split("/")
    if words[0] != "projects" or len(words) < 2:
        kept = folders.above(store, "/".join(words[:2]))
        return Place(tuple(kept), None)
    named = _project_of_account(words) if words[1] == "-" else words[1]
    project = projects.get(store, named)
    words[1] = project.id if project else named
    within = ["/".join(words[:length]) for length in range(len(words), 1, -1) if length % 2 == 0]
    own = [name for name in within if name.split("/")[-2] != _HOLDS_NO_POLICY] or within
    return Place((*own, *folders.above(store, project.parent if project else None)), project)


def chain(store: Store, names: Iterable[str]) -> Chain:
    """The policy of each of these resources, in their order."""
    return [(name, policies.get(store, name)) for name in names]


def roles_of(store: Store, found: Chain) -> Roles:
    """The roles that a chain of policies speaks of, and all that are predefined."""
    named = {str(binding["role"]) for _, binding in bindings(found)}
    custom = {name: role for name in named - PREDEFINED.keys() if (role := custom_role(store, name))}
    return {**PREDEFINED, **custom} if custom else PREDEFINED


def custom_role(store: Store, name: str) -> Role | None:
    """A role that a project or the organization has made, by its full name."""
    parent, _, role = name.partition("/roles/")
    found = roles.get(store, parent, role)
    return as_role(found) if found else None


def custom_roles(store: Store, names: Iterable[str]) -> Roles:
    """The roles that projects and organizations among these have made, by full name, deleted ones too."""
    made = [as_role(found) for name in names for found in roles.under(store, name)]
    return {role.name: role for role in made}


def as_role(found: roles.CustomRole) -> Role:
    """The role as it decides."""
    body = found.body
    return Role(
        found.name,
        body.get("title", ""),
        body.get("description", ""),
        tuple(body.get("includedPermissions", ())),
        body.get("stage", "ALPHA"),
        deleted=found.deleted is not None,
    )


def moment(text: str) -> str:
    """A moment as the APIs write it, from how it is kept."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _project_of_account(words: list[str]) -> str:
    """The project of projects/-/serviceAccounts/ADDRESS, as the address tells; - when it does not."""
    found = _ACCOUNT.fullmatch(words[3]) if len(words) > 3 else None
    return (found[1] or found[2]) if found else "-"
