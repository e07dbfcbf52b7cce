"""Ports: whether one is free, and if not, who has it."""

import errno
import os
import socket
from pathlib import Path

from cloudrun_cli.core.errors import FailedPrecondition


def check_free(host: str, port: int, setting: str) -> None:
    """Raises FailedPrecondition, naming the owner where that can be known, when nobody else may listen there.
    `setting` is the property that chooses the port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)  # a second Envoy could bind: only listening shows it
        except OSError as error:
            raise FailedPrecondition(
                _why(error, host, port),
                field=setting,
                hint=f"Choose another port: cloudrun config set {setting} PORT, or set {variable(setting)}.",
            ) from error


def variable(setting: str) -> str:
    """The environment variable that overrides the property of a port: CLOUDRUN_HTTP_PORT for emulator/http_port."""
    return f"CLOUDRUN_{setting.partition('/')[2].upper()}"


def owner(port: int) -> str | None:
    """`pid 123 (command line)` of whoever listens on a TCP port here. None when that cannot be seen."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        try:
            with os.scandir(process / "fd") as files:
                mine = any(_target(entry.path) in inodes for entry in files)
            if mine:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
                return f"pid {process.name} ({command[:80]})"
        except OSError:  # it ended while we looked, or is somebody else's
            continue
    return None


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        who = owner(port)
        return f"Port {port} on {host} is in use" + (f" by {who}." if who else ".")
    if error.errno == errno.EACCES:
        return f"Port {port} on {host} is not allowed for this user."
    return f"Port {port} on {host} cannot be opened: {error.strerror}."


def _listening_inodes(port: int) -> frozenset[str]:
    inodes = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:  # not Linux
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.append(f"socket:[{fields[9]}]")
    return frozenset(inodes)


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:  # closed meanwhile
        return ""
