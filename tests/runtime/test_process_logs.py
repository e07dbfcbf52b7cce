"""The output of an instance, read from its files."""

import asyncio
from pathlib import Path

import pytest

from cloudrun_cli.runtime.base import LogLine
from cloudrun_cli.runtime.process_logs import KEPT_BYTES, LINE_BYTES, Output, Watch

DEADLINE = 30.0


def wrote(folder: Path, text: bytes, stream: str = "stdout") -> None:
    with (folder / stream).open("ab") as file:
        file.write(text)


async def read(output: Output, after: str | None = None) -> list[LogLine]:
    return [line async for line in output.lines(after)]


@pytest.fixture
def output(tmp_path: Path) -> Output:
    return Output("i-1", tmp_path)


async def test_lines_of_two_streams_keep_their_order_when_each_was_seen(tmp_path: Path, output: Output) -> None:
    for stream, text in (("stdout", b"a\nb\n"), ("stderr", b"c\n"), ("stdout", b"d\n"), ("stderr", b"e\n")):
        wrote(tmp_path, text, stream)
        output.look()
    output.end()
    assert [(line.stream[3:], line.text) for line in await read(output)] == [
        ("out", "a"), ("out", "b"), ("err", "c"), ("out", "d"), ("err", "e")
    ]  # fmt: skip


async def test_another_reader_and_a_later_daemon_are_told_the_same_with_the_same_times(
    tmp_path: Path, output: Output
) -> None:
    for number in range(20):
        wrote(tmp_path, b"%d\n" % number, ("stdout", "stderr")[number % 2])
        output.look()
    output.end()
    lines = await read(output)
    assert [line.text for line in lines] == [str(number) for number in range(20)]
    later = Output("i-1", tmp_path)
    later.end()
    assert await read(later) == lines
    for position, line in enumerate(lines):
        assert await read(later, line.cursor) == lines[position + 1 :]


async def test_a_line_is_told_once_it_is_whole_or_nothing_more_will_come(tmp_path: Path, output: Output) -> None:
    lines = output.lines(None)
    wrote(tmp_path, b"whole\nhal")
    output.look()
    assert (await asyncio.wait_for(anext(lines), DEADLINE)).text == "whole"
    waiting = asyncio.ensure_future(anext(lines))
    await asyncio.sleep(0)
    assert not waiting.done()
    wrote(tmp_path, b"f\r\nrest")
    output.look()
    assert (await asyncio.wait_for(waiting, DEADLINE)).text == "half"
    output.end()
    assert [line.text async for line in lines] == ["rest"]


async def test_bytes_that_are_no_text_are_told_as_well_as_can_be(tmp_path: Path, output: Output) -> None:
    wrote(tmp_path, b"caf\xc3\xa9 \xff\n\n\x00zero\n")
    output.end()
    assert [line.text for line in await read(output)] == ["café \ufffd", "", "\x00zero"]


async def test_a_line_without_end_is_told_in_pieces(tmp_path: Path, output: Output) -> None:
    wrote(tmp_path, b"x" * (2 * LINE_BYTES + 5) + b"\nnext\n")
    output.end()
    assert [len(line.text) for line in await read(output)] == [LINE_BYTES, LINE_BYTES, 5, 4]


async def test_old_output_is_given_back_and_reading_goes_on_with_a_whole_line(tmp_path: Path, output: Output) -> None:
    count = KEPT_BYTES // 1000 + 1000
    wrote(tmp_path, b"".join(b"%0999d\n" % number for number in range(count)))
    output.look()
    before = (tmp_path / "stdout").stat()
    output.give_back()
    after = (tmp_path / "stdout").stat()
    assert after.st_size == before.st_size
    if after.st_blocks == before.st_blocks:
        pytest.skip("this file system cannot give back a part of a file")
    assert after.st_blocks * 512 <= KEPT_BYTES
    output.end()
    numbers = [int(line.text) for line in await read(output)]
    assert numbers == list(range(numbers[0], count))
    assert count - numbers[0] >= KEPT_BYTES // 2 // 1000 - 1


async def test_a_watch_sees_what_is_written_and_stops_when_told(tmp_path: Path, output: Output) -> None:
    watch = Watch()
    try:
        watch.add("i-1", tmp_path, output)
        lines = output.lines(None)
        for text in ("one", "two"):
            wrote(tmp_path, f"{text}\n".encode())
            if watch.polled:
                watch.poll()
            assert (await asyncio.wait_for(anext(lines), DEADLINE)).text == text
        watch.remove("i-1")
        output.end()
        assert [line async for line in lines] == []
    finally:
        watch.close()
