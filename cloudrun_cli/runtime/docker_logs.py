"""The lines of an instance: those of its one container, or those of all of them as they come."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from datetime import timedelta

from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime.base import Instance, LogLine
from cloudrun_cli.runtime.docker_engine import Engine
from cloudrun_cli.runtime.docker_stream import LogStream, moment, read
from cloudrun_cli.runtime.docker_watch import Watch

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5  # seconds between two looks for a container that is not there yet
AHEAD = 100  # lines that may wait for whoever reads


class Logs:
    """Reads logs, and knows whether all of an ended instance's was read."""

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        self._watch = watch
        self._readers: dict[str, _Readers] = {}  # by instance id

    async def lines(self, instance: Instance, after: str | None) -> AsyncGenerator[LogLine, None]:
        """Its lines from after the cursor to its end."""
        readers = self._readers.setdefault(instance.id, _Readers())
        with readers.one_more():
            only = instance.containers[0] if len(instance.containers) == 1 else None
            found = self._all(instance, after) if only is None else self._of(instance, instance.handle, only, after)
            async with aclosing(found) as lines:
                async for line in lines:
                    yield line
            readers.reached_the_end.set()

    async def read_out(self, instance: str, linger: timedelta) -> None:
        """Returns once somebody has read the log of an ended instance to its end, or nobody came to."""
        readers = self._readers.setdefault(instance, _Readers())
        with suppress(TimeoutError):
            await asyncio.wait_for(readers.reached_the_end.wait(), linger.total_seconds())
        await readers.none.wait()
        self._readers.pop(instance, None)

    async def _of(
        self, instance: Instance, container: str, name: str, after: str | None
    ) -> AsyncGenerator[LogLine, None]:
        """The lines of one container. Once more after the end: a follower can miss the very last words."""
        over = self._watch.exit_of(instance.id) is not None
        pause = FIRST_PAUSE
        while True:
            async with aclosing(self._once(instance, container, name, after, follow=not over)) as lines:
                async for line in lines:
                    after = line.cursor
                    yield line
            if over:
                return
            over = await self._watch.ended(instance) is not None
            if not over:  # it has ended, and others of a task go on
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE)

    async def _once(
        self, instance: Instance, container: str, name: str, after: str | None, *, follow: bool
    ) -> AsyncGenerator[LogLine, None]:
        """Lines with cursors `TIME NUMBER`: the number tells lines of the same nanosecond apart."""
        since, _, number = (after or "").partition(" ")
        last = (since, int(number or -1))
        stamp, count = "", 0

        def open_stream() -> LogStream:
            return LogStream(self._engine.api, container, since=since, follow=follow)

        async with aclosing(read(open_stream)) as lines:
            async for line in lines:
                stamp, count = line.stamp, count + 1 if line.stamp == stamp else 0
                if not after or (stamp, count) > last:
                    cursor = f"{stamp} {count}"
                    yield LogLine(instance.id, line.stream, line.text, moment(line.stamp), cursor, name)

    async def _all(self, instance: Instance, after: str | None) -> AsyncGenerator[LogLine, None]:
        """The lines of all containers. The cursor has every container's own, `NAME=CURSOR|NAME=CURSOR`."""
        cursors = dict(part.split("=", 1) for part in after.split("|")) if after else {}
        queue: asyncio.Queue[LogLine | Exception | None] = asyncio.Queue(AHEAD)

        async def one(name: str) -> None:
            try:
                container = await self._container(instance, name)
                if container is not None:
                    async with aclosing(self._of(instance, container, name, cursors.get(name))) as lines:
                        async for line in lines:
                            await queue.put(line)
            except Exception as error:  # noqa: BLE001 - raised again where it is awaited
                await queue.put(error)
            else:
                await queue.put(None)

        reading = [asyncio.create_task(one(name)) for name in instance.containers]
        try:
            left = len(reading)
            while left:
                match await queue.get():
                    case None:
                        left -= 1
                    case LogLine() as line:
                        cursors[line.container] = line.cursor
                        cursor = "|".join(f"{name}={at}" for name, at in cursors.items())
                        yield LogLine(line.instance, line.stream, line.text, line.at, cursor, line.container)
                    case Exception() as error:
                        raise error
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)

    async def _container(self, instance: Instance, name: str) -> str | None:
        """The id of a container, as soon as it was started; None when the instance has ended without it."""
        pause = FIRST_PAUSE
        while (found := await self._engine.call(self._find, instance.id, name)) is None:
            if await self._watch.ended(instance) is not None:
                return await self._engine.call(self._find, instance.id, name)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        return found

    def _find(self, instance: str, name: str) -> str | None:
        wanted = {"label": [f"{labels.INSTANCE}={instance}", f"{labels.CONTAINER}={name}"]}
        rows = self._engine.api.containers(all=True, filters=wanted)
        return next((str(row["Id"]) for row in rows if row["State"] != "created"), None)


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
