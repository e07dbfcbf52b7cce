"""The gate: for each request that Envoy asks about, a revision, permission and a slot on an instance; or a wait, or no.

Envoy's own request id is the key of everything. A request ends with a message on the fast channel, again as a line in
the request log, and either can be first or the only one; an end can even overtake its question. So a slot is given
back on the first sign of the end, and an id whose end came first gets no slot.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from socket import socket
from typing import Any

from cloudrun_cli.core import admission
from cloudrun_cli.core.admission import Refusal
from cloudrun_cli.core.hosts import ToApi, ToService, Way, destination
from cloudrun_cli.core.resources import RevisionRef, Tag
from cloudrun_cli.dataplane import answers
from cloudrun_cli.dataplane.gate_protocol import Headers
from cloudrun_cli.dataplane.headers import grpc_seconds, trace_headers
from cloudrun_cli.dataplane.pools import InstanceSlots, Pool, Reply, RevisionLoad, Ticket
from cloudrun_cli.dataplane.records import RequestRecord, record
from cloudrun_cli.dataplane.routes import RouteBook, RouteChange, Routes, ServiceRoute
from cloudrun_cli.dataplane.serving import serve

ORPHANS = 8192  # ended ids without a question that are remembered; their questions come within milliseconds
HOSTS = 4096  # answers to "whose host is this" that are remembered

Verdict = Refusal | None
MayInvoke = Callable[[ServiceRoute, Headers], Verdict]
Key = tuple[bytes, bytes | None]

_UNKNOWN = object()


def public_only(service: ServiceRoute, headers: Headers) -> Verdict:
    """Lets everybody into public services and nobody into the others."""
    return None if service.public else admission.UNAUTHENTICATED


class Gate:
    """Decides per request. One event loop, no locks: every method runs to its end before the next."""

    def __init__(
        self,
        *,
        random: Random,
        on_demand: Callable[[RevisionRef], None],
        on_request_end: Callable[[RequestRecord], None] | None = None,
        may_invoke: MayInvoke = public_only,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._random = random
        self._on_demand = on_demand
        self._on_request_end = on_request_end
        self._may_invoke = may_invoke
        self._now = monotonic
        self._book = RouteBook()
        self._services = self._book.services
        self._hosts: dict[Key, ToService] = {}
        self._pools: dict[RevisionRef, Pool] = {}
        self._instances: dict[str, InstanceSlots] = {}
        self._inherited: dict[str, InstanceSlots] = {}  # by address, those with requests of an earlier gate
        self._tickets: dict[bytes, Ticket] = {}
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
        self._hosts.clear()
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
        head = answers.destination(address, h2=pool.route is not None and pool.route.h2)
        instance = InstanceSlots(instance_id, revision, address, head, self._now())
        self._instances[instance_id] = instance
        pool.instances.append(instance)
        self._move_queue(pool)

    def retire_instance(self, instance_id: str) -> None:
        """Choose it no more; what is in flight goes on."""
        if (instance := self._instances.get(instance_id)) is not None:
            instance.open, instance.retired = False, True

    def pause_instance(self, instance_id: str, *, paused: bool) -> None:
        """Choose it no more until it is said to be ready again; what is in flight goes on."""
        instance = self._instances.get(instance_id)
        if instance is None or instance.retired:
            return
        instance.open = not paused
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
        self._inherited.pop(instance.address, None)
        pool = self._pools[instance.revision]
        pool.instances.remove(instance)
        if pool.route is None and not pool.instances:
            del self._pools[instance.revision]

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
        for instance in self._instances.values():
            if (count := in_flight.get(instance.address, 0)) > 0:
                instance.inherited += count
                instance.in_flight += count
                self._inherited[instance.address] = instance

    def recount(self, in_flight: Mapping[str, int]) -> None:
        """Correct what was inherited by a later count of Envoy's, downwards only."""
        for instance in list(self._inherited.values()):
            own = instance.in_flight - instance.inherited
            for _ in range(instance.inherited - max(0, in_flight.get(instance.address, 0) - own)):
                self._inherited_ended(instance)

    def forget_envoy(self) -> None:
        """Envoy has died, and every request with it: their slots are free. Its successor has no request yet."""
        for ticket in list(self._tickets.values()):
            self._end(ticket)
        for instance in list(self._inherited.values()):
            for _ in range(instance.inherited):
                self._inherited_ended(instance)

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
        key = (headers.get(b"host", b""), headers.get(b"x-crl-door"))
        place = self._hosts.get(key) or self._look_up(key, path)
        if place is None:
            return _page(admission.PAGE_NOT_FOUND, path)
        if isinstance(place, ToApi):
            return self._to_api(path)
        route = self._services.get(place.service)
        if route is None or (route.disabled_url and place.way is not Way.DOMAIN):
            return _page(admission.PAGE_NOT_FOUND, path)
        ticket = Ticket(request_id, place.service, place.tag, self._now(), reply)
        ticket.revision = self._revision(route, place.tag)
        if (verdict := self._may_invoke(route, headers)) is not None:
            return self._refuse(ticket, verdict, path)
        pool = self._pools.get(ticket.revision) if ticket.revision is not None else None
        if pool is None or pool.route is None:
            if place.tag is not None:
                return _page(admission.PAGE_NOT_FOUND, path)
            return self._refuse(ticket, admission.NOTHING_SERVES, path)
        ticket.timeout = pool.timeout
        if (theirs := headers.get(b"grpc-timeout")) is not None:
            ticket.timeout = min(ticket.timeout, grpc_seconds(theirs))
        ticket.trace = trace_headers(headers.get(b"traceparent"), headers.get(b"x-cloud-trace-context"), self._random)
        self._tickets[request_id] = ticket
        if pool.waiting == 0 and (instance := pool.slot()) is not None:
            return _admit(ticket, instance, ticket.timeout)
        self._wait(pool, ticket)
        return ticket

    def left(self, ticket: Ticket) -> None:
        """Envoy closed the connection on which this request waited: its client has left."""
        if ticket.waiting:
            self._end(ticket)

    def ended(self, request_id: bytes, address: bytes) -> None:
        """A message on the fast channel: this request is over. `address` is where it went, or empty."""
        ticket = self._tickets.get(request_id)
        if ticket is not None:
            self._end(ticket)
        elif (instance := self._inherited.get(address.decode())) is not None:
            self._inherited_ended(instance)
        else:
            self._remember_orphan(request_id)

    def logged(self, line: Mapping[str, Any]) -> None:
        """A line of the request log: this request is over, and this is what became of it."""
        request_id = (line["id"] or "").encode()
        ticket = self._tickets.pop(request_id, None)
        if ticket is not None:
            self._end(ticket)
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

    def _look_up(self, key: Key, path: bytes) -> ToService | ToApi | None:
        host, door = key
        found = destination(
            host.decode("latin-1"),
            path.decode("latin-1"),
            int(door) if door is not None else None,
            self._book.directory,
        )
        if isinstance(found, ToService):
            if len(self._hosts) >= HOSTS:
                self._hosts.clear()
            self._hosts[key] = found
        return found

    def _to_api(self, path: bytes) -> bytes:
        if self._book.api is None:
            return _page(admission.API_AWAY, path)
        return answers.destination(self._book.api, h2=False) + b"\r\n"

    def _revision(self, route: ServiceRoute, tag: Tag | None) -> RevisionRef | None:
        if tag is not None:
            return route.tags.get(tag)
        if len(route.split) == 1:
            return route.split[0][0]
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
                instance.in_flight -= 1
                return
            ticket.answer(_admit(ticket, instance, ticket.timeout - (self._now() - ticket.since)))

    def _refuse(self, ticket: Ticket, refusal: Refusal, path: bytes = b"") -> bytes:
        ticket.refusal = refusal
        ticket.ended = self._now()
        self._tickets[ticket.id] = ticket  # its line in the request log will say why
        return _page(refusal, path)

    def _end(self, ticket: Ticket) -> None:
        if ticket.ended is None:
            ticket.ended = self._now()
        if ticket.waiting and ticket.revision is not None:
            self._pools[ticket.revision].leave(ticket)
            ticket.reply = None
        if ticket.open and ticket.instance is not None:
            ticket.open = False
            ticket.instance.release(ticket.ended)
            pool = self._pools.get(ticket.instance.revision)
            if pool is not None and pool.waiting:
                self._move_queue(pool)

    def _inherited_ended(self, instance: InstanceSlots) -> None:
        instance.inherited -= 1
        if not instance.inherited:
            self._inherited.pop(instance.address, None)
        instance.release(self._now())
        pool = self._pools.get(instance.revision)
        if pool is not None and pool.waiting:
            self._move_queue(pool)

    def _remember_orphan(self, request_id: bytes) -> None:
        self._orphans[request_id] = None
        if len(self._orphans) > ORPHANS:
            self._orphans.popitem(last=False)

    def _pool(self, ref: RevisionRef) -> Pool:
        return self._pools.setdefault(ref, Pool(ref))


def _admit(ticket: Ticket, instance: InstanceSlots, seconds_left: float) -> bytes:
    ticket.instance = instance
    ticket.open = True
    return answers.yes(instance.answer, seconds_left, ticket.trace)


def _page(refusal: Refusal, path: bytes) -> bytes:
    return answers.no(refusal, path.decode("latin-1"))
