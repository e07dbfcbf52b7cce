"""Pools: the instances of a revision with their slots, and the queue of requests that wait for one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cloudrun_cli.core.admission import Refusal, free_slot, refuse_waiting, wait_limit
from cloudrun_cli.core.resources import RevisionRef, ServiceRef, Tag
from cloudrun_cli.dataplane import answers
from cloudrun_cli.dataplane.routes import RevisionRoute


@dataclass(frozen=True, slots=True)
class InstanceLoad:
    """How busy an instance is. `idle_since`: when (monotonic seconds) its last request ended, or it came without one;
    None while it serves. `served`: whether it ever had one."""

    in_flight: int
    idle_since: float | None
    served: bool = True


@dataclass(frozen=True, slots=True)
class RevisionLoad:
    """How busy a revision is; `waiting` requests have no slot yet."""

    in_flight: int
    waiting: int
    instances: Mapping[str, InstanceLoad]


class Reply(Protocol):
    """Where the answer to one question goes."""

    def send(self, answer: bytes) -> None:
        """Write the whole answer. Only once per question; nothing happens when the asker has left."""


@dataclass(slots=True, eq=False)
class Ticket:
    """One request, from its question until its line in the request log was read.

    It waits (`waiting`), then holds a slot (`open` on `instance`), or was refused; `ended` when its end was seen.
    """

    id: bytes
    service: ServiceRef
    tag: Tag | None
    since: float
    reply: Reply | None
    revision: RevisionRef | None = None
    timeout: float = 0.0  # seconds in all, waiting included: the service's limit or the client's, whichever is less
    trace: bytes = b""  # header lines that its answer carries to the app
    instance: InstanceSlots | None = None
    open: bool = False
    waiting: bool = False
    ended: float | None = None
    refusal: Refusal | None = None

    def answer(self, answer: bytes) -> None:
        """The answer, once."""
        reply, self.reply = self.reply, None
        if reply is not None:
            reply.send(answer)


@dataclass(slots=True, eq=False)
class InstanceSlots:
    """An instance that is up. `open` while it may be chosen: neither `retired` nor paused; `inherited` are requests
    begun under an earlier gate."""

    id: str
    revision: RevisionRef
    address: str
    answer: bytes  # header lines that send a request here
    last_busy: float
    in_flight: int = 0
    open: bool = True
    retired: bool = False
    inherited: int = 0
    idle: asyncio.Event | None = None  # set when somebody waits for it to drain
    came: float = field(init=False)  # when it was ready

    def __post_init__(self) -> None:
        self.came = self.last_busy

    def release(self, now: float) -> None:
        """One request less."""
        self.in_flight -= 1
        self.last_busy = now
        if self.idle is not None and self.in_flight == 0:
            self.idle.set()

    async def drained(self) -> None:
        """Returns once nothing is in flight."""
        while self.in_flight:
            self.idle = self.idle or asyncio.Event()
            self.idle.clear()
            await self.idle.wait()


@dataclass(slots=True, eq=False)
class Pool:
    """The instances of one revision and its one queue, first come first served. `route` is None while unrouted."""

    ref: RevisionRef
    route: RevisionRoute | None = None
    timeout: float = 0.0  # the route's, in seconds
    instances: list[InstanceSlots] = field(default_factory=list)
    queue: deque[Ticket] = field(default_factory=deque)
    waiting: int = 0
    starting: int = 0
    starts: int = 0  # seen so far
    average_start: float = 0.0

    def reroute(self, route: RevisionRoute) -> None:
        """Requests are admitted and sent as this says, from now on."""
        if self.route != route:
            self.route = route
            self.timeout = route.timeout.total_seconds()
            for instance in self.instances:
                instance.answer = answers.destination(instance.address, h2=route.h2)

    def slot(self) -> InstanceSlots | None:
        """Takes a slot on the least loaded instance. None when every slot is taken."""
        if self.route is None:
            return None
        instance = free_slot(self.instances, self.route.concurrency)
        if instance is not None:
            instance.in_flight += 1
        return instance

    def enqueue(self, ticket: Ticket) -> None:
        """Put it last."""
        ticket.waiting = True
        self.queue.append(ticket)
        self.waiting += 1

    def next_waiting(self) -> Ticket | None:
        """The one that has waited longest, taken out of the queue."""
        while self.queue:
            ticket = self.queue.popleft()
            if ticket.waiting:
                ticket.waiting = False
                self.waiting -= 1
                return ticket
        return None

    def leave(self, ticket: Ticket) -> None:
        """It waits no more; its place is skipped when its turn comes."""
        if ticket.waiting:
            ticket.waiting = False
            self.waiting -= 1
            if len(self.queue) > 2 * self.waiting + 64:  # many have left: keep the queue as long as its waiting ones
                self.queue = deque(other for other in self.queue if other.waiting)

    def overdue(self, now: float) -> list[tuple[Ticket, Refusal]]:
        """Those who have waited too long, each with what to answer; they wait no more."""
        if not self.waiting or self.route is None:
            return []
        limit, instances = wait_limit(self.average_start), sum(one.open for one in self.instances)
        out = []
        for ticket in [ticket for ticket in self.queue if ticket.waiting]:
            refusal = refuse_waiting(
                now - ticket.since,
                limit=limit,
                timeout=ticket.timeout,
                starting=self.starting,
                instances=instances,
                max_instances=self.route.max_instances,
            )
            if refusal is not None:
                self.leave(ticket)
                out.append((ticket, refusal))
        return out

    def load(self) -> RevisionLoad:
        """What the autoscaler asks."""
        instances = {
            one.id: InstanceLoad(
                one.in_flight,
                None if one.in_flight else one.last_busy,
                served=bool(one.in_flight) or one.last_busy != one.came,
            )
            for one in self.instances
        }
        return RevisionLoad(sum(one.in_flight for one in self.instances), self.waiting, instances)
