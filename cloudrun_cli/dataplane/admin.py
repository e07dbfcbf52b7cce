"""Envoy's admin interface, over its unix socket. Every call has a time limit, because it shares Envoy's main thread."""

import asyncio
import http.client
import json
import socket
from pathlib import Path

from cloudrun_cli.core.errors import Unavailable
from cloudrun_cli.dataplane.envoy_config import ACTIVE_REQUESTS

TIMEOUT_SECONDS = 5.0


class EnvoyAdmin:
    """Asks one Envoy. Raises Unavailable when it does not answer."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def ready(self) -> bool:
        """Whether it listens and serves."""
        try:
            return (await self._call("GET", "/ready", timeout=1.0)).startswith(b"LIVE")
        except Unavailable:
            return False

    async def in_flight(self) -> dict[str, int]:
        """Requests that run now, per address of an instance."""
        clusters = json.loads(await self._call("GET", "/clusters?format=json"))
        counts: dict[str, int] = {}
        for cluster in clusters.get("cluster_statuses", ()):
            if not cluster["name"].startswith("inst_"):
                continue
            for host in cluster.get("host_statuses", ()):
                place = host["address"].get("socket_address")
                active = sum(int(stat.get("value", 0)) for stat in host["stats"] if stat["name"] == "rq_active")
                if place and active:  # an address can be listed once per worker
                    address = f"{place['address']}:{place['port_value']}"
                    counts[address] = counts.get(address, 0) + active
        return counts

    async def active_requests(self) -> int:
        """Requests that clients wait for now, on every listener."""
        stats = json.loads(await self._call("GET", f"/stats?format=json&filter=^{ACTIVE_REQUESTS}$"))
        return sum(int(stat.get("value", 0)) for stat in stats.get("stats", ()))

    async def failures(self) -> dict[str, str]:
        """Listeners that could not be opened or changed as it was told: their names, and why."""
        dump = json.loads(await self._call("GET", "/config_dump?resource=dynamic_listeners"))
        errors = [one["error_state"] for one in dump.get("configs", ()) if "error_state" in one]
        return {one["failed_configuration"]["name"]: str(one.get("details", "")) for one in errors}

    async def listening(self) -> frozenset[str]:
        """The names of the listeners that are open now."""
        answer = json.loads(await self._call("GET", "/listeners?format=json"))
        return frozenset(one["name"] for one in answer.get("listener_statuses", ()))

    async def drain(self) -> None:
        """Let requests finish, keep accepting; connections are closed as they become idle."""
        await self._call("POST", "/drain_listeners?graceful&skip_exit", timeout=2.0)

    async def reopen_logs(self) -> None:
        """Write on in a new file where the old one was renamed."""
        await self._call("POST", "/reopen_logs")

    async def _call(self, method: str, path: str, timeout: float = TIMEOUT_SECONDS) -> bytes:
        return await asyncio.to_thread(_call, self._path, method, path, timeout)


class _OverSocket(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("envoy", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _call(socket_path: Path, method: str, path: str, timeout: float) -> bytes:
    connection = _OverSocket(socket_path, timeout)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"Envoy does not answer on its admin socket: {error}.") from error
    finally:
        connection.close()
    if answer.status != 200 and not path.startswith("/ready"):
        raise Unavailable(f"Envoy answers {answer.status} to {method} {path}.")
    return body
