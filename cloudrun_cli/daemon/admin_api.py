"""The Admin API inside the daemon: its address is known at once, its libraries are loaded when there is time."""

import asyncio
import importlib
import socket
from collections.abc import Callable
from datetime import datetime

from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.store.database import open_store

_SLOW = ("cloudrun_cli.api.server", "cloudrun_cli.api.serving", "uvicorn.protocols.http.httptools_impl")


class AdminApi:
    """Listens from its making on; who asks before it serves, waits."""

    def __init__(
        self, home: str, edge: Edge, caller: str, now: Callable[[], datetime], look: Callable[[], None]
    ) -> None:
        self._home, self._edge, self._caller, self._now, self._look = home, edge, caller, now, look
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        host, port = self._listener.getsockname()
        self.address = f"{host}:{port}"  # for the routes

    async def serve(self) -> None:
        """Load what it takes, beside the loop; then answer until cancelled."""
        for name in _SLOW:
            await asyncio.to_thread(importlib.import_module, name)
        from cloudrun_cli.api import run_v1, server, serving

        store = open_store(self._home)
        try:
            run = run_v1.RunV1(store, self._edge, self._caller, self._now, self._ring)
            await serving.serve(server.application(run), self._listener)
        finally:
            store.close()

    def _ring(self) -> None:
        """Something was saved: the daemon looks once the answer is on its way."""
        asyncio.get_running_loop().call_soon(self._look)
