"""How many instances a revision has, over simulated hours. Evidence: documented (About instance autoscaling: both ways
up, targets, scale to zero; container runtime contract: idle life), Knative for tick, window and the rate on the way
down, ours for the pauses after failed starts."""

from dataclasses import replace
from math import ceil
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudrun_cli.core.autoscaling import (
    AUTOSCALING,
    IDLE,
    MIN_INSTANCES,
    NOT_NEEDED,
    RETRY_SECONDS,
    ROLLOUT,
    SCALE_IN,
    UNREACHABLE,
    Action,
    InstanceLoad,
    Load,
    Scale,
    Start,
    Stop,
    decide,
    next_look,
    remembered,
    shares,
    wanted,
)
from cloudrun_cli.core.load_history import NOTHING, TICK_SECONDS, LoadHistory, with_sample, with_wish
from tests.core.scaling import Simulation

MINUTE, HOUR = 60.0, 3600.0

scales = st.builds(
    Scale,
    concurrency=st.integers(1, 80),
    least=st.integers(0, 5),
    most=st.integers(1, 12),
    idle_seconds=st.sampled_from([0.5, 5.0, 60.0, 900.0]),
    concurrency_target=st.sampled_from([None, 0.1, 0.6, 0.95]),
    cpu_target=st.sampled_from([0.1, 0.6, 0.95]),
)


def ready(*idle_since: float | None, in_flight: int = 1) -> tuple[InstanceLoad, ...]:
    """Instances a, b, c …; None serves."""
    return tuple(
        InstanceLoad(chr(97 + n), True, in_flight if since is None else 0, since) for n, since in enumerate(idle_since)
    )


def a_minute_of(in_flight: float, cpus: float = 0.0, until: float = 1000.0) -> LoadHistory:
    """A load that was the same for more than a minute, with its last sample at that moment."""
    history = NOTHING
    for step in range(35, -1, -1):
        history = with_sample(history, in_flight, cpus, until - step * TICK_SECONDS)
    return history


# Over hours


@settings(max_examples=60, deadline=None)
@given(scales, st.lists(st.floats(0, 600), max_size=120), st.floats(0.01, 20), st.floats(0.01, 30), st.integers(1, 5))
def test_whatever_comes_is_served_within_the_limits_and_afterwards_only_the_least_are_left(
    scale: Scale, arrivals: list[float], start: float, duration: float, at_once: int
) -> None:
    world = Simulation(scale, start_seconds=start, request_seconds=duration, at_once=at_once, cpus=0.5)
    world.run(4 * HOUR, arrivals)
    assert world.served == len(arrivals)
    assert world.most_seen <= scale.most
    assert world.instances == min(scale.least, scale.most)
    assert not world.waiting


@settings(max_examples=60, deadline=None)
@given(scales, st.lists(st.floats(0, 600), min_size=1, max_size=60), st.floats(0.01, 3))
def test_the_last_request_is_followed_by_zero_within_the_idle_time_and_a_tick(
    scale: Scale, arrivals: list[float], duration: float
) -> None:
    world = Simulation(replace(scale, least=0, most=100), request_seconds=duration)
    world.run(max(arrivals) + world.start_seconds + duration * 2, arrivals)
    world.run(world.now + scale.idle_seconds + 2 * TICK_SECONDS)
    assert world.instances == 0


@settings(max_examples=30, deadline=None)
@given(scales, st.integers(1, 100), st.floats(0.05, 5), st.floats(0, 0.05))
def test_a_constant_load_settles_and_then_nothing_starts_or_stops_for_an_hour(
    scale: Scale, callers: int, duration: float, cpus: float
) -> None:
    world = Simulation(scale, closed=callers, request_seconds=duration * 20, cpus=cpus)
    settled = 5 * MINUTE + scale.idle_seconds + 20 * duration  # all have started, and what was too many has gone
    world.run(settled)
    before = (list(world.started), list(world.stopped))
    world.run(settled + HOUR)
    assert (world.started, world.stopped) == before
    assert world.instances >= min(ceil(callers / scale.concurrency), scale.most)
    busy = min(callers, scale.most * scale.concurrency)
    target = scale.concurrency_target
    if target is not None:
        assert world.instances >= min(ceil(busy / scale.concurrency / target - 1e-6), scale.most)


@settings(max_examples=15, deadline=None)
@given(st.integers(5, 80), st.integers(20, 200), st.integers(0, 2**32))
def test_a_load_that_comes_by_chance_around_a_mean_does_not_make_instances_come_and_go(
    concurrency: int, in_flight: int, seed: int
) -> None:
    random, arrivals, now, seconds = Random(seed), [0.0], 0.0, 5.0
    while now < 15 * MINUTE:
        now += random.expovariate(in_flight / seconds)
        arrivals.append(now)
    world = Simulation(Scale(concurrency, 0, 100), request_seconds=seconds)
    world.run(15 * MINUTE, arrivals)
    assert world.instances >= in_flight / concurrency
    stopped = len([moment for moment, _ in world.stopped if moment > 5 * MINUTE])
    assert stopped <= max(10, world.instances / 4)  # in ten minutes


@settings(max_examples=100, deadline=None)
@given(scales, st.integers(0, 200), st.data())
def test_when_to_look_again_is_never_too_late(scale: Scale, waiting: int, data: st.DataObject) -> None:
    now = 1000.0
    moments = st.one_of(st.none(), st.floats(0, now))
    one = st.builds(InstanceLoad, st.uuids().map(str), st.booleans(), st.integers(0, 3), moments, st.booleans())
    instances = [
        replace(
            i, in_flight=i.in_flight if i.ready else 0, idle_since=None if i.in_flight or not i.ready else i.idle_since
        )
        for i in data.draw(st.lists(one, max_size=14))
    ]
    load = Load(waiting, tuple(instances), data.draw(st.integers(0, 9)), data.draw(st.floats(900, now)))
    cpus = data.draw(st.floats(0, 8))
    load = replace(remembered(load, scale, now, lambda: cpus), is_tick=False)
    if decide(load, scale, now):
        return  # something is done now, and then the load is another
    look = next_look(load, scale, now)
    assert look is None or look > now
    horizon = now + 2 * HOUR if look is None else look
    for part in (0.01, 0.5, 0.9, 0.999):
        assert decide(load, scale, now + (horizon - now) * part) == []


def test_four_hours_of_bursts_end_at_zero() -> None:
    random = Random(5)
    bursts = [hour * HOUR / 2 + random.random() for hour in range(8) for _ in range(100)]
    world = Simulation(Scale(10, 0, 20, idle_seconds=60.0))
    world.run(4 * HOUR, bursts)
    assert world.served == 800
    assert world.instances == 0
    assert sum(n for _, n in world.started) == sum(n for _, n in world.stopped)


def test_twelve_hours_without_a_request_take_a_few_looks_and_no_tick() -> None:
    world = Simulation(Scale(80, 1, 100))
    world.run(MINUTE, [1.0])
    world.run(10 * MINUTE)
    looks = world.looks
    world.run(12 * HOUR)
    assert world.instances == 1
    assert world.looks <= looks + 3


# Up, because a request finds no slot


def test_five_callers_at_concurrency_one_have_five_instances_at_once_and_not_one_after_another() -> None:
    world = Simulation(Scale(1, 0, 100), closed=5, request_seconds=1.0)
    world.run(0.5)
    assert (world.instances, world.in_flight) == (5, 5)
    world.run(20.0)
    assert sum(n for _, n in world.started) == 5


def test_a_burst_on_warm_instances_starts_what_it_lacks_at_once_and_no_more() -> None:
    world = Simulation(Scale(10, 1, 100), request_seconds=1.0)
    world.run(MINUTE)
    world.run(MINUTE + 0.4, [MINUTE + n / 1000 for n in range(100)])
    assert world.instances == 10
    assert world.served + world.in_flight == 100


def test_a_request_at_zero_starts_one_instance_at_once() -> None:
    assert decide(Load(1, ()), Scale(80, 0, 100), 5.0) == [Start(1, AUTOSCALING)]


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
    expected = [Start(count, AUTOSCALING)] if count else []
    assert decide(Load(waiting, coming), Scale(concurrency, 0, most), 5.0) == expected


def test_a_start_that_still_waits_its_turn_is_given_up_when_nobody_waits_for_it() -> None:
    three = (*ready(None), *(InstanceLoad(n, False, 0, None, begun=begun) for n, begun in (("b", True), ("c", False))))
    scale = Scale(1, 0, 100)
    assert decide(Load(0, three), scale, 5.0) == [Stop(("c",), NOT_NEEDED)]
    assert decide(Load(1, three), scale, 5.0) == [Stop(("c",), NOT_NEEDED)]
    assert decide(Load(2, three), scale, 5.0) == []
    assert decide(Load(0, three), replace(scale, least=3), 5.0) == []


def test_a_hundred_quick_requests_at_once_do_not_start_a_hundred_instances_where_starts_take_turns() -> None:
    world = Simulation(Scale(1, 0, 100), request_seconds=0.02, at_once=3)
    world.run(5 * MINUTE, [1.0] * 100)
    assert world.served == 100
    assert world.now == 5 * MINUTE
    assert len(world.stopped) < 20


# Up, because of the last minute


@pytest.mark.parametrize(
    ("in_flight", "cpus", "scale", "count"),
    [
        (48.0, 0, Scale(80, 0, 100), 1),
        (49.0, 0, Scale(80, 0, 100), 2),
        (0.6, 0, Scale(1, 0, 100), 1),
        (5.0, 0, Scale(1, 0, 100), 9),
        (49.0, 0, Scale(80, 0, 100, concurrency_target=0.95), 1),
        (49.0, 0, Scale(80, 0, 100, concurrency_target=0.1), 7),
        (500.0, 0, Scale(80, 0, 100, concurrency_target=None), 0),
        (1.0, 0.6, Scale(80, 0, 100), 1),
        (1.0, 1.3, Scale(80, 0, 100), 3),
        (1.0, 1.3, Scale(80, 0, 100, cpus=2.0), 2),
        (1.0, 1.3, Scale(80, 0, 100, cpu_target=0.95), 2),
        (1.0, 9.0, Scale(80, 0, 100, cpu_target=None), 1),
        (150.0, 1.3, Scale(80, 0, 100), 4),
        (0.0, 0.0, Scale(80, 0, 100), 0),
    ],
)
def test_the_driver_that_wants_more_instances_wins(in_flight: float, cpus: float, scale: Scale, count: int) -> None:
    assert wanted(a_minute_of(in_flight, cpus), scale, 1000.0) == count


def test_the_next_instance_comes_at_60_percent_before_anybody_waits() -> None:
    world = Simulation(Scale(80, 0, 100), closed=1, request_seconds=1.0)
    for callers in range(1, 401, 2):
        world.closed = callers
        world.run(world.now + 5.0)
        assert world.instances >= ceil(max(callers - 30, 1) / 80 / 0.6)
    assert world.waited == 1  # the very first
    assert world.instances <= ceil(400 / 48)


def test_a_load_on_the_cpu_alone_scales_out_and_in_again() -> None:
    world = Simulation(Scale(80, 0, 100), closed=4, request_seconds=2.0, cpus=0.9)
    world.run(3 * MINUTE)
    assert world.instances == 6  # 3.6 CPUs at 60 % each
    world.cpus = 0.1
    world.run(6 * MINUTE)
    assert world.instances == 1


def test_one_slow_request_is_no_reason_for_a_second_instance_but_a_minute_of_them_is() -> None:
    world = Simulation(Scale(1, 0, 100), request_seconds=10.0)
    world.run(MINUTE, [1.0])
    assert world.instances == 1
    world.closed = 1
    world.run(3 * MINUTE)
    assert world.instances == 2


def test_the_most_are_never_passed_however_much_is_wanted() -> None:
    load = Load(50, ready(None, None), history=a_minute_of(100.0, 100.0))
    assert decide(load, Scale(1, 0, 3), 1000.0) == [Start(1, AUTOSCALING)]
    assert decide(load, Scale(1, 0, 2), 1000.0) == []


# Kept


def test_the_least_are_started_without_a_request_and_started_again_when_one_is_gone() -> None:
    scale = Scale(80, 2, 10)
    assert decide(Load(0, ()), scale, 5.0) == [Start(2, MIN_INSTANCES)]
    assert decide(Load(0, ready(0.0)), scale, 5000.0) == [Start(1, MIN_INSTANCES)]


def test_least_is_bounded_by_most() -> None:
    assert decide(Load(0, ()), Scale(80, 5, 3), 5.0) == [Start(3, MIN_INSTANCES)]


def test_what_is_about_to_get_traffic_has_its_instances_first() -> None:
    assert decide(Load(0, ()), Scale(80, 1, 10, coming=3), 5.0) == [Start(3, ROLLOUT)]
    assert decide(Load(0, ready(1.0, 2.0, 3.0)), Scale(80, 1, 10, 1.0, coming=3), 5.0) == []


def test_scaled_by_hand_it_has_exactly_so_many_whatever_its_load() -> None:
    world = Simulation(Scale(1, 3, 3, idle_seconds=60.0, exact=True), closed=5)
    world.run(HOUR / 10)
    assert world.most_seen == 3
    world.closed = 0
    world.run(2 * HOUR)
    assert world.instances == 3
    world.scale = replace(world.scale, least=1, most=1)
    world.look_again()
    assert world.instances == 1  # at once: by hand, nobody waits for them to be idle for long


# Down


def at_a_tick(instances: tuple[InstanceLoad, ...], in_flight: float, scale: Scale, was: int = 0) -> list[Action]:
    """What is decided after a minute of such a load, in which `was` instances were wanted at some moment."""
    history = with_wish(a_minute_of(in_flight, until=998.0), was, 998.0)
    return decide(remembered(Load(0, instances, history=history), scale, 1000.0, lambda: 0.0), scale, 1000.0)


@pytest.mark.parametrize(
    ("have", "in_flight", "was", "least", "stopped"),
    [
        (4, 0.0, 0, 0, 2),  # half of them at a time
        (5, 0.0, 0, 0, 2),
        (2, 0.0, 0, 0, 1),
        (1, 0.0, 0, 0, 0),  # the last goes when it was idle for long enough
        (4, 0.0, 3, 0, 1),  # so many were wanted within the last minute
        (4, 0.0, 4, 0, 0),
        (4, 0.0, 0, 3, 1),
        (4, 140.0, 0, 0, 1),  # three at 60 %
    ],
)
def test_less_load_leads_to_fewer_half_of_them_at_a_time_and_none_that_was_wanted_in_the_last_minute(
    have: int, in_flight: float, was: int, least: int, stopped: int
) -> None:
    names = tuple("abcdefgh"[:stopped])
    expected = [Stop(names, SCALE_IN)] if stopped else []
    assert at_a_tick(ready(*(900.0 + n for n in range(have))), in_flight, Scale(80, least, 9), was) == expected


def test_between_two_ticks_nothing_is_stopped_for_less_load() -> None:
    load = Load(0, ready(900.0, 901.0, 902.0), history=with_sample(NOTHING, 0, 0, 999.0))
    assert decide(load, Scale(80, 0, 9), 1000.0) == []
    assert next_look(load, Scale(80, 0, 9), 1000.0) == 999.0 + TICK_SECONDS


def test_those_go_first_that_are_idle_and_then_those_with_the_fewest_requests_which_they_finish() -> None:
    busy = (
        InstanceLoad("a", True, 9, None),
        InstanceLoad("b", True, 1, None),
        InstanceLoad("c", True, 0, 990.0),
        InstanceLoad("d", True, 0, 980.0),
    )
    assert at_a_tick(busy, 1.0, Scale(80, 0, 9)) == [Stop(("d", "c"), SCALE_IN)]
    assert at_a_tick(busy[:2], 1.0, Scale(80, 0, 9)) == [Stop(("b",), SCALE_IN)]


def test_after_a_spike_the_way_down_takes_minutes_and_the_last_instance_stays_for_its_idle_time() -> None:
    world = Simulation(Scale(1, 0, 100), request_seconds=1.0)
    world.run(5.0, [1.0] * 40)
    assert world.instances == 40
    world.run(55.0)
    assert world.instances == 40
    world.run(3 * MINUTE)
    assert world.instances == 1
    counts = [sum(n for moment, n in world.stopped if moment <= at) for at in sorted({m for m, _ in world.stopped})]
    assert all(40 - later >= (40 - earlier) // 2 for earlier, later in zip([0, *counts], counts, strict=False))
    world.run(14 * MINUTE)
    assert world.instances == 1
    world.run(15 * MINUTE + 4.0)
    assert world.instances == 0


def test_the_longest_idle_go_first_and_the_least_stay() -> None:
    three = ready(20.0, 10.0, 30.0)
    assert decide(Load(0, three), Scale(80, 0, 9, 60.0), 95.0) == [Stop(("b", "a", "c"), IDLE)]
    assert decide(Load(0, three), Scale(80, 2, 9, 60.0), 500.0) == [Stop(("b",), IDLE)]
    assert decide(Load(0, three), Scale(80, 3, 9, 60.0), 500.0) == []


def test_the_last_ready_instance_is_kept_while_its_substitute_is_only_starting() -> None:
    both = (InstanceLoad("old", True, 0, 0.0), InstanceLoad("new", False, 0, None))
    assert decide(Load(0, both), Scale(80, 1, 9, 60.0), 500.0) == []


def test_what_serves_is_never_stopped_for_being_idle_or_out_of_reach() -> None:
    busy = (InstanceLoad("a", True, 1, None), InstanceLoad("b", True, 1, 0.0))
    assert decide(Load(0, busy), Scale(80, 0, 9, 1.0, reachable=False), 500.0) == []


def test_what_no_request_can_reach_stops_at_once_and_has_no_least() -> None:
    assert decide(Load(0, ready(100.0)), Scale(80, 1, 9, 900.0, reachable=False), 100.0) == [Stop(("a",), UNREACHABLE)]
    assert decide(Load(0, ()), Scale(80, 1, 9, reachable=False), 100.0) == []


# Pauses


@pytest.mark.parametrize(("crashes", "pause"), [(0, 0.0), (1, 1.0), (3, 4.0), (50, 30.0)])
def test_what_crashes_again_and_again_is_replaced_ever_more_slowly_but_who_waits_is_served(
    crashes: int, pause: float
) -> None:
    scale, crashed = Scale(80, 1, 100), Load(0, (), crashes=crashes, crashed_at=100.0)
    assert decide(crashed, scale, 100.0 + pause) == [Start(1, MIN_INSTANCES)]
    if pause:
        assert decide(crashed, scale, 99.9 + pause) == []
        assert next_look(crashed, scale, 100.0) == 100.0 + pause
    assert decide(replace(crashed, waiting=1), scale, 100.0) == [Start(1, AUTOSCALING)]


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
    world.run(world.now + 1.0, [world.now])
    assert (len(world.started), world.served) == (tries + 1, 2)


# Limits of the service


@pytest.mark.parametrize(
    ("total", "percents", "parts"),
    [
        (10, {"a": 100}, [10]),
        (10, {"a": 25, "b": 75}, [3, 7]),
        (3, {"a": 50, "b": 50}, [2, 1]),
        (1, {"a": 1, "b": 99}, [1, 1]),  # each that has traffic has one
        (3, {"a": 98, "b": 1, "c": 1}, [1, 1, 1]),
        (9, {"a": 98, "b": 1, "c": 1}, [7, 1, 1]),
        (5, {"a": 100, "b": 0}, [5]),
        (0, {"a": 100}, [0]),
        (100, {"a": 33, "b": 33, "c": 34}, [33, 33, 34]),
    ],
)
def test_a_number_of_the_service_is_shared_by_percent_and_every_part_with_traffic_has_one(
    total: int, percents: dict[str, int], parts: list[int]
) -> None:
    assert list(shares(total, percents).values()) == parts


@given(st.integers(0, 300), st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_the_parts_sum_to_the_whole(total: int, percents: list[int]) -> None:
    parts = shares(total, dict(enumerate(percents)))
    assert sum(parts.values()) == (max(total, len(percents)) if total else 0)
