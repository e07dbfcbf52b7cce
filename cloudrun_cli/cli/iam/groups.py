"""`cloudrun iam groups`: add-member, list, remove-member. Policies name groups; here it is said who is in them."""

from typing import Annotated

from cloudrun_cli.cli.command import Group, positional
from cloudrun_cli.cli.policies import opened

groups = Group("iam groups")

GroupName = Annotated[str, positional("GROUP", "The address of the group.")]
Member = Annotated[str, positional("MEMBER", "The address of an account, or of another group.")]


@groups.command(
    "add-member",
    format="none",
    examples=["cloudrun iam groups add-member devs@example.com ann@example.com"],
)
def add_member(group: GroupName, member: Member) -> None:
    """Put an account, or another group, into a group. The group is there once somebody is in it."""
    from cloudrun_cli.controlplane import groups as verbs

    present = opened()
    verbs.add(present.store, group, member, caller=present.account, now=present.now())
    present.ring()
    present.tell(f"Added [{member}] to group [{group}].")


@groups.command(
    "remove-member",
    format="none",
    examples=["cloudrun iam groups remove-member devs@example.com ann@example.com"],
)
def remove_member(group: GroupName, member: Member) -> None:
    """Take an account, or another group, out of a group."""
    from cloudrun_cli.controlplane import groups as verbs

    present = opened()
    verbs.remove(present.store, group, member, caller=present.account, now=present.now())
    present.ring()
    present.tell(f"Removed [{member}] from group [{group}].")


@groups.command("list", format="table(group:label=GROUP, member:label=MEMBER)", examples=["cloudrun iam groups list"])
def list_() -> list[dict[str, str]]:
    """List who is in which group."""
    from cloudrun_cli.controlplane import groups as verbs

    present = opened()
    return [
        {"group": group, "member": member} for group, member in verbs.everything(present.store, caller=present.account)
    ]
