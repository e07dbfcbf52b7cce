"""Executions as their user sees them: followed, left, cancelled, failed, and read about in the log. On plain processes,
with the sample job, whose time and failures its variables decide."""

import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.terminals import on_a_terminal
from tests.e2e.world import Home, eventually

JOB = "us-docker.pkg.dev/cloudrun/container/job"
PLAIN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def sample() -> Iterator[Home]:
    """A home with the sample job under two names: `steady` takes its time, `broken` fails."""
    home = Home("process")
    home.done(f"run jobs create steady --image={JOB} --tasks=4 --parallelism=2 --set-env-vars=SLEEP_MS=20")
    home.done(f"run jobs create broken --image={JOB} --tasks=2 --max-retries=1 --set-env-vars=FAIL_RATE=1")
    yield home
    home.close()


def latest(home: Home, job: str) -> dict[str, Any]:
    found: dict[str, Any] = home.json(f"run jobs executions describe-latest --job={job}")
    return found


def counts(execution: dict[str, Any]) -> dict[str, int]:
    return {key: value for key, value in execution["status"].items() if key.endswith("Count")}


def test_an_execution_is_followed_to_its_end_by_plain_lines(sample: Home) -> None:
    answer = sample.done("run jobs execute steady --wait --format=value(status.succeededCount)")
    assert answer == "4\n"
    assert [line for line in answer.stderr.splitlines() if "..." in line or line == "Done."] == [
        "Creating execution...",
        "Provisioning resources...done",
        "Starting execution...done",
        "Running execution...done",
        "Done.",
    ]
    name = latest(sample, "steady")["metadata"]["name"]
    assert f"Execution [{name}] has successfully completed." in answer.stderr


def test_what_is_said_for_one_execution_holds_for_that_one(sample: Home) -> None:
    words = "run jobs execute steady --wait --tasks=1 --task-timeout=2m --update-env-vars=SLEEP_MS=0,NEW=1 --args="
    sample.done(words)
    spec = latest(sample, "steady")["spec"]
    task = spec["template"]["spec"]
    env = {variable["name"]: variable["value"] for variable in task["containers"][0]["env"]}
    assert (spec["taskCount"], task["timeoutSeconds"], env) == (1, "120", {"SLEEP_MS": "0", "NEW": "1"})
    assert sample.json("run jobs describe steady")["spec"]["template"]["spec"]["taskCount"] == 4


def test_a_failure_leaves_with_1_and_shows_what_the_tasks_last_said(sample: Home) -> None:
    answer = sample.cloudrun("run jobs execute broken --wait")
    assert (answer.exit_code, answer) == (1, "")
    name = latest(sample, "broken")["metadata"]["name"]
    story, _, failed = answer.stderr.partition("ERROR: (cloudrun.run.jobs.execute) The execution failed.\n")
    assert "Running execution...failed\nExecuting job failed\n" in story
    for index in (0, 1):
        head = f"Task [{name}-task{index}] failed after 2 attempts: exit code 1: The container exited with an error."
        assert f"{head}\n  " in failed
        assert f"Task {index}, attempt 1 failed, as FAIL_RATE=1.0 asks for." in failed
    assert counts(latest(sample, "broken")) == {"failedCount": 2, "retriedCount": 2}


def test_ctrl_c_leaves_the_execution_running_and_says_how_to_follow_it(sample: Home) -> None:
    following = sample.start("run jobs execute steady --wait --update-env-vars=SLEEP_MS=30000")
    assert following.stderr is not None
    seen = ""
    while "Running execution..." not in seen:
        seen += os.read(following.stderr.fileno(), 4096).decode()
    following.send_signal(signal.SIGINT)
    seen += following.communicate(timeout=30)[1]
    assert following.returncode == -signal.SIGINT
    name = latest(sample, "steady")["metadata"]["name"]
    assert f"Execution [{name}] goes on without you; follow it: cloudrun run jobs executions logs tail {name}\n" in seen
    assert "failed" not in seen
    assert counts(latest(sample, "steady")) == {"runningCount": 2}
    cancelled = sample.done(f"run jobs executions cancel {name}")
    assert cancelled.stderr == f"Cancelling [{name}]...\ndone.\nCancelled execution [{name}].\n"
    assert counts(latest(sample, "steady")) == {"cancelledCount": 4}


def test_a_terminal_shows_how_many_tasks_are_where(sample: Home) -> None:
    seen = on_a_terminal(sample, "run jobs execute steady --wait --update-env-vars=SLEEP_MS=300")  # type: ignore[arg-type]  # a home is a program, too
    text = PLAIN.sub("", seen.text)
    assert seen.exit_code == 0
    assert re.search(r"Running execution\.\.\. [12] running, [0-3] succeeded of 4 tasks", text), text
    assert "✓ Running execution...done" in text


def test_a_job_is_made_and_executed_at_once(sample: Home) -> None:
    made = sample.done(f"run jobs deploy quick --image={JOB} --execute-now")
    name = latest(sample, "quick")["metadata"]["name"]
    assert f"Job [quick] has successfully been deployed and started running execution [{name}].\n" in made.stderr
    assert "To execute this job again, use:\ncloudrun run jobs execute quick\n" in made.stderr
    again = sample.done("run jobs update quick --tasks=2 --wait --format=value(status.executionCount)")
    assert (again, "Updating and running job...\n" in again.stderr) == ("2\n", True)
    failed = sample.cloudrun("run jobs update quick --update-env-vars=FAIL_RATE=1 --max-retries=0 --wait")
    assert (failed.exit_code, "Job failed to deploy" in failed.stderr) == (1, True)


def test_a_job_is_built_from_source_and_executed(sample: Home) -> None:
    program = (
        "import os, sys\n"
        "index, attempt = os.environ['CLOUD_RUN_TASK_INDEX'], os.environ['CLOUD_RUN_TASK_ATTEMPT']\n"
        "print('share', index, 'of', os.environ['CLOUD_RUN_TASK_COUNT'], sys.argv[1:])\n"
        "sys.exit(index == '1' and attempt == '0')\n"
    )
    source = sample.folder("shares", {"main.py": program})
    made = sample.done(f"run jobs deploy shares --source={source} --tasks=3 --max-retries=1 --args=a,b --wait")
    story = made.stderr
    assert "Building using Buildpacks and deploying container to Cloud Run job [shares] in project [demo]" in story
    assert "Building, creating and running job...\nValidating configuration...done\nUploading sources...done\n" in story
    assert "Building Container...done\n" in story
    assert counts(latest(sample, "shares")) == {"succeededCount": 3, "retriedCount": 1}
    said = sample.json("run jobs logs read shares --log-filter=textPayload~^share")
    texts = sorted(entry["textPayload"] for entry in said)
    assert texts == [f"share {index} of 3 ['a', 'b']" for index in (0, 1, 1, 2)]
    again = sample.done(f"run jobs deploy shares --source={source}")
    assert "Building and updating job...\n" in again.stderr


def test_the_log_is_read_by_job_by_execution_and_by_task(sample: Home) -> None:
    sample.done("run jobs execute steady --wait --tasks=2")
    name = latest(sample, "steady")["metadata"]["name"]
    said = "textPayload~^Starting"

    def entries(words: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = sample.json(f"run jobs {words} --log-filter={said}")
        return found

    eventually(lambda: len(entries(f"executions logs read {name}")) == 2)
    assert len(entries("logs read steady")) > 2
    (one,) = entries(f"executions tasks logs read {name}-task1")
    assert one["textPayload"] == "Starting task 1, attempt 0."
    assert one["resource"]["type"] == "cloud_run_job"
    assert sample.cloudrun("run jobs executions tasks logs read nonsense").exit_code == 1
    assert "Cannot find execution" in sample.cloudrun("run jobs executions logs read nosuch").stderr


def test_lists_filter_by_job_and_by_the_states_of_tasks(sample: Home) -> None:
    name = latest(sample, "broken")["metadata"]["name"]
    listed = sample.done("run jobs executions list --job=broken --format=value(metadata.name)")
    assert listed == f"{name}\n"
    assert sample.done("run jobs executions list --job=nosuch").stderr == "Listed 0 items.\n"
    rows = "--format=value(status.index,status.retried)"
    assert sample.done(f"run jobs executions tasks list --execution={name} --failed {rows}") == "0\t1\n1\t1\n"
    assert sample.done(f"run jobs executions tasks list --execution={name} --completed --limit=1 {rows}") == "0\t1\n"
    assert sample.done(f"run jobs executions tasks list --execution={name} --no-completed").stderr == (
        "Listed 0 items.\n"
    )
