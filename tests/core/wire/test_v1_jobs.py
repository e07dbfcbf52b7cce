"""Jobs, executions and tasks in v1: nothing is lost on the way. Evidence: recorded (the objects), ours (all values)."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.core import retries
from cloudrun_cli.core.jobs import (
    Attempt,
    AttemptEnd,
    AttemptPhase,
    Cause,
    ContainerOverride,
    Execution,
    ExecutionRef,
    ExecutionState,
    ExecutionStatus,
    ExecutionTemplate,
    Job,
    JobRef,
    JobStatus,
    LatestExecution,
    Overrides,
    Task,
    TaskState,
)
from cloudrun_cli.core.resources import EnvVar
from cloudrun_cli.core.wire.v1_executions import execution_from_json, execution_to_json, overrides_from_json
from cloudrun_cli.core.wire.v1_jobs import job_from_json, job_to_json
from cloudrun_cli.core.wire.v1_tasks import task_from_json, task_to_json
from tests.builders import NOW, NUMBER, RECORDINGS
from tests.core.wire import values
from tests.job_builders import BADLY, WELL, an_execution, later

Json = dict[str, Any]

recorded = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}: v1 is not compared")
RECORDED_NUMBER = "123456789012"

_templates = st.builds(
    ExecutionTemplate,
    task=values.templates.map(lambda t: replace(t, name=None)),
    tasks=st.integers(1, 10_000),
    parallelism=st.none() | st.integers(0, 10),
    max_retries=st.none() | st.integers(0, 10),
)
_latest = st.builds(
    LatestExecution, values.words, values.moments, st.none() | values.moments, st.sampled_from(ExecutionState)
)
_jobs = st.builds(
    Job,
    ref=st.just(JobRef("demo", "us-east1", "nightly")),
    template=_templates,
    uid=values.words,
    created=values.moments,
    updated=values.moments,
    creator=values.texts,
    last_modifier=values.texts,
    generation=values.counts,
    resource_version=values.counts,
    labels=values.labels,
    annotations=values.notes,
    status=st.builds(JobStatus, values.counts, values.conditions, values.counts, st.none() | _latest),
)
_executions = st.builds(
    Execution,
    ref=st.just(ExecutionRef("demo", "us-east1", "nightly-kq8zt")),
    job=st.just("nightly"),
    template=_templates.map(lambda t: replace(t, task=replace(t.task, labels={}))),
    uid=values.words,
    created=values.moments,
    creator=values.texts,
    last_modifier=values.texts,
    resource_version=values.counts,
    labels=values.labels,
    job_uid=values.words,
    job_generation=values.counts,
    job_version=values.counts.map(str),
    cancel_requested=st.booleans(),
    history=st.booleans(),
    status=st.builds(
        ExecutionStatus,
        values.conditions,
        st.none() | values.moments,
        st.none() | values.moments,
        *(values.counts for _ in range(5)),
        image_digest=values.texts,
        sidecar_digests=values.labels,
        runtime=values.texts,
        note=values.texts,
    ),
)


def _items(name: str) -> list[Json]:
    items: list[Json] = json.loads((RECORDINGS / "resources" / f"{name}.json").read_text())["items"]
    return items


@recorded
def test_recorded_objects_come_back_as_they_were() -> None:
    executions = {}
    for body in _items("jobs"):
        assert job_to_json(job_from_json(body, "demo"), RECORDED_NUMBER) == body
    for body in _items("executions"):
        execution = execution_from_json(body, "demo")
        executions[execution.ref.name] = execution
        assert execution_to_json(execution, RECORDED_NUMBER) == body
    for body in _items("tasks"):
        execution = executions[body["metadata"]["labels"]["run.googleapis.com/execution"]]
        task = task_from_json(body, execution, RECORDED_NUMBER)
        assert task_to_json(task, execution, RECORDED_NUMBER) == body


@recorded
def test_recorded_objects_mean_what_they_say() -> None:
    found = {body["metadata"]["name"]: execution_from_json(body, "demo") for body in _items("executions")}
    assert {name: execution.state for name, execution in found.items()} == {
        "nightly-kq8zt": ExecutionState.SUCCEEDED,
        "nightly-p4w7d": ExecutionState.SUCCEEDED,
        "migrate-b7xk2": ExecutionState.FAILED,
        "stream-c9vfl": ExecutionState.CANCELLED,
        "stream-r2gjw": ExecutionState.RUNNING,
        "report-t5hnm": ExecutionState.SUCCEEDED,
    }
    jobs = {body["metadata"]["name"]: job_from_json(body, "demo") for body in _items("jobs")}
    template = jobs["nightly"].template
    assert (template.tasks, template.parallelism, template.max_retries) == (4, 2, 1)
    assert template.task.timeout == timedelta(hours=1)
    assert jobs["stream"].status.latest == LatestExecution(
        "stream-r2gjw", found["stream-r2gjw"].created, None, ExecutionState.RUNNING
    )
    (failed,) = (body for body in _items("tasks") if body["metadata"]["name"].startswith("migrate"))
    task = task_from_json(failed, found["migrate-b7xk2"], RECORDED_NUMBER)
    assert (task.state, task.retries) == (TaskState.FAILED, 2)
    assert task.attempt is not None
    assert (task.attempt.exit_code, task.attempt.code) == (1, 2)


@given(_jobs)
def test_no_job_loses_anything(job: Job) -> None:
    body = json.loads(json.dumps(job_to_json(job, NUMBER)))
    assert job_from_json(body, "demo", version=job.resource_version) == job


@given(_executions)
def test_no_execution_loses_anything(execution: Execution) -> None:
    body = json.loads(json.dumps(execution_to_json(execution, NUMBER)))
    told = {"cancel_requested": execution.cancel_requested, "history": execution.history}
    found = execution_from_json(body, "demo", version=execution.resource_version, **told)
    assert found == execution


def _task(*ends: AttemptEnd, cancelled: bool = False) -> Json:
    task = Task(3, TaskState.PENDING, NOW)
    for end in ends:
        task = retries.after_attempt(retries.starting(task, "i", NOW), end, len(ends) - 1, later(9))
    if cancelled:
        task = retries.cancelled(task, later(9))
    return task_to_json(task, an_execution(tasks=4), NUMBER)


@pytest.mark.parametrize(
    ("body", "state", "result", "retried", "completed"),
    [
        (_task(), "Pending", None, None, ("Unknown", "")),
        (_task(WELL), "Succeeded", {"exitCode": 0, "status": {}}, None, ("True", "")),
        (
            _task(BADLY, AttemptEnd(Cause.EXITED, 3)),
            "Failed",
            {"exitCode": 3, "status": {"code": 10, "message": "The container exited with an error."}},
            1,
            ("False", "NonZeroExitCode"),
        ),
        (
            _task(AttemptEnd(Cause.TIMEOUT, term_signal=15)),
            "Failed",
            {"termSignal": 15, "status": {"code": 4, "message": "The configured timeout was reached."}},
            None,
            ("False", "DeadlineExceeded"),
        ),
        (_task(cancelled=True), "Cancelled", None, None, ("False", "Cancelled")),
    ],
)
def test_a_task_shows_how_its_last_attempt_ended(
    body: Json, state: str, result: Json | None, retried: int | None, completed: tuple[str, str]
) -> None:
    status = body["status"]
    assert body["metadata"]["name"] == "nightly-kq8zt-task3"
    assert body["metadata"]["labels"]["run.googleapis.com/runningState"] == state
    assert (status.get("lastAttemptResult"), status.get("retried"), status["index"]) == (result, retried, 3)
    done = status["conditions"][0]
    assert (done["type"], done["status"], done.get("reason", "")) == ("Completed", *completed)


def test_a_task_of_another_machine_is_the_same_task_there() -> None:
    execution = an_execution()
    attempt = Attempt(1, "", AttemptPhase.ENDED, NOW, later(9), Cause.EXITED, 0)
    task = Task(0, TaskState.SUCCEEDED, NOW, attempt, 1, NOW, later(9))
    assert task_from_json(task_to_json(task, execution, NUMBER), execution, NUMBER) == task


@pytest.mark.parametrize(
    ("body", "overrides"),
    [
        ({}, Overrides()),
        ({"taskCount": 2, "timeoutSeconds": 300}, Overrides(tasks=2, timeout=timedelta(minutes=5))),
        ({"taskCount": 2, "timeout": "1.5s"}, Overrides(tasks=2, timeout=timedelta(seconds=1.5))),
        (
            {"containerOverrides": [{"args": ["x"], "env": [{"name": "A", "value": "1"}], "clearArgs": False}]},
            Overrides((ContainerOverride("", ("x",), (EnvVar("A", "1"),)),)),
        ),
        ({"containerOverrides": [{"name": "app", "clearArgs": True}]}, Overrides((ContainerOverride("app", ()),))),
        ({"containerOverrides": [{"name": "app"}]}, Overrides((ContainerOverride("app", None),))),
    ],
)
def test_overrides_are_read_from_both_dialects(body: Json, overrides: Overrides) -> None:
    assert overrides_from_json(body) == overrides
