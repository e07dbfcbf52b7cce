"""One instance as its folder tells: who it is, whether it runs, what belongs to it, how it ended.

instances/ID/   instance.json (who it is), pid (PID:START, so that a later process of the same number is never taken
                for it), exit.json (how it ended), stdout, stderr, marks, home/ and tmp/ (its HOME and TMPDIR)
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import time
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from cloudrun_cli.core.errors import Unavailable, Unimplemented
from cloudrun_cli.runtime import process_table
from cloudrun_cli.runtime.base import Exit, ExitCause, Instance, InstanceSpec, Listening, Usage
from cloudrun_cli.runtime.keeper import take, write
from cloudrun_cli.runtime.process_limits import Groups
from cloudrun_cli.runtime.process_logs import Output

logger = logging.getLogger(__name__)

ORPHAN_SECONDS = 1.0  # for a keeper to write down an end; one that was killed never does

ON_DOCKER = "Run it on Docker: cloudrun config set run/runtime docker"


@dataclass(slots=True)
class Known:
    """An instance whose folder is there. `exit` is set once, when its end was noticed, and `done` with it."""

    instance: Instance
    folder: Path
    memory_bytes: int
    groups: Groups
    output: Output
    bounded: bool = False  # by the kernel
    stopping: bool = False  # its end is no news
    stopped: set[int] | None = None  # its processes that SIGSTOP was sent to; None: another runtime may have done so
    used_bytes: int | None = None  # above its limit, when that was seen from outside
    defunct_since: float | None = None  # it has ended, and nobody has written down how
    exit: Exit | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        """Its id."""
        return self.instance.id

    def started(self, handle: str) -> Instance:
        """Take the handle that the keeper gave it."""
        self.instance = replace(self.instance, handle=handle)
        self.bounded = _pid(handle) in self.groups.members(self.name) or (self._has_group and not self.runs())
        return self.instance

    def runs(self) -> bool:
        """Whether its main process is still there."""
        return process_table.runs(self._handle)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and how is written down or will never be: a keeper writes before the process leaves
        the table, so one that has left it is over; one that has ended and stays there may be an orphan."""
        if self.runs():
            return False
        if self.end_is_written or not process_table.is_there(self._handle):
            return True
        self.defunct_since = self.defunct_since or time.monotonic()
        return time.monotonic() > self.defunct_since + ORPHAN_SECONDS

    def members(self) -> list[int]:
        """All its processes. Without control groups: its session, and what still has its HOME or TMPDIR."""
        if self.bounded:
            return self.groups.members(self.name)
        if not self._handle:
            return []
        return [process.pid for process in process_table.members(_pid(self._handle), self.folder)]

    async def squeeze(self) -> None:
        """Let nothing of it go on. Raises Unavailable."""
        if self._in_freezer:
            await self.groups.group(self.name).freeze()
            if self.stopping:  # since then
                self.release()
            return
        await asyncio.to_thread(self._stop)  # the process table may be long
        if self.stopping:
            self.release()

    def _stop(self) -> None:
        self.stopped = set() if self.stopped is None else self.stopped
        if self.runs():
            self._send(_pid(self._handle), signal.SIGSTOP, whole_group=True)
        while left := set(self.members()) - self.stopped:  # it may fork while we look
            self.stopped |= left
            for pid in left:
                self._send(pid, signal.SIGSTOP)

    def release(self) -> None:
        """Let all of it go on. Raises Unavailable when it was killed meanwhile, so that it is about to end."""
        killed = self._was_killed
        self._go_on()
        if killed and not self.stopping:
            raise Unavailable(f"Instance [{self.name}] was killed while it had no CPU.")

    def _go_on(self) -> None:
        self.groups.group(self.name).thaw()
        if self.stopped == set() or not self._handle:
            return
        stopped, self.stopped = self.members() if self.stopped is None else self.stopped, set()
        if self.runs():
            self._send(_pid(self._handle), signal.SIGCONT, whole_group=True)
        for pid in stopped:
            self._send(pid, signal.SIGCONT)

    def let_end(self) -> None:
        """Let it end when it was killed while it stands still: it cannot before it goes on."""
        if self._was_killed:
            self._go_on()

    @property
    def _was_killed(self) -> bool:
        group = self.groups.group(self.name)
        return group.frozen and group.killed

    @property
    def squeezed(self) -> bool:
        """Whether it stands still."""
        return self.groups.group(self.name).frozen or process_table.is_stopped(self._handle)

    def usage(self) -> Usage | None:
        """What it uses; None when that cannot be seen. Without control groups, what processes used that have ended is
        only in it where their parents waited for them."""
        if self._is_in(self.groups.group(self.name).cpu) and (used := self.groups.group(self.name).usage()):
            return used
        if not self._handle or not (members := process_table.members(_pid(self._handle), self.folder)):
            return None
        return Usage(sum(p.cpu_seconds for p in members), process_table.memory_bytes(members, self.memory_bytes))

    @property
    def _has_group(self) -> bool:
        memory = self.groups.group(self.name).memory
        return memory is not None and memory.is_dir()

    @property
    def _in_freezer(self) -> bool:
        return self._is_in(self.groups.group(self.name).freezer)

    def _is_in(self, group: Path | None) -> bool:
        if group is None or not self._handle:
            return False
        try:
            return str(_pid(self._handle)) in (group / "cgroup.procs").read_text().split()
        except OSError:
            return False

    def _send(self, pid: int, number: signal.Signals, *, whole_group: bool = False) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number) if whole_group else os.kill(pid, number)

    def terminate(self) -> None:
        """SIGTERM to its session. Only while the leader is itself: afterwards its number may be another's."""
        if self.runs():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(_pid(self._handle), signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to everything of it that is still there."""
        if self.bounded and self.instance.handle and not self.groups.members(self.name):
            return  # nobody is left
        self.groups.group(self.name).thaw()  # a frozen process of the first generation does not even hear that
        if self.runs():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(_pid(self._handle), signal.SIGKILL)
        killed: set[int] = set()
        while left := set(self.members()) - killed:  # it may fork while we look
            killed |= left
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def over_memory(self) -> int | None:
        """How much it used when that was too much, else None."""
        if self.bounded:
            return self.memory_bytes if self.groups.kills(self.name) else None
        if not self._handle:
            return None
        members = process_table.members(_pid(self._handle), self.folder)
        used = process_table.memory_bytes(members, self.memory_bytes)
        return used if used > self.memory_bytes else None

    def listening(self) -> list[Listening]:
        """The sockets of all its processes."""
        return process_table.listening(self.members())

    @property
    def end_is_written(self) -> bool:
        """Whether the keeper has told how it ended."""
        return (self.folder / "exit.json").exists()

    def how(self) -> Exit:
        """How it ended, as far as that was seen."""
        try:
            seen = json.loads(take(f"{self.folder}/exit.json"))
        except FileNotFoundError:
            return Exit(self.name, ExitCause.REMOVED, at=datetime.now(UTC))
        cause = ExitCause.SIGNALED if "signal" in seen else ExitCause.EXITED
        at = datetime.fromtimestamp(seen["at"], UTC)
        exit = Exit(self.name, cause, seen.get("code"), seen.get("signal"), at=at)
        if self.used_bytes is not None or self.groups.kills(self.name):
            return replace(exit, cause=ExitCause.OUT_OF_MEMORY, memory_bytes=self.used_bytes or self.memory_bytes)
        return exit

    @property
    def _handle(self) -> str:
        """Also in the moment between its start and the keeper's answer."""
        if not self.instance.handle:
            with contextlib.suppress(FileNotFoundError):
                return (self.folder / "pid").read_text()
        return self.instance.handle


def asked_for(spec: InstanceSpec, port: int) -> Instance:
    """The instance of a spec, before it runs. `port` 0: it is to listen nowhere."""
    return Instance(
        id=spec.id,
        project=spec.project,
        region=spec.region,
        service=spec.service,
        revision=spec.revision,
        address=f"127.0.0.1:{port}" if port else "",
        port=port,
        started=datetime.now(UTC),
        runtime="process",
        handle="",
        containers=spec.names,
        zone=spec.zone,
        task=spec.task,
    )


def prepare(folder: Path, instance: Instance, spec: InstanceSpec, groups: Groups) -> tuple[Known, list[str]]:
    """Say in its folder which instance is about to start, and make the control groups that it is to join: none where
    the kernel refuses them, then it is watched instead."""
    values = {one.name: getattr(instance, one.name) for one in fields(instance)}
    values |= {"started": instance.started.isoformat(), "memory_bytes": spec.memory_bytes}
    write(str(folder / "instance.json"), json.dumps(values))
    known = Known(instance, folder, spec.memory_bytes, groups, Output(instance.id, folder))
    try:
        bounds = groups.create(
            instance.id, cpu_millis=spec.cpu_millis, memory_bytes=spec.memory_bytes, idles=not spec.task
        )
    except OSError as error:
        logger.warning("Instance %s is not bounded by the kernel: %s", instance.id, error)
        return known, []
    known.bounded = bool(bounds) and groups.bounds_memory
    return known, bounds


def load(folder: Path, groups: Groups) -> Known | None:
    """The instance of a folder, or None when it was never started or is just being removed."""
    try:
        values = json.loads((folder / "instance.json").read_text())
        values["handle"] = (folder / "pid").read_text()
        memory_bytes = values.pop("memory_bytes")
        values["started"] = datetime.fromisoformat(values["started"])
        values["containers"] = tuple(values.get("containers", ("",)))
        known = Known(Instance(**values), folder, memory_bytes, groups, Output(folder.name, folder))
    except FileNotFoundError:
        return None
    known.bounded = _pid(known.instance.handle) in groups.members(folder.name) or bool(groups.kills(folder.name))
    return known


def check(spec: InstanceSpec) -> None:
    """Nothing when a plain process can be what the spec asks for. Raises Unimplemented naming what it cannot be."""
    if len(spec.names) > 1:
        raise no_sidecars(spec)
    for mount in spec.mounts:
        raise Unimplemented(
            f"Volume [{mount.volume}] cannot be mounted at {mount.path}: the process runtime mounts no volumes.",
            field="volumes",
            hint=ON_DOCKER,
        )


def no_sidecars(spec: InstanceSpec) -> Unimplemented:
    """The refusal of a second container."""
    others = ", ".join(spec.names[1:])
    return Unimplemented(
        f"Containers [{others}] cannot run beside [{spec.names[0]}]: the process runtime runs one container per "
        "instance.",
        field="containers",
        hint=ON_DOCKER,
    )


def _pid(handle: str) -> int:
    return int(handle.partition(":")[0])
