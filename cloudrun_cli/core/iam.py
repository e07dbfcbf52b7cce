"""Policies: who has which role on a resource. Source: Access control with IAM; run.googleapis.com v1, Policy."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cloudrun_cli.core.errors import InvalidArgument

INVOKER = "roles/run.invoker"
# Every role with run.routes.invoke: given to everybody, each of them makes a service public.
INVOKING = {INVOKER, "roles/owner", "roles/editor", "roles/run.admin", "roles/run.developer", "roles/run.editor"} | {
    *("roles/run.serviceAgent", "roles/run.servicesInvoker", "roles/run.sourceDeveloper"),
}
ALL_USERS = "allUsers"
NEVER_SET = "ACAB"  # the etag of a policy that nobody has written yet. Source: observed of the Admin API
CONDITIONS_VERSION = 3  # a policy with conditions says so. Source: v1, Policy.version
VERSIONS = (0, 1, CONDITIONS_VERSION)
MAX_MEMBERS, MAX_GROUPS = 1500, 250  # of one policy. Source: v1, Policy.bindings

_EVERYBODY = (ALL_USERS, "allAuthenticatedUsers")
_MEMBER = re.compile(
    r"(?:user|group|serviceAccount):[^@\s]+@[^@\s]+|domain:[^@\s:]+|project(?:Owner|Editor|Viewer):\S+"
    r"|principal(?:Set)?://\S+|deleted:\S+"
)
_MEMBER_TYPES = {"user", "group", "serviceAccount", "domain", "projectOwner", "projectEditor", "projectViewer"} | {
    *("principal", "principalSet", "deleted"),
}
_ROLE = re.compile(r"(?:(?:projects|organizations)/[^/\s]+/)?roles/[A-Za-z0-9_.]+")
_FIELDS = ("auditConfigs", "bindings", "etag", "kind", "resourceId", "version")  # Source: v1, Policy
_CONDITION_KEYS = ("expression", "title", "description", "location")

Policy = Mapping[str, Any]
Condition = Mapping[str, str]


def service_resource(project: str, region: str, name: str) -> str:
    """The full name that a service's policy is kept under."""
    return f"projects/{project}/locations/{region}/services/{name}"


def job_resource(project: str, region: str, name: str) -> str:
    """The full name that a job's policy is kept under."""
    return f"projects/{project}/locations/{region}/jobs/{name}"


def members(policy: Policy, role: str) -> list[str]:
    """Who has the role without a condition; what is no binding gives it to nobody."""
    listed = policy.get("bindings") if isinstance(policy, Mapping) else None
    return [
        member
        for binding in (listed if isinstance(listed, list | tuple) else ())
        if isinstance(binding, Mapping) and binding.get("role") == role and not binding.get("condition")
        for member in _listed(binding.get("members"))
    ]


def _listed(members: Any) -> list[str]:
    """The members of a binding; none where the store has something else there."""
    return [one for one in members if isinstance(one, str)] if isinstance(members, list | tuple) else []


def conditions(policy: Policy) -> list[Condition]:
    """Every condition that a binding has, each once."""
    found: list[Condition] = []
    for binding in policy.get("bindings", ()):
        if binding.get("condition") and binding["condition"] not in found:
            found.append(binding["condition"])
    return found


def with_member(policy: Policy, role: str, member: str, condition: Condition | None = None) -> dict[str, Any]:
    """The policy with one more member of a role, under this condition or under none."""
    bindings = [dict(binding) for binding in policy.get("bindings", ())]
    for binding in bindings:
        if _is_of(binding, role, condition):
            binding["members"] = sorted({*binding["members"], member})
            break
    else:
        bound: dict[str, Any] = {"members": [member], "role": role}
        bindings.append({"condition": dict(condition), **bound} if condition else bound)
    return {**policy, "bindings": bindings}


def without_member(
    policy: Policy, role: str, member: str, condition: Condition | None = None, *, everywhere: bool = False
) -> dict[str, Any]:
    """The policy with one member of a role fewer: under this condition, or under none, or `everywhere` under each.
    Bindings left empty go."""
    bindings = []
    for binding in policy.get("bindings", ()):
        meant = binding["role"] == role if everywhere else _is_of(binding, role, condition)
        kept = [m for m in binding["members"] if not (meant and m == member)]
        if kept:
            bindings.append({**binding, "members": kept})
    return {**policy, "bindings": bindings}


def renamed(policy: Policy, member: str, name: str) -> dict[str, Any]:
    """The policy with one member under another name."""
    bindings = [
        {**binding, "members": [name if one == member else one for one in binding["members"]]}
        for binding in policy.get("bindings", ())
    ]
    return {**policy, "bindings": bindings}


def is_public(policy: Policy) -> bool:
    """Whether anybody at all may invoke."""
    return any(ALL_USERS in members(policy, role) for role in INVOKING)


def etag(policy: Policy, version: int) -> str:
    """What stands for this very policy after so many writes."""
    body = json.dumps(policy, sort_keys=True, separators=(",", ":"))
    return base64.b64encode(hashlib.sha256(f"{version} {body}".encode()).digest()[:8]).decode()


def checked(policy: Policy) -> dict[str, Any]:
    """The policy as it is kept: without its etag, without a member twice, without empty bindings. Raises
    InvalidArgument for members, roles, conditions and versions that cannot be, and beyond the limits."""
    if strange := [key for key in policy if key not in _FIELDS]:
        raise InvalidArgument(f"A policy has no field [{strange[0]}].", field="policy")
    version = policy.get("version", 0)
    if version not in VERSIONS:
        raise InvalidArgument(
            f"Policy version {version} is not one of {', '.join(map(str, VERSIONS))}.", field="policy.version"
        )
    bindings = [_binding(binding, index) for index, binding in enumerate(_list(policy, "bindings", "policy"))]
    kept: dict[str, Any] = {key: value for key, value in policy.items() if key not in ("etag", "bindings")}
    kept["bindings"] = [binding for binding in bindings if binding["members"]]
    if conditions(kept) and version != CONDITIONS_VERSION:
        raise InvalidArgument(
            f"A policy with conditions has version {CONDITIONS_VERSION}; this one has {version}.",
            field="policy.version",
        )
    _check_limits(kept)
    return kept


def check_member(member: str) -> str:
    """The member itself. Raises InvalidArgument when it has no known type, or nothing that its type can name."""
    if member in _EVERYBODY or _MEMBER.fullmatch(member):
        return member
    kind = re.split("[:/]", member)[0]
    if kind not in _MEMBER_TYPES:
        raise InvalidArgument(
            f"The member {member} is of an unknown type. Please set a valid type prefix for the member.",
            field="policy.bindings.members",
            hint="Such as user:EMAIL, serviceAccount:EMAIL, group:EMAIL, domain:DOMAIN or allUsers.",
        )
    raise InvalidArgument(f"Invalid {kind} in the member {member}.", field="policy.bindings.members")


def check_role(role: str) -> str:
    """The role itself. Raises InvalidArgument when nothing can have that name."""
    if not _ROLE.fullmatch(role):
        raise InvalidArgument(
            f"Role {role} is not supported for this resource.",
            field="policy.bindings.role",
            hint="A role is named roles/NAME, or projects/PROJECT/roles/NAME if it is one of your own.",
        )
    return role


def check_condition(condition: Condition) -> Condition:
    """The condition itself. Raises InvalidArgument when it lacks its expression or its title."""
    if not isinstance(condition, Mapping) or not all(isinstance(value, str) for value in condition.values()):
        raise InvalidArgument("A condition has an expression and a title, both text.", field="condition")
    if strange := [key for key in condition if key not in _CONDITION_KEYS]:
        raise InvalidArgument(f"A condition has no field [{strange[0]}].", field="condition")
    for key in ("expression", "title"):
        if not condition.get(key):
            raise InvalidArgument(f"A condition needs its {key}.", field=f"condition.{key}")
    return condition


def _is_of(binding: Mapping[str, Any], role: str, condition: Condition | None) -> bool:
    return bool(binding["role"] == role and (binding.get("condition") or None) == (condition or None))


def _binding(binding: Any, index: int) -> dict[str, Any]:
    place = f"policy.bindings[{index}]"
    if not isinstance(binding, Mapping):
        raise InvalidArgument(f"{place}: a binding has a role and members.", field=place)
    if strange := [key for key in binding if key not in ("role", "members", "condition")]:
        raise InvalidArgument(f"{place}: a binding has no field [{strange[0]}].", field=place)
    named = [str(member) for member in _list(binding, "members", place)]
    kept: dict[str, Any] = {"members": list(dict.fromkeys(map(check_member, named)))}
    if binding.get("condition"):
        kept = {"condition": dict(check_condition(binding["condition"])), **kept}
    return {**kept, "role": check_role(str(binding.get("role", "")))}


def _list(body: Mapping[str, Any], key: str, place: str) -> list[Any]:
    found = body.get(key) or []
    if not isinstance(found, list):
        raise InvalidArgument(f"{place}.{key}: expected a list.", field=f"{place}.{key}")
    return found


def _everyone(policy: Policy) -> Iterator[str]:
    return (member for binding in policy.get("bindings", ()) for member in binding["members"])


def _check_limits(policy: Policy) -> None:
    everyone = list(_everyone(policy))
    groups = [member for member in everyone if member.startswith("group:")]
    for found, most, what in ((everyone, MAX_MEMBERS, "principals"), (groups, MAX_GROUPS, "groups")):
        if len(found) > most:
            raise InvalidArgument(
                f"A policy has at most {most} {what}; this one has {len(found)}.", field="policy.bindings"
            )
