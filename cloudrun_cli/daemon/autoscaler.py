"""Carries out what `core.autoscaling` decides, when something has happened or the time has come.

Its time goes as fast as emulator/time_scale says: every moment that core is told is multiplied by it. A revision is
looked at again and again only while it has load, or had some in the last minute; a new one is told of.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from cloudrun_cli.core import autoscaling, targets
from cloudrun_cli.core.admission import NOT_STARTED
from cloudrun_cli.core.autoscaling import InstanceLoad, Load, Scale, Start, Stop
from cloudrun_cli.core.conditions import readiness
from cloudrun_cli.core.load_history import NOTHING, TICK_SECONDS, LoadHistory
from cloudrun_cli.core.resources import DEFAULT_CONCURRENCY, Revision, RevisionRef, Status
from cloudrun_cli.daemon.fleet import GIVEN_UP, Fleet
from cloudrun_cli.daemon.members import Member, State
from cloudrun_cli.daemon.metering import CpuMeter, Meters
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.daemon.world import World
from cloudrun_cli.dataplane.gate import Gate
from cloudrun_cli.runtime.base import Instance

log = logging.getLogger(__name__)

LEAST_PAUSE = 0.05  # between two looks for which nobody asks, however fast time goes


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
        speed: Callable[[], float],
        meters: Callable[[Instance], Meters],
    ) -> None:
        self._world, self._fleet, self._gate, self._tasks = world, fleet, gate, tasks
        self._idle, self._new_speed, self._speed = idle, speed, speed()
        self._meter = CpuMeter(self._running, meters, lambda: self._speed)
        self._histories: dict[RevisionRef, LoadHistory] = {}
        self._poked: set[RevisionRef] = set()
        self._bell = asyncio.Event()
        self._due: dict[RevisionRef, float] = {}  # when to look at a revision though nothing happens; in its time
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

    def stirred(self, instance_id: str) -> None:
        """An idle instance has a request. Cheap: this is on the way of requests."""
        ref = self._fleet.revision_of(instance_id)
        if ref is not None and self._due.get(ref, float("inf")) > self._now() + TICK_SECONDS:
            self.poke(ref)

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
        self._tasks.spawn(self._meter.run())
        while True:
            self._bell.clear()
            self._keep_pace()
            poked, self._poked = self._poked, set()
            now = self._now()
            for ref in poked | {ref for ref, due in self._due.items() if due <= now}:
                moment = self._look(ref)
                if moment is None:
                    self._due.pop(ref, None)
                else:
                    self._due[ref] = moment
            pause = (min(self._due.values()) - self._now()) / self._speed if self._due else None
            try:
                await asyncio.wait_for(self._bell.wait(), pause if pause is None else max(pause, LEAST_PAUSE))
            except TimeoutError:
                continue

    def _now(self) -> float:
        """The moment in the autoscaler's own time."""
        return time.monotonic() * self._speed

    def _keep_pace(self) -> None:
        """When time goes at another speed from now on, no moment of before means anything."""
        speed = self._new_speed()
        if speed != self._speed:
            self._speed = speed
            self._histories.clear()
            self._due.clear()
            self.poke_all()

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
            for memory in (self._failures, self._crashes, self._wanted, self._news, self._histories):
                memory.pop(ref, None)
            for member in self._fleet.members(ref):
                self._fleet.retire(member.id, "its revision was deleted")
            return None
        scale, now = self._scale(revision), self._now()
        load = self._load(ref, scale, now)
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
        if all(other is member for other in self._fleet.members(ref)):  # it is on its way out only in a moment
            self._gate.fail_waiting(ref, NOT_STARTED)
        self.poke(ref)

    def _load(self, ref: RevisionRef, scale: Scale, now: float) -> Load:
        """Its load, which is a part of its history from now on."""
        seen = self._gate.load_of(ref)
        known = seen.instances if seen else {}
        failures, crashes = self._failures.get(ref, Failures()), self._crashes.get(ref, Failures())
        instances = []
        for member in self._fleet.members(ref):
            its = known.get(member.id)
            since = None if its is None or its.idle_since is None else its.idle_since * self._speed
            instances.append(
                InstanceLoad(
                    member.id,
                    ready=member.state is State.READY,
                    in_flight=its.in_flight if its else 0,
                    idle_since=since,
                    served=its.served if its else False,
                    begun=member.has_turn,
                )
            )
        load = Load(
            waiting=seen.waiting if seen else 0,
            instances=tuple(instances),
            failures=failures.count,
            failed_at=failures.at * self._speed,
            crashes=crashes.count,
            crashed_at=crashes.at * self._speed,
            history=self._histories.get(ref, NOTHING),
        )
        if scale.is_fixed or not (instances or load.waiting):
            self._histories.pop(ref, None)
            return load
        load = autoscaling.remembered(load, scale, now, lambda: self._cpus(ref, scale))
        self._histories[ref] = load.history
        return load

    def _cpus(self, ref: RevisionRef, scale: Scale) -> float:
        return 0.0 if scale.cpu_target is None else self._meter.cpus(ref)

    def _running(self, ref: RevisionRef) -> Iterable[Instance]:
        return [m.instance for m in self._fleet.members(ref) if m.instance is not None and m.state is State.READY]

    def _scale(self, revision: Revision) -> Scale:
        ref, template = revision.ref, revision.template
        least, most, exact = self._world.limits(revision)
        return Scale(
            concurrency=template.concurrency or DEFAULT_CONCURRENCY,
            least=least,
            most=most,
            idle_seconds=targets.idle_limit(template, self._idle()).total_seconds(),
            reachable=(self._world.is_reachable(ref) or ref in self._wanted)
            and readiness(revision.status.conditions) is Status.TRUE,
            exact=exact,
            coming=self._wanted.get(ref, 0),
            concurrency_target=targets.concurrency(template),
            cpu_target=targets.cpu(template),
            cpus=targets.cpus(template),
        )
