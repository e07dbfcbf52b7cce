"""The last minute of a revision's load. Evidence: documented (mean over one minute), Knative (tick, window)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.core.load_history import (
    BUCKETS,
    NOTHING,
    TICK_SECONDS,
    WINDOW_SECONDS,
    LoadHistory,
    is_silent,
    mean_cpus,
    mean_in_flight,
    most_wanted,
    with_sample,
    with_wish,
)


def steady(in_flight: float, cpus: float, begin: float, seconds: float, tick: float = TICK_SECONDS) -> LoadHistory:
    """A load that stays the same from `begin` on."""
    history = with_sample(NOTHING, in_flight, cpus, begin)
    for step in range(1, int(seconds / tick) + 1):
        history = with_sample(history, in_flight, cpus, begin + step * tick)
    return history


@given(st.floats(0, 10_000), st.floats(0.01, 800), st.floats(0, 64))
def test_a_constant_load_is_its_own_mean_wherever_the_ticks_fall(begin: float, in_flight: float, cpus: float) -> None:
    history = steady(in_flight, cpus, begin, 120)
    now = begin + 120
    assert mean_in_flight(history, now) == pytest.approx(in_flight)
    assert mean_cpus(history, now) == pytest.approx(cpus)
    assert len(history.buckets) <= BUCKETS + 1


@given(st.lists(st.floats(0.1, 6.0), min_size=1, max_size=60), st.floats(1, 50))
def test_ticks_that_come_early_or_late_change_nothing(pauses: list[float], in_flight: float) -> None:
    now, history = 100.0, with_sample(NOTHING, in_flight, 0.0, 100.0)
    for pause in pauses:
        now += pause
        history = with_sample(history, in_flight, 0.0, now)
    known = min(now - 100.0 + TICK_SECONDS, WINDOW_SECONDS)
    assert mean_in_flight(history, now) == pytest.approx(in_flight * known / WINDOW_SECONDS)


def test_a_minute_that_began_with_silence_counts_the_silence() -> None:
    assert mean_in_flight(steady(60, 0, 1000.0, 4), 1004.0) == pytest.approx(60 * 6 / 60)


def test_a_load_that_is_over_leaves_the_mean_little_by_little() -> None:
    history = steady(60, 1, 1000.0, 120)
    means = [mean_in_flight(history, 1120.0 + later) for later in range(0, 64, 2)]
    assert means == sorted(means, reverse=True)
    assert means[15] == pytest.approx(30)
    assert means[30:] == [0.0, 0.0]
    assert is_silent(history, 1182.0)


def test_after_a_pause_a_sample_stands_for_one_tick_and_not_for_the_pause() -> None:
    history = with_sample(steady(5, 0, 1000.0, 10), 0, 0, 1012.0)
    later = with_sample(history, 8, 0, 1500.0)
    assert mean_in_flight(later, 1500.0) == pytest.approx(8 * TICK_SECONDS / WINDOW_SECONDS)


def test_the_most_that_was_wanted_is_remembered_for_a_minute_or_for_less() -> None:
    history = with_wish(with_wish(with_wish(NOTHING, 7, 1000.0), 3, 1000.5), 2, 1030.0)
    assert [most_wanted(history, 900.0, now) for now in (1001.0, 1059.0, 1062.5, 1095.0)] == [7, 7, 2, 0]
    assert most_wanted(history, 10.0, 1031.0) == 2
    assert most_wanted(NOTHING, 900.0, 1000.0) == 0
    assert with_wish(NOTHING, 0, 1000.0) == NOTHING
