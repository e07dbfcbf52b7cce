"""How ends are heard: the fast channel in any pieces, and the file across its rotations."""

import json
import os
from pathlib import Path

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.dataplane.events import BATCH_LINES, EventsProtocol, RequestLog


def message(*ids: str | None) -> bytes:
    ends = [{"end": f"{one or '-'} - - via_upstream"} for one in ids]
    packed = msgpack.packb(["r", [[1, end] for end in ends], {"size": len(ids)}])
    assert isinstance(packed, bytes)
    return packed


@given(st.lists(st.integers(1, 40), max_size=30))
def test_messages_are_understood_however_they_are_cut(cuts: list[int]) -> None:
    heard: list[bytes] = []
    protocol = EventsProtocol(lambda request, *_: heard.append(request), set())
    stream = message("a") + message("b", "c") + message(None)
    for cut in cuts:
        protocol.data_received(stream[:cut])
        stream = stream[cut:]
    protocol.data_received(stream)
    assert heard == [b"a", b"b", b"c", b"-"]


@pytest.mark.parametrize("nonsense", [b"\xc1", msgpack.packb([1]), msgpack.packb(["r", [[1, {}]]]), msgpack.packb(7)])
def test_nonsense_ends_nothing_and_is_noted(nonsense: bytes, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[bytes] = []
    EventsProtocol(lambda request, *_: heard.append(request), set()).data_received(nonsense)
    assert heard == []
    assert "something else" in caplog.text


def lines(log: RequestLog) -> list[int]:
    return [line["n"] for batch in log.read() for line in batch]


def write(path: Path, *numbers: int) -> None:
    with path.open("a") as file:
        file.writelines(json.dumps({"n": number}) + "\n" for number in numbers)


def test_only_what_is_appended_from_now_on_is_read_and_each_line_once(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    write(path, 1)
    with RequestLog(path) as log:
        assert lines(log) == []
        write(path, 2, 3)
        assert lines(log) == [2, 3]
        assert lines(log) == []


def test_a_file_that_comes_later_is_read_from_its_start(tmp_path: Path) -> None:
    with RequestLog(tmp_path / "requests.jsonl") as log:
        assert lines(log) == []
        write(tmp_path / "requests.jsonl", 1)
        assert lines(log) == [1]


def test_half_a_line_waits_for_its_rest(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text('{"n"')
    with RequestLog(path, from_start=True) as log:
        assert lines(log) == []
        with path.open("a") as file:
            file.write(": 1}\n")
        assert lines(log) == [1]


def test_nothing_is_lost_when_the_file_is_renamed_and_made_anew(tmp_path: Path) -> None:
    path, old = tmp_path / "requests.jsonl", tmp_path / "requests.jsonl.1"
    write(path, 1)
    with RequestLog(path, from_start=True) as log:
        path.replace(old)
        write(old, 2)  # Envoy has not reopened it yet
        assert lines(log) == [1, 2]
        write(old, 3)
        write(path, 4)
        assert lines(log) == [3, 4]
        write(path, 5)
        assert lines(log) == [5]


def test_many_lines_come_in_batches_and_a_broken_one_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    write(path, *range(BATCH_LINES))
    with path.open("a") as file:
        file.write("not json\n[]\n")
    write(path, BATCH_LINES)
    with RequestLog(path, from_start=True) as log:
        batches = list(log.read())
    assert [len(batch) for batch in batches] == [BATCH_LINES, 1]
    assert os.path.getsize(path) > 0
