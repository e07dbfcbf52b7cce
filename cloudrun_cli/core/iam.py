"""Policies: who has which role on a resource. Source: Access control with IAM."""

from collections.abc import Mapping
from typing import Any

INVOKER = "roles/run.invoker"
ALL_USERS = "allUsers"

Policy = Mapping[str, Any]


def service_resource(project: str, region: str, name: str) -> str:
    """The full name that a service's policy is kept under."""
    return f"projects/{project}/locations/{region}/services/{name}"


def members(policy: Policy, role: str) -> list[str]:
    """Who has the role without a condition."""
    return [
        member
        for binding in policy.get("bindings", ())
        if binding["role"] == role and not binding.get("condition")
        for member in binding["members"]
    ]


def with_member(policy: Policy, role: str, member: str) -> dict[str, Any]:
    """The policy with one more member of a role."""
    if member in members(policy, role):
        return dict(policy)
    bindings = [dict(binding) for binding in policy.get("bindings", ())]
    for binding in bindings:
        if binding["role"] == role and not binding.get("condition"):
            binding["members"] = sorted([*binding["members"], member])
            break
    else:
        bindings.append({"members": [member], "role": role})
    return {**policy, "bindings": bindings}


def without_member(policy: Policy, role: str, member: str) -> dict[str, Any]:
    """The policy with one member of a role fewer; bindings left empty go."""
    bindings = []
    for binding in policy.get("bindings", ()):
        kept = [m for m in binding["members"] if not (binding["role"] == role and m == member)]
        if kept:
            bindings.append({**binding, "members": kept})
    return {**policy, "bindings": bindings}


def is_public(policy: Policy) -> bool:
    """Whether anybody at all may invoke."""
    return ALL_USERS in members(policy, INVOKER)
