"""Roles and what they permit: the predefined ones, and those that a project or the organization makes for itself.

Source: iam.googleapis.com v1, Role.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from cloudrun_cli.core import permissions
from cloudrun_cli.core.errors import InvalidArgument

OWNER, EDITOR, VIEWER = "roles/owner", "roles/editor", "roles/viewer"
BASIC = (OWNER, EDITOR, VIEWER)
STAGES = ("ALPHA", "BETA", "GA", "DEPRECATED", "DISABLED", "EAP")  # Source: iam.googleapis.com v1, Role.stage
DISABLED = "DISABLED"  # a role at this stage grants nothing. Source: v1, Role.stage


@dataclass(frozen=True, slots=True)
class Role:
    """What whoever holds it may do. `permits` are permissions and patterns of them, * for any text, - in front for
    what is left out; none for one that is deleted."""

    name: str
    title: str
    description: str = ""
    permits: tuple[str, ...] = ()
    stage: str = "GA"
    etag: str = "AA=="
    deleted: bool = False

    def grants(self, permission: str) -> bool:
        """Whether it has the permission."""
        return not self.deleted and self.stage != DISABLED and _grants(self.permits, permission)

    @property
    def permissions(self) -> list[str]:
        """The known permissions that it has, sorted, whatever its state."""
        listed = {p for p in self.permits if "*" not in p and not p.startswith("-")}
        return sorted(listed | {p for p in permissions.known() if _grants(self.permits, p)})


Roles = Mapping[str, Role]


def granting(permission: str, roles: Roles) -> list[Role]:
    """The roles that have a permission, those that permit least first."""
    found = [role for role in roles.values() if role.grants(permission)]
    return sorted(found, key=lambda role: (role.name in BASIC, len(role.permissions), role.name))


def check_exists(name: str, roles: Roles) -> str:
    """The name itself. Raises InvalidArgument when there is no such role, or no longer; with the nearest there is."""
    found = roles.get(name)
    if found is not None and not found.deleted:
        return name
    near = nearest(name, roles)
    hint = f"Did you mean {near}?" if near else "All of them: cloudrun iam roles list"
    if found is not None:
        hint = f"It is deleted. To have it back: cloudrun iam roles undelete {name.rpartition('/')[2]} …"
    raise InvalidArgument(
        f"Role {name} is not supported for this resource: there is no such role.",
        field="policy.bindings.role",
        hint=hint,
    )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """What a name that is not known was probably meant to be."""
    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


@lru_cache(maxsize=8192)
def _grants(permits: tuple[str, ...], permission: str) -> bool:
    yes, no = _compiled(permits)
    return bool(yes.fullmatch(permission)) and not (no and no.fullmatch(permission))


@lru_cache(maxsize=1024)
def _compiled(permits: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    without = [pattern[1:] for pattern in permits if pattern.startswith("-")]
    having = [pattern for pattern in permits if not pattern.startswith("-")]
    return _any_of(having), _any_of(without) if without else None


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(pattern).replace(r"\*", ".*") for pattern in patterns) or r"(?!)")
