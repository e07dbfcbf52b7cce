"""The names of services for instances that are processes: an /etc/hosts of their own, kept as the services are.

The file is written in place: what has it mounted goes on seeing it. Only root can give processes one of their own.
"""

from collections.abc import Mapping
from pathlib import Path

from cloudrun_cli.core.addresses import host
from cloudrun_cli.core.resources import ServiceRef
from cloudrun_cli.dataplane.routes import ServiceRoute

LOOPBACK = "127.0.0.1"
SYSTEM = Path("/etc/hosts")
ALWAYS = ("run.localhost", "oauth2.localhost", "iamcredentials.localhost", "secretmanager.localhost")


class HostsFile:
    """`path` is the file; `system` is what it begins with."""

    def __init__(self, path: Path, system: Path = SYSTEM) -> None:
        self._path, self._system = path, system
        self._names: dict[ServiceRef, tuple[str, ...]] = {}
        self._written = ""

    def note(self, services: Mapping[ServiceRef, ServiceRoute | None]) -> None:
        """These are so from now on; None is gone."""
        for ref, route in services.items():
            if route is None:
                self._names.pop(ref, None)
            else:
                self._names[ref] = _names(route)
        self._write()

    def _write(self) -> None:
        lines = [f"{LOOPBACK} {name}" for names in (ALWAYS, *self._names.values()) for name in names]
        system = self._system.read_text() if self._system.exists() else ""
        text = "\n".join((system.rstrip("\n"), *lines, ""))
        if text == self._written:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("r+" if self._path.exists() else "w") as file:
            file.write(text)
            file.truncate()
        self._written = text


def _names(route: ServiceRoute) -> tuple[str, ...]:
    """Its own, and those of its tags."""
    ref = route.ref
    return tuple(host(ref.name, route.number, ref.region, tag) for tag in (None, *sorted(route.tags)))
