"""One attempt of a schedule over HTTP: only this module speaks to targets.

The edge of this machine is called by the socket of our own products, whatever name a service had in production, so that
services find the call to come from inside their project; everything else is called as any client would. Redirects are
not followed: they are no success, as with the real service.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx

from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.core.errors import CloudRunError, NotFound
from cloudrun_cli.core.schedule_targets import Address, address
from cloudrun_cli.core.schedules import Outcome, Schedule, answered, headers, seconds

DEADLINE_EXCEEDED, NOT_FOUND, PERMISSION_DENIED, UNAVAILABLE = 4, 5, 7, 14  # google.rpc.Code
ENTRY = "x-crl-entry"  # for which project the call comes
KEPT_BYTES = 500  # of an answer, for the log of a failure
_REFUSED = (401, 403)

# The token that a schedule asks for, None when it asks for none. Raises CloudRunError where it cannot be made.
TokenOf = Callable[[Schedule], str | None]


class HttpCaller:
    """Calls over HTTP. `serves` tells whether a host name is one of a service's here; `inside` is the socket of the
    edge for our own products."""

    def __init__(self, edge: Edge, serves: Callable[[str], bool], inside: Path, token_of: TokenOf) -> None:
        self._edge, self._serves, self._inside, self._token_of = edge, serves, inside, token_of
        self._ours: httpx.AsyncClient | None = None
        self._others: httpx.AsyncClient | None = None

    async def call(self, schedule: Schedule, tick: datetime) -> Outcome:
        target = schedule.target
        try:
            token = self._token_of(schedule)
        except CloudRunError as error:
            code = NOT_FOUND if isinstance(error, NotFound) else PERMISSION_DENIED
            return Outcome(code, " ".join(filter(None, (error.message, error.hint))))
        where = address(target.uri, self._edge, self._serves)
        own = {ENTRY: schedule.ref.project} if where.ours else {}
        sent = {**headers(schedule, tick, token), "Host": where.host, **own}
        try:
            client = await self._client(where)
            async with asyncio.timeout(schedule.deadline.total_seconds()):
                request = client.stream(target.method, where.url, headers=sent, content=target.body or None)
                async with request as response:
                    said = await _whole(response)
        except TimeoutError:
            late = f"The target did not answer within the attempt deadline of {seconds(schedule.deadline)}."
            return Outcome(DEADLINE_EXCEEDED, late)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return Outcome(UNAVAILABLE, f"The target could not be reached: {error or type(error).__name__}")
        return _explained(answered(response.status_code), said, token)

    async def close(self) -> None:
        for client in (self._ours, self._others):
            if client is not None:
                await client.aclose()

    async def _client(self, where: Address) -> httpx.AsyncClient:
        if where.ours:
            if self._ours is None:
                entry = httpx.AsyncHTTPTransport(uds=str(self._inside))
                self._ours = httpx.AsyncClient(transport=entry, timeout=None, trust_env=False)
            return self._ours
        if self._others is None:
            everyone = await asyncio.to_thread(ssl.create_default_context)
            self._others = self._others or httpx.AsyncClient(verify=everyone, timeout=None)
        return self._others


async def _whole(response: httpx.Response) -> str:
    """The beginning of an answer, in one line, once all of it is here: only then it counts."""
    kept = b""
    async for part in response.aiter_raw():
        kept = (kept + part)[:KEPT_BYTES]
    if "content-encoding" in response.headers:
        return ""
    return " ".join(kept.decode(errors="replace").split())


def _explained(outcome: Outcome, said: str, token: str | None) -> Outcome:
    """With what the target said of its refusal, and how it is sent a token."""
    if not outcome.code:
        return outcome
    message = outcome.message + (f" It said: {said}" if said else "")
    if outcome.http_status in _REFUSED and token is None:
        message += " The schedule sends no token: see --oidc-service-account-email, or --oauth-… for Google APIs."
    return Outcome(outcome.code, message, outcome.http_status)
