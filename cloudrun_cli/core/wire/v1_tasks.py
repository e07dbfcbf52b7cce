"""The v1 shape of Task, to and from the value. Source: run.googleapis.com v1, Task.

A task of ours is a few numbers, and everything it shows follows from them and from its execution. One that was
imported keeps what it says otherwise in `extra`.
"""

import hashlib
from datetime import datetime
from typing import Any

from cloudrun_cli.core.addresses import LOCATION
from cloudrun_cli.core.jobs import (
    STARTED,
    Attempt,
    AttemptPhase,
    Cause,
    Execution,
    Task,
    TaskState,
    task_name,
)
from cloudrun_cli.core.resources import Condition, Status
from cloudrun_cli.core.retries import CANCELLED, TASK_CANCELLED, reason_of
from cloudrun_cli.core.wire.v1_executions import JOB
from cloudrun_cli.core.wire.v1_jobs import CREATOR, RUN, task_spec_to_json
from cloudrun_cli.core.wire.v1_status import condition_to_json, moment, timestamp

Json = dict[str, Any]

EXECUTION = "run.googleapis.com/execution"
INDEX = "run.googleapis.com/taskIndex"
STATE = "run.googleapis.com/runningState"


def task_to_json(task: Task, execution: Execution, number: str) -> Json:
    """The v1 Task."""
    return tasks_to_json([task], execution, number)[0]


def tasks_to_json(tasks: list[Task], execution: Execution, number: str) -> list[Json]:
    """The v1 Tasks of one execution."""
    spec = task_spec_to_json(execution.template)
    return [_with_extra(_task(task, execution, number, spec), task.extra) for task in tasks]


def task_from_json(body: Json, execution: Execution, number: str) -> Task:
    """The value of a v1 Task of this execution, which was made elsewhere."""
    meta, status = body["metadata"], body.get("status") or {}
    state = TaskState((meta.get("labels") or {}).get(STATE) or TaskState.PENDING)
    started, completed = (_moment(status.get(key)) for key in ("startTime", "completionTime"))
    task = Task(
        index=int(status.get("index", meta["name"].rpartition("-task")[2])),
        state=state,
        created=moment(meta["creationTimestamp"]),
        attempt=_attempt(status, state, started, completed),
        retries=int(status.get("retried") or 0),
        started=started,
        completed=completed,
    )
    shown = task_to_json(task, execution, number)
    extra = {place: _differing(body.get(place) or {}, shown[place]) for place in ("metadata", "spec", "status")}
    return Task(
        index=task.index,
        state=task.state,
        created=task.created,
        attempt=task.attempt,
        retries=task.retries,
        started=task.started,
        completed=task.completed,
        extra={place: fields for place, fields in extra.items() if fields},
    )


def _task(task: Task, execution: Execution, number: str, spec: Json) -> Json:
    name = task_name(execution.ref.name, task.index)
    labels = {
        LOCATION: execution.ref.region,
        EXECUTION: execution.ref.name,
        JOB: execution.job,
        STATE: str(task.state),
        INDEX: str(task.index),
    }
    generation = 2 if task.is_final else 1
    return {
        "apiVersion": RUN,
        "kind": "Task",
        "metadata": {
            "annotations": {CREATOR: execution.creator},
            "creationTimestamp": timestamp(task.created),
            "generation": generation,
            "labels": labels,
            "name": name,
            "namespace": number,
            "resourceVersion": str(generation),
            "selfLink": f"/apis/{RUN}/namespaces/{number}/tasks/{name}",
            "uid": _uid(execution.uid, task.index),
        },
        "spec": spec,
        "status": _status(task, generation),
    }


def _status(task: Task, generation: int) -> Json:
    out: Json = {"conditions": [condition_to_json(c) for c in _conditions(task)], "index": task.index}
    if task.started is not None:
        out["startTime"] = timestamp(task.started)
    if task.completed is not None:
        out["completionTime"] = timestamp(task.completed)
    if task.attempt is not None and task.attempt.phase is AttemptPhase.ENDED:
        out["lastAttemptResult"] = _result(task.attempt)
    if task.retries:
        out["retried"] = task.retries
    return {**out, "observedGeneration": generation}


def _conditions(task: Task) -> list[Condition]:
    at = task.completed or task.started or task.created
    attempt = task.attempt
    begun = Condition(STARTED, Status.TRUE if task.started else Status.UNKNOWN, task.started or task.created)
    match task.state:
        case TaskState.SUCCEEDED:
            done = Condition("Completed", Status.TRUE, at)
        case TaskState.FAILED:
            done = Condition("Completed", Status.FALSE, at, reason_of(attempt), attempt.message if attempt else "")
        case TaskState.CANCELLED:
            done = Condition("Completed", Status.FALSE, at, CANCELLED, TASK_CANCELLED)
        case TaskState.ABANDONED:
            done = Condition("Completed", Status.FALSE, at, "Abandoned", "Task was never started.")
        case TaskState.PENDING | TaskState.RUNNING:
            done = Condition("Completed", Status.UNKNOWN, at)
    return [done, begun]


def _result(attempt: Attempt) -> Json:
    """`lastAttemptResult`: at most one of exit code and signal, and always a status."""
    out: Json = {}
    if attempt.exit_code is not None:
        out["exitCode"] = attempt.exit_code
    elif attempt.term_signal is not None:
        out["termSignal"] = attempt.term_signal
    status = {"code": attempt.code, "message": attempt.message} if attempt.code else {}
    return {**out, "status": status}


def _attempt(status: Json, state: TaskState, started: datetime | None, completed: datetime | None) -> Attempt | None:
    """The last attempt of a task that was made elsewhere, as far as it says."""
    result = status.get("lastAttemptResult")
    if started is None or result is None:
        return None
    said = result.get("status") or {}
    exit_code, signal = result.get("exitCode"), result.get("termSignal")
    return Attempt(
        number=int(status.get("retried") or 0),
        instance="",
        phase=AttemptPhase.ENDED,
        started=started,
        ended=completed or started,
        cause=Cause.CANCELLED if state is TaskState.CANCELLED else Cause.SIGNALED if signal else Cause.EXITED,
        exit_code=exit_code,
        term_signal=signal,
        code=int(said.get("code") or 0),
        message=said.get("message") or "",
    )


def _differing(given: Json, shown: Json) -> Json:
    """What the given object says otherwise, key by key; None for what it does not say at all."""
    out = {key: value for key, value in given.items() if value != shown.get(key)}
    return out | {key: None for key in shown if key not in given}


def _with_extra(body: Json, extra: Any) -> Json:
    for place, fields in extra.items():
        merged = {**body[place], **fields}
        body = {**body, place: {key: value for key, value in merged.items() if value is not None}}
    return body


def _uid(execution: str, index: int) -> str:
    """A UUID that is the same whenever it is asked for."""
    text = hashlib.sha256(f"{execution}/{index}".encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text else None
