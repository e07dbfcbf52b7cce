"""Commands of jobs that need nobody to run anything: files, names, and what an execution that is over has to say.

Evidence: recorded where it says so; else ours. What is recorded of them is compared in tests/transcripts.
"""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import yaml

from cloudrun_cli.cli.completion import candidates
from cloudrun_cli.cli.context import Context
from cloudrun_cli.cli.run.jobs import following
from cloudrun_cli.cli.run.jobs.describing import elapsed, short, task_lines
from cloudrun_cli.controlplane import executions, tasks
from cloudrun_cli.core.errors import FailedPrecondition
from cloudrun_cli.core.jobs import AttemptEnd, Cause, Execution
from cloudrun_cli.core.logs import stamp
from cloudrun_cli.core.wire.v1_tasks import task_to_json
from cloudrun_cli.output.progress import StagedProgress
from cloudrun_cli.settings import Settings
from cloudrun_cli.store.database import Store, open_store
from cloudrun_cli.store.logs import LogWriter, folder
from tests.builders import CALLER, NOW, NUMBER, PROJECT, REGION
from tests.conftest import Cloudrun
from tests.job_builders import BADLY, WELL, a_run, claim, end

JOB = "us-docker.pkg.dev/cloudrun/container/job"


@pytest.fixture
def nightly(cloudrun: Cloudrun) -> Cloudrun:
    """The program in a home with one job, `nightly`, of three tasks."""
    cloudrun.environ |= {"CLOUDSDK_CORE_PROJECT": PROJECT, "CLOUDSDK_RUN_REGION": REGION}
    made = cloudrun(f"run jobs create nightly --image={JOB} --tasks=3 --labels=team=data")
    assert made.exit_code == 0, made.stderr
    return cloudrun


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of its own."""
    opened = open_store(str(tmp_path / "home"))
    yield opened
    opened.close()


def test_a_job_that_was_exported_is_replaced_by_its_own_file(nightly: Cloudrun) -> None:
    exported = nightly("run jobs describe nightly --format=export")
    body = yaml.safe_load(exported)
    assert {"status", "uid", "resourceVersion"}.isdisjoint({*body, *body["metadata"]})
    file = nightly.home.parent / "job.yaml"
    file.write_text(exported)
    same = nightly(f"run jobs replace {file} --format=value(metadata.generation)")
    assert (same, same.exit_code) == ("1\n", 0)
    assert "Updating Cloud Run job [nightly] in project [demo] region [us-central1]\nUpdating job...\nDone.\n" in (
        same.stderr
    )
    body["spec"]["template"]["spec"]["taskCount"] = 9
    more = nightly("run jobs replace - --format=value(spec.template.spec.taskCount)", stdin=yaml.safe_dump(body))
    assert (more, "Job [nightly] has been successfully updated." in more.stderr) == ("9\n", True)


@pytest.mark.parametrize(
    ("change", "exit_code", "told"),
    [
        ("kind: Service", 1, "kind: Expected [Job]"),
        ("spec: {template: {spec: {taskCunt: 2}}}", 1, "taskCunt"),
        ("a: [", 2, "Failed to load YAML from [-]"),
        ("", 1, "There is no job in [-]."),
    ],
)
def test_a_file_that_is_no_job_changes_nothing(nightly: Cloudrun, change: str, exit_code: int, told: str) -> None:
    text = f"apiVersion: run.googleapis.com/v1\nkind: Job\nmetadata: {{name: other}}\n{change}\n" if change else ""
    refused = nightly("run jobs replace -", stdin=text)
    assert (refused.exit_code, told in refused.stderr) == (exit_code, True), refused.stderr
    assert nightly("run jobs list --format=value(metadata.name)") == "nightly\n"


def test_what_may_have_been_meant_by_the_name_of_a_job_is_said(nightly: Cloudrun) -> None:
    assert "Did you mean [nightly]?" in nightly("run jobs describe nightl").stderr
    elsewhere = nightly("run jobs describe nightly --region=europe-west1").stderr
    assert "There is one in region us-central1: add --region=us-central1" in elsewhere
    assert "Cannot find job [nosuch]" in nightly("run jobs executions describe-latest --job=nosuch").stderr
    unrun = nightly("run jobs executions describe-latest --job=nightly")
    assert (unrun.exit_code, "has not been executed yet" in unrun.stderr) == (1, True)


def test_deleting_a_job_is_asked_for_and_takes_its_policy(nightly: Cloudrun) -> None:
    added = nightly("run jobs add-iam-policy-binding nightly --member=user:a@example.com --role=roles/run.invoker")
    assert (added.exit_code, "version: 1" in added) == (0, True)
    assert nightly("run jobs delete nightly", stdin="n\n").exit_code == 1
    assert nightly("run jobs delete nightly", stdin="y\n").exit_code == 0
    gone = nightly("run jobs get-iam-policy nightly")
    assert (gone.exit_code, "kind 'JOB'" in gone.stderr) == (1, True)


def test_names_of_jobs_executions_and_tasks_are_completed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDRUN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CLOUDSDK_CORE_PROJECT", PROJECT)
    name = a_run(store, 2).ref.name

    def offered(*words: str) -> list[str]:
        return [found for found, _ in candidates(["run", "jobs", *words[:-1]], words[-1])]

    assert offered("execute", "ni") == offered("executions", "list", "--job", "n") == ["nightly"]
    assert offered("executions", "describe", "nig") == offered("executions", "tasks", "list", "--execution=") == [name]
    assert offered("executions", "tasks", "describe", f"{name}-t") == [f"{name}-task0", f"{name}-task1"]
    assert offered("executions", "tasks", "logs", "re") == ["read"]


def over(store: Store, count: int) -> Execution:
    """An execution whose first task has succeeded and whose others have failed, each after two attempts."""
    made = a_run(store, count, max_retries=1)
    end(store, made, claim(store, made, 0), WELL)
    for _ in range(2):
        end(store, made, claim(store, made, *range(1, count)), BADLY)
    return executions.get(store, made.ref)


def followed(store: Store, home: Path, made: Execution) -> FailedPrecondition:
    """How following it fails."""
    settings = Settings(environ={"CLOUDRUN_HOME": str(home)})
    present = Context("run jobs execute", settings, {"wide_project": None})
    present.__dict__["store"] = store
    progress = StagedProgress("Creating", following.STAGES, stream=StringIO(), interactive=False)
    with pytest.raises(FailedPrecondition) as failed, progress:
        following.execution(present, made, progress, wait=True)
    return failed.value


def test_a_failure_names_the_failed_tasks_with_the_last_lines_of_their_last_attempts(
    store: Store, tmp_path: Path
) -> None:
    made = over(store, 3)
    log = LogWriter(folder(str(tmp_path), PROJECT, REGION, "nightly", "jobs"))
    for index, attempt, text in [(1, 0, "first try"), (0, 0, "well"), *((1, 1, f"line {n}") for n in range(15))]:
        labels = {"execution_name": made.ref.name, "task_index": str(index), "task_attempt": str(attempt)}
        log.append(
            [
                {
                    "logName": f"projects/{PROJECT}/logs/run.googleapis.com%2Fstdout",
                    "labels": {f"run.googleapis.com/{key}": value for key, value in labels.items()},
                    "timestamp": stamp(NOW),
                    "textPayload": text,
                }
            ]
        )
    log.close()
    failed = followed(store, tmp_path, made)
    name = made.ref.name
    assert failed.message == "The execution failed."
    assert failed.hint is not None
    lines = failed.hint.splitlines()
    assert lines[:2] == [
        "View details about this execution by running:",
        f"cloudrun run jobs executions describe {name}",
    ]
    head = f"Task [{name}-task1] failed after 2 attempts: exit code 1: The container exited with an error."
    place = lines.index(head)
    assert lines[place + 1 : place + 11] == [f"  2026-02-01 08:15:07 line {n}" for n in range(5, 15)]
    assert lines[place + 11 :] == ["", head.replace("task1", "task2")]


def test_of_many_failed_tasks_a_few_are_named_and_the_others_counted(store: Store, tmp_path: Path) -> None:
    hint = followed(store, tmp_path, over(store, 9)).hint or ""
    assert hint.count("failed after 2 attempts") == following.TASKS_SHOWN
    assert "3 more failed: cloudrun run jobs executions tasks list --execution=" in hint


def test_a_cancelled_execution_is_no_failure_of_a_task(store: Store, tmp_path: Path) -> None:
    made = a_run(store, 2)
    executions.cancel(store, made.ref, caller=CALLER, now=NOW)
    failed = followed(store, tmp_path, made)
    assert (failed.message, "failed after" in (failed.hint or "")) == ("The execution was cancelled.", False)


def test_an_execution_of_which_nothing_could_run_says_why(store: Store, tmp_path: Path) -> None:
    made = a_run(store, 2)
    executions.refused(store, made.ref, "ContainerMissing", "Image 'x' not found.", now=NOW)
    assert followed(store, tmp_path, made).message == "The execution failed. Image 'x' not found."


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (3600, "1h"), (5400, "1h30m"), (600, "10m"), (90061, "1d1h1m1s")]
)
def test_a_timeout_is_shown_in_short(seconds: int, text: str) -> None:
    assert short(seconds) == text


@pytest.mark.parametrize(
    ("end", "text"),
    [
        ("00:00:01", "1 second"),
        ("00:04:11", "4 minutes and 11 seconds"),
        ("01:07:29", "1 hour and 7 minutes"),
        ("23:59:59", "23 hours and 59 minutes"),
    ],
)
def test_elapsed_time_is_shown_in_its_two_largest_units(end: str, text: str) -> None:
    assert elapsed("2026-02-01T00:00:00.000000Z", f"2026-02-01T{end}.000000Z") == text
    assert elapsed("2026-02-01T00:00:00Z", "2026-02-03T05:00:00Z") == "2 days and 5 hours"


def test_a_task_that_was_killed_shows_the_signal_and_no_exit_code(store: Store) -> None:
    made = a_run(store, 1, max_retries=0)
    made = end(store, made, claim(store, made, 0), AttemptEnd(Cause.SIGNALED, None, 9))
    lines = list(task_lines(task_to_json(tasks.get(store, made.ref, 0), made, NUMBER)))
    assert lines[:5] == [
        f"X Task {made.ref.name}-task0 in region us-central1",
        "Running state:       Failed",
        "Last Attempt Result:",
        "  Signal:            9",
        "  Message:           The container was terminated by signal 9.",
    ]
