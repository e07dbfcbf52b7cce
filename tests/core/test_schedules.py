"""What a schedule sends and what may be said of it. Evidence: documented (cloudscheduler v1, Job)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloudrun_cli.core.errors import InvalidArgument, Unimplemented
from cloudrun_cli.core.schedules import (
    CODE_NAMES,
    HttpTarget,
    RetryPolicy,
    Schedule,
    ScheduleRef,
    Token,
    answered,
    audience,
    check,
    check_kind,
    headers,
)
from tests.builders import NOW

URI = "https://hello-x7k2mqpl4a-uc.a.run.app/ping"


def a_schedule(**fields: Any) -> Schedule:
    """One that may be; `fields` are those of the schedule, or else of its target."""
    own = {name: fields.pop(name) for name in list(fields) if name not in HttpTarget.__slots__}
    made = Schedule(ScheduleRef("demo", "us-central1", "ping"), "* * * * *", HttpTarget(URI, **fields), NOW)
    return replace(made, **own)


def test_an_attempt_says_whose_it_is_and_for_which_tick() -> None:
    assert headers(a_schedule(), NOW, None) == {
        "User-Agent": "Google-Cloud-Scheduler",
        "X-CloudScheduler": "true",
        "X-CloudScheduler-JobName": "ping",
        "X-CloudScheduler-ScheduleTime": "2026-02-01T08:15:07.123456Z",
    }


def test_a_body_has_a_type_and_a_token_is_sent_as_bearer() -> None:
    sent = headers(a_schedule(body=b"{}", headers={"user-agent": "me", "X-Kind": "a"}), NOW, "ey")
    assert sent["Content-Type"] == "application/octet-stream"
    assert sent["Authorization"] == "Bearer ey"
    assert (sent["X-Kind"], sent["User-Agent"], "user-agent" in sent) == ("a", "Google-Cloud-Scheduler", False)
    own = headers(a_schedule(body=b"{}", headers={"content-type": "application/json"}), NOW, None)
    assert own["content-type"] == "application/json"
    assert "Content-Type" not in own


@pytest.mark.parametrize(
    ("status", "name"),
    [
        *((200, "OK"), (204, "OK"), (299, "OK"), (301, "UNKNOWN"), (400, "INVALID_ARGUMENT"), (401, "UNAUTHENTICATED")),
        *((403, "PERMISSION_DENIED"), (404, "NOT_FOUND"), (418, "INVALID_ARGUMENT"), (429, "RESOURCE_EXHAUSTED")),
        *((500, "INTERNAL"), (503, "UNAVAILABLE"), (504, "DEADLINE_EXCEEDED"), (599, "INTERNAL")),
    ],
)
def test_only_a_2xx_is_success(status: int, name: str) -> None:
    outcome = answered(status)
    assert CODE_NAMES[outcome.code] == name
    assert outcome.http_status == status
    assert (str(status) in outcome.message) is bool(outcome.code)


def test_a_token_is_for_the_address_unless_said_otherwise() -> None:
    assert audience(HttpTarget(f"{URI}?x=1", oidc=Token("a@b"))) == URI
    assert audience(HttpTarget(URI, oidc=Token("a@b", "https://other"))) == "https://other"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"ref": ScheduleRef("demo", "us-central1", "a b")}, "name"),
        ({"ref": ScheduleRef("demo", "us-central1", "a" * 501)}, "name"),
        ({"description": "x" * 501}, "description"),
        ({"deadline": timedelta(seconds=14)}, "attemptDeadline"),
        ({"deadline": timedelta(minutes=31)}, "attemptDeadline"),
        ({"retry": RetryPolicy(count=6)}, "retryConfig.retryCount"),
        ({"retry": RetryPolicy(count=-1)}, "retryConfig.retryCount"),
        ({"retry": RetryPolicy(doublings=-1)}, "retryConfig.maxDoublings"),
        ({"retry": RetryPolicy(longest=timedelta(seconds=-1))}, "retryConfig.maxRetryDuration"),
        ({"retry": RetryPolicy(min_backoff=timedelta(hours=2))}, "retryConfig.minBackoffDuration"),
        ({"target": HttpTarget("ftp://x/")}, "httpTarget.uri"),
        ({"target": HttpTarget("http:///x")}, "httpTarget.uri"),
        ({"target": HttpTarget("http://x:99999/")}, "httpTarget.uri"),
        ({"target": HttpTarget("http://x/a b")}, "httpTarget.uri"),
        ({"target": HttpTarget("http://x/" + "a" * 2083)}, "httpTarget.uri"),
        ({"method": "GET", "body": b"x"}, "httpTarget.body"),
        ({"method": "BREW"}, "httpTarget.httpMethod"),
        ({"headers": {"X-CloudScheduler-JobName": "x"}}, "httpTarget.headers"),
        ({"headers": {"Host": "x"}}, "httpTarget.headers"),
        ({"headers": {"X": "a\r\nY: b"}}, "httpTarget.headers"),
        ({"headers": {"X Y": "a"}}, "httpTarget.headers"),
        ({"oidc": Token("a"), "oauth": Token("b")}, "httpTarget"),
    ],
)
def test_what_no_schedule_can_have_is_refused_by_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check(a_schedule(**fields))
    assert refused.value.field == field


def test_the_bounds_themselves_are_allowed() -> None:
    for deadline in (timedelta(seconds=15), timedelta(minutes=30)):
        check(a_schedule(deadline=deadline, retry=RetryPolicy(count=5), description="x" * 500))
    check(a_schedule(ref=ScheduleRef("demo", "us-central1", "A_b-" + "9" * 496), target=HttpTarget("http://[::1]:80/")))


@pytest.mark.parametrize(("kind", "said"), [("pubsubTarget", "Pub/Sub"), ("appEngineHttpTarget", "App Engine")])
def test_other_targets_are_refused_by_name(kind: str, said: str) -> None:
    with pytest.raises(Unimplemented, match=said):
        check_kind(kind)
