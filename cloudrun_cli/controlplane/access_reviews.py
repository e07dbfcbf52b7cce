"""Why somebody may do something, or may not; which bindings hold where; and which of them are better not there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloudrun_cli.controlplane import authorization, hierarchy, policies
from cloudrun_cli.core import access, iam, permissions, roles
from cloudrun_cli.core.access import ANONYMOUS, Decision, Grant, principal
from cloudrun_cli.core.errors import InvalidArgument, NotFound
from cloudrun_cli.core.predefined_roles import PREDEFINED
from cloudrun_cli.store.database import Store

MAX_ROLES = 3  # offered to whoever lacks a permission, those that permit least

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Review:
    """A decision, whether its resource exists, and the roles that would have made it otherwise, the least first."""

    decision: Decision
    exists: bool
    roles: tuple[str, ...]
    groups: tuple[str, ...]


def effective(store: Store, resource: str, *, caller: str) -> list[Row]:
    """Every binding that holds for a resource, its own first, each with the resource whose policy says it. Raises
    NotFound, PermissionDenied."""
    policies.get(store, resource, caller=caller)
    found = hierarchy.chain(store, hierarchy.place(store, resource).names)
    return [
        {
            "role": binding.role,
            "members": list(binding.members),
            "from": binding.resource,
            "inherited": binding.resource != resource,
            **({"condition": dict(binding.condition)} if binding.condition else {}),
        }
        for binding in access.effective(found)
    ]


def review(
    store: Store, member: str, permission: str, resource: str, attributes: Mapping[str, Any] | None, *, caller: str
) -> Review:
    """Whether a member has a permission on a resource, and why. Raises InvalidArgument for what is neither a member
    nor a permission; PermissionDenied when the caller may not read the policies."""
    wanted = ANONYMOUS if member in ("anonymous", iam.ALL_USERS) else principal(member)
    if wanted != ANONYMOUS:
        iam.check_member(wanted)
    if permission not in permissions.known():
        near = roles.nearest(permission, permissions.known())
        raise InvalidArgument(
            f"[{permission}] is not a permission that is known here.",
            field="PERMISSION",
            hint=f"Did you mean {near}?" if near else "A permission is named SERVICE.RESOURCE.VERB: run.services.get",
        )
    place = hierarchy.place(store, resource)
    exists = _may_be_read(store, place.names, resource, caller)
    decision = authorization.decide(store, wanted, permission, resource, attributes)
    known = {**PREDEFINED, **hierarchy.custom_roles(store, place.names)}
    offered = [role.name for role in roles.granting(permission, known)]
    groups = sorted(authorization.groups_of(store, wanted))
    return Review(decision, exists, tuple(offered[:MAX_ROLES]), tuple(groups))


def failed_conditions(decision: Decision) -> Iterator[tuple[Grant, str]]:
    """The grants that would have been ones but for their condition, with its expression."""
    for grant in decision.unmet:
        condition = grant.condition if isinstance(grant.condition, Mapping) else {}
        yield grant, str(condition.get("expression", ""))


def _may_be_read(store: Store, names: tuple[str, ...], resource: str, caller: str) -> bool:
    """Whether the resource exists, once the caller may read the policy of it or of the nearest above it."""
    for place, name in enumerate(names):
        try:
            policies.get(store, name, caller=caller)
        except NotFound:
            continue
        except InvalidArgument:
            continue  # a revision, say, which has none
        return place == 0
    raise NotFound(f"[{resource}] does not exist, and neither does what it would be in.", field="RESOURCE")
