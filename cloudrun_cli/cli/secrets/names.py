"""What the commands of secrets have in common: which secret is meant, who asks, what is read from files."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cloudrun_cli.cli.command import flag, positional
from cloudrun_cli.cli.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.secrets import Payload, SecretRef

Secret = Annotated[str, positional("SECRET", "The secret.", names="secrets")]
Location = Annotated[
    str | None, flag("--location", "The region of a regional secret; there are none here.", names="regions")
]
Etag = Annotated[str | None, flag("--etag", "Only while it has this etag, as `describe` shows it.")]
DataFile = Annotated[
    str | None, flag("--data-file", "The file with the payload; - is standard input.", names="files", metavar="PATH")
]

_FULL = re.compile(r"(?:projects/([^/]+)/)?secrets/([^/]+)|([^/]+)")
_EMPTY = (
    "The value provided for --data-file is the empty string. This can happen if you pass or pipe a variable that is "
    "undefined. Please verify that the --data-file flag is not the empty string."
)


def secret_ref(present: Context, secret: str, location: str | None = None) -> "SecretRef":
    """The secret of a name, or of projects/PROJECT/secrets/NAME. Raises Unimplemented for a regional one."""
    from cloudrun_cli.core.errors import InvalidArgument, Unimplemented
    from cloudrun_cli.core.secrets import SecretRef, check_name

    if location is not None:
        raise Unimplemented(
            f"Secret [{secret}] in [{location}]: regional secrets are not built here, and Cloud Run cannot use them.",
            field="--location",
            hint="Leave --location out. Where a global secret is kept is said by --replication-policy and --locations.",
        )
    found = _FULL.fullmatch(secret)
    if found is None:
        raise InvalidArgument(f"[{secret}] is no secret: it reads NAME, or projects/PROJECT/secrets/NAME.")
    project = _project(present, found[1]) if found[1] else present.project
    return SecretRef(project, check_name(found[2] or found[3]))


def version_ref(present: Context, version: str, secret: str | None, location: str | None) -> "tuple[SecretRef, str]":
    """The secret and the version of a number or alias with --secret, or of a full name. Raises InvalidArgument."""
    from cloudrun_cli.core.errors import InvalidArgument

    of, found, number = version.rpartition("/versions/")
    if found:
        return secret_ref(present, of, location), number
    if secret is None:
        raise InvalidArgument(
            f"The [VERSION] resource is not properly specified: of which secret is version [{version}]?",
            field="--secret",
            hint="Provide the flag [--secret] on the command line.",
        )
    return secret_ref(present, secret, location), version


def caller(present: Context) -> str:
    """Who asks. The project in use is made, and is theirs, when it is not there yet."""
    from cloudrun_cli.controlplane.projects import settle

    settle(present.store, present.project, present.account, present.now())
    return present.account


@contextmanager
def coded(project: str = "") -> Iterator[None]:
    """Failures inside are told with their code in front, as gcloud tells those of the API; that a name is taken in
    the project, in a sentence."""
    from cloudrun_cli.core.errors import AlreadyExists, CloudRunError

    try:
        yield
    except AlreadyExists as error:
        error.message = f"Resource in projects [{project}] is the subject of a conflict: {error.message}"
        raise
    except CloudRunError as error:
        error.message = f"{error.code}: {error.message}"
        raise


def payload_of(path: str) -> "Payload":
    """What the file holds, byte for byte. Raises InvalidArgument for one that cannot be read, or is too large."""
    from cloudrun_cli.core.errors import InvalidArgument
    from cloudrun_cli.core.secrets import MAX_PAYLOAD_BYTES, Payload

    content = contents(path, MAX_PAYLOAD_BYTES + 1)
    if len(content) > MAX_PAYLOAD_BYTES:
        raise InvalidArgument(
            f"The file [{path}] is larger than the maximum size of {MAX_PAYLOAD_BYTES} bytes.", field="--data-file"
        )
    return Payload(content)


def contents(path: str, most: int = -1) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises InvalidArgument."""
    from cloudrun_cli.core.errors import InvalidArgument

    if not path:
        raise InvalidArgument(_EMPTY, field="--data-file")
    try:
        if path == "-":
            return sys.stdin.buffer.read(most) if sys.stdin is not None else b""
        with open(path, "rb") as file:
            return file.read(most)
    except OSError as error:
        raise InvalidArgument(
            f"Failed to read file [{path}]: Unable to read file [{path}]: {error.strerror}", field="--data-file"
        ) from error


def write_private(path: str, content: bytes) -> None:
    """Write the file so that only its owner can read it. Raises InvalidArgument."""
    from cloudrun_cli.core.errors import InvalidArgument

    if not path:
        raise InvalidArgument(_EMPTY.replace("--data-file", "--out-file"), field="--out-file")
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(file, "wb") as out:
            os.fchmod(file, 0o600)
            out.truncate()
            out.write(content)
    except OSError as error:
        raise InvalidArgument(f"Unable to write file [{path}]: {error.strerror}", field="--out-file") from error


def _project(present: Context, named: str) -> str:
    """The id of a project given by id or number."""
    if not named.isdecimal() or present.reader is None:
        return named
    from cloudrun_cli.store.projects import numbers

    return next((project for project, number in numbers(present.reader).items() if number == named), named)
