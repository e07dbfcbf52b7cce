"""The token endpoint: what keys and refresh tokens are exchanged at. Source: RFC 6749; RFC 7523;
https://oauth2.googleapis.com/token, as Google's libraries call it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudrun_cli.api.forms import form
from cloudrun_cli.controlplane import grants
from cloudrun_cli.controlplane.grants import Invalid
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.controlplane.tokens import LIFE, Tokens
from cloudrun_cli.controlplane.wallet import Wallet
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.identity import CLI_CLIENT, is_service_account
from cloudrun_cli.store.database import Store

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SECRET = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """The routes; open to everybody, because what is sent proves who sends it."""

    store: Store
    tokens: Tokens
    signer: Signer
    wallet: Wallet
    now: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """Every path, as its users know it."""
        paths = ("/token", "/oauth2/v4/token", "/o/oauth2/token")
        return [
            *(Route(path, self.exchange, methods=["POST"]) for path in paths),
            Route("/revoke", self.revoke, methods=["POST"]),
        ]

    async def exchange(self, request: Request) -> Response:
        """A token for a grant; the errors are those of OAuth."""
        said = await form(request)
        try:
            kind = said.get("grant_type", "")
            if kind == JWT_BEARER:
                return JSONResponse(self._for_assertion(said.get("assertion", "")), headers=_SECRET)
            if kind == "refresh_token":
                return JSONResponse(self._for_refresh_token(said), headers=_SECRET)
            raise Invalid(f"Invalid grant_type: {kind}", "unsupported_grant_type")
        except Invalid as error:
            return _refused(error.error, error.message)
        except CloudRunError as error:
            return _refused("invalid_grant", error.message)

    async def revoke(self, request: Request) -> Response:
        """Let a refresh token stand for nothing any more."""
        said = await form(request)
        token = said.get("token") or request.query_params.get("token", "")
        if not self.wallet.withdraw(token):
            return _refused("invalid_token", "Token expired or revoked, or none that can be revoked.")
        return JSONResponse({})

    def _for_assertion(self, text: str) -> dict[str, Any]:
        asked = grants.by_assertion(self.store, self.signer, text, self.now())
        email = asked.account.email
        if asked.audience:
            return {"id_token": grants.id_token(self.store, self.tokens, email, asked.audience, self.now())}
        return self._access(email, asked.scopes)

    def _for_refresh_token(self, said: dict[str, str]) -> dict[str, Any]:
        grant = grants.by_refresh_token(self.store, self.wallet, said.get("refresh_token", ""), self.now())
        email = (grant.account, *grant.chain)[-1]
        answer = self._access(email, said.get("scope") or " ".join(grant.scopes))
        if not is_service_account(email):
            answer["id_token"] = grants.id_token(self.store, self.tokens, email, CLI_CLIENT, self.now())
        return answer

    def _access(self, email: str, scopes: str) -> dict[str, Any]:
        token = grants.access_token(self.store, self.tokens, email, self.now(), scopes=scopes)
        granted = self.tokens.scopes(token)
        return {
            "access_token": token,
            "expires_in": int(LIFE.total_seconds()) - 1,
            "scope": granted,
            "token_type": "Bearer",
        }


def _refused(error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, 400, headers=_SECRET)
