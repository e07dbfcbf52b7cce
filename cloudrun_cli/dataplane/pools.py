"""Pools: the instances of a revision with their slots, and the queue of requests that wait for one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cloudrun_cli.core.admission import Refusal, free_slot, no_instance, queue_limit, refuse_waiting, wait_limit
from cloudrun_cli.core.autoscaling import DEFAULT_TARGET
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
    pin: str = ""  # the instance that served its client before
    instance: InstanceSlots | None = None
    admitted: float = 0.0  # when it was sent there
    open: bool = False
    waiting: bool = False
    held: bool = False  # has a slot on an instance that is still to get its CPU back
    ended: float | None = None
    refusal: Refusal | None = None

    def answer(self, answer: bytes) -> None:
        """The answer, once."""
        reply, self.reply = self.reply, None
        if reply is not None:
            reply.send(answer)


OnBusy = Callable[[str, bool], None]


def nobody_asks(instance_id: str, busy: bool) -> None:
    """Hears that an instance became busy or idle, and does nothing with it."""


@dataclass(slots=True, eq=False)
class InstanceSlots:
    """An instance that is up. `open` while it may be chosen like any other: neither `retired`, `paused` nor `asleep`,
    which is without CPU; `held` are the requests that wait for it to wake. `inherited` are requests begun under an
    earlier gate. `on_busy` is called when its first request comes and when its last one has gone, but not between two
    of which the second took the slot of the first."""

    id: str
    revision: RevisionRef
    address: str
    answer: bytes  # header lines that send a request here
    last_busy: float
    on_busy: OnBusy = nobody_asks
    h2: bool = False  # it is spoken to in HTTP/2
    pool: Pool | None = None  # of which it is one
    in_flight: int = 0
    open: bool = True
    retired: bool = False
    paused: bool = False
    asleep: bool = False
    held: list[Ticket] = field(default_factory=list)
    inherited: int = 0
    lingering: int = 0  # requests over for their client, but not for the app
    busy: bool = False  # as `on_busy` was told last
    idle: asyncio.Event | None = None  # set when somebody waits for it to drain
    came: float = field(init=False)  # when it was ready

    def __post_init__(self) -> None:
        self.came = self.last_busy

    def reopen(self) -> None:
        """Whether it may be chosen, after that may have changed."""
        self.open = not (self.retired or self.paused or self.asleep)

    def take(self) -> None:
        """One request more."""
        self.in_flight += 1
        if not self.busy:
            self.busy = True
            self.on_busy(self.id, True)

    def release(self, now: float) -> None:
        """One request less; `rest` follows once its slot was offered to those waiting."""
        self.in_flight -= 1
        self.last_busy = now
        if self.idle is not None and self.in_flight == 0:
            self.idle.set()

    def rest(self) -> None:
        """Tells that it is idle, if it is."""
        if self.busy and not self.in_flight:
            self.busy = False
            self.on_busy(self.id, False)

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
    affinity: bool = False  # the route's
    most_waiting: int = 0
    instances: list[InstanceSlots] = field(default_factory=list)
    queue: deque[Ticket] = field(default_factory=deque)
    waiting: int = 0
    starting: int = 0
    starts: int = 0  # seen so far
    average_start: float = 0.0
    sleepers: int = 0  # instances that are asleep
    wakes_at: int = 1  # in flight on each that is awake, from which on a sleeper is the better choice

    def reroute(self, route: RevisionRoute) -> None:
        """Requests are admitted and sent as this says, from now on."""
        if self.route != route:
            self.route = route
            self.timeout = route.timeout.total_seconds()
            self.affinity = route.affinity
            self.wakes_at = max(1, round(route.concurrency * DEFAULT_TARGET))
            self.most_waiting = queue_limit(route.concurrency, route.max_instances)
            for instance in self.instances:
                instance.answer, instance.h2 = answers.destination(instance.address, h2=route.h2), route.h2

    def slot(self, pin: str = "") -> InstanceSlots | None:
        """Takes a slot, on the instance of this name if that has one, else on the least loaded. None when every slot is
        taken."""
        if self.route is None:
            return None
        most = self.route.concurrency
        pinned = [one for one in self.instances if one.id == pin] if pin else ()
        instance = free_slot(pinned, most) or free_slot(self.instances, most)
        if self.sleepers and (instance is None or instance.in_flight >= self.wakes_at or pin not in ("", instance.id)):
            instance = self._sleeper(pin, instance)
        if instance is not None:
            instance.take()
        return instance

    def _sleeper(self, pin: str, awake: InstanceSlots | None) -> InstanceSlots | None:
        """The sleeping instance of this name; else `awake`, unless that is so busy that a sleeper is the better choice:
        one that is waking already, if it has a slot."""
        assert self.route is not None
        most = self.route.concurrency
        able = [one for one in self.instances if one.asleep and one.in_flight < most and not one.retired | one.paused]
        if awake is not None and awake.in_flight < self.wakes_at:
            able = [one for one in able if one.id == pin]
        return max(able, key=lambda one: (one.id == pin, one.in_flight), default=awake)

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

    def refusal(self) -> Refusal | None:
        """What the next request is told when the queue is full; None while it is not."""
        if self.waiting < self.most_waiting or self.route is None:
            return None
        return no_instance(self._open() + self.starting, self.route.max_instances)

    def overdue(self, now: float) -> list[tuple[Ticket, Refusal]]:
        """Those who have waited too long, each with what to answer; they wait no more."""
        if not self.waiting or self.route is None:
            return []
        limit, instances = wait_limit(self.average_start), self._open()
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

    def _open(self) -> int:
        return sum(one.open or one.asleep for one in self.instances)

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
