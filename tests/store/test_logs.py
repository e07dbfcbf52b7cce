"""Log segments: rotated, bounded, followed; readable whatever a killed writer left behind. Evidence: ours."""

import os
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.store.logs import LogFollower, LogWriter, folder, read, segments

Entries = list[dict[str, Any]]


def numbered(first: int, last: int) -> Entries:
    return [{"n": n, "text": "é\n\r\u2028" + "x" * 80} for n in range(first, last)]


def numbers(entries: Entries) -> list[int]:
    return [entry["n"] for entry in entries]


def test_entries_are_read_back_in_order_as_they_were(tmp_path: Path) -> None:
    path = folder(str(tmp_path), "demo", "r", "hello")
    writer = LogWriter(path)
    writer.append(numbered(0, 3))
    writer.append([])
    writer.append(numbered(3, 5))
    writer.close()
    assert list(read(path)) == numbered(0, 5)
    assert path == str(tmp_path / "logs" / "demo" / "r" / "services" / "hello")


def test_a_service_that_never_wrote_has_an_empty_log(tmp_path: Path) -> None:
    assert list(read(str(tmp_path / "none"))) == []
    assert LogFollower(str(tmp_path / "none")).fresh() == []


def test_segments_are_rotated_and_the_oldest_go(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path), segment_bytes=1000, keep=3)
    for n in range(100):
        writer.append(numbered(n, n + 1))
    writer.close()
    assert len(segments(str(tmp_path))) == 3
    assert sum(entry.stat().st_size for entry in tmp_path.iterdir()) <= 3 * (1000 + 200)
    kept = numbers(list(read(str(tmp_path))))
    assert kept == list(range(kept[0], 100))
    assert len(kept) > 15


def test_a_batch_beyond_a_segment_is_spread_over_several(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path), segment_bytes=1000, keep=3)
    writer.append(numbered(0, 5))
    writer.append(numbered(5, 100))
    writer.close()
    assert len(segments(str(tmp_path))) == 3
    assert sum(entry.stat().st_size for entry in tmp_path.iterdir()) <= 3 * (1000 + 200)
    kept = numbers(list(read(str(tmp_path))))
    assert kept == list(range(kept[0], 100))
    assert len(kept) > 15


def test_a_new_writer_goes_on_in_the_last_segment(tmp_path: Path) -> None:
    for n in range(5):
        writer = LogWriter(str(tmp_path))
        writer.append(numbered(n, n + 1))
        writer.close()
    assert segments(str(tmp_path)) == [1]
    assert numbers(list(read(str(tmp_path)))) == [0, 1, 2, 3, 4]


def test_a_follower_begins_at_the_end_and_loses_nothing_over_rotations(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path), segment_bytes=500, keep=100)
    writer.append(numbered(0, 3))
    follower = LogFollower(str(tmp_path))
    assert follower.fresh() == []
    seen: Entries = []
    for first in range(3, 60, 7):
        for n in range(first, first + 7):
            writer.append(numbered(n, n + 1))
        seen += follower.fresh()
    assert numbers(seen) == list(range(3, 66))
    assert follower.fresh() == []
    assert len(segments(str(tmp_path))) > 5
    writer.close()


def test_a_follower_that_began_before_the_first_line_sees_it(tmp_path: Path) -> None:
    follower = LogFollower(str(tmp_path / "later"))
    writer = LogWriter(str(tmp_path / "later"))
    writer.append(numbered(0, 2))
    assert numbers(follower.fresh()) == [0, 1]
    writer.close()


def test_a_follower_whose_segment_was_rotated_away_goes_on_with_the_oldest_left(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path), segment_bytes=100, keep=2)
    writer.append(numbered(0, 1))
    follower = LogFollower(str(tmp_path))
    for n in range(1, 10):
        writer.append(numbered(n, n + 1))
    assert numbers(follower.fresh()) == [8, 9]
    writer.close()


def test_a_reader_survives_a_rotation_under_its_hands(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path), segment_bytes=100, keep=2)
    for n in range(2):
        writer.append(numbered(n, n + 1))
    reading = read(str(tmp_path))
    assert next(reading)["n"] == 0
    for n in range(2, 9):
        writer.append(numbered(n, n + 1))
    assert numbers(list(reading)) == []
    writer.close()


HALF = '{"n": 3, "text": "é'.encode()[:-1]


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A log whose writer was killed within its fourth line."""
    writer = LogWriter(str(tmp_path))
    writer.append(numbered(0, 3))
    writer.close()
    with open(tmp_path / "00000001.jsonl", "ab") as file:
        file.write(HALF)
    return tmp_path


def test_a_half_written_last_line_is_left_out(broken: Path) -> None:
    assert numbers(list(read(str(broken)))) == [0, 1, 2]


def test_the_next_writer_takes_a_half_written_line_away(broken: Path) -> None:
    follower = LogFollower(str(broken))
    assert follower.fresh() == []
    writer = LogWriter(str(broken))
    writer.append(numbered(4, 6))
    writer.close()
    assert numbers(list(read(str(broken)))) == [0, 1, 2, 4, 5]
    assert numbers(follower.fresh()) == [4, 5]


def test_a_line_that_is_still_being_written_is_followed_when_it_is_whole(broken: Path) -> None:
    follower = LogFollower(str(broken))
    with open(broken / "00000001.jsonl", "ab") as file:
        file.write('é"}\n{"n": 4}\n'.encode()[1:])
    assert numbers(follower.fresh()) == [3, 4]


def test_a_long_half_line_is_taken_away_whole(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path))
    writer.append(numbered(0, 2))
    writer.close()
    for length in (65_535, 65_536, 200_000):
        with open(tmp_path / "00000001.jsonl", "ab") as file:
            file.write(b"{" + b"x" * length)
        writer = LogWriter(str(tmp_path))
        writer.append(numbered(2, 3))
        writer.close()
    assert numbers(list(read(str(tmp_path)))) == [0, 1, 2, 2, 2]


def test_text_that_is_no_unicode_does_not_stop_the_log(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path))
    writer.append([{"text": "half a pair: \ud83d"}, {"text": "after"}])
    writer.close()
    assert [entry["text"] for entry in read(str(tmp_path))] == ["half a pair: ?", "after"]


def test_a_log_is_for_its_owner_only(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path / "log"))
    writer.append(numbered(0, 1))
    writer.close()
    assert os.stat(tmp_path / "log" / "00000001.jsonl").st_mode & 0o777 == 0o600
