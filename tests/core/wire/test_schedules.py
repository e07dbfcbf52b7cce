"""The shape of schedules. Evidence: recorded (the objects of the recordings), and documented (Job)."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloudrun_cli.core.errors import InvalidArgument, Unimplemented
from cloudrun_cli.core.schedules import Execution, HttpTarget, Outcome, Plan, Schedule, ScheduleRef, Token
from cloudrun_cli.core.wire.schedules import (
    plan_from_json,
    plan_to_json,
    schedule_from_json,
    schedule_to_json,
    wanted_to_json,
)
from tests.builders import NOW, RECORDINGS

FILE = RECORDINGS / "resources" / "scheduler.json"
RECORDED: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
PING = Schedule(
    ScheduleRef("demo", "us-central1", "ping"),
    "*/5 * * * *",
    HttpTarget("http://x/", body=b"\0\xff", headers={"B": "1", "A": "2"}, oidc=Token("a@b", "https://x")),
    NOW,
    description="d",
    deadline=timedelta(seconds=20.5),
)
PLAN = Plan(NOW, Execution(NOW, NOW, 2, NOW, under_way=True, final=True), NOW, NOW, Outcome(5, "m", 404), dormant=True)


@pytest.mark.skipif(not RECORDED, reason=f"NO RECORDINGS at {FILE}")
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_schedule_comes_out_as_it_went_in(name: str) -> None:
    out = schedule_to_json(schedule_from_json(RECORDED[name]))
    assert out == RECORDED[name]
    assert list(out) == sorted(out)


def test_what_a_user_wants_and_what_is_planned_are_kept_whole() -> None:
    assert schedule_from_json(json.loads(json.dumps(wanted_to_json(PING)))) == PING
    assert plan_from_json(json.loads(json.dumps(plan_to_json(PLAN)))) == PLAN
    assert plan_from_json(plan_to_json(Plan())) == Plan()


@pytest.mark.parametrize(
    ("outcome", "status"), [(Outcome(), {}), (Outcome(7, "no", 403), {"code": 7, "message": "no"})]
)
def test_the_last_attempt_is_shown(outcome: Outcome, status: dict[str, Any]) -> None:
    shown = schedule_to_json(replace(PING, plan=Plan(last_attempt=NOW, outcome=outcome)))
    assert (shown["lastAttemptTime"], shown["status"]) == ("2026-02-01T08:15:07.123456Z", status)
    assert "scheduleTime" not in shown


@pytest.mark.parametrize(
    "change",
    [
        {"name": "ping"},
        {"schedule": None, "httpTarget": None},
        {"state": "ODD"},
        {"userUpdateTime": "yesterday"},
        {"attemptDeadline": "long"},
        {"httpTarget": {"uri": "http://x/", "body": "%%"}},
    ],
)
def test_what_is_no_schedule_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="is not a job of Cloud Scheduler"):
        schedule_from_json({**wanted_to_json(PING), **change})


def test_a_target_that_is_not_built_is_refused_by_name() -> None:
    with pytest.raises(Unimplemented, match="Pub/Sub"):
        schedule_from_json({**wanted_to_json(PING), "pubsubTarget": {"topicName": "t"}})
