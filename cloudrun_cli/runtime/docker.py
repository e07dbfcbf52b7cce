"""Instances as containers of a Docker engine. Labels are the only memory: a new runtime finds all of it again."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import docker

from cloudrun_cli.core.errors import CloudRunError, EngineUnavailable
from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime import docker_sockets
from cloudrun_cli.runtime.base import STOP_GRACE, Exit, ExitCause, Image, Instance, InstanceSpec, Listening, LogLine
from cloudrun_cli.runtime.docker_build import Builder
from cloudrun_cli.runtime.docker_engine import HINT, Engine, connect
from cloudrun_cli.runtime.docker_holders import POOL, TRIES, Holder, Holders, remove
from cloudrun_cli.runtime.docker_images import Images
from cloudrun_cli.runtime.docker_start import HolderLost, Starter
from cloudrun_cli.runtime.docker_stream import LogStream, RawLine, moment, read
from cloudrun_cli.runtime.docker_watch import Watch, kill

PARALLEL_STARTS = 3  # more at once make each of them slower, measured on two cores
KILL_DEADLINE = timedelta(seconds=20)  # from SIGKILL to the engine's word that it is over
EVENTS_DEADLINE = timedelta(seconds=10)  # until the engine begins to tell events
LINGER = timedelta(seconds=10)  # how long an ended container waits for somebody to read its last lines

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
        self._readers: dict[str, _Readers] = {}  # by instance id

    async def open(self) -> None:
        api = await asyncio.to_thread(self._connect)
        self._engine = Engine(api)
        self._images = Images(self._engine)
        self._builder = Builder(self._engine, self._images, self._home)
        self._watch = Watch(self._engine, self._home)
        self._holders = Holders(self._engine, self._home, size=self._pool, hosts=self._hosts, reachable=self._reachable)
        self._starter = await self._engine.call(Starter, api, self._home)
        try:
            await self._take_over()
        except BaseException:
            await self.close()
            raise

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
            for _ in range(TRIES - 1):
                with suppress(HolderLost):
                    return await self._start_into(await self._holders.take(spec.port), spec)
            return await self._start_into(await self._holders.take(spec.port), spec)

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
                async with aclosing(self._lines(instance, after, follow=not over)) as lines:
                    async for line in lines:
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

    async def _take_over(self) -> None:
        """Listen first, then look what is there: nothing can end unseen in between."""
        self._keep_running(self._watch.run())
        try:
            await asyncio.wait_for(self._watch.listening.wait(), EVENTS_DEADLINE.total_seconds())
        except TimeoutError as error:
            raise EngineUnavailable("Docker answers, but tells no events.", hint=HINT) from error
        rows = await self._engine.call(self._containers, True)
        self._watch.adopt([_instance(row) for row in rows if row["State"] in ("running", "paused")])
        for row in rows:
            if row["State"] in ("exited", "dead"):
                self._watch.gone.put_nowait((row["Labels"][labels.INSTANCE], row["Id"]))
        await self._holders.open({row["Labels"][labels.HOLDER] for row in rows})
        self._keep_running(self._holders.refill())
        self._keep_running(self._clear_away())

    async def _start_into(self, holder: Holder, spec: InstanceSpec) -> Instance:
        self._watch.begin(spec.id)
        starting = asyncio.ensure_future(self._engine.call(self._starter.start, spec, holder))
        try:
            instance = await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._keep_running(self._undo(spec, holder, starting))
            raise
        except CloudRunError:
            self._watch.failed(spec.id)
            await self._holders.drop(holder.container)
            raise
        await self._watch.began(spec.id, instance.handle)
        return instance

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

    async def _undo(self, spec: InstanceSpec, holder: Holder, starting: asyncio.Future[Instance]) -> None:
        """Whoever wanted it has gone, and the engine cannot be interrupted: let it finish, and remove what came."""
        try:
            instance = await starting
        except CloudRunError:
            self._watch.failed(spec.id)
        else:
            self._watch.failed(spec.id)
            await self._engine.call(remove, self._engine.api, instance.handle)
        await self._holders.drop(holder.container)

    async def _lines(self, instance: Instance, after: str | None, *, follow: bool) -> AsyncGenerator[LogLine, None]:
        """Lines with cursors `TIME NUMBER`: the number tells lines of the same nanosecond apart."""
        since, _, number = (after or "").partition(" ")
        last = (since, int(number or -1))
        stamp, count = "", 0

        def open_stream() -> LogStream:
            return LogStream(self._engine.api, instance.handle, since=since, follow=follow)

        async with aclosing(read(open_stream)) as lines:
            async for line in lines:
                stamp, count = line.stamp, count + 1 if line.stamp == stamp else 0
                if not after or (stamp, count) > last:
                    yield _log_line(instance, line, f"{stamp} {count}")

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


def _instance(row: Mapping[str, Any]) -> Instance:
    return labels.instance(str(row["Id"]), row["Labels"])


def _log_line(instance: Instance, line: RawLine, cursor: str) -> LogLine:
    return LogLine(instance.id, line.stream, line.text, moment(line.stamp), cursor)
