"""Keeps the metadata server of this home: on loopback for processes, on the home's network for containers, at a port
that stays the same for the life of the home, because instances outlive the daemon that told them.
"""

import asyncio
import importlib
import ipaddress
import logging
import socket
from collections.abc import Callable
from datetime import datetime
from random import SystemRandom

from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.core.errors import Unavailable
from cloudrun_cli.daemon.callers import LOOPBACK, Callers
from cloudrun_cli.daemon.names import Names, address_inside, resolvers
from cloudrun_cli.daemon.runtimes import DOCKER
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.dataplane.envoy_config import Inside
from cloudrun_cli.runtime import process_callers
from cloudrun_cli.runtime.docker_hold import METADATA_ADDRESS, METADATA_NAMES
from cloudrun_cli.runtime.docker_ways import Ways
from cloudrun_cli.store import projects
from cloudrun_cli.store.database import Store, open_store

PORT = "metadata"  # the fact in the store that says at which port
PORTS = range(30000, 32768)  # past the services' own, and below those that systems hand out by themselves
TRIES = 50  # to find one that is free
_SLOW = ("cloudrun_cli.api.metadata", "cloudrun_cli.api.serving", "uvicorn.protocols.http.httptools_impl")

log = logging.getLogger(__name__)


class Metadata:
    """Listens from its making on; who asks before it serves, waits. `wired` says whether containers have the ways to it
    that they know from Google Cloud, once `open` has been called with their network."""

    def __init__(self, home: str, store: Store, edge: Edge, tokens: Tokens, now: Callable[[], datetime]) -> None:
        self._home, self._tokens, self._now = home, tokens, now
        self._listeners = [_listener(store)]
        self.port = int(self._listeners[0].getsockname()[1])
        self.ways = Ways(self.port, self.port, edge.http_port, edge.https_port)  # names are UDP: one number for both
        self._inside: Inside | None = None
        self._wired = False
        self._names: Names | None = None

    async def open(self, inside: Inside | None, callers: Callers, *, wired: bool) -> None:
        """Be there for the containers on this network, too."""
        self._callers = callers
        if inside is None:
            return
        try:
            self._listeners.append(_bound(inside.gateway, self.port))
        except OSError as error:
            log.warning("Containers get no metadata server: %s:%d: %s", inside.gateway, self.port, error)
            return
        self._inside, self._wired = inside, wired

    def serve(self, tasks: Tasks) -> None:
        """Load what it takes, beside the loop; then answer until cancelled."""
        tasks.spawn(self._serve())

    def close(self) -> None:
        """Listen no more."""
        for listener in self._listeners:
            listener.close()

    def variables(self, runtime: str) -> dict[str, str]:
        """What instances on a runtime are told, so that client libraries find it without trying."""
        if runtime == DOCKER:
            return _variables(METADATA_NAMES[0], METADATA_ADDRESS) if self._wired else self._by_address()
        return _variables(f"{LOOPBACK}:{self.port}", f"{LOOPBACK}:{self.port}") if process_callers.knows() else {}

    def told(self) -> dict[str, str]:
        """For whom it is there, for people."""
        return {
            "containers": self._for_containers(),
            "processes": f"{LOOPBACK}:{self.port}"
            if process_callers.knows()
            else "none: this system does not tell which process calls",
        }

    def _for_containers(self) -> str:
        if self._inside is None:
            return "none"
        if self._wired:
            return f"{METADATA_NAMES[0]}, {METADATA_ADDRESS}"
        return f"{self._inside.gateway}:{self.port}, by their environment only"

    def _by_address(self) -> dict[str, str]:
        if self._inside is None:
            return {}
        return _variables(*(2 * (f"{self._inside.gateway}:{self.port}",)))

    async def _answer_names(self, inside: Inside) -> None:
        await asyncio.to_thread(importlib.import_module, "dns.message")
        subnet = ipaddress.ip_network(inside.subnet)
        names = Names(
            lambda name: address_inside(name, inside.gateway),
            lambda address: ipaddress.ip_address(address) in subnet,
            resolvers(),
        )
        try:
            await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: names, local_addr=(inside.gateway, self.port)
            )
            self._names = names
        except OSError as error:
            log.warning("Containers can look up no names: %s:%d: %s", inside.gateway, self.port, error)

    async def _serve(self) -> None:
        if self._inside is not None and self._wired:
            await self._answer_names(self._inside)
        for name in _SLOW:
            await asyncio.to_thread(importlib.import_module, name)
        from cloudrun_cli.api.metadata import MetadataServer
        from cloudrun_cli.api.serving import serve
        from cloudrun_cli.controlplane.instance_tokens import InstanceTokens

        store = open_store(self._home)
        try:
            application = MetadataServer(self._callers.view, InstanceTokens(store, self._tokens), self._now)
            async with asyncio.TaskGroup() as group:
                for listener in self._listeners:
                    group.create_task(serve(application, listener))
        finally:
            if self._names is not None:
                self._names.close()
            store.close()


def _variables(host: str, ping: str) -> dict[str, str]:
    """Those that client libraries read. Source: google-auth, gcp-metadata, cloud.google.com/go/compute/metadata."""
    return {
        "GCE_METADATA_HOST": host,
        "GCE_METADATA_ROOT": host,
        "GCE_METADATA_IP": ping,
        "METADATA_SERVER_DETECTION": "assume-present",
    }


def _listener(store: Store) -> socket.socket:
    """On loopback, at the port of before unless somebody else has it by now."""
    known = projects.fact(store, PORT)
    if known is not None:
        try:
            return _bound(LOOPBACK, int(known))
        except OSError as error:
            log.warning("Port %s is not free any more; what runs does not find the metadata server: %s", known, error)
    made = _bound(LOOPBACK, _free_port())
    with store.transaction():
        projects.set_fact(store, PORT, str(made.getsockname()[1]))
    return made


def _free_port() -> int:
    """One that is free on every address, for TCP and UDP alike."""
    for port in SystemRandom().sample(PORTS, TRIES):
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            try:
                stream.bind(("", port))
                datagrams.bind(("", port))
            except OSError:
                continue
            return port
    raise Unavailable("No port is free for the metadata server.")


def _bound(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), backlog=256)
