"""Who calls an API: by the access token, or the local account for whoever sits at this machine and sends none.

A page in a browser is neither: what carries the Origin of somebody else's page is refused before anything is read.
"""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from starlette.requests import Request

from cloudrun_cli.controlplane import grants
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.controlplane.tokens import ACCESS_PREFIX, Tokens
from cloudrun_cli.core.errors import PermissionDenied, Unauthenticated
from cloudrun_cli.core.identity import TokenKind, is_service_account
from cloudrun_cli.store import service_accounts
from cloudrun_cli.store.database import Store

Says = Callable[[Request], str]  # the e-mail of the account that a request speaks for


def by_token(tokens: Tokens, account: str, now: Callable[[], datetime]) -> Says:
    """Reads the token; `account` is who sends none."""

    def email(request: Request) -> str:
        said = request.headers.get("authorization")
        if said is None:
            return account
        scheme, _, token = said.strip().partition(" ")
        identity = tokens.read(token.strip(), now()) if scheme.lower() == "bearer" else None
        if identity is None or identity.kind is not TokenKind.ACCESS:
            raise Unauthenticated(
                "The request has no access token of this installation in its Authorization header.",
                hint="Get one: cloudrun auth print-access-token",
            )
        return identity.email

    return email


def by_credentials(
    store: Store, tokens: Tokens, signer: Signer, account: Callable[[], str], now: Callable[[], datetime]
) -> Says:
    """The same, where a service account must be in use at that moment; it may have signed the token itself."""

    def email(request: Request) -> str:
        said = request.headers.get("authorization", "")
        token = said.strip().partition(" ")[2].strip()
        if said.strip().lower().startswith("bearer ") and token.count(".") == 2 and not token.startswith(ACCESS_PREFIX):
            return grants.by_self_signed(store, signer, token, now()).email
        found = by_token(tokens, account(), now)(request)
        if said and is_service_account(found):
            known = service_accounts.get(store, found)
            if known is None or known.disabled or known.unique_id != tokens.read(token, now()).subject:
                raise Unauthenticated(f"Service account [{found}] is deleted or disabled, so its tokens are void.")
        return found

    return email


def check_origin(request: Request) -> None:
    """Raise PermissionDenied for a request that a page makes in the user's browser, unless it is a page of this very
    host. The pages of services are strangers too: their names end in .localhost like ours."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "none")
    of_here = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not of_here or site not in ("none", "same-origin"):
        raise PermissionDenied(f"A page at [{origin or 'another site'}] may not call this API.", field="Origin")
