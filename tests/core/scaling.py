"""A revision in its world, for hours that pass in no time: requests come, instances start, serve and fall idle.

Nobody looks unless the real one would: when a request finds no slot, an instance came or went, an idle instance gets a
request while nobody is about to look, or `next_look` asked for it. So a wake-up that is missing shows as work left
undone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from cloudrun_cli.core.autoscaling import InstanceLoad, Load, Scale, Start, Stop, decide, next_look, remembered
from cloudrun_cli.core.load_history import NOTHING, TICK_SECONDS, LoadHistory

NEVER = float("inf")


@dataclass
class Room:
    """An instance that is ready, with the moments when its requests end."""

    ends: list[float] = field(default_factory=list)
    idle_since: float | None = 0.0
    served: bool = False


@dataclass
class Simulation:
    """`closed`: so many callers, each of whom asks again as soon as it is answered. `cpus`: in use by one request."""

    scale: Scale
    start_seconds: float = 0.3
    request_seconds: float = 0.5
    cpus: float = 0.0
    closed: int = 0
    at_once: int = 1000  # so many starts go on at a time
    starts_fail: Callable[[float], bool] = lambda now: False
    now: float = 0.0
    waiting: int = 0
    failures: int = 0
    failed_at: float = 0.0
    history: LoadHistory = NOTHING
    queued: list[str] = field(default_factory=list)
    ready_at: dict[str, float] = field(default_factory=dict)
    ready: dict[str, Room] = field(default_factory=dict)
    draining: list[Room] = field(default_factory=list)
    started: list[tuple[float, int]] = field(default_factory=list)
    stopped: list[tuple[float, int]] = field(default_factory=list)
    looks: int = 0
    served: int = 0
    waited: int = 0  # requests that found no slot
    most_seen: int = 0
    most_in_flight: int = 0
    _due: float = NEVER
    _poked: bool = True
    _made: int = 0
    _ends: list[tuple[float, str]] = field(default_factory=list)

    @property
    def instances(self) -> int:
        """Those that there are, without the ones that only finish what they have."""
        return len(self.queued) + len(self.ready_at) + len(self.ready)

    @property
    def in_flight(self) -> int:
        """Requests that have a slot."""
        return sum(len(room.ends) for room in self.ready.values())

    def look_again(self) -> None:
        """Its limits, or its callers, are others now."""
        self._poked = True
        self._settle()

    def run(self, until: float, arrivals: Iterable[float] = ()) -> None:
        """Let time pass, with a request at each of these moments."""
        coming = sorted(arrivals, reverse=True)
        self._settle()
        while True:
            moment = min(
                coming[-1] if coming else NEVER,
                self._ends[0][0] if self._ends else NEVER,
                min(self.ready_at.values(), default=NEVER),
                self._due,
            )
            if moment > until:
                self.now = until
                return
            self.now = moment
            while coming and coming[-1] <= self.now:
                coming.pop()
                self._arrive()
            self._settle()

    def load(self) -> Load:
        """What `decide` is told."""
        queued = [InstanceLoad(i, False, 0, None, begun=False) for i in self.queued]
        starting = [InstanceLoad(i, False, 0, None) for i in self.ready_at]
        ready = [
            InstanceLoad(i, True, len(room.ends), None if room.ends else room.idle_since, room.served)
            for i, room in self.ready.items()
        ]
        return Load(self.waiting, (*ready, *starting, *queued), self.failures, self.failed_at, history=self.history)

    def _arrive(self) -> None:
        self.waiting += 1
        self._admit()
        if self.waiting:
            self.waited += 1
            self._poked = True

    def _settle(self) -> None:
        self._come_up()
        self._finish()
        for _ in range(self.closed - self.waiting - self.in_flight - sum(len(r.ends) for r in self.draining)):
            self._arrive()
        if self._poked or self._due <= self.now:
            self._look()
        self._begin()

    def _come_up(self) -> None:
        for name in [name for name, moment in self.ready_at.items() if moment <= self.now]:
            del self.ready_at[name]
            self._poked = True
            if self.starts_fail(self.now):
                self.failures, self.failed_at = self.failures + 1, self.now
            else:
                self.failures, self.ready[name] = 0, Room(idle_since=self.now)
                self._admit()

    def _finish(self) -> None:
        while self._ends and self._ends[0][0] <= self.now:
            _, name = heappop(self._ends)
            room = self.ready.get(name)
            if room is None:
                continue  # it ends with its instance, in `draining`
            heappop(room.ends)
            self.served += 1
            if not room.ends:
                room.idle_since = self.now
        for room in self.draining:
            while room.ends and room.ends[0] <= self.now:
                heappop(room.ends)
                self.served += 1
        self.draining = [room for room in self.draining if room.ends]
        self._admit()

    def _look(self) -> None:
        self.looks += 1
        self._poked = False
        before, ready = self.instances, len(self.ready)
        load = self.load()
        if not self.scale.is_fixed:
            load = remembered(load, self.scale, self.now, lambda: self.in_flight * self.cpus)
            self.history = load.history
        for action in decide(load, self.scale, self.now):
            self._poked = True
            match action:
                case Start(count):
                    assert count > 0
                    self.started.append((self.now, count))
                    for _ in range(count):
                        self._made += 1
                        self.queued.append(f"i{self._made}")
                case Stop(names):
                    self._stop(names)
                    assert len(self.ready) >= min(self.scale.kept, ready)
        assert self.instances <= max(self.scale.most, before)
        self.most_seen = max(self.most_seen, self.instances)
        due = next_look(load, self.scale, self.now)
        assert due is None or due > self.now
        self._due = NEVER if due is None else due
        if self._poked:
            self._look()

    def _stop(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self.queued:
                self.queued.remove(name)
                continue
            room = self.ready.pop(name)
            assert not (room.ends and self.scale.is_fixed), "a serving instance was stopped"
            if room.ends:
                self.draining.append(room)
            self.stopped.append((self.now, 1))
        self._ends = [end for end in self._ends if end[1] in self.ready]
        self._ends += [(end, "draining") for room in self.draining for end in room.ends]
        heapify(self._ends)

    def _begin(self) -> None:
        while self.queued and len(self.ready_at) < self.at_once:
            self.ready_at[self.queued.pop(0)] = self.now + self.start_seconds

    def _admit(self) -> None:
        while self.waiting and self.ready:
            name = min(self.ready, key=lambda i: len(self.ready[i].ends))
            room = self.ready[name]
            if len(room.ends) >= self.scale.concurrency:
                return
            if not room.ends and self._due > self.now + TICK_SECONDS:
                self._poked = True  # it becomes busy
            heappush(room.ends, self.now + self.request_seconds)
            heappush(self._ends, (self.now + self.request_seconds, name))
            room.idle_since, room.served = None, True
            self.waiting -= 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
