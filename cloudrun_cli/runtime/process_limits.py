"""How much of the machine an instance may use: control groups where we may make them, else a watchful eye.

Both generations are spoken: v2 as a delegated or root folder with the memory and cpu controllers, v1 as a folder in
each of the two hierarchies. Where neither can be written, memory is watched from outside and CPU is not bounded.
Sources: kernel.org, admin-guide/cgroup-v2 and admin-guide/cgroup-v1.
"""

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cloudrun_cli.runtime.cgroups import Group
from cloudrun_cli.runtime.keeper import put, take

SYSTEM = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
PERIOD_US = 100_000  # of CPU accounting, in which an instance gets its share
FILE_DESCRIPTORS = 25_000  # Source: container runtime contract (there for the whole container, here per process)


@dataclass(frozen=True, slots=True)
class Controllers:
    """Where groups can be made. v2: all are the same folder. None: that resource cannot be bounded, measured or, by
    `freezer`, taken away for a while."""

    version: int
    memory: Path | None
    cpu: Path | None
    cpuacct: Path | None = None
    freezer: Path | None = None


def find_controllers(system: Path = SYSTEM, own: Path = OWN) -> Controllers:
    """The folders that this user may make control groups in."""
    if (system / "cgroup.controllers").exists():
        for parent in _v2_parents(system, own):
            offered = (parent / "cgroup.controllers").read_text().split()
            if _writable(parent) and "memory" in offered:
                return Controllers(2, parent, parent if "cpu" in offered else None, parent, parent)
        return Controllers(2, None, None)
    wanted = (system / name for name in ("memory", "cpu", "cpuacct", "freezer"))
    return Controllers(1, *(folder if _writable(folder) else None for folder in wanted))


class Groups:
    """The control groups of one home: one per instance, below one of its own."""

    def __init__(self, home: str, controllers: Controllers) -> None:
        self._at = controllers
        self._name = f"cloudrun-{hashlib.sha256(home.encode()).hexdigest()[:12]}"  # a home's name may be a path

    @property
    def bounds_memory(self) -> bool:
        """Whether the kernel holds the memory limit."""
        return self._at.memory is not None

    @property
    def bounds_cpu(self) -> bool:
        """Whether the kernel holds the CPU limit."""
        return self._at.cpu is not None

    @property
    def freezes(self) -> bool:
        """Whether the kernel can hold an instance still without its knowing."""
        return self._at.freezer is not None

    def create(self, instance: str, *, cpu_millis: int, memory_bytes: int, idles: bool = True) -> list[str]:
        """Make the groups of an instance; the files that its first process writes itself into. One that never `idles`,
        as a task's, is neither measured nor frozen."""
        quota = cpu_millis * PERIOD_US // 1000
        if self._at.version == 2:
            return self._create_v2(instance, quota, memory_bytes)
        joins = []
        if self._at.memory:
            group = self._folder(self._at.memory, instance)
            put(f"{group}/memory.limit_in_bytes", str(memory_bytes))
            with contextlib.suppress(FileNotFoundError):  # where swap is not counted
                put(f"{group}/memory.memsw.limit_in_bytes", str(memory_bytes), os.O_WRONLY)
            joins.append(f"{group}/cgroup.procs")
        if self._at.cpu:
            group = self._folder(self._at.cpu, instance)
            put(f"{group}/cpu.cfs_period_us", str(PERIOD_US))
            put(f"{group}/cpu.cfs_quota_us", str(quota))
            joins.append(f"{group}/cgroup.procs")
        for base in (self._at.cpuacct, self._at.freezer):
            if base and idles:
                joins.append(f"{self._folder(base, instance)}/cgroup.procs")
        return joins

    def limit_cpu(self, instance: str, cpu_millis: int) -> None:
        """From now on it may use so much CPU; nothing happens where that is not bounded."""
        if not self._at.cpu:
            return
        group, quota = self._at.cpu / self._name / instance, cpu_millis * PERIOD_US // 1000
        with contextlib.suppress(FileNotFoundError):
            if self._at.version == 2:
                (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
            else:
                (group / "cpu.cfs_quota_us").write_text(str(quota))

    def group(self, instance: str) -> Group:
        """What can be seen of an instance, and how it is frozen."""
        own = (base / self._name / instance if base else None for base in self._measured)
        return Group(self._at.version, *own)

    @property
    def _measured(self) -> tuple[Path | None, Path | None, Path | None]:
        return self._at.memory, self._at.cpuacct, self._at.freezer

    def kills(self, instance: str) -> int:
        """How often the kernel killed something in this instance for its memory."""
        if not self._at.memory:
            return 0
        file = "memory.events" if self._at.version == 2 else "memory.oom_control"
        try:
            lines = take(f"{self._at.memory}/{self._name}/{instance}/{file}").decode().splitlines()
        except FileNotFoundError:
            return 0
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)

    def members(self, instance: str) -> list[int]:
        """The processes in the group that bounds the instance's memory: all of the instance's, wherever they went."""
        if not self._at.memory:
            return []
        try:
            return [int(pid) for pid in take(f"{self._at.memory}/{self._name}/{instance}/cgroup.procs").split()]
        except FileNotFoundError:
            return []

    def remove(self, instance: str) -> bool:
        """Take the groups of an instance away. False: something in them has not quite ended yet."""
        gone = True
        for base in self._bases():
            try:
                os.rmdir(f"{base}/{self._name}/{instance}")
            except FileNotFoundError:
                pass
            except OSError:  # in use
                gone = False
        return gone

    def remove_home(self) -> None:
        """Take away every group of this home that nothing is in."""
        for base in self._bases():
            for folder in (*(base / self._name).glob("*/"), base / self._name):
                with contextlib.suppress(OSError):  # not there, or in use
                    folder.rmdir()

    def _bases(self) -> set[Path]:
        return {folder for folder in (self._at.memory, self._at.cpu, self._at.cpuacct, self._at.freezer) if folder}

    def _create_v2(self, instance: str, quota: int, memory_bytes: int) -> list[str]:
        if not self._at.memory:
            return []
        wanted = "+memory +cpu" if self._at.cpu else "+memory"
        home = self._at.memory / self._name
        home.mkdir(exist_ok=True)
        for folder in (self._at.memory, home):
            (folder / "cgroup.subtree_control").write_text(wanted)
        group = self._folder(self._at.memory, instance)
        put(f"{group}/memory.max", str(memory_bytes))
        for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            with contextlib.suppress(FileNotFoundError):
                put(f"{group}/{name}", value, os.O_WRONLY)
        if self._at.cpu:
            put(f"{group}/cpu.max", f"{quota} {PERIOD_US}")
        return [f"{group}/cgroup.procs"]

    def _folder(self, base: Path, instance: str) -> str:
        folder = f"{base}/{self._name}/{instance}"
        try:
            os.mkdir(folder)
        except FileNotFoundError:  # the first of the home
            os.makedirs(folder, exist_ok=True)
        except FileExistsError:
            pass
        return folder


def isolation_notes(groups: Groups) -> list[str]:
    """What plain processes on this machine do not hold apart, in sentences for people."""
    notes = [
        "Instances run as this user, on this machine's own file system and network: they are not a sandbox.",
        "Instances of a revision share its files; what they write there stays. HOME and TMPDIR are an instance's own.",
        "Files that an instance writes do not count as its memory.",
        "An instance that listens on 0.0.0.0 can be reached from outside this machine.",
    ]
    if not groups.bounds_memory:
        notes.append("Memory is checked every second instead of being bounded by a control group.")
    if not groups.freezes:
        notes.append("CPU is taken from an idle instance by SIGSTOP and given back by SIGCONT.")
    if not groups.bounds_cpu:
        notes.append("CPU limits are not enforced: no control group can be made here.")
    return notes


def _v2_parents(system: Path, own: Path) -> list[Path]:
    """The root, and beside the group this process is in: that one has members, so it cannot hand its controllers on."""
    lines = own.read_text().splitlines() if own.exists() else []
    mine = next((line[3:] for line in lines if line.startswith("0::")), "/")
    beside = (system / mine.lstrip("/")).parent
    return [system] if beside in (system, system.parent) else [system, beside]


def _writable(folder: Path) -> bool:
    """Whether a group can be made there, found by making one: a read-only mount does not show in the permissions."""
    if not os.access(folder / "cgroup.procs", os.W_OK):
        return False
    probe = folder / f"cloudrun-probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True
