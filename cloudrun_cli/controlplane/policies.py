"""The verbs of policies: who may do what with a resource, by its full name without the host of its service.

projects/p/locations/r/services/s    projects/p/secrets/x    projects/p    folders/1    organizations/1
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from cloudrun_cli.controlplane import authorization, hierarchy
from cloudrun_cli.core import expressions, iam, roles
from cloudrun_cli.core.access import ALL_AUTHENTICATED
from cloudrun_cli.core.errors import Conflict, InvalidArgument, NotFound, Unimplemented
from cloudrun_cli.core.predefined_roles import PREDEFINED
from cloudrun_cli.store import journal
from cloudrun_cli.store import policies as policy_rows
from cloudrun_cli.store.database import Store

Policy = dict[str, Any]


class Kind(NamedTuple):
    """A kind of resource that has policies: what its permissions begin with, and its name in the journal."""

    permissions: str
    name: str


KINDS = {
    "services": Kind("run.services", "Service"),
    "jobs": Kind("run.jobs", "Job"),
    "workerPools": Kind("run.workerpools", "WorkerPool"),
    "secrets": Kind("secretmanager.secrets", "Secret"),
    "serviceAccounts": Kind("iam.serviceAccounts", "ServiceAccount"),
    "projects": Kind("resourcemanager.projects", "Project"),
    "folders": Kind("resourcemanager.folders", "Folder"),
    "organizations": Kind("resourcemanager.organizations", "Organization"),
}
_ABOVE = (
    "projects",
    "folders",
    "organizations",
)  # where nobody can be everybody. Source: IAM, Cloud Run access control


def get(store: Store, resource: str, *, caller: str | None = None) -> Policy:
    """The resource's own policy, with the etag of its present state; with a caller, if that may read it. Raises
    NotFound, PermissionDenied, Unimplemented."""
    _check_there(store, resource)
    if caller is not None:
        authorization.require(store, caller, f"{kind_of(resource).permissions}.getIamPolicy", resource)
    return _read(store, resource)


def replace(store: Store, resource: str, policy: Policy, *, caller: str, now: datetime) -> Policy:
    """Set the policy; the answer carries its new etag. Raises NotFound; InvalidArgument; PermissionDenied; Conflict
    when it carries the etag of a state that is not the present one."""
    return _change(store, resource, lambda _: policy, policy.get("etag"), caller, now)


def add_binding(
    store: Store,
    resource: str,
    role: str,
    member: str,
    condition: iam.Condition | None = None,
    *,
    caller: str,
    now: datetime,
) -> Policy:
    """Give a role to one more member. Raises NotFound, InvalidArgument, PermissionDenied."""

    def added(policy: Policy) -> Policy:
        made = iam.with_member(policy, role, member, condition)
        return made | {"version": _version(resource, made)}

    return _change(store, resource, added, None, caller, now)


def remove_binding(
    store: Store,
    resource: str,
    role: str,
    member: str,
    condition: iam.Condition | None = None,
    *,
    everywhere: bool = False,
    caller: str,
    now: datetime,
) -> Policy:
    """Take a role from a member: where it has it under this condition (None: under none), or `everywhere`. Raises
    PermissionDenied; NotFound, also when it does not have it."""

    def removed(policy: Policy) -> Policy:
        left = iam.without_member(policy, role, member, condition, everywhere=everywhere)
        if left["bindings"] == policy.get("bindings", []):
            what = "principal, role, and condition" if condition else "principal and role"
            raise NotFound(f"Policy binding with the specified {what} not found!")
        return left | {"version": _version(resource, left)}

    return _change(store, resource, removed, None, caller, now)


def kind_of(resource: str) -> Kind:
    """What kind of resource a full name is of. Raises InvalidArgument when none that has policies is named so."""
    words = resource.split("/")
    kind = KINDS.get(words[-2]) if len(words) % 2 == 0 and all(words) else None
    if kind is None:
        raise InvalidArgument(
            f"[{resource}] names nothing that has a policy.",
            field="resource",
            hint="Such as projects/P/locations/REGION/services/S, projects/P/secrets/S, projects/P or folders/ID.",
        )
    return kind


def _change(
    store: Store,
    resource: str,
    change: Callable[[Policy], Policy],
    expected: str | None,
    caller: str,
    now: datetime,
) -> Policy:
    kind = kind_of(resource)
    with store.transaction():
        _check_there(store, resource)
        authorization.require(store, caller, f"{kind.permissions}.setIamPolicy", resource)
        present = _read(store, resource)
        if expected and not _same_etag(expected, present["etag"]):
            raise Conflict(
                f"There were concurrent policy changes: the etag [{expected}] is not that of the present policy, "
                f"[{present['etag']}].",
                field="policy.etag",
                hint="Read the policy again and repeat the change.",
            )
        wanted = iam.checked(change(present))
        _check_new(store, resource, present, wanted)
        policy_rows.put(store, resource, wanted)
        _note(store, resource, kind, caller, now)
        return _read(store, resource)


def _version(resource: str, policy: Policy) -> int:
    """The version that a changed policy has: of jobs only as high as it must be. As recorded of gcloud."""
    if resource.split("/")[-2] == "jobs" and not iam.conditions(policy):
        return int(policy.get("version", 1))
    return iam.CONDITIONS_VERSION


def _read(store: Store, resource: str) -> Policy:
    policy, version = policy_rows.versioned(store, resource)
    if not version:
        return {"etag": iam.NEVER_SET}
    shown = {key: value for key, value in policy.items() if value or key != "bindings"}
    return {"version": 1, **shown, "etag": iam.etag(policy, version)}


def _same_etag(one: str, other: str) -> bool:
    """Whether two etags are the same bytes: base64 comes back with the letters for URLs, and without its padding."""
    plain = str.maketrans("-_", "+/", "=")
    return str(one).translate(plain) == other.translate(plain)


def _check_new(store: Store, resource: str, before: Policy, after: Policy) -> None:
    """Nothing when every binding that is not there already says what can hold here. Raises InvalidArgument."""
    known: roles.Roles | None = None
    for binding in after["bindings"]:
        if any(_covers(old, binding) for old in before.get("bindings", ())):
            continue
        if known is None:
            above = hierarchy.place(store, resource).names
            known = {**PREDEFINED, **hierarchy.custom_roles(store, above)}
        _check_binding(resource, binding, known)


def _covers(old: Mapping[str, Any], binding: Mapping[str, Any]) -> bool:
    same = old["role"] == binding["role"] and (old.get("condition") or None) == (binding.get("condition") or None)
    return same and set(binding["members"]) <= set(old["members"])


def _check_binding(resource: str, binding: Mapping[str, Any], known: roles.Roles) -> None:
    role, condition = binding["role"], binding.get("condition")
    roles.check_exists(role, known)
    everybody = [member for member in binding["members"] if member in (iam.ALL_USERS, ALL_AUTHENTICATED)]
    if everybody and resource.split("/")[-2] in _ABOVE:
        raise InvalidArgument(
            f"Principals of type {everybody[0]} cannot be added to {resource}: only to single resources.",
            field="policy.bindings.members",
            hint="Such as one service: cloudrun run services add-iam-policy-binding SERVICE …",
        )
    if everybody and condition:  # Source: IAM Conditions, limitations
        raise InvalidArgument(
            f"Principals of type {everybody[0]} are given roles without conditions.", field="policy.bindings.condition"
        )
    if condition and role in roles.BASIC:
        raise InvalidArgument(
            f"Basic roles are given without conditions, and {role} is one.", field="policy.bindings.condition"
        )
    if condition:
        expressions.compiled(condition["expression"])


def _check_there(store: Store, resource: str) -> None:
    kind = kind_of(resource)
    words = resource.split("/")
    there = policy_rows.has_subject(store, resource)
    if there is None:
        raise Unimplemented(f"Policies of {words[-2]} are not kept here.", field="resource")
    if not there and words[-2] in ("services", "jobs"):
        raise NotFound(
            f"Resource '{words[-1]}' of kind '{kind.name.upper()}' in region '{words[3]}' in project '{words[1]}' does "
            "not exist."
        )
    if not there:
        raise NotFound(f"{kind.name} [{resource}] does not exist.", field="resource")


def _note(store: Store, resource: str, kind: Kind, caller: str, now: datetime) -> None:
    words = resource.split("/")
    facts = dict(zip(words[::2], words[1::2], strict=True))
    journal.note(
        store,
        now,
        caller,
        "setIamPolicy",
        kind.name,
        project=facts.get("projects", ""),
        region=facts.get("locations", ""),
        name=words[-1],
    )
