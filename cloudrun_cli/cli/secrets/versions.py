"""`cloudrun secrets versions`: access, add, describe, destroy, disable, enable, list."""

from collections.abc import Callable
from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.secrets.names import (
    Etag,
    Location,
    Secret,
    caller,
    coded,
    payload_of,
    secret_ref,
    version_ref,
    write_private,
)
from cloudrun_cli.cli.secrets.secrets import address

versions = Group("secrets versions")

TABLE = """table(
    name.basename():label=NAME,
    state_word.color('destroyed', 'disabled', 'enabled', 'unknown'):label=STATE,
    createTime.date():label=CREATED,
    destroyTime.date(undefined='-'):label=DESTROYED)"""

Version = Annotated[str, positional("VERSION", "The version: its number, or its full name.")]
OfSecret = Annotated[str | None, flag("--secret", "The secret of the version.", names="secrets")]


@versions.command(
    "access",
    examples=[
        "cloudrun secrets versions access latest --secret=api-key",
        "cloudrun secrets versions access 2 --secret=api-key --out-file=key.bin",
    ],
)
def access(
    version: Annotated[str, positional("VERSION", "The version: its number, an alias, latest, or its full name.")],
    secret: OfSecret = None,
    out_file: Annotated[
        str | None,
        flag(
            "--out-file",
            "Write the payload to this file, which only its owner can read.",
            names="files",
            metavar="OUT-FILE-PATH",
        ),
    ] = None,
    location: Location = None,
) -> dict[str, Any] | None:
    """Print the payload of a version, byte for byte."""
    from cloudrun_cli.controlplane import secrets as verbs

    present = context()
    ref, asked = version_ref(present, version, secret, location)
    with coded():
        found = verbs.access(
            present.store, present.vault, ref.project, ref.name, asked, caller=caller(present), now=present.now()
        )
    if out_file is not None:
        write_private(out_file, found.payload.content)
        return None
    if present.format is not None:
        from base64 import urlsafe_b64encode

        text = urlsafe_b64encode(found.payload.content).decode()
        return {"name": found.name, "payload": {"data": text, "dataCrc32c": str(found.payload.checksum)}}
    if present.talks:
        import sys

        sys.stdout.flush()
        sys.stdout.buffer.write(found.payload.content)
        sys.stdout.buffer.flush()
    return None


@versions.command(
    "add",
    format="none",
    examples=[
        "printf s3cr3t | cloudrun secrets versions add api-key --data-file=-",
        "cloudrun secrets versions add api-key --data-file=key.bin",
    ],
)
def add(
    secret: Secret,
    data_file: Annotated[
        str, flag("--data-file", "The file with the payload; - is standard input.", names="files", metavar="PATH")
    ],
    location: Location = None,
) -> dict[str, Any]:
    """Add a version to a secret. Mounted files that follow the latest version show it at once."""
    from cloudrun_cli.controlplane import secrets as verbs

    present = context()
    ref = secret_ref(present, secret, location)
    payload = payload_of(data_file)
    with coded():
        made = verbs.add_version(
            present.store, present.vault, ref, payload, payload.checksum, caller=caller(present), now=present.now()
        )
    present.ring()
    present.tell(f"Created version [{_number(made)}] of the secret [{ref.name}].")
    return made


@versions.command("describe", examples=["cloudrun secrets versions describe 1 --secret=api-key"])
def describe(version: Version, secret: OfSecret = None, location: Location = None) -> dict[str, Any]:
    """Show what is known of a version; its payload is not."""
    from cloudrun_cli.controlplane import secrets as verbs

    present = context()
    ref, asked = version_ref(present, version, secret, location)
    with coded():
        return verbs.get_version(present.store, ref, asked, caller=caller(present), now=present.now())


@versions.command("destroy", format="none", examples=["cloudrun secrets versions destroy 1 --secret=api-key --quiet"])
def destroy(version: Version, secret: OfSecret = None, etag: Etag = None, location: Location = None) -> dict[str, Any]:
    """Destroy the payload of a version, for ever."""
    from cloudrun_cli.cli.run.deleting import confirm
    from cloudrun_cli.controlplane import secrets as verbs

    ref, asked = version_ref(context(), version, secret, location)
    confirm(f"You are about to destroy version [{asked}] of the secret [{ref.name}]. This action cannot be reversed.")
    made = _change(verbs.destroy, version, secret, etag, location)
    if when := made.get("scheduledDestroyTime"):
        context().tell(
            f"Disabled version [{_number(made)}] of the secret [{ref.name}] and scheduled for destruction at [{when}]."
        )
    else:
        context().tell(f"Destroyed version [{_number(made)}] of the secret [{ref.name}].")
    return made


@versions.command("disable", format="none", examples=["cloudrun secrets versions disable 1 --secret=api-key"])
def disable(version: Version, secret: OfSecret = None, etag: Etag = None, location: Location = None) -> dict[str, Any]:
    """Let nobody read a version until it is enabled again."""
    from cloudrun_cli.controlplane import secrets as verbs

    made = _change(verbs.disable, version, secret, etag, location)
    context().tell(f"Disabled version [{_number(made)}] of the secret [{_secret(made)}].")
    return made


@versions.command("enable", format="none", examples=["cloudrun secrets versions enable 1 --secret=api-key"])
def enable(version: Version, secret: OfSecret = None, etag: Etag = None, location: Location = None) -> dict[str, Any]:
    """Let a version be read again that was disabled."""
    from cloudrun_cli.controlplane import secrets as verbs

    made = _change(verbs.enable, version, secret, etag, location)
    context().tell(f"Enabled version [{_number(made)}] of the secret [{_secret(made)}].")
    return made


@versions.command("list", format=TABLE, uri=address, examples=["cloudrun secrets versions list api-key"])
def list_(secret: Secret, location: Location = None) -> list[Any]:
    """List the versions of a secret, the newest first."""
    from cloudrun_cli.controlplane import secrets as verbs
    from cloudrun_cli.output.rows import Row

    present = context()
    ref = secret_ref(present, secret, location)
    with coded():
        found = verbs.versions(present.store, ref, caller=caller(present), now=present.now())
    return [Row(one, {"state_word": lambda row: row["state"].lower()}) for one in found]


def _change(
    verb: Callable[..., dict[str, Any]], version: str, secret: str | None, etag: str | None, location: str | None
) -> dict[str, Any]:
    """Do it to the version that is meant; what has become of it."""
    present = context()
    ref, asked = version_ref(present, version, secret, location)
    with coded():
        made = verb(present.store, ref, asked, etag=etag, caller=caller(present), now=present.now())
    present.ring()
    return made


def _number(version: dict[str, Any]) -> str:
    return str(version["name"].rpartition("/")[2])


def _secret(version: dict[str, Any]) -> str:
    return str(version["name"].split("/")[3])
