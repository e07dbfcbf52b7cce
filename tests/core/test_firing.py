"""When a schedule fires and what follows an attempt: tables, and properties over random lives. Evidence: documented
(Cloud Scheduler, Job and RetryConfig), and ours where the README says so."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.core.firing import LEAST_BACKOFF, backoff, ended, planned, recalled, step, wakes
from cloudrun_cli.core.schedules import Execution, Outcome, Plan, RetryPolicy, ScheduleState
from tests.builders import NOW

MINUTE = timedelta(minutes=1)
START = NOW.replace(second=0, microsecond=0)
DEADLINE = 3 * MINUTE
FINE, BAD = Outcome(), Outcome(13, "The target answered with the HTTP status 500.", 500)
ENABLED, PAUSED = ScheduleState.ENABLED, ScheduleState.PAUSED


@dataclass(frozen=True)
class Every:
    """A tick each so many minutes past START's hour; or, from the end, so long after it."""

    minutes: int = 1
    from_end: bool = False

    def after(self, moment: datetime) -> datetime | None:
        if self.from_end:
            return moment + self.minutes * MINUTE
        return START + ((moment - START) // (self.minutes * MINUTE) + 1) * self.minutes * MINUTE


def at(minutes: float) -> datetime:
    return START + minutes * MINUTE


def begun(plan: Plan, now: datetime, ticks: Every = Every()) -> Plan:  # frozen
    after, begins = step(plan, DEADLINE, ticks, now)
    assert begins
    return after


@pytest.mark.parametrize(
    ("retry", "waits"),
    [
        (RetryPolicy(), [5, 10, 20, 40, 80, 160, 320]),
        (
            RetryPolicy(min_backoff=timedelta(seconds=10), max_backoff=timedelta(seconds=300), doublings=3),
            [10, 20, 40, 80, 160, 240, 300, 300],
        ),
        (RetryPolicy(min_backoff=timedelta(seconds=7), doublings=0), [7, 14, 21]),
        (RetryPolicy(min_backoff=timedelta(), max_backoff=timedelta(), doublings=9), [1, 1]),
    ],
)
def test_waits_double_then_grow_evenly_and_stop_at_the_longest(retry: RetryPolicy, waits: list[float]) -> None:
    assert [backoff(retry, attempts + 1).total_seconds() for attempts in range(len(waits))] == waits


def test_a_tick_fires_once_and_the_next_one_is_counted_from_then() -> None:
    plan = planned(Plan(), ENABLED, Every(), at(0.5))
    assert wakes(plan) == plan.next == at(1)
    assert step(plan, DEADLINE, Every(), at(0.9)) == (plan, False)
    plan = begun(plan, at(1.01))
    assert plan.execution == Execution(at(1), at(1.01), 1, at(1.01), under_way=True)
    assert (wakes(plan), plan.next) == (None, at(2))
    plan = ended(plan, FINE, RetryPolicy(), Every(), at(1.5))
    assert (plan.execution, plan.next, plan.outcome, plan.last_attempt) == (None, at(2), FINE, at(1.01))


@pytest.mark.parametrize(
    ("late", "tick"), [(0.5, 10), (2.5, 12), (40, 50)], ids=["at once", "the last of three", "after a long stop"]
)
def test_of_the_ticks_missed_the_last_fires_once(late: float, tick: int) -> None:
    plan = begun(Plan(next=at(10)), at(10 + late))
    assert plan.execution is not None
    assert (plan.execution.tick, plan.next) == (at(tick), at(int(10 + late) + 1))


@pytest.mark.parametrize(("late", "fires"), [(2.9, True), (3.1, False)])
def test_a_tick_older_than_an_attempt_may_take_is_skipped(late: float, fires: bool) -> None:
    after, begins = step(Plan(next=at(60)), DEADLINE, Every(60), at(60 + late))
    assert begins is fires
    assert after.next == at(120)


def test_a_tick_during_a_long_attempt_fires_after_it_and_never_beside_it() -> None:
    plan = begun(Plan(next=at(1)), at(1))
    assert step(plan, DEADLINE, Every(), at(3.5)) == (plan, False)
    plan = ended(plan, FINE, RetryPolicy(), Every(), at(3.6))
    plan = begun(plan, at(3.6))
    assert plan.execution is not None
    assert plan.execution.tick == at(3)


def test_ticks_during_retries_are_skipped() -> None:
    retry = RetryPolicy(count=2, min_backoff=MINUTE)
    plan = ended(begun(Plan(next=at(1)), at(1)), BAD, retry, Every(), at(1.5))
    assert wakes(plan) == at(2.5)
    plan = ended(begun(plan, at(2.5)), FINE, retry, Every(), at(2.6))
    assert (plan.execution, plan.next) == (None, at(3))


@pytest.mark.parametrize(
    ("count", "longest", "attempts"),
    [(None, None, 1), (0, 0, 1), (2, None, 3), (5, 0, 6), (0, 20, 3), (1, 20, 3), (5, 20, 6)],
)
def test_an_attempt_is_made_again_until_both_limits_are_reached(
    count: int | None, longest: float | None, attempts: int
) -> None:
    length = None if longest is None else timedelta(seconds=longest)
    retry = RetryPolicy(count=count, longest=length, min_backoff=timedelta(seconds=10), doublings=0)
    plan, now, made = Plan(next=at(1)), at(1), 0
    while True:
        plan = begun(plan, now, Every(60))
        made += 1
        plan = ended(plan, BAD, retry, Every(60), now)
        if plan.execution is None:
            break
        now = plan.execution.at
    assert made == attempts


def test_a_paused_schedule_has_no_ticks_and_no_retries_but_can_be_run() -> None:
    retry = RetryPolicy(count=5)
    plan = planned(begun(Plan(next=at(1)), at(1)), PAUSED, Every(), at(1.1))
    assert plan.next is None
    plan = ended(plan, BAD, retry, Every(), at(1.2))
    assert (plan.execution, wakes(plan)) == (None, None)
    plan = begun(replace(plan, asked=at(5)), at(5))
    assert plan.execution is not None
    assert (plan.execution.tick, plan.asked, plan.next) == (at(5), None, None)
    waiting = ended(begun(Plan(next=at(1)), at(1)), BAD, retry, Every(), at(1.1))
    assert planned(waiting, PAUSED, Every(), at(1.2)).execution is None


def test_what_came_in_by_import_fires_only_when_asked_changed_or_resumed() -> None:
    plan = Plan(next=at(-999), dormant=True)
    assert wakes(plan) is None
    ran = ended(begun(replace(plan, asked=at(1)), at(1)), FINE, RetryPolicy(), Every(), at(1.1))
    assert (wakes(ran), ran.next) == (None, plan.next)
    assert wakes(planned(ran, ENABLED, Every(), at(2))) == at(3)


def test_an_interval_is_counted_from_the_end_of_the_execution_before() -> None:
    ticks = Every(10, from_end=True)
    plan = begun(planned(Plan(), ENABLED, ticks, at(0)), at(10), ticks)
    assert ended(plan, FINE, RetryPolicy(), ticks, at(12)).next == at(22)


@pytest.mark.parametrize(("away", "again"), [(0.1, True), (2.9, True), (3.1, False)])
def test_an_attempt_that_a_crash_cut_short_is_made_again_within_its_time_and_has_failed_after(
    away: float, again: bool
) -> None:
    plan = recalled(begun(Plan(next=at(1)), at(1)), DEADLINE, RetryPolicy(), Every(60), at(1 + away))
    if again:
        plan = begun(plan, at(1 + away))
        assert plan.execution is not None
        assert (plan.execution.tick, plan.execution.attempts) == (at(1), 1)
    else:
        assert plan.execution is None
        assert plan.outcome is not None
        assert plan.outcome.code == 14


HAPPENING = ("move", "move", "look", "end", "fail", "crash", "pause", "resume", "run")
EVENTS = st.lists(st.tuples(st.sampled_from(HAPPENING), st.integers(1, 2000)), max_size=60)
RETRIES = st.builds(
    RetryPolicy,
    count=st.none() | st.integers(0, 5),
    min_backoff=st.integers(0, 300).map(lambda s: timedelta(seconds=s)),
    max_backoff=st.integers(300, 3600).map(lambda s: timedelta(seconds=s)),
    doublings=st.integers(0, 100),
)


@given(events=EVENTS, retry=RETRIES, minutes=st.integers(1, 90), from_end=st.booleans())
def test_whatever_happens_there_is_one_attempt_at_a_time_and_ticks_only_go_forward(
    events: list[tuple[str, int]], retry: RetryPolicy, minutes: int, from_end: bool
) -> None:
    ticks, now = Every(minutes, from_end), at(0)
    plan = planned(Plan(), ENABLED, ticks, now)
    fired: list[datetime] = []
    for event, amount in events:
        before = plan
        match event:
            case "move":
                now += timedelta(seconds=amount)
            case "look":
                plan, begins = step(plan, DEADLINE, ticks, now)
                due = wakes(before)
                assert (plan != before) == (due is not None and due <= now), "what is due is never due twice"
                if begins:
                    assert before.execution is None or not before.execution.under_way
                    assert plan.execution is not None
                    assert plan.execution.under_way
                    if plan.execution.attempts == 1 and before.execution is None and before.asked is None:
                        fired.append(plan.execution.tick)
                        assert now - DEADLINE <= plan.execution.tick <= now
            case "end" | "fail":
                plan = ended(plan, FINE if event == "end" else BAD, retry, ticks, now)
                if plan.execution is not None and plan != before:
                    wait = plan.execution.at - now
                    assert max(retry.min_backoff, LEAST_BACKOFF) <= wait <= max(retry.max_backoff, LEAST_BACKOFF)
                    assert plan.execution.attempts <= (retry.count or 0)
            case "crash":
                plan = recalled(plan, DEADLINE, retry, ticks, now)
            case "pause" | "resume":
                plan = planned(plan, PAUSED if event == "pause" else ENABLED, ticks, now)
            case "run":
                plan = replace(plan, asked=plan.asked or now)
        if plan.next is not None and before.next is not None and not from_end:
            assert plan.next >= before.next
    assert fired == sorted(set(fired))
