"""The own port of a service that is about to be made: one that nobody has, neither here nor on the machine."""

import os
import socket

from cloudrun_cli.core import doors
from cloudrun_cli.core.resources import ServiceRef
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store


def choose(store: Store, ref: ServiceRef) -> int:
    """The port. Raises FailedPrecondition when there is none left."""
    return doors.choose(os.path.dirname(store.path), str(ref), service_rows.doors(store), _is_free)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
