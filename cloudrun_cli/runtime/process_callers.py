"""Which process is at the other end of a connection on this machine, as Linux tells it."""

import socket
import struct
from pathlib import Path

from cloudrun_cli.runtime.process_table import PROC, belongs, everything, runs, socket_inodes

_ESTABLISHED = "01"  # Source: linux/net/tcp_states.h


def knows() -> bool:
    """Whether this system tells."""
    return (PROC / "net" / "tcp").exists()


def inode_of(peer: tuple[str, int]) -> str:
    """The socket whose own address this is, on a connection that stands; empty: none of this machine's."""
    host, port = peer
    wanted = {_hex(host, port), _hex(f"::ffff:{host}", port)}
    for table in ("tcp", "tcp6"):
        try:
            lines = (PROC / "net" / table).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            fields = line.split()
            if fields[1] in wanted and fields[3] == _ESTABLISHED:
                return fields[9]
    return ""


def instance_of(instances: Path, peer: tuple[str, int]) -> str | None:
    """The id of the instance, of those with a folder in `instances`, whose process has the connection open at its own
    end; None: it is nobody's of them."""
    inode = inode_of(peer)
    caller = next((one for one in everything() if inode in socket_inodes(one.pid)), None) if inode else None
    if caller is None:
        return None
    for folder in instances.glob("*/"):
        try:
            handle = (folder / "pid").read_text()
        except FileNotFoundError:
            continue  # not started yet, or gone
        if runs(handle) and belongs(caller, int(handle.partition(":")[0]), folder):
            return folder.name
    return None


def _hex(host: str, port: int) -> str:
    """An address as /proc/net/tcp writes it: words in this machine's byte order."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    packed = socket.inet_pton(family, host)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"
