"""How tasks and executions go on. Evidence: documented (attempt and execution rules; v1, Task), recorded (the words of
conditions)."""

import json
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.core import retries
from cloudrun_cli.core.conditions import find
from cloudrun_cli.core.jobs import (
    Attempt,
    AttemptEnd,
    AttemptPhase,
    Cause,
    Counts,
    Execution,
    ExecutionState,
    Task,
    TaskState,
    task_name,
)
from cloudrun_cli.core.resources import Status
from tests.builders import NOW, RECORDINGS
from tests.job_builders import BADLY, WELL, an_execution, an_execution_template, later

recorded = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}: words are not compared")
S, F = TaskState.SUCCEEDED, TaskState.FAILED


def pending(index: int = 0) -> Task:
    return Task(index, TaskState.PENDING, NOW)


def under_way(task: Task | None = None) -> Task:
    return retries.running(retries.starting(task or pending(), "instance", NOW), later(1))


@pytest.mark.parametrize(
    ("exits", "max_retries", "state", "attempts"),
    [
        ([0], 3, S, 1),
        ([1, 0], 3, S, 2),
        ([1, 1, 0], 3, S, 3),
        ([1, 1, 1, 0], 3, S, 4),
        ([1, 1, 1, 1], 3, F, 4),
        ([1], 0, F, 1),
        ([7, 9], 1, F, 2),
    ],
)
def test_a_task_is_retried_until_it_succeeds_or_its_retries_run_out(
    exits: list[int], max_retries: int, state: TaskState, attempts: int
) -> None:
    task = pending()
    for number, code in enumerate(exits):
        assert task.state is TaskState.PENDING
        task = retries.starting(task, f"instance-{number}", later(number))
        assert task.attempt == Attempt(number, f"instance-{number}", AttemptPhase.STARTING, later(number))
        task = retries.after_attempt(task, AttemptEnd(Cause.EXITED, code), max_retries, later(number + 0.5))
    assert (task.state, task.next_attempt, task.retries) == (state, attempts, attempts - 1)
    assert (task.started, task.completed) == (NOW, later(attempts - 0.5))


@pytest.mark.parametrize(
    ("end", "code", "message"),
    [
        (WELL, 0, ""),
        (BADLY, 10, "The container exited with an error."),
        (AttemptEnd(Cause.SIGNALED, term_signal=11), 10, "The container was terminated by signal 11."),
        (AttemptEnd(Cause.TIMEOUT, term_signal=15), 4, "The configured timeout was reached."),
        (AttemptEnd(Cause.CANCELLED, term_signal=9), 1, "Cancelled by user."),
        (AttemptEnd(Cause.OUT_OF_MEMORY, message="512Mi were not enough."), 8, "512Mi were not enough."),
        (AttemptEnd(Cause.NOT_STARTED), 9, "The container could not be started."),
        (AttemptEnd(Cause.LOST), 14, "The instance was lost."),
    ],
)
def test_an_attempt_says_how_it_ended(end: AttemptEnd, code: int, message: str) -> None:
    attempt = retries.after_attempt(under_way(), end, 0, later(5)).attempt
    assert attempt is not None
    assert (attempt.phase, attempt.started, attempt.ended) == (AttemptPhase.ENDED, later(1), later(5))
    assert (attempt.cause, attempt.exit_code, attempt.term_signal) == (end.cause, end.exit_code, end.term_signal)
    assert (attempt.code, attempt.message) == (code, message)


@pytest.mark.parametrize("cause", [c for c in Cause if c not in (Cause.EXITED, Cause.CANCELLED)])
def test_every_bad_end_is_tried_again_but_a_cancelled_one(cause: Cause) -> None:
    assert retries.after_attempt(under_way(), AttemptEnd(cause), 1, NOW).state is TaskState.PENDING
    assert retries.after_attempt(under_way(), AttemptEnd(Cause.CANCELLED), 1, NOW).state is TaskState.CANCELLED


def test_no_attempt_begins_or_ends_twice() -> None:
    done = retries.after_attempt(under_way(), WELL, 3, NOW)
    again = retries.after_attempt(under_way(), BADLY, 3, NOW)
    for task in (under_way(), done):
        with pytest.raises(ValueError, match="cannot start"):
            retries.starting(task, "another", NOW)
    for task in (pending(), done, again):
        with pytest.raises(ValueError, match="no attempt that goes on"):
            retries.after_attempt(task, WELL, 3, NOW)


@pytest.mark.parametrize(
    ("waiting", "running", "parallelism", "room", "starts"),
    [
        ([3, 1, 2], 0, 2, 10, (1, 2)),
        ([3, 1, 2], 1, 2, 10, (1,)),
        ([3, 1, 2], 2, 2, 10, ()),
        ([3, 1, 2], 5, 2, 10, ()),
        ([3, 1, 2], 5, None, 10, (1, 2, 3)),
        ([3, 1, 2], 5, 0, 2, (1, 2)),
        ([3, 1, 2], 0, 8, 1, (1,)),
        ([], 0, None, 10, ()),
        ([1], 0, None, 0, ()),
    ],
)
def test_tasks_start_in_the_order_of_their_indices_as_far_as_there_is_room(
    waiting: list[int], running: int, parallelism: int | None, room: int, starts: tuple[int, ...]
) -> None:
    assert retries.next_starts(waiting, running, parallelism, room) == starts


def counted(tasks: list[Task]) -> Counts:
    found = Counter(task.state.lower() for task in tasks)
    return Counts(**found, retried=sum(task.retries > 0 for task in tasks))


def seen(execution: Execution, tasks: list[Task], seconds: float) -> Execution:
    failed = next((task for task in tasks if task.state is F), None)
    return replace(execution, status=retries.progress(execution, counted(tasks), failed, later(seconds)))


@given(
    exits=st.lists(st.lists(st.sampled_from([0, 1, 9]), min_size=11, max_size=11), min_size=1, max_size=12),
    max_retries=st.integers(0, 10),
    parallelism=st.none() | st.integers(0, 5),
    room=st.integers(1, 8),
    cancel_at=st.none() | st.integers(0, 30),
    seed=st.integers(0, 1000),
)
def test_whatever_happens_an_execution_ends_once_and_keeps_its_limits(
    exits: list[list[int]], max_retries: int, parallelism: int | None, room: int, cancel_at: int | None, seed: int
) -> None:
    """A daemon in small: starts what may start, and lets one of those that run end, in any order."""
    random = Random(seed)
    tasks = [pending(index) for index in range(len(exits))]
    execution = an_execution(tasks=len(exits))
    begun: Counter[int] = Counter()
    for step in range(len(exits) * 11 + 2):
        if step == cancel_at and execution.is_open:
            execution = replace(execution, cancel_requested=True)
            tasks = [retries.cancelled(t, NOW) if t.state is TaskState.PENDING else t for t in tasks]
        running = [t for t in tasks if t.state is TaskState.RUNNING]
        waiting = [t.index for t in tasks if t.state is TaskState.PENDING]
        starts = retries.next_starts(waiting, len(running), parallelism, room - len(running))
        assert set(starts) <= set(waiting)
        for index in starts:
            begun[index] += 1
            tasks[index] = retries.starting(tasks[index], f"{index}-{begun[index]}", NOW)
        running = [t for t in tasks if t.state is TaskState.RUNNING]
        assert len(running) <= min(room, parallelism or room)
        execution = seen(execution, tasks, step)
        assert execution.status.running == len(running)
        if not running:
            break
        assert execution.state is ExecutionState.RUNNING
        task = random.choice(running)
        how = AttemptEnd(Cause.EXITED, exits[task.index][task.attempt.number if task.attempt else 0])
        before = [t for t in tasks if t is not task]
        ended = retries.after_attempt(task, how, max_retries, NOW)
        if execution.cancel_requested and ended.state is TaskState.PENDING:
            ended = retries.cancelled(ended, NOW)
        tasks[task.index] = ended
        assert [t for t in tasks if t.index != task.index] == before
        execution = seen(execution, tasks, step)
    assert all(task.is_final for task in tasks)
    assert not execution.is_open
    if cancel_at is None or not execution.cancel_requested:
        for task in tasks:
            tried = exits[task.index][: max_retries + 1]
            assert task.state is (S if 0 in tried else F)
            assert begun[task.index] == (tried.index(0) + 1 if 0 in tried else max_retries + 1)
    assert all(count <= max_retries + 1 for count in begun.values())
    status = execution.status
    assert status.succeeded + status.failed + status.cancelled == len(tasks)
    wanted = ExecutionState.FAILED if status.failed else ExecutionState.SUCCEEDED
    assert execution.state is (ExecutionState.CANCELLED if status.cancelled else wanted)


def test_an_execution_fails_only_when_its_last_task_has_ended() -> None:
    execution = an_execution(tasks=3)
    lost = replace(retries.after_attempt(under_way(pending(1)), BADLY, 0, NOW), index=1)
    execution = seen(execution, [under_way(pending(0)), lost, pending(2)], 5)
    assert execution.state is ExecutionState.RUNNING
    assert execution.status.failed == 1
    well = [replace(retries.after_attempt(under_way(), WELL, 0, NOW), index=index) for index in (0, 2)]
    execution = seen(execution, [well[0], lost, well[1]], 9)
    done = find(execution.status.conditions, "Completed")
    assert done is not None
    assert (done.status, done.reason, execution.status.completed) == (Status.FALSE, "NonZeroExitCode", later(9))
    assert done.message == (
        "Task nightly-kq8zt-task1 failed with exit code: 1 and message: The container exited with an error."
    )
    assert retries.progress(execution, Counts(running=3), None, later(10)) == execution.status


def test_the_conditions_of_an_execution_are_told_in_its_words() -> None:
    execution = an_execution()
    assert [c.type for c in execution.status.conditions] == [
        *("Completed", "ResourcesAvailable", "Started", "ContainerReady"),
    ]
    execution = replace(execution, status=retries.prepared(execution.status, 1.24, later(2)))
    execution = seen(execution, [under_way()], 3)
    execution = seen(execution, [retries.after_attempt(under_way(), WELL, 3, NOW)], 7)
    said = {c.type: (c.status, c.message, c.last_transition) for c in execution.status.conditions}
    assert said == {
        "Completed": (Status.TRUE, "Execution completed successfully in 7.0s.", later(7)),
        "ResourcesAvailable": (Status.TRUE, "Provisioned imported containers in 1.2s.", later(2)),
        "Started": (Status.TRUE, "Started deployed execution in 3.0s.", later(3)),
        "ContainerReady": (Status.TRUE, "", later(2)),
    }
    assert (execution.status.started, execution.status.completed) == (later(3), later(7))


def test_a_cancelled_execution_waits_for_its_running_tasks() -> None:
    execution = replace(an_execution(tasks=2), cancel_requested=True)
    waits = seen(execution, [under_way(), retries.cancelled(pending(1), NOW)], 5)
    done = find(waits.status.conditions, "Completed")
    assert done is not None
    assert (done.status, done.reason) == (Status.UNKNOWN, "Cancelling")
    stopped = retries.after_attempt(under_way(), AttemptEnd(Cause.CANCELLED, term_signal=15), 3, NOW)
    over = seen(waits, [stopped, retries.cancelled(pending(1), NOW)], 6)
    done = find(over.status.conditions, "Completed")
    assert done is not None
    assert (over.state, done.reason, done.message) == (
        ExecutionState.CANCELLED,
        "Cancelled",
        "Execution cancelled by user.",
    )
    assert over.status.cancelled == 2


def test_an_execution_without_its_image_says_why() -> None:
    execution = an_execution(tasks=4)
    status = retries.refused(execution.status, "ContainerMissing", "Image 'x' not found.", later(1))
    done, ready = (find(status.conditions, kind) for kind in ("Completed", "ContainerReady"))
    assert done is not None
    assert ready is not None
    assert {(c.status, c.reason, c.message) for c in (done, ready)} == {
        (Status.FALSE, "ContainerMissing", "Image 'x' not found.")
    }
    assert replace(execution, status=status).state is ExecutionState.FAILED


@recorded
def test_the_words_are_those_that_were_recorded() -> None:
    items = json.loads((RECORDINGS / "resources" / "executions.json").read_text())["items"]
    words = {c.get("message", "") for item in items for c in item["status"]["conditions"]}
    ours = an_execution(template=an_execution_template(tasks=1))
    messages = {
        c.message
        for status in (
            seen(replace(ours, status=retries.prepared(ours.status, 1.2, NOW)), [under_way()], 1.9).status,
            seen(ours, [retries.after_attempt(under_way(), WELL, 3, NOW)], 3.5).status,
            seen(replace(ours, cancel_requested=True), [retries.cancelled(pending(), NOW)], 1).status,
        )
        for c in status.conditions
    }
    failed = {word for word in words if word.startswith("Task ")}  # of an exit whose code was not told
    assert words - failed <= messages
    no_code = replace(_of(retries.after_attempt(under_way(), BADLY, 0, NOW)), exit_code=None)
    assert failed == {retries.message_of(no_code, task_name("migrate-b7xk2", 0))}


def _of(task: Task) -> Attempt:
    assert task.attempt is not None
    return task.attempt
