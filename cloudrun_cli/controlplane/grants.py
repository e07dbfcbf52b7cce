"""Grants: what a signed assertion, a refresh token or the right to impersonate is exchanged for: a token, or a caller.

Source: RFC 7523; Using OAuth 2.0 for server to server applications; Service account impersonation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cloudrun_cli.controlplane import authorization, service_account_keys
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.controlplane.tokens import CLOUD_PLATFORM, LIFE, SKEW, Tokens
from cloudrun_cli.controlplane.wallet import Wallet
from cloudrun_cli.core.credentials import TOKEN_ENDPOINT, Grant, KeyFile
from cloudrun_cli.core.errors import CloudRunError, FailedPrecondition, PermissionDenied, Unauthenticated
from cloudrun_cli.core.hosts import APIS, host_name, is_address
from cloudrun_cli.core.identity import CLI_CLIENT, is_service_account, member_of
from cloudrun_cli.core.service_accounts import ServiceAccount
from cloudrun_cli.store import service_accounts
from cloudrun_cli.store.database import Store

ACCESS, OPEN_ID = "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken"
DELEGATE = "iam.serviceAccounts.implicitDelegation"
_TOKEN_PATHS = ("/token", "/oauth2/v4/token", "/o/oauth2/token")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an assertion asks for: an ID token for an audience, or else an access token for scopes."""

    account: ServiceAccount
    audience: str = ""
    scopes: str = ""


class Invalid(Unauthenticated):
    """A grant that is not honoured. `error` is its OAuth name. Source: RFC 6749, section 5.2."""

    def __init__(self, message: str, error: str = "invalid_grant") -> None:
        super().__init__(message)
        self.error = error


def assertion(key: KeyFile, now: datetime, *, audience: str = "", scopes: str = CLOUD_PLATFORM) -> str:
    """What the key of a service account signs to get a token: an ID token for `audience`, if that is named. Raises
    FailedPrecondition when the key is damaged."""
    import jwt

    at = int(now.timestamp())
    asked = {"target_audience": audience} if audience else {"scope": scopes}
    claims = {"iss": key.email, "aud": TOKEN_ENDPOINT, "iat": at, "exp": at + int(LIFE.total_seconds()), **asked}
    try:
        return jwt.encode(claims, key.private_key, algorithm="RS256", headers={"kid": key.key_id})
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise FailedPrecondition(f"The private key of [{key.email}] is damaged.", field="private_key") from error


def by_assertion(store: Store, signer: Signer, text: str, now: datetime) -> Asked:
    """What a service account asks for with what its key has signed. Raises Invalid for anything that its public half
    in the store does not bear out."""
    claims, account = _signed(store, signer, text, now)
    if not _is_our_endpoint(claims.get("aud")):
        raise Invalid("Invalid JWT: its aud is not a token endpoint of this emulator.")
    audience, scopes = claims.get("target_audience") or "", claims.get("scope") or ""
    if not isinstance(audience, str) or not isinstance(scopes, str) or not (audience or scopes):
        raise Invalid("Invalid OAuth scope or ID token audience provided.", "invalid_scope")
    return Asked(account, audience, scopes)


def by_self_signed(store: Store, signer: Signer, text: str, now: datetime) -> ServiceAccount:
    """The service account that calls an API with a token it has signed itself. Raises Invalid. Source: AIP-4111."""
    claims, account = _signed(store, signer, text, now)
    audience, scopes = claims.get("aud"), claims.get("scope")
    if not (isinstance(scopes, str) and scopes) and not _is_our_api(audience):
        raise Invalid("Invalid JWT: it has no scope, and its aud is no API.")
    return account


def _signed(store: Store, signer: Signer, text: str, now: datetime) -> tuple[dict[str, Any], ServiceAccount]:
    """The claims that a service account has signed with a key in use, and the account."""
    import jwt

    try:
        head = jwt.get_unverified_header(text)
        unproven = jwt.decode(text, options={"verify_signature": False})
        email, id = unproven.get("iss"), head.get("kid")
        public = None
        if isinstance(email, str) and isinstance(id, str):
            public = service_account_keys.believed(store, signer, id, email, now)
        if public is None:
            raise Invalid(f"Invalid grant: no key [{id}] of an account [{email}] is in use.")
        checks: Any = {"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        claims = jwt.decode(text, public, algorithms=["RS256"], options=checks)
    except jwt.InvalidSignatureError as error:
        raise Invalid("Invalid JWT Signature.") from error
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise Invalid(f"Invalid JWT: {error}") from error
    _check_claims(claims, now)
    account = service_accounts.get(store, claims["iss"])
    assert account is not None
    return claims, account


def by_refresh_token(store: Store, wallet: Wallet, token: str, now: datetime) -> Grant:
    """What a refresh token stands for, if that still holds. Raises Invalid."""
    grant = wallet.granted(token)
    if grant is None:
        raise Invalid("Token has been expired or revoked.")
    try:
        impersonated(store, grant.account, grant.chain, ACCESS, now)
    except CloudRunError as error:
        raise Invalid(error.message) from error
    return grant


def impersonated(store: Store, account: str, chain: Sequence[str], permission: str, now: datetime) -> str:
    """Whom an account acts as through a chain of service accounts, the last of which it is then; itself without one.
    Raises PermissionDenied unless each may do that with the next; the last is asked for `permission`."""
    caller = account
    for place, one in enumerate(chain):
        found = service_accounts.get(store, one)
        needed = permission if place == len(chain) - 1 else DELEGATE
        resource = found.resource if found else f"projects/-/serviceAccounts/{one}"
        attributes = {"request.time": now}
        if found is None or not authorization.decide(store, member_of(caller), needed, resource, attributes):
            raise PermissionDenied(
                f"Failed to impersonate [{one}]. Permission '{needed}' denied on resource '{resource}' (or it may not "
                "exist).",
                field=needed,
                hint=f"Make sure that [{caller}] has the role roles/iam.serviceAccountTokenCreator on the service "
                f"account: cloudrun iam service-accounts add-iam-policy-binding {one} --member={member_of(caller)} "
                "--role=roles/iam.serviceAccountTokenCreator",
            )
        check_enabled(found)
        caller = found.email
    return caller


def check_enabled(account: ServiceAccount) -> None:
    """Raise FailedPrecondition for an account that is disabled."""
    if account.disabled:
        raise FailedPrecondition(
            f"Service account [{account.email}] is disabled.",
            hint=f"Enable it: cloudrun iam service-accounts enable {account.email}",
        )


def access_token(
    store: Store, tokens: Tokens, email: str, now: datetime, *, scopes: str = "", life: timedelta = LIFE
) -> str:
    """An access token of an account."""
    return tokens.access_token(email, now, subject=_subject(store, email), scopes=scopes or CLOUD_PLATFORM, life=life)


def id_token(
    store: Store,
    tokens: Tokens,
    email: str,
    audience: str,
    now: datetime,
    *,
    include_email: bool = True,
    life: timedelta = LIFE,
) -> str:
    """An ID token of an account; that of a user is for the command line itself, whatever is asked."""
    audience = audience if is_service_account(email) else CLI_CLIENT
    subject = _subject(store, email)
    azp = subject if is_service_account(email) else CLI_CLIENT
    return tokens.id_token(email, audience, now, subject=subject, azp=azp, include_email=include_email, life=life)


def _subject(store: Store, email: str) -> str:
    """The unique id of a service account; empty for a user, whose is made of the address."""
    if not is_service_account(email):
        return ""
    account = service_accounts.get(store, email)
    if account is None:
        raise FailedPrecondition(f"Service account [{email}] does not exist.", field="ACCOUNT")
    check_enabled(account)
    return account.unique_id


def _check_claims(claims: Mapping[str, Any], now: datetime) -> None:
    """Raise Invalid unless what was signed is of now, and of its signer itself."""
    if claims.get("sub") not in (None, "", claims["iss"]):
        raise Invalid("The account may not act for another one by its key.", "unauthorized_client")
    at, skew = now.timestamp(), SKEW.total_seconds()
    issued, expires = (_moment(claims.get(name)) for name in ("iat", "exp"))
    if not (issued - skew <= at <= expires + skew and expires - issued <= LIFE.total_seconds()):
        raise Invalid(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat "
            "and exp values in the JWT claim."
        )


def _moment(said: object) -> float:
    """A number of seconds as a claim has it; one that lies nowhere when it is none."""
    try:
        return float(said) if isinstance(said, int | float) and not isinstance(said, bool) else float("nan")
    except OverflowError:  # of an integer with hundreds of digits
        return float("nan")


def _is_our_endpoint(audience: object) -> bool:
    """Whether this is the address of a token endpoint: Google's, as its libraries say, or the edge's."""
    name, path = _host_and_path(audience)
    return path in _TOKEN_PATHS and (is_address(name) or name == "accounts.google.com" or _is_api(name))


def _is_our_api(audience: object) -> bool:
    """Whether this is the address of one of the APIs that are here."""
    name, path = _host_and_path(audience)
    return path in ("", "/") and (is_address(name) or _is_api(name))


def _is_api(name: str) -> bool:
    return name.partition(".")[0] in APIS and name.endswith((".googleapis.com", ".localhost"))


def _host_and_path(url: object) -> tuple[str, str]:
    """The name of the host, and the path; nothing of what is no URL."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return "", "?"
    return host_name(parts.netloc), parts.path
