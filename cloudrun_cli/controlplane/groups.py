"""Who is in which group: the directory that group: members of policies are looked up in. Here it is kept by hand."""

from datetime import datetime

from cloudrun_cli.controlplane import authorization
from cloudrun_cli.core.errors import InvalidArgument, NotFound
from cloudrun_cli.store import folders, groups, journal
from cloudrun_cli.store.database import Store

MANAGES = "resourcemanager.organizations.setIamPolicy"  # whoever administers the organization


def everything(store: Store, *, caller: str) -> list[tuple[str, str]]:
    """Every group and who is directly in it. Raises PermissionDenied."""
    _check_caller(store, caller)
    return groups.everything(store)


def add(store: Store, group: str, member: str, *, caller: str, now: datetime) -> None:
    """Put the address of an account, or of another group, into a group. Raises InvalidArgument, PermissionDenied."""
    for address in (group, member):
        if address.count("@") != 1 or ":" in address:
            raise InvalidArgument(f"[{address}] is not an e-mail address.", field="GROUP")
    with store.transaction():
        _check_caller(store, caller)
        if member.lower() == group.lower() or member.lower() in groups.of(store, group):
            raise InvalidArgument(f"[{group}] is in [{member}] already: neither can be in the other too.")
        groups.add(store, group, member)
        journal.note(store, now, caller, "add-member", "Group", project="", region="", name=group.lower())


def remove(store: Store, group: str, member: str, *, caller: str, now: datetime) -> None:
    """Take an address out of a group. Raises NotFound, PermissionDenied."""
    with store.transaction():
        _check_caller(store, caller)
        if not groups.remove(store, group, member):
            raise NotFound(f"[{member}] is not in the group [{group}].")
        journal.note(store, now, caller, "remove-member", "Group", project="", region="", name=group.lower())


def _check_caller(store: Store, caller: str) -> None:
    for organization in folders.organizations(store)[:1]:
        authorization.require(store, caller, MANAGES, f"organizations/{organization.id}")
