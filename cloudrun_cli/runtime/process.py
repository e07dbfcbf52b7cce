"""Instances as plain processes of this machine: what runs when no Docker engine answers.

An instance is a session of its own, started by the home's keeper (`keeper.py`), which outlives the daemon and writes
down how each one ended. Its folder says all there is to know (`process_instance.py`), so a new daemon finds it again.
The folder goes with `stop`, which also answers for an instance that has ended by itself; what is empty of it serves the
next one (`process_folders.py`).
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from operator import attrgetter
from pathlib import Path

from cloudrun_cli.core.errors import ImageNotFound, ImageUnsupported, StartFailed, Unavailable
from cloudrun_cli.runtime import images
from cloudrun_cli.runtime.base import (
    STOP_GRACE,
    Exit,
    ExitCause,
    Image,
    Instance,
    InstanceSpec,
    Listening,
    LogLine,
    Usage,
)
from cloudrun_cli.runtime.process_build import Builder
from cloudrun_cli.runtime.process_folders import Folders
from cloudrun_cli.runtime.process_image import ImageFolder, environment
from cloudrun_cli.runtime.process_instance import Known, asked_for, check, load, no_sidecars, prepare
from cloudrun_cli.runtime.process_keeper import KeeperClient
from cloudrun_cli.runtime.process_limits import Controllers, Groups, find_controllers, isolation_notes
from cloudrun_cli.runtime.process_logs import Watch
from cloudrun_cli.runtime.process_ports import Ports

CHECK_SECONDS = 1.0  # between two looks at the memory of what runs
POLL_SECONDS = 0.1  # where the kernel does not tell of new output, or nobody tells of an end
KILL_SECONDS = 5.0  # for a killed process to disappear
GROUP_SECONDS = 0.01  # between two tries to remove a control group
PURGE_GRACE = timedelta(seconds=2)
LITTLE_BYTES = 1 << 20  # of output, which is removed in no time
ENDS_REMEMBERED = 1000  # of instances already cleaned up
LEFTOVER_SECONDS = 3600.0  # after which the folder of an ended instance that nobody asked about goes

logger = logging.getLogger(__name__)


class ProcessRuntime:
    """Runs instances as processes. `state` is the folder of this runtime in the home; `controllers` says where control
    groups can be made, when that is not to be found out."""

    name = "process"

    def __init__(self, home: str, *, state: Path, controllers: Controllers | None = None) -> None:
        self._instances = state / "instances"
        self._folders = Folders(self._instances, state / "spares")
        self._folder = ImageFolder(state)
        self._builder = Builder(self._folder)
        self._groups = Groups(home, controllers or find_controllers())
        self._keeper = KeeperClient(self._instances, self._told)
        self._known: dict[str, Known] = {}
        self._leaving: set[str] = set()  # their folders are just being removed
        self._past: dict[str, Exit] = {}
        self._listeners: list[asyncio.Queue[Exit]] = []
        self._ports = Ports()
        self._watch: Watch | None = None
        self._checking: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Make the folders, find what runs, and watch it."""
        self._folders.open()
        self._folder.create()
        self._builder.sweep()
        self._watch = Watch()
        await self._keeper.connect(start=False)
        self._adopt()
        self._remove_leftovers()
        self._checking = asyncio.create_task(self._check(), name="process runtime")

    async def close(self) -> None:
        """Let go; what runs goes on running."""
        if self._checking is not None:
            self._checking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._checking
        await self._keeper.close()
        if self._watch is not None:
            self._watch.close()

    def isolation_notes(self) -> list[str]:
        """What this runtime does not hold apart on this machine."""
        return isolation_notes(self._groups)

    # ── images ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def resolve(self, image: str) -> Image:
        """One of the two sample images, or one that was built here; by name or digest."""
        found = self._folder.find(image)
        if found is None:
            raise ImageUnsupported(
                f"Image [{image}] cannot run here: no Docker engine is in use.",
                field="image",
                hint="Start Docker, or deploy the program's source instead: --source DIR",
            )
        await self._keeper.connect()  # it is going to be needed; a cold start need not wait for it
        return found

    async def build(
        self, source: Path, image: str, *, base_image: str, env: Mapping[str, str], log: Callable[[str], None]
    ) -> Image:
        """Build a copy of the folder with the tools of this machine."""
        built = await self._builder.build(source, image, base_image=base_image, env=env, log=log)
        await self._keeper.connect()
        return built

    async def forget(self, digest: str) -> None:
        """Remove a built image and what only it needed."""
        content = images.parse(digest).digest.removeprefix("sha256:")
        if content and self._folder.by_hex(content):
            await asyncio.to_thread(self._folder.forget, content)

    # ── starting and stopping ───────────────────────────────────────────────────────────────────────────────────────

    def check(self, spec: InstanceSpec) -> None:
        """A plain process has no containers beside it and no volumes."""
        check(spec)

    async def start(self, spec: InstanceSpec) -> Instance:
        """Start the image's program, or the spec's, in a folder of its own."""
        check(spec)
        if spec.task and (self._instances / spec.id).exists():
            self._adopt()
            if (earlier := self._known.get(spec.id)) is not None and earlier.instance.handle:
                return earlier.instance
        image = self._folder.find(spec.digest)
        if image is None:
            raise ImageNotFound(f"Image [{spec.digest}] is not here any more.", field="image", hint="Deploy it again.")
        argv = (spec.command or image.entrypoint) + (spec.args or (() if spec.command else image.command))
        port = 0 if spec.task else self._ports.free({known.instance.port for known in self._known.values()})
        instance, folder = asked_for(spec, port), self._folders.make(spec.id)
        known, bounds = prepare(folder, instance, spec, self._groups)
        self._follow(known)
        env = environment(spec, image, known.folder, instance.port)
        cwd = spec.working_dir or image.working_dir
        asked = asyncio.ensure_future(self._keeper.start(spec.id, argv, env, cwd, bounds))
        try:
            started = known.started(await asyncio.shield(asked))
        except BaseException:
            known.stopping = True
            with contextlib.suppress(StartFailed):
                known.started(await asked)  # given up, but it cannot be taken back: it ends once it is there
                known.kill()
                await self._over(known, KILL_SECONDS)
            await self._clean_up(known)
            raise
        if spec.id not in self._known:
            known.kill()
            raise StartFailed(f"Instance [{spec.id}] was stopped while it started.")
        return started

    async def join(self, instance: Instance, spec: InstanceSpec) -> None:
        """Not here: processes share no network of their own. Raises Unimplemented."""
        raise no_sidecars(spec)

    async def stop(self, instance: Instance, *, grace: timedelta = STOP_GRACE) -> Exit:
        """SIGTERM to all of it, SIGKILL after the grace; its folder goes, a task's with the next call."""
        known = self._find(instance.id)
        if known is None:
            return self._past.get(instance.id, Exit(instance.id, ExitCause.REMOVED))
        known.stopping = True
        if ran := not await self._over(known, 0):
            known.release()  # no signal but SIGKILL reaches what stands still
            if grace:
                known.terminate()
            if not grace or not await self._over(known, grace.total_seconds()):
                known.kill()
                if not await self._over(known, KILL_SECONDS):
                    raise Unavailable(f"Instance [{instance.id}] does not end, not even by SIGKILL.")
        assert known.exit is not None
        if not (ran and instance.task):
            await self._clean_up(known)
        return known.exit

    async def purge(self) -> None:
        """End and remove every instance of this home."""
        self._adopt()
        for _ in range(2):  # those of tasks go with the second stop
            await asyncio.gather(*(self.stop(k.instance, grace=PURGE_GRACE) for k in [*self._known.values()]))
        for folder in self._instances.glob("*/"):
            self._folders.remove(folder.name)
        self._groups.remove_home()

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def instances(self) -> list[Instance]:
        """What runs, oldest first."""
        self._adopt()
        its = (k for k in self._known.values() if k.instance.handle and not k.instance.task)
        return sorted((k.instance for k in its if k.exit is None and k.runs()), key=attrgetter("started"))

    async def tasks(self) -> list[Instance]:
        """Those with a folder, oldest first."""
        self._adopt()
        return sorted(
            (k.instance for k in self._known.values() if k.instance.task and k.instance.handle),
            key=attrgetter("started"),
        )

    def exits(self) -> AsyncIterator[Exit]:
        """Every end from this call on that `stop` did not ask for."""
        queue: asyncio.Queue[Exit] = asyncio.Queue()
        self._listeners.append(queue)
        return self._exits(queue)

    async def logs(self, instance: Instance, *, after: str | None = None) -> AsyncIterator[LogLine]:
        """Its lines; the times are those of our reading. Of each stream at least the last 32 MiB are there."""
        if (known := self._find(instance.id)) is not None:
            async for line in known.output.lines(after):
                yield line

    async def door(self, instance: Instance, port: int) -> str:
        """A port of this machine: a process opens no other."""
        return f"127.0.0.1:{port}"

    async def listening(self, instance: Instance) -> list[Listening]:
        """The sockets of all its processes."""
        known = self._known.get(instance.id)
        if known is None or known.exit is not None:
            return []
        return await asyncio.to_thread(known.listening)

    async def ended(self, instance: Instance) -> Exit | None:
        """How it ended, as far as that was seen."""
        known = self._find(instance.id)
        if known is None:
            return self._past.get(instance.id, Exit(instance.id, ExitCause.REMOVED))
        return known.exit if known.exit or await self._over(known, 0) else None

    # ── CPU ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def usage(self, instances: Sequence[Instance]) -> dict[str, Usage]:
        """By control group where there is one, else by the process table."""
        found = {one.id: known.usage() for one in instances if (known := self._running(one)) is not None}
        return {id: usage for id, usage in found.items() if usage is not None}

    async def squeeze(self, instance: Instance) -> None:
        """By the kernel's freezer where it is in one, else by SIGSTOP."""
        if (known := self._running(instance)) is not None and not known.stopping:
            await known.squeeze()

    async def release(self, instance: Instance) -> None:
        """Let all its processes go on."""
        if (known := self._running(instance)) is not None:
            known.release()

    async def squeezed(self) -> frozenset[str]:
        """The instances that stand still."""
        self._adopt()
        return frozenset(known.name for known in self._known.values() if known.exit is None and known.squeezed)

    async def limit_cpu(self, instance: Instance, cpu_millis: Mapping[str, int]) -> None:
        """By control group; where there is none, CPU is not bounded at all."""
        if self._running(instance) is not None:
            for millis in cpu_millis.values():
                self._groups.limit_cpu(instance.id, min(millis, (os.cpu_count() or 1) * 1000))

    def _running(self, instance: Instance) -> Known | None:
        known = self._find(instance.id)
        return known if known is not None and known.exit is None and known.instance.handle else None

    # ── keeping track ───────────────────────────────────────────────────────────────────────────────────────────────

    def _adopt(self) -> None:
        """Learn of the instances in the folder that another runtime of this home started."""
        for name in set(os.listdir(self._instances)) - self._known.keys() - self._leaving:
            folder = self._instances / name
            if not folder.is_dir() or (known := load(folder, self._groups)) is None:
                continue
            self._follow(known)
            if known.is_over:
                known.stopping = True  # it ended before anybody listened here: no news
                self._finish(known)

    def _find(self, instance: str) -> Known | None:
        if instance not in self._known:
            self._adopt()
        return self._known.get(instance)

    def _follow(self, known: Known) -> None:
        assert self._watch is not None, "open() comes first"
        self._known[known.name] = known
        self._watch.add(known.name, known.folder, known.output)

    def _told(self, instance: str) -> None:
        """The keeper says that it ended."""
        if (known := self._known.get(instance)) is not None:
            self._finish(known)

    def _finish(self, known: Known) -> None:
        """It is over: end what it left behind, note how it went, tell those who listen."""
        if known.exit is not None:
            return
        known.kill()
        known.exit = known.how()
        known.output.end()
        known.done.set()
        if not known.stopping:
            for queue in self._listeners:
                queue.put_nowait(known.exit)

    async def _over(self, known: Known, seconds: float) -> bool:
        """Whether it ends within this time. Where no keeper tells, we look."""
        deadline = time.monotonic() + seconds
        while known.exit is None:
            now = time.monotonic()
            if known.runs():
                if now >= deadline:
                    return False
            elif known.is_over:
                self._finish(known)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(known.done.wait(), min(POLL_SECONDS, max(deadline - now, 0.005)))
        return True

    async def _check(self) -> None:
        """Look after memory, disk space and ends that nobody tells, for as long as the runtime is open."""
        while True:
            polled = self._watch is not None and self._watch.polled
            await asyncio.sleep(POLL_SECONDS if polled else CHECK_SECONDS)
            if polled and self._watch is not None:
                self._watch.poll()
            for known in [k for k in self._known.values() if k.exit is None and k.instance.handle]:
                try:
                    self._look_after(known)
                except OSError:  # of one instance; the others are still to be looked after
                    logger.exception("Instance %s could not be looked after", known.name)

    def _look_after(self, known: Known) -> None:
        known.output.give_back()
        known.let_end()
        if known.used_bytes is None and (used := known.over_memory()) is not None:
            known.used_bytes = used
            known.kill()
        if known.name not in self._keeper.keeps and known.is_over:
            self._finish(known)

    async def _clean_up(self, known: Known) -> None:
        name = known.name
        if self._watch is not None:
            self._watch.remove(name)
        known.output.end()
        known.output.close()
        self._known.pop(name, None)
        self._leaving.add(name)
        if known.exit is not None:
            self._past[name] = known.exit
            if len(self._past) > ENDS_REMEMBERED:
                del self._past[next(iter(self._past))]
        gone = self._groups.remove(name)
        left = known.bounded and gone and known.output.closed  # nothing of it runs any more, and nobody reads it
        if not (left and known.output.written_bytes < LITTLE_BYTES and self._folders.spare(name)):
            await asyncio.to_thread(self._folders.remove, name)
        self._leaving.discard(name)
        for _ in range(int(KILL_SECONDS / GROUP_SECONDS)):  # the kernel tells nobody when a group is empty
            if gone:
                break
            await asyncio.sleep(GROUP_SECONDS)
            gone = self._groups.remove(name)

    def _remove_leftovers(self) -> None:
        """Folders of instances that ended long ago, or were never started."""
        long_ago = time.time() - LEFTOVER_SECONDS
        for folder in self._instances.glob("*/"):
            known = self._known.get(folder.name)
            gone = known is None or (known.exit is not None and not known.instance.task)
            if gone and folder.stat().st_mtime < long_ago:
                if self._watch is not None:
                    self._watch.remove(folder.name)
                self._known.pop(folder.name, None)
                self._groups.remove(folder.name)
                self._folders.remove(folder.name)

    async def _exits(self, queue: asyncio.Queue[Exit]) -> AsyncIterator[Exit]:
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.remove(queue)
