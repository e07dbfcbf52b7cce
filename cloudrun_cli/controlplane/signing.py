"""What service accounts sign: each with a key of its own, which this home looks after as Google does with system
managed keys.

It is never the key of ID tokens: whoever may sign as an account can sign anything.
Source: iamcredentials.googleapis.com v1, signBlob and signJwt; IAM, service account keys.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudrun_cli.controlplane import key_files
from cloudrun_cli.controlplane.service_accounts import BY_ACCOUNT, found
from cloudrun_cli.core.errors import FailedPrecondition, InvalidArgument
from cloudrun_cli.core.service_accounts import FOREVER, ManagedBy, ServiceAccount, ServiceAccountKey
from cloudrun_cli.store.database import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

KEY_BITS = 2048
JWT_HOURS = 12  # at most, from now to its expiry. Source: iamcredentials v1, signJwt

_FOLDER = "keys/accounts"
_BEFORE = timedelta(days=1)  # since when a certificate is valid, for clocks that lag


class Signed(NamedTuple):
    """A signature, or a JWT with one, and the id of the key."""

    value: bytes
    key_id: str


class Signer:
    """The keys of a home's accounts, each made when it is first needed. Its `repr` holds no key."""

    def __init__(self, home: str) -> None:
        self._folder = Path(home) / _FOLDER

    def key_of(self, account: ServiceAccount) -> ServiceAccountKey:
        """The account's own key, without its private half."""
        from cryptography import x509

        private = self._private(account)
        certificate = key_files.made(
            self._folder / f"{account.unique_id}.crt",
            lambda: certificate_of(private, account.unique_id, datetime.now(UTC) - _BEFORE).encode(),
        ).decode()
        read = x509.load_pem_x509_certificate(certificate.encode())
        return ServiceAccountKey(
            account.unique_id,
            key_id(private.public_key()),
            certificate,
            read.not_valid_before_utc,
            read.not_valid_after_utc,
            managed_by=ManagedBy.SYSTEM,
        )

    def signature(self, account: ServiceAccount, blob: bytes) -> Signed:
        """That of some bytes: RSA, PKCS 1, SHA-256."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        private = self._private(account)
        return Signed(private.sign(blob, PKCS1v15(), SHA256()), key_id(private.public_key()))

    def jwt(self, account: ServiceAccount, claims: dict[str, Any]) -> Signed:
        """Claims, signed (RS256)."""
        import jwt

        private = self._private(account)
        id = key_id(private.public_key())
        return Signed(jwt.encode(claims, private, algorithm="RS256", headers={"kid": id}).encode(), id)

    def _private(self, account: ServiceAccount) -> RSAPrivateKey:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        path = self._folder / f"{account.unique_id}.pem"
        try:
            private = load_pem_private_key(key_files.made(path, lambda: private_pem(new_private())), None)
        except (ValueError, TypeError) as error:
            raise _damaged(path) from error
        if not isinstance(private, RSAPrivateKey):
            raise _damaged(path)
        return private


def sign_blob(store: Store, signer: Signer, account: str, blob: bytes, *, caller: str) -> Signed:
    """The signature of some bytes as an account. Raises PermissionDenied, FailedPrecondition."""
    of = found(store, account, BY_ACCOUNT, "service-accounts sign-blob", caller)
    _check_enabled(of)
    return signer.signature(of, blob)


def sign_jwt(store: Store, signer: Signer, account: str, payload: str, *, caller: str, now: datetime) -> Signed:
    """Claims, as JSON text, as a JWT of an account. Raises PermissionDenied, FailedPrecondition, InvalidArgument."""
    of = found(store, account, BY_ACCOUNT, "service-accounts sign-jwt", caller)
    _check_enabled(of)
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"The claims of the JWT are not JSON: {error}", field="payload") from error
    if not isinstance(claims, dict):
        raise InvalidArgument("The claims of the JWT are not one JSON object.", field="payload")
    latest, expires = (now + timedelta(hours=JWT_HOURS)).timestamp(), claims.get("exp", 0)
    if isinstance(expires, bool) or not isinstance(expires, int | float) or expires > latest:
        raise InvalidArgument(f"The exp of the claims is at most {JWT_HOURS} hours from now.", field="payload")
    return signer.jwt(of, claims)


def new_private() -> RSAPrivateKey:
    """A new key."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def private_pem(private: RSAPrivateKey) -> bytes:
    """A private key as files have it: PEM, PKCS 8."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def key_id(public: RSAPublicKey) -> str:
    """What names a key: 40 hexadecimal digits."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:40]


def certificate_of(private: RSAPrivateKey, name: str, since: datetime) -> str:
    """A certificate (PEM) that carries the public half, signed with the private one, valid for ever."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(private.public_key())
    built = built.serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(FOREVER)
    return built.sign(private, SHA256()).public_bytes(Encoding.PEM).decode()


def public_pem(certificate: str) -> str:
    """The public key (PEM) that a certificate holds."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _check_enabled(of: ServiceAccount) -> None:
    if of.disabled:
        raise FailedPrecondition(
            f"Service account [{of.email}] is disabled.",
            hint=f"To enable it: cloudrun iam service-accounts enable {of.email}",
        )


def _damaged(path: Path) -> FailedPrecondition:
    return FailedPrecondition(
        f"The key file [{path}] is damaged, so nothing can be signed with it.",
        hint="Remove it: a new one is made, and what it has signed loses its worth.",
    )
