"""The meter: how many CPUs the instances of a revision use, measured as long as somebody asks."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.resources import RevisionRef
from cloudrun_cli.runtime.base import Instance, Usage

log = logging.getLogger(__name__)

PAUSE_SECONDS = 2.0  # between two measurements: a tick of the autoscaler
LEAST_PAUSE = 0.5  # however fast time goes: a measurement takes the engine some milliseconds per instance
LIMIT_SECONDS = 10.0  # no measurement takes so long


class Meters(Protocol):
    """What measures: a runtime."""

    async def usage(self, instances: Sequence[Instance]) -> dict[str, Usage]:
        """What each uses, by its id; one that cannot be measured is not in it."""


class CpuMeter:
    """`running` are a revision's instances that take requests: what they use before, to start, is no load."""

    def __init__(
        self,
        running: Callable[[RevisionRef], Iterable[Instance]],
        meters: Callable[[Instance], Meters],
        speed: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._running, self._meters, self._speed, self._now = running, meters, speed, monotonic
        self._asked: dict[RevisionRef, float] = {}  # when somebody asked last
        self._bell = asyncio.Event()
        self._last: dict[str, tuple[float, float]] = {}  # instance → CPU seconds, and when
        self._rates: dict[RevisionRef, float] = {}

    def cpus(self, ref: RevisionRef) -> float:
        """CPUs in use by this revision, by the last measurement; asking is what makes it be measured."""
        self._asked[ref] = self._now()
        self._bell.set()
        return self._rates.get(ref, 0.0)

    async def run(self) -> None:
        """For ever."""
        while True:
            if not self._asked:
                self._bell.clear()
                await self._bell.wait()
            pause = max(PAUSE_SECONDS / self._speed(), LEAST_PAUSE)
            await self.measure()
            await asyncio.sleep(pause)
            long_ago = self._now() - 3 * pause
            self._asked = {ref: at for ref, at in self._asked.items() if at > long_ago}

    async def measure(self) -> None:
        """Once, what is asked for now."""
        found = {ref: {i.id: i for i in self._running(ref)} for ref in self._asked}
        used = await self._usage([i for instances in found.values() for i in instances.values()])
        now = self._now()
        self._rates = {ref: sum(self._rate(name, used, now) for name in names) for ref, names in found.items()}
        self._last = {name: (usage.cpu_seconds, now) for name, usage in used.items()}

    def _rate(self, name: str, used: Mapping[str, Usage], now: float) -> float:
        """The CPUs that an instance has used since it was measured last; 0 when it was not."""
        if name not in used or name not in self._last:
            return 0.0
        seconds, at = self._last[name]
        return max(used[name].cpu_seconds - seconds, 0.0) / max(now - at, 0.001)

    async def _usage(self, instances: Iterable[Instance]) -> dict[str, Usage]:
        by_runtime: dict[str, list[Instance]] = {}
        for instance in instances:
            by_runtime.setdefault(instance.runtime, []).append(instance)
        used: dict[str, Usage] = {}
        for some in by_runtime.values():
            try:
                async with asyncio.timeout(LIMIT_SECONDS):
                    used |= await self._meters(some[0]).usage(some)
            except TimeoutError:
                log.warning("The CPU of %d instances could not be measured in time.", len(some))
            except CloudRunError as error:
                log.warning("The CPU of %d instances could not be measured: %s", len(some), error.message)
        return used
