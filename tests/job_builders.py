"""Small builders of jobs for tests, as `tests/builders.py` has them of services."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cloudrun_cli.controlplane import executions, jobs
from cloudrun_cli.core import retries
from cloudrun_cli.core.changes import Change
from cloudrun_cli.core.container_changes import ImageChange
from cloudrun_cli.core.job_changes import RetriesChange, TasksChange
from cloudrun_cli.core.jobs import (
    DEFAULT_TASK_TIMEOUT,
    AttemptEnd,
    Cause,
    Execution,
    ExecutionRef,
    ExecutionTemplate,
    Job,
    JobRef,
    Overrides,
    Task,
    with_defaults,
)
from cloudrun_cli.core.resources import Container, RevisionTemplate
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, NUMBER, PROJECT, REGION, seeded

IMAGE = "us-docker.pkg.dev/cloudrun/container/job"
WELL, BADLY = AttemptEnd(Cause.EXITED, 0), AttemptEnd(Cause.EXITED, 1)
_RANDOM = seeded(7)


def a_job_ref(name: str = "nightly", region: str = REGION) -> JobRef:
    """Where a job is."""
    return JobRef(PROJECT, region, name)


def an_execution_template(task: RevisionTemplate | None = None, **fields: Any) -> ExecutionTemplate:
    """A template as the server keeps it; `fields` are those of ExecutionTemplate."""
    plain = RevisionTemplate((Container(IMAGE),), timeout=DEFAULT_TASK_TIMEOUT)
    return with_defaults(ExecutionTemplate(task or plain, **fields), NUMBER)


def a_job(name: str = "nightly", **fields: Any) -> Job:
    """A job that has not been saved; `fields` are those of Job."""
    made = Job(
        ref=a_job_ref(name),
        template=an_execution_template(),
        uid="dc1b684e-bf2e-49ff-b048-7954b2bd543b",
        created=NOW,
        updated=NOW,
        creator=CALLER,
        last_modifier=CALLER,
    )
    return replace(made, **fields)


def an_execution(name: str = "nightly-kq8zt", *, tasks: int = 1, **fields: Any) -> Execution:
    """An execution that has not been saved; `fields` are those of Execution."""
    made = Execution(
        ref=ExecutionRef(PROJECT, REGION, name),
        job="nightly",
        template=an_execution_template(tasks=tasks),
        uid="837fb85c-6f68-426a-82e9-2b56d3ccf47f",
        created=NOW,
        creator=CALLER,
        last_modifier=CALLER,
        job_uid="dc1b684e-bf2e-49ff-b048-7954b2bd543b",
        job_version="1",
        status=retries.created(NOW),
    )
    return replace(made, **fields)


def later(seconds: float) -> datetime:
    """So long after now."""
    return NOW + timedelta(seconds=seconds)


def create(store: Store, *changes: Change, ref: JobRef | None = None, seconds: float = 0) -> Job:
    """Create `nightly`, or `ref`, of the sample image and with these changes."""
    asked = [ImageChange(IMAGE), *changes]
    return jobs.create(store, ref or a_job_ref(), asked, caller=CALLER, now=later(seconds), random=_RANDOM)


def run(
    store: Store,
    overrides: Overrides = Overrides(),
    *,
    ref: JobRef | None = None,
    seconds: float = 0,
    token: str = "",
) -> Execution:
    """Execute `nightly`, or `ref`."""
    place = ref or a_job_ref()
    return executions.run(store, place, overrides, token=token, caller=CALLER, now=later(seconds), random=_RANDOM)


def a_run(store: Store, tasks: int, max_retries: int = 3) -> Execution:
    """An execution of a new job with so many tasks."""
    create(store, TasksChange(tasks), RetriesChange(max_retries))
    return run(store)


def claim(store: Store, execution: Execution, *indices: int, seconds: float = 1) -> list[Task]:
    """Begin an attempt of each of these tasks; what the daemon does before it asks the runtime."""
    instances = {index: f"instance-{index}" for index in indices}
    _, claimed = executions.claim(store, execution.ref, instances, now=later(seconds))
    return claimed


def end(
    store: Store, execution: Execution, tasks: list[Task], how: AttemptEnd = WELL, *, seconds: float = 2
) -> Execution:
    """Let the attempts of these tasks end; what the daemon does when the runtime has told it."""
    now, most = later(seconds), execution.template.retries
    ended = [retries.after_attempt(retries.running(task, now), how, most, now) for task in tasks]
    found = executions.record(store, execution.ref, ended, now=now)
    assert found is not None
    return found
