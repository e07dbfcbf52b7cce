"""Jobs, executions, tasks and attempts in the store. Evidence: ours."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cloudrun_cli.core import retries
from cloudrun_cli.core.errors import Conflict
from cloudrun_cli.core.jobs import (
    AttemptEnd,
    Cause,
    Counts,
    Execution,
    ExecutionRef,
    ExecutionState,
    LatestExecution,
    Task,
    TaskState,
)
from cloudrun_cli.store import executions, jobs, tasks
from cloudrun_cli.store.database import Store
from tests.builders import NOW, NUMBER, PROJECT, REGION
from tests.job_builders import BADLY, IMAGE, WELL, a_job, an_execution, later

UID = an_execution().uid


def _saved(store: Store, *made: Execution) -> list[Execution]:
    with store.transaction():
        if jobs.get(store, a_job().ref) is None:
            jobs.insert(store, a_job(), NUMBER)
        return [executions.insert(store, execution, NUMBER) for execution in made]


def _run(name: str, seconds: float = 0, **fields: object) -> Execution:
    return replace(an_execution(name, uid=f"uid-{name}", created=later(seconds)), **fields)  # type: ignore[arg-type]  # of Execution


def _ended(execution: Execution) -> Execution:
    status = retries.progress(execution, Counts(succeeded=1), None, later(60))
    return replace(execution, status=status)


def test_a_job_is_found_as_it_was_saved_and_a_stale_version_is_refused(store: Store) -> None:
    with store.transaction():
        saved = jobs.insert(store, a_job(labels={"team": "data"}, etag="AAZM"), NUMBER)
    assert saved.resource_version == 1
    assert jobs.get(store, saved.ref) == saved
    assert jobs.everywhere(store) == [saved]
    with store.transaction():
        newer = jobs.update(store, replace(saved, generation=2), NUMBER)
    assert newer.etag == ""
    with pytest.raises(Conflict, match="version '1'"), store.transaction():
        jobs.update(store, saved, NUMBER)
    assert jobs.get(store, saved.ref) == newer
    assert jobs.regions(store, PROJECT, "nightly") == [REGION]


def test_an_execution_is_found_as_it_was_saved_and_its_job_says_how_it_is(store: Store) -> None:
    first, second = _saved(store, _run("nightly-a"), _run("nightly-b", 5, cancel_requested=True))
    assert executions.get(store, first.ref) == first
    assert executions.get(store, second.ref) == second
    with store.transaction():
        assert executions.update(store, _ended(first), NUMBER) is not None
    job = jobs.get(store, a_job().ref)
    assert job is not None
    assert job.status.execution_count == 2
    assert job.status.latest == LatestExecution("nightly-b", later(5))
    with store.transaction():
        executions.update(store, _ended(second), NUMBER)
    job = jobs.get(store, a_job().ref)
    assert job is not None
    assert job.status.latest == LatestExecution("nightly-b", later(5), later(60), ExecutionState.SUCCEEDED)
    assert job.resource_version == 1


def test_an_execution_made_anew_under_an_old_name_is_not_written_over(store: Store) -> None:
    (old,) = _saved(store, _run("nightly-a"))
    with store.transaction():
        executions.delete(store, old.ref)
    (new,) = _saved(store, replace(old, uid="another"))
    with store.transaction():
        assert executions.update(store, _ended(old), NUMBER) is None
    assert executions.get(store, new.ref) == new


def test_executions_are_listed_newest_first_page_by_page(store: Store) -> None:
    _saved(store, *(_run(f"nightly-{n}", n) for n in range(5)))

    def names(**narrowed: object) -> list[str]:
        found = executions.bodies(store, PROJECT, REGION, **narrowed)  # type: ignore[arg-type]  # of bodies
        return [body["metadata"]["name"] for body in found]

    assert names() == [f"nightly-{n}" for n in (4, 3, 2, 1, 0)]
    assert names(job="nightly", limit=2) == ["nightly-4", "nightly-3"]
    assert names(limit=2, offset=2) == ["nightly-2", "nightly-1"]
    assert names(job="other") == []
    assert executions.bodies(store, PROJECT, "us-east1") == []
    assert len(executions.bodies(store, PROJECT)) == 5


@pytest.mark.parametrize("job", [None, "nightly"])
def test_a_list_of_executions_sorts_by_an_index(store: Store, job: str | None) -> None:
    where = "project = 'p' AND region = 'r'" + (f" AND job = '{job}'" if job else "")
    plan = store.read(
        f"EXPLAIN QUERY PLAN SELECT rowid FROM executions WHERE {where} ORDER BY created DESC, name DESC LIMIT 9"
    )
    told = " ".join(row[3] for row in plan)
    assert "COVERING INDEX executions_" in told
    assert "TEMP B-TREE" not in told


def test_those_to_carry_on_are_open_and_of_this_machine(store: Store) -> None:
    waits, _, _, runs = _saved(
        store,
        _run("nightly-a", 3),
        _ended(_run("nightly-b", 2)),
        _run("nightly-c", 1, history=True),
        _run("nightly-d", 0),
    )
    assert executions.open_ones(store) == [runs, waits]
    assert executions.open_count(store, PROJECT, REGION) == 2
    assert executions.open_count(store, PROJECT, "us-east1") == 0


def test_images_of_jobs_and_of_what_runs_are_known(store: Store) -> None:
    waits = _run("nightly-a")
    status = replace(waits.status, image_digest="x@sha256:1", sidecar_digests={"side": "y@sha256:2"})
    over = replace(status, image_digest="z@sha256:3")
    _saved(store, replace(waits, status=status), _ended(_run("nightly-b", 1, status=over)))
    assert jobs.images(store) == {IMAGE, "x@sha256:1", "y@sha256:2"}


def test_the_oldest_that_have_ended_are_forgotten_with_their_tasks(store: Store) -> None:
    made = [_run("nightly-0"), *(_ended(_run(f"nightly-{n}", n)) for n in range(1, 6))]
    _saved(store, *made)
    with store.transaction():
        for execution in made:
            tasks.insert_pending(store, execution.uid, 2, NOW)
        assert executions.forget_old(store, a_job().ref, 2) == 3
    left = [e.ref.name for e in executions.everywhere(store)]
    assert left == ["nightly-0", "nightly-4", "nightly-5"]
    assert store.one("SELECT count(*) FROM tasks") == (6,)


def test_a_job_names_the_newest_execution_that_is_left(store: Store) -> None:
    first, second = _saved(store, _run("nightly-a"), _run("nightly-b", 5))
    for gone, latest in ((second, "nightly-a"), (first, None)):
        with store.transaction():
            executions.delete(store, gone.ref)
            jobs.forget(store, a_job().ref, gone.ref.name, executions.newest(store, a_job().ref))
        job = jobs.get(store, a_job().ref)
        assert job is not None
        assert (job.status.latest.name if job.status.latest else None) == latest
        assert job.status.execution_count == 2


def _through(task: Task, *ends: AttemptEnd, max_retries: int = 3) -> Task:
    for number, end in enumerate(ends):
        task = retries.running(retries.starting(task, f"i-{task.index}-{number}", later(number)), later(number + 0.1))
        task = retries.after_attempt(task, end, max_retries, later(number + 0.5))
    return task


def test_tasks_are_found_as_they_were_saved_and_every_attempt_is_kept(store: Store) -> None:
    signal = AttemptEnd(Cause.SIGNALED, term_signal=9)
    with store.transaction():
        tasks.insert_pending(store, UID, 5, NOW)
    fresh = [Task(index, TaskState.PENDING, NOW) for index in range(5)]
    assert tasks.page(store, UID) == fresh
    now = [
        _through(fresh[0], WELL),
        retries.starting(fresh[1], "i-1-0", later(3)),
        _through(fresh[2], BADLY),
        _through(fresh[3], BADLY, signal, max_retries=1),
        retries.cancelled(fresh[4], later(7)),
    ]
    with store.transaction():
        tasks.save(store, UID, [_through(fresh[3], BADLY, max_retries=1)])
        tasks.save(store, UID, now)
        tasks.save(store, UID, now)
    assert tasks.page(store, UID) == now
    assert tasks.get(store, UID, 3) == now[3]
    assert tasks.get(store, UID, 5) is None
    assert tasks.get(store, "other", 3) is None
    kept = tasks.attempts(store, UID, 3)
    assert [(a.number, a.instance, a.cause) for a in kept] == [(0, "i-3-0", Cause.EXITED), (1, "i-3-1", Cause.SIGNALED)]
    assert kept[1] == now[3].attempt
    assert tasks.attempts(store, UID, 1) == []
    assert tasks.counts(store, UID) == Counts(pending=1, running=1, succeeded=1, failed=1, cancelled=1, retried=2)
    assert tasks.first_failed(store, UID) == now[3]
    assert tasks.running(store, UID) == [now[1]]
    assert tasks.pending(store, UID, 9) == [2]


def test_tasks_are_read_page_by_page_and_by_state(store: Store) -> None:
    with store.transaction():
        tasks.insert_pending(store, UID, 6, NOW)
        tasks.save(store, UID, [_through(Task(index, TaskState.PENDING, NOW), WELL) for index in (1, 4)])

    def indices(**narrowed: object) -> list[int]:
        return [task.index for task in tasks.page(store, UID, **narrowed)]  # type: ignore[arg-type]  # of page

    assert indices(limit=2) == [0, 1]
    assert indices(limit=2, after=1) == [2, 3]
    assert indices(states=(TaskState.SUCCEEDED,)) == [1, 4]
    assert indices(states=(TaskState.PENDING, TaskState.SUCCEEDED), after=3) == [4, 5]
    assert tasks.pending(store, UID, 3) == [0, 2, 3]


def test_only_tasks_that_wait_are_finished_without_an_attempt(store: Store) -> None:
    with store.transaction():
        tasks.insert_pending(store, UID, 3, NOW)
        began = retries.starting(Task(1, TaskState.PENDING, NOW), "i", NOW)
        tasks.save(store, UID, [began])
        assert tasks.finish_pending(store, UID, TaskState.CANCELLED, NOW + timedelta(seconds=9)) == 2
    assert [task.state for task in tasks.page(store, UID)] == ["Cancelled", "Running", "Cancelled"]


def test_ten_thousand_tasks_are_counted_by_an_index(store: Store) -> None:
    with store.transaction():
        tasks.insert_pending(store, UID, 10_000, NOW)
    assert tasks.counts(store, UID) == Counts(pending=10_000)
    plan = store.read(
        "EXPLAIN QUERY PLAN SELECT state, count(*), sum(retries > 0) FROM tasks INDEXED BY tasks_by_state "
        "WHERE execution = 'x' GROUP BY state"
    )
    assert "COVERING INDEX tasks_by_state" in plan[0][3]
    assert "TEMP B-TREE" not in " ".join(row[3] for row in plan)


def test_tasks_of_one_execution_only_go_with_it(store: Store) -> None:
    one, other = _saved(store, _run("nightly-a"), _run("nightly-b"))
    with store.transaction():
        for execution in (one, other):
            tasks.insert_pending(store, execution.uid, 2, NOW)
            tasks.save(store, execution.uid, [_through(Task(0, TaskState.PENDING, NOW), WELL)])
        executions.delete(store, ExecutionRef(PROJECT, REGION, "nightly-a"))
    assert tasks.page(store, one.uid) == []
    assert tasks.attempts(store, one.uid, 0) == []
    assert len(tasks.page(store, other.uid)) == 2
