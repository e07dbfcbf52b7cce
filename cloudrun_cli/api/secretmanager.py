"""The Secret Manager API v1: secrets, their versions and their policies, each call as whoever its token speaks for.

A project is an id or a number. Regional secrets are not here. Source: secretmanager.googleapis.com v1.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudrun_cli.api.callers import Says
from cloudrun_cli.api.paging import page
from cloudrun_cli.controlplane import authorization
from cloudrun_cli.controlplane import policies as policy_verbs
from cloudrun_cli.controlplane import secrets as verbs
from cloudrun_cli.controlplane.projects import settle
from cloudrun_cli.controlplane.vault import Vault
from cloudrun_cli.core.errors import InvalidArgument, NotFound, Unimplemented
from cloudrun_cli.core.regions import REGIONS
from cloudrun_cli.core.secrets import Payload, SecretRef
from cloudrun_cli.store import projects
from cloudrun_cli.store.database import Store

Json = dict[str, Any]

MAX_BODY_BYTES = 1024 * 1024  # ours: ten times what the largest payload needs


class _WordConvertor(StringConvertor):
    """A word of a path: what follows a colon is a verb and no part of it."""

    regex = "[^/:]+"


register_url_convertor("word", _WordConvertor())
_PROJECT = "/v1/projects/{project}"
_SECRET = f"{_PROJECT}/secrets/{{secret:word}}"
_VERSION = f"{_SECRET}/versions/{{version:word}}"


@dataclass(frozen=True, slots=True)
class SecretManager:
    """The routes. `says` tells who calls; `changed` is called after each write."""

    store: Store
    vault: Vault
    says: Says
    now: Callable[[], datetime]
    changed: Callable[[], None]

    def routes(self) -> list[Route]:
        """Every path that is built."""
        return [
            Route(f"{_PROJECT}/secrets", self.list_secrets),
            Route(f"{_PROJECT}/secrets", self.create_secret, methods=["POST"]),
            Route(_SECRET, self.get_secret),
            Route(_SECRET, self.update_secret, methods=["PATCH"]),
            Route(_SECRET, self.delete_secret, methods=["DELETE"]),
            Route(f"{_SECRET}:addVersion", self.add_version, methods=["POST"]),
            Route(f"{_SECRET}:getIamPolicy", self.get_policy),
            Route(f"{_SECRET}:setIamPolicy", self.set_policy, methods=["POST"]),
            Route(f"{_SECRET}:testIamPermissions", self.test_permissions, methods=["POST"]),
            Route(f"{_SECRET}/versions", self.list_versions),
            Route(_VERSION, self.get_version),
            Route(f"{_VERSION}:access", self.access_version),
            Route(f"{_VERSION}:{{verb:word}}", self.change_version, methods=["POST"]),
            Route(f"{_PROJECT}/locations", self.list_locations),
            Route(f"{_PROJECT}/locations/{{location:word}}", self.get_location),
        ]

    async def list_secrets(self, request: Request) -> Response:
        """The secrets of a project, by name."""
        query = request.query_params
        if query.get("filter"):
            raise Unimplemented("A filter of secrets is not built yet in this emulator.", field="filter")
        found = verbs.everything(self.store, self._project(request), caller=self.says(request), now=self.now())
        some, token = page(found, lambda one: (one["name"],), limit=query.get("pageSize"), token=query.get("pageToken"))
        return _list("secrets", some, token, len(found))

    async def create_secret(self, request: Request) -> Response:
        """A secret without versions. The project is made for whoever sits at this machine, not for a token."""
        name = request.query_params.get("secretId", "")
        body, project = await _body(request), self._project(request)
        if "authorization" not in request.headers:
            settle(self.store, project, self.says(request), self.now())
        ref = SecretRef(project, name)
        made = verbs.create(self.store, ref, body, caller=self.says(request), now=self.now())
        self.changed()
        return JSONResponse(made)

    async def get_secret(self, request: Request) -> Response:
        """A secret."""
        return JSONResponse(verbs.get(self.store, self._ref(request), caller=self.says(request), now=self.now()))

    async def update_secret(self, request: Request) -> Response:
        """The fields of the update mask."""
        body = await _body(request)
        mask = [path for path in request.query_params.get("updateMask", "").split(",") if path]
        made = verbs.update(self.store, self._ref(request), body, mask, caller=self.says(request), now=self.now())
        self.changed()
        return JSONResponse(made)

    async def delete_secret(self, request: Request) -> Response:
        """It goes with its versions."""
        etag = request.query_params.get("etag")
        verbs.delete(self.store, self._ref(request), etag=etag, caller=self.says(request), now=self.now())
        self.changed()
        return JSONResponse({})

    async def add_version(self, request: Request) -> Response:
        """A version with a payload."""
        payload, checksum = _payload(await _body(request))
        made = verbs.add_version(
            self.store,
            self.vault,
            self._ref(request),
            payload,
            checksum,
            caller=self.says(request),
            now=self.now(),
        )
        self.changed()
        return JSONResponse(made)

    async def list_versions(self, request: Request) -> Response:
        """The versions of a secret, the newest first."""
        query = request.query_params
        if query.get("filter"):
            raise Unimplemented("A filter of versions is not built yet in this emulator.", field="filter")
        found = verbs.versions(self.store, self._ref(request), caller=self.says(request), now=self.now())
        some, token = page(
            found,
            lambda one: (one["name"].rpartition("/")[2].zfill(12),),
            limit=query.get("pageSize"),
            token=query.get("pageToken"),
            newest_first=True,
        )
        return _list("versions", some, token, len(found))

    async def get_version(self, request: Request) -> Response:
        """A version without its payload."""
        version = request.path_params["version"]
        found = verbs.get_version(self.store, self._ref(request), version, caller=self.says(request), now=self.now())
        return JSONResponse(found)

    async def access_version(self, request: Request) -> Response:
        """The payload of a version."""
        ref = self._ref(request)
        found = verbs.access(
            self.store,
            self.vault,
            ref.project,
            ref.name,
            request.path_params["version"],
            caller=self.says(request),
            now=self.now(),
        )
        data = base64.b64encode(found.payload.content).decode()
        return JSONResponse(
            {"name": found.name, "payload": {"data": data, "dataCrc32c": str(found.payload.checksum)}},
            headers={"Cache-Control": "no-store"},
        )

    async def change_version(self, request: Request) -> Response:
        """enable, disable, destroy."""
        known = {"enable": verbs.enable, "disable": verbs.disable, "destroy": verbs.destroy}
        verb = known.get(request.path_params["verb"])
        if verb is None:
            raise NotFound(f"There is nothing at {request.url.path}.")
        etag = (await _body(request)).get("etag")
        made = verb(
            self.store,
            self._ref(request),
            request.path_params["version"],
            etag=str(etag) if etag else None,
            caller=self.says(request),
            now=self.now(),
        )
        self.changed()
        return JSONResponse(made)

    async def get_policy(self, request: Request) -> Response:
        """Who may do what with a secret."""
        resource = self._ref(request).resource
        return JSONResponse(policy_verbs.get(self.store, resource, caller=self.says(request)))

    async def set_policy(self, request: Request) -> Response:
        """Replace the policy."""
        policy = (await _body(request)).get("policy")
        if not isinstance(policy, dict):
            raise InvalidArgument("The request has no policy.", field="policy")
        resource = self._ref(request).resource
        made = policy_verbs.replace(self.store, resource, policy, caller=self.says(request), now=self.now())
        self.changed()
        return JSONResponse(made)

    async def test_permissions(self, request: Request) -> Response:
        """Which of these permissions the caller has."""
        asked = (await _body(request)).get("permissions")
        if not isinstance(asked, list) or not all(isinstance(one, str) for one in asked):
            raise InvalidArgument("The request has no list of permissions.", field="permissions")
        found = authorization.permitted(self.store, self.says(request), asked, self._ref(request).resource)
        return JSONResponse({"permissions": found} if found else {})

    async def list_locations(self, request: Request) -> Response:
        """Where user-managed secrets may be kept; here all of it is this machine."""
        project = self._project(request)
        return JSONResponse({"locations": [_location(project, name) for name in REGIONS]})

    async def get_location(self, request: Request) -> Response:
        """One of them."""
        name = request.path_params["location"]
        if name not in REGIONS:
            raise NotFound(f"Location [{name}] not found.")
        return JSONResponse(_location(self._project(request), name))

    def _project(self, request: Request) -> str:
        named: str = request.path_params["project"]
        known = projects.get(self.store, named)
        return known.id if known else named

    def _ref(self, request: Request) -> SecretRef:
        return SecretRef(self._project(request), request.path_params["secret"])


async def _body(request: Request) -> Json:
    """The JSON object that was sent; an empty one for nothing. Raises InvalidArgument."""
    text = b""
    async for chunk in request.stream():
        text += chunk
        if len(text) > MAX_BODY_BYTES:
            raise InvalidArgument(f"The request has more than {MAX_BODY_BYTES} bytes.")
    if not text:
        return {}
    import json

    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidArgument("Invalid JSON payload received.") from None  # it may hold what is secret
    if not isinstance(body, dict):
        raise InvalidArgument("Invalid JSON payload received: expected an object.")
    return body


def _payload(body: Json) -> tuple[Payload, int | None]:
    said = body.get("payload")
    if not isinstance(said, dict) or not isinstance(said.get("data", ""), str):
        raise InvalidArgument("The request has no payload.", field="payload")
    plain = str(said.get("data", "")).translate(str.maketrans("-_", "+/"))
    try:
        content = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidArgument("The data of the payload is not base64.", field="payload.data") from None
    checksum = said.get("dataCrc32c")
    if checksum is not None and not (str(checksum).isascii() and str(checksum).isdecimal()):
        raise InvalidArgument("The checksum of the payload is not a number.", field="payload.data_crc32c")
    return Payload(content), None if checksum is None else int(checksum)


def _list(kind: str, found: list[Json], token: str | None, total: int) -> Response:
    body: Json = {kind: found, "totalSize": total} if found else {}
    return JSONResponse(body | ({"nextPageToken": token} if token else {}))


def _location(project: str, name: str) -> Json:
    return {"name": f"projects/{project}/locations/{name}", "locationId": name, "displayName": name}
