"""Executions as the daemon carries them on: places dealt out, attempts saved before they run and found again after a
kill. On the scripted runtime and a real store. Evidence: documented for parallelism and retries, ours for the rest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from cloudrun_cli.clock import SystemClock
from cloudrun_cli.controlplane import executions
from cloudrun_cli.controlplane.vault import Vault
from cloudrun_cli.core.job_changes import ParallelismChange, RetriesChange, TasksChange
from cloudrun_cli.core.jobs import AttemptPhase, Cause, Execution, ExecutionState, Task, TaskState
from cloudrun_cli.daemon.jobs import Jobs
from cloudrun_cli.daemon.logdesk import LogDesk
from cloudrun_cli.daemon.runtimes import Runtimes
from cloudrun_cli.daemon.secrets import Secrets
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.runtime.base import Instance, InstanceSpec
from cloudrun_cli.runtime.memory import MemoryRuntime, Script, World
from cloudrun_cli.store import executions as execution_rows
from cloudrun_cli.store import tasks as task_rows
from cloudrun_cli.store.database import Store, open_store
from cloudrun_cli.store.logs import folder, read
from tests.builders import CALLER, seeded
from tests.job_builders import IMAGE, a_job_ref, create, later, run

DEADLINE = 5.0


class Killed(BaseException):
    """What ends everything at once."""


class Stage:
    """A store and what runs, which outlive the daemons that look after them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.store: Store = open_store(str(home))
        self.world = World()
        self.clock = SystemClock()  # what the runtime says of ends is by that
        self.runtime = MemoryRuntime("home", self.world)
        self.digest = self.world.add_image(IMAGE, Script())

    @asynccontextmanager
    async def daemon(self, most: int = 32) -> AsyncIterator[Jobs]:
        """One that is killed at the end: nothing of it goes on, and nothing is told."""
        runtimes = Runtimes("process", self.runtime, lambda: self.runtime)
        await runtimes.open()
        group = asyncio.TaskGroup()
        try:
            async with group:
                made = Jobs(
                    str(self.home),
                    self.store,
                    runtimes,
                    LogDesk(str(self.home)),
                    self.clock,
                    seeded(len(self.runtime.started)),
                    Tasks(group),
                    lambda other: nullcontext(),
                    Secrets(str(self.home), self.store, Vault(str(self.home)), self.clock.now),
                    lambda: most,
                )
                made.open()
                await settle()
                yield made
                raise Killed
        except* Killed:
            pass  # nothing of it goes on

    def running(self, job: str = "nightly") -> list[Instance]:
        found = self.world.homes.get("home", {}).values()
        return [r.instance for r in found if r.exit is None and r.instance.service == job]

    async def end(self, instance: Instance, code: int = 0) -> None:
        self.runtime.crash(instance, code=code)
        await settle()

    def now(self, execution: Execution) -> Execution:
        return executions.get(self.store, execution.ref)

    def task(self, execution: Execution, index: int = 0) -> Task:
        found = task_rows.get(self.store, execution.uid, index)
        assert found is not None
        return found


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def settle() -> None:
    """Returns when nothing goes on that does not wait for longer than a moment."""
    for _ in range(10):
        await asyncio.sleep(0.01)


async def test_an_attempt_that_fails_is_tried_again_and_the_execution_ends_well(stage: Stage) -> None:
    create(stage.store, TasksChange(2), RetriesChange(1))
    execution = run(stage.store)
    async with stage.daemon():
        first, second = stage.running()
        await stage.end(first, code=4)
        await stage.end(second)
        (again,) = stage.running()
        assert (first.task, again.task) == ("0/0", "0/1")
        await stage.end(again)
    assert stage.now(execution).state is ExecutionState.SUCCEEDED
    assert stage.now(execution).status.retried == 1
    assert [attempt.exit_code for attempt in task_rows.attempts(stage.store, execution.uid, 0)] == [4, 0]
    assert await stage.runtime.tasks() == [], "what is saved is forgotten"


async def test_places_are_shared_among_executions_and_never_more_run_than_may(stage: Stage) -> None:
    for name in ("large", "small"):
        create(stage.store, TasksChange(6), ref=a_job_ref(name))
    large = run(stage.store, ref=a_job_ref("large"))
    async with stage.daemon(most=4) as jobs:
        assert len(stage.running("large")) == 4
        small = run(stage.store, ref=a_job_ref("small"), seconds=1)
        jobs.look(whole=True)
        await settle()
        assert stage.running("small") == []
        shares = []
        while both := [*stage.running("large"), *stage.running("small")]:
            assert len(both) <= 4
            shares.append((len(stage.running("large")), len(stage.running("small"))))
            await stage.end((stage.running("large") or stage.running("small"))[0])
        assert shares[1:3] == [(3, 1), (2, 2)], "each place that comes free goes to who has fewest"
    assert stage.now(large).state is stage.now(small).state is ExecutionState.SUCCEEDED


@pytest.mark.parametrize(("parallelism", "running"), [(1, 1), (3, 3), (0, 5), (9, 5)])
async def test_as_many_run_as_the_parallelism_says(stage: Stage, parallelism: int, running: int) -> None:
    create(stage.store, TasksChange(5), ParallelismChange(parallelism))
    execution = run(stage.store)
    async with stage.daemon():
        assert len(stage.running()) == running
        assert stage.now(execution).status.running == running
        while stage.running():
            await stage.end(stage.running()[0])
            assert len(stage.running()) <= running
    assert stage.now(execution).status.succeeded == 5


async def test_the_next_daemon_takes_over_what_runs_and_hears_how_the_rest_has_ended(stage: Stage) -> None:
    create(stage.store, TasksChange(3), RetriesChange(0))
    execution = run(stage.store)
    async with stage.daemon():
        runs, ends, fails = stage.running()
        await asyncio.sleep(0.1)  # that they run is saved a little later
    stage.runtime.crash(ends, code=0)
    stage.runtime.crash(fails, code=7)
    async with stage.daemon():
        assert stage.running() == [runs]
        assert len(stage.runtime.started) == 3, "none ran twice"
        assert stage.task(execution, 1).state is TaskState.SUCCEEDED
        assert stage.task(execution, 2).state is TaskState.FAILED
        await stage.end(runs)
    assert stage.now(execution).state is ExecutionState.FAILED
    assert "exit code: 7" in stage.now(execution).status.conditions[0].message


async def test_what_ran_and_left_no_trace_is_lost_and_tried_again(stage: Stage) -> None:
    create(stage.store, RetriesChange(1))
    execution = run(stage.store)
    async with stage.daemon():
        await asyncio.sleep(0.1)
    stage.world.homes["home"].clear()  # the machine was started anew, say
    async with stage.daemon():
        (again,) = stage.running()
        assert again.task == "0/1"
        await stage.end(again)
    assert [attempt.cause for attempt in task_rows.attempts(stage.store, execution.uid, 0)] == [
        Cause.LOST,
        Cause.EXITED,
    ]
    assert stage.now(execution).state is ExecutionState.SUCCEEDED


@pytest.mark.parametrize("asked", [False, True], ids=["before the runtime was asked", "before it answered"])
async def test_an_attempt_cut_off_in_its_start_goes_on_under_its_id(stage: Stage, asked: bool) -> None:
    create(stage.store)
    execution = run(stage.store)
    executions.prepared(
        stage.store,
        execution.ref,
        image_digest=stage.digest,
        sidecar_digests={},
        runtime="process",
        seconds=1,
        now=later(1),
    )
    await stage.runtime.resolve(IMAGE)
    executions.claim(stage.store, execution.ref, {0: "the-one"}, now=stage.clock.now())
    if asked:
        await stage.runtime.start(a_task_spec(execution, stage.digest, "the-one"))
    async with stage.daemon():
        (instance,) = stage.running()
        assert (instance.id, instance.task) == ("the-one", "0/0")
        assert len(stage.runtime.started) == 1
        await asyncio.sleep(0.1)
        attempt = stage.task(execution).attempt
        assert attempt is not None
        assert attempt.phase is AttemptPhase.RUNNING
        await stage.end(instance)
    assert stage.now(execution).state is ExecutionState.SUCCEEDED


async def test_what_runs_for_nobody_is_ended_and_forgotten(stage: Stage) -> None:
    create(stage.store)
    gone = run(stage.store)
    await stage.runtime.resolve(IMAGE)
    await stage.runtime.start(a_task_spec(gone, stage.digest, "left-over"))
    executions.delete(stage.store, gone.ref, caller=CALLER, now=later(2))
    async with stage.daemon():
        assert await stage.runtime.tasks() == []


async def test_a_cancelled_execution_ends_what_runs_and_starts_nothing(stage: Stage) -> None:
    create(stage.store, TasksChange(3), ParallelismChange(2))
    execution = run(stage.store)
    async with stage.daemon() as jobs:
        assert len(stage.running()) == 2
        executions.cancel(stage.store, execution.ref, caller=CALLER, now=later(11))
        jobs.look(whole=True)
        await settle()
        assert stage.running() == []
        assert stage.now(execution).state is ExecutionState.CANCELLED
        assert stage.now(execution).status.cancelled == 3
    assert len(stage.runtime.started) == 2


@pytest.mark.parametrize(
    ("stubborn", "cause", "state"),
    [(True, Cause.LOST, TaskState.PENDING), (False, Cause.EXITED, TaskState.SUCCEEDED)],
    ids=["killed after its grace", "came to its end in its grace"],
)
async def test_an_orderly_end_lets_an_attempt_finish_or_counts_it_as_lost(
    stage: Stage, stubborn: bool, cause: Cause, state: TaskState
) -> None:
    stage.world.add_image(IMAGE, Script(stubborn=stubborn))
    create(stage.store, RetriesChange(1))
    execution = run(stage.store)
    async with stage.daemon() as jobs:
        await asyncio.wait_for(jobs.close(), DEADLINE)
    (attempt,) = task_rows.attempts(stage.store, execution.uid, 0)
    assert (attempt.cause, attempt.message) == (cause, "The emulator was stopped." if stubborn else "")
    assert stage.task(execution).state is state
    assert stage.now(execution).is_open is stubborn


async def test_an_image_that_cannot_be_had_ends_the_execution_before_a_task_starts(stage: Stage) -> None:
    create(stage.store, TasksChange(2))
    stage.world.tags.clear()
    execution = run(stage.store)
    async with stage.daemon():
        pass
    assert stage.now(execution).state is ExecutionState.FAILED
    assert "was not found" in stage.now(execution).status.conditions[0].message
    assert stage.runtime.started == []


async def test_what_a_task_says_is_in_the_log_of_its_job_once_also_after_a_kill(stage: Stage) -> None:
    stage.world.add_image(IMAGE, Script(says=(("stdout", "hello"),)))
    create(stage.store)
    execution = run(stage.store)
    async with stage.daemon():
        await asyncio.sleep(0.5)  # longer than what is read only at its end
    async with stage.daemon():
        (instance,) = stage.running()
        stage.runtime.say(instance, "goodbye")
        await stage.end(instance)
    ref = execution.job_ref
    entries = list(read(folder(str(stage.home), ref.project, ref.region, ref.name, "jobs")))
    own = [entry for entry in entries if entry["logName"].endswith("stdout")]
    assert [entry["textPayload"] for entry in own] == ["hello", "goodbye"]
    assert own[0]["labels"]["run.googleapis.com/execution_name"] == execution.ref.name
    assert own[0]["labels"]["run.googleapis.com/task_attempt"] == "0"


def test_the_executions_that_are_carried_on_are_those_that_are_open_here(stage: Stage) -> None:
    create(stage.store)
    here = run(stage.store)
    elsewhere = replace(here, ref=replace(here.ref, name="nightly-zzzzz"), uid="another", history=True)
    with stage.store.transaction():
        execution_rows.insert(stage.store, elsewhere, "123456789012")
    assert [execution.ref for execution in executions.open_ones(stage.store)] == [here.ref]


def a_task_spec(execution: Execution, digest: str, instance: str) -> InstanceSpec:
    ref = execution.ref
    return InstanceSpec(
        id=instance,
        project=ref.project,
        region=ref.region,
        service=execution.job,
        revision=ref.name,
        digest=digest,
        env={},
        port=0,
        cpu_millis=1000,
        memory_bytes=512 * 2**20,
        task="0/0",
    )
