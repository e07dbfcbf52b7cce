"""A runtime that runs nothing: scripted instances in memory, for tests and dry runs.

What runs lives in a `World`, so that a second runtime of the same home finds it as it would after a restart.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cloudrun_cli.core.errors import BuildFailed, EngineUnavailable, ImageNotFound, StartFailed, Unavailable
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

OWN_PORT = 0  # in a script: the port the instance was told


@dataclass(frozen=True, slots=True)
class Script:
    """What an instance of an image does: says its lines, listens, and leaves at once with `exit_code` unless None."""

    says: tuple[tuple[str, str], ...] = ()  # (stream, text)
    listens: tuple[Listening, ...] = (Listening("0.0.0.0", OWN_PORT),)
    exit_code: int | None = None
    stubborn: bool = False  # ignores SIGTERM
    address: str = ""  # where requests really go, `IP:PORT`; "" is an address nobody answers
    doors: Mapping[int, str] = field(default_factory=dict)  # the same for further ports
    programs: frozenset[str] = frozenset({"python3", "sh"})  # what a spec's command may name
    start_error: str = ""  # says why it cannot be started, when not empty


@dataclass(slots=True)
class _Running:
    instance: Instance
    scripts: dict[str, Script]  # by container
    lines: list[LogLine] = field(default_factory=list)
    exit: Exit | None = None
    usage: Usage = field(default_factory=lambda: Usage(0.0, 0))
    squeezed: bool = False
    cpu_millis: dict[str, int] = field(default_factory=dict)  # by container
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class World:
    """Everything that runs, whichever home it is of, and every image there is."""

    reachable: bool = True  # False: `open` finds no engine
    build_error: str = ""  # every build fails with this, when not empty
    builds: Script = Script()  # what a built image does
    scripts: dict[str, Script] = field(default_factory=dict)  # by digest
    tags: dict[str, str] = field(default_factory=dict)  # image name to digest
    kept: set[str] = field(default_factory=set)
    homes: dict[str, dict[str, _Running]] = field(default_factory=dict)
    listeners: list[tuple[str, asyncio.Queue[Exit]]] = field(default_factory=list)

    def add_image(self, name: str, script: Script) -> str:
        """An image that does as the script says; its digest. A name that was there moves on to it."""
        content = hashlib.sha256(f"{name} {script}".encode()).hexdigest()
        digest = images.parse(name).at(f"sha256:{content}")
        self.scripts[digest] = script
        self.tags[images.parse(name).pullable] = digest
        return digest


class MemoryRuntime:
    """Scripted instances. `spec`s given to `start` are kept in `started`, in order."""

    name = "memory"

    def __init__(self, home: str, world: World | None = None) -> None:
        self.world = world or World()
        self.started: list[InstanceSpec] = []
        self._home = home

    async def open(self) -> None:
        if not self.world.reachable:
            raise EngineUnavailable("No engine answers.", hint="Make the world reachable again.")

    async def close(self) -> None:
        """Nothing is held."""

    async def resolve(self, image: str) -> Image:
        name = images.parse(image)
        digest = name.pullable if name.digest else self.world.tags.get(name.pullable, "")
        if digest not in self.world.scripts:
            raise ImageNotFound(f"Image [{image}] was not found.", field="image", hint="Check its name and tag.")
        self.world.kept.add(digest)
        return Image(name=image, digest=digest, entrypoint=("python3", "main.py"))

    async def build(
        self, source: Path, image: str, *, base_image: str, env: Mapping[str, str], log: Callable[[str], None]
    ) -> Image:
        log(f"Building {source} as {image}")
        if self.world.build_error:
            log(self.world.build_error)
            raise BuildFailed(self.world.build_error)
        self.world.add_image(image, self.world.builds)
        return await self.resolve(image)

    async def forget(self, digest: str) -> None:
        self.world.kept.discard(digest)

    def check(self, spec: InstanceSpec) -> None:
        """A container can be all of it."""

    async def start(self, spec: InstanceSpec) -> Instance:
        if spec.task and spec.id in self._here:
            return self._here[spec.id].instance
        script = self._script(spec)
        instance = Instance(
            id=spec.id,
            project=spec.project,
            region=spec.region,
            service=spec.service,
            revision=spec.revision,
            address="" if spec.task else script.address or f"192.0.2.1:{spec.port}",  # TEST-NET-1: nobody is there
            port=spec.port,
            started=datetime.now(UTC),
            runtime=self.name,
            handle=f"memory-{spec.id}",
            containers=spec.names,
            zone=spec.zone,
            task=spec.task,
        )
        running = self._here.setdefault(spec.id, _Running(instance, {spec.container: script}))
        running.cpu_millis[spec.container] = spec.cpu_millis
        self._act(running, spec.container)
        return running.instance

    async def join(self, instance: Instance, spec: InstanceSpec) -> None:
        running = self._here[instance.id]
        if spec.task and spec.container in running.scripts:
            return
        script = self._script(spec)
        if running.exit is not None:
            raise StartFailed(f"Instance [{instance.id}] has ended meanwhile.")
        running.scripts[spec.container] = script
        running.cpu_millis[spec.container] = spec.cpu_millis
        self._act(running, spec.container)

    async def stop(self, instance: Instance, *, grace: timedelta = STOP_GRACE) -> Exit:
        running = self._here.get(instance.id)
        if running is None:
            return Exit(instance.id, ExitCause.REMOVED)
        if running.exit is None:
            killed = any(script.stubborn for script in running.scripts.values()) or not grace
            cause = ExitCause.SIGNALED if killed else ExitCause.EXITED
            code, signal = (None, 9) if killed else (0, None)
            first = next(iter(running.scripts))
            self._end(running, Exit(instance.id, cause, code, signal, at=_now(), container=first))
        elif instance.task:
            del self._here[instance.id]
        assert running.exit is not None
        return running.exit

    async def purge(self) -> None:
        for _ in range(2):  # those of tasks go with the second stop
            for running in list(self._here.values()):
                await self.stop(running.instance)

    async def instances(self) -> list[Instance]:
        return [r.instance for r in self._here.values() if r.exit is None and not r.instance.task]

    async def tasks(self) -> list[Instance]:
        return [running.instance for running in self._here.values() if running.instance.task]

    def exits(self) -> AsyncIterator[Exit]:
        queue: asyncio.Queue[Exit] = asyncio.Queue()
        self.world.listeners.append((self._home, queue))
        return self._exits(queue)

    async def logs(self, instance: Instance, *, after: str | None = None) -> AsyncIterator[LogLine]:
        running = self._here.get(instance.id)
        if running is None:
            return
        position = int(after) + 1 if after is not None else 0
        while True:
            running.changed.clear()
            for line in running.lines[position:]:
                position += 1
                yield line
            if position < len(running.lines):
                continue
            if running.exit is not None:
                return
            await running.changed.wait()

    async def listening(self, instance: Instance) -> list[Listening]:
        running = self._here.get(instance.id)
        if running is None or running.exit is not None:
            return []
        listens = [at for script in running.scripts.values() for at in script.listens]
        return [Listening(at.host, instance.port if at.port == OWN_PORT else at.port) for at in listens]

    async def door(self, instance: Instance, port: int) -> str:
        running = self._here[instance.id]
        for script in running.scripts.values():
            if port in script.doors:
                return script.doors[port]
        raise Unavailable(f"Nobody plays port {port} of instance [{instance.id}].")

    async def ended(self, instance: Instance) -> Exit | None:
        running = self._here.get(instance.id)
        return running.exit if running is not None else Exit(instance.id, ExitCause.REMOVED)

    async def usage(self, instances: Sequence[Instance]) -> dict[str, Usage]:
        alive = {one.id: self._alive(one) for one in instances}
        return {id: running.usage for id, running in alive.items() if running is not None}

    async def squeeze(self, instance: Instance) -> None:
        if (running := self._alive(instance)) is not None:
            running.squeezed = True

    async def release(self, instance: Instance) -> None:
        if (running := self._alive(instance)) is not None:
            running.squeezed = False

    async def squeezed(self) -> frozenset[str]:
        return frozenset(id for id, running in self._here.items() if running.squeezed and running.exit is None)

    async def limit_cpu(self, instance: Instance, cpu_millis: Mapping[str, int]) -> None:
        if (running := self._alive(instance)) is not None:
            running.cpu_millis.update(cpu_millis)

    def use(self, instance: Instance, usage: Usage) -> None:
        """From now on it uses so much."""
        self._here[instance.id].usage = usage

    def cpu_of(self, instance: Instance, container: str | None = None) -> int:
        """What a container may use now, in thousandths of a processor; its first when none is named."""
        running = self._here[instance.id]
        return running.cpu_millis[next(iter(running.scripts)) if container is None else container]

    def say(self, instance: Instance, text: str, *, stream: str = "stdout", container: str | None = None) -> None:
        """Let an instance write a line; its first container when none is named."""
        running = self._here[instance.id]
        name = next(iter(running.scripts)) if container is None else container
        running.lines.append(LogLine(instance.id, stream, text, _now(), str(len(running.lines)), name))
        running.changed.set()

    def crash(
        self,
        instance: Instance,
        *,
        cause: ExitCause = ExitCause.EXITED,
        code: int | None = 1,
        memory_bytes: int | None = None,
        container: str | None = None,
    ) -> None:
        """Let a container end unasked, and its instance with it; whoever iterates `exits` is told."""
        running = self._here[instance.id]
        name = next(iter(running.scripts)) if container is None else container
        if instance.task and name != instance.containers[0] and cause is ExitCause.EXITED and code == 0:
            return  # a further container of a task that has done its work
        exit = Exit(instance.id, cause, code, memory_bytes=memory_bytes, at=_now(), container=name)
        self._end(running, exit)
        for home, queue in self.world.listeners:
            if home == self._home:
                queue.put_nowait(exit)

    @property
    def _here(self) -> dict[str, _Running]:
        return self.world.homes.setdefault(self._home, {})

    def _alive(self, instance: Instance) -> _Running | None:
        running = self._here.get(instance.id)
        return running if running is not None and running.exit is None else None

    def _script(self, spec: InstanceSpec) -> Script:
        script = self.world.scripts.get(spec.digest)
        if script is None:
            raise ImageNotFound(f"Image [{spec.digest}] is not here any more.", field="image", hint="Deploy it again.")
        if spec.command and spec.command[0] not in script.programs:
            raise StartFailed(f"There is no [{spec.command[0]}] in the image.", field="command")
        if script.start_error:
            raise StartFailed(script.start_error)
        self.started.append(spec)
        return script

    def _act(self, running: _Running, container: str) -> None:
        script = running.scripts[container]
        for stream, text in script.says:
            self.say(running.instance, text, stream=stream, container=container)
        if script.exit_code is not None:
            self.crash(running.instance, code=script.exit_code, container=container)

    def _end(self, running: _Running, exit: Exit) -> None:
        running.exit = exit
        running.changed.set()

    async def _exits(self, queue: asyncio.Queue[Exit]) -> AsyncIterator[Exit]:
        while True:
            yield await queue.get()


def _now() -> datetime:
    return datetime.now(UTC)
