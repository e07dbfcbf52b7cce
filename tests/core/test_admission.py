"""Who may have a slot, who waits, and how long. Evidence: documented (container runtime contract, troubleshooting)."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.core.admission import (
    NO_INSTANCE,
    NO_INSTANCE_AT_MAX,
    TIMED_OUT,
    Refusal,
    free_slot,
    pick_revision,
    queue_limit,
    refuse_waiting,
    wait_limit,
)
from cloudrun_cli.core.resources import RevisionName, RevisionRef


@dataclass
class Instance:
    in_flight: int
    open: bool = True


def rev(name: str) -> RevisionRef:
    return RevisionRef("demo", "us-central1", RevisionName(name))


@pytest.mark.parametrize(
    ("instances", "concurrency", "chosen"),
    [
        ([], 80, None),
        ([Instance(0)], 1, 0),
        ([Instance(1)], 1, None),
        ([Instance(2), Instance(1), Instance(3)], 80, 1),
        ([Instance(1), Instance(1)], 80, 0),  # of equals the earlier: the later ones can become idle and go
        ([Instance(0, open=False), Instance(5)], 80, 1),
        ([Instance(0, open=False)], 80, None),
        ([Instance(79), Instance(80)], 80, 0),
    ],
)
def test_the_least_loaded_open_instance_with_a_free_slot_is_chosen(
    instances: list[Instance], concurrency: int, chosen: int | None
) -> None:
    found = free_slot(instances, concurrency)
    assert found is (None if chosen is None else instances[chosen])


@given(st.lists(st.integers(0, 100), min_size=1, max_size=6), st.integers(1, 100))
def test_a_slot_is_never_above_the_concurrency_and_never_missed(loads: list[int], concurrency: int) -> None:
    found = free_slot([Instance(load) for load in loads], concurrency)
    if min(loads) >= concurrency:
        assert found is None
    else:
        assert found is not None
        assert found.in_flight == min(loads)


@pytest.mark.parametrize(
    ("chance", "chosen"), [(0.0, "a"), (0.0999, "a"), (0.1, "b"), (0.3999, "b"), (0.4, "c"), (0.9999999, "c")]
)
def test_a_revision_is_picked_with_the_odds_of_its_percent(chance: float, chosen: str) -> None:
    split = [(rev("a"), 10), (rev("b"), 30), (rev("zero"), 0), (rev("c"), 60)]
    assert pick_revision(split, chance) == rev(chosen)


def test_nothing_is_picked_from_an_empty_split() -> None:
    assert pick_revision([], 0.5) is None


@pytest.mark.parametrize(("average", "limit"), [(0.0, 10.0), (2.0, 10.0), (4.0, 14.0), (60.0, 210.0)])
def test_the_queue_waits_three_and_a_half_start_ups_but_at_least_ten_seconds(average: float, limit: float) -> None:
    assert wait_limit(average) == limit


@pytest.mark.parametrize(
    ("concurrency", "most", "limit"), [(1, 1, 100), (10, 1, 100), (80, 1, 800), (80, 10, 8000), (1000, 100, 10_000)]
)
def test_ten_times_all_slots_may_wait_within_bounds(concurrency: int, most: int, limit: int) -> None:
    assert queue_limit(concurrency, most) == limit


@pytest.mark.parametrize(
    ("waited", "starting", "instances", "refusal"),
    [
        (9.9, 0, 0, None),
        (10.0, 0, 2, NO_INSTANCE_AT_MAX),
        (10.0, 0, 3, NO_INSTANCE_AT_MAX),  # the maximum can be passed for a while
        (10.0, 0, 1, NO_INSTANCE),
        (10.0, 1, 1, None),  # a start is under way: it opens slots, or its failure refuses
        (299.9, 1, 0, None),
        (300.0, 1, 0, TIMED_OUT),
        (300.0, 0, 2, TIMED_OUT),
    ],
)
def test_what_a_waiting_request_is_told(waited: float, starting: int, instances: int, refusal: Refusal | None) -> None:
    told = refuse_waiting(waited, limit=10, timeout=300, starting=starting, instances=instances, max_instances=2)
    assert told == refusal


@pytest.mark.parametrize(("refusal", "status"), [(NO_INSTANCE_AT_MAX, 429), (NO_INSTANCE, 500), (TIMED_OUT, 504)])
def test_refusals_carry_the_status_of_the_real_front_end(refusal: Refusal, status: int) -> None:
    assert refusal.status == status
    assert refusal.log
