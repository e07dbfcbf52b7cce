"""A service's own port on 127.0.0.1. Evidence: ours."""

import pytest

from cloudrun_cli.core.doors import FIRST, LAST, choose
from cloudrun_cli.core.errors import FailedPrecondition

EVERY = range(FIRST, LAST + 1)


def test_a_door_is_stable_and_in_range_and_two_homes_begin_elsewhere() -> None:
    here = choose("/home/a", "demo/r/hello", (), lambda port: True)
    assert here == choose("/home/a", "demo/r/hello", (), lambda port: True)
    assert FIRST <= here <= LAST
    assert here != choose("/home/b", "demo/r/hello", (), lambda port: True)


def test_a_door_that_is_taken_or_in_use_is_passed_over() -> None:
    first = choose("h", "s", (), lambda port: True)
    after = [FIRST + (first - FIRST + step) % len(EVERY) for step in (1, 2)]
    assert choose("h", "s", {first}, lambda port: True) == after[0]
    assert choose("h", "s", {first}, lambda port: port != after[0]) == after[1]


def test_the_last_free_door_is_found_wherever_it_is_and_then_there_is_none() -> None:
    for free in (FIRST, LAST, FIRST + 4321):
        assert choose("h", "s", set(EVERY) - {free}, lambda port: True) == free
    with pytest.raises(FailedPrecondition, match=r"\[s\]"):
        choose("h", "s", set(EVERY), lambda port: True)
