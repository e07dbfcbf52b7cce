"""The metadata server: tells each instance about itself, and gives it the tokens of its own service account.

It answers instances and nobody else. A page in a browser cannot send the header that every request needs, and a name
that was made to lead here is none of ours. Source: container runtime contract, container instance metadata server.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from cloudrun_cli.controlplane.instance_tokens import InstanceTokens
from cloudrun_cli.core.errors import NotFound, PermissionDenied
from cloudrun_cli.core.hosts import host_name, is_address
from cloudrun_cli.core.metadata import FLAVOR, NAMES, VERSION, InstanceView, Minted, answer, requested_scopes

TEXT, JSON = "application/text", "application/json"
METHODS = ("GET", "HEAD")

Peer = tuple[str, int]
Who = Callable[[Peer], Awaitable[InstanceView | None]]  # the instance at the other end of a connection


@dataclass(frozen=True, slots=True)
class MetadataServer:
    """The application. `who` says which instance a connection comes from."""

    who: Who
    tokens: InstanceTokens
    now: Callable[[], datetime]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        said = await self._answer(request)
        said.headers.update(FLAVOR)
        await said(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        view = await self.who((request.client.host, request.client.port)) if request.client else None
        if view is None:
            return _refused(403, "Only instances of this emulator are answered, each about itself.")
        if (refusal := _improper(request)) is not None:
            return refusal
        path = request.url.path.lstrip("/")
        if path == "":
            return _text("computeMetadata/\n")
        if request.headers.get("metadata-flavor") != FLAVOR["Metadata-Flavor"]:
            return _refused(403, "Missing required header: Metadata-Flavor: Google")
        if path in ("computeMetadata", VERSION):
            return RedirectResponse(f"/{path}/", 301)
        if path == "computeMetadata/":
            return _text("v1/\n")
        if not path.startswith(f"{VERSION}/"):
            return _refused(404, "There is no such path.")
        return self._below(request, view, path.removeprefix(f"{VERSION}/"))

    def _below(self, request: Request, view: InstanceView, path: str) -> Response:
        asked = request.query_params
        found = answer(view, path, recursive=asked.get("recursive", "").lower() == "true", alt=asked.get("alt", ""))
        if found is None:
            return _refused(404, "There is no such path.")
        if found.redirect:
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(found.redirect + query, 301)
        if found.minted is None:
            return Response(found.text, media_type=JSON) if found.is_json else _text(found.text)
        try:
            return self._minted(request, view, found.minted)
        except NotFound as error:
            return _refused(404, error.message)
        except PermissionDenied as error:
            return _refused(403, error.message)

    def _minted(self, request: Request, view: InstanceView, what: Minted) -> Response:
        asked = request.query_params
        if what is Minted.IDENTITY:
            if not (audience := asked.get("audience", "")):
                return _refused(400, "non-empty audience parameter required")
            if asked.get("format", "standard") not in ("standard", "full"):
                return _refused(400, "format is standard or full")
            return _text(self.tokens.identity(view.account, audience, self.now()))
        scopes = requested_scopes(asked.get("scopes", ""))
        token = self.tokens.access(view.id, view.account, scopes, self.now())
        said = {"access_token": token.value, "expires_in": token.expires_in, "token_type": "Bearer"}
        return Response(json.dumps(said, separators=(",", ":")), media_type=JSON)


def _improper(request: Request) -> Response | None:
    """Why a request is none that a program of an instance makes; None when it may be."""
    if request.method not in METHODS:
        return _refused(405, "Only GET and HEAD are answered.")
    if "x-forwarded-for" in request.headers:
        return _refused(403, "A request that was forwarded is not answered.")
    name = host_name(request.headers.get("host", ""))
    if name not in NAMES and not is_address(name):
        return _refused(403, f"The metadata server is not called [{name}].")
    return None


def _text(said: str) -> Response:
    return Response(said, media_type=TEXT)


def _refused(status: int, why: str) -> Response:
    return Response(f"{why}\n", status, media_type=TEXT)
