"""Whether a caller may do what it asks: the policies of the home, put before core's rules.

authorization.require(store, "user:dev@example.com", "run.services.update", "projects/p/locations/r/services/s")
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cloudrun_cli.controlplane import hierarchy
from cloudrun_cli.core import access
from cloudrun_cli.core.access import Decision, principal
from cloudrun_cli.core.errors import PermissionDenied
from cloudrun_cli.store import groups
from cloudrun_cli.store.database import Store

# What may still be asked about a project that is being deleted. Source: Creating and managing projects, deletion
_OF_DELETED = "resourcemanager.projects."
# The services whose resources are named so, and their types. Source: IAM Conditions, resource attributes
_TYPES = {
    "services": ("run.googleapis.com", "Service"),
    "jobs": ("run.googleapis.com", "Job"),
    "workerPools": ("run.googleapis.com", "WorkerPool"),
    "revisions": ("run.googleapis.com", "Revision"),
    "secrets": ("secretmanager.googleapis.com", "Secret"),
    "versions": ("secretmanager.googleapis.com", "SecretVersion"),
    "serviceAccounts": ("iam.googleapis.com", "ServiceAccount"),
    "topics": ("pubsub.googleapis.com", "Topic"),
    "subscriptions": ("pubsub.googleapis.com", "Subscription"),
    "projects": ("cloudresourcemanager.googleapis.com", "Project"),
    "folders": ("cloudresourcemanager.googleapis.com", "Folder"),
    "organizations": ("cloudresourcemanager.googleapis.com", "Organization"),
}


def decide(
    store: Store, caller: str, permission: str, resource: str, attributes: Mapping[str, Any] | None = None
) -> Decision:
    """Whether the caller, a member such as user:EMAIL or "" for nobody known, has a permission on a resource, by its
    full name: projects/p/locations/r/services/s, projects/p/secrets/x, projects/p, folders/1, organizations/1.
    `attributes` are those of the call for conditions: request.time (now, unless told), request.host, request.path.
    A resource that does not exist is as one without a policy of its own. Never raises."""
    caller, resource = _writable(principal(caller)), _writable(resource)
    found = hierarchy.place(store, resource)
    if found.project is not None and found.project.deleted and not permission.startswith(_OF_DELETED):
        return Decision(caller, permission, found.names[0], deleted=True)
    policies = hierarchy.chain(store, found.names)
    return access.decide(
        caller,
        permission,
        policies,
        hierarchy.roles_of(store, policies),
        described(found.names[0] if found.names else resource, attributes),
        groups=groups_of(store, caller),
    )


def require(
    store: Store, caller: str, permission: str, resource: str, attributes: Mapping[str, Any] | None = None
) -> Decision:
    """The decision that lets the caller do it. Raises PermissionDenied."""
    decision = decide(store, caller, permission, resource, attributes)
    if not decision.allowed:
        raise PermissionDenied(
            f"Permission '{permission}' denied on resource '{resource}' (or it may not exist).",
            field=permission,
            hint=f"Why: cloudrun iam troubleshoot {decision.caller or 'anonymous'} {permission} {resource}",
        )
    return decision


def permitted(store: Store, caller: str, permissions: list[str], resource: str) -> list[str]:
    """Those of the permissions that the caller has on a resource: what testIamPermissions answers."""
    return [permission for permission in permissions if decide(store, caller, permission, resource).allowed]


def groups_of(store: Store, caller: str) -> frozenset[str]:
    """The groups that a caller is in, through other groups too."""
    return groups.of(store, caller.partition(":")[2]) if caller else frozenset()


def described(resource: str, attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """The attributes of a call with those that its resource adds, and with the present moment when none was told."""
    words = resource.split("/")
    service, kind = _TYPES.get(words[-2] if len(words) > 1 else "", ("", ""))
    about = {"resource.name": resource}
    if kind:
        about |= {"resource.service": service, "resource.type": f"{service}/{kind}"}
    return {"request.time": datetime.now(UTC), **about, **(attributes or {})}


def _writable(text: str) -> str:
    """The text as the store can look it up: halves of characters, which nothing here is called by, made ?."""
    return text.encode(errors="replace").decode()
