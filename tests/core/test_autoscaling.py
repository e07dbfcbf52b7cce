"""How many instances a revision has, over simulated hours. Evidence: documented (About instance autoscaling: on-demand
scaling, scale to zero; container runtime contract: idle life), ours for the pauses after failed starts."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import ceil
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudrun_cli.core.autoscaling import (
    IDLE,
    MIN_INSTANCES,
    ON_DEMAND,
    RETRY_SECONDS,
    UNREACHABLE,
    InstanceLoad,
    Load,
    Scale,
    Start,
    Stop,
    decide,
    next_look,
    share,
)

HOUR = 3600.0
NEVER = float("inf")


@dataclass
class Simulation:
    """A revision in its world: requests come, instances start, serve, fall idle. Nobody looks unless something has
    happened or `next_look` asked for it, so a wake-up that is missing shows as work left undone."""

    scale: Scale
    start_seconds: float = 0.3
    request_seconds: float = 0.5
    closed: int = 0  # so many callers, each of whom asks again as soon as it is answered
    starts_fail: Callable[[float], bool] = lambda now: False
    now: float = 0.0
    waiting: int = 0
    failures: int = 0
    failed_at: float = 0.0
    ready_at: dict[str, float] = field(default_factory=dict)
    busy: dict[str, list[float]] = field(default_factory=dict)  # ready instance → when each of its requests ends
    idle: dict[str, float] = field(default_factory=dict)
    started: list[tuple[float, int]] = field(default_factory=list)
    stopped: list[tuple[float, int]] = field(default_factory=list)
    served: int = 0
    most_seen: int = 0

    def run(self, until: float, arrivals: list[float] | None = None) -> None:
        """Let time pass, with a request at each of these moments."""
        coming = sorted(arrivals or [])
        self.waiting += max(self.closed - self.waiting - sum(map(len, self.busy.values())), 0)
        self._settle()
        while True:
            ends = [moment for ending in self.busy.values() for moment in ending]
            look = next_look(self.load(), self.scale, self.now)
            moment = min([*coming[:1], *ends, *self.ready_at.values(), NEVER if look is None else look])
            if moment > until:
                self.now = until
                return
            self.now = moment
            while coming and coming[0] <= self.now:
                coming.pop(0)
                self.waiting += 1
            self._settle()

    def load(self) -> Load:
        """What `decide` is told."""
        starting = [InstanceLoad(i, False, 0, None) for i in self.ready_at]
        ready = [InstanceLoad(i, True, len(ends), None if ends else self.idle[i]) for i, ends in self.busy.items()]
        return Load(self.waiting, (*starting, *ready), self.failures, self.failed_at)

    @property
    def instances(self) -> int:
        return len(self.ready_at) + len(self.busy)

    def _settle(self) -> None:
        for ending in [i for i, moment in self.ready_at.items() if moment <= self.now]:
            del self.ready_at[ending]
            if self.starts_fail(self.now):
                self.failures, self.failed_at = self.failures + 1, self.now
            else:
                self.failures, self.busy[ending], self.idle[ending] = 0, [], self.now
        for instance, ends in self.busy.items():
            left = [moment for moment in ends if moment > self.now]
            self.served += len(ends) - len(left)
            if self.closed:
                self.waiting += len(ends) - len(left)
            if ends and not left:
                self.idle[instance] = self.now
            self.busy[instance] = left
        self._admit()
        before, ready = self.instances, len(self.busy)
        for action in decide(self.load(), self.scale, self.now):
            match action:
                case Start(count):
                    self.started.append((self.now, count))
                    for _ in range(count):
                        self.ready_at[f"i{sum(n for _, n in self.started)}-{len(self.ready_at)}"] = (
                            self.now + self.start_seconds
                        )
                case Stop(instances):
                    self.stopped.append((self.now, len(instances)))
                    for instance in instances:
                        assert not self.busy.pop(instance), "a serving instance was stopped"
                    assert not self.scale.reachable or len(self.busy) >= min(self.scale.least, ready)
        assert self.instances <= max(self.scale.most, before)
        self.most_seen = max(self.most_seen, self.instances)

    def _admit(self) -> None:
        while self.waiting and self.busy:
            free = min(self.busy, key=lambda i: len(self.busy[i]))
            if len(self.busy[free]) >= self.scale.concurrency:
                return
            self.busy[free].append(self.now + self.request_seconds)
            self.waiting -= 1


scales = st.builds(
    Scale,
    concurrency=st.integers(1, 80),
    least=st.integers(0, 5),
    most=st.integers(1, 12),
    idle_seconds=st.sampled_from([0.5, 5.0, 60.0, 900.0]),
)


@settings(max_examples=60, deadline=None)
@given(scales, st.lists(st.floats(0, 600), max_size=120), st.floats(0.01, 20), st.floats(0.01, 30))
def test_whatever_comes_is_served_within_the_limits_and_afterwards_only_the_least_are_left(
    scale: Scale, arrivals: list[float], start: float, duration: float
) -> None:
    world = Simulation(scale, start_seconds=start, request_seconds=duration)
    world.run(4 * HOUR, arrivals)
    assert world.served == len(arrivals)
    assert world.most_seen <= scale.most
    assert world.instances == min(scale.least, scale.most)
    assert not world.waiting


@settings(max_examples=60, deadline=None)
@given(scales, st.integers(1, 100), st.floats(0.05, 5))
def test_a_constant_load_settles_and_then_nothing_starts_or_stops_for_an_hour(
    scale: Scale, callers: int, duration: float
) -> None:
    world = Simulation(scale, closed=callers, request_seconds=duration * 20)
    settled = 20 + scale.idle_seconds + 20 * duration  # all have started, and what was too many has gone
    world.run(settled)
    before = (list(world.started), list(world.stopped))
    world.run(settled + HOUR)
    assert (world.started, world.stopped) == before
    assert world.instances >= min(ceil(callers / scale.concurrency), scale.most)


@settings(max_examples=100, deadline=None)
@given(scales, st.integers(0, 200), st.data())
def test_when_to_look_again_is_never_too_late(scale: Scale, waiting: int, data: st.DataObject) -> None:
    now = 1000.0
    moments = st.one_of(st.none(), st.floats(0, now))
    one = st.builds(InstanceLoad, st.uuids().map(str), st.booleans(), st.integers(0, 3), moments)
    instances = [
        replace(
            i, in_flight=i.in_flight if i.ready else 0, idle_since=None if i.in_flight or not i.ready else i.idle_since
        )
        for i in data.draw(st.lists(one, max_size=14))
    ]
    load = Load(waiting, tuple(instances), data.draw(st.integers(0, 9)), data.draw(st.floats(900, now)))
    if decide(load, scale, now):
        return  # something is done now, and then the load is another
    look = next_look(load, scale, now)
    assert look is None or look > now
    horizon = now + 2 * HOUR if look is None else look
    for part in (0.01, 0.5, 0.9, 0.999):
        assert decide(load, scale, now + (horizon - now) * part) == []


def test_one_that_serves_is_looked_at_again_because_nobody_tells_when_it_falls_idle() -> None:
    serving = Load(0, (InstanceLoad("a", True, 1, None),))
    assert next_look(serving, Scale(80, 0, 100, idle_seconds=3.0), 5.0) == 8.0
    assert next_look(serving, Scale(80, 0, 100, idle_seconds=3.0, reachable=False), 5.0) == 6.0


@pytest.mark.parametrize(("crashes", "pause"), [(0, 0.0), (1, 1.0), (3, 4.0), (50, 30.0)])
def test_what_crashes_again_and_again_is_replaced_ever_more_slowly_but_who_waits_is_served(
    crashes: int, pause: float
) -> None:
    scale, crashed = Scale(80, 1, 100), Load(0, (), crashes=crashes, crashed_at=100.0)
    assert decide(crashed, scale, 100.0 + pause) == [Start(1, MIN_INSTANCES)]
    if pause:
        assert decide(crashed, scale, 99.9 + pause) == []
        assert next_look(crashed, scale, 100.0) == 100.0 + pause
    assert decide(replace(crashed, waiting=1), scale, 100.0) == [Start(1, ON_DEMAND)]


def test_a_request_at_zero_starts_one_instance_at_once() -> None:
    assert decide(Load(1, ()), Scale(80, 0, 100), 5.0) == [Start(1, ON_DEMAND)]


@pytest.mark.parametrize(
    ("waiting", "starting", "concurrency", "most", "count"),
    [
        (80, 0, 80, 100, 1),
        (81, 0, 80, 100, 2),
        (10, 0, 1, 100, 10),
        (10, 0, 1, 4, 4),
        (81, 1, 80, 100, 1),
        (80, 1, 80, 9, 0),
    ],
)
def test_so_many_start_as_those_who_wait_need_beyond_those_that_are_coming(
    waiting: int, starting: int, concurrency: int, most: int, count: int
) -> None:
    coming = tuple(InstanceLoad(f"i{n}", False, 0, None) for n in range(starting))
    expected = [Start(count, ON_DEMAND)] if count else []
    assert decide(Load(waiting, coming), Scale(concurrency, 0, most), 5.0) == expected


def test_the_least_are_started_without_a_request_and_started_again_when_one_is_gone() -> None:
    scale = Scale(80, 2, 10)
    assert decide(Load(0, ()), scale, 5.0) == [Start(2, MIN_INSTANCES)]
    left = InstanceLoad("a", True, 0, 0.0)
    assert decide(Load(0, (left,)), scale, 5000.0) == [Start(1, MIN_INSTANCES)]


def test_least_is_bounded_by_most() -> None:
    assert decide(Load(0, ()), Scale(80, 5, 3), 5.0) == [Start(3, MIN_INSTANCES)]


def test_the_longest_idle_go_first_and_the_least_stay() -> None:
    ready = tuple(InstanceLoad(name, True, 0, since) for name, since in (("b", 20.0), ("a", 10.0), ("c", 30.0)))
    assert decide(Load(0, ready), Scale(80, 0, 9, 60.0), 85.0) == [Stop(("a", "b"), IDLE)]
    assert decide(Load(0, ready), Scale(80, 2, 9, 60.0), 500.0) == [Stop(("a",), IDLE)]
    assert decide(Load(0, ready), Scale(80, 3, 9, 60.0), 500.0) == []


def test_the_last_ready_instance_is_kept_while_its_substitute_is_only_starting() -> None:
    both = (InstanceLoad("old", True, 0, 0.0), InstanceLoad("new", False, 0, None))
    assert decide(Load(0, both), Scale(80, 1, 9, 60.0), 500.0) == []


def test_what_serves_is_never_stopped() -> None:
    busy = (InstanceLoad("a", True, 1, None), InstanceLoad("b", True, 1, 0.0))
    assert decide(Load(0, busy), Scale(80, 0, 9, 1.0, reachable=False), 500.0) == []


def test_what_no_request_can_reach_stops_at_once_and_has_no_least() -> None:
    ready = (InstanceLoad("a", True, 0, 100.0),)
    assert decide(Load(0, ready), Scale(80, 1, 9, 900.0, reachable=False), 100.0) == [Stop(("a",), UNREACHABLE)]
    assert decide(Load(0, ()), Scale(80, 1, 9, reachable=False), 100.0) == []


def test_starts_that_fail_are_tried_again_after_longer_and_longer_pauses() -> None:
    world = Simulation(Scale(1, 0, 1), waiting=1, starts_fail=lambda now: True)
    world.run(2 * HOUR)
    gaps = [
        later - earlier - world.start_seconds
        for (earlier, _), (later, _) in zip(world.started, world.started[1:], strict=False)
    ]
    assert [round(gap, 6) for gap in gaps[:7]] == [*RETRY_SECONDS[1:], RETRY_SECONDS[-1]]
    assert len(world.started) <= len(RETRY_SECONDS) + 2 * HOUR / RETRY_SECONDS[-1]


def test_a_start_that_succeeds_ends_the_pauses() -> None:
    world = Simulation(Scale(1, 0, 1, idle_seconds=5.0), waiting=1, starts_fail=lambda now: now < 20)
    world.run(HOUR)
    assert world.served == 1
    assert world.failures == 0
    tries = len(world.started)
    world.waiting = 1
    world.run(world.now + 1.0)
    assert (len(world.started), world.served) == (tries + 1, 2)


def test_four_hours_of_bursts_end_at_zero() -> None:
    random = Random(5)
    bursts = [hour * HOUR / 2 + random.random() for hour in range(8) for _ in range(100)]
    world = Simulation(Scale(10, 0, 20, idle_seconds=60.0))
    world.run(4 * HOUR, bursts)
    assert world.served == 800
    assert world.instances == 0
    assert sum(n for _, n in world.started) == sum(n for _, n in world.stopped)


def test_scaled_by_hand_it_has_exactly_so_many_whatever_its_load() -> None:
    world = Simulation(Scale(1, 3, 3, idle_seconds=60.0, exact=True), closed=5)
    world.run(HOUR / 10)
    assert world.most_seen == 3
    world.closed = 0
    world.run(2 * HOUR)
    assert world.instances == 3
    world.scale = replace(world.scale, least=1, most=1)
    world.run(world.now + 1.0)
    assert world.instances == 1  # at once: by hand, nobody waits for them to be idle for long


@pytest.mark.parametrize(
    ("total", "percent", "part"), [(None, 50, None), (10, 100, 10), (10, 25, 3), (1, 1, 1), (5, 0, 0), (3, 50, 2)]
)
def test_a_limit_of_the_service_is_shared_by_percent_and_rounded_up(
    total: int | None, percent: int, part: int | None
) -> None:
    assert share(total, percent) == part
