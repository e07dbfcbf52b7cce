"""The instances of this home: started, probed, opened to requests, drained, stopped, and found again."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping
from datetime import timedelta
from random import Random

from cloudrun_cli.clock import Clock
from cloudrun_cli.core import autoscaling, cold_start, instances, logs
from cloudrun_cli.core.autopsy import Finding, loopback_only, refused
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.instances import Event, InstanceState, Reason
from cloudrun_cli.core.limits import memory_bytes
from cloudrun_cli.core.resources import STARTUP_LIMIT, Revision, RevisionName, RevisionRef
from cloudrun_cli.daemon import probing, reading, specs
from cloudrun_cli.daemon.boosting import Boosting
from cloudrun_cli.daemon.endings import ending, why_lost
from cloudrun_cli.daemon.health import Health
from cloudrun_cli.daemon.lives import Lives
from cloudrun_cli.daemon.logdesk import LogDesk
from cloudrun_cli.daemon.members import Member, State
from cloudrun_cli.daemon.runtimes import Runtimes
from cloudrun_cli.daemon.secrets import Secrets
from cloudrun_cli.daemon.squeezing import Squeezing
from cloudrun_cli.daemon.startup import Startup
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.daemon.turns import Turns
from cloudrun_cli.dataplane.gate import Gate
from cloudrun_cli.runtime.base import STOP_GRACE, Exit, ExitCause, Instance, Runtime

log = logging.getLogger(__name__)

DRAIN_EXTRA = timedelta(seconds=5)  # past a revision's own request timeout
STARTS_AT_ONCE = 4  # 25 services are up soonest with three to six, measured on two cores
GIVEN_UP = "Retired"  # the reason of a start that nobody wanted any more


class Fleet:
    """Everything that runs for `home`, in whose folder buckets are, too. `changed` is called with a revision whenever
    its instances have changed, `lost` when one that was ready has ended by itself, with the seconds since it was
    begun, and `ended` with how any has ended by itself."""

    def __init__(
        self,
        home: str,
        runtimes: Runtimes,
        gate: Gate,
        desk: LogDesk,
        lives: Lives,
        squeezing: Squeezing,
        secrets: Secrets,
        clock: Clock,
        random: Random,
        tasks: Tasks,
        startup_limit: Callable[[], timedelta],
    ) -> None:
        self._home, self._runtimes, self._gate, self._desk, self._lives = home, runtimes, gate, desk, lives
        self._clock, self._random, self._tasks = clock, random, tasks
        self._startup_limit, self._secrets = startup_limit, secrets
        self._squeezing, self._boosting = squeezing, Boosting(runtimes, tasks)
        self._health = Health(runtimes, gate, tasks, self._say, self._unwell, squeezing.cpu)
        self._members: dict[str, Member] = {}
        self._turns = Turns(STARTS_AT_ONCE)
        self.changed: Callable[[RevisionRef], None] = lambda ref: None
        self.lost: Callable[[RevisionRef, float], None] = lambda ref, lived: None
        self.ended: Callable[[Exit], None] = lambda end: None
        self.settle_time: Callable[[], timedelta] = timedelta  # how long a deploy's first instance must live on
        self.is_manual: Callable[[Revision], bool] = lambda revision: False  # scaled by hand
        self.told: Callable[[str], Mapping[str, str]] = lambda runtime: {}  # variables for instances on a runtime

    def everyone(self) -> Iterable[Member]:
        """Every instance, also on its way in or out."""
        return self._members.values()

    def members(self, ref: RevisionRef) -> list[Member]:
        """The instances of a revision that are not on their way out."""
        return [m for m in self._members.values() if m.revision.ref == ref and m.state is not State.STOPPING]

    def revision_of(self, instance_id: str) -> RevisionRef | None:
        """The revision of an instance; None when it is gone."""
        member = self._members.get(instance_id)
        return None if member is None else member.revision.ref

    def revisions(self) -> set[RevisionRef]:
        """The revisions that have instances."""
        return {m.revision.ref for m in self._members.values() if m.state is not State.STOPPING}

    def turn(self, other: Hashable) -> contextlib.AbstractAsyncContextManager[None]:
        """Inside, it is the turn of something else that starts instances."""
        return self._turns.of(other)

    def check(self, revision: Revision, runtime: str) -> None:
        """Nothing when this runtime can run the revision, and the revision may read its secrets. Raises CloudRunError
        naming what it cannot have."""
        self._secrets.check(revision)
        for spec in specs.of_revision("", revision, self._home):
            self._runtimes.get(runtime).check(spec)

    def enlist(self, revision: Revision) -> Member:
        """A new instance that counts from now on; `launch` starts it."""
        member = Member(self._new_id(), revision, time.monotonic())
        self._members[member.id] = member
        self._gate.starting(revision.ref, +1)
        return member

    async def launch(self, member: Member, reason: str, *, checked: bool = False) -> Finding | None:
        """Start it and open it to requests; None when that went well, else why it did not. `checked` looks closer, as
        a deploy does: a socket that only the instance itself can reach is a failure."""
        self._begin(member, reason)
        try:
            finding = await self._bring_up(member, checked)
        except BaseException:
            self._tasks.spawn(self._end(member, _down(Reason.START_GIVEN_UP)))
            raise
        finally:
            member.brought_up.set()
            self._gate.starting(member.revision.ref, -1)
        if member.state is State.STOPPING:
            await member.ended.wait()
            return Finding("The instance was stopped while it started.", "", reason=GIVEN_UP)
        if finding is None:
            self._open(member)
        else:
            self._say(member, f"{finding.cause} The instance was not started.", "ERROR")
            cause = _down(Reason.FAILED_STARTUP, finding.cause)
            member.state = State.STOPPING  # from now on it is none of its revision's instances
            self._tasks.spawn(self._end(member, cause))  # whoever waits need not wait for its grace
        return finding

    def _begin(self, member: Member, said: str) -> None:
        revision = member.revision
        others = any(other is not member for other in self.members(revision.ref))
        reason = instances.why_started(said, others=others, manual=self.is_manual(revision))
        member.begun_at = self._clock.now()
        told = autoscaling.in_words(said)
        member.zone = self._lives.begin(member.id, revision.ref, revision.service, reason, told)

    def retire(self, instance_id: str, reason: str) -> None:
        """Send it no more requests, let those it has finish, then stop it; in a task of its own."""
        member = self._members.get(instance_id)
        if member is None or member.state is State.STOPPING:
            return
        member.state = State.STOPPING
        member.retired.set()
        self._gate.retire_instance(instance_id)
        event = instances.why_stopped(reason, replaced=self._is_replaced(member.revision))
        self._tasks.spawn(self._drain_and_end(member, event))
        self.changed(member.revision.ref)

    async def adopt(self, wanted: Callable[[RevisionRef], Revision | None]) -> None:
        """Take over what an earlier daemon left running: what is still wanted and listens goes on serving. From here
        on we hear of instances that end by themselves."""
        for runtime in self._runtimes.everyone():
            self._tasks.spawn(self._watch(runtime.exits()))
            for instance in await runtime.instances():
                ref = RevisionRef(instance.project, instance.region, RevisionName(instance.revision))
                revision = wanted(ref)
                if revision is None:
                    self._lives.forsake(instance.id, _down(Reason.REVISION_DELETED))
                    self._tasks.spawn(self._stop_unwanted(runtime, instance))
                    continue
                began = time.monotonic() - (self._clock.now() - instance.started).total_seconds()
                member = Member(instance.id, revision, began, instance.zone, has_turn=True, instance=instance)
                self._lives.adopt(instance.id, ref, instance.service, instance.zone, instance.started)
                self._know(member)
                self._secrets.mount(revision)
                member.brought_up.set()
                self._members[member.id] = member
                member.reader = self._tasks.spawn(reading.read(member, runtime, self._desk))
                if await self._wake(runtime, instance) and await probing.is_up(runtime, member):
                    self._open(member, adopted=True)
                else:
                    self._tasks.spawn(self._end(member, _down(Reason.NOT_UP)))
        self._lives.forsake_others()

    def stuck(self, instance_id: str) -> None:
        """It was without CPU, and the engine does not give it back: others serve its requests."""
        if (member := self._members.get(instance_id)) is not None and member.state is State.READY:
            self._say(member, "The instance could not be given its CPU back, and is replaced.", "ERROR")
            self._abandon(member, _down(Reason.WITHOUT_CPU), timedelta(0))

    def lose(self, zones: frozenset[str]) -> None:
        """Nothing may run in these zones, and what does ends at once; others serve in its place."""
        self._lives.stopped_zones = zones
        for member in list(self._members.values()):
            if member.zone in zones and member.state is not State.STOPPING:
                self._gate.retire_instance(member.id)
                self._gate.drop_instance(member.id)
                member.state = State.STOPPING
                member.retired.set()
                self._tasks.spawn(self._end(member, _down(Reason.ZONE_STOPPED, member.zone), timedelta(0)))
                self.changed(member.revision.ref)

    async def stop_all(self) -> None:
        """Stop every instance at once, each with its grace."""
        async with asyncio.TaskGroup() as stops:
            for member in list(self._members.values()):
                stops.create_task(self._end(member, _down(Reason.EMULATOR_STOPS)))

    async def _watch(self, ends: AsyncIterator[Exit]) -> None:
        async for end in ends:
            member = self._members.get(end.instance)
            if member is not None:
                self._lost(member, end)

    async def _stop_unwanted(self, runtime: Runtime, instance: Instance) -> None:
        try:
            await runtime.stop(instance, grace=STOP_GRACE)
        except CloudRunError as error:
            log.warning("Stopping %s, whose revision is gone: %s", instance.id, error.message)
        self._lives.happened(instance.id, Event(InstanceState.STOPPED, Reason.REVISION_DELETED))

    async def _wake(self, runtime: Runtime, instance: Instance) -> bool:
        """Whether it goes on, after an earlier daemon may have taken its CPU."""
        try:
            await runtime.release(instance)
        except CloudRunError as error:
            log.warning("The CPU of %s cannot be given back: %s", instance.id, error.message)
            return False
        return True

    async def _bring_up(self, member: Member, checked: bool) -> Finding | None:
        limit = min(self._startup_limit(), STARTUP_LIMIT)
        try:
            runtime = self._runtimes.get(member.revision.status.runtime)
            given = self._secrets.given(member.revision)
            told = self.told(runtime.name)
            wanted = specs.of_revision(member.id, member.revision, self._home, member.zone, given, told)
            service = member.revision.service_ref
            startup = Startup(
                member,
                runtime,
                limit,
                self._say,
                lambda: self._begin_reading(member, runtime),
                lambda: self._turns.of(service),
            )
            finding = await startup.run(wanted)
        except CloudRunError as error:
            return refused(error)
        if finding is not None or member.state is State.STOPPING or member.instance is None:
            return finding
        if member.gone.is_set() or (checked and await self._ends_at_once(member, runtime)):
            return await probing.autopsy(runtime, member, limit, listened=True)
        if checked and loopback_only(await probing.sockets(runtime, member.instance), member.instance.port):
            return await probing.autopsy(runtime, member, limit)
        return None

    def _begin_reading(self, member: Member, runtime: Runtime) -> None:
        member.running_at = self._clock.now()
        self._know(member)
        member.reader = self._tasks.spawn(reading.read(member, runtime, self._desk))

    async def _ends_at_once(self, member: Member, runtime: Runtime) -> bool:
        """Whether it ends right after it began to listen: a server with worker processes opens its port before they
        have loaded the app, and gives up when they cannot."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(member.gone.wait(), self.settle_time().total_seconds())
        if member.gone.is_set() and member.exit is None and member.instance is not None:
            member.exit = await runtime.ended(member.instance)
        return member.gone.is_set()

    def _open(self, member: Member, *, adopted: bool = False) -> None:
        assert member.instance is not None
        member.state = State.READY
        ref, ready = member.revision.ref, self._clock.now()
        if not adopted:
            self._gate.start_time(ref, time.monotonic() - member.began)
            self._lives.happened(member.id, instances.OPENED)
        self._gate.add_instance(ref, member.id, member.instance.address)  # who waits for it is served at once
        if member.begun_at is not None and member.running_at is not None:
            start = cold_start.Start(member.begun_at, member.instance.started, member.running_at, ready)
            self._lives.waited_for(member.id, start)
        self._squeezing.watch(member)
        self._boosting.watch(member)
        self._health.watch(member)
        self.changed(ref)

    def _know(self, member: Member) -> None:
        """Let whoever looks at it see how it runs."""
        if (run := member.instance) is not None:
            self._lives.knows(member.id, runtime=run.runtime, address=run.address, handle=run.handle)

    def _is_replaced(self, revision: Revision) -> bool:
        """Whether a newer revision of its service runs."""
        service = revision.service_ref
        others = (m.revision for m in self._members.values() if m.revision.service_ref == service)
        return any(other.generation > revision.generation for other in others)

    async def _drain_and_end(self, member: Member, event: Event) -> None:
        patience = member.revision.template.timeout + DRAIN_EXTRA
        await self._gate.drained(member.id, time.monotonic() + patience.total_seconds())
        await self._end(member, event)

    async def _end(self, member: Member, event: Event, grace: timedelta = STOP_GRACE) -> None:
        """Stop it, for what has happened, and forget it. Safe to call for one that is gone already; whoever comes
        second waits for the end."""
        if member.ending:
            await member.ended.wait()
            return
        member.ending = True
        member.state = State.STOPPING
        member.retired.set()
        self._gate.retire_instance(member.id)
        await member.brought_up.wait()  # what is on its way up cannot be stopped before it is there
        if member.instance is not None and not member.gone.is_set():
            self._lives.happened(member.id, event)
            await self._squeezing.let_go(member.id)
            try:
                await self._runtimes.of(member.instance).stop(member.instance, grace=grace)
            except CloudRunError as error:
                log.warning("Stopping %s: %s", member.id, error.message)
        elif member.instance is not None:
            await self._squeezing.let_go(member.id)
            await self._tidy(member)
        await reading.finish(member)
        self._gate.drop_instance(member.id)
        self._members.pop(member.id, None)
        if all(other.revision.ref != member.revision.ref for other in self._members.values()):
            self._secrets.unmount(member.revision.ref)
        self._lives.stopped(member.id, event)
        member.ended.set()
        self.changed(member.revision.ref)

    async def _tidy(self, member: Member) -> None:
        assert member.instance is not None
        try:
            await self._runtimes.of(member.instance).stop(member.instance, grace=timedelta(0))
        except CloudRunError as error:
            log.warning("Cleaning up after %s: %s", member.id, error.message)

    def _lost(self, member: Member, end: Exit) -> None:
        """It ended by itself."""
        member.exit = end
        self.ended(end)
        member.gone.set()
        member.retired.set()
        if member.state is State.STARTING:
            return  # whoever brings it up looks into it
        severity = "ERROR" if end.cause is ExitCause.OUT_OF_MEMORY else "WARNING"
        self._lives.happened(member.id, why_lost(end), self._ending(member, end), severity)
        if member.state is State.READY:
            self._abandon(member, why_lost(end), STOP_GRACE)
        self.changed(member.revision.ref)

    def _ending(self, member: Member, end: Exit) -> str:
        containers = member.containers
        its = containers.get(end.container) or next(iter(containers.values()))
        return ending(end, several=member.has_several, limit_bytes=memory_bytes(its.memory))

    def _unwell(self, member: Member, text: str) -> None:
        """It serves no longer as it should, and nobody waits for what it has begun."""
        if member.state is State.READY:
            self._say(member, text, "ERROR")
            self._abandon(member, _down(Reason.FAILED_LIVENESS), timedelta(0))

    def _abandon(self, member: Member, event: Event, grace: timedelta) -> None:
        """It was ready, and is not any more; its requests end as they may."""
        member.state = State.STOPPING
        member.retired.set()
        self._gate.retire_instance(member.id)
        self._gate.drop_instance(member.id)
        self._tasks.spawn(self._end(member, event, grace))
        self.lost(member.revision.ref, time.monotonic() - member.began)
        self.changed(member.revision.ref)

    def _say(self, member: Member, text: str, severity: str = "INFO") -> None:
        revision = member.revision
        self._desk.add(
            revision.service_ref,
            logs.from_platform(revision.ref, revision.service, member.id, text, self._clock.now(), severity),
        )

    def _new_id(self) -> str:
        return f"{self._random.getrandbits(96):024x}"


def _down(reason: Reason, detail: str = "") -> Event:
    return Event(InstanceState.SHUTTING_DOWN, reason, detail)
