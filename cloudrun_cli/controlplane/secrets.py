"""The verbs of secrets and their versions. Each asks whether its caller may, before it says what is there.

`caller` is an account, or a member as policies name it. What comes back are v1 objects, whose names have the
project's number. The journal tells of versions by their number, and never of payloads.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from cloudrun_cli.controlplane import authorization
from cloudrun_cli.core import secrets as rules
from cloudrun_cli.core.errors import AlreadyExists, Conflict, FailedPrecondition, InvalidArgument, NotFound
from cloudrun_cli.core.names import project_number
from cloudrun_cli.core.secrets import ACCESS, Payload, Secret, SecretRef, SecretVersion, State
from cloudrun_cli.core.wire import secrets as wire
from cloudrun_cli.store import journal, policies, projects
from cloudrun_cli.store import secrets as rows
from cloudrun_cli.store.database import Store

TYPE_CHECKING = False
if TYPE_CHECKING:  # its library takes a while to load, and most verbs open nothing
    from cloudrun_cli.controlplane.vault import Vault

Json = dict[str, Any]

KIND = "Secret"  # in the journal
SWEEPER = "secretmanager"  # who the journal says does what was put off


class Accessed(NamedTuple):
    """A version that was read: its full name with the project's number, its own number, and its payload."""

    name: str
    number: int
    payload: Payload


def create(store: Store, ref: SecretRef, body: Json, *, caller: str, now: datetime) -> Json:
    """Make a secret without versions. Raises PermissionDenied, InvalidArgument, AlreadyExists."""
    rules.check_name(ref.name)
    if "replication" not in body:
        raise InvalidArgument("A secret needs its replication policy.", field="secret.replication")
    with store.transaction():
        authorization.require(store, caller, "secretmanager.secrets.create", f"projects/{ref.project}")
        if _find(store, ref, now) is not None:
            raise AlreadyExists(f"Secret [{_shown(store, ref)}] already exists.")
        rows.delete(store, ref)  # one whose time is over
        wanted = {key: value for key, value in body.items() if key != "createTime"}
        made = replace(wire.secret_from_json(wanted, ref, now=now), etag=rules.next_etag(now))
        _check(made, [], now)
        rows.put(store, made)
        _note(store, ref, "create", caller, now)
    return wire.secret_to_json(made, _number(store, ref.project))


def get(store: Store, ref: SecretRef, *, caller: str, now: datetime) -> Json:
    """The secret. Raises PermissionDenied, NotFound."""
    authorization.require(store, caller, "secretmanager.secrets.get", ref.resource)
    return wire.secret_to_json(_get(store, ref, now), _number(store, ref.project))


def everything(store: Store, project: str, *, caller: str, now: datetime) -> list[Json]:
    """The secrets of a project, by name. Raises PermissionDenied."""
    authorization.require(store, caller, "secretmanager.secrets.list", f"projects/{project}")
    number = _number(store, project)
    found = rows.of_project(store, project)
    return [wire.secret_to_json(secret, number) for secret in found if not _is_over(secret, now)]


def update(store: Store, ref: SecretRef, body: Json, mask: Sequence[str], *, caller: str, now: datetime) -> Json:
    """Set the fields of the mask as the body has them. Raises PermissionDenied, NotFound, InvalidArgument; Conflict
    when the body has the etag of an earlier state."""
    if not mask:
        raise InvalidArgument("The update mask names no field.", field="update_mask")
    with store.transaction():
        authorization.require(store, caller, "secretmanager.secrets.update", ref.resource)
        old = _get(store, ref, now)
        _check_etag(body.get("etag"), old.etag)
        made = wire.changed(old, body, mask, now=now)
        if {_kind(made), *_places(made)} != {_kind(old), *_places(old)}:
            raise InvalidArgument(
                "The locations that a secret is replicated to cannot be changed.", field="secret.replication"
            )
        _check(made, rows.numbers(store, ref), now)
        made = replace(made, etag=rules.next_etag(now, old.etag))
        rows.put(store, made)
        _note(store, ref, "update", caller, now)
    return wire.secret_to_json(made, _number(store, ref.project))


def delete(store: Store, ref: SecretRef, *, etag: str | None = None, caller: str, now: datetime) -> None:
    """Remove the secret with its versions and its policy. Raises PermissionDenied, NotFound, Conflict."""
    with store.shredding():
        authorization.require(store, caller, "secretmanager.secrets.delete", ref.resource)
        _check_etag(etag, _get(store, ref, now).etag)
        _remove(store, ref, caller, now)


def add_version(
    store: Store,
    vault: "Vault",
    ref: SecretRef,
    payload: Payload,
    checksum: int | None = None,
    *,
    caller: str,
    now: datetime,
) -> Json:
    """Add a version with this payload, of which `checksum` was made by whoever meant it. Raises PermissionDenied,
    NotFound, InvalidArgument; FailedPrecondition when the key of the home is not there."""
    rules.check_payload(payload, checksum)
    with store.transaction():
        authorization.require(store, caller, "secretmanager.versions.add", ref.resource)
        secret = _get(store, ref, now)
        number = max(rows.numbers(store, ref), default=0) + 1
        sealed = vault.seal(payload, _plain_name(ref, number), first=not rows.has_payloads(store))
        made = SecretVersion(number, State.ENABLED, now, rules.next_etag(now), checked=checksum is not None)
        rows.insert_version(store, ref, made, sealed, payload.checksum)
        _note(store, ref, "addVersion", caller, now, number)
    return wire.version_to_json(made, secret, _number(store, ref.project))


def get_version(store: Store, ref: SecretRef, version: str, *, caller: str, now: datetime) -> Json:
    """A version, by number, alias, or as `latest`. Raises PermissionDenied, NotFound, InvalidArgument."""
    authorization.require(store, caller, "secretmanager.versions.get", ref.resource)
    secret = _get(store, ref, now)
    return wire.version_to_json(_version(store, secret, version), secret, _number(store, ref.project))


def versions(store: Store, ref: SecretRef, *, caller: str, now: datetime) -> list[Json]:
    """The versions of a secret, the newest first. Raises PermissionDenied, NotFound."""
    authorization.require(store, caller, "secretmanager.versions.list", ref.resource)
    secret, number = _get(store, ref, now), _number(store, ref.project)
    return [wire.version_to_json(version, secret, number) for version in rows.versions(store, ref)]


def access(
    store: Store, vault: "Vault", project: str, name: str, version: str, *, caller: str, now: datetime
) -> Accessed:
    """The payload of a version, by number, alias, or as `latest`. Raises PermissionDenied, NotFound, InvalidArgument;
    FailedPrecondition when it is disabled or destroyed, or cannot be decrypted."""
    ref = SecretRef(project, name)
    authorization.require(store, caller, ACCESS, ref.resource)
    found = _version(store, _get(store, ref, now), version)
    shown = f"{_shown(store, ref)}/versions/{found.number}"
    rules.check_readable(found, shown)
    kept = rows.sealed(store, ref, found.number)
    payload = vault.open(kept[0], _plain_name(ref, found.number)) if kept else None
    if kept is None or payload is None or payload.checksum != kept[1]:
        raise FailedPrecondition(
            f"The payload of Secret Version [{shown}] is damaged: its checksum is another.", hint="Add a new version."
        )
    return Accessed(shown, found.number, payload)


def enable(store: Store, ref: SecretRef, version: str, *, etag: str | None = None, caller: str, now: datetime) -> Json:
    """Let a version be read again. Raises PermissionDenied, NotFound, Conflict; FailedPrecondition when destroyed."""
    with _changing(store, ref, version, "enable", etag, caller, now) as change:
        change.version = replace(change.version, state=State.ENABLED, destroy_at=None)
    return change.shown(store)


def disable(store: Store, ref: SecretRef, version: str, *, etag: str | None = None, caller: str, now: datetime) -> Json:
    """Let nobody read a version until it is enabled. Raises as `enable` does."""
    with _changing(store, ref, version, "disable", etag, caller, now) as change:
        change.version = replace(change.version, state=State.DISABLED)
    return change.shown(store)


def destroy(store: Store, ref: SecretRef, version: str, *, etag: str | None = None, caller: str, now: datetime) -> Json:
    """Remove the payload of a version for ever; of a secret with a delay, disable it until then. Raises as `enable`
    does."""
    with _changing(store, ref, version, "destroy", etag, caller, now) as change:
        delay = change.secret.destroy_delay
        if delay is not None and change.version.destroy_at is None:
            change.version = replace(change.version, state=State.DISABLED, destroy_at=now + delay)
        else:
            change.version = replace(change.version, state=State.DESTROYED, destroyed=now, destroy_at=None)
    return change.shown(store)


def sweep(store: Store, *, now: datetime) -> None:
    """Do what was put off until now: remove secrets whose time is over, destroy versions that were to be."""
    if not rows.expired(store, now) and not rows.to_destroy(store, now):
        return
    with store.shredding():
        for ref in rows.expired(store, now):
            _remove(store, ref, SWEEPER, now)
        for ref, version in rows.to_destroy(store, now):
            gone = replace(version, state=State.DESTROYED, destroyed=now, destroy_at=None)
            rows.update_version(store, ref, replace(gone, etag=rules.next_etag(now, version.etag)))
            _note(store, ref, "destroy", SWEEPER, now, version.number)


class _Change:
    """A version that is being changed."""

    def __init__(self, secret: Secret, version: SecretVersion) -> None:
        self.secret, self.version = secret, version

    def shown(self, store: Store) -> Json:
        return wire.version_to_json(self.version, self.secret, _number(store, self.secret.ref.project))


@contextmanager
def _changing(
    store: Store, ref: SecretRef, version: str, verb: str, etag: str | None, caller: str, now: datetime
) -> Iterator[_Change]:
    """Set the version inside; it is saved, unless it is as it was."""
    with store.shredding() if verb == "destroy" else store.transaction():
        authorization.require(store, caller, f"secretmanager.versions.{verb}", ref.resource)
        secret = _get(store, ref, now)
        before = _version(store, secret, version)
        _check_etag(etag, before.etag)
        rules.check_not_destroyed(before, f"{_shown(store, ref)}/versions/{before.number}")
        change = _Change(secret, before)
        yield change
        if change.version != before:
            change.version = replace(change.version, etag=rules.next_etag(now, before.etag))
            rows.update_version(store, ref, change.version)
            _note(store, ref, verb, caller, now, before.number)


def _find(store: Store, ref: SecretRef, now: datetime) -> Secret | None:
    found = rows.get(store, ref)
    return None if found is None or _is_over(found, now) else found


def _get(store: Store, ref: SecretRef, now: datetime) -> Secret:
    found = _find(store, ref, now)
    if found is None:
        raise NotFound(f"Secret [{_shown(store, ref)}] not found.")
    return found


def _is_over(secret: Secret, now: datetime) -> bool:
    return secret.expires is not None and secret.expires <= now


def _version(store: Store, secret: Secret, asked: str) -> SecretVersion:
    shown = _shown(store, secret.ref)
    number = rules.number_of(asked, secret.aliases, rows.numbers(store, secret.ref), shown)
    found = rows.version(store, secret.ref, number)
    if found is None:
        raise NotFound(f"Secret Version [{shown}/versions/{number}] not found.")
    return found


def _check(secret: Secret, numbers: Sequence[int], now: datetime) -> None:
    if secret.expires is not None and secret.expires <= now:
        raise InvalidArgument("The time at which a secret expires must be in the future.", field="secret.expire_time")
    for alias, number in secret.aliases.items():
        if number not in numbers:
            raise FailedPrecondition(
                f"The alias [{alias}] names version {number}, which the secret [{secret.ref.name}] does not have.",
                field="secret.version_aliases",
            )


def _kind(secret: Secret) -> str:
    return next(iter(secret.replication))


def _places(secret: Secret) -> set[str]:
    managed: Any = secret.replication.get("userManaged") or {"replicas": []}
    return {replica["location"] for replica in managed["replicas"]}


def _check_etag(given: str | None, present: str) -> None:
    if given and given.strip('"') != present.strip('"'):
        raise Conflict(
            f"The etag [{given}] is not that of the present state, [{present}].",
            field="etag",
            hint="Read it again and repeat the change.",
        )


def _remove(store: Store, ref: SecretRef, caller: str, now: datetime) -> None:
    rows.delete(store, ref)
    policies.delete(store, ref.resource)
    _note(store, ref, "delete", caller, now)


def _number(store: Store, project: str) -> str:
    return projects.number(store, project) or project_number(project)


def _shown(store: Store, ref: SecretRef) -> str:
    """The full name with the project's number, as the API says it."""
    return f"projects/{_number(store, ref.project)}/secrets/{ref.name}"


def _plain_name(ref: SecretRef, version: int) -> str:
    """The name that a payload is sealed under."""
    return wire.version_name(ref.project, ref.name, version)


def _note(store: Store, ref: SecretRef, verb: str, caller: str, now: datetime, version: int = 0) -> None:
    journal.note(store, now, caller, verb, KIND, project=ref.project, region="", name=ref.name, generation=version)
