"""What a runtime is: a few words for running instances, and the values they speak of."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

STOP_GRACE = timedelta(seconds=10)  # from SIGTERM to SIGKILL. Source: container runtime contract


class ExitCause(StrEnum):
    """Why an instance is no more."""

    EXITED = "exited"
    SIGNALED = "signaled"
    OUT_OF_MEMORY = "out-of-memory"
    REMOVED = "removed"  # gone without a trace: an engine reset, a reboot


@dataclass(frozen=True, slots=True)
class Image:
    """An image that this runtime can start, fixed for ever by its digest (`NAME@sha256:…`)."""

    name: str  # as asked for
    digest: str
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    architecture: str = "amd64"
    working_dir: str = ""
    notes: tuple[str, ...] = ()  # such as "the built-in stand-in serves for it"


@dataclass(frozen=True, slots=True)
class Scratch:
    """A folder of one instance, shared by its containers and gone with it; in memory, or on disk. `size_bytes` None is
    no limit of its own."""

    name: str
    size_bytes: int | None = None
    memory: bool = True


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine, made when it is not there."""

    path: str


@dataclass(frozen=True, slots=True)
class Mount:
    """What a container sees at a path. `volume` is what its user calls it."""

    volume: str
    path: str
    source: Scratch | Folder
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """One container to start: the first of an instance, or a further one. `command` and `args` replace the image's
    entry point and command when not empty."""

    id: str  # of the instance, unique for ever; a label on what runs
    project: str
    region: str
    service: str
    revision: str
    digest: str
    env: Mapping[str, str] = field(repr=False)  # complete: platform, settings, secrets; the image's come underneath
    port: int  # what PORT says where the instance has its own address; a process is given another one
    cpu_millis: int
    memory_bytes: int
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str = ""
    container: str = ""  # its name
    containers: tuple[str, ...] = ()  # the names of all that the instance is to have, when there are several
    mounts: tuple[Mount, ...] = ()
    ports: tuple[int, ...] = ()  # further ports that we want to reach, for probes
    zone: str = ""  # of its region, whole; a label on what runs
    task: str = ""  # of a job's task: INDEX/ATTEMPT. The service is then the job, the revision the execution

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all containers of the instance."""
        return self.containers or (self.container,)


@dataclass(frozen=True, slots=True)
class Instance:
    """What runs. `address` is `IP:PORT`, the place to send requests to. `containers` are the names of all that it has,
    or is to have while it is still being started."""

    id: str
    project: str
    region: str
    service: str
    revision: str
    address: str
    port: int  # the port the app was told to listen on
    started: datetime
    runtime: str
    handle: str  # container id, or pid:start-time
    containers: tuple[str, ...] = ("",)
    zone: str = ""
    task: str = ""  # INDEX/ATTEMPT; "" where it is no task's


@dataclass(frozen=True, slots=True)
class Exit:
    """How an instance ended: the first of its containers to end takes the others along. `code` is None when only a
    signal is known."""

    instance: str
    cause: ExitCause
    code: int | None = None
    signal: int | None = None
    memory_bytes: int | None = None  # used when memory was the cause, where known
    at: datetime | None = None
    container: str = ""  # the one that ended; may be empty where there is only one


@dataclass(frozen=True, slots=True)
class Usage:
    """What all containers of an instance have used since they started (CPU), and use now (memory)."""

    cpu_seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that somebody in the instance listens on: address as the app bound it, and port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that an instance wrote. `stream` is stdout or stderr; `cursor` is where to read on from."""

    instance: str
    stream: str
    text: str
    at: datetime
    cursor: str
    container: str = ""  # the one that wrote it; may be empty where there is only one


class Runtime(Protocol):
    """Runs instances, finds them again, and says how they ended. Raises only `core.errors`.

    One runtime belongs to one home: what it starts is labelled with it, and it never touches another's.

    The instance of a task has no address, and neither its end nor what it said may be lost: once it has ended it stays
    known, also to the next runtime of its home, until `stop` is called for it then; and starting it again under its id
    finds the first one, whether that still runs or not. It ends with its main container, the first of its `names`; a
    further one that ends well ends nothing but itself.
    """

    name: str

    async def open(self) -> None:
        """Make ready (network, folders). Raises EngineUnavailable when there is nothing to talk to."""

    async def close(self) -> None:
        """Let go of connections; what runs goes on running."""

    async def resolve(self, image: str) -> Image:
        """Find the image here or in its registry, fix its digest and keep it for as long as `forget` is not called.
        An image given by digest that was kept answers without a registry. Raises ImageNotFound, ImageUnsupported."""

    async def build(
        self, source: Path, image: str, *, base_image: str, env: Mapping[str, str], log: Callable[[str], None]
    ) -> Image:
        """Make an image from a folder; every line of the build goes to `log`. Raises BuildFailed."""

    async def forget(self, digest: str) -> None:
        """Nobody needs this image any more."""

    def check(self, spec: InstanceSpec) -> None:
        """Nothing when this runtime can give a container all that its spec asks for. Raises Unimplemented naming what
        it cannot give."""

    async def start(self, spec: InstanceSpec) -> Instance:
        """Start an instance with this container and answer at once, before it listens. Raises StartFailed,
        ImageNotFound, EngineUnavailable, and whatever `check` does."""

    async def join(self, instance: Instance, spec: InstanceSpec) -> None:
        """Start a further container in an instance: they share network, names and scratch folders, and end together.
        When it cannot be started, the instance stays as it was. Raises as `start` does."""

    async def stop(self, instance: Instance, *, grace: timedelta = STOP_GRACE) -> Exit:
        """SIGTERM to every container at once, wait for at most `grace`, SIGKILL, clean up; without a grace SIGKILL at
        once. An instance already gone answers how it went. That of a task is not cleaned up before a second call."""

    async def purge(self) -> None:
        """End and remove everything of this home that runs, with all that was made to run it; images are kept."""

    async def instances(self) -> list[Instance]:
        """Everything of this home that runs now, also what another process started; not what is ending, nor tasks."""

    async def tasks(self) -> list[Instance]:
        """The instances of tasks that are known: those that run, and those that have ended and wait for `stop`."""

    def exits(self) -> AsyncIterator[Exit]:
        """Every end that was not asked for by `stop`, once each, counted from this call (not from its first step)."""

    def logs(self, instance: Instance, *, after: str | None = None) -> AsyncIterator[LogLine]:
        """Its lines in order, from the start or from after a cursor; ends when the instance is gone and all is read."""

    async def door(self, instance: Instance, port: int) -> str:
        """Where a port that its containers listen on is reached, `IP:PORT`. Raises Unavailable when it cannot be."""

    async def listening(self, instance: Instance) -> list[Listening]:
        """What it listens on now, for the autopsy of a failed start. Empty when that cannot be seen."""

    async def ended(self, instance: Instance) -> Exit | None:
        """How it ended, or None while it runs."""

    async def usage(self, instances: Sequence[Instance]) -> dict[str, Usage]:
        """What each uses, by its id; one that cannot be measured, or has ended, is not in it."""

    async def squeeze(self, instance: Instance) -> None:
        """Take the CPU from all its containers until `release`: what is theirs stays, and nothing in them goes on. Of
        one already squeezed, or gone, nothing happens. Raises EngineUnavailable, Unavailable."""

    async def release(self, instance: Instance) -> None:
        """Give the CPU back; once this returns, all its containers go on. Of one not squeezed, or gone, nothing
        happens. `stop` does this by itself. Raises EngineUnavailable, and Unavailable also when it was killed meanwhile
        and is about to end."""

    async def squeezed(self) -> frozenset[str]:
        """The ids of the instances of this home that are squeezed now, also by another process."""

    async def limit_cpu(self, instance: Instance, cpu_millis: Mapping[str, int]) -> None:
        """From now on these containers, by name, may use so much, within what the machine has. Nothing happens where
        CPU is not bounded, or the instance is gone. Raises EngineUnavailable."""
