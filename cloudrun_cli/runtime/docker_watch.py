"""How the instances of a home end: from the engine's events, and by looking again whenever the events broke off."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import docker

from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime.base import Exit, ExitCause, Instance
from cloudrun_cli.runtime.docker_engine import Engine
from cloudrun_cli.runtime.docker_stream import OPENED, EventStream, moment, read

REMEMBERED = 2000  # ends that can be asked for after their container is gone
RECONNECT = 0.5  # seconds between two tries to read events again

_log = logging.getLogger(__name__)


class Watch:
    """Knows what runs and how what ran has ended. An end is told once, and only when nobody asked for it."""

    def __init__(self, engine: Engine, home: str) -> None:
        self._engine = engine
        self._home = home
        self._running: dict[str, str] = {}  # instance id to container
        self._starting: dict[str, Mapping[str, Any] | None] = {}  # instance id to the end seen meanwhile
        self._asked: set[str] = set()
        self._memory: set[str] = set()  # instances that hit their memory limit
        self._ends: dict[str, asyncio.Future[Exit]] = {}
        self._exits: dict[str, Exit] = {}
        self._listeners: list[asyncio.Queue[Exit]] = []
        self.gone: asyncio.Queue[tuple[str, str]] = asyncio.Queue()  # (instance id, container) to be cleared away
        self.listening = asyncio.Event()  # set once events come in

    def exit_of(self, instance: str) -> Exit | None:
        """How it ended, when that was seen."""
        return self._exits.get(instance)

    def exits(self) -> AsyncIterator[Exit]:
        """Every end nobody asked for, counted from this call."""
        queue: asyncio.Queue[Exit] = asyncio.Queue()
        self._listeners.append(queue)
        return self._told(queue)

    def begin(self, instance: str) -> None:
        """It is about to be started; should it end before `began`, that is told then."""
        self._starting[instance] = None

    async def began(self, instance: str, container: str) -> None:
        """It runs, or has run."""
        self._running[instance] = container
        event = self._starting.pop(instance, None)
        if event is not None:
            await self._settle(instance, container, event)

    def failed(self, instance: str) -> None:
        """It never ran: there is no end to tell."""
        self._starting.pop(instance, None)

    def adopt(self, instances: list[Instance]) -> None:
        """These run; somebody else started them."""
        self._running |= {instance.id: instance.handle for instance in instances}

    def ask(self, instance: Instance) -> asyncio.Future[Exit]:
        """Its end from now on is asked for; the future has how it went."""
        if (exit := self._exits.get(instance.id)) is not None:
            over: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
            over.set_result(exit)
            return over
        self._running.setdefault(instance.id, instance.handle)
        self._asked.add(instance.id)
        return self._ends.setdefault(instance.id, asyncio.get_running_loop().create_future())

    async def look(self, instance: str, container: str) -> Exit | None:
        """How it ended, by asking the engine; None while it runs."""
        exit = await self._engine.call(self._inspect, instance, container, {})
        if exit is not None:
            self._record(instance, container, exit)
            return self._exits[instance]
        return None

    async def run(self) -> None:
        """Follow the events for as long as this runs."""
        wanted = {**labels.filters(self._home, labels.KIND_INSTANCE), "event": ["die", "oom"]}
        while True:
            try:
                async with aclosing(read(lambda: EventStream(self._engine.api, wanted))) as events:
                    async for event in events:
                        await self._take(event)
                _log.warning("The engine's events broke off", extra={"event": "engine_lost"})
            except CloudRunError as error:
                _log.info("The engine is away: %s", error, extra={"event": "engine_away"})
            await asyncio.sleep(RECONNECT)

    async def _take(self, event: Mapping[str, Any]) -> None:
        if event is OPENED:
            self.listening.set()
            await self._look_again()
            return
        attributes = event["Actor"]["Attributes"]
        instance, container = attributes[labels.INSTANCE], str(event["Actor"]["ID"])
        if event["Action"] == "oom":
            self._memory.add(instance)
            await self._engine.call(kill, self._engine.api, container, "SIGKILL")  # perhaps only a child was hit
        elif instance in self._starting:
            self._starting[instance] = event
        else:
            await self._settle(instance, container, event)

    async def _settle(self, instance: str, container: str, event: Mapping[str, Any]) -> None:
        exit = await self._engine.call(self._inspect, instance, container, event)
        if exit is not None:
            self._record(instance, container, exit)

    def _record(self, instance: str, container: str, exit: Exit) -> None:
        """Remember it; tell who waits, and, unless it was asked for, everybody who listens."""
        if instance in self._exits:
            return
        self._exits[instance] = exit
        while len(self._exits) > REMEMBERED:
            self._exits.pop(next(iter(self._exits)))
        known = self._running.pop(instance, None) is not None
        self._memory.discard(instance)
        if (future := self._ends.pop(instance, None)) is not None and not future.done():
            future.set_result(exit)
        if instance in self._asked:
            self._asked.discard(instance)
        elif known:
            for queue in self._listeners:
                queue.put_nowait(exit)
        self.gone.put_nowait((instance, container))

    async def _look_again(self) -> None:
        """After a gap: whatever is not running any more has ended meanwhile."""
        for instance, container in list(self._running.items()):
            await self.look(instance, container)

    def _inspect(self, instance: str, container: str, event: Mapping[str, Any]) -> Exit | None:
        attributes = event.get("Actor", {}).get("Attributes", {})
        try:
            inspected = self._engine.api.inspect_container(container)
        except docker.errors.NotFound:
            return _exit(instance, attributes.get("exitCode"), at=datetime.now(UTC))
        state = inspected["State"]
        if state["Running"] and not attributes:
            return None
        if state["Status"] == "created":
            return None
        at = datetime.now(UTC) if state["Running"] else moment(state["FinishedAt"])
        limit = inspected["HostConfig"]["Memory"] or None
        code = attributes.get("exitCode", state["ExitCode"])
        if state["OOMKilled"] or instance in self._memory:
            return Exit(instance, ExitCause.OUT_OF_MEMORY, int(code), signal=9, memory_bytes=limit, at=at)
        return _exit(instance, code, at=at)

    async def _told(self, queue: asyncio.Queue[Exit]) -> AsyncIterator[Exit]:
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.remove(queue)


def kill(api: docker.APIClient, container: str, signal: str) -> None:
    """Send a signal; one that is not running any more has no use for it."""
    try:
        api.kill(container, signal)
    except docker.errors.APIError as error:
        if error.status_code not in (404, 409):
            raise


def _exit(instance: str, code: str | int | None, *, at: datetime) -> Exit:
    if code is None:
        return Exit(instance, ExitCause.REMOVED, at=at)
    number = int(code)
    if 128 < number < 128 + 32:  # the engine's way to say: ended by a signal
        return Exit(instance, ExitCause.SIGNALED, number, signal=number - 128, at=at)
    return Exit(instance, ExitCause.EXITED, number, at=at)
