"""The organization of this home: made when the first project is, with the account that made it to administer it."""

import hashlib
from datetime import datetime
from typing import Any

from cloudrun_cli.controlplane import authorization, hierarchy
from cloudrun_cli.core.access import principal
from cloudrun_cli.core.errors import NotFound
from cloudrun_cli.store import folders, policies
from cloudrun_cli.store.database import Store
from cloudrun_cli.store.folders import Organization

# What whoever makes an organization can do with it. Source: Setting up an organization
_ADMINISTERS = (
    "roles/iam.organizationRoleAdmin",
    "roles/resourcemanager.folderAdmin",
    "roles/resourcemanager.organizationAdmin",
)
_CREATES = "roles/resourcemanager.projectCreator"  # everybody of its domain. Source: as above
_CUSTOMER_DIGITS = 8


def ensure(store: Store, caller: str, now: datetime) -> Organization:
    """The organization that new projects are made in; in the open transaction it is made when there is none."""
    found = folders.organizations(store)
    return found[0] if found else add(store, _number(store.path), caller, now)


def add(store: Store, number: str, caller: str, now: datetime) -> Organization:
    """Make an organization of this number, in the open transaction, for the domain of the caller."""
    member = principal(caller)
    domain = member.rpartition("@")[2]
    made = Organization(number, domain, now.isoformat())
    folders.put_organization(store, made)
    bindings = [{"members": [member], "role": role} for role in _ADMINISTERS]
    bindings.append({"members": [f"domain:{domain}"], "role": _CREATES})
    name = f"organizations/{number}"
    if not policies.versioned(store, name)[1]:
        policies.put(store, name, {"version": 1, "bindings": bindings})
    return made


def everything(store: Store, *, caller: str) -> list[dict[str, Any]]:
    """The organizations that the caller may see, as v1 bodies."""
    return [
        as_json(found)
        for found in folders.organizations(store)
        if authorization.decide(store, caller, "resourcemanager.organizations.get", f"organizations/{found.id}")
    ]


def describe(store: Store, organization: str, *, caller: str) -> dict[str, Any]:
    """One by its number, with or without organizations/ in front, or by its domain. Raises NotFound,
    PermissionDenied."""
    number = resolve(store, organization)
    authorization.require(store, caller, "resourcemanager.organizations.get", f"organizations/{number}")
    return next(as_json(found) for found in folders.organizations(store) if found.id == number)


def resolve(store: Store, organization: str) -> str:
    """The number of an organization, by its number or its domain. Raises NotFound."""
    wanted = organization.removeprefix("organizations/")
    for found in folders.organizations(store):
        if wanted in (found.id, found.name):
            return found.id
    raise NotFound(
        f"Organization [{organization}] does not exist, or is not yours to see.",
        field="ORGANIZATION_ID",
        hint="There are: cloudrun organizations list",
    )


def as_json(found: Organization) -> dict[str, Any]:
    """An Organization as v1 says it."""
    return {
        "creationTime": hierarchy.moment(found.created),
        "displayName": found.name,
        "lifecycleState": "ACTIVE",
        "name": f"organizations/{found.id}",
        "owner": {"directoryCustomerId": f"C{_digest(found.id):x}"[: _CUSTOMER_DIGITS + 1]},
    }


def _number(home: str) -> str:
    """The twelve digits of the organization of a home: the same for as long as it stays where it is."""
    return str(100_000_000_000 + _digest(home) % 900_000_000_000)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
