"""Asking an instance how it is: whether it listens, what a probe gets; and of one that did not start, why."""

import asyncio
import contextlib
import errno
import logging
import os
import time
from datetime import timedelta
from enum import StrEnum

import httptools

from cloudrun_cli.core import contract, probes
from cloudrun_cli.core.autopsy import Finding, Observed, Socket, examine
from cloudrun_cli.core.errors import Unavailable
from cloudrun_cli.core.resources import Probe
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.runtime.base import ExitCause, Instance, Runtime

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.05  # seconds between tries: quick at first, when the app is about to listen
CONNECT_SECONDS = 0.05  # an address that is not there yet would hold a longer try up in ARP

USER_AGENT = "GoogleHC/1.0"  # ours: nothing public says what the real probes send


class Outcome(StrEnum):
    """How waiting for a port ended."""

    LISTENING = "listening"
    GONE = "gone"
    TIMED_OUT = "timed out"


async def wait_until_listening(address: str, gone: asyncio.Event, limit: timedelta) -> Outcome:
    """Try the port until it is open, the instance is gone, or the time is over."""
    deadline = time.monotonic() + limit.total_seconds()
    pause = FIRST_PAUSE
    while time.monotonic() < deadline:
        if gone.is_set():
            return Outcome.GONE
        if await answers(address):
            return Outcome.LISTENING
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(gone.wait(), pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
    return Outcome.TIMED_OUT


async def answers(address: str) -> bool:
    """Whether somebody accepts a connection there now."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, int(port))
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def is_up(runtime: Runtime, member: Member) -> bool:
    """Whether an instance that another daemon started was up: it listens, and its startup probes pass. One whose start
    was under way may listen long before it is well."""
    assert member.instance is not None
    if not await answers(member.instance.address):
        return False
    for container in member.containers.values():
        probe = probes.startup_of(container)
        if probe is not None and probe.kind != "tcp":
            try:
                address = await door(runtime, member, probes.port_of(probe, container))
            except Unavailable as error:
                log.warning("Instance %s is taken to be up: %s", member.id, error.message)
                continue
            if await attempt(probe, address):
                return False
    return True


async def attempt(probe: Probe, address: str, *, patient: bool = False) -> str:
    """One try of a probe: "" when it went well, else what was seen. A patient one asks again within its timeout while
    nobody listens."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(probe.timeout_seconds):
            if patient:
                await wait_until_listening(address, asyncio.Event(), timedelta(seconds=probe.timeout_seconds * 0.95))
            match probe.kind:
                case "http":
                    status = await _http_status(probe, host, int(port))
                    return "" if probes.is_well(status) else f"HTTP status {status}"
                case "grpc":
                    from cloudrun_cli.daemon.grpc_health import check  # h2 is loaded by who asks that way

                    return await check(host, int(port), probe.service)
                case _:
                    _, writer = await asyncio.open_connection(host, int(port))
                    writer.transport.abort()
                    return ""
    except TimeoutError:
        return f"no answer within {probe.timeout_seconds} s"
    except OSError as error:
        return f"no connection: {os.strerror(error.errno) if error.errno else error}"
    except httptools.HttpParserError as error:
        return f"the answer was not HTTP/1: {error}"


class _Head:
    """Notes that the head of an answer is there."""

    over = False

    def on_headers_complete(self) -> None:
        self.over = True


async def _http_status(probe: Probe, host: str, port: int) -> int:
    """The status of a GET; the rest of the answer is not read."""
    headers = {"Host": f"{host}:{port}", "User-Agent": USER_AGENT, "Accept": "*/*", "Connection": "close"}
    own = {name.title() for name, _ in probe.headers}
    lines = [f"GET {probe.path if probe.path.startswith('/') else f'/{probe.path}'} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name not in own]
    lines += [f"{name}: {value}" for name, value in probe.headers]
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write("\r\n".join((*lines, "", "")).encode("latin-1", "replace"))
        head = _Head()
        parser = httptools.HttpResponseParser(head)
        while not head.over:
            received = await reader.read(65536)
            if not received:
                raise ConnectionResetError(errno.ECONNRESET, "closed before it had answered")
            try:
                parser.feed_data(received)
            except httptools.HttpParserError:
                if not head.over:  # what follows the head is not asked about
                    raise
        return int(parser.get_status_code())
    finally:
        writer.transport.abort()


async def door(runtime: Runtime, member: Member, port: int) -> str:
    """Where a port of an instance is reached: the one for requests where they are sent, whatever the runtime made of
    it. Raises Unavailable."""
    assert member.instance is not None
    if port == contract.port(member.revision.template.ingress_container):
        return member.instance.address
    return await runtime.door(member.instance, port)


async def sockets(runtime: Runtime, instance: Instance) -> tuple[Socket, ...]:
    """What the instance listens on, as far as that can be seen."""
    return tuple(Socket(found.host, found.port) for found in await runtime.listening(instance))


async def autopsy(
    runtime: Runtime, member: Member, limit: timedelta, *, container: str = "", listened: bool = False
) -> Finding:
    """Why this instance did not start, found by looking at it. `container` is the one that was waited for, when that
    still runs; of one that has ended, its end says so."""
    assert member.instance is not None
    await asyncio.sleep(0.1)  # its last lines are on their way
    end, instance, template = member.exit, member.instance, member.revision.template
    names = list(member.containers)
    ingress = next(name for name, c in member.containers.items() if c is template.ingress_container)
    found = (end.container if end else container) or ingress
    name = found if found in names else ingress
    return examine(
        Observed(
            port=instance.port,
            waited_seconds=limit.total_seconds(),
            exited=end is not None,
            code=end.code if end else None,
            signal=end.signal if end else None,
            out_of_memory=end is not None and end.cause is ExitCause.OUT_OF_MEMORY,
            memory_limit=member.containers[name].memory,
            sockets=() if end else await sockets(runtime, instance),
            log=tuple(member.tail(name)),
            service=member.revision.service,
            listened=listened,
            port_is_ours=instance.port != contract.port(template.ingress_container),
            container=name if member.has_several else "",
            sidecar=name != ingress,
        )
    )
