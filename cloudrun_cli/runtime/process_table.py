"""What the system knows about processes: whether one is still itself, who belongs to it, what it uses and listens on.

Linux tells by /proc; elsewhere `ps` answers the first question and the others stay empty.
"""

import os
import socket
import struct
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cloudrun_cli.runtime.base import Listening
from cloudrun_cli.runtime.keeper import start_time as _linux_start_time

PROC = Path("/proc")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")  # per second of CPU
LISTEN = "0A"  # Source: linux/net/tcp_states.h, TCP_LISTEN


@dataclass(frozen=True, slots=True)
class Process:
    """One line of the process table."""

    pid: int
    state: str  # one letter; Z has ended and waits for its parent
    parent: int
    group: int
    session: int
    rss_bytes: int
    cpu_seconds: float = 0.0  # its own, and that of its ended children it has waited for


def start_time(pid: int) -> str:
    """When this process began, in a form that tells it from an earlier one of the same number; empty: no process."""
    if PROC.is_dir():
        return _linux_start_time(pid)
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip().replace(":", ".").replace(" ", "_")


def runs(handle: str) -> bool:
    """Whether the process of a handle (`PID:START`) is still that process and has not ended."""
    if not is_there(handle):
        return False
    found = _process(int(handle.partition(":")[0])) if PROC.is_dir() else None
    return found is None or found.state not in "ZX"


def is_there(handle: str) -> bool:
    """Whether the process of a handle is still in the table, ended or not."""
    pid, _, started = handle.partition(":")
    if not pid:
        return False
    now = start_time(int(pid))
    return bool(now) and (not started or now == started)


def is_stopped(handle: str) -> bool:
    """Whether the process of a handle stands still after SIGSTOP; False where the system does not tell."""
    pid = handle.partition(":")[0]
    found = _process(int(pid)) if pid and PROC.is_dir() else None
    return found is not None and found.state in "Tt" and runs(handle)


def members(pid: int, folder: Path) -> list[Process]:
    """Everything alive that an instance started: its session, and what left the session but kept its environment."""
    if not PROC.is_dir():
        return []
    return [p for p in everything() if p.state not in "ZX" and belongs(p, pid, folder)]


def belongs(process: Process, pid: int, folder: Path) -> bool:
    """Whether a process is one of the instance that `pid` leads."""
    return pid in (process.pid, process.group, process.session) or _bears(process.pid, os.fsencode(folder) + b"/")


def memory_bytes(processes: Iterable[Process], limit: int) -> int:
    """What they use together. Resident pages that they share are counted once, if the rough sum passes `limit`."""
    group = list(processes)
    rough = sum(p.rss_bytes for p in group)
    if rough <= limit:
        return rough
    return sum(_proportional(p) for p in group)


def listening(pids: Iterable[int]) -> list[Listening]:
    """The TCP sockets that these processes accept connections on."""
    wanted = {inode for pid in pids for inode in socket_inodes(pid)}
    found = [
        socket_
        for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6))
        for inode, socket_ in _listeners(table, family)
        if inode in wanted
    ]
    return sorted(set(found), key=lambda s: (s.port, s.host))


def socket_inodes(pid: int) -> Iterator[str]:
    """The sockets that a process has open, by their inodes."""
    folder = PROC / str(pid) / "fd"
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return
    for name in names:
        try:
            target = os.readlink(folder / name)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # closed meanwhile, or not ours to see
        if target.startswith("socket:["):
            yield target[8:-1]


def everything() -> Iterator[Process]:
    """Every process there is, where the system tells."""
    for name in os.listdir(PROC):
        if name.isdigit() and (found := _process(int(name))):
            yield found


def _process(pid: int) -> Process | None:
    try:
        stat = (PROC / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(b")")[2].split()
    parent, group, session = (int(field) for field in fields[1:4])
    cpu_seconds = sum(int(field) for field in fields[11:15]) / TICKS
    return Process(pid, fields[0].decode(), parent, group, session, int(fields[21]) * PAGE_BYTES, cpu_seconds)


def _bears(pid: int, mark: bytes) -> bool:
    """Whether HOME or TMPDIR of a process lies in an instance's folder."""
    try:
        environ = (PROC / str(pid) / "environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False  # gone, or somebody else's
    return any(v.startswith((b"HOME=" + mark, b"TMPDIR=" + mark)) for v in environ.split(b"\0"))


def _proportional(process: Process) -> int:
    try:
        text = (PROC / str(process.pid) / "smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return process.rss_bytes
    line = next((line for line in text.splitlines() if line.startswith("Pss:")), None)
    return int(line.split()[1]) * 1024 if line else process.rss_bytes


def _listeners(table: str, family: socket.AddressFamily) -> Iterator[tuple[str, Listening]]:
    """Inode and address of every listening socket of one table."""
    file = PROC / "net" / table
    if not file.exists():
        return
    for line in file.read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == LISTEN:
            address, _, port = fields[1].partition(":")
            words = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
            yield fields[9], Listening(socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words)), int(port, 16))
