"""`cloudrun scheduler`: what the flags ask for, and what is answered. No daemon runs: nothing here is woken."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from cloudrun_cli.cli import app
from cloudrun_cli.cli.command import build, declared
from cloudrun_cli.cli.scheduler import flags
from cloudrun_cli.core.schedules import HttpTarget, RetryPolicy, Schedule, ScheduleRef
from cloudrun_cli.core.wire.schedules import schedule_from_json, schedule_to_json
from tests.builders import NOW
from tests.conftest import Cloudrun

REF = ScheduleRef("demo", "us-central1", "ping")
NEW = Schedule(REF, "* * * * *", HttpTarget("http://a/"), NOW, retry=RetryPolicy(count=0))


def read(path: str, *words: str) -> Mapping[str, Any]:
    """The values of a command line, without calling anything."""
    app.find_command(path)
    command = declared(path)
    assert command is not None
    return build(command).read(["ping", *words])


def created(*words: str) -> dict[str, Any]:
    values = read("scheduler jobs create http", "--schedule=* * * * *", "--uri=http://a/", *words)
    return schedule_to_json(flags.changed(NEW, values))


def updated(before: dict[str, Any], *words: str) -> dict[str, Any]:
    return schedule_to_json(flags.changed(schedule_from_json(before), read("scheduler jobs update http", *words)))


def test_a_new_schedule_has_the_defaults_of_gcloud() -> None:
    assert created() == {
        "attemptDeadline": "180s",
        "httpTarget": {"headers": {"User-Agent": "Google-Cloud-Scheduler"}, "httpMethod": "POST", "uri": "http://a/"},
        "name": "projects/demo/locations/us-central1/jobs/ping",
        "retryConfig": {
            "maxBackoffDuration": "3600s",
            "maxDoublings": 5,
            "minBackoffDuration": "5s",
            "retryCount": 0,
        },
        "schedule": "* * * * *",
        "state": "ENABLED",
        "timeZone": "Etc/UTC",
        "userUpdateTime": "2026-02-01T08:15:07.123456Z",
    }


@pytest.mark.parametrize(
    ("word", "path", "value"),
    [
        ("--description=d", "description", "d"),
        ("--time-zone=Europe/Berlin", "timeZone", "Europe/Berlin"),
        ("--attempt-deadline=2m", "attemptDeadline", "120s"),
        ("--max-retry-attempts=3", "retryConfig.retryCount", 3),
        ("--max-retry-duration=1h", "retryConfig.maxRetryDuration", "3600s"),
        ("--min-backoff=10s", "retryConfig.minBackoffDuration", "10s"),
        ("--max-backoff=60s", "retryConfig.maxBackoffDuration", "60s"),
        ("--max-doublings=2", "retryConfig.maxDoublings", 2),
        ("--http-method=PUT", "httpTarget.httpMethod", "PUT"),
        ("--http-method=get", "httpTarget.httpMethod", "GET"),
        ("--message-body=hi", "httpTarget.body", "aGk="),
        ("--headers=A=1,B=2", "httpTarget.headers", {"A": "1", "B": "2", "User-Agent": "Google-Cloud-Scheduler"}),
        ("--oidc-service-account-email=a@b", "httpTarget.oidcToken", {"serviceAccountEmail": "a@b"}),
        (
            "--oauth-service-account-email=a@b",
            "httpTarget.oauthToken",
            {"scope": "https://www.googleapis.com/auth/cloud-platform", "serviceAccountEmail": "a@b"},
        ),
    ],
)
def test_a_flag_sets_its_field_at_creation_and_later(word: str, path: str, value: Any) -> None:
    for made in [created(word)] + ([] if word.startswith("--headers") else [updated(created(), word)]):
        found: Any = made
        for name in path.split("."):
            found = found[name]
        assert found == value


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ("--max-retry-duration=1h", "--clear-max-retry-duration"),
        ("--min-backoff=10s", "--clear-min-backoff"),
        ("--max-backoff=60s", "--clear-max-backoff"),
        ("--max-doublings=2", "--clear-max-doublings"),
        ("--time-zone=Europe/Berlin", "--clear-time-zone"),
        ("--message-body=hi", "--clear-message-body"),
        ("--headers=A=1", "--clear-headers"),
        ("--headers=A=1", "--remove-headers=a"),
        ("--oidc-service-account-email=a@b", "--clear-auth-token"),
        ("--oauth-service-account-email=a@b", "--clear-auth-token"),
        ("--description=", "--no-clear-headers"),
    ],
)
def test_clearing_goes_back_to_the_default(before: str, change: str) -> None:
    assert updated(created(before), change) == created()


def test_what_is_not_given_stays_and_headers_are_merged() -> None:
    before = created("--headers=A=1,B=2", "--message-body=hi", "--oidc-service-account-email=a@b")
    after = updated(before, "--update-headers=b=3,C=4", "--remove-headers=A", "--oauth-service-account-email=c@d")
    assert after["httpTarget"]["headers"] == {"b": "3", "C": "4", "User-Agent": "Google-Cloud-Scheduler"}
    assert (after["httpTarget"]["body"], "oidcToken" in after["httpTarget"]) == ("aGk=", False)
    assert updated(before) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("create http ping --uri=http://a/", "argument --schedule: Must be specified"),
        ("create http ping --schedule=* --uri=ftp://a/", "argument --uri: Bad value [ftp://a/]"),
        ("create http ping --schedule=* --uri=http://a/ --http-method=brew", "Invalid choice: 'brew'"),
        ("create http ping --schedule=* --uri=http://a/ --message-body=a --message-body-from-file=b", "At most one of"),
        (
            "create http ping --schedule=* --uri=http://a/ --oidc-token-audience=x",
            "argument --oidc-service-account-email: Must be specified",
        ),
        (
            "create http ping --schedule=* --uri=http://a/ --oidc-service-account-email=a --oauth-token-scope=b",
            "At most one of",
        ),
        ("update http ping --clear-headers --remove-headers=A", "At most one of"),
        ("update http ping --min-backoff=1s --clear-min-backoff", "At most one of"),
        ("describe", "Must be specified"),
    ],
)
def test_a_misuse_is_told_and_ends_with_2(cloudrun: Cloudrun, words: str, said: str) -> None:
    answer = cloudrun("scheduler", "jobs", *words.split())
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert said in answer.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("describe ping", "Job [ping] not found in location [us-central1]"),
        ("describe projects/demo/locations/europe-west1/jobs/ping", "[ping] not found in location [europe-west1]"),
        ("describe a/b", "[a/b] does not name a job"),
        ("pause ping", "not found"),
        ("run ping", "not found"),
        ("delete ping --quiet", "not found"),
        ("create http ping --schedule=x --uri=http://a/", "[x] is not a schedule"),
        ("create pubsub p --schedule=x --topic=t --message-body=m", "Pub/Sub targets are not built"),
        ("update pubsub p --topic=t", "Pub/Sub targets are not built"),
        ("create app-engine p --schedule=x", "App Engine targets are not built"),
        ("update app-engine p --clear-service", "App Engine targets are not built"),
        ("create http ping --schedule=x --uri=http://a/ --message-body-from-file=/none", "Unable to read file [/none]"),
    ],
)
def test_a_refusal_is_told_and_ends_with_1(cloudrun: Cloudrun, words: str, said: str) -> None:
    answer = cloudrun("scheduler", "jobs", *words.split())
    assert (answer.exit_code, answer.stdout) == (1, ""), answer.stderr
    assert said in answer.stderr


def test_an_imported_schedule_is_listed_paused_and_deleted(cloudrun: Cloudrun, tmp_path: Any) -> None:
    world = tmp_path / "world"
    world.mkdir()
    (world / "services.json").write_text('{"items": []}')
    (world / "scheduler.json").write_text(json.dumps({"x": created()}))
    assert cloudrun(f"emulator import {world}").exit_code == 0
    assert cloudrun(f"emulator export {tmp_path / 'out'}").exit_code == 0
    assert json.loads((tmp_path / "out" / "scheduler.json").read_text()) == {created()["name"]: created()}
    project = {"CLOUDSDK_CORE_PROJECT": "demo", "COLUMNS": "200"}
    listed = cloudrun("scheduler jobs list", env=project)
    assert listed.splitlines()[1].split() == [
        *("ping", "us-central1", "*", "*", "*", "*", "*", "(Etc/UTC)", "HTTP", "ENABLED"),
    ]
    assert cloudrun("scheduler jobs list --location=us-east1", env=project).splitlines() == []
    assert cloudrun("scheduler jobs pause ping", env=project).stderr == "Job has been paused.\n"
    assert cloudrun("scheduler", "jobs", "describe", "ping", "--format=value(state)", env=project) == "PAUSED\n"
    assert "ping" in cloudrun("scheduler jobs delete ping --quiet", env=project).stderr
    assert cloudrun("scheduler jobs list", env=project).exit_code == 0
    names = cloudrun("scheduler", "locations", "list", "--format=value(locationId)", env=project).splitlines()
    assert "us-central1" in names
    assert "projects/demo/locations/us-central1" in cloudrun("scheduler locations describe us-central1", env=project)
