"""Jobs, executions, tasks and attempts as frozen values, and the few facts that follow from them alone.

`core/retries.py` has the rules by which they go on. Source: run.googleapis.com v1, Job, Execution, Task; behaviour of
jobs (quotas and limits).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from random import Random
from typing import Any
from urllib.parse import quote

from cloudrun_cli.core.annotations import EXECUTION_ENVIRONMENT
from cloudrun_cli.core.conditions import find
from cloudrun_cli.core.names import SUFFIX_ALPHABET, default_service_account
from cloudrun_cli.core.resources import Condition, EnvVar, RevisionTemplate, Status

DEFAULT_TASKS = 1  # Source: v1, ExecutionSpec.taskCount
DEFAULT_MAX_RETRIES = 3  # per task, after its first attempt. Source: v2, TaskTemplate.maxRetries
DEFAULT_TASK_TIMEOUT = timedelta(seconds=600)  # per attempt. Source: v2, TaskTemplate.timeout
ENVIRONMENT = "gen2"  # of every job. Source: Configure execution environments
GRACE = timedelta(seconds=10)  # from SIGTERM to SIGKILL. Source: container runtime contract
COMPLETED, RESOURCES, STARTED, CONTAINER, RETRY = (
    "Completed",
    "ResourcesAvailable",
    "Started",
    "ContainerReady",
    "Retry",
)


@dataclass(frozen=True, slots=True)
class JobRef:
    """Where a job is: project id, region, name."""

    project: str
    region: str
    name: str

    def __str__(self) -> str:
        return f"{self.project}/{self.region}/{self.name}"


@dataclass(frozen=True, slots=True)
class ExecutionRef:
    """Where an execution is; its name is unique in the region, whatever its job."""

    project: str
    region: str
    name: str

    def __str__(self) -> str:
        return f"{self.project}/{self.region}/{self.name}"


@dataclass(frozen=True, slots=True)
class ExecutionTemplate:
    """What every execution of a job is made from. `task` is what its instances are made from: its timeout is that of
    one attempt, its labels and annotations are those of `spec.template.metadata`. `parallelism` None or 0: no limit;
    `max_retries` None: the default."""

    task: RevisionTemplate
    tasks: int = DEFAULT_TASKS
    parallelism: int | None = None
    max_retries: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # fields of the v1 spec that mean nothing here, kept

    @property
    def retries(self) -> int:
        """How often a task is tried again."""
        return DEFAULT_MAX_RETRIES if self.max_retries is None else self.max_retries


class ExecutionState(StrEnum):
    """How far an execution is; the words of a job's `latestCreatedExecution.completionStatus`."""

    PENDING = "EXECUTION_PENDING"
    RUNNING = "EXECUTION_RUNNING"
    SUCCEEDED = "EXECUTION_SUCCEEDED"
    FAILED = "EXECUTION_FAILED"
    CANCELLED = "EXECUTION_CANCELLED"


OPEN = (ExecutionState.PENDING, ExecutionState.RUNNING)


@dataclass(frozen=True, slots=True)
class LatestExecution:
    """What a job says of its newest execution."""

    name: str
    created: datetime
    completed: datetime | None = None
    state: ExecutionState = ExecutionState.PENDING
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What was last seen of a job. `execution_count` counts all that were ever made."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    execution_count: int = 0
    latest: LatestExecution | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A job: what its executions are made from, and what was last seen."""

    ref: JobRef
    template: ExecutionTemplate
    uid: str
    created: datetime
    updated: datetime
    creator: str = ""
    last_modifier: str = ""
    generation: int = 1
    resource_version: int = 0  # 0: not saved yet
    etag: str = ""  # the resourceVersion it was imported with, shown until the next change
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)  # fields of the v1 spec that mean nothing here, kept
    status: JobStatus = JobStatus()


@dataclass(frozen=True, slots=True)
class ExecutionStatus:
    """What was last seen of an execution. The counts are of tasks; `retried` of those that were tried again.
    `image_digest` and `runtime` are fixed once, when it is prepared."""

    conditions: tuple[Condition, ...] = ()
    started: datetime | None = None
    completed: datetime | None = None
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    retried: int = 0
    image_digest: str = ""  # NAME@sha256:…
    sidecar_digests: Mapping[str, str] = field(default_factory=dict)  # by container name
    runtime: str = ""  # docker or process
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)  # of an imported one: what v1 says beside


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a job: a frozen copy of its template, with what was asked for this run only folded in, and how far it
    is. A `history` was imported: it has run elsewhere, and nothing here runs it."""

    ref: ExecutionRef
    job: str
    template: ExecutionTemplate
    uid: str
    created: datetime
    creator: str = ""
    last_modifier: str = ""
    generation: int = 1
    resource_version: int = 0
    etag: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    job_uid: str = ""
    job_generation: int = 1
    job_version: str = ""
    cancel_requested: bool = False
    history: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict)  # of an imported one: metadata that means nothing here
    status: ExecutionStatus = ExecutionStatus()

    @property
    def job_ref(self) -> JobRef:
        """The job it is a run of."""
        return JobRef(self.ref.project, self.ref.region, self.job)

    @property
    def state(self) -> ExecutionState:
        """How far it is."""
        done = find(self.status.conditions, COMPLETED)
        if done is None or done.status is Status.UNKNOWN:
            return ExecutionState.PENDING if self.status.started is None else ExecutionState.RUNNING
        if done.status is Status.TRUE:
            return ExecutionState.SUCCEEDED
        return ExecutionState.CANCELLED if done.reason == "Cancelled" else ExecutionState.FAILED

    @property
    def is_open(self) -> bool:
        """Whether it has not come to its end."""
        return self.state in OPEN


class TaskState(StrEnum):
    """Where a task is; the words of the label `run.googleapis.com/runningState`."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    ABANDONED = "Abandoned"


FINAL = (TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED, TaskState.ABANDONED)


class AttemptPhase(StrEnum):
    """Where an attempt is: asked for (saved before the runtime is asked), running (the runtime has answered), ended."""

    STARTING = "starting"
    RUNNING = "running"
    ENDED = "ended"


class Cause(StrEnum):
    """Why an attempt has ended."""

    EXITED = "exited"
    SIGNALED = "signaled"
    OUT_OF_MEMORY = "out-of-memory"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    NOT_STARTED = "not-started"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """How an attempt has ended. At most one of `exit_code` and `term_signal` is said; `message` "" is the usual one of
    its cause."""

    cause: Cause
    exit_code: int | None = None
    term_signal: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a task, in an instance of its own. `code` is a google.rpc.Code."""

    number: int  # from 0
    instance: str
    phase: AttemptPhase
    started: datetime
    ended: datetime | None = None
    cause: Cause | None = None
    exit_code: int | None = None
    term_signal: int | None = None
    code: int = 0
    message: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether it has ended well."""
        return self.phase is AttemptPhase.ENDED and self.cause is Cause.EXITED and self.exit_code == 0


@dataclass(frozen=True, slots=True)
class Task:
    """One part of an execution. `attempt` is the last one; `retries` counts the further tries that were granted."""

    index: int
    state: TaskState
    created: datetime
    attempt: Attempt | None = None
    retries: int = 0
    started: datetime | None = None  # of its first attempt
    completed: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # of an imported one: what v1 says beside

    @property
    def next_attempt(self) -> int:
        """The number that its next attempt has."""
        return 0 if self.attempt is None else self.attempt.number + 1

    @property
    def is_final(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.state in FINAL


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tasks of an execution are in which state; `retried` are those that were tried again."""

    pending: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    abandoned: int = 0
    retried: int = 0

    @property
    def unfinished(self) -> int:
        """How many have not come to their end."""
        return self.pending + self.running


@dataclass(frozen=True, slots=True)
class ContainerOverride:
    """What one container gets for one execution only. `name` "" is the main one; `args` None leaves them, () clears
    them; `env` is laid over what there is."""

    name: str = ""
    args: tuple[str, ...] | None = None
    env: tuple[EnvVar, ...] = ()


@dataclass(frozen=True, slots=True)
class Overrides:
    """What is asked for one execution only; None leaves it as the job says. Source: v1, RunJobRequest.overrides."""

    containers: tuple[ContainerOverride, ...] = ()
    tasks: int | None = None
    timeout: timedelta | None = None


NO_OVERRIDES = Overrides()


def with_defaults(template: ExecutionTemplate, project_number: str) -> ExecutionTemplate:
    """The template as the server keeps it: retries, account and execution environment are never left open."""
    task = template.task
    annotations = {EXECUTION_ENVIRONMENT: ENVIRONMENT, **task.annotations}
    account = task.service_account or default_service_account(project_number)
    return replace(
        template,
        task=replace(task, annotations=annotations, service_account=account),
        max_retries=template.retries,
    )


def next_execution_name(job: str, random: Random) -> str:
    """JOB-xxxxx."""
    return f"{job}-{''.join(random.choice(SUFFIX_ALPHABET) for _ in range(5))}"


def task_name(execution: str, index: int) -> str:
    """EXECUTION-taskN."""
    return f"{execution}-task{index}"


def split_task_name(name: str) -> tuple[str, int] | None:
    """The execution and the index that a task's name says; None when it is no such name."""
    execution, separator, index = name.rpartition("-task")
    return (execution, int(index)) if separator and execution and index.isdecimal() and index.isascii() else None


@lru_cache(maxsize=64)
def log_uri(ref: ExecutionRef, job: str) -> str:
    """Where Cloud Run would show the logs of an execution."""
    wanted = (
        f'resource.type="cloud_run_job"\nresource.labels.job_name="{job}"\n'
        f'labels."run.googleapis.com/execution_name"="{ref.name}"'
    )
    return f"https://console.cloud.google.com/logs/viewer?project={ref.project}&advancedFilter={quote(wanted)}"
