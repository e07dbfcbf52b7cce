"""The verbs of the keys of service accounts: those that users are given, of which we keep the public half alone, and
the one of each that this home looks after. Source: iam.googleapis.com v1, projects.serviceAccounts.keys.
"""

import base64
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from cloudrun_cli.controlplane import signing
from cloudrun_cli.controlplane.service_accounts import BY_ACCOUNT, found
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.core import service_accounts as rules
from cloudrun_cli.core.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from cloudrun_cli.core.service_accounts import ManagedBy, Origin, ServiceAccount, ServiceAccountKey
from cloudrun_cli.core.wire.service_accounts import key_file, key_to_json
from cloudrun_cli.store import journal
from cloudrun_cli.store import service_accounts as rows
from cloudrun_cli.store.database import Store

Json = dict[str, Any]

JSON_FILE, PKCS12_FILE = "TYPE_GOOGLE_CREDENTIALS_FILE", "TYPE_PKCS12_FILE"  # Source: v1, ServiceAccountPrivateKeyType
CERTIFICATE, RAW = "TYPE_X509_PEM_FILE", "TYPE_RAW_PUBLIC_KEY"  # Source: v1, ServiceAccountPublicKeyType

_P12_PASSWORD = b"notasecret"  # Source: v1, TYPE_PKCS12_FILE


def create(
    store: Store,
    account: str,
    *,
    token_uri: str,
    kind: str = JSON_FILE,
    project: str = BY_ACCOUNT,
    caller: str,
    now: datetime,
) -> Json:
    """Make a key: the v1 ServiceAccountKey, with the file of the private half (base64) this once. Raises
    PermissionDenied, NotFound, FailedPrecondition."""
    if kind not in (JSON_FILE, PKCS12_FILE):
        raise InvalidArgument(f"privateKeyType: [{kind}] is no kind of key file.", field="privateKeyType")
    with store.transaction():
        of = found(store, account, project, "keys create", caller)
        _check_room(store, of)
        private = signing.new_private()
        since = now.replace(microsecond=0)
        certificate = signing.certificate_of(private, of.unique_id, since)
        id = signing.key_id(private.public_key())
        made = ServiceAccountKey(of.unique_id, id, certificate, since, rules.FOREVER)
        rows.put_key(store, made)
        _note(store, of, made, "create", caller, now)
    if kind == JSON_FILE:
        said = key_file(of, id, signing.private_pem(private).decode(), token_uri)
        file = json.dumps(said, indent=2).encode() + b"\n"
    else:
        file = _pkcs12(private, certificate)
    return {**key_to_json(made, of), "privateKeyData": base64.b64encode(file).decode(), "privateKeyType": kind}


def everything(
    store: Store,
    signer: Signer,
    account: str,
    managed_by: ManagedBy | None = None,
    *,
    project: str = BY_ACCOUNT,
    caller: str,
) -> list[Json]:
    """The keys of an account, oldest first: the user's and the one we look after. Raises PermissionDenied, NotFound."""
    of = found(store, account, project, "keys list", caller)
    known = [*rows.keys(store, of.unique_id), signer.key_of(of)]
    return [key_to_json(key, of) for key in known if managed_by in (None, key.managed_by)]


def get(
    store: Store,
    signer: Signer,
    account: str,
    id: str,
    public: str = "",
    *,
    project: str = BY_ACCOUNT,
    caller: str,
) -> Json:
    """One key; with its public half as `public` says: TYPE_X509_PEM_FILE or TYPE_RAW_PUBLIC_KEY. Raises
    PermissionDenied, NotFound."""
    of = found(store, account, project, "keys describe", caller)
    kept = signer.key_of(of)
    key = kept if id == kept.id else _key(store, of, id)
    body = key_to_json(key, of)
    if public in ("", "TYPE_NONE"):
        return body
    if public not in (CERTIFICATE, RAW):
        raise InvalidArgument(f"publicKeyType: [{public}] is no form of a public key.", field="publicKeyType")
    text = key.certificate if public == CERTIFICATE else signing.public_pem(key.certificate)
    return {**body, "publicKeyData": base64.b64encode(text.encode()).decode()}


def delete(store: Store, account: str, id: str, *, project: str = BY_ACCOUNT, caller: str, now: datetime) -> None:
    """Forget a user's key: what it signs is worth nothing from now on. Raises PermissionDenied, NotFound."""
    with store.transaction():
        of = found(store, account, project, "keys delete", caller)
        key = _key(store, of, id)
        rows.delete_key(store, key)
        _note(store, of, key, "delete", caller, now)


def set_disabled(
    store: Store,
    account: str,
    id: str,
    disabled: bool,
    *,
    project: str = BY_ACCOUNT,
    caller: str,
    now: datetime,
) -> None:
    """Take a user's key out of use, or put it back. Raises PermissionDenied, NotFound."""
    verb = "disable" if disabled else "enable"
    with store.transaction():
        of = found(store, account, project, f"keys {verb}", caller)
        key = _key(store, of, id)
        rows.put_key(store, replace(key, disabled=disabled))
        _note(store, of, key, verb, caller, now)


def upload(
    store: Store, account: str, certificate: bytes, *, project: str = BY_ACCOUNT, caller: str, now: datetime
) -> Json:
    """Let what the user's own key signs be believed, by its certificate (PEM) and for as long as that is valid. Raises
    PermissionDenied, NotFound, InvalidArgument, AlreadyExists."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        read = x509.load_pem_x509_certificate(certificate)
        public = read.public_key()
    except ValueError as error:
        raise InvalidArgument("The public key is no X.509 certificate in PEM.", field="publicKeyData") from error
    if not isinstance(public, RSAPublicKey):
        raise InvalidArgument("The public key is not one of RSA.", field="publicKeyData")
    with store.transaction():
        of = found(store, account, project, "keys upload", caller)
        _check_room(store, of)
        if rows.key(store, of.unique_id, id := signing.key_id(public)) is not None:
            raise AlreadyExists(f"Service account [{of.email}] has the key [{id}] already.")
        pem = read.public_bytes(Encoding.PEM).decode()
        since, until = read.not_valid_before_utc, read.not_valid_after_utc
        made = ServiceAccountKey(of.unique_id, id, pem, since, until, Origin.USER)
        rows.put_key(store, made)
        _note(store, of, made, "upload", caller, now)
    return key_to_json(made, of)


def certificates(store: Store, signer: Signer, account: str, now: datetime) -> dict[str, str]:
    """What verifies the signatures of an account, by key id. Raises NotFound. Source: www.googleapis.com, robot/v1"""
    of = rows.get(store, account)
    if of is None:
        raise NotFound(f"Service account [{account}] not found.")
    known = [*rows.keys(store, of.unique_id), signer.key_of(of)]
    return {key.id: key.certificate for key in known if key.is_valid(now)}


def believed(store: Store, signer: Signer, id: str, email: str, now: datetime) -> str | None:
    """The public half (PEM) of a key that speaks for an account now: both are there, in use, and valid."""
    of = rows.get(store, email)
    if of is None or of.disabled or email != of.email:
        return None
    key = rows.key(store, of.unique_id, id)
    if key is None and id == (kept := signer.key_of(of)).id:
        key = kept
    return signing.public_pem(key.certificate) if key is not None and key.is_valid(now) else None


def _key(store: Store, of: ServiceAccount, id: str) -> ServiceAccountKey:
    key = rows.key(store, of.unique_id, id)
    if key is None:
        raise NotFound(
            f"Service account key {id} does not exist.",
            field="KEY-ID",
            hint=f"There are: cloudrun iam service-accounts keys list --iam-account={of.email} --managed-by=user",
        )
    return key


def _check_room(store: Store, of: ServiceAccount) -> None:
    if len(rows.keys(store, of.unique_id)) >= rules.MAX_KEYS:
        raise FailedPrecondition(
            f"Service account [{of.email}] has {rules.MAX_KEYS} keys already, and can have no more.",
            hint=f"Delete one: cloudrun iam service-accounts keys delete KEY-ID --iam-account={of.email}",
        )


def _pkcs12(private: Any, certificate: str) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    return pkcs12.serialize_key_and_certificates(
        b"privatekey",
        private,
        x509.load_pem_x509_certificate(certificate.encode()),
        None,
        BestAvailableEncryption(_P12_PASSWORD),
    )


def _note(store: Store, of: ServiceAccount, key: ServiceAccountKey, verb: str, caller: str, now: datetime) -> None:
    name = f"{of.email}/keys/{key.id}"
    journal.note(store, now, caller, verb, "ServiceAccountKey", project=of.project, region="", name=name)
