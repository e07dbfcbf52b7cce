"""What each verb needs of its caller, and the question that is the first step of each.

    permits.require(store, caller, "services update", "projects/p/locations/r/services/s")

The owner of a project is let through by one look at the project's policy. Everybody else is decided by
`authorization`, which is loaded only then: lists and completions are quick because most callers own what they ask for.
"""

import json
from collections.abc import Sequence
from typing import Any

from cloudrun_cli.core.errors import PermissionDenied
from cloudrun_cli.store.database import Store

# What a verb needs. Source: Cloud Run IAM permissions; gcloud's words for the verbs.
NEEDED: dict[str, tuple[str, ...]] = {
    "services create": ("run.services.create",),
    "services update": ("run.services.update",),
    "services replace": ("run.services.create", "run.services.update"),
    "services delete": ("run.services.delete",),
    "services describe": ("run.services.get",),
    "services list": ("run.services.list",),
    "services set-iam-policy": ("run.services.setIamPolicy",),  # what --allow-unauthenticated does besides
    "services set-invoker-check": ("run.services.create", "run.services.update", "run.services.setIamPolicy"),
    "configurations describe": ("run.configurations.get",),
    "configurations list": ("run.configurations.list",),
    "instances list": ("run.revisions.list",),  # of revisions, whose instances they are
    "revisions delete": ("run.revisions.delete",),
    "revisions describe": ("run.revisions.get",),
    "revisions list": ("run.revisions.list",),
    "routes describe": ("run.routes.get",),
    "routes list": ("run.routes.list",),
    "regions list": ("run.locations.list",),
    # domain mappings have no permissions of their own: they are of the service that they lead to
    "domain-mappings create": ("run.services.update",),
    "domain-mappings delete": ("run.services.update",),
    "domain-mappings describe": ("run.services.get",),
    "domain-mappings list": ("run.services.list",),
    "jobs create": ("run.jobs.create",),
    "jobs update": ("run.jobs.update",),
    "jobs replace": ("run.jobs.create", "run.jobs.update"),
    "jobs delete": ("run.jobs.delete",),
    "jobs describe": ("run.jobs.get",),
    "jobs list": ("run.jobs.list",),
    "jobs run": ("run.jobs.run",),
    "jobs run with overrides": ("run.jobs.run", "run.jobs.runWithOverrides"),
    "executions cancel": ("run.executions.cancel",),
    "executions delete": ("run.executions.delete",),
    "executions describe": ("run.executions.get",),
    "executions list": ("run.executions.list",),
    "tasks describe": ("run.tasks.get",),
    "tasks list": ("run.tasks.list",),
    "schedules create": ("cloudscheduler.jobs.create",),
    "schedules update": ("cloudscheduler.jobs.update",),
    "schedules delete": ("cloudscheduler.jobs.delete",),
    "schedules describe": ("cloudscheduler.jobs.get",),
    "schedules list": ("cloudscheduler.jobs.list",),
    "schedules run": ("cloudscheduler.jobs.run",),
    "schedules pause": ("cloudscheduler.jobs.pause",),
    "schedules resume": ("cloudscheduler.jobs.enable",),
    "logs read": ("logging.logEntries.list",),
    "service-accounts create": ("iam.serviceAccounts.create",),
    "service-accounts delete": ("iam.serviceAccounts.delete",),
    "service-accounts describe": ("iam.serviceAccounts.get",),
    "service-accounts disable": ("iam.serviceAccounts.disable",),
    "service-accounts enable": ("iam.serviceAccounts.enable",),
    "service-accounts list": ("iam.serviceAccounts.list",),
    "service-accounts sign-blob": ("iam.serviceAccounts.signBlob",),
    "service-accounts sign-jwt": ("iam.serviceAccounts.signJwt",),
    "service-accounts undelete": ("iam.serviceAccounts.undelete",),
    "service-accounts update": ("iam.serviceAccounts.update",),
    "keys create": ("iam.serviceAccountKeys.create",),
    "keys delete": ("iam.serviceAccountKeys.delete",),
    "keys describe": ("iam.serviceAccountKeys.get",),
    "keys disable": ("iam.serviceAccountKeys.disable",),
    "keys enable": ("iam.serviceAccountKeys.enable",),
    "keys list": ("iam.serviceAccountKeys.list",),
    "keys upload": ("iam.serviceAccountKeys.upload",),
}
ACT_AS = "iam.serviceAccounts.actAs"

# As core.roles and core.identity have them, which take a while to load; a test keeps them equal.
_OWNER = "roles/owner"
_MACHINES = ".gserviceaccount.com"


def require(store: Store, caller: str, verb: str, resource: str) -> None:
    """Nothing when the caller, an account or a member, may do it with the resource, by its full name. Raises
    PermissionDenied."""
    if not _owns(store, caller, resource):
        from cloudrun_cli.controlplane import authorization

        for permission in NEEDED[verb]:
            authorization.require(store, caller, permission, resource)


def may(store: Store, caller: str, verb: str, resource: str) -> bool:
    """Whether the caller may."""
    if _owns(store, caller, resource):
        return True
    from cloudrun_cli.controlplane import authorization

    return all(authorization.decide(store, caller, permission, resource).allowed for permission in NEEDED[verb])


def held(store: Store, caller: str, asked: Sequence[str], resource: str) -> list[str]:
    """Those of the permissions that the caller has on a resource, which need not be there yet: what testIamPermissions
    answers. Who owns the project has all."""
    if _owns(store, caller, resource):
        return list(asked)
    from cloudrun_cli.controlplane import authorization

    return authorization.permitted(store, caller, list(asked), resource)


def act_as(store: Store, caller: str, email: str, field: str = "--service-account") -> None:
    """Nothing when the account exists and the caller may let code run as it. Raises PermissionDenied, which tells one
    from the other as little as the real service does. Source: troubleshooting, actAs"""
    from cloudrun_cli.store import service_accounts

    project = service_accounts.project_of(store, email)
    resource = f"projects/{project}/serviceAccounts/{email}"
    if project is not None:
        if _owns(store, caller, resource):
            return
        from cloudrun_cli.controlplane import authorization

        if authorization.decide(store, caller, ACT_AS, resource).allowed:
            return
    raise PermissionDenied(
        f"Permission 'iam.serviceaccounts.actAs' denied on service account {email} (or it may not exist).",
        field=field,
        hint="There are: cloudrun iam service-accounts list. Who may use one: cloudrun iam service-accounts "
        f"add-iam-policy-binding {email} --member={_member(caller)} --role=roles/iam.serviceAccountUser",
    )


def place(project: str, region: str | None = None) -> str:
    """The full name of what a list is of: a region of a project, or all of them."""
    return f"projects/{project}/locations/{region or '-'}"


def _owns(store: Store, caller: str, resource: str) -> bool:
    """Whether the project's own policy says, under no condition, that this very caller owns it; nothing said yet, it
    is the user's who comes first. What else lets somebody in is not looked at."""
    member, words = _member(caller), resource.split("/")
    if words[0] != "projects":
        return False
    row = store.one(
        "SELECT deleted, (SELECT body FROM policies WHERE resource = 'projects/' || id) FROM projects "
        "WHERE id = ?1 OR number = ?1 ORDER BY id = ?1 DESC",
        words[1],
    )
    deleted, policy = row or (None, None)
    if deleted is not None:
        return False
    if policy is None:
        return member.startswith("user:")
    return any(_is_of_owners(binding) and member in binding["members"] for binding in _bindings(json.loads(policy)))


def _bindings(policy: Any) -> list[Any]:
    """Whatever a policy has as its bindings: one that came in with a world may have anything."""
    found = policy.get("bindings") if isinstance(policy, dict) else None
    return found if isinstance(found, list) else []


def _is_of_owners(binding: Any) -> bool:
    if not isinstance(binding, dict) or binding.get("role") != _OWNER or binding.get("condition"):
        return False
    members = binding.get("members")
    return isinstance(members, list) and all(isinstance(member, str) for member in members)


def _member(caller: str) -> str:
    """The caller as a policy names it."""
    if not caller or ":" in caller:
        return caller
    return f"serviceAccount:{caller}" if caller.endswith(_MACHINES) else f"user:{caller}"
