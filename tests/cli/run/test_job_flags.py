"""Flag by flag: what each asks of a job as v1 shows it, and what holds for one execution only.

Evidence: recorded where gcloud's own request is known (jobs-create-flags, jobs-create-secrets, jobs-execute-overrides),
else documented (gcloud run jobs create, update, execute).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.cli.app import find_command
from cloudrun_cli.cli.command import build
from cloudrun_cli.cli.complaints import Misuse
from cloudrun_cli.cli.context import Context, enter
from cloudrun_cli.cli.families import changes
from cloudrun_cli.cli.run.flags.tasks import WRITING
from cloudrun_cli.cli.run.jobs.execute import overrides
from cloudrun_cli.controlplane import jobs, projects, service_accounts
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.jobs import ContainerOverride, JobRef, Overrides
from cloudrun_cli.core.resources import EnvVar
from cloudrun_cli.core.wire.v1_jobs import job_to_json
from cloudrun_cli.settings import Settings
from cloudrun_cli.store.database import Store, open_store
from tests.builders import CALLER, NOW, NUMBER, PROJECT, RECORDINGS, REGION, seeded

IMAGE = "us-docker.pkg.dev/cloudrun/container/job"
REF = JobRef(PROJECT, REGION, "nightly")
TEMPLATE = ("spec", "template", "metadata", "annotations")
EXECUTION = ("spec", "template", "spec")
TASK = (*EXECUTION, "template", "spec")
CONTAINER = (*TASK, "containers", 0)
JOB = ("metadata", "annotations")
RUN = "run.googleapis.com/"
ACCOUNT = "worker@demo.iam.gserviceaccount.com"
KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"

BEFORE = [
    f"--image={IMAGE}",
    "--tasks=4",
    "--parallelism=2",
    "--set-env-vars=A=1,B=2",
    "--set-secrets=S=pass:1",
    "--labels=team=data,tier=back",
    "--add-volume=name=scratch,type=in-memory",
    "--add-volume-mount=volume=scratch,mount-path=/scratch",
    "--set-cloudsql-instances=demo:us-central1:main",
    "--binary-authorization=default",
    "--network=net",
    "--network-tags=t1",
    "--vpc-egress=private-ranges-only",
    "--cpu=4",
    "--memory=16Gi",
]
SECRET = {"name": "S", "valueFrom": {"secretKeyRef": {"key": "1", "name": "pass"}}}
A, B = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}

Row = tuple[Sequence[str], tuple[str | int, ...], Any]

ROWS: list[Row] = [
    (["--tasks=9"], (*EXECUTION, "taskCount"), 9),
    (["--parallelism=3"], (*EXECUTION, "parallelism"), 3),
    (["--parallelism=0"], (*EXECUTION, "parallelism"), None),
    (["--max-retries=0"], (*TASK, "maxRetries"), 0),
    (["--task-timeout=30m"], (*TASK, "timeoutSeconds"), "1800"),
    (["--image=img:2"], (*CONTAINER, "image"), "img:2"),
    (["--command=run", "--args=a,b"], (*CONTAINER, "args"), ["a", "b"]),
    (["--command=run"], (*CONTAINER, "command"), ["run"]),
    (["--workdir=/srv"], (*CONTAINER, "workingDir"), "/srv"),
    (["--cpu=8"], (*CONTAINER, "resources", "limits", "cpu"), "8"),
    (["--memory=8Gi"], (*CONTAINER, "resources", "limits", "memory"), "8Gi"),
    (["--gpu=1", "--gpu-type=nvidia-l4"], (*CONTAINER, "resources", "limits", "nvidia.com/gpu"), "1"),
    (["--gpu=1", "--gpu-type=nvidia-l4"], (*TASK, "nodeSelector", f"{RUN}accelerator"), "nvidia-l4"),
    (["--no-gpu-zonal-redundancy"], (*TEMPLATE, f"{RUN}gpu-zonal-redundancy-disabled"), "true"),
    (["--execution-environment=gen2"], (*TEMPLATE, f"{RUN}execution-environment"), "gen2"),
    (["--set-env-vars=C=3"], (*CONTAINER, "env"), [SECRET, {"name": "C", "value": "3"}]),
    (["--update-env-vars=B=9"], (*CONTAINER, "env"), [A, {"name": "B", "value": "9"}, SECRET]),
    (["--remove-env-vars=A"], (*CONTAINER, "env"), [B, SECRET]),
    (["--clear-env-vars"], (*CONTAINER, "env"), [SECRET]),
    (["--set-secrets=T=conf:latest"], (*CONTAINER, "env", 2, "valueFrom", "secretKeyRef", "name"), "conf"),
    (["--update-secrets=S=pass:2"], (*CONTAINER, "env", 2, "valueFrom", "secretKeyRef", "key"), "2"),
    (["--remove-secrets=S"], (*CONTAINER, "env"), [A, B]),
    (["--clear-secrets"], (*CONTAINER, "env"), [A, B]),
    (["--add-volume=name=b,type=cloud-storage,bucket=files"], (*TASK, "volumes", 1, "name"), "b"),
    (["--remove-volume=scratch"], (*TASK, "volumes"), None),
    (["--clear-volumes"], (*CONTAINER, "volumeMounts"), None),
    (["--add-volume-mount=volume=scratch,mount-path=/two"], (*CONTAINER, "volumeMounts", 1, "mountPath"), "/two"),
    (["--remove-volume-mount=/scratch"], (*CONTAINER, "volumeMounts"), None),
    (["--clear-volume-mounts"], (*CONTAINER, "volumeMounts"), None),
    (["--set-cloudsql-instances=eu:three"], (*TEMPLATE, f"{RUN}cloudsql-instances"), "demo:eu:three"),
    (["--remove-cloudsql-instances=main"], (*TEMPLATE, f"{RUN}cloudsql-instances"), None),
    (["--clear-cloudsql-instances"], (*TEMPLATE, f"{RUN}cloudsql-instances"), None),
    (
        ["--add-cloudsql-instances=two"],
        (*TEMPLATE, f"{RUN}cloudsql-instances"),
        "demo:us-central1:main,demo:us-central1:two",
    ),
    (
        ["--network=other", "--subnet=sub"],
        (*TEMPLATE, f"{RUN}network-interfaces"),
        '[{"network":"other","tags":["t1"],"subnetwork":"sub"}]',
    ),
    (["--network-tags=a"], (*TEMPLATE, f"{RUN}network-interfaces"), '[{"network":"net","tags":["a"]}]'),
    (["--clear-network-tags"], (*TEMPLATE, f"{RUN}network-interfaces"), '[{"network":"net"}]'),
    (["--clear-network", "--vpc-connector=c"], (*TEMPLATE, f"{RUN}vpc-access-connector"), "c"),
    (["--clear-vpc-connector"], (*TEMPLATE, f"{RUN}vpc-access-connector"), None),
    (["--vpc-egress=all-traffic"], (*TEMPLATE, f"{RUN}vpc-access-egress"), "all-traffic"),
    ([f"--service-account={ACCOUNT}"], (*TASK, "serviceAccountName"), ACCOUNT),
    ([f"--key={KEY}"], (*TEMPLATE, f"{RUN}encryption-key"), KEY),
    (["--clear-binary-authorization"], (*JOB, f"{RUN}binary-authorization"), None),
    (["--binary-authorization=p"], (*JOB, f"{RUN}binary-authorization"), "p"),
    (["--breakglass=because"], (*JOB, f"{RUN}binary-authorization-breakglass"), "because"),
    (["--labels=team=api"], ("metadata", "labels", "team"), "api"),
    (["--update-labels=team=api"], ("spec", "template", "metadata", "labels", "team"), "api"),
    (["--remove-labels=tier"], ("spec", "template", "metadata", "labels"), {"team": "data"}),
    (["--clear-labels"], ("spec", "template", "metadata", "labels"), None),
    (["--update-annotations=a.b/c=d"], (*JOB, "a.b/c"), "d"),
    (["--startup-probe=httpGet.path=/up,httpGet.port=80"], (*CONTAINER, "startupProbe", "httpGet", "path"), "/up"),
]  # fmt: skip

# Where a job is and whether it runs at once; a file, and the containers: each has tests of its own.
ELSEWHERE = {flag.name for flag in WRITING.flags} | {"--env-vars-file"}
ELSEWHERE |= {"--container", "--remove-containers", "--depends-on"}


def asked(path: str, arguments: Sequence[str]) -> tuple[Mapping[str, Any], list[Any]]:
    """What a command line means: its values, and the changes it asks for."""
    command = find_command(path)
    assert command is not None
    values = build(command).read(list(arguments))
    enter(Context(path, Settings(environ={"CLOUDRUN_HOME": "/nonexistent"}), values))
    return values, changes(command.families, values)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store in which the job is."""
    opened = open_store(str(tmp_path))
    _, wanted = asked("run jobs create", ["nightly", *BEFORE])
    projects.settle(opened, REF.project, CALLER, NOW)
    service_accounts.create(opened, REF.project, "worker", caller=CALLER, now=NOW)
    jobs.create(opened, REF, wanted, caller=CALLER, now=NOW, random=seeded(7))
    yield opened
    opened.close()


def at(body: Any, path: Sequence[str | int]) -> Any:
    """What is there; None where nothing is."""
    for step in path:
        if isinstance(body, list):
            body = body[int(step)] if int(step) < len(body) else None
        else:
            body = (body or {}).get(step)
    return body


@pytest.mark.parametrize(("arguments", "path", "value"), ROWS, ids=[" ".join(row[0]) for row in ROWS])
def test_a_flag_sets_its_field_and_nothing_else(
    store: Store, arguments: Sequence[str], path: Sequence[str | int], value: Any
) -> None:
    _, wanted = asked("run jobs update", ["nightly", *arguments])
    made = jobs.update(store, REF, wanted, caller=CALLER, now=NOW, random=seeded(9))
    body = job_to_json(made, NUMBER)
    assert at(body, path) == value
    assert (made.generation, at(body, (*CONTAINER, "ports"))) == (2, None)


def test_flags_after_a_container_are_about_that_container(store: Store) -> None:
    ref = JobRef(PROJECT, REGION, "several")
    words = ["--container=main", "--image=i", "--depends-on=side", "--container=side", "--image=redis:7", "--cpu=2"]
    _, wanted = asked("run jobs create", ["several", *words])
    body = job_to_json(jobs.create(store, ref, wanted, caller=CALLER, now=NOW, random=seeded(3)), NUMBER)
    assert [container["name"] for container in at(body, (*TASK, "containers"))] == ["main", "side"]
    assert at(body, (*TASK, "containers", 1, "resources", "limits", "cpu")) == "2"
    assert at(body, (*TEMPLATE, f"{RUN}container-dependencies")) == '{"main":["side"]}'
    _, wanted = asked("run jobs update", ["several", "--remove-containers=side"])
    body = job_to_json(jobs.update(store, ref, wanted, caller=CALLER, now=NOW, random=seeded(3)), NUMBER)
    assert [container["name"] for container in at(body, (*TASK, "containers"))] == ["main"]


def test_every_flag_has_a_row() -> None:
    command = find_command("run jobs update")
    assert command is not None
    rows = {word.partition("=")[0] for row in ROWS for word in row[0]}
    flags = {flag.name for family in command.families for flag in family.flags}
    assert {name for name in flags if name not in rows and f"--no-{name[2:]}" not in rows} == ELSEWHERE


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recorded surface of gcloud is not beside the repository")
def test_every_visible_command_and_flag_of_gcloud_is_taken() -> None:
    surface = json.loads((RECORDINGS / "gcloud-surface.json").read_text(encoding="utf-8"))
    described = [c for c in surface["commands"] if c["path"].startswith("run jobs ") and "GA" in c["tracks"]]
    assert len(described) >= 20
    for one in described:
        command = find_command(one["path"])
        assert command is not None, one["path"]
        wanted = {f["name"] for f in one["flags"] if not f.get("hidden") and "GA" in f.get("tracks", ["GA"])}
        negatable = {f"--no-{f['name'][2:]}" for f in one["flags"] if f["name"] in wanted and f.get("negatable")}
        assert (wanted | negatable) - set(build(command).by_name) == set(), one["path"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["create", "j", "--image=i", "--async", "--wait"], "At most one of --async | --execute-now --wait"),
        (["create", "j", "--image=i", "--clear-env-vars", "--set-env-vars=A=1"], "argument --clear-env-vars"),
        (["deploy", "j", "--image=i", "--source=."], "At most one of --image | --source"),
        (["execute", "j", "--async", "--wait"], "At most one of --async | --wait"),
        (["execute", "j", "--memory=1Gi"], "unrecognized arguments"),
        (["create", "j", "--image=i", "--port=80"], "unrecognized arguments"),
        (["create", "j", "--image=i", "--clear-network"], "unrecognized arguments"),
        (["create", "j", "--max-retries=-1"], "Value must be greater than or equal to 0"),
        (["update", "j", "--task-timeout=0s"], "value must be greater than or equal to 1s"),
        (["execute", "j", "--args=x", "--container=a", "--args=y"], "--args must be specified after --container"),
    ],
)
def test_what_does_not_go_together_is_refused(words: list[str], problem: str) -> None:
    with pytest.raises(Misuse) as refused:
        asked(f"run jobs {words[0]}", words[1:])
    assert problem in refused.value.message


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ([], Overrides()),
        (["--tasks=2", "--task-timeout=5m"], Overrides(tasks=2, timeout=timedelta(minutes=5))),
        (["--args=x,y"], Overrides((ContainerOverride("", ("x", "y")),))),
        (["--args="], Overrides((ContainerOverride("", ()),))),
        (["--update-env-vars=A=5"], Overrides((ContainerOverride("", None, (EnvVar("A", "5"),)),))),
        (
            ["--container=a", "--args=x", "--container=b", "--update-env-vars=A=5"],
            Overrides((ContainerOverride("a", ("x",)), ContainerOverride("b", None, (EnvVar("A", "5"),)))),
        ),
    ],
    ids=str,
)
def test_flags_of_execute_hold_for_one_execution(arguments: list[str], meant: Overrides) -> None:
    values, _ = asked("run jobs execute", ["nightly", *arguments])
    assert overrides(values) == meant


def test_a_container_is_not_named_for_nothing() -> None:
    values, _ = asked("run jobs execute", ["nightly", "--container=a", "--container=b", "--args=x"])
    with pytest.raises(InvalidArgument, match=r"container `a`.*--update-env-vars"):
        overrides(values)
