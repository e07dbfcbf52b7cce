"""How tasks and executions go on: which start next, what follows an attempt, what an execution is in all.

    Pending ─→ Running ─→ Succeeded
       ↑  │       │  ├──→ Failed        out of retries
       │  │       │  └──→ Cancelled
       │  │       └─ Pending again      tried again at once
       │  └─→ Cancelled, Abandoned
       └──

Everything here is told the time and asks nobody. Source: behaviour of jobs (attempt rules, execution rules); v1, Task.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cloudrun_cli.core.conditions import find, put
from cloudrun_cli.core.jobs import (
    COMPLETED,
    CONTAINER,
    RESOURCES,
    RETRY,
    STARTED,
    Attempt,
    AttemptEnd,
    AttemptPhase,
    Cause,
    Counts,
    Execution,
    ExecutionStatus,
    Task,
    TaskState,
    task_name,
)
from cloudrun_cli.core.resources import Condition, Status

# google.rpc.Code of each end, and what is said of it. Source: observed of lastAttemptResult.status; google.rpc.Code
_ENDS: dict[Cause, tuple[int, str]] = {
    Cause.EXITED: (10, "The container exited with an error."),
    Cause.SIGNALED: (10, "The container was terminated by a signal."),
    Cause.OUT_OF_MEMORY: (8, "The container used more memory than its limit."),
    Cause.TIMEOUT: (4, "The configured timeout was reached."),
    Cause.CANCELLED: (1, "Cancelled by user."),
    Cause.NOT_STARTED: (9, "The container could not be started."),
    Cause.LOST: (14, "The instance was lost."),
}
_REASONS = {
    Cause.TIMEOUT: "DeadlineExceeded",
    Cause.OUT_OF_MEMORY: "OutOfMemory",
    Cause.NOT_STARTED: "ContainerStartFailed",
    Cause.LOST: "InstanceLost",
}
NON_ZERO = "NonZeroExitCode"
CANCELLED, CANCELLING = "Cancelled", "Cancelling"
TASK_CANCELLED = "Task was cancelled."


# Tasks


def next_starts(pending: Sequence[int], running: int, parallelism: int | None, room: int) -> tuple[int, ...]:
    """The tasks to start now, in the order of their indices: no more than the parallelism allows beside those that
    run (None or 0: it allows any number), and no more than there is room for."""
    free = room if not parallelism else min(room, parallelism - running)
    return tuple(sorted(pending)[:free]) if free > 0 else ()


def starting(task: Task, instance: str, now: datetime) -> Task:
    """The task with its next attempt, before the runtime is asked for it. Raises ValueError unless it is pending."""
    if task.state is not TaskState.PENDING:
        raise ValueError(f"task {task.index} is {task.state}, and cannot start")
    attempt = Attempt(task.next_attempt, instance, AttemptPhase.STARTING, now)
    return replace(task, state=TaskState.RUNNING, attempt=attempt, started=task.started or now)


def running(task: Task, now: datetime) -> Task:
    """The task once the runtime has answered: its timeout counts from here."""
    attempt = _live(task)
    return replace(task, attempt=replace(attempt, phase=AttemptPhase.RUNNING, started=now))


def after_attempt(task: Task, end: AttemptEnd, max_retries: int, now: datetime) -> Task:
    """The task after the end of its attempt: done, pending again, or out of retries. Raises ValueError when it has no
    attempt that could end."""
    attempt = _ended(_live(task), end, now)
    if attempt.succeeded:
        return replace(task, state=TaskState.SUCCEEDED, attempt=attempt, completed=now)
    if end.cause is Cause.CANCELLED:
        return replace(task, state=TaskState.CANCELLED, attempt=attempt, completed=now)
    if attempt.number < max_retries:
        return replace(task, state=TaskState.PENDING, attempt=attempt, retries=task.retries + 1)
    return replace(task, state=TaskState.FAILED, attempt=attempt, completed=now)


def cancelled(task: Task, now: datetime) -> Task:
    """A pending task that will never start."""
    return task if task.is_final else replace(task, state=TaskState.CANCELLED, completed=now)


# Executions


def created(now: datetime) -> ExecutionStatus:
    """The status of a new execution."""
    done = Condition(COMPLETED, Status.UNKNOWN, now, "", "Waiting for execution to start.")
    rest = (Condition(kind, Status.UNKNOWN, now) for kind in (RESOURCES, STARTED, CONTAINER))
    return ExecutionStatus(conditions=(done, *rest))


def prepared(status: ExecutionStatus, seconds: float, now: datetime) -> ExecutionStatus:
    """The status once its images are there, after this many seconds."""
    there = Condition(RESOURCES, Status.TRUE, now, "", f"Provisioned imported containers in {seconds:.1f}s.")
    conditions = put(put(status.conditions, there), Condition(CONTAINER, Status.TRUE, now))
    return replace(status, conditions=conditions)


def refused(status: ExecutionStatus, reason: str, message: str, now: datetime) -> ExecutionStatus:
    """The status of an execution whose containers cannot be had: nothing of it runs. Reasons as those of a revision,
    such as `ContainerMissing`."""
    conditions = put(status.conditions, Condition(CONTAINER, Status.FALSE, now, reason, message))
    conditions = put(conditions, Condition(COMPLETED, Status.FALSE, now, reason, message))
    return replace(status, conditions=conditions, completed=now, running=0)


def progress(execution: Execution, counts: Counts, failed: Task | None, now: datetime) -> ExecutionStatus:
    """The status that its tasks make: `failed` is the first of those that have failed, if any has. It ends when every
    task has: cancelled when somebody asked for that and a task was kept from its end by it, failed when a task has
    failed, otherwise well."""
    status = execution.status
    if not execution.is_open:
        return status
    status = replace(
        status,
        running=counts.running,
        succeeded=counts.succeeded,
        failed=counts.failed,
        cancelled=counts.cancelled,
        retried=counts.retried,
    )
    begun = counts.running + counts.succeeded + counts.failed + counts.retried
    if begun and status.started is None:
        status = _begun(replace(status, started=now), execution, now)
    if counts.retried:
        said = f"{counts.retried} {'task has' if counts.retried == 1 else 'tasks have'} been tried again."
        again = Condition(RETRY, Status.TRUE, now, "ImmediateRetry", said, "Info")
        status = replace(status, conditions=put(status.conditions, again))
    if not counts.unfinished:
        done = _completed(execution, status, counts, failed, now)
        return replace(status, completed=now, conditions=put(status.conditions, done))
    if execution.cancel_requested:
        wait = Condition(COMPLETED, Status.UNKNOWN, now, CANCELLING, "Waiting for its running tasks to end.")
        status = replace(status, conditions=put(status.conditions, wait))
    return status


def message_of(attempt: Attempt, task: str) -> str:
    """What a failed task's last attempt makes its execution say."""
    if attempt.exit_code is None:
        return f"Task {task} failed with message: {attempt.message}"
    return f"Task {task} failed with exit code: {attempt.exit_code} and message: {attempt.message}"


def reason_of(attempt: Attempt | None) -> str:
    """The reason of the condition of a task whose last attempt this is."""
    return _REASONS.get(attempt.cause, NON_ZERO) if attempt and attempt.cause else NON_ZERO


def _live(task: Task) -> Attempt:
    attempt = task.attempt
    if task.state is not TaskState.RUNNING or attempt is None or attempt.phase is AttemptPhase.ENDED:
        raise ValueError(f"task {task.index} is {task.state}, and has no attempt that goes on")
    return attempt


def _ended(attempt: Attempt, end: AttemptEnd, now: datetime) -> Attempt:
    well = end.cause is Cause.EXITED and end.exit_code == 0
    code, said = (0, "") if well else _ENDS[end.cause]
    if end.cause is Cause.SIGNALED and end.term_signal is not None:
        said = f"The container was terminated by signal {end.term_signal}."
    return replace(
        attempt,
        phase=AttemptPhase.ENDED,
        ended=now,
        cause=end.cause,
        exit_code=end.exit_code,
        term_signal=end.term_signal,
        code=code,
        message=end.message or said,
    )


def _begun(status: ExecutionStatus, execution: Execution, now: datetime) -> ExecutionStatus:
    seconds = (now - execution.created).total_seconds()
    begun = Condition(STARTED, Status.TRUE, now, "", f"Started deployed execution in {seconds:.1f}s.")
    wait = Condition(COMPLETED, Status.UNKNOWN, now, "", "Waiting for execution to complete.")
    return replace(status, conditions=put(put(status.conditions, begun), wait))


def _completed(
    execution: Execution, status: ExecutionStatus, counts: Counts, failed: Task | None, now: datetime
) -> Condition:
    if execution.cancel_requested and counts.cancelled:
        return Condition(COMPLETED, Status.FALSE, now, CANCELLED, "Execution cancelled by user.")
    if counts.failed:
        attempt = failed.attempt if failed else None
        name = task_name(execution.ref.name, failed.index) if failed else ""
        said = message_of(attempt, name) if attempt else f"{counts.failed} tasks failed."
        return Condition(COMPLETED, Status.FALSE, now, reason_of(attempt), said)
    if counts.abandoned:
        why = find(status.conditions, CONTAINER)
        said = why.message if why else "Its tasks were abandoned."
        return Condition(COMPLETED, Status.FALSE, now, why.reason if why else "", said)
    if counts.cancelled:
        return Condition(COMPLETED, Status.FALSE, now, CANCELLED, "Execution cancelled by user.")
    seconds = (now - execution.created).total_seconds()
    return Condition(COMPLETED, Status.TRUE, now, "", f"Execution completed successfully in {seconds:.1f}s.")
