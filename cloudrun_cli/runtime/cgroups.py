"""A control group as the kernel shows it: what its processes have used, and whether they may go on.

Both generations are spoken. Freezing takes well under a millisecond and needs no engine; it is there for whoever may
write the group. Sources: kernel.org, admin-guide/cgroup-v2, cgroup-v1/freezer-subsystem, cpuacct and memory.
"""

import asyncio
import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from cloudrun_cli.core.errors import Unavailable
from cloudrun_cli.runtime.base import Usage

SYSTEM = Path("/sys/fs/cgroup")
PROC = Path("/proc")
FREEZE_SECONDS = 2.0  # until every process has stopped; it takes well under a millisecond
LOOK_SECONDS = 0.001  # between two looks whether they have


@dataclass(frozen=True, slots=True)
class Group:
    """The folders of one group, by what they tell; v2: all the same. None: not there."""

    version: int
    memory: Path | None
    cpu: Path | None
    freezer: Path | None

    @property
    def freezable(self) -> bool:
        """Whether this process may freeze it."""
        return self.freezer is not None and os.access(self._freeze_file(self.freezer), os.W_OK)

    @property
    def frozen(self) -> bool:
        """Whether nothing in it goes on; a group that is gone is not frozen."""
        if self.freezer is None:
            return False
        with contextlib.suppress(OSError):
            if self.version == 2:
                return "frozen 1" in (self.freezer / "cgroup.events").read_text()
            return (self.freezer / "freezer.state").read_text().strip() == "FROZEN"
        return False

    @property
    def killed(self) -> bool:
        """Whether a process in it was sent SIGKILL, or none is left. In the first generation a frozen process does not
        end by that, so nobody would hear of its end before it is thawed."""
        if self.version == 2 or self.freezer is None:
            return False
        try:
            pids = (self.freezer / "cgroup.procs").read_text().split()
        except OSError:
            return False
        return not pids or any(_is_killed(PROC / pid / "status") for pid in pids)

    async def freeze(self) -> None:
        """Let nothing in it go on; returns once it stands still, or is gone. Raises Unavailable, with all of it going
        on, when it does not come to a stand."""
        deadline = time.monotonic() + FREEZE_SECONDS
        while self._write(frozen=True) and not self.frozen:  # v1 may need to be told more than once
            if time.monotonic() > deadline:
                self.thaw()
                raise Unavailable(f"The control group {self.freezer} does not come to a stand.")
            await asyncio.sleep(LOOK_SECONDS)

    def thaw(self) -> None:
        """Let all of it go on; nothing happens when it does, or is gone."""
        self._write(frozen=False)

    def usage(self) -> Usage | None:
        """What it uses: CPU from its beginning, memory without file pages that can be dropped. None: not to be read."""
        if self.memory is None or self.cpu is None:
            return None
        try:
            if self.version == 2:
                cpu_seconds = _value(self.cpu / "cpu.stat", "usage_usec") / 1e6
                used, droppable = "memory.current", "inactive_file"
            else:
                cpu_seconds = int((self.cpu / "cpuacct.usage").read_text()) / 1e9
                used, droppable = "memory.usage_in_bytes", "total_inactive_file"
            cached = _value(self.memory / "memory.stat", droppable)
            return Usage(cpu_seconds, max(0, int((self.memory / used).read_text()) - cached))
        except OSError:
            return None

    def _freeze_file(self, folder: Path) -> Path:
        return folder / ("cgroup.freeze" if self.version == 2 else "freezer.state")

    def _write(self, *, frozen: bool) -> bool:
        """Whether it could be told so: one that is gone cannot."""
        if self.freezer is None:
            return False
        words = ("0", "1") if self.version == 2 else ("THAWED", "FROZEN")
        try:
            self._freeze_file(self.freezer).write_text(words[frozen])
        except (FileNotFoundError, ProcessLookupError):
            return False
        except OSError as error:
            if self.freezer.exists():
                raise Unavailable(f"The control group {self.freezer} cannot be written: {error.strerror}.") from error
            return False
        return True


def of_process(pid: int, name: str, *, system: Path = SYSTEM, proc: Path = PROC) -> Group | None:
    """The group that a process is in, when `name` is in its path; None where it cannot be seen from here."""
    try:
        lines = (proc / str(pid) / "cgroup").read_text().splitlines()
    except OSError:
        return None
    folders: dict[str, Path] = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if name in path:
            folders |= {one: (system / one / path.lstrip("/")) for one in controllers.split(",") if one}
            if not controllers:
                folders[""] = system / path.lstrip("/")
    if (system / "cgroup.controllers").exists():
        own = _there(folders.get(""))
        return Group(2, own, own, own) if own else None
    memory, cpu, freezer = (_there(folders.get(one)) for one in ("memory", "cpuacct", "freezer"))
    return Group(1, memory, cpu, freezer) if memory or cpu or freezer else None


def _is_killed(status: Path) -> bool:
    try:
        lines = status.read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return False
    pending = (int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd:", "ShdPnd:")))
    return any(signals >> (signal.SIGKILL - 1) & 1 for signals in pending)


def _there(folder: Path | None) -> Path | None:
    return folder if folder is not None and folder.is_dir() else None


def _value(file: Path, key: str) -> int:
    """The number beside a word in a file of such lines; 0 when it is not in it."""
    for line in file.read_text().splitlines():
        word, _, number = line.partition(" ")
        if word == key:
            return int(number)
    return 0
