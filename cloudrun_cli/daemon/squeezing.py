"""CPU between requests: taken from an instance when its last request has ended, and back before the next one is there.

    awake ─→ squeezing ─→ squeezed ─→ releasing ─→ awake

The gate says when requests come and go, and keeps back those for an instance that is not awake. Whoever else needs an
instance to go on (a probe, its end) holds it awake. Source: billing settings for services, request-based billing.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.daemon.runtimes import Runtimes
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.dataplane.sleepers import Sleepers

log = logging.getLogger(__name__)

GRACE_SECONDS = 0.02  # without a request, before CPU is taken; ours: longer than the gaps of a client under load
GRACE_COSTS = 10  # times what taking it takes, if that is longer: an engine that pauses slowly is asked less often
MOST_GRACE_SECONDS = 0.3
RELEASE_SECONDS = 5.0  # for an engine that stumbles to give CPU back
RETRY_SECONDS = 0.1  # between two tries


class Phase(StrEnum):
    """Whether an instance has its CPU."""

    AWAKE = "awake"
    SQUEEZING = "squeezing"
    SQUEEZED = "squeezed"
    RELEASING = "releasing"


@dataclass(slots=True, eq=False)
class _One:
    """An instance whose CPU depends on its requests. `holds`: how many need it to go on beside them; `grace`: seconds
    without any of them before it is taken."""

    member: Member
    idle_since: float
    grace: float
    cost: float = 0.0  # seconds that taking it took last
    phase: Phase = Phase.AWAKE
    busy: bool = False
    holds: int = 0
    timer: asyncio.TimerHandle | None = None
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.awake.set()

    @property
    def needs_cpu(self) -> bool:
        return self.busy or self.holds > 0


class Squeezing:
    """The CPU of all instances of request-based billing. `stuck` is told of one that cannot be given its CPU back."""

    def __init__(
        self,
        sleepers: Sleepers,
        runtimes: Runtimes,
        tasks: Tasks,
        monotonic: Callable[[], float] = time.monotonic,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._sleepers, self._runtimes, self._tasks, self._now = sleepers, runtimes, tasks, monotonic
        self._grace = grace_seconds
        self._ones: dict[str, _One] = {}
        self._begun = False
        self.stuck: Callable[[str], None] = lambda instance: None

    def begin(self) -> None:
        """From now on take CPU away: what is in flight from before is known."""
        self._begun = True
        for one in self._ones.values():
            self._arm(one)

    def watch(self, member: Member) -> None:
        """It is open to requests, and awake."""
        if member.revision.template.cpu_always:
            return
        one = self._ones[member.id] = _One(member, self._now(), self._grace)
        self._arm(one)

    def busy(self, instance: str, busy: bool) -> None:
        """Its first request has come, or its last one has gone."""
        one = self._ones.get(instance)
        if one is None:
            return
        one.busy = busy
        if not busy:
            one.idle_since = self._now()
            self._arm(one)
        elif one.phase is Phase.SQUEEZED:
            self._begin_release(one)

    @contextlib.asynccontextmanager
    async def cpu(self, instance: str) -> AsyncIterator[None]:
        """Inside, it has its CPU; where it cannot be given back, that is told and nothing is waited for."""
        one = self._ones.get(instance)
        if one is None:
            yield
            return
        one.holds += 1
        slept = one.phase is not Phase.AWAKE
        try:
            if one.phase is Phase.SQUEEZED:
                self._begin_release(one)
            await one.awake.wait()
            yield
        finally:
            one.holds -= 1
            if slept and not one.busy:
                one.idle_since = self._now() - one.grace  # it was idle before, and still is
                self._disarm(one)
            self._arm(one)

    async def let_go(self, instance: str) -> None:
        """It is to end: give it its CPU back, for good."""
        one = self._ones.get(instance)
        if one is None:
            return
        one.holds += 1
        self._disarm(one)
        if one.phase is Phase.SQUEEZED:
            self._begin_release(one)
        await one.awake.wait()
        self._ones.pop(instance, None)

    def _arm(self, one: _One) -> None:
        """Look again when it will have been idle for long enough, unless somebody looks already."""
        if self._begun and one.timer is None and one.phase is Phase.AWAKE and not one.needs_cpu:
            left = max(one.idle_since + one.grace - self._now(), 0)
            one.timer = asyncio.get_running_loop().call_later(left, self._look, one)

    def _disarm(self, one: _One) -> None:
        if one.timer is not None:
            one.timer.cancel()
            one.timer = None

    def _look(self, one: _One) -> None:
        """Take its CPU if it has been idle since; else whoever makes it idle, or the rest of the grace, looks again."""
        one.timer = None
        if one.needs_cpu or one.phase is not Phase.AWAKE or self._ones.get(one.member.id) is not one:
            return
        if self._now() < one.idle_since + one.grace:
            self._arm(one)
        elif self._sleepers.sleep(one.member.id):
            one.phase = Phase.SQUEEZING
            one.awake.clear()
            self._tasks.spawn(self._squeeze(one))

    async def _squeeze(self, one: _One) -> None:
        assert one.member.instance is not None
        began = self._now()
        try:
            await self._runtimes.of(one.member.instance).squeeze(one.member.instance)
        except CloudRunError as error:
            log.warning("The CPU of %s cannot be taken: %s", one.member.id, error.message)
            await self._release(one)
            return
        one.phase = Phase.SQUEEZED
        last, one.cost = one.cost, self._now() - began
        one.grace = max(self._grace, min(GRACE_COSTS * min(last, one.cost), MOST_GRACE_SECONDS))
        if one.needs_cpu:  # since then
            self._begin_release(one)

    def _begin_release(self, one: _One) -> None:
        one.phase = Phase.RELEASING
        self._tasks.spawn(self._release(one))

    async def _release(self, one: _One) -> None:
        one.phase = Phase.RELEASING
        given = await self._give(one)
        one.phase = Phase.AWAKE
        one.awake.set()
        if not given:
            self._ones.pop(one.member.id, None)
            self.stuck(one.member.id)
            return
        self._sleepers.wake(one.member.id)
        if not one.busy:
            one.idle_since = self._now()
        self._arm(one)

    async def _give(self, one: _One) -> bool:
        """Whether it has its CPU back; an engine that stumbles is asked again."""
        assert one.member.instance is not None
        deadline = self._now() + RELEASE_SECONDS
        while True:
            try:
                await self._runtimes.of(one.member.instance).release(one.member.instance)
            except CloudRunError as error:
                log.warning("The CPU of %s cannot be given back: %s", one.member.id, error.message)
            else:
                return True
            if self._now() > deadline or one.member.gone.is_set():
                return False
            await asyncio.sleep(RETRY_SECONDS)
