"""The gate: for each request that Envoy asks about, a revision, permission and a slot on an instance; or a wait, or no.

Envoy's own request id is the key of everything. A request ends with a message on the fast channel, again as a line in
the request log, and either can be first or the only one; an end can even overtake its question. So a slot is given
back on the first sign of the end, and an id whose end came first gets no slot.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from socket import socket
from typing import Any

from cloudrun_cli.core import admission
from cloudrun_cli.core.admission import Refusal
from cloudrun_cli.core.hosts import ToApi, Way
from cloudrun_cli.core.resources import Ingress, RevisionRef, Tag
from cloudrun_cli.dataplane import affinity, answers
from cloudrun_cli.dataplane.doorway import Doorway, api_refusal
from cloudrun_cli.dataplane.gate_protocol import Headers
from cloudrun_cli.dataplane.headers import grpc_seconds, trace_headers
from cloudrun_cli.dataplane.inherited import Inherited
from cloudrun_cli.dataplane.lingering import Lingering
from cloudrun_cli.dataplane.pools import InstanceSlots, OnBusy, Pool, Reply, RevisionLoad, Ticket, nobody_asks
from cloudrun_cli.dataplane.records import RequestRecord, record
from cloudrun_cli.dataplane.routes import RouteBook, RouteChange, Routes, ServiceRoute
from cloudrun_cli.dataplane.serving import serve
from cloudrun_cli.dataplane.sleepers import Sleepers

ORPHANS = 8192  # ended ids without a question that are remembered; their questions come within milliseconds

_UNKNOWN = object()


class Gate:
    """Decides per request. One event loop, no locks: every method runs to its end before the next."""

    def __init__(
        self,
        *,
        random: Random,
        on_demand: Callable[[RevisionRef], None],
        on_request_end: Callable[[RequestRecord], None] | None = None,
        on_busy: OnBusy = nobody_asks,
        doorway: Doorway | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._random = random
        self._on_demand = on_demand
        self._on_request_end = on_request_end
        self._on_busy = on_busy
        self._doorway = doorway or Doorway()
        self._now = monotonic
        self._book = RouteBook()
        self._services = self._book.services
        self._pools: dict[RevisionRef, Pool] = {}
        self._instances: dict[str, InstanceSlots] = {}
        self._tickets: dict[bytes, Ticket] = {}
        self._inherited, self._lingering = Inherited(self._free), Lingering(self._free)
        self.sleepers = Sleepers(
            self._instances, self._pools, self._answer, self._move_queue, self._place_again
        )  # the daemon tells it which instances are without CPU
        self._orphans: OrderedDict[bytes, object] = OrderedDict()
        self._anyone_waits = asyncio.Event()

    async def serve(self, gate_socket: socket, events_socket: socket, request_log: Path) -> None:
        """Answers until cancelled. The sockets listen already and stay open; what was asked meanwhile waits in them."""
        await serve(self, self._anyone_waits, self._now, gate_socket, events_socket, request_log)

    # What the daemon tells

    def use(self, routes: Routes) -> None:
        """From now on these and no others. Requests that wait for a revision that is gone are placed again, or
        answered."""
        self._follow(self._book.replace(routes))

    def change(self, change: RouteChange) -> None:
        """From now on with these changes; the same holds for requests that wait."""
        self._book.change(change)
        self._follow(change)

    def _follow(self, change: RouteChange) -> None:
        for ref, route in change.revisions.items():
            if route is not None:
                self._pool(ref).reroute(route)
        for ref, route in change.revisions.items():
            if route is None and (pool := self._pools.get(ref)) is not None:
                self._unroute_pool(pool)
        for ref in change.revisions:
            if (pool := self._pools.get(ref)) is not None:
                self._move_queue(pool)

    def _unroute_pool(self, pool: Pool) -> None:
        pool.route = None
        while (ticket := pool.next_waiting()) is not None:
            self._place_again(ticket)
        if not pool.instances:
            del self._pools[pool.ref]

    def add_instance(self, revision: RevisionRef, instance_id: str, address: str) -> None:
        """It is ready at `IP:PORT`: its slots open and the queue moves at once. Known already: nothing happens."""
        if instance_id in self._instances:
            return
        pool = self._pool(revision)
        h2 = pool.route is not None and pool.route.h2
        head = answers.destination(address, h2=h2)
        instance = InstanceSlots(instance_id, revision, address, head, self._now(), self._on_busy, h2, pool)
        self._instances[instance_id] = instance
        pool.instances.append(instance)
        self._move_queue(pool)

    def retire_instance(self, instance_id: str) -> None:
        """Choose it no more; what is in flight goes on."""
        if (instance := self._instances.get(instance_id)) is not None:
            instance.retired = True
            instance.reopen()

    def pause_instance(self, instance_id: str, *, paused: bool) -> None:
        """Choose it no more until it is said to be ready again; what is in flight goes on."""
        instance = self._instances.get(instance_id)
        if instance is None or instance.retired:
            return
        instance.paused = paused
        instance.reopen()
        if not paused:
            self._move_queue(self._pools[instance.revision])

    async def drained(self, instance_id: str, deadline: float) -> bool:
        """Whether nothing was in flight on it at some moment before the deadline (monotonic seconds)."""
        instance = self._instances.get(instance_id)
        if instance is None:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline - self._now()):
                await instance.drained()
                return True
        return False

    def drop_instance(self, instance_id: str) -> None:
        """It is gone. Its requests end by themselves."""
        instance = self._instances.pop(instance_id, None)
        if instance is None:
            return
        instance.open = False
        self._inherited.drop(instance.address)
        pool = self._pools[instance.revision]
        pool.instances.remove(instance)
        if pool.route is None and not pool.instances:
            del self._pools[instance.revision]
        self.sleepers.give_back(instance, self._now())

    def starting(self, revision: RevisionRef, change: int) -> None:
        """So many more (or fewer) instances of it are starting now: while there is one, those waiting go on waiting."""
        self._pool(revision).starting += change

    def start_time(self, revision: RevisionRef, seconds: float) -> None:
        """A start of it took so long; the queue's wait limit is made of their average."""
        pool = self._pool(revision)
        pool.starts += 1
        pool.average_start += (seconds - pool.average_start) / pool.starts

    def fail_waiting(self, revision: RevisionRef, refusal: Refusal = admission.NOT_STARTED) -> None:
        """A start failed: everyone who waits for this revision gets this answer."""
        if (pool := self._pools.get(revision)) is not None:
            while (ticket := pool.next_waiting()) is not None:
                ticket.answer(self._refuse(ticket, refusal))

    def inherit(self, in_flight: Mapping[str, int]) -> None:
        """After a restart: so many requests per address run already, by Envoy's count. Once, before `serve`."""
        self._inherited.begin(self._instances.values(), in_flight)
        self._lingering.hold_left_over(self._instances.values())

    async def recount(self, in_flight: Callable[[], Awaitable[Mapping[str, int]]]) -> None:
        """Correct what was inherited by a later count of Envoy's, downwards only."""
        asked = self._now()
        self._inherited.recount(await in_flight(), asked, self._tickets.values())

    def forget_envoy(self) -> None:
        """Envoy has died, and every request with it: their slots are free. Its successor has no request yet."""
        for ticket in list(self._tickets.values()):
            self._end(ticket)
        self._inherited.end_all()
        self._lingering.hold_left_over(self._instances.values())

    @property
    def inherits(self) -> bool:
        """Whether requests of an earlier gate still run, so that `recount` is worth asking Envoy."""
        return bool(self._inherited)

    def load(self) -> dict[RevisionRef, RevisionLoad]:
        """Per revision: in flight, waiting, and each instance's own."""
        return {ref: pool.load() for ref, pool in self._pools.items()}

    def load_of(self, ref: RevisionRef) -> RevisionLoad | None:
        """The same of one revision; None when it is not known here."""
        pool = self._pools.get(ref)
        return None if pool is None else pool.load()

    # What Envoy asks and tells

    def ask(self, path: bytes, headers: Headers, reply: Reply) -> bytes | Ticket:
        """The answer to one question; or, when there is none yet, the ticket it waits with, and `reply` gets it."""
        request_id = headers.get(b"x-request-id", b"")
        if self._orphans.pop(request_id, _UNKNOWN) is None:  # it ended before we were asked: nobody reads the answer
            return _page(admission.PAGE_NOT_FOUND, path)
        if (earlier := self._tickets.get(request_id)) is not None:  # asked again, because a connection broke
            self._end(earlier)
        place, route = self._book.find(headers.get(b"host", b""), headers.get(b"x-crl-door"), path)
        if place is None:
            return _page(admission.PAGE_NOT_FOUND, path)
        if isinstance(place, ToApi):
            return self._to_api(path, headers)
        if route is None or (route.disabled_url and place.way is not Way.DOMAIN):
            return _page(admission.PAGE_NOT_FOUND, path)
        if route.ingress is not Ingress.ALL and not self._doorway.is_inside(route, headers):
            return _page(admission.PAGE_NOT_FOUND, path)
        ticket = Ticket(request_id, place.service, place.tag, self._now(), reply)
        cookies = headers.get(b"cookie")
        pin = affinity.pin_of(cookies, place.service) if cookies is not None else None
        ticket.revision = self._revision(route, place.tag, pin)  # also where it is refused: in whose log it is
        if place.tag is not None and ticket.revision is None:
            return _page(admission.PAGE_NOT_FOUND, path)
        verdict = b"" if route.public else self._doorway.may_invoke(route, headers, path)
        if isinstance(verdict, Refusal):
            return self._refuse(ticket, verdict, path)
        pool = self._pools.get(ticket.revision) if ticket.revision is not None else None
        if pool is None or pool.route is None:
            if place.tag is not None:
                return _page(admission.PAGE_NOT_FOUND, path)
            return self._refuse(ticket, admission.NOTHING_SERVES, path)
        ticket.timeout = pool.timeout
        if pin is not None and pool.affinity:
            ticket.pin = pin[0]
        if (theirs := headers.get(b"grpc-timeout")) is not None:
            ticket.timeout = min(ticket.timeout, grpc_seconds(theirs))
        ticket.trace = trace_headers(headers.get(b"traceparent"), headers.get(b"x-cloud-trace-context"), self._random)
        ticket.trace += verdict
        self._tickets[request_id] = ticket
        if pool.waiting == 0 and (instance := pool.slot(ticket.pin)) is not None:
            if instance.asleep:
                self.sleepers.hold(ticket, instance)
                return ticket
            return _admit(ticket, pool, instance, ticket.since)
        if (refusal := pool.refusal()) is not None:
            return self._refuse(ticket, refusal, path)
        self._wait(pool, ticket)
        return ticket

    def left(self, ticket: Ticket) -> None:
        """Envoy closed the connection on which this request waited: its client has left."""
        if ticket.waiting or ticket.held:
            self._end(ticket)

    def ended(self, request_id: bytes, whole: bool, ours: bytes) -> None:
        """A message on the fast channel: this request is over. `whole`: it was answered to the end; else `ours` is
        Envoy's end of its connection to the instance, or empty."""
        ticket = self._tickets.get(request_id)
        if ticket is not None:
            self._end(ticket, b"" if whole else ours)
        else:
            self._remember_orphan(request_id)

    def logged(self, line: Mapping[str, Any]) -> None:
        """A line of the request log: this request is over, and this is what became of it."""
        request_id = (line["id"] or "").encode()
        ticket = self._tickets.pop(request_id, None)
        if ticket is not None:
            whole = (line["rf"], line["rd"]) == ("-", "via_upstream")
            self._end(ticket, b"" if whole else (line["ul"] or "").encode())
            if self._on_request_end is not None:
                instance = ticket.instance.id if ticket.instance is not None else ""
                self._on_request_end(
                    record(line, ticket.service, ticket.revision, ticket.tag, instance, ticket.refusal)
                )
            return
        self._remember_orphan(request_id)
        if self._on_request_end is None or not line["inst"]:
            return
        known = next((one for one in self._instances.values() if one.address == line["inst"]), None)
        pool = self._pools.get(known.revision) if known is not None else None
        if known is not None and pool is not None and pool.route is not None:  # begun under an earlier gate
            self._on_request_end(record(line, pool.route.service, known.revision, None, known.id, None))

    def sweep(self) -> bool:
        """Refuses those who have waited too long. Whether anyone still waits."""
        now = self._now()
        for pool in self._pools.values():
            for ticket, refusal in pool.overdue(now):
                ticket.answer(self._refuse(ticket, refusal))
        return any(pool.waiting for pool in self._pools.values())

    def forget(self, before: float) -> None:
        """Ended requests whose line never came."""
        for request_id, ticket in list(self._tickets.items()):
            if ticket.ended is not None and ticket.ended < before:
                del self._tickets[request_id]

    # Parts

    def _to_api(self, path: bytes, headers: Headers) -> bytes:
        if (refusal := api_refusal(headers, path)) is not None:
            return _page(refusal, path)
        if self._book.api is None:
            return _page(admission.API_AWAY, path)
        return answers.destination(self._book.api, h2=False) + b"\r\n"

    def _revision(self, route: ServiceRoute, tag: Tag | None, pin: affinity.Pin | None = None) -> RevisionRef | None:
        if tag is not None:
            return route.tags.get(tag)
        if len(route.split) == 1:
            return route.split[0][0]
        for ref, _ in route.split if pin is not None else ():
            if pin is not None and ref.name == pin[1] and (pool := self._pools.get(ref)) is not None and pool.affinity:
                return ref
        return admission.pick_revision(route.split, self._random.random())

    def _wait(self, pool: Pool, ticket: Ticket) -> None:
        pool.enqueue(ticket)
        self._anyone_waits.set()
        self._on_demand(pool.ref)

    def _place_again(self, ticket: Ticket) -> None:
        route = self._services.get(ticket.service)
        revision = self._revision(route, ticket.tag) if route is not None else None
        pool = self._pools.get(revision) if revision is not None else None
        if pool is None or pool.route is None:
            ticket.answer(self._refuse(ticket, admission.PAGE_NOT_FOUND))
            return
        ticket.revision = revision
        ticket.timeout = min(ticket.timeout, pool.timeout)
        self._wait(pool, ticket)

    def _move_queue(self, pool: Pool) -> None:
        while pool.waiting and (instance := pool.slot()) is not None:
            ticket = pool.next_waiting()
            if ticket is None:
                instance.release(self._now())
                instance.rest()
                return
            if instance.asleep:
                self.sleepers.hold(ticket, instance)
            else:
                self._answer(ticket, pool, instance)

    def _answer(self, ticket: Ticket, pool: Pool, instance: InstanceSlots) -> None:
        ticket.answer(_admit(ticket, pool, instance, self._now()))

    def _refuse(self, ticket: Ticket, refusal: Refusal, path: bytes = b"") -> bytes:
        ticket.refusal = refusal
        ticket.ended = self._now()
        self._tickets[ticket.id] = ticket  # its line in the request log will say why
        return _page(refusal, path)

    def _end(self, ticket: Ticket, broken: bytes = b"") -> None:
        """`broken`: Envoy's end of the connection on which it broke off."""
        if ticket.ended is None:
            ticket.ended = self._now()
        if ticket.waiting and ticket.revision is not None:
            self._pools[ticket.revision].leave(ticket)
            ticket.reply = None
        if ticket.open and ticket.instance is not None:
            ticket.open = False
            if ticket.held:  # and so was never sent
                ticket.held, ticket.reply, broken = False, None, b""
            if broken:  # its client or its time is gone; the app may not be done yet
                self._lingering.hold(ticket.instance, "" if ticket.instance.h2 else broken.decode())
            else:
                self._free(ticket.instance)

    def _free(self, instance: InstanceSlots) -> None:
        instance.release(self._now())
        if (pool := instance.pool) is not None and pool.waiting:
            self._move_queue(pool)
        instance.rest()

    def _remember_orphan(self, request_id: bytes) -> None:
        self._orphans[request_id] = None
        if len(self._orphans) > ORPHANS:
            self._orphans.popitem(last=False)

    def _pool(self, ref: RevisionRef) -> Pool:
        return self._pools.setdefault(ref, Pool(ref))


def _admit(ticket: Ticket, pool: Pool, instance: InstanceSlots, now: float) -> bytes:
    ticket.instance, ticket.open, ticket.admitted = instance, True, now
    more = ticket.trace
    if pool.affinity and instance.id != ticket.pin:
        more += affinity.set_cookie(ticket.service, instance.id, pool.ref.name)
    return answers.yes(instance.answer, ticket.timeout - (now - ticket.since), more)


def _page(refusal: Refusal, path: bytes) -> bytes:
    return answers.no(refusal, path.decode("latin-1"))
