"""Tokens: made and read with the keys of this home, so that nobody needs Google to believe them.

ID tokens are JWTs by RS256; any library verifies them with the key set that is published. Access tokens are opaque to
everybody but us. What callers have signed as a service account is signed with another key (`signing.py`). Libraries
are loaded with the first token.
"""

from __future__ import annotations

import functools
import json
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudrun_cli.controlplane.key_files import made
from cloudrun_cli.controlplane.token_key import TokenKey, damaged
from cloudrun_cli.core.errors import Unauthenticated
from cloudrun_cli.core.identity import ISSUER, Identity, TokenKind, unique_id

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

LIFE = timedelta(hours=1)  # of a token. Source: service identity
SKEW = timedelta(seconds=10)  # between two clocks; here it is one, but containers may lag
ACCESS_PREFIX = "ya29."  # what access tokens begin with, so that people and scripts tell them apart
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
KEYS = "keys"
SIGNING, SEALING = "signing", "access.key"
LONGEST = 16_384  # characters of a token; ours have about a thousand
_REMEMBERED = 4096  # tokens whose signature was found right


class Tokens:
    """The issuer of this home. Its `repr` holds no key."""

    def __init__(self, home: str) -> None:
        self._folder = Path(home) / KEYS
        self._signing = TokenKey(self._folder, SIGNING)
        self._known: OrderedDict[str, Identity] = OrderedDict()

    def id_token(
        self,
        email: str,
        audience: str,
        now: datetime,
        *,
        subject: str = "",
        azp: str = "",
        include_email: bool = True,
        life: timedelta = LIFE,
    ) -> str:
        """A token that says to `audience` who this is, for an hour. Without its e-mail the subject alone says it."""
        subject = subject or unique_id(email)
        at = int(now.timestamp())
        said = {"email": email, "email_verified": True} if include_email else {}
        claims = {
            "aud": audience,
            "azp": azp or subject,
            **said,
            "exp": at + int(life.total_seconds()),
            "iat": at,
            "iss": ISSUER,
            "sub": subject,
        }
        return self._signing.sign_jwt(claims)

    def access_token(
        self, email: str, now: datetime, *, subject: str = "", scopes: str = CLOUD_PLATFORM, life: timedelta = LIFE
    ) -> str:
        """A token that Google APIs of this home take, until its life is over."""
        said = {
            "email": email,
            "sub": subject or unique_id(email),
            "exp": int((now + life).timestamp()),
            "scope": scopes,
        }
        return ACCESS_PREFIX + self._seal.encrypt(json.dumps(said).encode()).decode()

    def read(self, token: str, now: datetime) -> Identity:
        """Whom a token speaks for. Raises Unauthenticated for one that is malformed, expired or not ours."""
        known = self._known.get(token)
        if known is None:
            if len(token) > LONGEST:
                raise Unauthenticated("The token is too long to be one of ours.")
            known = self._read_access(token) if token.startswith(ACCESS_PREFIX) else self._read_id(token)
            self._known[token] = known
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if known.expires + SKEW <= now:
            self._known.pop(token, None)
            raise Unauthenticated("The token has expired.", hint="Get a new one.")
        return known

    def warm(self) -> None:
        """Load, or make, the keys and what works with them: tokens are read at once from now on."""
        now = datetime.now(UTC)
        for token in (self.id_token("warm@localhost", "", now), self.access_token("warm@localhost", now)):
            self.read(token, now)

    def scopes(self, token: str) -> str:
        """What an access token may be used for. Raises Unauthenticated."""
        return str(self._unsealed(token).get("scope", ""))

    def key_set(self) -> dict[str, Any]:
        """The public key of ID tokens. Source: https://www.googleapis.com/oauth2/v3/certs"""
        return self._signing.key_set()

    def certificates(self) -> dict[str, str]:
        """The same as certificates by key id. Source: https://www.googleapis.com/oauth2/v1/certs"""
        return {self._signing.id: self._signing.certificate}

    @property
    def key_id(self) -> str:
        """The name of the key that signs ID tokens."""
        return self._signing.id

    def _read_id(self, token: str) -> Identity:
        import jwt

        options: Any = {"require": ["aud", "exp", "iat", "iss", "sub"], "verify_aud": False, "verify_exp": False}
        try:
            public = self._signing.private.public_key()
            said = jwt.decode(token, public, algorithms=["RS256"], issuer=ISSUER, options=options, leeway=SKEW)
            expires = datetime.fromtimestamp(int(said["exp"]), UTC)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, OSError, RecursionError) as error:
            raise Unauthenticated(f"The token is not valid: {error}") from error
        audience = said["aud"]
        if not isinstance(audience, str) or not isinstance(said.get("email", ""), str):
            raise Unauthenticated("The token has no single audience.")
        return Identity(said.get("email", ""), str(said["sub"]), TokenKind.ID, expires, audience)

    def _read_access(self, token: str) -> Identity:
        said = self._unsealed(token)
        expires = datetime.fromtimestamp(said["exp"], UTC)
        return Identity(said["email"], said["sub"], TokenKind.ACCESS, expires)

    def _unsealed(self, token: str) -> dict[str, Any]:
        from cryptography.fernet import InvalidToken

        try:
            said: dict[str, Any] = json.loads(self._seal.decrypt(token.removeprefix(ACCESS_PREFIX)))
        except (InvalidToken, ValueError, TypeError) as error:
            raise Unauthenticated("The access token is not valid.") from error
        return said

    @functools.cached_property
    def _seal(self) -> Fernet:
        from cryptography.fernet import Fernet

        path = self._folder / SEALING
        try:
            return Fernet(made(path, Fernet.generate_key))
        except ValueError as error:
            raise damaged(path) from error
