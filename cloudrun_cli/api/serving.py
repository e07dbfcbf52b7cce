"""Serves an application on a socket, inside a loop that somebody else runs."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp


class _Guest(uvicorn.Server):
    """A server without its own signal handlers, and without its ten ticks a second: it sleeps until it is cancelled."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        await asyncio.Event().wait()


async def serve(application: ASGIApp, listener: socket.socket) -> None:
    """Answer requests until cancelled; then the socket is closed with every connection."""
    config = uvicorn.Config(
        application,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )
    server = _Guest(config)
    try:
        await server.serve(sockets=[listener])
    finally:
        for one in getattr(server, "servers", []):
            one.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        listener.close()
