"""What verifies our tokens: the key set, the certificates and the discovery document, as Google publishes its own; and
what a token says. Source: OpenID Connect Discovery 1.0; https://accounts.google.com/.well-known/openid-configuration
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudrun_cli.api.forms import form
from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.identity import ISSUER, Identity, TokenKind

_FRESH = {"cache-control": "public, max-age=3600"}


@dataclass(frozen=True, slots=True)
class OpenId:
    """The routes; open to everybody, because they hold nothing secret."""

    tokens: Tokens
    now: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """Every path, as its users know it."""
        return [
            Route("/.well-known/openid-configuration", self.discovery),
            Route("/oauth2/v3/certs", self.key_set),
            Route("/oauth2/v1/certs", self.certificates),
            Route("/tokeninfo", self.token_info, methods=["GET", "POST"]),
            Route("/oauth2/v1/tokeninfo", self.token_info, methods=["GET", "POST"]),
            Route("/oauth2/v3/tokeninfo", self.token_info, methods=["GET", "POST"]),
        ]

    async def discovery(self, request: Request) -> Response:
        """Where the keys are; the issuer is Google's, as the tokens say."""
        base = f"{request.headers.get('x-forwarded-proto', request.url.scheme)}://{request.headers['host']}"
        said = {
            "issuer": ISSUER,
            "jwks_uri": f"{base}/oauth2/v3/certs",
            "token_endpoint": f"{base}/token",
            "revocation_endpoint": f"{base}/revoke",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["aud", "azp", "email", "email_verified", "exp", "iat", "iss", "sub"],
        }
        return JSONResponse(said, headers=_FRESH)

    async def key_set(self, request: Request) -> Response:
        """The public key as JSON Web Key Set."""
        return JSONResponse(self.tokens.key_set(), headers=_FRESH)

    async def certificates(self, request: Request) -> Response:
        """The public key in a certificate, by key id."""
        return JSONResponse(self.tokens.certificates(), headers=_FRESH)

    async def token_info(self, request: Request) -> Response:
        """What a token says; 400 for one that is not ours, as Google's answers."""
        asked: Mapping[str, str] = request.query_params
        if request.method == "POST":
            asked = {**asked, **await form(request)}
        token = asked.get("access_token") or asked.get("id_token") or ""
        try:
            return JSONResponse(self._said(self.tokens.read(token, self.now()), token))
        except CloudRunError as error:
            return JSONResponse({"error": "invalid_token", "error_description": error.message}, 400)

    def _said(self, identity: Identity, token: str) -> dict[str, str]:
        left = int((identity.expires - self.now()).total_seconds())
        said = {"email": identity.email, "email_verified": "true", "exp": str(int(identity.expires.timestamp()))}
        if identity.kind is TokenKind.ID:
            return {**said, "aud": identity.audience, "sub": identity.subject, "iss": ISSUER}
        return {**said, "azp": identity.subject, "expires_in": str(left), "scope": self.tokens.scopes(token)}
