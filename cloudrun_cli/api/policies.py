"""The policy calls that every API has: getIamPolicy, setIamPolicy, testIamPermissions, each as whoever calls.

Source: run.googleapis.com v1 and v2, cloudresourcemanager.googleapis.com v1, v2 and v3, google.iam.v1.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudrun_cli.api.callers import Says
from cloudrun_cli.controlplane import hierarchy, permits
from cloudrun_cli.controlplane import policies as verbs
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.store.database import Store

Json = dict[str, Any]

MAX_BODY_BYTES = 1024 * 1024  # ours: more than 1500 members and their conditions take
MAX_PERMISSIONS = 100  # asked about at once. Source: google.iam.v1, TestIamPermissionsRequest


class _NamedConvertor(StringConvertor):
    """A word of a path: what follows a colon is a verb and no part of it."""

    regex = "[^/:]+"


register_url_convertor("named", _NamedConvertor())


@dataclass(frozen=True, slots=True)
class Policies:
    """The routes. `says` tells who calls; `changed` is called after each write."""

    store: Store
    says: Says
    now: Callable[[], datetime]
    changed: Callable[[], None]

    def of_run(self) -> list[Route]:
        """Those of services, jobs and worker pools, which v1 and v2 have alike."""
        place = "/projects/{project:named}/locations/{location:named}"
        return [
            route
            for version in ("v1", "v2")
            for kind in ("services", "jobs", "workerPools")
            for route in self.of(f"/{version}{place}/{kind}/{{name:named}}", reads="GET")
        ]

    def of(self, path: str, *, reads: str = "POST") -> list[Route]:
        """Those of one kind of resource. Its full name is the path without its version; it is read by `reads`."""
        return [
            Route(f"{path}:getIamPolicy", self.get, methods=[reads]),
            Route(f"{path}:setIamPolicy", self.set, methods=["POST"]),
            Route(f"{path}:testIamPermissions", self.test, methods=["POST"]),
        ]

    async def get(self, request: Request) -> Response:
        """Who may do what with it."""
        return JSONResponse(verbs.get(self.store, self._resource(request), caller=self.says(request)))

    async def set(self, request: Request) -> Response:
        """Replace the policy."""
        policy = (await body_of(request)).get("policy")
        if not isinstance(policy, dict):
            raise InvalidArgument("The request has no policy.", field="policy")
        resource = self._resource(request)
        made = verbs.replace(self.store, resource, policy, caller=self.says(request), now=self.now())
        self.changed()
        return JSONResponse(made)

    async def test(self, request: Request) -> Response:
        """Which of these permissions the caller has; also on what does not exist yet."""
        asked = (await body_of(request)).get("permissions") or []
        if not isinstance(asked, list) or not all(isinstance(one, str) for one in asked):
            raise InvalidArgument("The request has no list of permissions.", field="permissions")
        if len(asked) > MAX_PERMISSIONS:
            raise InvalidArgument(f"At most {MAX_PERMISSIONS} permissions are tested at once.", field="permissions")
        found = permits.held(self.store, self.says(request), asked, self._resource(request))
        return JSONResponse({"permissions": found} if found else {})

    def _resource(self, request: Request) -> str:
        """The full name, with the id of its project."""
        name = request.url.path.strip("/").partition("/")[2].partition(":")[0]
        names = hierarchy.place(self.store, name).names
        return names[0] if names else name


async def body_of(request: Request) -> Json:
    """The JSON object that was sent; an empty one for nothing. Raises InvalidArgument."""
    text = b""
    async for chunk in request.stream():
        text += chunk
        if len(text) > MAX_BODY_BYTES:
            raise InvalidArgument(f"The request has more than {MAX_BODY_BYTES} bytes.")
    try:
        body = json.loads(text or b"{}")
    except (ValueError, RecursionError) as error:
        raise InvalidArgument("Invalid JSON payload received.") from error
    if not isinstance(body, dict):
        raise InvalidArgument("Invalid JSON payload received: expected an object.")
    return body
