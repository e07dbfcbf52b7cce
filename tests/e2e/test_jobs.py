"""Jobs as their user meets them: tasks that share work, fail, are tried again, run out of time, are cancelled."""

import hashlib
import time

from tests.e2e.job_world import Job
from tests.e2e.world import Home, eventually


def completed(execution: dict) -> dict:  # type: ignore[type-arg]  # as v1 says it
    return next(c for c in execution["status"]["conditions"] if c["type"] == "Completed")


def result(task: dict) -> dict:  # type: ignore[type-arg]  # as v1 says it
    return dict(task["status"]["lastAttemptResult"])


def test_twenty_tasks_hash_their_share_of_the_files_and_one_needs_three_attempts(home: Home) -> None:
    job = Job(home, "hashes", "hash", "--tasks=20 --parallelism=4 --max-retries=3")
    wanted = {}
    for number in range(60):
        content = f"{number} ".encode() * (1000 + number)
        (job.folder / "in" / f"file-{number:02}").write_bytes(content)
        wanted[f"file-{number:02}.sha256"] = hashlib.sha256(content).hexdigest()
    execution = job.execute()
    assert {path.name: path.read_text() for path in (job.folder / "out").iterdir()} == wanted
    assert sorted(job.attempts()) == sorted([(index, 0) for index in range(20)] + [(7, 1), (7, 2)])
    assert job.most_at_once() <= 4
    status = execution["status"]
    assert (status["succeededCount"], status.get("failedCount", 0), status["retriedCount"]) == (20, 0, 1)
    assert completed(execution)["status"] == "True"
    own = [entry for entry in job.entries("stderr") if entry["textPayload"] == "this disk has a bad day"]
    labels = [entry["labels"] for entry in own]
    assert [label["run.googleapis.com/task_attempt"] for label in labels] == ["0", "1"]
    assert {label["run.googleapis.com/task_index"] for label in labels} == {"7"}
    assert {label["run.googleapis.com/execution_name"] for label in labels} == {execution["metadata"]["name"]}


def test_a_task_out_of_retries_fails_the_execution_and_the_others_come_to_their_end(home: Home) -> None:
    job = Job(home, "partly", "one fails", "--tasks=5 --parallelism=2 --max-retries=1")
    execution = job.execute(well=False)
    assert sorted(job.attempts()) == [(0, 0), (1, 0), (1, 1), (2, 0), (3, 0), (4, 0)]
    assert job.most_at_once() <= 2
    status = execution["status"]
    assert (status["succeededCount"], status["failedCount"], status["retriedCount"]) == (4, 1, 1)
    assert completed(execution)["reason"] == "NonZeroExitCode"
    name = execution["metadata"]["name"]
    said = f"Task {name}-task1 failed with exit code: 3 and message: The container exited with an error."
    assert completed(execution)["message"] == said
    assert result(job.tasks(name)[1])["exitCode"] == 3


def test_an_attempt_that_takes_too_long_is_told_to_end_and_counts_as_failed(home: Home) -> None:
    job = Job(home, "slow", "sleep", "--task-timeout=1s --max-retries=1")
    execution = job.execute(well=False)
    assert [line.what for line in job.trace()] == ["begin", "terminated"] * 2
    (task,) = job.tasks(execution["metadata"]["name"])
    assert result(task)["status"] == {"code": 4, "message": "The configured timeout was reached."}
    assert task["status"]["retried"] == 1


def test_a_cancel_ends_what_runs_and_starts_nothing_more(home: Home) -> None:
    job = Job(home, "stopped", "sleep", "--tasks=6 --parallelism=2")
    name = job.execute("")["metadata"]["name"]
    eventually(lambda: len(job.attempts()) == 2, home.log)
    began = time.monotonic()
    home.done(f"run jobs executions cancel {name}")
    execution = job.over(name)
    assert time.monotonic() - began < 10
    assert len(job.attempts()) == 2
    assert [line.what for line in job.trace()].count("terminated") == 2
    assert execution["status"]["cancelledCount"] == 6
    assert completed(execution)["reason"] == "Cancelled"
    assert {result(task)["status"]["code"] for task in job.tasks(name) if "lastAttemptResult" in task["status"]} == {1}


def test_a_deleted_execution_leaves_nothing_running(home: Home) -> None:
    job = Job(home, "deleted", "sleep", "--tasks=2")
    name = job.execute("")["metadata"]["name"]
    eventually(lambda: len(job.attempts()) == 2, home.log)
    home.done(f"run jobs executions delete {name}")
    eventually(lambda: not home.instances("deleted"), home.log)
    assert job.executions() == []


def test_more_memory_than_the_limit_is_said_to_be_the_cause(home: Home) -> None:
    job = Job(home, "hungry", "eat", "--memory=512Mi --max-retries=0")
    execution = job.execute(well=False)
    (task,) = job.tasks(execution["metadata"]["name"])
    assert "Memory limit of 512 MiB exceeded" in result(task)["status"]["message"]
    assert completed(execution)["reason"] == "OutOfMemory"


def test_a_program_that_is_not_there_is_an_attempt_that_did_not_start(home: Home) -> None:
    job = Job(home, "mistyped", "", "--command=/no/such/program --max-retries=0")
    execution = job.execute(well=False)
    assert job.trace() == []
    (task,) = job.tasks(execution["metadata"]["name"])
    assert "/no/such/program" in result(task)["status"]["message"]


def test_an_image_that_cannot_be_had_fails_the_execution_with_the_reason(home: Home) -> None:
    home.done("run jobs create imageless --image=registry.invalid/no-such-image:1 --tasks=3")
    assert home.cloudrun("run jobs execute imageless --wait").exit_code != 0
    (execution,) = home.json("run jobs executions list --job=imageless")
    found = {c["type"]: c for c in execution["status"]["conditions"]}
    assert found["ContainerReady"]["status"] == found["Completed"]["status"] == "False"
    assert "no-such-image" in found["Completed"]["message"]


def test_a_task_is_told_which_one_it_is_and_has_no_port(home: Home) -> None:
    """Documented: container runtime contract, environment variables of jobs."""
    job = Job(home, "told", "env", "--tasks=2 --parallelism=1")
    execution = job.execute()
    said = [e["textPayload"] for e in job.entries("stdout") if e["labels"]["run.googleapis.com/task_index"] == "1"]
    env = dict(line.split("=", 1) for line in said if "=" in line)
    assert {name: value for name, value in env.items() if name.startswith(("CLOUD_RUN_", "K_", "PORT"))} == {
        "CLOUD_RUN_JOB": "told",
        "CLOUD_RUN_EXECUTION": execution["metadata"]["name"],
        "CLOUD_RUN_TASK_INDEX": "1",
        "CLOUD_RUN_TASK_ATTEMPT": "0",
        "CLOUD_RUN_TASK_COUNT": "2",
    }
    (entry, *_) = job.entries("stdout")
    labels = {"job_name": "told", "location": "us-central1", "project_id": "demo"}
    assert entry["resource"] == {"type": "cloud_run_job", "labels": labels}


def test_a_stopped_emulator_ends_what_runs_and_the_next_goes_on(home: Home) -> None:
    job = Job(home, "interrupted", "sleep", "--tasks=2 --max-retries=1")
    name = job.execute("")["metadata"]["name"]
    eventually(lambda: len(job.attempts()) == 2, home.log)
    home.done("emulator stop")
    assert [line.what for line in job.trace()].count("terminated") == 2
    home.done("emulator start")
    eventually(lambda: sorted(job.attempts()) == [(0, 0), (0, 1), (1, 0), (1, 1)], home.log)
    home.done(f"run jobs executions cancel {name}")
    assert job.over(name)["status"]["retriedCount"] == 2
