"""The gate's sockets and clocks: takes Envoy's connections, reads the request log, and ends waits that are too long."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from socket import socket
from typing import Any, Protocol

from cloudrun_cli.dataplane.events import EventsProtocol, RequestLog
from cloudrun_cli.dataplane.gate_protocol import Decides, GateProtocol

BACKLOG = 4096  # questions that may queue in the kernel while a daemon starts again
SWEEP_SECONDS = 0.1  # how late a wait limit can be noticed
LOG_SECONDS = 0.25  # how often the request log is read; Envoy flushes it as often
FORGET_SECONDS = 30.0  # an ended request whose line never came is forgotten


class Books(Decides, Protocol):
    """Whoever answers, and keeps the books of what was answered."""

    def ended(self, request_id: bytes, whole: bool, ours: bytes) -> None:
        """A message on the fast channel: this request is over, with or without a whole answer."""

    def logged(self, line: Mapping[str, Any]) -> None:
        """A line of the request log: this request is over."""

    def sweep(self) -> bool:
        """End the waits that are too long. Whether anyone still waits."""
        ...

    def forget(self, before: float) -> None:
        """Drop what ended before that moment and was never logged."""


async def serve(
    books: Books,
    anyone_waits: asyncio.Event,
    now: Callable[[], float],
    gate_socket: socket,
    events_socket: socket,
    request_log: Path,
) -> None:
    """Serve until cancelled; then every connection is closed, and the listening sockets stay open for a successor."""
    loop = asyncio.get_running_loop()
    questions: set[GateProtocol] = set()
    events: set[EventsProtocol] = set()
    gate = await loop.create_unix_server(
        lambda: GateProtocol(books, questions), sock=gate_socket.dup(), backlog=BACKLOG
    )
    fast = await loop.create_unix_server(
        lambda: EventsProtocol(books.ended, events), sock=events_socket.dup(), backlog=BACKLOG
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_sweep_waiting(books, anyone_waits))
            tasks.create_task(_read_log(books, now, RequestLog(request_log)))
    finally:
        gate.close()
        fast.close()
        await asyncio.sleep(0)  # what was accepted just now comes to be known, and is closed with the others
        for question in list(questions):
            question.close()
        for event in list(events):
            event.close()


async def _sweep_waiting(books: Books, anyone_waits: asyncio.Event) -> None:
    while True:
        await anyone_waits.wait()
        await asyncio.sleep(SWEEP_SECONDS)
        if not books.sweep():
            anyone_waits.clear()


async def _read_log(books: Books, now: Callable[[], float], log: RequestLog) -> None:
    forget_at = now() + FORGET_SECONDS
    with log:
        while True:
            await asyncio.sleep(LOG_SECONDS)
            for batch in log.read():
                for line in batch:
                    books.logged(line)
                await asyncio.sleep(0)  # questions come first
            if (moment := now()) >= forget_at:
                forget_at = moment + FORGET_SECONDS
                books.forget(moment - FORGET_SECONDS)
