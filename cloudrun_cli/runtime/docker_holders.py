"""Holders: containers that do nothing but keep a network namespace, for instances to be started into.

Two thirds of a container's start is its network. A holder that waits has that behind it, and its address is known
before the instance exists. It also claims the metadata address, so that nothing an instance sends there gets out.

Where no holder waits, as in a burst of starts, making one first would be as dear as the network that it saves. Then an
instance of one container gets a network of its own, in which the engine gives it the metadata address.
"""

import asyncio
import hashlib
import itertools
import logging
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import astuple, dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import docker

from cloudrun_cli.core.errors import CloudRunError, EngineUnavailable, Unavailable
from cloudrun_cli.runtime import docker_hold, docker_ways
from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime.base import InstanceSpec
from cloudrun_cli.runtime.docker_engine import Engine, inspect_image, is_hiccup
from cloudrun_cli.runtime.docker_ways import Ways

POOL = 2  # holders that wait; each costs half a megabyte
REFILL_DELAY = 0.7  # seconds after the last start: an instance that has just started needs the processor more
TRIES = 3  # of a start that the engine itself stumbles over
LEAVING = 10  # seconds that containers may take to leave a network after their removal
LOOPBACK = "127.0.0.1"
HOSTNAME = "localhost"  # as instances see it
DOCKER = "Engine"  # how Docker's engine calls itself; others that speak its API may pass over what they do not know

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Holder:
    """A network namespace that runs. `address` is an IP, or `127.0.0.1:PORT` when its one port is published."""

    container: str
    address: str
    port: int = 0  # the port inside that is published; 0: none, it is reached by its IP

    def at(self, port: int) -> str:
        """Where requests for that port go, `IP:PORT`."""
        return self.address if self.port else f"{self.address}:{port}"


@dataclass(frozen=True, slots=True)
class OwnNetwork:
    """For an instance that is to have a network namespace of its own: the network it joins, its IP there, and the names
    that it can look up."""

    network: str
    address: str
    hosts: Mapping[str, str]
    ways: Ways | None = None  # to be laid once it runs
    gateway: str = ""
    container: str = ""  # there is no holder

    def at(self, port: int) -> str:
        """Where requests for that port go, `IP:PORT`."""
        return f"{self.address}:{port}"

    def joining(self) -> dict[str, Any]:
        """How the engine is told to join it. The metadata address is the container's own there, and with it come all
        others of its kind, which end at the bridge."""
        addresses = {"IPv4Address": self.address, "LinkLocalIPs": [docker_hold.METADATA_ADDRESS]}
        return {"EndpointsConfig": {self.network: {"IPAMConfig": addresses}}}


class Holders:
    """The home's network and its pool of holders."""

    def __init__(
        self,
        engine: Engine,
        home: str,
        *,
        size: int,
        hosts: Mapping[str, str],
        reachable: bool | None = None,
        ways: Ways | None = None,
    ) -> None:
        self._engine = engine
        self._home = home
        self._size = size
        self._hosts = {**hosts, **dict.fromkeys(docker_hold.METADATA_NAMES, docker_hold.METADATA_ADDRESS)}
        self.ways = ways  # None: instances reach nothing of this home by the addresses that they know
        self.gateway, self.subnet = "", ""
        self._network = f"cloudrun-{hashlib.sha256(home.encode()).hexdigest()[:12]}"
        self._image = ""
        self._ready: list[Holder] = []
        self._taken = asyncio.Event()
        self._under_way = 0  # starts
        self._making = asyncio.Lock()  # held by whoever changes network and pool
        self._prepared = False
        self._told_reachable = reachable
        self._own: Iterator[IPv4Address] | None = None  # addresses that we give out, and not the engine
        self.reachable = True  # whether this machine reaches the containers' own addresses

    async def open(self, used: set[str]) -> None:
        """Make network and image, and adopt the holders that wait. `used`: holders with an instance in them."""
        await self._prepare()
        waiting = await self._engine.call(self._waiting, used)
        keep = self._size if self.reachable else 0
        self._ready = waiting[:keep]
        for surplus in waiting[keep:]:
            await self.drop(surplus.container)

    async def take(self, spec: InstanceSpec) -> Holder | OwnNetwork:
        """Where an instance's network is: a holder that waits, or its own. Where addresses are not reached, a new
        holder, which is at the spec's ports. An instance of several containers has a holder of its own making, which
        knows their names."""
        self._taken.set()
        names = spec.containers if len(spec.containers) > 1 else ()
        if self._ready and not names:
            return self._ready.pop(0)
        await self._prepare_again()
        if self.reachable and self._own is not None and not names:
            return OwnNetwork(self._network, str(next(self._own)), self._names(), self.ways, self.gateway)
        return await self.make(names, () if self.reachable else (spec.port, *spec.ports))

    async def make(self, names: tuple[str, ...] = (), ports: tuple[int, ...] = ()) -> Holder:
        """A new one, beside those that wait."""
        await self._prepare_again()
        return await self._engine.call(self._make, ports, names)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """While the block starts an instance, and for a moment after, the pool is not refilled: that can wait, and the
        engine is needed."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._taken.set()

    def lay(self, place: OwnNetwork, container: str) -> None:
        """Lay the ways of an instance with a network of its own, which has just been started. Blocking."""
        if place.ways is None:
            return
        try:
            pid = self._engine.api.inspect_container(container)["State"]["Pid"]
            docker_ways.lay(place.ways, pid, place.gateway, place.address, loopback=True, container=container)
        except docker.errors.NotFound:
            return
        except Unavailable as error:
            if self._engine.api.inspect_container(container)["State"]["Running"]:  # one that has ended needs none
                _log.warning("Instances reach the metadata server by their environment only: %s", error.message)
                self.ways = None

    async def drop(self, container: str) -> None:
        """Remove a holder, and its namespace with it."""
        await self._engine.call(remove, self._engine.api, container)

    @asynccontextmanager
    async def purged(self) -> AsyncIterator[None]:
        """No new holder is made while the block removes everything; then the network goes too, until the next take."""
        async with self._making:
            self._prepared = False
            self._ready.clear()
            yield
            await self._engine.call(self._remove_network)

    async def refill(self) -> None:
        """Keep the pool full, for as long as this runs."""
        while True:
            try:
                while len(self._ready) < self._size and await self._one_more():
                    pass
            except CloudRunError as error:
                _log.warning("No holder could be made: %s", error, extra={"event": "holder_failed"})
            await self._taken.wait()
            while self._taken.is_set() or self._under_way:
                self._taken.clear()
                await asyncio.sleep(REFILL_DELAY)

    async def _one_more(self) -> bool:
        async with self._making:
            if not self._prepared or not self.reachable:
                return False
            self._ready.append(await self._engine.call(self._make))
            return True

    async def _prepare_again(self) -> None:
        if not self._prepared:  # purged since
            async with self._making:
                await self._prepare()

    async def _prepare(self) -> None:
        if not self._prepared:
            self.gateway, self.subnet = await self._engine.call(self._network_and_image)
            own = _is_own_address(self.gateway)
            self.reachable = own if self._told_reachable is None else self._told_reachable
            if not (own and self.reachable and docker_ways.can_be_laid()):
                self.ways = None
            self._prepared = True

    def _network_and_image(self) -> tuple[str, str]:
        """The network and the image; the network's gateway and subnet."""
        api = self._engine.api
        networks = api.networks(names=[self._network], filters=labels.filters(self._home))
        if not networks:
            self._make_network()
        version = api.version()
        architecture = str(version["Arch"])
        content = docker_hold.program(architecture)
        if content is None:
            raise EngineUnavailable(
                f"An engine on {architecture} cannot be used yet.",
                hint="Use plain processes: cloudrun config set run/runtime process",
            )
        self._image = f"cloudrun.local/holder:{hashlib.sha256(content).hexdigest()[:12]}"
        try:
            inspect_image(api, self._image)
        except docker.errors.ImageNotFound:
            repository, _, tag = self._image.rpartition(":")
            tar = docker_hold.image_tar(content)
            change = f'ENTRYPOINT ["{docker_hold.PATH}"]'
            api.import_image_from_data(tar, repository=repository, tag=tag, changes=[change])
        config = (api.inspect_network(self._network)["IPAM"]["Config"] or [{}])[0]
        is_docker = any(part.get("Name") == DOCKER for part in version.get("Components") or ())
        self._own = _upper_half(config["Subnet"]) if is_docker and "IPRange" in config else None
        return str(config.get("Gateway", "")), str(config.get("Subnet", ""))

    def _make_network(self) -> None:
        """A bridge. The engine finds addresses that nobody uses, and gives out the lower half; we give out the upper,
        so that none comes back while somebody may still send to whoever had it before."""
        api = self._engine.api
        made: dict[str, Any] = {"driver": "bridge", "labels": {labels.HOME: self._home}, "check_duplicate": True}
        api.create_network(self._network, **made)
        config = api.inspect_network(self._network)["IPAM"]["Config"]
        try:
            subnet = IPv4Network(config[0]["Subnet"])
        except (IndexError, KeyError, ValueError):  # an engine with other addresses: then all of them are its own
            return
        lower, _ = subnet.subnets()
        pool = docker.types.IPAMPool(str(subnet), iprange=str(lower), gateway=config[0].get("Gateway"))
        api.remove_network(self._network)
        try:
            api.create_network(self._network, ipam=docker.types.IPAMConfig(pool_configs=[pool]), **made)
        except docker.errors.APIError:  # somebody else has them by now
            api.create_network(self._network, **made)

    def _waiting(self, used: set[str]) -> list[Holder]:
        api = self._engine.api
        rows = api.containers(all=True, filters=labels.filters(self._home, labels.KIND_HOLDER))
        waiting = []
        for container in (str(row["Id"]) for row in rows):
            if container in used:
                continue
            state = api.inspect_container(container)
            said = state["Config"]["Labels"]
            whose = {labels.PORT, labels.CONTAINERS} & set(said) or said.get(labels.WAYS, "") != self._ways_label
            if state["State"]["Running"] and not whose:
                waiting.append(Holder(container, self._address(state, 0)))
            else:
                remove(api, container)
        return waiting

    def _make(self, ports: tuple[int, ...] = (), names: tuple[str, ...] = ()) -> Holder:
        for _ in range(TRIES - 1):
            try:
                return self._run(ports, names)
            except docker.errors.APIError as error:
                if not is_hiccup(error):
                    raise
        return self._run(ports, names)

    def _run(self, ports: tuple[int, ...], names: tuple[str, ...]) -> Holder:
        """Create and start a holder; ports are published on this machine's loopback, names mean the loopback inside.
        With either it can serve only the one it was made for."""
        api = self._engine.api
        named = {labels.HOME: self._home, labels.KIND: labels.KIND_HOLDER}
        named |= {labels.WAYS: self._ways_label} if self.ways else {}
        named |= {labels.PORT: str(ports[0])} if ports else {}
        named |= {labels.CONTAINERS: ",".join(names)} if names else {}
        options: dict[str, Any] = {"port_bindings": dict.fromkeys(ports, (LOOPBACK, None))} if ports else {}
        host = api.create_host_config(
            network_mode=self._network,
            cap_drop=["ALL"],
            cap_add=["NET_ADMIN"],
            security_opt=["no-new-privileges"],
            read_only=True,
            mem_limit="16m",
            pids_limit=4,
            extra_hosts={**self._names(), **dict.fromkeys(names, LOOPBACK)},
            log_config=docker.types.LogConfig(type="none"),
            dns=[docker_hold.METADATA_ADDRESS] if self.ways else None,  # as on Google Cloud
            **options,
        )
        container = api.create_container(
            self._image,
            hostname=HOSTNAME,
            labels=named,
            host_config=host,
            ports=list(ports) or None,
        )["Id"]
        try:
            api.start(container)
            port = ports[0] if ports else 0
            state = api.inspect_container(container)
            if self.ways and not port:
                address = self._address(state, 0)
                docker_ways.lay(self.ways, state["State"]["Pid"], self.gateway, address, loopback=not names)
            return Holder(container, self._address(state, port), port)
        except Unavailable as error:
            remove(api, container)
            _log.warning("Instances reach the metadata server by their environment only: %s", error.message)
            self.ways = None
            return self._run(ports, names)
        except BaseException:
            remove(api, container)
            raise

    @property
    def _ways_label(self) -> str:
        return "/".join(str(port) for port in astuple(self.ways)) if self.ways else ""

    def _address(self, state: Mapping[str, Any], port: int) -> str:
        if not port:
            return str(state["NetworkSettings"]["Networks"][self._network]["IPAddress"])
        return f"{LOOPBACK}:{state['NetworkSettings']['Ports'][f'{port}/tcp'][0]['HostPort']}"

    def _names(self) -> dict[str, str]:
        return {"host.docker.internal": "host-gateway", **self._hosts}

    def published(self, container: str, port: int) -> str:
        """Where a port of a holder is published on this machine. Raises Unavailable when it is not. Blocking."""
        found = self._engine.api.inspect_container(container)["NetworkSettings"]["Ports"].get(f"{port}/tcp")
        if not found:
            raise Unavailable(f"Port {port} of the instance cannot be reached from this machine.")
        return f"{LOOPBACK}:{found[0]['HostPort']}"

    def _remove_network(self) -> None:
        """Remove it, as soon as the last container has really left it."""
        deadline = time.monotonic() + LEAVING
        while True:
            try:
                return self._engine.api.remove_network(self._network)
            except docker.errors.NotFound:
                return None
            except docker.errors.APIError as error:
                if error.status_code != 403 or time.monotonic() > deadline:  # 403: it has active endpoints
                    raise
                time.sleep(0.1)


def remove(api: docker.APIClient, container: str) -> None:
    """Remove a container with its anonymous volumes, running or not. One that is gone, or just going, is fine."""
    try:
        api.remove_container(container, force=True, v=True)
    except docker.errors.NotFound:
        pass
    except docker.errors.APIError as error:
        if error.status_code != 409:  # 409: somebody else's removal is in progress
            raise


def _upper_half(subnet: str) -> Iterator[IPv4Address]:
    """Its addresses one after the other, over and over, from anywhere in the middle."""
    _, upper = IPv4Network(subnet).subnets()
    last = upper.num_addresses - 1  # which is the broadcast address
    return (upper[number % last] for number in itertools.count(secrets.randbelow(last)))


def _is_own_address(address: str) -> bool:
    """Whether this machine has the address itself: then the bridge is here, and so are the containers' addresses."""
    if not address:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
