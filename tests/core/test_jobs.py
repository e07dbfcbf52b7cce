"""What jobs may be, and what executions are made of them. Evidence: documented (quotas and limits; v1, TaskSpec),
recorded (names, addresses of logs), ours (wording)."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.job_rules import check_job, overridden
from cloudrun_cli.core.jobs import (
    ContainerOverride,
    ExecutionRef,
    ExecutionTemplate,
    Overrides,
    log_uri,
    next_execution_name,
    split_task_name,
    task_name,
)
from cloudrun_cli.core.names import check_job_name
from cloudrun_cli.core.resources import Container, ContainerPort, EnvVar, Probe, RevisionTemplate
from tests.builders import RECORDINGS, seeded
from tests.job_builders import IMAGE, a_job, an_execution_template

recorded = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}: names are not compared")
GEN2 = "run.googleapis.com/execution-environment"
TASK = "spec.template.spec.template.spec"


def test_names_of_executions_are_their_jobs_with_five_letters() -> None:
    random = seeded(1)
    made = {next_execution_name("etl", random) for _ in range(100)}
    assert len(made) == 100
    assert all(name.startswith("etl-") and len(name) == 9 for name in made)
    assert not set("".join(made).removeprefix("etl-")) & set("aiou013")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("etl-q5mr7-task0", ("etl-q5mr7", 0)),
        ("a-task1-task9999", ("a-task1", 9999)),
        ("etl-q5mr7", None),
        ("-task1", None),
        ("etl-task", None),
        ("etl-task-1", None),
        ("etl-task\u0661", None),
    ],
)
def test_a_task_is_named_by_its_execution_and_index(name: str, parts: tuple[str, int] | None) -> None:
    assert split_task_name(name) == parts
    assert parts is None or task_name(*parts) == name


@recorded
def test_the_address_of_the_log_is_the_recorded_one() -> None:
    for body in json.loads((RECORDINGS / "resources" / "executions.json").read_text())["items"]:
        meta = body["metadata"]
        ref = ExecutionRef("demo", meta["labels"]["cloud.googleapis.com/location"], meta["name"])
        assert log_uri(ref, meta["labels"]["run.googleapis.com/job"]) == body["status"]["logUri"]


@pytest.mark.parametrize("name", ["a", "a" * 49, "etl-2"])
def test_names_that_jobs_may_have(name: str) -> None:
    assert check_job_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "2etl", "etl-", "a" * 50, "a_b"])
def test_names_that_jobs_may_not_have(name: str) -> None:
    with pytest.raises(InvalidArgument):
        check_job_name(name)


def _task(**container: Any) -> RevisionTemplate:
    return RevisionTemplate((Container(IMAGE, **container),), timeout=timedelta(seconds=600))


@pytest.mark.parametrize(
    "template",
    [
        an_execution_template(tasks=1),
        an_execution_template(tasks=10_000, parallelism=0, max_retries=0),
        an_execution_template(tasks=2, parallelism=5, max_retries=10),
        an_execution_template(replace(_task(), timeout=timedelta(hours=168))),
        an_execution_template(replace(_task(), timeout=timedelta(seconds=1))),
        an_execution_template(RevisionTemplate((Container(IMAGE, "main"), Container(IMAGE, "side")))),
        an_execution_template(_task(startup_probe=Probe(kind="tcp", port=5432))),
    ],
)
def test_what_a_job_may_be(template: ExecutionTemplate) -> None:
    check_job(a_job(template=template))


@pytest.mark.parametrize(
    ("template", "field", "message"),
    [
        (an_execution_template(tasks=0), "spec.template.spec.taskCount", "from 1 to 10000"),
        (an_execution_template(tasks=10_001), "spec.template.spec.taskCount", "Invalid value 10001"),
        (an_execution_template(parallelism=-1), "spec.template.spec.parallelism", "at least 0"),
        (an_execution_template(max_retries=11), f"{TASK}.maxRetries", "from 0 to 10"),
        (an_execution_template(max_retries=-1), f"{TASK}.maxRetries", "Invalid value -1"),
        (an_execution_template(replace(_task(), timeout=timedelta())), f"{TASK}.timeoutSeconds", "from 1 to 604800"),
        (
            an_execution_template(replace(_task(), timeout=timedelta(hours=169))),
            f"{TASK}.timeoutSeconds",
            "Invalid value 608400",
        ),
        (
            an_execution_template(
                replace(_task(cpu="4", memory="16Gi", limits={"nvidia.com/gpu": "1"}), timeout=timedelta(hours=2))
            ),
            f"{TASK}.timeoutSeconds",
            "from 1 to 3600",
        ),
        (an_execution_template(_task(port=ContainerPort())), f"{TASK}.containers[0].ports", "gets no requests"),
        (
            an_execution_template(_task(liveness_probe=Probe(port=1))),
            f"{TASK}.containers[0].livenessProbe",
            "gets no requests",
        ),
        (
            an_execution_template(replace(_task(), concurrency=1)),
            f"{TASK}.containerConcurrency",
            "gets no requests",
        ),
        (
            an_execution_template(replace(_task(), max_instances=1)),
            "spec.template.metadata.annotations",
            "is not scaled",
        ),
        (
            an_execution_template(replace(_task(), annotations={GEN2: "gen1"})),
            f"spec.template.metadata.annotations[{GEN2}]",
            "gen2 only",
        ),
        (an_execution_template(_task(memory="128Mi")), f"{TASK}.containers.resources.limits.memory", "512Mi"),
        (an_execution_template(_task(cpu="500m")), f"{TASK}.containers.resources.limits.cpu", "500m"),
        (an_execution_template(replace(_task(), containers=(Container(""),))), f"{TASK}.containers[0].image", "image"),
        (
            an_execution_template(_task(env=(EnvVar("CLOUD_RUN_TASK_INDEX", "1"),))),
            f"{TASK}.containers[0].env",
            "reserved",
        ),
        (
            an_execution_template(replace(_task(), service_account="nobody")),
            f"{TASK}.serviceAccountName",
            "e-mail address",
        ),
    ],
)
def test_what_a_job_may_not_be(template: ExecutionTemplate, field: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message) as raised:
        check_job(a_job(template=template))
    assert raised.value.field == field
    assert field in raised.value.message


def test_overrides_are_laid_over_one_container_and_nothing_else() -> None:
    task = _task(args=("a",), env=(EnvVar("A", "1"), EnvVar("B", "2")))
    template = an_execution_template(task, tasks=4, parallelism=2)
    override = ContainerOverride("", ("x", "y"), (EnvVar("B", "5"), EnvVar("C", "6")))
    out = overridden(template, Overrides((override,), tasks=2, timeout=timedelta(minutes=5)))
    assert (out.tasks, out.parallelism, out.task.timeout) == (2, 2, timedelta(minutes=5))
    (container,) = out.task.containers
    assert container.args == ("x", "y")
    assert container.env == (EnvVar("A", "1"), EnvVar("B", "5"), EnvVar("C", "6"))
    assert overridden(template, Overrides()) == template
    assert overridden(template, Overrides((ContainerOverride(args=()),))).task.containers[0].args == ()
    assert overridden(template, Overrides((ContainerOverride("any"),))) == template


def test_overrides_name_one_of_several_containers() -> None:
    template = an_execution_template(RevisionTemplate((Container(IMAGE, "main"), Container(IMAGE, "side"))))
    out = overridden(template, Overrides((ContainerOverride("side", ("x",)),)))
    assert [c.args for c in out.task.containers] == [(), ("x",)]
    for name in ("", "other"):
        with pytest.raises(InvalidArgument, match=r"the job has \[main, side\]"):
            overridden(template, Overrides((ContainerOverride(name, ("x",)),)))


@pytest.mark.parametrize(
    "overrides",
    [
        Overrides(tasks=0),
        Overrides(timeout=timedelta(hours=200)),
        Overrides((ContainerOverride(env=(EnvVar("K_SERVICE", "x"),)),)),
    ],
)
def test_overrides_keep_to_the_rules_of_jobs(overrides: Overrides) -> None:
    with pytest.raises(InvalidArgument):
        overridden(an_execution_template(), overrides)
