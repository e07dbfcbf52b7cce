"""Instances as containers of a Docker engine. Labels are the only memory: a new runtime finds all of it again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import docker

from cloudrun_cli.core.errors import CloudRunError, ImageNotFound, ImageUnsupported, StartFailed
from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime import docker_sockets, images
from cloudrun_cli.runtime.base import STOP_GRACE, Exit, ExitCause, Image, Instance, InstanceSpec, Listening, LogLine
from cloudrun_cli.runtime.docker_build import Builder
from cloudrun_cli.runtime.docker_engine import Engine, connect, explanation, is_hiccup
from cloudrun_cli.runtime.docker_holders import POOL, TRIES, Holder, Holders, remove
from cloudrun_cli.runtime.docker_images import Images
from cloudrun_cli.runtime.docker_stream import LogStream, RawLine, moment, read
from cloudrun_cli.runtime.docker_watch import Watch, kill

PARALLEL_STARTS = 3  # more at once make each of them slower, measured on two cores
FILE_DESCRIPTORS = docker.types.Ulimit(name="nofile", soft=25_000, hard=25_000)  # Source: container runtime contract
PROCESSES = 8192  # ours: enough for any server, too few to take the machine down
KILL_DEADLINE = timedelta(seconds=20)  # from SIGKILL to the engine's word that it is over
LINGER = timedelta(seconds=10)  # how long an ended container waits for somebody to read its last lines
LOG_FILES = {"max-size": "20m", "max-file": "2"}
NOT_NEEDED = ["AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP"]  # of the engine's default capabilities

_log = logging.getLogger(__name__)


class DockerRuntime:
    """Containers of one home. `home` is its absolute path; `hosts` are further names that instances can look up.

    `reachable` says whether this machine reaches the containers' own addresses; None: found out by `open`.
    """

    name = "docker"

    def __init__(
        self,
        home: str,
        *,
        pool: int = POOL,
        hosts: Mapping[str, str] | None = None,
        connect: Callable[[], docker.APIClient] = connect,
        linger: timedelta = LINGER,
        reachable: bool | None = None,
    ) -> None:
        self._home = home
        self._pool = pool
        self._hosts = hosts or {}
        self._connect = connect
        self._linger = linger
        self._reachable = reachable
        self._starts = asyncio.Semaphore(PARALLEL_STARTS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._file_limit = True  # until the engine refuses to set it
        self._readers: dict[str, _Readers] = {}  # by instance id

    async def open(self) -> None:
        api = await asyncio.to_thread(self._connect)
        self._engine = Engine(api)
        self._images = Images(self._engine)
        self._builder = Builder(self._engine, self._images, self._home)
        self._watch = Watch(self._engine, self._home)
        self._holders = Holders(self._engine, self._home, size=self._pool, hosts=self._hosts, reachable=self._reachable)
        self._processors = int((await self._engine.call(api.info))["NCPU"])
        self._keep_running(self._watch.run())
        await asyncio.wait_for(self._watch.listening.wait(), timeout=10)
        rows = await self._engine.call(self._containers, True)
        self._watch.adopt([_instance(row) for row in rows if row["State"] in ("running", "paused")])
        for row in rows:
            if row["State"] in ("exited", "dead"):
                self._watch.gone.put_nowait((row["Labels"][labels.INSTANCE], row["Id"]))
        await self._holders.open({row["Labels"][labels.HOLDER] for row in rows})
        self._keep_running(self._holders.refill())
        self._keep_running(self._clear_away())

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._engine.close()

    async def resolve(self, image: str) -> Image:
        return await self._images.resolve(image)

    async def build(
        self, source: Path, image: str, *, base_image: str, env: Mapping[str, str], log: Callable[[str], None]
    ) -> Image:
        return await self._builder.build(source, image, base_image=base_image, env=env, log=log)

    async def forget(self, digest: str) -> None:
        await self._images.forget(digest)

    async def start(self, spec: InstanceSpec) -> Instance:
        async with self._starts:
            holder = await self._holders.take(spec.port)
            self._watch.begin(spec.id)
            try:
                instance = await self._engine.call(self._start, spec, holder)
            except BaseException:
                self._watch.failed(spec.id)
                await self._holders.give_back(holder)
                raise
            await self._watch.began(spec.id, instance.handle)
            return instance

    async def stop(self, instance: Instance, *, grace: timedelta = STOP_GRACE) -> Exit:
        if (exit := await self.ended(instance)) is not None:
            return exit
        end = self._watch.ask(instance)
        for signal, patience in (("SIGTERM", grace), ("SIGKILL", KILL_DEADLINE)):
            await self._engine.call(kill, self._engine.api, instance.handle, signal)
            with suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(end), patience.total_seconds())
        return await self._watch.look(instance.id, instance.handle) or Exit(instance.id, ExitCause.REMOVED)

    async def purge(self) -> None:
        for row in await self._engine.call(self._containers, True):
            self._watch.ask(_instance(row))
        async with self._holders.purged():
            await self._engine.call(self._remove_all)

    async def instances(self) -> list[Instance]:
        return [_instance(row) for row in await self._engine.call(self._containers, False)]

    def exits(self) -> AsyncIterator[Exit]:
        return self._watch.exits()

    async def logs(self, instance: Instance, *, after: str | None = None) -> AsyncIterator[LogLine]:
        readers = self._readers.setdefault(instance.id, _Readers())
        with readers.one_more():
            over = False
            while True:
                async for line in self._lines(instance, after, follow=not over):
                    after = line.cursor
                    yield line
                if over:  # read once more after the end: a follower can miss the very last words
                    readers.reached_the_end.set()
                    return
                over = await self.ended(instance) is not None

    async def listening(self, instance: Instance) -> list[Listening]:
        if not self._holders.reachable:
            return []
        return await self._engine.call(self._listening, instance)

    async def ended(self, instance: Instance) -> Exit | None:
        return self._watch.exit_of(instance.id) or await self._watch.look(instance.id, instance.handle)

    def _start(self, spec: InstanceSpec, holder: Holder) -> Instance:
        """Create and start the container; once more with what the engine could not do left out."""
        user, hiccups = None, 0
        while True:
            limited = self._file_limit
            try:
                return self._run(spec, holder, user=user)
            except _UnknownUser:
                if user is not None:
                    raise
                user = "0"  # Source: container runtime contract: root runs when the image's user does not exist
            except _Hiccup:
                if (hiccups := hiccups + 1) == TRIES:
                    raise
            except _FileLimit:
                if not limited:
                    raise
                self._file_limit = False
                _log.warning("The engine's own limit of open files is lower than Cloud Run's, and holds.")

    def _run(self, spec: InstanceSpec, holder: Holder, *, user: str | None) -> Instance:
        api = self._engine.api
        started = datetime.now(UTC)
        named = labels.of_instance(
            self._home, spec, address=holder.at(spec.port), holder=holder.container, started=started
        )
        container = ""
        try:
            container = api.create_container(
                images.keep_tag(spec.digest),
                entrypoint=list(spec.command) or None,
                command=list(spec.args) or None,
                environment=dict(spec.env),
                working_dir=spec.working_dir or None,
                user=user,
                labels=named,
                stop_signal="SIGTERM",
                host_config=self._host_config(spec, holder),
            )["Id"]
            api.start(container)
        except docker.errors.APIError as error:
            if container:
                remove(api, container)
            raise _start_error(spec, error) from error
        return labels.instance(container, named)

    def _host_config(self, spec: InstanceSpec, holder: Holder) -> dict[str, Any]:
        processors = min(spec.cpu_millis * 1_000_000, self._processors * 1_000_000_000)
        return dict(
            self._engine.api.create_host_config(
                network_mode=f"container:{holder.container}",
                nano_cpus=processors,
                mem_limit=spec.memory_bytes,
                memswap_limit=spec.memory_bytes,  # the same: no swap
                pids_limit=PROCESSES,
                ulimits=[FILE_DESCRIPTORS] if self._file_limit else None,
                cap_drop=NOT_NEEDED,
                security_opt=["no-new-privileges"],
                log_config=docker.types.LogConfig(type="json-file", config=LOG_FILES),
            )
        )

    def _containers(self, ended_too: bool) -> list[dict[str, Any]]:
        wanted = labels.filters(self._home, labels.KIND_INSTANCE)
        return list(self._engine.api.containers(all=ended_too, filters=wanted))

    def _remove_all(self) -> None:
        api = self._engine.api
        for kind in (labels.KIND_INSTANCE, labels.KIND_BUILD, labels.KIND_HOLDER):
            for row in api.containers(all=True, filters=labels.filters(self._home, kind)):
                remove(api, row["Id"])

    def _listening(self, instance: Instance) -> list[Listening]:
        try:
            pid = self._engine.api.inspect_container(instance.handle)["State"]["Pid"]
        except docker.errors.NotFound:
            return []
        return docker_sockets.listening(pid) if pid else []

    async def _lines(self, instance: Instance, after: str | None, *, follow: bool) -> AsyncIterator[LogLine]:
        """Lines with cursors `TIME NUMBER`: the number tells lines of the same nanosecond apart."""
        since, _, number = (after or "").partition(" ")
        last = (since, int(number or -1))
        stamp, count = "", 0

        def open_stream() -> LogStream:
            return LogStream(self._engine.api, instance.handle, since=since, follow=follow)

        stream = read(open_stream)
        try:
            async for line in stream:
                stamp, count = line.stamp, count + 1 if line.stamp == stamp else 0
                if not after or (stamp, count) > last:
                    yield _log_line(instance, line, f"{stamp} {count}")
        finally:
            await stream.aclose()

    async def _clear_away(self) -> None:
        """Remove what ended: the holder at once, the container when its log was read, or nobody came for it."""
        while True:
            instance, container = await self._watch.gone.get()
            self._keep_running(self._clear(instance, container))

    async def _clear(self, instance: str, container: str) -> None:
        holder = await self._engine.call(self._holder_of, container)
        if holder:
            await self._holders.drop(holder)
        readers = self._readers.setdefault(instance, _Readers())
        with suppress(TimeoutError):
            await asyncio.wait_for(readers.reached_the_end.wait(), self._linger.total_seconds())
        await readers.none.wait()
        self._readers.pop(instance, None)
        await self._engine.call(remove, self._engine.api, container)

    def _holder_of(self, container: str) -> str:
        try:
            return str(self._engine.api.inspect_container(container)["Config"]["Labels"][labels.HOLDER])
        except docker.errors.NotFound:
            return ""

    def _keep_running(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it until `close`; a failure is told in the log."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            if isinstance(error, CloudRunError):
                _log.warning("Clearing away was not possible: %s", error, extra={"event": "clear_failed"})
            else:
                _log.error("The runtime failed in the background", exc_info=error, extra={"event": "runtime_bug"})


class _Readers:
    """Who reads the log of an instance now, and whether somebody has read all of it."""

    def __init__(self) -> None:
        self.reached_the_end = asyncio.Event()
        self.none = asyncio.Event()
        self.none.set()
        self._count = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Counted for as long as the block lasts."""
        self._count += 1
        self.none.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self.none.set()


class _Hiccup(StartFailed):
    """The engine lost a race with itself."""


class _FileLimit(StartFailed):
    """The engine may not give out as many file descriptors as asked."""


class _UnknownUser(StartFailed):
    """The image names a user that its passwd file does not have."""


def _instance(row: Mapping[str, Any]) -> Instance:
    return labels.instance(str(row["Id"]), row["Labels"])


def _log_line(instance: Instance, line: RawLine, cursor: str) -> LogLine:
    return LogLine(instance.id, line.stream, line.text, moment(line.stamp), cursor)


def _start_error(spec: InstanceSpec, error: docker.errors.APIError) -> Exception:
    """What the engine's refusal to start means, by its words: it has no codes for these."""
    said = explanation(error)
    small = said.lower()
    program = spec.command[0] if spec.command else "the image's entry point"
    if isinstance(error, docker.errors.ImageNotFound) or "no such image" in small:
        return ImageNotFound(
            f"Image [{spec.digest}] is not on this engine any more.", field="image", hint="Deploy it again."
        )
    if is_hiccup(error):
        return _Hiccup(f"The Docker engine could not start it: {said}", hint="Try again.")
    if "unable to find user" in small:
        return _UnknownUser(f"The image's user does not exist in it: {said}", field="image")
    if "setting rlimit" in small:
        return _FileLimit(f"The Docker engine could not limit open files: {said}")
    if "exec format error" in small:
        return ImageUnsupported(
            f"[{program}] is made for another kind of machine; Cloud Run needs linux/amd64.",
            field="image",
            hint="Build it for that: docker build --platform linux/amd64 …",
        )
    if "permission denied" in small:
        return StartFailed(
            f"[{program}] may not be executed: {said}", field="command", hint="Make it executable: chmod +x"
        )
    if "no command specified" in small or "executable file not found" in small or "no such file or directory" in small:
        return StartFailed(
            f"There is no [{program}] in the image: {said}",
            field="command",
            hint="Check --command and the image's ENTRYPOINT; a shell is only there if the image has one.",
        )
    return StartFailed(f"The Docker engine could not start it: {said}")
