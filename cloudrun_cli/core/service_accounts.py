"""Service accounts and their keys: who code runs as. Source: iam.googleapis.com v1, ServiceAccount, ServiceAccountKey;
Introduction to service identity."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.names import default_service_account

DEFAULT_NAME = "Compute Engine default service account"  # of the one that every project has
KEPT = timedelta(days=30)  # after its deletion, to have it back. Source: Undelete a service account
FOREVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # until when a key is valid that was made for a user
MAX_KEYS = 10  # of a user's, per account. Source: IAM quotas
MAX_DISPLAY_NAME_BYTES, MAX_DESCRIPTION_BYTES = 100, 256  # Source: v1, ServiceAccount

_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")


class Origin(StrEnum):
    """Who made a key pair."""

    GOOGLE = "GOOGLE_PROVIDED"
    USER = "USER_PROVIDED"


class ManagedBy(StrEnum):
    """Who looks after a key, and may use it."""

    USER = "USER_MANAGED"
    SYSTEM = "SYSTEM_MANAGED"


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """An account of a machine. `unique_id` is never another's, also when the address is used again; `client_id` is
    the unique id unless it came from elsewhere with another."""

    email: str
    project: str
    unique_id: str
    display_name: str = ""
    description: str = ""
    disabled: bool = False
    client_id: str = ""

    @property
    def resource(self) -> str:
        """Its full name."""
        return f"projects/{self.project}/serviceAccounts/{self.email}"

    @property
    def member(self) -> str:
        """As policies name it."""
        return f"serviceAccount:{self.email}"

    @property
    def deleted_member(self) -> str:
        """As policies name it once it is gone. Source: IAM policies and deleted principals."""
        return f"deleted:{self.member}?uid={self.unique_id}"


@dataclass(frozen=True, slots=True)
class ServiceAccountKey:
    """The public half of a key pair, in a certificate (PEM)."""

    account: str  # the unique id
    id: str
    certificate: str
    valid_after: datetime
    valid_before: datetime
    origin: Origin = Origin.GOOGLE
    managed_by: ManagedBy = ManagedBy.USER
    disabled: bool = False

    def is_valid(self, now: datetime) -> bool:
        """Whether what it has signed is believed."""
        return not self.disabled and self.valid_after <= now < self.valid_before


def address(name: str, project: str) -> str:
    """The address of an account that a user makes. Raises InvalidArgument when none can have that name."""
    if not _ID.fullmatch(name):
        raise InvalidArgument(
            f"Invalid service account id [{name}]: it has 6 to 30 lower-case letters, digits and dashes, begins with "
            "a letter, and does not end with a dash.",
            field="NAME",
        )
    return f"{name}@{project}.iam.gserviceaccount.com"


def default_of(project: str, number: str, unique_id: str) -> ServiceAccount:
    """The account that every project begins with."""
    return ServiceAccount(default_service_account(number), project, unique_id, DEFAULT_NAME)


def checked(account: ServiceAccount) -> ServiceAccount:
    """The account itself. Raises InvalidArgument when its texts are too long."""
    for text, most, field in (
        (account.display_name, MAX_DISPLAY_NAME_BYTES, "displayName"),
        (account.description, MAX_DESCRIPTION_BYTES, "description"),
    ):
        if (size := len(text.encode())) > most:
            raise InvalidArgument(
                f"serviceAccount.{field}: at most {most} bytes of UTF-8 fit; these are {size}.",
                field=f"serviceAccount.{field}",
            )
    return account
