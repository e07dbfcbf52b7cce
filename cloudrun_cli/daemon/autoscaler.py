"""Carries out what `core.autoscaling` decides, when something has happened or the time has come."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cloudrun_cli.core import autoscaling
from cloudrun_cli.core.admission import NOT_STARTED
from cloudrun_cli.core.autoscaling import InstanceLoad, Load, Scale, Start, Stop
from cloudrun_cli.core.conditions import readiness
from cloudrun_cli.core.resources import DEFAULT_CONCURRENCY, Revision, RevisionRef, Status
from cloudrun_cli.daemon.fleet import GIVEN_UP, Fleet
from cloudrun_cli.daemon.members import Member, State
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.daemon.world import World
from cloudrun_cli.dataplane.gate import Gate

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Failures:
    """Failed starts, or crashes, in a row."""

    count: int = 0
    at: float = 0.0

    def one_more(self) -> None:
        """And now."""
        self.count, self.at = self.count + 1, time.monotonic()


class Autoscaler:
    """Looks at a revision when it is poked, and at all that have instances when the next moment of theirs comes."""

    def __init__(
        self,
        world: World,
        fleet: Fleet,
        gate: Gate,
        tasks: Tasks,
        idle: Callable[[], timedelta],
    ) -> None:
        self._world, self._fleet, self._gate, self._tasks, self._idle = world, fleet, gate, tasks, idle
        self._poked: set[RevisionRef] = set()
        self._bell = asyncio.Event()
        self._due: dict[RevisionRef, float] = {}  # when to look at a revision though nothing happens
        self._failures: dict[RevisionRef, Failures] = {}
        self._crashes: dict[RevisionRef, Failures] = {}
        self._held: set[RevisionRef] = set()
        self._wanted: dict[RevisionRef, int] = {}  # instances that are to be ready before traffic comes
        self._news: dict[RevisionRef, asyncio.Event] = {}  # for whoever waits for them

    def poke(self, ref: RevisionRef) -> None:
        """Something has happened to this revision: a request waits, an instance came or went, its limits changed."""
        self._poked.add(ref)
        self._bell.set()
        if (news := self._news.get(ref)) is not None:
            news.set()

    def poke_all(self) -> None:
        """Anything may have changed."""
        self._poked |= self._fleet.revisions() | self._world.routed()
        self._bell.set()

    def want(self, ref: RevisionRef, count: int) -> None:
        """Traffic is about to come: have so many instances, though no request can reach them yet."""
        self._wanted[ref] = count
        self.poke(ref)

    def let_be(self, ref: RevisionRef) -> None:
        """Its traffic has come, or will not; from now on its load decides."""
        self._wanted.pop(ref, None)
        self.poke(ref)

    async def brought_up(self, ref: RevisionRef, seconds: float) -> bool:
        """Whether the instances that are wanted of it are ready; False when a start fails first, or the time is up."""
        news = self._news.setdefault(ref, asyncio.Event())
        failed = self._failures.get(ref, Failures()).count
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._world.revisions.get(ref) is not None and ref in self._wanted:
                    if self.ready(ref) >= self._wanted[ref]:
                        return True
                    if self._failures.get(ref, Failures()).count > failed:
                        return False
                    news.clear()
                    await news.wait()
        return False

    def ready(self, ref: RevisionRef) -> int:
        """Its instances that take requests."""
        return sum(member.state is State.READY for member in self._fleet.members(ref))

    def lost(self, ref: RevisionRef, lived: float) -> None:
        """An instance that was ready has ended by itself, this many seconds after it was begun."""
        if lived < autoscaling.CALM_SECONDS:
            self._crashes.setdefault(ref, Failures()).one_more()
        else:
            self._crashes.pop(ref, None)
        self.poke(ref)

    def hold(self, ref: RevisionRef) -> None:
        """Leave this revision alone: it is being deployed, and its first instance is the deploy's."""
        self._held.add(ref)

    def release(self, ref: RevisionRef) -> None:
        """It may be scaled from now on."""
        self._held.discard(ref)
        self.poke(ref)

    async def run(self) -> None:
        """For ever."""
        while True:
            self._bell.clear()
            poked, self._poked = self._poked, set()
            now = time.monotonic()
            for ref in poked | {ref for ref, due in self._due.items() if due <= now}:
                moment = self._look(ref)
                if moment is None:
                    self._due.pop(ref, None)
                else:
                    self._due[ref] = moment
            pause = max(min(self._due.values()) - time.monotonic(), 0.01) if self._due else None
            try:
                await asyncio.wait_for(self._bell.wait(), pause)
            except TimeoutError:
                continue

    def _look(self, ref: RevisionRef) -> float | None:
        """Decide and begin to do; the answer is when to look again though nothing happens."""
        try:
            return self._act(ref)
        except Exception:  # our own bug, with this revision; the others go on being scaled
            log.exception("Scaling %s broke", ref)
            return None

    def _act(self, ref: RevisionRef) -> float | None:
        if ref in self._held:
            return None
        revision = self._world.revisions.get(ref)
        if revision is None:
            for memory in (self._failures, self._crashes, self._wanted, self._news):
                memory.pop(ref, None)
            for member in self._fleet.members(ref):
                self._fleet.retire(member.id, "its revision was deleted")
            return None
        load, scale, now = self._load(ref), self._scale(revision), time.monotonic()
        for action in autoscaling.decide(load, scale, now):
            match action:
                case Start(count, reason):
                    for _ in range(count):
                        self._tasks.spawn(self._start(self._fleet.enlist(revision), reason))
                case Stop(instances, reason):
                    for instance in instances:
                        self._fleet.retire(instance, reason)
        return autoscaling.next_look(load, scale, now)

    async def _start(self, member: Member, reason: str) -> None:
        ref = member.revision.ref
        finding = await self._fleet.launch(member, reason)
        if finding is None:
            self._failures.pop(ref, None)
        if finding is None or finding.reason == GIVEN_UP:
            return
        self._failures.setdefault(ref, Failures()).one_more()
        if not self._fleet.members(ref):
            self._gate.fail_waiting(ref, NOT_STARTED)
        self.poke(ref)

    def _load(self, ref: RevisionRef) -> Load:
        seen = self._gate.load_of(ref)
        known = seen.instances if seen else {}
        failures, crashes = self._failures.get(ref, Failures()), self._crashes.get(ref, Failures())
        return Load(
            waiting=seen.waiting if seen else 0,
            instances=tuple(
                InstanceLoad(
                    member.id,
                    ready=member.state is State.READY,
                    in_flight=known[member.id].in_flight if member.id in known else 0,
                    idle_since=known[member.id].idle_since if member.id in known else None,
                )
                for member in self._fleet.members(ref)
            ),
            failures=failures.count,
            failed_at=failures.at,
            crashes=crashes.count,
            crashed_at=crashes.at,
        )

    def _scale(self, revision: Revision) -> Scale:
        ref, template = revision.ref, revision.template
        least, most, exact = self._world.limits(revision)
        wanted = self._wanted.get(ref)
        return Scale(
            concurrency=template.concurrency or DEFAULT_CONCURRENCY,
            least=max(least, wanted or 0),
            most=most,
            idle_seconds=self._idle().total_seconds(),
            reachable=(self._world.is_reachable(ref) or wanted is not None)
            and readiness(revision.status.conditions) is Status.TRUE,
            exact=exact,
        )
