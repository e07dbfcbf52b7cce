"""The Admin API as one ASGI application: a request's Host says which API is meant, and in which region."""

import re

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from cloudrun_cli.api import errors
from cloudrun_cli.api.run_v1 import RunV1
from cloudrun_cli.api.run_v2 import RunV2
from cloudrun_cli.core.errors import CloudRunError, NotFound, Unimplemented
from cloudrun_cli.core.hosts import APIS, host_name, is_address

_NAMED = re.compile(r"(?:([a-z]+-[a-z]+[0-9]+)-)?([a-z0-9]+)(?:\.googleapis)?\.localhost")
RUN = "run"


def application(run: RunV1) -> Starlette:
    """The whole of it. Everything it does not have yet is refused with 501, in the error shape of Google's APIs."""
    routes = [*run.routes(), *RunV2(run.runner, run.now, run.changed).routes()]
    return Starlette(
        routes=[Mount("/", _ByHost(Router(routes, redirect_slashes=False)))],
        exception_handlers={
            CloudRunError: errors.of_ours,
            HTTPException: errors.of_routing,
            Exception: errors.of_bug,
        },
    )


def api_and_region(host: str) -> tuple[str | None, str | None]:
    """Which API a Host header names (None: an address, so the path decides), and which region (None: it is global).
    Raises NotFound for a name that is none of ours: a page elsewhere must not reach us by a name of its own."""
    name = host_name(host)
    if is_address(name):
        return None, None
    found = _NAMED.fullmatch(name)
    if found is None or found[2] not in APIS:
        raise NotFound(f"No API has the host name [{name}].")
    return found[2], found[1]


class _ByHost:
    """Hands requests for the Run API on, with the region that their host name says in `request.state.region`."""

    def __init__(self, run: ASGIApp) -> None:
        self._run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        api, region = api_and_region(request.headers.get("host", ""))
        if api not in (None, RUN):
            raise Unimplemented(f"The API at [{host_name(request.headers['host'])}] is not built yet in this emulator.")
        request.state.region = region
        await self._run(scope, receive, send)
