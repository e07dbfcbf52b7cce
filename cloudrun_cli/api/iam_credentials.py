"""The IAM Credentials API: short-lived tokens and signatures of a service account, for who may act as it.

Source: iamcredentials.googleapis.com v1, projects.serviceAccounts.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudrun_cli.api.callers import Says
from cloudrun_cli.api.policies import body_of
from cloudrun_cli.controlplane import grants, signing
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.controlplane.tokens import LIFE, Tokens
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.store.database import Store

Json = dict[str, Any]

_ACCOUNT = "/v1/projects/{project:named}/serviceAccounts/{account:named}"
_RESOURCE = re.compile(r"projects/[^/]+/serviceAccounts/([^/]+)")
_SECONDS = re.compile(r"(\d+)(?:\.\d+)?s")
_NO_STORE = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class IamCredentials:
    """The routes. `says` tells who calls."""

    store: Store
    tokens: Tokens
    signer: Signer
    says: Says
    now: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """Every path that is built."""
        verbs = {
            "generateAccessToken": self.access_token,
            "generateIdToken": self.id_token,
            "signBlob": self.sign_blob,
            "signJwt": self.sign_jwt,
        }
        return [Route(f"{_ACCOUNT}:{verb}", answer, methods=["POST"]) for verb, answer in verbs.items()]

    async def access_token(self, request: Request) -> Response:
        """A token for Google APIs, of the scopes and for at most the hour that are asked for."""
        body = await body_of(request)
        scopes = _texts(body, "scope")
        if not scopes:
            raise InvalidArgument("The request names no scope.", field="scope")
        life, now = _lifetime(body), self.now()
        account = self._acting(request, body, grants.ACCESS)
        token = grants.access_token(self.store, self.tokens, account, now, scopes=" ".join(scopes), life=life)
        expires = (now + life).strftime("%Y-%m-%dT%H:%M:%SZ")
        return JSONResponse({"accessToken": token, "expireTime": expires}, headers=_NO_STORE)

    async def id_token(self, request: Request) -> Response:
        """A token that says to an audience who the account is; its e-mail only when that is asked for."""
        body = await body_of(request)
        audience, with_email = _text(body, "audience"), body.get("includeEmail", False)
        if not isinstance(with_email, bool):
            raise InvalidArgument("includeEmail: expected true or false.", field="includeEmail")
        account = self._acting(request, body, grants.OPEN_ID)
        token = grants.id_token(self.store, self.tokens, account, audience, self.now(), include_email=with_email)
        return JSONResponse({"token": token}, headers=_NO_STORE)

    async def sign_blob(self, request: Request) -> Response:
        """The signature of some bytes."""
        body = await body_of(request)
        try:
            blob = base64.b64decode(_text(body, "payload"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidArgument("payload: expected base64.", field="payload") from error
        caller = self._delegate(request, body)
        said = signing.sign_blob(self.store, self.signer, request.path_params["account"], blob, caller=caller)
        return JSONResponse({"keyId": said.key_id, "signedBlob": base64.b64encode(said.value).decode()})

    async def sign_jwt(self, request: Request) -> Response:
        """Claims, signed as a JWT."""
        body = await body_of(request)
        payload, caller = _text(body, "payload"), self._delegate(request, body)
        account = request.path_params["account"]
        said = signing.sign_jwt(self.store, self.signer, account, payload, caller=caller, now=self.now())
        return JSONResponse({"keyId": said.key_id, "signedJwt": said.value.decode()})

    def _acting(self, request: Request, body: Json, permission: str) -> str:
        """The account, once the caller may have this of it, through the delegates that it names."""
        chain = [*_delegates(body), request.path_params["account"]]
        return grants.impersonated(self.store, self.says(request), chain, permission, self.now())

    def _delegate(self, request: Request, body: Json) -> str:
        """Who asks in the end: the last of the delegates, or the caller itself."""
        return grants.impersonated(self.store, self.says(request), _delegates(body), grants.DELEGATE, self.now())


def _delegates(body: Json) -> list[str]:
    """The accounts that stand between, from the caller's side; each as projects/-/serviceAccounts/EMAIL."""
    found = [_RESOURCE.fullmatch(name) for name in _texts(body, "delegates")]
    if not all(found):
        raise InvalidArgument("delegates: expected projects/-/serviceAccounts/EMAIL for each.", field="delegates")
    return [one[1] for one in found if one]


def _lifetime(body: Json) -> timedelta:
    said = body.get("lifetime", f"{int(LIFE.total_seconds())}s")
    found = _SECONDS.fullmatch(said) if isinstance(said, str) and len(said) < 16 else None
    life = timedelta(seconds=int(found[1])) if found else timedelta(0)
    if not timedelta(0) < life <= LIFE:
        raise InvalidArgument(
            "lifetime: expected more than 0s and at most 3600s.",
            field="lifetime",
        )
    return life


def _text(body: Json, field: str) -> str:
    found = body.get(field)
    if not isinstance(found, str) or not found:
        raise InvalidArgument(f"{field}: expected text.", field=field)
    return found


def _texts(body: Json, field: str) -> list[str]:
    found = body.get(field, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InvalidArgument(f"{field}: expected a list of texts.", field=field)
    return found
