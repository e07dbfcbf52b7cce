"""Whether somebody may do something with a resource: the policies on it and above it, in one union.

A grant anywhere in the chain is a grant; nothing below takes it back. Source: Access control with IAM; IAM overview,
policy inheritance. Deny policies are not part of this project.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudrun_cli.core import expressions
from cloudrun_cli.core.iam import ALL_USERS, Policy
from cloudrun_cli.core.roles import Roles

ALL_AUTHENTICATED = "allAuthenticatedUsers"
ANONYMOUS = ""
SERVICE_ACCOUNT_DOMAIN = "gserviceaccount.com"

Chain = Sequence[tuple[str, Policy]]

_BASIC_OF = {"projectOwner": "roles/owner", "projectEditor": "roles/editor", "projectViewer": "roles/viewer"}


@dataclass(frozen=True, slots=True)
class Grant:
    """A binding that gives, or under its condition would give, a permission to a caller."""

    resource: str  # the one that the policy is on
    role: str
    member: str  # as the policy names the caller
    condition: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a caller has a permission on a resource, by which grant, and which grants failed on their condition.
    `searched` are the resources whose policies were read, from it upwards; none for one of a `deleted` project."""

    caller: str
    permission: str
    resource: str
    grant: Grant | None = None
    unmet: tuple[Grant, ...] = ()
    searched: tuple[str, ...] = ()
    deleted: bool = False

    @property
    def allowed(self) -> bool:
        return self.grant is not None

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True, slots=True)
class Effective:
    """A binding that holds for a resource, and where it comes from."""

    resource: str
    role: str
    members: tuple[str, ...]
    condition: Mapping[str, str] | None = None


def decide(
    caller: str,
    permission: str,
    chain: Chain,
    roles: Roles,
    attributes: expressions.Attributes | None = None,
    *,
    groups: Collection[str] = (),
) -> Decision:
    """Whether the caller has the permission on the first resource of the chain, which leads from it up to the
    organization. `groups` are the addresses of the groups that the caller is in. Never raises, whatever the policies
    say: what cannot be understood grants nothing."""
    searched = tuple(name for name, _ in chain)
    resource = searched[0] if searched else ""
    unmet: list[Grant] = []
    for name, binding in bindings(chain):
        role = roles.get(binding["role"])
        if role is None or not role.grants(permission):
            continue
        member = _match(caller, binding["members"], chain, groups)
        if member is None:
            continue
        condition = binding.get("condition") or None
        grant = Grant(name, role.name, member, condition)
        if condition is None or _holds(condition, attributes or {}):
            return Decision(caller, permission, resource, grant, searched=searched)
        unmet.append(grant)
    return Decision(caller, permission, resource, None, tuple(unmet), searched)


def effective(chain: Chain) -> list[Effective]:
    """Every binding that holds for the first resource of the chain, its own first, each with where it comes from."""
    return [Effective(name, b["role"], tuple(b["members"]), b.get("condition") or None) for name, b in bindings(chain)]


def bindings(chain: Chain) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The bindings of a chain with the resource each is on; those that are none are passed over."""
    for name, policy in chain:
        listed = policy.get("bindings") if isinstance(policy, Mapping) else None
        for binding in listed if isinstance(listed, list | tuple) else ():
            if isinstance(binding, Mapping) and isinstance(binding.get("role"), str):
                members = binding.get("members")
                if isinstance(members, list | tuple) and all(isinstance(member, str) for member in members):
                    yield name, binding


def matches(caller: str, member: str, groups: Collection[str] = ()) -> bool:
    """Whether a member of a binding stands for the caller. `projectOwner:` and its like need the chain: not here."""
    if member == ALL_USERS or (member == ALL_AUTHENTICATED and caller != ANONYMOUS):
        return True
    if caller == ANONYMOUS or member.startswith("deleted:"):
        return False
    if member == caller:
        return True
    kind, _, name = member.partition(":")
    caller_kind, _, address = caller.partition(":")
    if kind == "domain":
        return caller_kind == "user" and address.rpartition("@")[2].lower() == name.lower()
    if kind == "group":
        return name.lower() in groups
    if kind == "principalSet":
        return _in_set(caller, name.removeprefix("//"), groups)
    if kind == "principal":
        return caller_kind == "user" and name.lower() == f"//goog/subject/{address}".lower()
    return kind in ("user", "serviceAccount") and member.lower() == caller.lower()


def principal(account: str) -> str:
    """The member that an account is, by its address: user: or serviceAccount:. Nobody is anonymous."""
    if not account or ":" in account:
        return account
    kind = "serviceAccount" if account.endswith(f".{SERVICE_ACCOUNT_DOMAIN}") else "user"
    return f"{kind}:{account}"


def _match(caller: str, members: Sequence[str], chain: Chain, groups: Collection[str]) -> str | None:
    """The member that stands for the caller, if one does."""
    for member in members:
        if matches(caller, member, groups):
            return member
        kind, _, project = member.partition(":")
        if kind in _BASIC_OF and _holds_basic(caller, _BASIC_OF[kind], project, chain, groups):
            return member
    return None


def _holds_basic(caller: str, role: str, project: str, chain: Chain, groups: Collection[str]) -> bool:
    """Whether the caller has a basic role in the policy of a project itself, under no condition."""
    own = [(name, policy) for name, policy in chain if name == f"projects/{project}"]
    return any(
        binding["role"] == role
        and not binding.get("condition")
        and any(matches(caller, member, groups) for member in binding["members"])
        for _, binding in bindings(own)
    )


def _in_set(caller: str, name: str, groups: Collection[str]) -> bool:
    """Whether a principalSet holds the caller: of a Google group, or of a whole identity pool."""
    if name.startswith("goog/group/"):
        return name.removeprefix("goog/group/").lower() in groups
    pool, star, _ = name.rpartition("/*")
    return bool(star) and caller.startswith(f"principal://{pool}/subject/")


def _holds(condition: Any, attributes: expressions.Attributes) -> bool:
    expression = condition.get("expression") if isinstance(condition, Mapping) else None
    return isinstance(expression, str) and expressions.holds(expression, attributes)
