"""The service accounts of the IAM API, their keys and their policies; which roles and permissions a resource knows.

Source: iam.googleapis.com v1, projects.serviceAccounts, projects.serviceAccounts.keys, roles.queryGrantableRoles,
permissions.queryTestablePermissions.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudrun_cli.api.callers import Says
from cloudrun_cli.api.paging import page
from cloudrun_cli.api.policies import Policies, body_of
from cloudrun_cli.controlplane import role_queries
from cloudrun_cli.controlplane import service_account_keys as key_verbs
from cloudrun_cli.controlplane import service_accounts as verbs
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.wire.service_accounts import managed_by
from cloudrun_cli.store.database import Store

Json = dict[str, Any]

_ACCOUNTS = "/v1/projects/{project:named}/serviceAccounts"
_ACCOUNT = f"{_ACCOUNTS}/{{account:named}}"
_KEY = f"{_ACCOUNT}/keys/{{key:named}}"


@dataclass(frozen=True, slots=True)
class IamV1:
    """The routes. `says` tells who calls; `changed` is called after each write."""

    store: Store
    signer: Signer
    edge: Edge
    says: Says
    now: Callable[[], datetime]
    changed: Callable[[], None]

    def routes(self) -> list[Route]:
        """Every path that is built."""
        policies = Policies(self.store, self.says, self.now, self.changed)
        return [
            Route("/v1/roles:queryGrantableRoles", self.grantable, methods=["POST"]),
            Route("/v1/permissions:queryTestablePermissions", self.testable, methods=["POST"]),
            Route("/robot/v1/metadata/x509/{account:named}", self.certificates),
            Route(_ACCOUNTS, self.list),
            Route(_ACCOUNTS, self.create, methods=["POST"]),
            Route(_ACCOUNT, self.get),
            Route(_ACCOUNT, self.update, methods=["PATCH", "PUT"]),
            Route(_ACCOUNT, self.delete, methods=["DELETE"]),
            Route(f"{_ACCOUNT}:disable", self.disable, methods=["POST"]),
            Route(f"{_ACCOUNT}:enable", self.enable, methods=["POST"]),
            Route(f"{_ACCOUNT}:undelete", self.undelete, methods=["POST"]),
            *policies.of(_ACCOUNT),
            Route(f"{_ACCOUNT}/keys", self.list_keys),
            Route(f"{_ACCOUNT}/keys", self.create_key, methods=["POST"]),
            Route(f"{_ACCOUNT}/keys:upload", self.upload_key, methods=["POST"]),
            Route(_KEY, self.get_key),
            Route(_KEY, self.delete_key, methods=["DELETE"]),
            Route(f"{_KEY}:disable", self.disable_key, methods=["POST"]),
            Route(f"{_KEY}:enable", self.enable_key, methods=["POST"]),
        ]

    async def list(self, request: Request) -> Response:
        """The accounts of a project, by address."""
        query = request.query_params
        found, token = page(
            verbs.everything(self.store, request.path_params["project"], caller=self.says(request)),
            lambda one: (one["email"],),
            limit=query.get("pageSize"),
            token=query.get("pageToken"),
        )
        return JSONResponse(({"accounts": found} if found else {}) | ({"nextPageToken": token} if token else {}))

    async def create(self, request: Request) -> Response:
        """Make one."""
        body = await body_of(request)
        name, said = body.get("accountId"), _object(body, "serviceAccount")
        if not isinstance(name, str):
            raise InvalidArgument("The request has no accountId.", field="accountId")
        made = verbs.create(
            self.store,
            request.path_params["project"],
            name,
            display_name=_text(said, "displayName"),
            description=_text(said, "description"),
            caller=self.says(request),
            now=self.now(),
        )
        return self._done(made)

    async def get(self, request: Request) -> Response:
        """One, by its address or its unique id."""
        account, project = _named(request)
        return JSONResponse(verbs.get(self.store, account, project=project, caller=self.says(request)))

    async def update(self, request: Request) -> Response:
        """Change what updateMask names; by PUT, as before there were masks, what is sent of its two texts."""
        account, project = _named(request)
        body = await body_of(request)
        if request.method == "PATCH":
            said, mask = _object(body, "serviceAccount"), _text(body, "updateMask")
            wanted = [path.strip() for path in mask.split(",") if path.strip()]
        else:
            said = body
            wanted = [field for field in ("displayName", "description") if field in body]
        caller, now = self.says(request), self.now()
        return self._done(verbs.update(self.store, account, said, wanted, project=project, caller=caller, now=now))

    async def delete(self, request: Request) -> Response:
        """Delete it, for 30 days."""
        account, project = _named(request)
        verbs.delete(self.store, account, project=project, caller=self.says(request), now=self.now())
        return self._done({})

    async def disable(self, request: Request) -> Response:
        """Take it out of use."""
        return self._set_disabled(request, True)

    async def enable(self, request: Request) -> Response:
        """Put it back into use."""
        return self._set_disabled(request, False)

    async def undelete(self, request: Request) -> Response:
        """Have it back, by its unique id."""
        account, project = _named(request)
        caller, now = self.says(request), self.now()
        back = verbs.undelete(self.store, account, project=project, caller=caller, now=now)
        return self._done({"restoredAccount": back})

    async def list_keys(self, request: Request) -> Response:
        """Its keys, of the types that keyTypes names."""
        account, project = _named(request)
        wanted = {managed_by(said) for said in request.query_params.getlist("keyTypes")}
        kind = wanted.pop() if len(wanted) == 1 else None
        caller = self.says(request)
        found = key_verbs.everything(self.store, self.signer, account, kind, project=project, caller=caller)
        return JSONResponse({"keys": found})

    async def create_key(self, request: Request) -> Response:
        """Make a key; its private half is in the answer, and nowhere else."""
        account, project = _named(request)
        kind = _text(await body_of(request), "privateKeyType")
        made = key_verbs.create(
            self.store,
            account,
            token_uri=f"http://127.0.0.1:{self.edge.http_port}/token",
            kind=kind if kind not in ("", "TYPE_UNSPECIFIED") else key_verbs.JSON_FILE,
            project=project,
            caller=self.says(request),
            now=self.now(),
        )
        return self._done(made)

    async def upload_key(self, request: Request) -> Response:
        """Let the caller's own key speak for it."""
        account, project = _named(request)
        try:
            certificate = base64.b64decode(_text(await body_of(request), "publicKeyData"), validate=True)
        except binascii.Error as error:
            raise InvalidArgument("publicKeyData is not base64.", field="publicKeyData") from error
        caller, now = self.says(request), self.now()
        return self._done(key_verbs.upload(self.store, account, certificate, project=project, caller=caller, now=now))

    async def get_key(self, request: Request) -> Response:
        """One key; with its public half as publicKeyType says."""
        account, project = _named(request)
        key, public = request.path_params["key"], request.query_params.get("publicKeyType", "")
        caller = self.says(request)
        return JSONResponse(
            key_verbs.get(self.store, self.signer, account, key, public, project=project, caller=caller)
        )

    async def delete_key(self, request: Request) -> Response:
        """Forget a key."""
        account, project = _named(request)
        caller, now = self.says(request), self.now()
        key_verbs.delete(self.store, account, request.path_params["key"], project=project, caller=caller, now=now)
        return self._done({})

    async def disable_key(self, request: Request) -> Response:
        """Take a key out of use."""
        return self._set_key_disabled(request, True)

    async def enable_key(self, request: Request) -> Response:
        """Put a key back into use."""
        return self._set_key_disabled(request, False)

    async def certificates(self, request: Request) -> Response:
        """What verifies an account's signatures, by key id; open to everybody, as Google's is."""
        return JSONResponse(
            key_verbs.certificates(self.store, self.signer, request.path_params["account"], self.now()),
            headers={"cache-control": "public, max-age=3600"},
        )

    async def grantable(self, request: Request) -> Response:
        """The roles that can be given on a resource, by name; with view=FULL, with their permissions."""
        body = await body_of(request)
        found = role_queries.grantable(self.store, _text(body, "fullResourceName"), caller=self.says(request))
        size = body.get("pageSize")
        rows, token = page(
            [one if body.get("view") == "FULL" else _brief(one) for one in found],
            lambda one: (one["name"],),
            limit=str(size) if size else None,
            token=_text(body, "pageToken") or None,
        )
        return JSONResponse({"roles": rows} | ({"nextPageToken": token} if token else {}))

    async def testable(self, request: Request) -> Response:
        """The permissions that can be held on a resource."""
        body = await body_of(request)
        found = role_queries.testable(self.store, _text(body, "fullResourceName"))
        return JSONResponse({"permissions": [{"name": name, "stage": "GA"} for name in found]})

    def _set_disabled(self, request: Request, disabled: bool) -> Response:
        account, project = _named(request)
        caller, now = self.says(request), self.now()
        verbs.set_disabled(self.store, account, disabled, project=project, caller=caller, now=now)
        return self._done({})

    def _set_key_disabled(self, request: Request, disabled: bool) -> Response:
        account, project = _named(request)
        caller, now, key = self.says(request), self.now(), request.path_params["key"]
        key_verbs.set_disabled(self.store, account, key, disabled, project=project, caller=caller, now=now)
        return self._done({})

    def _done(self, answer: Json) -> Response:
        self.changed()
        return JSONResponse(answer)


def _named(request: Request) -> tuple[str, str]:
    """The account and the project of a path."""
    return request.path_params["account"], request.path_params["project"]


def _object(body: Json, key: str) -> Json:
    found = body.get(key, {})
    if not isinstance(found, dict):
        raise InvalidArgument(f"{key}: expected an object.", field=key)
    return found


def _text(body: Json, key: str) -> str:
    found = body.get(key, "")
    if not isinstance(found, str):
        raise InvalidArgument(f"{key}: expected text.", field=key)
    return found


def _brief(role: Json) -> Json:
    return {key: value for key, value in role.items() if key != "includedPermissions"}
