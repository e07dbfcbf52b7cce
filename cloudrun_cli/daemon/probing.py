"""Is it listening yet? And if it never does: what can be seen of why."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from cloudrun_cli.core import contract
from cloudrun_cli.core.autopsy import Finding, Observed, Socket, examine
from cloudrun_cli.core.resources import Revision
from cloudrun_cli.runtime.base import Exit, ExitCause, Instance, Runtime

FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.05  # seconds between tries: quick at first, when the app is about to listen
CONNECT_SECONDS = 0.05  # an address that is not there yet would hold a longer try up in ARP


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


async def sockets(runtime: Runtime, instance: Instance) -> tuple[Socket, ...]:
    """What the instance listens on, as far as that can be seen."""
    return tuple(Socket(found.host, found.port) for found in await runtime.listening(instance))


async def autopsy(
    runtime: Runtime,
    instance: Instance,
    end: Exit | None,
    revision: Revision,
    limit: timedelta,
    log: Sequence[str],
    *,
    listened: bool = False,
) -> Finding:
    """Why this instance did not start, found by looking at it."""
    await asyncio.sleep(0.1)  # its last lines are on their way
    return examine(
        Observed(
            port=instance.port,
            waited_seconds=limit.total_seconds(),
            exited=end is not None,
            code=end.code if end else None,
            signal=end.signal if end else None,
            out_of_memory=end is not None and end.cause is ExitCause.OUT_OF_MEMORY,
            memory_limit=revision.template.ingress_container.memory,
            sockets=() if end else await sockets(runtime, instance),
            log=tuple(log),
            service=revision.service,
            listened=listened,
            port_is_ours=instance.port != contract.port(revision.template.ingress_container),
        )
    )
