"""Service accounts, their keys and what they sign. Evidence: documented (IAM v1; service account keys; undelete; IAM
policies and deleted principals; the iamcredentials API), recorded where said."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key, pkcs12

from cloudrun_cli.controlplane import authorization, policies, projects, signing, transfer
from cloudrun_cli.controlplane import service_account_keys as keys
from cloudrun_cli.controlplane import service_accounts as accounts
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.core.errors import (
    AlreadyExists,
    CloudRunError,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Unauthenticated,
)
from cloudrun_cli.core.identity import ISSUER, unique_id
from cloudrun_cli.core.service_accounts import MAX_KEYS, ManagedBy
from cloudrun_cli.store import service_accounts as rows
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, NUMBER, PROJECT, RECORDINGS
from tests.controlplane.verbs import an_account, everything

WORKER = "worker@demo.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{WORKER}"
COMPUTE = f"{NUMBER}-compute@developer.gserviceaccount.com"
TOKEN_URI = "http://127.0.0.1:9080/token"


@pytest.fixture
def world(store: Store) -> Store:
    """A project with an account, worker."""
    an_account(store, "worker")
    return store


@pytest.fixture
def signer(store: Store) -> Signer:
    return Signer(str(Path(store.path).parent))


def a_key(store: Store, kind: str = keys.JSON_FILE) -> dict[str, Any]:
    return keys.create(store, WORKER, token_uri=TOKEN_URI, kind=kind, caller=CALLER, now=NOW)


def id_of(key: dict[str, Any]) -> str:
    return str(key["name"].rpartition("/")[2])


def test_a_project_begins_with_the_account_that_code_runs_as(store: Store) -> None:
    projects.settle(store, PROJECT, CALLER, NOW)
    (found,) = accounts.everything(store, PROJECT, caller=CALLER)
    assert found == {
        "displayName": "Compute Engine default service account",
        "email": COMPUTE,
        "etag": "MDEwMjE5MjA=",
        "name": f"projects/demo/serviceAccounts/{COMPUTE}",
        "oauth2ClientId": unique_id(COMPUTE),
        "projectId": "demo",
        "uniqueId": unique_id(COMPUTE),
    }
    assert len(found["uniqueId"]) == 21


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}: import is not tested")
def test_the_recorded_accounts_come_in_and_go_out_as_they_were(store: Store) -> None:
    read = {
        name: json.loads((RECORDINGS / "resources" / f"{name}.json").read_text())
        for name in ("projects", "service-accounts")
    }
    bundle = transfer.Bundle(projects=read["projects"], service_accounts=read["service-accounts"])
    assert transfer.load(store, bundle, caller=CALLER, now=NOW).service_accounts == 3
    assert transfer.save(store).service_accounts == read["service-accounts"]
    before = everything(store)
    with pytest.raises(AlreadyExists, match="Nothing was imported"):
        transfer.load(store, bundle, caller=CALLER, now=NOW)
    assert everything(store) == before


def test_a_project_that_takes_another_number_has_the_account_of_that_number(store: Store) -> None:
    projects.settle(store, PROJECT, CALLER, NOW)
    bundle = transfer.Bundle(projects={"projects/demo": {"projectNumber": "123456789012"}})
    transfer.load(store, bundle, caller=CALLER, now=NOW)
    compute = "123456789012-compute@developer.gserviceaccount.com"
    assert [one.email for one in rows.everywhere(store)] == [compute]
    (editor, _) = policies.get(store, "projects/demo")["bindings"]
    assert editor == {"members": [f"serviceAccount:{compute}"], "role": "roles/editor"}


@pytest.mark.parametrize("name", ["short", "a" * 31, "1abcdef", "abcdef-", "Abcdef", "abc_def", "abc@def", ""])
def test_a_name_that_none_can_have_is_refused(store: Store, name: str) -> None:
    with pytest.raises(InvalidArgument, match="6 to 30"):
        accounts.create(store, PROJECT, name, caller=CALLER, now=NOW)


def test_an_address_is_taken_once_and_used_again_by_another_after_its_deletion(world: Store) -> None:
    with pytest.raises(AlreadyExists, match="Service account worker already exists within project projects/demo"):
        an_account(world, "worker")
    first = accounts.get(world, WORKER, caller=CALLER)
    assert accounts.get(world, first["uniqueId"], caller=CALLER) == first
    accounts.delete(world, WORKER, caller=CALLER, now=NOW)
    an_account(world, "worker")
    second = accounts.get(world, WORKER, caller=CALLER)
    assert second["uniqueId"] != first["uniqueId"]
    with pytest.raises(FailedPrecondition, match="Another service account has the address"):
        accounts.undelete(world, first["uniqueId"], caller=CALLER, now=NOW)


def test_what_a_deleted_account_was_given_is_nobodys_until_it_is_had_back(world: Store) -> None:
    policies.add_binding(world, "projects/demo", "roles/run.viewer", MEMBER, caller=CALLER, now=NOW)
    own = f"projects/demo/serviceAccounts/{WORKER}"
    policies.add_binding(world, own, "roles/iam.serviceAccountUser", "user:ann@x.org", caller=CALLER, now=NOW)

    def may() -> tuple[bool, bool]:
        sees = authorization.decide(world, WORKER, "run.services.list", "projects/demo")
        return sees.allowed, authorization.decide(world, "ann@x.org", "iam.serviceAccounts.actAs", own).allowed

    assert may() == (True, True)
    number = accounts.delete(world, WORKER, caller=CALLER, now=NOW)
    assert f"deleted:{MEMBER}?uid={number}" in str(policies.get(world, "projects/demo"))
    assert may() == (False, False)
    an_account(world, "worker")
    assert may() == (False, False), "the address alone gives nothing back"
    accounts.delete(world, WORKER, caller=CALLER, now=NOW)
    accounts.undelete(world, number, caller=CALLER, now=NOW + timedelta(days=30))
    assert may() == (True, True)
    accounts.delete(world, WORKER, caller=CALLER, now=NOW)
    with pytest.raises(NotFound, match="not among those deleted"):
        accounts.undelete(world, number, caller=CALLER, now=NOW + timedelta(days=31))


@pytest.mark.parametrize(
    ("body", "mask", "error"),
    [
        ({}, [], "names no field"),
        ({"email": "x"}, ["email"], r"\[email\] .* cannot be changed"),
        ({"displayName": 7}, ["displayName"], "expected text"),
        ({"displayName": "é" * 51}, ["display_name"], "at most 100 bytes"),
        ({"description": "x" * 257}, ["description"], "at most 256 bytes"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_changes_nothing(
    world: Store, body: dict[str, Any], mask: list[str], error: str
) -> None:
    before = everything(world)
    with pytest.raises(InvalidArgument, match=error):
        accounts.update(world, WORKER, body, mask, caller=CALLER, now=NOW)
    assert everything(world) == before


def test_what_is_not_there_is_denied_unless_its_project_is_named(world: Store) -> None:
    with pytest.raises(PermissionDenied, match="or it may not exist"):
        accounts.get(world, "none@demo.iam.gserviceaccount.com", caller=CALLER)
    with pytest.raises(NotFound, match="Unknown service account"):
        accounts.get(world, "none@demo.iam.gserviceaccount.com", project=PROJECT, caller=CALLER)
    with pytest.raises(CloudRunError):
        accounts.get(world, WORKER, project="other", caller=CALLER)
    assert accounts.get(world, WORKER, project=NUMBER, caller=CALLER)["email"] == WORKER


def test_of_a_users_key_the_file_alone_has_the_private_half(world: Store, signer: Signer) -> None:
    made = a_key(world)
    file = json.loads(base64.b64decode(made["privateKeyData"]))
    assert {name: file[name] for name in ("type", "project_id", "private_key_id", "client_email", "token_uri")} == {
        "type": "service_account",
        "project_id": "demo",
        "private_key_id": id_of(made),
        "client_email": WORKER,
        "token_uri": TOKEN_URI,
    }
    assert "PRIVATE" not in str(everything(world))
    assert file["private_key"].splitlines()[1] not in str(everything(world))
    token = jwt.encode({"iss": WORKER}, file["private_key"], algorithm="RS256")
    public = keys.believed(world, signer, id_of(made), WORKER, NOW)
    assert public is not None
    assert jwt.decode(token, public, algorithms=["RS256"]) == {"iss": WORKER}


def test_a_key_for_old_programs_opens_with_the_password_that_they_know(world: Store) -> None:
    made = a_key(world, keys.PKCS12_FILE)
    private, certificate, _ = pkcs12.load_key_and_certificates(base64.b64decode(made["privateKeyData"]), b"notasecret")
    assert private is not None
    assert certificate is not None
    assert certificate.subject.rfc4514_string() == f"CN={unique_id(WORKER)}"


def test_a_key_is_believed_while_it_and_its_account_are_in_use(world: Store, signer: Signer) -> None:
    id = id_of(a_key(world))

    def believed(email: str = WORKER) -> bool:
        return keys.believed(world, signer, id, email, NOW) is not None

    assert believed()
    assert not believed(COMPUTE)
    for disabled in (True, False):
        keys.set_disabled(world, WORKER, id, disabled, caller=CALLER, now=NOW)
        assert believed() != disabled
    for disabled in (True, False):
        accounts.set_disabled(world, WORKER, disabled, caller=CALLER, now=NOW)
        assert believed() != disabled
    number = accounts.delete(world, WORKER, caller=CALLER, now=NOW)
    assert not believed()
    an_account(world, "worker")
    assert not believed(), "another account has the address"
    accounts.delete(world, WORKER, caller=CALLER, now=NOW)
    accounts.undelete(world, number, caller=CALLER, now=NOW)
    assert believed()
    keys.delete(world, WORKER, id, caller=CALLER, now=NOW)
    assert not believed()


def test_keys_are_listed_with_the_one_that_is_looked_after(world: Store, signer: Signer) -> None:
    own = id_of(a_key(world))
    listed = keys.everything(world, signer, WORKER, caller=CALLER)
    assert [key["keyType"] for key in listed] == ["USER_MANAGED", "SYSTEM_MANAGED"]
    (kept,) = keys.everything(world, signer, WORKER, ManagedBy.SYSTEM, caller=CALLER)
    assert keys.everything(world, Signer(str(Path(world.path).parent)), WORKER, caller=CALLER) == listed
    assert own == id_of(listed[0]) != id_of(kept)
    with pytest.raises(NotFound, match="does not exist"):
        keys.delete(world, WORKER, id_of(kept), caller=CALLER, now=NOW)


def test_an_account_has_ten_keys_at_most(world: Store) -> None:
    account = rows.get(world, WORKER)
    assert account is not None
    made = a_key(world)
    with world.transaction():
        key = rows.key(world, account.unique_id, id_of(made))
        assert key is not None
        for number in range(MAX_KEYS - 1):
            rows.put_key(world, replace(key, id=str(number)))
    with pytest.raises(FailedPrecondition, match="has 10 keys already"):
        a_key(world)


def test_an_uploaded_certificate_is_believed_as_long_as_it_is_valid(world: Store, signer: Signer) -> None:
    private = signing.new_private()
    certificate = signing.certificate_of(private, "own", NOW).encode()
    made = keys.upload(world, WORKER, certificate, caller=CALLER, now=NOW)
    assert made["keyOrigin"] == "USER_PROVIDED"
    assert keys.believed(world, signer, id_of(made), WORKER, NOW) is not None
    assert keys.believed(world, signer, id_of(made), WORKER, NOW - timedelta(days=1)) is None
    with pytest.raises(AlreadyExists):
        keys.upload(world, WORKER, certificate, caller=CALLER, now=NOW)
    for wrong in (b"", b"x", signing.private_pem(private)):
        with pytest.raises(InvalidArgument):
            keys.upload(world, WORKER, wrong, caller=CALLER, now=NOW)


def test_a_signature_is_by_the_accounts_own_key_and_verified_by_what_is_published(world: Store, signer: Signer) -> None:
    signed = signing.sign_blob(world, signer, WORKER, b"blob", caller=CALLER)
    published = keys.certificates(world, signer, WORKER, datetime.now(UTC))
    public = x509.load_pem_x509_certificate(published[signed.key_id].encode()).public_key()
    assert isinstance(public, RSAPublicKey)
    public.verify(signed.value, b"blob", PKCS1v15(), SHA256())
    claims = signing.sign_jwt(world, signer, WORKER, '{"sub": "x"}', caller=CALLER, now=NOW)
    raw = keys.get(world, signer, WORKER, claims.key_id, keys.RAW, caller=CALLER)["publicKeyData"]
    loaded = load_pem_public_key(base64.b64decode(raw))
    assert isinstance(loaded, RSAPublicKey)
    assert jwt.decode(claims.value.decode(), loaded, algorithms=["RS256"]) == {"sub": "x"}
    other = signing.sign_blob(world, signer, COMPUTE, b"blob", caller=CALLER)
    assert other.key_id != signed.key_id


def test_who_may_sign_as_an_account_cannot_make_the_id_token_of_another(world: Store, signer: Signer) -> None:
    at = int(NOW.timestamp())
    forged = {"iss": ISSUER, "aud": "x", "sub": "1", "email": CALLER, "iat": at, "exp": at + 60}
    signed = signing.sign_jwt(world, signer, WORKER, json.dumps(forged), caller=CALLER, now=NOW)
    with pytest.raises(Unauthenticated):
        Tokens(str(Path(world.path).parent)).read(signed.value.decode(), NOW)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "not JSON"), ("[]", "not one JSON object"), ('{"exp": 99999999999}', "12 hours"), ('{"exp": "x"}', "12")],
)
def test_claims_that_cannot_be_signed_are_refused(world: Store, signer: Signer, text: str, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        signing.sign_jwt(world, signer, WORKER, text, caller=CALLER, now=NOW)


@pytest.mark.parametrize(
    "verb",
    [
        lambda s, g: signing.sign_blob(s, g, WORKER, b"", caller="ann@x.org"),
        lambda s, g: signing.sign_jwt(s, g, WORKER, "{}", caller="ann@x.org", now=NOW),
        lambda s, g: keys.create(s, WORKER, token_uri="", caller="ann@x.org", now=NOW),
        lambda s, g: keys.everything(s, g, WORKER, caller="ann@x.org"),
        lambda s, g: keys.get(s, g, WORKER, "1", caller="ann@x.org"),
        lambda s, g: keys.delete(s, WORKER, "1", caller="ann@x.org", now=NOW),
        lambda s, g: keys.set_disabled(s, WORKER, "1", True, caller="ann@x.org", now=NOW),
        lambda s, g: keys.upload(
            s, WORKER, signing.certificate_of(signing.new_private(), "x", NOW).encode(), caller="ann@x.org", now=NOW
        ),
    ],
)
def test_a_stranger_neither_signs_nor_touches_keys(
    world: Store, signer: Signer, verb: Callable[[Store, Signer], object]
) -> None:
    before = everything(world)
    with pytest.raises(PermissionDenied, match="denied on resource 'projects/demo/serviceAccounts/worker@"):
        verb(world, signer)
    assert everything(world) == before


def test_a_disabled_account_signs_nothing(world: Store, signer: Signer) -> None:
    accounts.set_disabled(world, WORKER, True, caller=CALLER, now=NOW)
    with pytest.raises(FailedPrecondition, match="is disabled"):
        signing.sign_blob(world, signer, WORKER, b"", caller=CALLER)


def test_the_kept_keys_are_readable_by_their_owner_only(world: Store, signer: Signer) -> None:
    signing.sign_blob(world, signer, WORKER, b"", caller=CALLER)
    folder = Path(world.path).parent / "keys" / "accounts"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "PRIVATE" not in repr(signer)
