"""Lingering: requests that are over for their client while the app still works on them, and so still fill their slot.

A client that leaves, or a time limit that passes, makes Envoy close its connection to the instance. An HTTP/1 server in
the middle of an answer keeps its own end open until it has finished, and the system tells: for so long, Envoy's end is
half closed. With HTTP/2 the app is told that the request was cancelled, and has a moment to give it up.
"""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress

from cloudrun_cli.dataplane.pools import InstanceSlots

LIMIT_SECONDS = 60.0  # Source: Linux, net.ipv4.tcp_fin_timeout: after that a half closed connection is forgotten
GRACE_SECONDS = 0.1  # for an app to notice that its connection broke off, or that its request was cancelled
LOOK_SECONDS = 0.01  # between two looks, plus EACH_SECONDS for every request that lingers
EACH_SECONDS = 0.0002
LOOKS_OPEN = 3  # so often a connection may be seen open before it is taken for one that goes on to serve others

# States of a connection. Source: Linux, include/net/tcp_states.h
ESTABLISHED, FIN_WAIT1, FIN_WAIT2 = 1, 4, 5
_HALF_CLOSED = frozenset((FIN_WAIT1, FIN_WAIT2))

_SOCK_DIAG, _BY_FAMILY, _REQUEST, _DUMP, _DONE, _ERROR = 4, 20, 1, 0x300, 3, 2  # Source: linux/netlink.h, sock_diag.h
_HEAD = struct.Struct("=IHHII")
_MESSAGE_BYTES = 65536

Connection = tuple[str, str]  # `IP:PORT` of Envoy's end and of the instance's


class Connections:
    """What the system knows about TCP connections over IPv4; elsewhere than on Linux, nothing."""

    def state(self, ours: str, theirs: str) -> int | None:
        """The state of our end; None when there is no such connection."""
        where = _sockets(ours, theirs)
        if where is None:
            return None
        found = self._ask(_REQUEST, 0xFFFFFFFF, where)
        return found[0][1] if found else None  # family, state, …

    def half_closed(self) -> list[Connection]:
        """Every connection that our end has closed and the other has not."""
        states = sum(1 << state for state in _HALF_CLOSED)
        return [_ends(message) for message in self._ask(_REQUEST | _DUMP, states, bytes(48))]

    def _ask(self, flags: int, states: int, where: bytes) -> list[bytes]:
        found: list[bytes] = []
        if sys.platform != "linux":
            return found
        body = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, states) + where
        with (
            suppress(OSError),  # a sandbox without netlink: as if every connection were gone
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as system,
        ):
            system.settimeout(0.2)
            system.send(_HEAD.pack(_HEAD.size + len(body), _BY_FAMILY, flags, 0, 0) + body)
            while True:
                data = system.recv(_MESSAGE_BYTES)
                while data:
                    length, kind = _HEAD.unpack_from(data)[:2]
                    if kind in (_DONE, _ERROR):
                        return found
                    found.append(data[_HEAD.size : length])
                    data = data[(length + 3) & ~3 :]
                if not flags & _DUMP:
                    return found
        return found


class Lingering:
    """The requests that linger. `free` is called once for each, when its slot is free."""

    def __init__(self, free: Callable[[InstanceSlots], None], connections: Connections | None = None) -> None:
        self._free = free
        self._connections = connections or Connections()
        self._held: list[_Held] = []
        self._timer: asyncio.TimerHandle | None = None

    def hold(self, instance: InstanceSlots, ours: str) -> None:
        """A request broke off on this instance. `ours` is Envoy's end of its connection, empty when others share it."""
        instance.lingering += 1
        self._held.append(_Held(instance, ours, asyncio.get_running_loop().time() + LIMIT_SECONDS))
        self._look_later()

    def hold_left_over(self, instances: Iterable[InstanceSlots]) -> None:
        """The same for requests on these that had broken off before anybody here kept account."""
        by_address = {instance.address: instance for instance in instances}
        held = {(one.ours, one.instance.address) for one in self._held}
        for ours, theirs in self._connections.half_closed() if by_address else ():
            if (instance := by_address.get(theirs)) is not None and (ours, theirs) not in held:
                instance.take()
                self.hold(instance, ours)

    def _look_later(self) -> None:
        if self._timer is None and self._held:
            pause = LOOK_SECONDS + EACH_SECONDS * len(self._held)
            self._timer = asyncio.get_running_loop().call_later(pause, self._look)

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        held, self._held = self._held, []
        freed: list[_Held] = []
        for one in held:
            (freed if one.is_over(self._connections, now) else self._held).append(one)
        for one in freed:
            one.instance.lingering -= 1
            self._free(one.instance)
        self._look_later()


class _Held:
    __slots__ = ("_gone_since", "_limit", "_looks", "instance", "ours")

    def __init__(self, instance: InstanceSlots, ours: str, limit: float) -> None:
        self.instance, self.ours, self._limit = instance, ours, limit
        self._gone_since: float | None = None
        self._looks = 0

    def is_over(self, connections: Connections, now: float) -> bool:
        if now >= self._limit:
            return True
        state = connections.state(self.ours, self.instance.address) if self.ours else None
        if state in _HALF_CLOSED:
            return False
        if state is None:
            self._gone_since = self._gone_since or now
            return now >= self._gone_since + GRACE_SECONDS
        self._looks += 1
        return state != ESTABLISHED or self._looks >= LOOKS_OPEN  # the app has closed it, or the answer was whole


def _sockets(ours: str, theirs: str) -> bytes | None:
    """Both ends as the system wants them; None when one is not `IP:PORT` over IPv4."""
    try:
        (our_ip, our_port), (their_ip, their_port) = (end.rsplit(":", 1) for end in (ours, theirs))
        ips = [socket.inet_aton(ip) + bytes(12) for ip in (our_ip, their_ip)]
        return struct.pack("!HH", int(our_port), int(their_port)) + b"".join(ips) + bytes(4) + b"\xff" * 8
    except (ValueError, OSError, struct.error):
        return None


def _ends(message: bytes) -> Connection:
    ours, theirs = struct.unpack_from("!HH", message, 4)
    return f"{socket.inet_ntoa(message[8:12])}:{ours}", f"{socket.inet_ntoa(message[24:28])}:{theirs}"
