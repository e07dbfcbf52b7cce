"""Identities: who a token speaks for, and where a service takes it. Source: Authenticating service-to-service."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ISSUER = "https://accounts.google.com"  # of every ID token. Source: OpenID Connect, iss
CLI_CLIENT = "32555940559.apps.googleusercontent.com"  # the audience of a person's token. Source: gcloud auth
CUSTOM_AUDIENCES = "run.googleapis.com/custom-audiences"
SIGNATURE_REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"  # in place of the signature, for the app. Source: troubleshooting
SERVICE_ACCOUNT_SUFFIX = ".gserviceaccount.com"


class TokenKind(StrEnum):
    """What a token is for: to be shown to a service, or to a Google API."""

    ID = "id"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a token speaks for. `audience` is of an ID token, `subject` the account's unique id."""

    email: str
    subject: str
    kind: TokenKind
    expires: datetime
    audience: str = ""

    @property
    def member(self) -> str:
        """The same as a policy names it."""
        return member_of(self.email)


def is_service_account(email: str) -> bool:
    """Whether an account is a machine's."""
    return email.endswith(SERVICE_ACCOUNT_SUFFIX)


def member_of(email: str) -> str:
    """How a policy names an account; nobody is named by nothing."""
    if not email:
        return ""
    return f"serviceAccount:{email}" if is_service_account(email) else f"user:{email}"


def unique_id(seed: str) -> str:
    """A number of 21 digits that stands for an account, always the same for the same seed."""
    import hashlib  # takes longer to load than all the rest, and lists need none of it

    return "1" + str(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:9], "big") % 10**20).zfill(20)


def custom_audiences(annotations: Mapping[str, str]) -> frozenset[str]:
    """The audiences that a service takes besides its own addresses; text that is no list of them names none."""
    try:
        said = json.loads(annotations.get(CUSTOM_AUDIENCES, "[]"))
    except ValueError:
        return frozenset()
    return frozenset(one for one in said if isinstance(one, str)) if isinstance(said, list) else frozenset()


def fits(identity: Identity, audiences: frozenset[str]) -> bool:
    """Whether a token was made for one of these, or is a person's own from the command line."""
    if identity.audience == CLI_CLIENT:
        return not is_service_account(identity.email)
    return identity.audience in audiences


def without_signature(token: str) -> str:
    """The token as the app sees it: what it says, and nothing to use it with elsewhere."""
    return f"{token.rpartition('.')[0]}.{SIGNATURE_REMOVED}"
