"""The waterfall of a cold start: its parts are all of it. Evidence: ours."""

from datetime import datetime, timedelta

import pytest

from cloudrun_cli.core.cold_start import Start, in_milliseconds, text, waterfall
from tests.builders import NOW


def at(milliseconds: float) -> datetime:
    return NOW + timedelta(milliseconds=milliseconds)


START = Start(begun=at(5), created=at(25), running=at(125), ready=at(325))


@pytest.mark.parametrize(
    ("asked", "first_byte", "parts"),
    [
        (0, 355, [5, 20, 100, 200, 30]),
        (5, 355, [0, 20, 100, 200, 30]),
        (100, 355, [0, 0, 25, 200, 30]),  # it came while the instance was being started for another
        (300, 355, [0, 0, 0, 25, 30]),
        (340, 355, [0, 0, 0, 0, 15]),
        (0, 300, [5, 20, 100, 175, 0]),  # the clock of the edge is a little behind
        (0, -1, [0, 0, 0, 0, 0]),
    ],
)
def test_a_request_waits_for_one_part_after_the_other(asked: float, first_byte: float, parts: list[float]) -> None:
    found = waterfall(at(asked), START, at(first_byte))
    assert [length / timedelta(milliseconds=1) for length in found.parts.values()] == parts
    assert found.total == timedelta(milliseconds=max(first_byte - asked, 0))


def test_it_is_logged_in_numbers_and_in_a_sentence() -> None:
    found = waterfall(at(0), START, at(355))
    assert in_milliseconds(found) == {
        "queuedMs": 5.0,
        "createMs": 20.0,
        "startMs": 100.0,
        "probeMs": 200.0,
        "firstByteMs": 30.0,
        "totalMs": 355.0,
    }
    assert text(found) == (
        "Cold start: the request waited 355 ms for its first byte: "
        "queued 5, create 20, start 100, probe 200, first byte 30."
    )
