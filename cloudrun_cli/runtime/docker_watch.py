"""How the instances of a home end: from the engine's events, and by looking again whenever the events broke off."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
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

Key = tuple[str, str]  # instance id and container name

_log = logging.getLogger(__name__)


class Watch:
    """Knows what runs and how what ran has ended. An end is told once, and only when nobody asked for it: that of the
    first container of an instance to end, which takes the others along."""

    def __init__(self, engine: Engine, home: str) -> None:
        self._engine = engine
        self._home = home
        self._running: dict[str, set[str]] = {}  # instance id to its containers
        self._starting: dict[Key, Mapping[str, Any] | None] = {}  # to the end seen meanwhile
        self._asked: set[str] = set()
        self._memory: set[str] = set()  # containers that hit their memory limit
        self._aside: set[str] = set()  # further containers of tasks that have ended well: no end of the task
        self._ends: dict[str, asyncio.Future[Exit]] = {}
        self._exits: dict[str, Exit] = {}
        self._listeners: list[asyncio.Queue[Exit]] = []
        self.gone: asyncio.Queue[str] = asyncio.Queue()  # instances to be cleared away
        self.listening = asyncio.Event()  # set once events come in

    def exit_of(self, instance: str) -> Exit | None:
        """How it ended, when that was seen."""
        return self._exits.get(instance)

    def exits(self) -> AsyncIterator[Exit]:
        """Every end nobody asked for, counted from this call."""
        queue: asyncio.Queue[Exit] = asyncio.Queue()
        self._listeners.append(queue)
        return self._told(queue)

    def containers(self, instance: str) -> frozenset[str]:
        """Those of its containers that run, as far as we know."""
        return frozenset(self._running.get(instance, ()))

    def begin(self, instance: str, name: str) -> None:
        """A container of it is about to be started; should that end before `began`, it is told then."""
        self._starting[instance, name] = None

    async def began(self, instance: str, name: str, container: str) -> None:
        """It runs, or has run."""
        self._running.setdefault(instance, set()).add(container)
        event = self._starting.pop((instance, name), None)
        if event is not None:
            await self._settle(instance, container, event)

    def failed(self, instance: str, name: str) -> None:
        """It never ran: there is no end to tell."""
        self._starting.pop((instance, name), None)

    def adopt(self, instance: str, containers: Iterable[str]) -> None:
        """These run; somebody else started them."""
        if containers := set(containers):
            self._running.setdefault(instance, set()).update(containers)

    def give_up(self, instance: str) -> None:
        """Its start was cut off, and nobody goes on with it: what there is of it is to be cleared away."""
        self._exits[instance] = Exit(instance, ExitCause.REMOVED)
        self.gone.put_nowait(instance)

    def ask(self, instance: str, containers: Iterable[str]) -> asyncio.Future[Exit]:
        """Its end from now on is asked for; the future has how it went, once all its containers have ended."""
        if (exit := self._exits.get(instance)) is not None:
            over: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
            over.set_result(exit)
            return over
        self.adopt(instance, containers)
        self._asked.add(instance)
        return self._ends.setdefault(instance, asyncio.get_running_loop().create_future())

    async def ended(self, instance: Instance) -> Exit | None:
        """How it ended, if need be by asking the engine; None while it runs."""
        return self._exits.get(instance.id) or await self.look(instance.id, {instance.handle})

    async def look(self, instance: str, containers: Iterable[str] = ()) -> Exit | None:
        """How it ended, by asking the engine about each of its containers; None while it runs."""
        for container in self._running.get(instance, set()) | set(containers):
            exit = await self._engine.call(self._inspect, instance, container, {})
            if exit is not None:
                self._record(instance, container, exit)
        return self._exits.get(instance)

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
        key = (instance, attributes.get(labels.CONTAINER, ""))
        if event["Action"] == "oom":
            self._memory.add(container)
            await self._engine.call(kill, self._engine.api, container, "SIGKILL")  # perhaps only a child was hit
        elif key in self._starting:
            self._starting[key] = event
        else:
            await self._settle(instance, container, event)

    async def _settle(self, instance: str, container: str, event: Mapping[str, Any]) -> None:
        exit = await self._engine.call(self._inspect, instance, container, event)
        if exit is not None:
            self._record(instance, container, exit)

    def _record(self, instance: str, container: str, exit: Exit) -> None:
        """Remember it; tell who waits, and, unless it was asked for, everybody who listens."""
        running = self._running.get(instance, set())
        known = container in running
        running.discard(container)
        self._memory.discard(container)
        if not running:
            self._running.pop(instance, None)
        if instance in self._exits or (instance in self._asked and running):
            return
        if container in self._aside and instance not in self._asked:
            return
        self._exits[instance] = exit
        while len(self._exits) > REMEMBERED:
            self._exits.pop(next(iter(self._exits)))
        if (future := self._ends.pop(instance, None)) is not None and not future.done():
            future.set_result(exit)
        if instance in self._asked:
            self._asked.discard(instance)
        elif known:
            for queue in self._listeners:
                queue.put_nowait(exit)
        self.gone.put_nowait(instance)

    async def _look_again(self) -> None:
        """After a gap: whatever is not running any more has ended meanwhile."""
        for instance in list(self._running):
            await self.look(instance)

    def _inspect(self, instance: str, container: str, event: Mapping[str, Any]) -> Exit | None:
        attributes = event.get("Actor", {}).get("Attributes", {})
        try:
            inspected = self._engine.api.inspect_container(container)
        except docker.errors.NotFound:
            name = attributes.get(labels.CONTAINER, "")
            return _exit(instance, name, attributes.get("exitCode"), at=datetime.now(UTC))
        state = inspected["State"]
        if state["Running"] and not attributes:
            return None
        if state["Status"] == "created":
            return None
        name = inspected["Config"]["Labels"].get(labels.CONTAINER, "")
        if labels.is_aside(inspected["Config"]["Labels"]) and state["ExitCode"] == 0:
            self._aside.add(container)
        at = datetime.now(UTC) if state["Running"] else moment(state["FinishedAt"])
        limit = inspected["HostConfig"]["Memory"] or None
        code = attributes.get("exitCode", state["ExitCode"])
        if state["OOMKilled"] or container in self._memory:
            oom = ExitCause.OUT_OF_MEMORY
            return Exit(instance, oom, int(code), signal=9, memory_bytes=limit, at=at, container=name)
        return _exit(instance, name, code, at=at)

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


def _exit(instance: str, name: str, code: str | int | None, *, at: datetime) -> Exit:
    if code is None:
        return Exit(instance, ExitCause.REMOVED, at=at, container=name)
    number = int(code)
    if 128 < number < 128 + 32:  # the engine's way to say: ended by a signal
        return Exit(instance, ExitCause.SIGNALED, number, signal=number - 128, at=at, container=name)
    return Exit(instance, ExitCause.EXITED, number, at=at, container=name)
