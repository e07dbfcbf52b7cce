"""The key of ID tokens: in a file that is made when it is first needed, with a certificate beside it."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudrun_cli.controlplane.key_files import made
from cloudrun_cli.core.errors import FailedPrecondition

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_KEY_BITS = 2048
_CERTIFICATE_DAYS = 3650


class TokenKey:
    """The key in FOLDER/NAME.pem. Its `repr` holds nothing of it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name

    @functools.cached_property
    def private(self) -> RSAPrivateKey:
        """The key itself. Raises FailedPrecondition when its file is damaged."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        path = self._folder / f"{self._name}.pem"
        try:
            key = load_pem_private_key(made(path, _new_key), None)
        except (ValueError, TypeError) as error:
            raise damaged(path) from error
        if not isinstance(key, RSAPrivateKey):
            raise damaged(path)
        return key

    @functools.cached_property
    def id(self) -> str:
        """The name of the key."""
        import hashlib

        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(public).hexdigest()[:40]

    @functools.cached_property
    def certificate(self) -> str:
        """A certificate (PEM) that carries the public half, for libraries that want it in one."""
        return made(self._folder / f"{self._name}.crt", lambda: _certificate_of(self.private)).decode()

    def key_set(self) -> dict[str, Any]:
        """The public half as JSON Web Key Set. Source: RFC 7517."""
        from jwt.algorithms import RSAAlgorithm

        key: dict[str, Any] = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {"keys": [{**key, "use": "sig", "alg": "RS256", "kid": self.id}]}

    def sign_jwt(self, claims: dict[str, Any]) -> str:
        """The claims as a JWT by RS256."""
        import jwt

        return jwt.encode(claims, self.private, algorithm="RS256", headers={"kid": self.id})


def damaged(path: Path) -> FailedPrecondition:
    """What to say of a key file that holds no key."""
    return FailedPrecondition(
        f"The key file [{path}] is damaged, so no token can be made or read.",
        hint="Remove it: a new one is made, and every token so far loses its worth.",
    )


def _new_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _certificate_of(key: RSAPrivateKey) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cloudrun token signer")])
    since = datetime.now(UTC) - timedelta(days=1)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number()).not_valid_before(since)
    return (
        built.not_valid_after(since + timedelta(days=_CERTIFICATE_DAYS)).sign(key, SHA256()).public_bytes(Encoding.PEM)
    )
