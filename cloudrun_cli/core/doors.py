"""The port of its own that every service has on 127.0.0.1, stable for its life."""

import hashlib
from collections.abc import Callable, Container

from cloudrun_cli.core.errors import FailedPrecondition

FIRST, LAST = 20000, 29999  # below the ports that systems hand out by themselves


def choose(home: str, service: str, taken: Container[int], is_free: Callable[[int], bool]) -> int:
    """A port that no service of this home has and that is free now; two homes begin to look in different places.
    Raises FailedPrecondition when there is none."""
    size = LAST - FIRST + 1
    start = int.from_bytes(hashlib.sha256(f"{home}\n{service}".encode()).digest()[:4], "big") % size
    for step in range(size):
        port = FIRST + (start + step) % size
        if port not in taken and is_free(port):
            return port
    raise FailedPrecondition(f"No free port from {FIRST} to {LAST} for the service [{service}].")
