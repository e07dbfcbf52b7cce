"""One attempt of a schedule over HTTP: only this module speaks to targets.

The edge of this machine is called over its own TLS, whatever name a service had in production; everything else as any
client would. Redirects are not followed: they are no success, as with the real service.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx

from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.core.schedule_targets import Address, address
from cloudrun_cli.core.schedules import DEFAULT_SCOPE, Outcome, Schedule, answered, audience, headers, seconds

DEADLINE_EXCEEDED, UNAVAILABLE = 4, 14  # google.rpc.Code
KEPT_BYTES = 500  # of an answer, for the log of a failure
_REFUSED = (401, 403)

# A token of the schedule's account for an audience, or of a scope; None where none can be made.
TokenFor = Callable[[Schedule, str], str | None]


def no_tokens(_schedule: Schedule, _about: str) -> str | None:
    """Nobody's token: accounts are not built yet."""
    return None


class HttpCaller:
    """Calls over HTTP. `serves` tells whether a host name is one of a service's here; `authority` is the certificate
    that the edge's own is signed with."""

    def __init__(self, edge: Edge, serves: Callable[[str], bool], authority: Path, token_for: TokenFor) -> None:
        self._edge, self._serves, self._authority, self._token_for = edge, serves, authority, token_for
        self._ours: httpx.AsyncClient | None = None
        self._others: httpx.AsyncClient | None = None

    async def call(self, schedule: Schedule, tick: datetime) -> Outcome:
        target = schedule.target
        token = self._token(schedule)
        where = address(target.uri, self._edge, self._serves)
        sent = {**headers(schedule, tick, token), "Host": where.host}
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
        return _explained(answered(response.status_code), said, schedule, token)

    async def close(self) -> None:
        for client in (self._ours, self._others):
            if client is not None:
                await client.aclose()

    def _token(self, schedule: Schedule) -> str | None:
        if schedule.target.oidc:
            return self._token_for(schedule, audience(schedule.target))
        if schedule.target.oauth:
            return self._token_for(schedule, schedule.target.oauth.about or DEFAULT_SCOPE)
        return None

    async def _client(self, where: Address) -> httpx.AsyncClient:
        if where.ours:
            if self._ours is None:
                trusted = await asyncio.to_thread(_trusted, self._authority)
                self._ours = self._ours or httpx.AsyncClient(verify=trusted, timeout=None, trust_env=False)
            return self._ours
        if self._others is None:
            everyone = await asyncio.to_thread(ssl.create_default_context)
            self._others = self._others or httpx.AsyncClient(verify=everyone, timeout=None)
        return self._others


def _trusted(authority: Path) -> ssl.SSLContext:
    """Trust in this home's authority alone; names are not compared, as a service keeps those it had in production."""
    context = ssl.create_default_context(cafile=str(authority))
    context.check_hostname = False
    return context


async def _whole(response: httpx.Response) -> str:
    """The beginning of an answer, in one line, once all of it is here: only then it counts."""
    kept = b""
    async for part in response.aiter_raw():
        kept = (kept + part)[:KEPT_BYTES]
    if "content-encoding" in response.headers:
        return ""
    return " ".join(kept.decode(errors="replace").split())


def _explained(outcome: Outcome, said: str, schedule: Schedule, token: str | None) -> Outcome:
    """With what the target said of its refusal, and the reason why one that asks for a token was sent none."""
    if not outcome.code:
        return outcome
    message = outcome.message + (f" It said: {said}" if said else "")
    if outcome.http_status in _REFUSED and token is None:
        account = schedule.target.oidc or schedule.target.oauth
        if account is None:
            message += " The schedule sends no token: see --oidc-service-account-email."
        else:
            message += f" No token was sent: this emulator makes none yet for [{account.account}]."
    return Outcome(outcome.code, message, outcome.http_status)
