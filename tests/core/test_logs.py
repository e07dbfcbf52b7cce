"""Log entries from lines, requests and the platform. Evidence: documented (structured logging, the request log)."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from cloudrun_cli.core.logs import MAX_ENTRY, SEVERITIES, from_line, from_platform, from_request, line_of, stamp
from cloudrun_cli.core.resources import RevisionName, RevisionRef
from tests.builders import NOW

REF = RevisionRef("demo", "us-central1", RevisionName("hello-00003-ghk"))
G = "logging.googleapis.com/"


def entry(line: str | dict[str, Any], stream: str = "stdout") -> dict[str, Any]:
    text = line if isinstance(line, str) else json.dumps(line)
    return from_line(REF, "hello", "0087", stream, text, NOW, "42")


def test_a_plain_line_is_text_with_the_revisions_resource_and_the_instance() -> None:
    assert entry("listening on :8080", "stderr") == {
        "logName": "projects/demo/logs/run.googleapis.com%2Fstderr",
        "insertId": "0087-stderr-42",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {
                "project_id": "demo",
                "service_name": "hello",
                "revision_name": "hello-00003-ghk",
                "location": "us-central1",
                "configuration_name": "hello",
            },
        },
        "timestamp": "2026-02-01T08:15:07.123456Z",
        "severity": "DEFAULT",
        "textPayload": "listening on :8080",
        "labels": {"instanceId": "0087"},
    }


def test_where_there_are_several_containers_the_line_says_whose_it_is() -> None:
    """Observed in public logs: the label container_name."""
    line = from_line(REF, "hello", "0087", "stdout", "begins", NOW, "42", "proxy")
    assert line["labels"] == {"instanceId": "0087", "container_name": "proxy"}


@pytest.mark.parametrize(
    "line",
    ["", "{", "{not json}", '{"a": 1} trailing', "[1, 2]", '"text"', "null", '{"a":' + "[" * 100_000, "{" + "9" * 9999],
)
def test_what_is_not_one_json_object_stays_text(line: str) -> None:
    assert entry(line)["textPayload"] == line
    assert "jsonPayload" not in entry(line)


def test_a_text_is_bounded() -> None:
    assert len(entry("x" * (MAX_ENTRY + 1))["textPayload"]) == MAX_ENTRY


@pytest.mark.parametrize(
    ("given", "severity"),
    [(name, name) for name in SEVERITIES]
    + [("info", "INFO"), ("warn", "WARNING"), ("Fatal", "CRITICAL"), ("err", "ERROR"), ("trace", "DEBUG")]
    + [("loud", "DEFAULT"), ("", "DEFAULT"), (None, "DEFAULT"), (500, "DEFAULT"), ({}, "DEFAULT")],
)
def test_a_severity_is_lifted_in_any_case_and_an_unknown_one_is_default(given: object, severity: str) -> None:
    made = entry({"severity": given, "message": "m"})
    assert (made["severity"], made["textPayload"]) == (severity, "m")


@pytest.mark.parametrize("key", ["time", "timestamp"])
@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02T03:04:05.5+02:00", "2026-01-02T01:04:05.500000Z"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456Z"),
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05.000000Z"),
    ],
)
def test_the_lines_own_time_is_the_entrys(key: str, given: str, moment: str) -> None:
    made = entry({key: given, "message": "m"})
    assert (made["timestamp"], made.get("textPayload")) == (moment, "m")


@pytest.mark.parametrize("given", ["yesterday", "", 5, None, {"seconds": 1}])
def test_a_time_that_is_none_stays_in_the_payload(given: object) -> None:
    made = entry({"time": given, "message": "m"})
    assert made["timestamp"] == stamp(NOW)
    assert made["jsonPayload"] == {"time": given, "message": "m"}


def test_the_platforms_own_fields_are_lifted_and_the_rest_is_the_payload() -> None:
    made = entry(
        {
            "severity": "ERROR",
            f"{G}trace": "projects/demo/traces/abc",
            f"{G}spanId": "1",
            f"{G}trace_sampled": True,
            f"{G}operation": {"id": "o"},
            f"{G}sourceLocation": {"file": "main.py"},
            f"{G}insertId": "mine",
            f"{G}labels": {"user": 5},
            "httpRequest": {"status": 200},
            "message": "m",
            "order": [1, {"a": None}],
        }
    )
    assert {key: made[key] for key in ("trace", "spanId", "traceSampled", "operation", "insertId")} == {
        "trace": "projects/demo/traces/abc",
        "spanId": "1",
        "traceSampled": True,
        "operation": {"id": "o"},
        "insertId": "mine",
    }
    assert made["sourceLocation"] == {"file": "main.py"}
    assert made["httpRequest"] == {"status": 200}
    assert made["labels"] == {"instanceId": "0087", "user": "5"}
    assert made["jsonPayload"] == {"message": "m", "order": [1, {"a": None}]}


@pytest.mark.parametrize("key", ["httpRequest", f"{G}operation", f"{G}trace", f"{G}trace_sampled", f"{G}insertId"])
@pytest.mark.parametrize("value", [None, 5, [1]])
def test_a_field_of_the_wrong_kind_is_left_in_the_payload_and_can_be_shown(key: str, value: object) -> None:
    made = entry({key: value, "message": "m"})
    assert made["jsonPayload"] == {key: value, "message": "m"}
    assert made["insertId"] == "0087-stdout-42"
    assert line_of(made) == "2026-02-01 08:15:07 m"


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        ({"message": "m"}, {"textPayload": "m"}),
        ({"message": "m", "x": 1}, {"jsonPayload": {"message": "m", "x": 1}}),
        ({"message": {"a": 1}}, {"jsonPayload": {"message": {"a": 1}}}),
        ({"x": 1}, {"jsonPayload": {"x": 1}}),
        ({}, {"jsonPayload": {}}),
    ],
)
def test_a_message_that_is_left_alone_becomes_the_text(body: dict[str, Any], payload: dict[str, Any]) -> None:
    made = entry(body)
    assert {key: made[key] for key in made if key.endswith("Payload")} == payload


def test_an_entry_of_the_platform_is_in_the_system_log() -> None:
    made = from_platform(REF, "hello", "0087", "Container called exit(1).", NOW, "WARNING")
    assert made["logName"] == "projects/demo/logs/run.googleapis.com%2Fvarlog%2Fsystem"
    assert (made["severity"], made["textPayload"]) == ("WARNING", "Container called exit(1).")


def test_a_request_is_in_the_request_log_and_tied_to_its_trace() -> None:
    request = {"requestMethod": "GET", "requestUrl": "http://h/x", "status": 404}
    made = from_request(REF, "hello", "0087", request, stamp(NOW), trace="abc", text="", severity="WARNING")
    assert made["logName"] == "projects/demo/logs/run.googleapis.com%2Frequests"
    assert made["trace"] == "projects/demo/traces/abc"
    assert (made["httpRequest"], made["severity"]) == (request, "WARNING")
    assert "textPayload" not in made
    assert "trace" not in from_request(REF, "hello", "", request, stamp(NOW), trace="", text="t", severity="INFO")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"textPayload": "hello"}, "hello"),
        ({"jsonPayload": {"message": "m", "x": 1}}, "m"),
        ({"jsonPayload": {"x": "é"}}, '{"x": "é"}'),
        ({"jsonPayload": {"message": 5}}, '{"message": 5}'),
        ({}, "{}"),
        ({"httpRequest": {"requestMethod": "GET", "status": 200, "requestUrl": "http://h/"}}, "GET 200 http://h/"),
        (
            {"httpRequest": {"requestMethod": "GET", "status": 429, "requestUrl": "u"}, "textPayload": "no instance"},
            "GET 429 u no instance",
        ),
        ({"httpRequest": {"status": 200}, "jsonPayload": {"message": "m"}}, "m"),
    ],
)
def test_an_entry_is_shown_as_its_time_and_its_request_or_text(fields: dict[str, Any], line: str) -> None:
    assert line_of({"timestamp": stamp(NOW), **fields}) == f"2026-02-01 08:15:07 {line}"


def test_a_moment_is_written_in_utc_with_microseconds() -> None:
    assert stamp(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000Z"
    assert stamp(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2)))) == "2025-12-31T22:00:00.000000Z"
