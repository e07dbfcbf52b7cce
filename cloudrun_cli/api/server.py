"""The APIs as one ASGI application: a request's Host says which API is meant, and in which region."""

import re
from collections.abc import Mapping, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from cloudrun_cli.api import errors
from cloudrun_cli.api.callers import check_origin
from cloudrun_cli.core.errors import CloudRunError, NotFound, Unimplemented
from cloudrun_cli.core.hosts import APIS, host_name, is_address

_NAMED = re.compile(r"(?:([a-z]+-[a-z]+[0-9]+)-)?([a-z0-9]+)(?:(?:\.googleapis)?\.localhost|\.googleapis\.com)")


def application(apis: Mapping[str, Sequence[BaseRoute]]) -> Starlette:
    """All of them, by the first word of their host name (`run`, `secretmanager` …); by an address, the path says which.
    What is not there yet is refused with 501, in the error shape of Google's APIs."""
    every = {id(route): route for routes in apis.values() for route in routes}
    routers = {name: _router(routes) for name, routes in apis.items()}
    return Starlette(
        routes=[Mount("/", _ByHost(routers, _router(list(every.values()))))],
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


def _router(routes: Sequence[BaseRoute]) -> Router:
    return Router(routes, redirect_slashes=False)


class _ByHost:
    """Hands requests on to the API that is meant, with the region that its host name says in `request.state.region`."""

    def __init__(self, apis: Mapping[str, ASGIApp], every: ASGIApp) -> None:
        self._apis, self._every = apis, every

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        api, region = api_and_region(request.headers.get("host", ""))
        check_origin(request)
        meant = self._every if api is None else self._apis.get(api)
        if meant is None:
            raise Unimplemented(f"The API at [{host_name(request.headers['host'])}] is not built yet in this emulator.")
        request.state.region = region
        await meant(scope, receive, send)
