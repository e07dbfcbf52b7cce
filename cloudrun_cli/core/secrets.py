"""Secrets and their versions: values, names, and which version is meant. Source: secretmanager.googleapis.com v1."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cloudrun_cli.core.checksums import crc32c
from cloudrun_cli.core.errors import FailedPrecondition, InvalidArgument, NotFound

MAX_PAYLOAD_BYTES = 65536  # Source: v1, SecretPayload.data
LATEST = "latest"
ACCESS = "secretmanager.versions.access"
ACCESSOR = "roles/secretmanager.secretAccessor"

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,255}")
_ALIAS = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,62}")


class State(StrEnum):
    """What may be done with a version."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"
    DESTROYED = "DESTROYED"


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is: project id and name."""

    project: str
    name: str

    @property
    def resource(self) -> str:
        """The full name that its policy is kept under."""
        return f"projects/{self.project}/secrets/{self.name}"


@dataclass(frozen=True, slots=True, repr=False)
class Payload:
    """What is secret. Neither its text form nor its repr shows anything of it."""

    content: bytes

    def __repr__(self) -> str:
        return "Payload(…)"

    __str__ = __repr__

    @property
    def checksum(self) -> int:
        """Its CRC-32C."""
        return crc32c(self.content)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret without its versions. `replication` is as v1 has it; `next_rotation` and `rotation_period` are kept and
    not acted upon."""

    ref: SecretRef
    created: datetime
    etag: str = ""
    replication: Mapping[str, object] = field(default_factory=lambda: {"automatic": {}})
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    expires: datetime | None = None
    rotation_period: timedelta | None = None
    next_rotation: datetime | None = None
    destroy_delay: timedelta | None = None  # between a destroy and the end of the version
    type: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """A version without its payload. `checked`: whoever added it gave the checksum of what was meant."""

    number: int
    state: State
    created: datetime
    etag: str = ""
    destroyed: datetime | None = None
    destroy_at: datetime | None = None
    checked: bool = False


def check_name(name: str) -> str:
    """The name itself. Raises InvalidArgument when no secret may have it."""
    if not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"The provided Secret ID [{name}] does not match the expected format [[a-zA-Z_0-9]+].",
            field="secret_id",
            hint="A secret's name has letters, digits, '-' and '_', and at most 255 of them.",
        )
    return name


def check_alias(alias: str) -> str:
    """The alias itself. Raises InvalidArgument when no version may be called so."""
    if not _ALIAS.fullmatch(alias) or alias in (LATEST, "NEW"):
        raise InvalidArgument(
            f"Invalid version alias [{alias}]. It begins with a letter, has letters, digits, '-' and '_', at most 63, "
            f"and is not '{LATEST}'.",
            field="secret.version_aliases",
        )
    return alias


def check_payload(payload: Payload, checksum: int | None = None) -> None:
    """Nothing when it may be stored, and is what `checksum` was made of. Raises InvalidArgument."""
    size = len(payload.content)
    if size > MAX_PAYLOAD_BYTES:
        raise InvalidArgument(
            f"The payload has {size} bytes; at most {MAX_PAYLOAD_BYTES} are allowed.", field="payload.data"
        )
    if checksum is not None and checksum != payload.checksum:
        raise InvalidArgument(
            "The checksum data_crc32c is not that of the payload: it was changed on its way.",
            field="payload.data_crc32c",
            hint="Send it again.",
        )


def number_of(asked: str, aliases: Mapping[str, int], numbers: Iterable[int], secret: str) -> int:
    """The number of the version that `latest`, a number, or an alias names: the latest is the newest number, whatever
    its state. `secret` is the full name for messages. Raises NotFound, InvalidArgument."""
    if asked == LATEST:
        newest = max(numbers, default=0)
        if not newest:
            raise NotFound(f"Secret [{secret}] not found or has no versions.")
        return newest
    if asked.isascii() and asked.isdecimal():
        return int(asked)
    if not _ALIAS.fullmatch(asked):
        raise InvalidArgument(
            f"Invalid version [{asked}] of secret [{secret}]: it is {LATEST}, a number, or an alias.", field="name"
        )
    if asked not in aliases:
        raise NotFound(f"Secret [{secret}] has no version alias [{asked}].")
    return aliases[asked]


def check_readable(version: SecretVersion, full_name: str) -> None:
    """Nothing when its payload may be read. Raises FailedPrecondition."""
    if version.state is not State.ENABLED:
        raise FailedPrecondition(f"Secret Version [{full_name}] is in {version.state} state.")


def check_not_destroyed(version: SecretVersion, full_name: str) -> None:
    """Nothing when there is still something to enable, disable or destroy. Raises FailedPrecondition."""
    if version.state is State.DESTROYED:
        raise FailedPrecondition(f"Secret Version [{full_name}] is in {version.state} state.")


def next_etag(now: datetime, old: str = "") -> str:
    """An etag that no state before has had: the moment in microseconds, in hex and quotes."""
    moment = int(now.timestamp() * 1_000_000)
    before = old.strip('"')
    if re.fullmatch(r"[0-9a-f]{1,15}", before):
        moment = max(moment, int(before, 16) + 1)
    return f'"{moment:x}"'
