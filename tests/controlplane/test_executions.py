"""The verbs of executions, of users and of the daemon. Evidence: documented (jobs; quotas and limits), recorded
(labels, messages), ours (one transaction each)."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from cloudrun_cli.controlplane import executions, jobs, listing, tasks
from cloudrun_cli.core.changes import LabelsChange
from cloudrun_cli.core.conditions import find
from cloudrun_cli.core.container_changes import ImageChange
from cloudrun_cli.core.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from cloudrun_cli.core.job_changes import ParallelismChange, TasksChange
from cloudrun_cli.core.jobs import (
    AttemptEnd,
    AttemptPhase,
    Cause,
    ContainerOverride,
    Execution,
    ExecutionRef,
    ExecutionState,
    Overrides,
    TaskState,
)
from cloudrun_cli.core.resources import EnvVar
from cloudrun_cli.store import executions as execution_rows
from cloudrun_cli.store import journal
from cloudrun_cli.store import tasks as task_rows
from cloudrun_cli.store.database import Store, open_store
from tests.builders import CALLER, NOW, NUMBER, PROJECT, REGION, seeded
from tests.controlplane.verbs import everything
from tests.job_builders import BADLY, a_job_ref, a_run, claim, create, end, later, run

STOPPED = AttemptEnd(Cause.CANCELLED, term_signal=15)


def states(store: Store, execution: Execution) -> list[str]:
    return [str(task.state) for task in task_rows.page(store, execution.uid)]


def test_an_execution_is_a_frozen_copy_of_its_job_with_all_its_tasks(store: Store) -> None:
    job = create(store, TasksChange(3), ParallelismChange(2), LabelsChange({"team": "data"}))
    execution = run(store, seconds=1)
    jobs.update(store, a_job_ref(), [ImageChange("other:1")], caller=CALLER, now=later(2), random=seeded())
    found = executions.get(store, execution.ref)
    assert found == execution
    assert found.template.task.containers == job.template.task.containers
    assert (found.template.tasks, found.template.parallelism, found.state) == (3, 2, ExecutionState.PENDING)
    assert states(store, found) == ["Pending"] * 3
    (body,) = listing.executions(store, PROJECT, REGION)
    labels = body["metadata"]["labels"]
    assert labels == {
        "team": "data",
        "cloud.googleapis.com/location": REGION,
        "run.googleapis.com/job": "nightly",
        "run.googleapis.com/jobGeneration": "1",
        "run.googleapis.com/jobResourceVersion": "1",
        "run.googleapis.com/jobUid": job.uid,
        "run.googleapis.com/lastUpdatedTime": labels["run.googleapis.com/lastUpdatedTime"],
    }
    assert body["metadata"]["ownerReferences"][0]["uid"] == job.uid
    entry = journal.since(store, 0)[-2]
    assert (entry.verb, entry.kind, entry.name) == ("run", "Execution", execution.ref.name)


def test_overrides_hold_for_one_execution_only(store: Store) -> None:
    create(store, TasksChange(4))
    override = ContainerOverride(args=("x",), env=(EnvVar("A", "1"),))
    execution = run(store, Overrides((override,), tasks=2, timeout=timedelta(minutes=5)))
    assert states(store, execution) == ["Pending"] * 2
    assert execution.template.task.containers[0].args == ("x",)
    assert execution.template.task.timeout == timedelta(minutes=5)
    assert jobs.get(store, a_job_ref()).template.tasks == 4
    before = everything(store)
    with pytest.raises(InvalidArgument, match="taskCount"):
        run(store, Overrides(tasks=0))
    assert everything(store) == before


def test_executions_count_in_their_job(store: Store) -> None:
    create(store)
    names = {run(store, seconds=n).ref.name for n in range(3)}
    assert len(names) == 3
    status = jobs.get(store, a_job_ref()).status
    assert status.execution_count == 3
    assert status.latest is not None
    assert (status.latest.created, status.latest.state) == (later(2), ExecutionState.PENDING)


def test_a_token_names_an_execution_once(store: Store) -> None:
    create(store)
    assert run(store, token="v1").ref.name == "nightly-v1"
    before = everything(store)
    with pytest.raises(AlreadyExists, match="Resource 'nightly-v1' already exists"):
        run(store, token="v1")
    with pytest.raises(InvalidArgument, match="fewer than 63"):
        run(store, token="x" * 55)
    with pytest.raises(NotFound, match=r"Cannot find job \[nosuch\]"):
        run(store, ref=a_job_ref("nosuch"))
    assert everything(store) == before


def test_too_many_at_once_are_refused_in_their_region_only(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executions, "MAX_OPEN", 2)
    first = a_run(store, 1)
    run(store)
    with pytest.raises(ResourceExhausted, match=r"2 executions of project \[demo\] are running in region"):
        run(store)
    create(store, ref=a_job_ref(region="us-east1"))
    run(store, ref=a_job_ref(region="us-east1"))
    end(store, first, claim(store, first, 0))
    run(store)


def test_the_oldest_that_have_ended_make_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executions, "KEPT", 2)
    made = [a_run(store, 1)]
    for n in range(1, 5):
        end(store, made[-1], claim(store, made[-1], 0))
        made.append(run(store, seconds=n))
    left = {body["metadata"]["name"] for body in listing.executions(store, PROJECT, REGION)}
    assert left == {execution.ref.name for execution in made[2:]}


def test_an_execution_goes_on_as_its_tasks_do(store: Store) -> None:
    execution = a_run(store, 3, max_retries=1)
    prepared = executions.prepared(
        store,
        execution.ref,
        image_digest="img@sha256:1",
        sidecar_digests={"side": "img@sha256:2"},
        runtime="docker",
        seconds=1.2,
        now=later(1),
    )
    assert prepared is not None
    assert (prepared.status.image_digest, prepared.status.runtime) == ("img@sha256:1", "docker")
    first, second = claim(store, execution, 0, 1)
    assert first.attempt is not None
    assert (first.attempt.phase, first.attempt.instance) == (AttemptPhase.STARTING, "instance-0")
    running = executions.get(store, execution.ref)
    assert (running.state, running.status.running, running.status.started) == (ExecutionState.RUNNING, 2, later(1))
    end(store, execution, [first], seconds=3)
    end(store, execution, [second], BADLY, seconds=4)
    assert states(store, execution) == ["Succeeded", "Pending", "Pending"]
    end(store, execution, claim(store, execution, 1), BADLY, seconds=5)
    still = executions.get(store, execution.ref)
    assert (still.state, still.status.failed, still.status.retried) == (ExecutionState.RUNNING, 1, 1)
    over = end(store, execution, claim(store, execution, 2), seconds=6)
    assert (over.state, over.status.succeeded, over.status.completed) == (ExecutionState.FAILED, 2, later(6))
    assert over.status.sidecar_digests == {"side": "img@sha256:2"}
    done = find(over.status.conditions, "Completed")
    assert done is not None
    assert done.message.startswith(f"Task {execution.ref.name}-task1 failed with exit code: 1 and message:")
    assert [a.exit_code for a in tasks.attempts(store, execution.ref, 1)] == [1, 1]
    assert [task.index for task in tasks.failed(store, execution.ref, 5)] == [1]
    latest = jobs.get(store, a_job_ref()).status.latest
    assert latest is not None
    assert (latest.state, latest.completed) == (ExecutionState.FAILED, later(6))
    assert executions.open_ones(store) == []


def test_no_task_is_begun_twice_or_after_a_cancel(store: Store) -> None:
    execution = a_run(store, 3)
    assert len(claim(store, execution, 0, 1)) == 2
    assert [task.index for task in claim(store, execution, 0, 1, 2, 7)] == [2]
    other = run(store)
    executions.cancel(store, other.ref, caller=CALLER, now=later(3))
    assert claim(store, other, 0) == []


def test_a_cancel_keeps_waiting_tasks_from_starting_and_waits_for_the_others(store: Store) -> None:
    execution = a_run(store, 3)
    running = claim(store, execution, 0)
    asked = executions.cancel(store, execution.ref, caller=CALLER, now=later(3))
    assert (asked.state, asked.cancel_requested, asked.status.cancelled) == (ExecutionState.RUNNING, True, 2)
    assert states(store, execution) == ["Running", "Cancelled", "Cancelled"]
    over = end(store, execution, running, STOPPED, seconds=4)
    assert (over.state, over.status.cancelled, over.status.running) == (ExecutionState.CANCELLED, 3, 0)
    assert journal.since(store, 0)[-1].verb == "cancel"
    with pytest.raises(FailedPrecondition, match="cannot be cancelled because it is not running"):
        executions.cancel(store, execution.ref, caller=CALLER, now=later(5))
    with pytest.raises(NotFound, match=r"Execution \[nosuch\] could not be found"):
        executions.cancel(store, ExecutionRef(PROJECT, REGION, "nosuch"), caller=CALLER, now=NOW)


def test_a_task_that_fails_after_a_cancel_is_not_tried_again(store: Store) -> None:
    execution = a_run(store, 2)
    running = claim(store, execution, 0, 1)
    executions.cancel(store, execution.ref, caller=CALLER, now=later(3))
    end(store, execution, running[:1], BADLY)
    assert states(store, execution) == ["Cancelled", "Running"]
    over = end(store, execution, running[1:])
    assert (over.state, over.status.succeeded, over.status.cancelled) == (ExecutionState.CANCELLED, 1, 1)


def test_a_cancel_that_comes_too_late_changes_nothing_of_the_outcome(store: Store) -> None:
    execution = a_run(store, 1)
    running = claim(store, execution, 0)
    executions.cancel(store, execution.ref, caller=CALLER, now=later(3))
    assert end(store, execution, running).state is ExecutionState.SUCCEEDED


def test_a_cancel_before_anything_runs_is_the_end(store: Store) -> None:
    execution = a_run(store, 10_000)
    began = time.perf_counter()
    assert executions.cancel(store, execution.ref, caller=CALLER, now=later(1)).state is ExecutionState.CANCELLED
    assert time.perf_counter() - began < 2


def test_an_execution_without_its_image_is_over(store: Store) -> None:
    execution = a_run(store, 2)
    over = executions.refused(store, execution.ref, "ContainerMissing", "Image 'x' not found.", now=later(1))
    assert over is not None
    assert (over.state, states(store, execution)) == (ExecutionState.FAILED, ["Abandoned"] * 2)
    assert claim(store, execution, 0) == []


def test_what_is_gone_is_told_to_the_daemon(store: Store) -> None:
    execution = a_run(store, 2)
    running = claim(store, execution, 0)
    executions.delete(store, execution.ref, caller=CALLER, now=later(2))
    assert executions.record(store, execution.ref, running, now=NOW) is None
    assert executions.claim(store, execution.ref, {1: "i"}, now=NOW) == (None, [])
    assert executions.refused(store, execution.ref, "x", "y", now=NOW) is None
    assert store.one("SELECT count(*) FROM tasks") == (0,)
    assert jobs.get(store, a_job_ref()).status.latest is None
    with pytest.raises(NotFound, match=r"Execution \[nightly-\w+\] could not be found"):
        executions.delete(store, execution.ref, caller=CALLER, now=NOW)


def test_an_execution_made_anew_under_its_name_hears_nothing_of_the_old_one(store: Store) -> None:
    create(store)
    old = run(store, token="v1")
    running = claim(store, old, 0)
    executions.delete(store, old.ref, caller=CALLER, now=NOW)
    new = run(store, token="v1")
    assert executions.record(store, old.ref, running, uid=old.uid, now=NOW) is None
    assert executions.claim(store, old.ref, {0: "i"}, uid=old.uid, now=NOW) == (None, [])
    assert states(store, new) == ["Pending"]


def test_what_runs_elsewhere_is_cancelled_at_once(store: Store) -> None:
    execution = a_run(store, 2)
    claim(store, execution, 0)
    with store.transaction():
        execution_rows.delete(store, execution.ref)
        imported = execution_rows.insert(store, replace(execution, history=True), NUMBER)
    assert executions.open_ones(store) == []
    assert executions.cancel(store, imported.ref, caller=CALLER, now=later(9)).state is ExecutionState.CANCELLED


def test_an_execution_is_followed_to_its_end(store: Store) -> None:
    execution = a_run(store, 1)
    home = store.path.rpartition("/")[0]

    def daemon() -> None:
        other = open_store(home)
        try:
            for act in (
                lambda: claim(other, execution, 0),
                lambda: end(other, execution, task_rows.running(other, execution.uid)),
            ):
                time.sleep(0.1)
                act()
        finally:
            other.close()

    worker = threading.Thread(target=daemon)
    worker.start()
    quiet = 0

    def meanwhile() -> None:
        nonlocal quiet
        quiet += 1

    seen = list(executions.follow(store, execution.ref, time.monotonic() + 20, meanwhile))
    worker.join()
    assert [found.state for found in seen if found] == [
        *(ExecutionState.PENDING, ExecutionState.RUNNING, ExecutionState.SUCCEEDED),
    ]
    assert quiet
    assert list(executions.follow(store, ExecutionRef(PROJECT, REGION, "gone"), time.monotonic() + 20)) == [None]


def test_tasks_are_listed_by_state_and_found_by_index(store: Store) -> None:
    execution = a_run(store, 5, max_retries=0)
    end(store, execution, claim(store, execution, 1, 3))
    end(store, execution, claim(store, execution, 2), BADLY)

    def names(*wanted: str, limit: int | None = None, after: int = -1) -> list[str]:
        found = listing.tasks(store, PROJECT, REGION, execution.ref.name, wanted, limit, after)
        return [body["metadata"]["name"].rpartition("-")[2] for body in found]

    assert names() == [f"task{n}" for n in range(5)]
    assert names("Succeeded", "Failed") == ["task1", "task2", "task3"]
    assert names("Pending", limit=1) == ["task0"]
    assert names(limit=2, after=1) == ["task2", "task3"]
    assert listing.tasks(store, PROJECT, REGION, "nosuch") == []
    assert tasks.get(store, execution.ref, 2).state is TaskState.FAILED
    with pytest.raises(NotFound, match=r"Cannot find task \[nope-task0\]"):
        tasks.get(store, ExecutionRef(PROJECT, REGION, "nope"), 0)
