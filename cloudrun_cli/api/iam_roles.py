"""The roles of the IAM API: the predefined ones, and those that projects and the organization have made.

Source: iam.googleapis.com v1, roles, projects.roles, organizations.roles.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudrun_cli.api.callers import Says
from cloudrun_cli.api.paging import page
from cloudrun_cli.api.policies import body_of
from cloudrun_cli.controlplane import hierarchy, roles
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.store.database import Store

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class IamRoles:
    """The routes. `says` tells who calls; `changed` is called after each write."""

    store: Store
    says: Says
    now: Callable[[], datetime]
    changed: Callable[[], None]

    def routes(self) -> list[Route]:
        """Every path that is built."""
        found = [Route("/v1/roles", self.list), Route("/v1/roles/{role:named}", self.get)]
        for kind in ("projects", "organizations"):
            parent = f"/v1/{kind}/{{parent:named}}/roles"
            found += [
                Route(parent, self.list),
                Route(parent, self.create, methods=["POST"]),
                Route(f"{parent}/{{role:named}}", self.get),
                Route(f"{parent}/{{role:named}}", self.update, methods=["PATCH"]),
                Route(f"{parent}/{{role:named}}", self.delete, methods=["DELETE"]),
                Route(f"{parent}/{{role:named}}:undelete", self.undelete, methods=["POST"]),
            ]
        return found

    async def list(self, request: Request) -> Response:
        """Those of the parent, by name; without one, the predefined. Their permissions only with view=FULL."""
        query, caller = request.query_params, self.says(request)
        parent, deleted = self._parent(request), query.get("showDeleted") == "true"
        found, token = page(
            roles.everything(self.store, parent, deleted=deleted, caller=caller),
            lambda one: (one["name"],),
            limit=query.get("pageSize"),
            token=query.get("pageToken"),
        )
        if query.get("view") == "FULL":
            found = [roles.describe(self.store, one["name"], caller=caller) for one in found]
        return JSONResponse({"roles": found} | ({"nextPageToken": token} if token else {}))

    async def get(self, request: Request) -> Response:
        """One, with its permissions."""
        return JSONResponse(roles.describe(self.store, self._role(request), caller=self.says(request)))

    async def create(self, request: Request) -> Response:
        """Make one."""
        body = await body_of(request)
        role, parent = body.get("role") or {}, self._parent(request)
        if not isinstance(role, dict) or not isinstance(body.get("roleId"), str) or parent is None:
            raise InvalidArgument("The request has no roleId and role.", field="roleId")
        kept = {key: value for key, value in role.items() if key not in ("name", "etag", "deleted")}
        made = roles.create(self.store, parent, body["roleId"], kept, caller=self.says(request), now=self.now())
        return self._done(made)

    async def update(self, request: Request) -> Response:
        """Change the fields that updateMask names, or all that are sent."""
        body = await body_of(request)
        mask = request.query_params.get("updateMask")
        wanted = [_camel(field) for field in mask.split(",")] if mask else [*body]
        change = {field: body.get(field) for field in wanted if field not in ("name", "etag", "deleted")}
        etag = body.get("etag") if isinstance(body.get("etag"), str) else None
        made = roles.update(self.store, self._role(request), change, etag, caller=self.says(request), now=self.now())
        return self._done(made)

    async def delete(self, request: Request) -> Response:
        """Delete it, for seven days."""
        return self._done(roles.delete(self.store, self._role(request), caller=self.says(request), now=self.now()))

    async def undelete(self, request: Request) -> Response:
        """Have it back."""
        return self._done(roles.undelete(self.store, self._role(request), caller=self.says(request), now=self.now()))

    def _parent(self, request: Request) -> str | None:
        """The project, by id, or the organization; None for the predefined roles."""
        words = request.url.path.strip("/").split("/")[1:]
        return hierarchy.place(self.store, "/".join(words[:2])).names[0] if words[0] != "roles" else None

    def _role(self, request: Request) -> str:
        parent, role = self._parent(request), request.path_params["role"]
        return f"{parent}/roles/{role}" if parent else f"roles/{role}"

    def _done(self, answer: Json) -> Response:
        self.changed()
        return JSONResponse(answer)


def _camel(field: str) -> str:
    """The name of a field as JSON has it: included_permissions is includedPermissions."""
    first, *rest = field.strip().split("_")
    return first + "".join(word.capitalize() for word in rest)
