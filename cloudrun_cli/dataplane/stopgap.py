"""Stopgap: takes connections on Envoy's ports while there is no Envoy, and passes them on to the next one.

They wait in the system's queue, unread. Both may listen at the same time, because both share the port; what came to us
is then handed over, byte by byte and for as long as those few connections live.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

BACKLOG = 4096
PIECE_BYTES = 64 * 1024

log = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Stopgap:
    """Listens from its making on, where it can; a port that is not free is somebody else's, and Envoy will say so."""

    def __init__(self, host: str, ports: Iterable[int]) -> None:
        self._host = host
        self._listening: dict[int, socket.socket] = {}
        for port in ports:
            with contextlib.suppress(OSError):
                self._listening[port] = _listen(host, port)

    def hand_over(self, spawn: Spawn) -> None:
        """Envoy listens: pass on what has come, each connection in a task of its own, and listen no more."""
        listening, self._listening = self._listening, {}
        for port, door in listening.items():
            with door, contextlib.suppress(BlockingIOError):
                while True:
                    taken, _ = door.accept()
                    taken.setblocking(False)
                    spawn(_pass_on(taken, self._host, port))

    def close(self) -> None:
        """Listen no more; what has come is refused."""
        for door in self._listening.values():
            door.close()
        self._listening.clear()


def _listen(host: str, port: int) -> socket.socket:
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        door.bind((host, port))
        door.listen(BACKLOG)
        door.setblocking(False)
    except OSError:
        door.close()
        raise
    return door


async def _pass_on(taken: socket.socket, host: str, port: int) -> None:
    from_client, to_client = await asyncio.open_connection(sock=taken)
    try:
        from_envoy, to_envoy = await asyncio.open_connection(host, port)
    except OSError as error:
        log.warning("A connection that came while Envoy was away is lost: %s", error)
        to_client.close()
        return
    ways = [asyncio.ensure_future(_copy(*way)) for way in ((from_client, to_envoy), (from_envoy, to_client))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)  # either end is gone: so is the other
    finally:
        for way in ways:
            way.cancel()
        for end in (to_envoy, to_client):
            end.close()


async def _copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await source.read(PIECE_BYTES):
            to.write(piece)
            await to.drain()
