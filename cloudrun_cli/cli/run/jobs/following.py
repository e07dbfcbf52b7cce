"""Follows an execution on the terminal: its stages, how many of its tasks are where, and why it fails."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cloudrun_cli.cli.complaints import command_line
from cloudrun_cli.cli.context import Context
from cloudrun_cli.cli.run.following import Emulator
from cloudrun_cli.cli.run.outcomes import where
from cloudrun_cli.controlplane import executions as verbs
from cloudrun_cli.controlplane import tasks as task_verbs
from cloudrun_cli.core.conditions import find
from cloudrun_cli.core.errors import FailedPrecondition, NotFound
from cloudrun_cli.core.jobs import (
    COMPLETED,
    RESOURCES,
    STARTED,
    Execution,
    ExecutionRef,
    ExecutionState,
    Task,
    task_name,
)
from cloudrun_cli.core.resources import Status
from cloudrun_cli.output.progress import StagedProgress

if TYPE_CHECKING:
    from collections import deque

START_STAGES = ((RESOURCES, "Provisioning resources"),)
STAGES = (*START_STAGES, (STARTED, "Starting execution"), (COMPLETED, "Running execution"))

TASKS_SHOWN = 5  # failed tasks that are named one by one
LINES_SHOWN = 10  # the last lines of each


def execution(present: Context, made: Execution, progress: StagedProgress, *, wait: bool) -> Execution:
    """The execution once it has started; with `wait`, once it is over. Raises FailedPrecondition when it fails, with
    what its tasks last said; NotFound when it is deleted meanwhile."""
    progress.start(RESOURCES)
    try:
        for found in verbs.follow(present.store, made.ref, math.inf, Emulator(present.home).look):
            if found is None:
                raise NotFound(f"Execution [{made.ref.name}] was deleted while it was followed.")
            if _has(found, RESOURCES):
                progress.done(RESOURCES)
            if found.status.started is not None:
                progress.done(RESOURCES)
                if not wait:
                    return found
                progress.done(STARTED)
                _show(found, progress)
            if found.is_open:
                continue
            if found.state is not ExecutionState.SUCCEEDED:
                progress.fail(_stage(found) if wait else RESOURCES)
                raise _failure(present, found)
            progress.done(COMPLETED)
            return found
    except KeyboardInterrupt:
        progress.end_with(_left_behind(present, made.ref))
        raise
    raise AssertionError("an execution without end was followed to its end")


def ask_to_cancel(present: Context, ref: ExecutionRef) -> None:
    """Ask for the end of an execution, and let somebody see to it. Raises NotFound; FailedPrecondition when it is
    over."""
    found = verbs.find(present.store, ref)
    if found is not None and found.state is ExecutionState.SUCCEEDED:
        raise _too_late(ref)
    if verbs.cancel(present.store, ref, caller=present.account, now=present.now()).is_open:
        present.wake()
        present.ring()


def cancelled(present: Context, ref: ExecutionRef) -> None:
    """Returns once the execution is cancelled. Raises FailedPrecondition when it ends otherwise."""
    for found in verbs.follow(present.store, ref, math.inf, Emulator(present.home).look):
        if found is None:
            raise NotFound(f"Execution [{ref.name}] was deleted while it was cancelled.")
        if found.state is ExecutionState.CANCELLED:
            return
        if found.state is ExecutionState.SUCCEEDED:
            raise _too_late(ref)
        if not found.is_open:
            done = find(found.status.conditions, COMPLETED)
            raise FailedPrecondition(f"Failed to cancel [{ref.name}]: {done.message if done else ''}")


def _left_behind(present: Context, ref: ExecutionRef) -> str:
    """What is said to one who does not wait any longer."""
    follow, stop = (_command(present, ref, words) for words in ("logs tail", "cancel"))
    return f"Execution [{ref.name}] goes on without you; follow it: {follow}\nTo stop it: {stop}"


def _too_late(ref: ExecutionRef) -> FailedPrecondition:
    return FailedPrecondition(f"[{ref.name}] has completed successfully before it could be cancelled.")


def tell_note(present: Context, made: Execution) -> None:
    """What is to be known of what it really runs, if anything: another image, fewer limits."""
    if made.status.note:
        present.tell(made.status.note)


def view(present: Context, ref: ExecutionRef) -> str:
    """Where more is to be seen of an execution."""
    describe, logs = (_command(present, ref, words) for words in ("describe", "logs read"))
    return f"View details about this execution by running:\n{describe}\n\nOr read its logs:\n{logs}"


def _command(present: Context, ref: ExecutionRef, words: str) -> str:
    return command_line(f"run jobs executions {words} {ref.name}{where(present, ref)}")


def _stage(execution: Execution) -> str:
    """In which of its stages it is."""
    if execution.status.started is not None:
        return COMPLETED
    return STARTED if _has(execution, RESOURCES) else RESOURCES


def _has(execution: Execution, condition: str) -> bool:
    found = find(execution.status.conditions, condition)
    return found is not None and found.status is Status.TRUE


def _show(execution: Execution, progress: StagedProgress) -> None:
    """How many tasks are where, on the stage that runs."""
    status, tasks = execution.status, execution.template.tasks
    counts = {
        "running": status.running,
        "succeeded": status.succeeded,
        "failed": status.failed,
        "cancelled": status.cancelled,
        "retried": status.retried,
    }
    shown = [f"{count} {word}" for word, count in counts.items() if count or word in ("running", "succeeded")]
    progress.start(COMPLETED)
    progress.message(COMPLETED, f" {', '.join(shown)} of {tasks} {'task' if tasks == 1 else 'tasks'}")


def _failure(present: Context, execution: Execution) -> FailedPrecondition:
    """The end of an execution that did not go well: its cause, the tasks that failed, and what they last said."""
    done = find(execution.status.conditions, COMPLETED)
    failed = task_verbs.failed(present.store, execution.ref, TASKS_SHOWN) if execution.status.failed else []
    message = f"The execution {'was cancelled' if execution.state is ExecutionState.CANCELLED else 'failed'}."
    if done is not None and not failed and execution.state is not ExecutionState.CANCELLED:
        message = f"{message} {done.message}"  # nothing of it ran, and this is why
    lines = [view(present, execution.ref)]
    last = _last_lines(present, execution, failed) if failed else {}
    for task in failed:
        lines += ["", _about(execution, task), *(f"  {line}" for line in last[task.index])]
    if execution.status.failed > len(failed) > 0:
        more = command_line(
            f"run jobs executions tasks list --execution={execution.ref.name} --failed{where(present, execution.ref)}"
        )
        lines += ["", f"{execution.status.failed - len(failed)} more failed: {more}"]
    return FailedPrecondition(message, hint="\n".join(lines))


def _about(execution: Execution, task: Task) -> str:
    """How often a failed task was tried, and how it ended."""
    attempt = task.attempt
    tries = 1 if attempt is None else attempt.number + 1
    tried = f"{tries} {'attempt' if tries == 1 else 'attempts'}"
    head = f"Task [{task_name(execution.ref.name, task.index)}] failed after {tried}"
    if attempt is None:
        return f"{head}."
    code = f"exit code {attempt.exit_code}: " if attempt.exit_code is not None else ""
    return f"{head}: {code}{attempt.message}"


def _last_lines(present: Context, execution: Execution, tasks: Sequence[Task]) -> "dict[int, deque[str]]":
    """The last lines that the last attempt of each of these tasks wrote, by its index; the log is read once."""
    from collections import deque

    from cloudrun_cli.cli.run.jobs.labels import ATTEMPT, EXECUTION, INDEX
    from cloudrun_cli.core.logs import line_of
    from cloudrun_cli.store import logs

    job = execution.job_ref
    last = {task.index: deque[str](maxlen=LINES_SHOWN) for task in tasks}
    wanted = {(str(task.index), str(task.attempt.number if task.attempt else 0)): last[task.index] for task in tasks}
    for entry in logs.read(logs.folder(present.home, job.project, job.region, job.name, "jobs")):
        own = entry.get("labels", {})
        lines = wanted.get((own.get(INDEX, ""), own.get(ATTEMPT, "")))
        if lines is not None and own.get(EXECUTION) == execution.ref.name and "varlog" not in entry["logName"]:
            lines.append(line_of(entry))
    return last
