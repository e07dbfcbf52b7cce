"""Why a request broke off is in its line, whichever is known first: that it did, or how its instance ended."""

import asyncio

import pytest

from cloudrun_cli.core import admission
from cloudrun_cli.daemon import postmortems
from cloudrun_cli.daemon.postmortems import Postmortems
from cloudrun_cli.dataplane.records import RequestRecord
from cloudrun_cli.runtime.base import Exit, ExitCause
from tests.dataplane.edge import HELLO, ONE

OOM = Exit("a", ExitCause.OUT_OF_MEMORY)
CRASH = Exit("a", ExitCause.EXITED, 1)


def a_record(text: str = admission.BROKEN.log, instance: str = "a") -> RequestRecord:
    at, zero = "2026-01-01T00:00:00.000000Z", 0
    return RequestRecord(
        "id", HELLO, ONE, None, instance, at, zero, "GET", "/", 503, 0, 0, "", "", "", "", "", None, text, "ERROR"
    )


@pytest.mark.parametrize(("end", "text"), [(OOM, admission.OUT_OF_MEMORY.log), (CRASH, admission.BROKEN.log)])
@pytest.mark.parametrize("first", ["request", "instance"])
async def test_a_broken_request_is_told_with_the_end_of_its_instance(end: Exit, text: str, first: str) -> None:
    passed: list[RequestRecord] = []
    desk = Postmortems(passed.append)
    if first == "request":
        desk.request_ended(a_record())
        desk.request_ended(a_record(instance="another"))
        assert passed == []
        desk.instance_ended(end)
    else:
        desk.instance_ended(end)
        desk.request_ended(a_record())
    assert [record.text for record in passed] == [text]


async def test_what_did_not_break_with_an_instance_is_passed_on_at_once() -> None:
    passed: list[RequestRecord] = []
    desk = Postmortems(passed.append)
    records = [a_record(text=""), a_record(text=admission.TIMED_OUT.log), a_record(instance="")]
    for record in records:
        desk.request_ended(record)
    assert passed == records


async def test_a_reason_that_does_not_come_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postmortems, "WAIT_SECONDS", 0.02)
    passed: list[RequestRecord] = []
    desk = Postmortems(passed.append)
    desk.request_ended(a_record())
    await asyncio.sleep(0.1)
    assert [record.text for record in passed] == [admission.BROKEN.log]


async def test_nothing_is_lost_when_it_closes() -> None:
    passed: list[RequestRecord] = []
    desk = Postmortems(passed.append)
    desk.request_ended(a_record())
    desk.close()
    assert len(passed) == 1
