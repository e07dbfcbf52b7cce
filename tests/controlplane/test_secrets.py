"""The verbs of secrets, and the vault that their payloads are in. Evidence: documented (Secret Manager v1), and ours
for what is on disk."""

import os
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudrun_cli.controlplane import policies, secrets
from cloudrun_cli.controlplane.projects import settle
from cloudrun_cli.controlplane.vault import Vault
from cloudrun_cli.core.errors import (
    AlreadyExists,
    CloudRunError,
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
)
from cloudrun_cli.core.secrets import ACCESSOR, Payload, SecretRef
from cloudrun_cli.store import journal
from cloudrun_cli.store import secrets as rows
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, PROJECT
from tests.controlplane.verbs import everything

KEY = SecretRef(PROJECT, "key")
AUTOMATIC: dict[str, Any] = {"replication": {"automatic": {}}}
READER = "serviceAccount:web@demo.iam.gserviceaccount.com"


@pytest.fixture
def vault(store: Store) -> Vault:
    """The vault of the store's home, in a project that the caller owns."""
    settle(store, PROJECT, CALLER, NOW)
    return Vault(os.path.dirname(store.path))


def create(store: Store, ref: SecretRef = KEY, **body: Any) -> dict[str, Any]:
    return secrets.create(store, ref, AUTOMATIC | body, caller=CALLER, now=NOW)


def add(store: Store, vault: Vault, content: bytes, seconds: int = 0) -> str:
    """One more version; its number."""
    now = NOW + timedelta(seconds=seconds)
    made = secrets.add_version(store, vault, KEY, Payload(content), caller=CALLER, now=now)
    return str(made["name"].rpartition("/")[2])


def read(store: Store, vault: Vault, version: str = "latest", caller: str = CALLER, seconds: int = 0) -> bytes:
    now = NOW + timedelta(seconds=seconds)
    return secrets.access(store, vault, PROJECT, "key", version, caller=caller, now=now).payload.content


def test_versions_count_up_and_the_latest_is_the_newest_even_when_it_cannot_be_read(store: Store, vault: Vault) -> None:
    create(store)
    assert [add(store, vault, b"one"), add(store, vault, b"two")] == ["1", "2"]
    assert (read(store, vault), read(store, vault, "1")) == (b"two", b"one")
    secrets.disable(store, KEY, "2", caller=CALLER, now=NOW)
    with pytest.raises(FailedPrecondition, match=r"/secrets/key/versions/2\] is in DISABLED state"):
        read(store, vault)
    secrets.enable(store, KEY, "latest", caller=CALLER, now=NOW)
    assert read(store, vault) == b"two"
    secrets.update(store, KEY, {"versionAliases": {"old": "1"}}, ["version_aliases"], caller=CALLER, now=NOW)
    assert read(store, vault, "old") == b"one"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=2000))
def test_any_payload_comes_back_byte_for_byte_and_is_not_in_the_files(
    store: Store, vault: Vault, content: bytes
) -> None:
    if rows.get(store, KEY) is None:
        create(store)
    number = add(store, vault, content)
    assert read(store, vault, number) == content
    if len(content) > 7:  # less may be anywhere by chance
        assert content not in on_disk(store)


def test_of_a_destroyed_payload_no_byte_is_left(store: Store, vault: Vault) -> None:
    create(store)
    add(store, vault, b"x" * 5000)
    kept = rows.sealed(store, KEY, 1)
    assert kept is not None
    pieces = [kept[0][at : at + 64] for at in range(0, len(kept[0]) - 64, 64)]
    assert pieces[3] in on_disk(store)
    made = secrets.destroy(store, KEY, "1", caller=CALLER, now=NOW)
    assert (made["state"], "destroyTime" in made) == ("DESTROYED", True)
    assert [piece for piece in pieces if piece in on_disk(store)] == []
    with pytest.raises(FailedPrecondition, match="is in DESTROYED state"):
        read(store, vault, "1")
    for verb in (secrets.enable, secrets.disable, secrets.destroy):
        with pytest.raises(FailedPrecondition, match="is in DESTROYED state"):
            verb(store, KEY, "1", caller=CALLER, now=NOW)


def test_a_deleted_secret_takes_payloads_and_policy_along(store: Store, vault: Vault) -> None:
    create(store)
    add(store, vault, b"x" * 5000)
    policies.add_binding(store, KEY.resource, ACCESSOR, READER, caller=CALLER, now=NOW)
    kept = rows.sealed(store, KEY, 1)
    assert kept is not None
    secrets.delete(store, KEY, caller=CALLER, now=NOW)
    assert kept[0][100:164] not in on_disk(store)
    create(store)
    add(store, vault, b"new")
    with pytest.raises(PermissionDenied):
        read(store, vault, caller=READER)


def test_the_key_is_made_once_and_only_its_owner_can_read_it(store: Store, vault: Vault) -> None:
    create(store)
    add(store, vault, b"one")
    key = Path(vault.path)
    text = key.read_text()
    assert (stat.S_IMODE(key.stat().st_mode), stat.S_IMODE(key.parent.stat().st_mode)) == (0o600, 0o700)
    again = Vault(os.path.dirname(store.path))
    add(store, again, b"two")
    assert (key.read_text(), read(store, again, "1")) == (text, b"one")


def test_a_new_key_in_front_seals_and_the_old_ones_still_open(store: Store, vault: Vault, tmp_path: Path) -> None:
    create(store)
    add(store, vault, b"one")
    other = Vault(str(tmp_path / "other"))
    other.seal(Payload(b""), "x", first=True)
    old = Path(vault.path).read_text()
    Path(vault.path).write_text(Path(other.path).read_text() + old)
    both = Vault(os.path.dirname(store.path))
    add(store, both, b"two")
    assert (read(store, both, "1"), read(store, both, "2")) == (b"one", b"two")
    Path(vault.path).write_text(old)
    with pytest.raises(FailedPrecondition, match="cannot be decrypted with the key"):
        read(store, Vault(os.path.dirname(store.path)), "2")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda key: key.unlink(), "is missing"),
        (lambda key: key.write_text("00000000 AAAA\n"), "holds no key"),
        (lambda key: key.write_text("\n"), "holds no key"),
        (lambda key: key.write_text(f"{key.read_text()[:8]} {'A' * 43}=\n"), "cannot be decrypted"),
        (lambda key: key.chmod(0o644), "can be read by others"),
    ],
)
def test_a_key_that_is_not_as_it_was_is_said_and_never_replaced(
    store: Store, vault: Vault, spoil: Callable[[Path], object], said: str
) -> None:
    create(store)
    add(store, vault, b"one")
    spoil(Path(vault.path))
    fresh = Vault(os.path.dirname(store.path))
    with pytest.raises(FailedPrecondition, match=said) as refusal:
        read(store, fresh)
    assert "one" not in str(refusal.value).replace("none", "")
    if "decrypted" not in said:
        before = everything(store)
        with pytest.raises(FailedPrecondition, match=said):
            add(store, fresh, b"two")
        assert everything(store) == before


def test_a_payload_opens_under_its_own_name_only(store: Store, vault: Vault) -> None:
    create(store)
    add(store, vault, b"one")
    add(store, vault, b"two")
    with store.transaction():
        store.write(
            "UPDATE secret_versions SET (sealed, crc32c) = "
            "(SELECT sealed, crc32c FROM secret_versions WHERE number = 1)"
        )
    assert read(store, vault, "1") == b"one"
    with pytest.raises(FailedPrecondition, match="cannot be decrypted"):
        read(store, vault, "2")


def test_only_who_was_given_the_accessor_role_reads_and_an_editor_does_not(store: Store, vault: Vault) -> None:
    create(store)
    add(store, vault, b"one")
    policies.add_binding(store, f"projects/{PROJECT}", "roles/editor", READER, caller=CALLER, now=NOW)
    with pytest.raises(PermissionDenied, match=r"secretmanager\.versions\.access"):
        read(store, vault, caller=READER)
    policies.add_binding(store, KEY.resource, ACCESSOR, READER, caller=CALLER, now=NOW)
    assert read(store, vault, caller=READER) == b"one"
    policies.remove_binding(store, KEY.resource, ACCESSOR, READER, caller=CALLER, now=NOW)
    with pytest.raises(PermissionDenied):
        read(store, vault, caller=READER)


STRANGER: dict[str, Any] = {"caller": "user:stranger@example.com", "now": NOW}


@pytest.mark.parametrize(
    "call",
    [
        lambda store, vault: secrets.create(store, SecretRef(PROJECT, "new"), AUTOMATIC, **STRANGER),
        lambda store, vault: secrets.get(store, KEY, **STRANGER),
        lambda store, vault: secrets.everything(store, PROJECT, **STRANGER),
        lambda store, vault: secrets.update(store, KEY, {}, ["labels"], **STRANGER),
        lambda store, vault: secrets.delete(store, KEY, **STRANGER),
        lambda store, vault: secrets.add_version(store, vault, KEY, Payload(b""), **STRANGER),
        lambda store, vault: secrets.get_version(store, KEY, "1", **STRANGER),
        lambda store, vault: secrets.versions(store, KEY, **STRANGER),
        lambda store, vault: secrets.access(store, vault, PROJECT, "key", "1", **STRANGER),
        lambda store, vault: secrets.enable(store, KEY, "1", **STRANGER),
        lambda store, vault: secrets.disable(store, KEY, "1", **STRANGER),
        lambda store, vault: secrets.destroy(store, KEY, "1", **STRANGER),
    ],
)
def test_a_stranger_may_do_nothing_and_changes_nothing(
    store: Store, vault: Vault, call: Callable[[Store, Vault], object]
) -> None:
    create(store)
    add(store, vault, b"one")
    before = everything(store)
    with pytest.raises(PermissionDenied):
        call(store, vault)
    assert everything(store) == before


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda s, v: secrets.create(s, KEY, AUTOMATIC, caller=CALLER, now=NOW), AlreadyExists),
        (lambda s, v: secrets.create(s, SecretRef(PROJECT, "n"), {}, caller=CALLER, now=NOW), InvalidArgument),
        (lambda s, v: create(s, SecretRef(PROJECT, "n"), ttl="0s"), InvalidArgument),
        (lambda s, v: secrets.get(s, SecretRef(PROJECT, "n"), caller=CALLER, now=NOW), NotFound),
        (lambda s, v: read(s, v, "7"), NotFound),
        (lambda s, v: add(s, v, bytes(65537)), InvalidArgument),
        (lambda s, v: secrets.add_version(s, v, KEY, Payload(b"a"), 1, caller=CALLER, now=NOW), InvalidArgument),
        (lambda s, v: secrets.delete(s, KEY, etag='"1"', caller=CALLER, now=NOW), Conflict),
        (lambda s, v: secrets.destroy(s, KEY, "1", etag='"1"', caller=CALLER, now=NOW), Conflict),
        (lambda s, v: secrets.update(s, KEY, {"etag": "1"}, ["labels"], caller=CALLER, now=NOW), Conflict),
        (
            lambda s, v: secrets.update(
                s, KEY, {"versionAliases": {"a": 9}}, ["versionAliases"], caller=CALLER, now=NOW
            ),
            FailedPrecondition,
        ),
        (
            lambda s, v: secrets.update(
                s,
                KEY,
                {"replication": {"userManaged": {"replicas": [{"location": "us-east1"}]}}},
                ["replication"],
                caller=CALLER,
                now=NOW,
            ),
            InvalidArgument,
        ),
    ],
)
def test_what_is_refused_changes_nothing(
    store: Store, vault: Vault, call: Callable[[Store, Vault], object], error: type[CloudRunError]
) -> None:
    create(store)
    add(store, vault, b"one")
    before = everything(store)
    with pytest.raises(error):
        call(store, vault)
    assert everything(store) == before


def test_what_was_put_off_is_done_when_its_time_has_come(store: Store, vault: Vault) -> None:
    create(store, ttl="60s", versionDestroyTtl="86400s")
    add(store, vault, b"one")
    put_off = secrets.destroy(store, KEY, "1", caller=CALLER, now=NOW)
    assert (put_off["state"], "scheduledDestroyTime" in put_off) == ("DISABLED", True)
    secrets.sweep(store, now=NOW + timedelta(seconds=59))
    assert rows.sealed(store, KEY, 1) is not None
    with pytest.raises(NotFound):
        read(store, vault, seconds=60)
    secrets.sweep(store, now=NOW + timedelta(seconds=60))
    assert (rows.get(store, KEY), rows.numbers(store, KEY)) == (None, [])
    create(store, versionDestroyTtl="86400s")
    add(store, vault, b"two")
    secrets.destroy(store, KEY, "1", caller=CALLER, now=NOW)
    secrets.sweep(store, now=NOW + timedelta(days=1))
    assert rows.sealed(store, KEY, 1) is None


def test_the_journal_tells_of_everything_and_of_no_payload(store: Store, vault: Vault) -> None:
    create(store)
    add(store, vault, b"nobody-may-see-this")
    secrets.destroy(store, KEY, "1", caller=CALLER, now=NOW)
    told = [entry for entry in journal.since(store, 0) if entry.kind == "Secret"]
    assert [(entry.verb, entry.name, entry.generation) for entry in told] == [
        ("create", "key", 0),
        ("addVersion", "key", 1),
        ("destroy", "key", 1),
    ]
    assert "nobody-may-see-this" not in repr(told)


def on_disk(store: Store) -> bytes:
    """All that the store has in files."""
    return b"".join(
        Path(f"{store.path}{end}").read_bytes() for end in ("", "-wal") if os.path.exists(f"{store.path}{end}")
    )
