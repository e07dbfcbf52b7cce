"""What the commands of service accounts have in common: which account is meant, and how failures are told."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cloudrun_cli.cli.command import flag, positional
from cloudrun_cli.cli.parsing import Kind
from cloudrun_cli.core.errors import CloudRunError, InvalidArgument

_IDENTIFIER = re.compile(r"(.+@.+\..+|[0-9]+)")


class AccountKind(Kind):
    """The address of a service account, or its unique id."""

    def parse(self, text: str) -> str:
        if not _IDENTIFIER.fullmatch(text):
            raise InvalidArgument(
                f"Bad value [{text}]: Not a valid service account identifier. It should be either a numeric string "
                "representing the unique_id or an email of the form: my-iam-account@somedomain.com or "
                "my-iam-account@PROJECT_ID.iam.gserviceaccount.com"
            )
        return text


Account = Annotated[
    str,
    positional(
        "SERVICE_ACCOUNT",
        "The service account, by its address or its unique id.",
        AccountKind(),
        names="service_accounts",
    ),
]
IamAccount = Annotated[
    str,
    flag(
        "--iam-account",
        "The service account, by its address or its unique id.",
        AccountKind(),
        names="service_accounts",
    ),
]


@contextmanager
def coded() -> Iterator[None]:
    """Failures inside are told with their code in front, as gcloud tells those of the API."""
    try:
        yield
    except CloudRunError as error:
        error.message = f"{error.code}: {error.message}"
        raise


def contents(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises InvalidArgument."""
    try:
        if path == "-":
            return sys.stdin.buffer.read() if sys.stdin is not None else b""
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InvalidArgument(f"Unable to read file [{path}]: {error.strerror}") from error


def check_writable(path: str) -> None:
    """Nothing when a file can be written there, which is then there, readable by its owner only. Raises
    InvalidArgument."""
    if path != "-":
        _written(path, None)


def write(path: str, content: bytes, *, private: bool = True) -> None:
    """Write the file, `-` being standard output; a private one only its owner can read. Raises InvalidArgument."""
    if path != "-":
        _written(path, content, 0o600 if private else 0o666)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _written(path: str, content: bytes | None, mode: int = 0o600) -> None:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT, mode)
        with os.fdopen(file, "wb") as out:
            if mode == 0o600:
                os.fchmod(file, mode)
            if content is not None:
                out.truncate()
                out.write(content)
    except OSError as error:
        raise InvalidArgument(f"Unable to write file [{path}]: {error.strerror}") from error
