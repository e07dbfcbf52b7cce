"""What a process of this machine listens on, seen from outside its network namespace."""

import ipaddress
import struct
from collections.abc import Iterator
from pathlib import Path

from cloudrun_cli.runtime.base import Listening

ENGINE_RESOLVER = "127.0.0.11"  # the engine's own name server listens there in every namespace of a user network
_LISTEN = "0A"  # Source: linux/tcp_states.h


def listening(pid: int) -> list[Listening]:
    """The TCP sockets that listen in the network namespace of a process, by port; empty when it is gone."""
    found: set[tuple[int, str]] = set()
    for table in ("tcp", "tcp6"):
        try:
            text = Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii")
        except OSError:
            continue
        found |= {(port, host) for host, port in parse(text)}
    return [Listening(host, port) for port, host in sorted(found) if host != ENGINE_RESOLVER]


def parse(table: str) -> Iterator[tuple[str, int]]:
    """Address and port of every listening row of /proc/net/tcp or tcp6."""
    for row in table.splitlines()[1:]:
        fields = row.split()
        if fields[3] == _LISTEN:
            address, _, port = fields[1].partition(":")
            yield _address(address), int(port, 16)


def _address(text: str) -> str:
    """Words of 32 bits, each in the machine's order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    return str(ipaddress.ip_address(struct.pack(f"={len(words)}I", *words)))
