"""One instance as the daemon follows it, from its start to its end."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cloudrun_cli.core import sidecars
from cloudrun_cli.core.resources import Container, Revision
from cloudrun_cli.runtime.base import Exit, Instance

TAIL = 20  # lines per container that are kept for the autopsy


class State(StrEnum):
    """What may be done with an instance. Where it is in its life, as its user sees it, is in core/instances.py."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


@dataclass(slots=True, eq=False)
class Member:
    """One instance of ours. `instance` is None until the runtime has answered. `retired`: nobody needs to wait for it
    any more, because it is gone or not wanted; `brought_up`: its start is over, well or badly; `ended`: forgotten.
    `begun_at` and `running_at`: when its start began, and when its first container ran."""

    id: str
    revision: Revision
    began: float
    zone: str = ""
    begun_at: datetime | None = None
    running_at: datetime | None = None
    state: State = State.STARTING
    has_turn: bool = False  # its start goes on, or is over
    instance: Instance | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    retired: asyncio.Event = field(default_factory=asyncio.Event)
    brought_up: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    ending: bool = False
    exit: Exit | None = None
    suspected: Callable[[str], None] = lambda text: None  # what may be wrong with its start, while that goes on
    reader: asyncio.Task[None] | None = None
    tails: dict[str, deque[str]] = field(default_factory=dict)  # the last lines of each container

    @property
    def containers(self) -> dict[str, Container]:
        """The containers of its revision by name."""
        return sidecars.named(self.revision.template)

    @property
    def has_several(self) -> bool:
        """Whether its containers must be told apart by name."""
        return len(self.revision.template.containers) > 1

    def heard(self, container: str, text: str) -> None:
        """One of its containers wrote a line."""
        self.tails.setdefault(container, deque(maxlen=TAIL)).append(text)

    def tail(self, container: str) -> list[str]:
        """The last lines of a container; of the only one, whatever its name."""
        if self.has_several:
            return list(self.tails.get(container, ()))
        return [line for lines in self.tails.values() for line in lines]
