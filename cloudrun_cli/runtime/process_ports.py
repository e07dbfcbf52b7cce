"""Ports of this machine for instances that are plain processes."""

import random
import socket
from collections.abc import Collection

from cloudrun_cli.core.errors import StartFailed

PORTS = range(30_000, 32_768)  # above the services' own, below those that systems hand out for outgoing connections


class Ports:
    """Goes round, so that a port is used again as late as possible."""

    def __init__(self) -> None:
        self._next = random.randrange(len(PORTS))

    def free(self, taken: Collection[int]) -> int:
        """A port that nobody listens on and that is not taken. Raises StartFailed."""
        for _ in PORTS:
            self._next = (self._next + 1) % len(PORTS)
            port = PORTS[self._next]
            if port not in taken and _bindable(port):
                return port
        raise StartFailed(f"No port is free between {PORTS.start} and {PORTS.stop}.", hint="End some programs.")


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
