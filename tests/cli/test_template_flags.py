"""Flag by flag: what each asks of a service as v1 shows it, and whether it makes a revision.

Evidence: documented (which settings make a revision; gcloud run services update), and recorded where gcloud's own
request is known: deploy-new-all-flags, deploy-new-secrets, deploy-new-probe, deploy-new-cloudsql, update-min-max.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.cli.app import find_command
from cloudrun_cli.cli.command import build
from cloudrun_cli.cli.context import Context, enter
from cloudrun_cli.cli.families import changes, recorded
from cloudrun_cli.cli.run.flags.rollout import FAMILY as ROLLOUT
from cloudrun_cli.cli.run.flags.rollout import rollout
from cloudrun_cli.controlplane import services
from cloudrun_cli.controlplane.services import Rollout, Updated
from cloudrun_cli.core.container_changes import ImageChange
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.wire.v1 import service_to_json
from cloudrun_cli.settings import Settings
from cloudrun_cli.store.database import Store, open_store
from tests.builders import CALLER, HELLO, NOW, NUMBER, RECORDINGS, a_ref, seeded
from tests.controlplane.verbs import an_account

TEMPLATE = ("spec", "template", "metadata", "annotations")
SERVICE = ("metadata", "annotations")
SPEC = ("spec", "template", "spec")
CONTAINER = (*SPEC, "containers", 0)
RUN = "run.googleapis.com/"
KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"

# What was deployed before, so that there is something to change and to remove.
BEFORE = [
    f"--image={HELLO}",
    "--set-env-vars=A=1,B=2",
    "--set-secrets=S=pass:1,/etc/cfg/a=conf:1",
    "--labels=team=web,tier=front",
    "--add-volume=name=scratch,type=in-memory",
    "--add-volume-mount=volume=scratch,mount-path=/scratch",
    "--set-cloudsql-instances=demo:us-central1:main",
    "--set-custom-audiences=https://a.example",
    f"--key={KEY}",
    "--post-key-revocation-action-type=shut-down",
    "--encryption-key-shutdown-hours=3",
    "--binary-authorization=default",
    "--network=net",
    "--network-tags=t1",
    "--cpu=4",
    "--memory=16Gi",
    "--set-build-env-vars=X=1,Y=2",
    "--base-image=python313",
    "--build-service-account=sa@x",
    "--build-worker-pool=pool",
]
ENV = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
SECRET = {"name": "S", "valueFrom": {"secretKeyRef": {"key": "1", "name": "pass"}}}
SCRATCH = {"mountPath": "/scratch", "name": "scratch"}
NEW, SAME = True, False  # a revision, or none

Row = tuple[Sequence[str], bool, tuple[str | int, ...], Any]

ROWS: list[Row] = [
    (["--image=img:2"], NEW, (*CONTAINER, "image"), "img:2"),
    (["--command=/app,-x"], NEW, (*CONTAINER, "command"), ["/app", "-x"]),
    (["--command="], NEW, (*CONTAINER, "command"), None),
    (["--args=--x,--y=1"], NEW, (*CONTAINER, "args"), ["--x", "--y=1"]),
    (["--workdir=/srv"], NEW, (*CONTAINER, "workingDir"), "/srv"),
    (["--port=9090"], NEW, (*CONTAINER, "ports"), [{"containerPort": 9090, "name": "http1"}]),
    (["--port=9090"], NEW, (*CONTAINER, "startupProbe", "tcpSocket", "port"), 9090),
    (["--port=default"], NEW, (*CONTAINER, "ports", 0, "containerPort"), 8080),
    (["--use-http2"], NEW, (*CONTAINER, "ports", 0, "name"), "h2c"),
    (["--no-use-http2"], NEW, (*CONTAINER, "ports", 0, "name"), "http1"),
    (["--container=hello-1", "--container=r", "--image=redis:7"], NEW, (*SPEC, "containers", 1, "image"), "redis:7"),
    (
        ["--container=hello-1", "--depends-on=r", "--container=r", "--image=redis:7"],
        NEW,
        (*TEMPLATE, f"{RUN}container-dependencies"),
        '{"hello-1":["r"]}',
    ),
    (
        ["--remove-containers=hello-1", "--container=r", "--image=i", "--port=1"],
        NEW,
        (*SPEC, "containers", 0, "name"),
        "r",
    ),
    (["--set-env-vars=C=3"], NEW, (*CONTAINER, "env"), [SECRET, {"name": "C", "value": "3"}]),
    (["--update-env-vars=B=9"], NEW, (*CONTAINER, "env", 1), {"name": "B", "value": "9"}),
    (["--remove-env-vars=A"], NEW, (*CONTAINER, "env"), [ENV[1], SECRET]),
    (["--clear-env-vars"], NEW, (*CONTAINER, "env"), [SECRET]),
    (["--update-secrets=S=pass:latest"], NEW, (*CONTAINER, "env", 2, "valueFrom", "secretKeyRef", "key"), "latest"),
    (["--set-secrets=T=other:1"], NEW, (*CONTAINER, "env", 2, "name"), "T"),
    (["--set-secrets=T=other:1"], NEW, (*CONTAINER, "volumeMounts"), [SCRATCH]),
    (["--remove-secrets=S"], NEW, (*CONTAINER, "env"), ENV),
    (["--remove-secrets=/etc/cfg/a"], NEW, (*CONTAINER, "volumeMounts"), [SCRATCH]),
    (["--clear-secrets"], NEW, (*CONTAINER, "env"), ENV),
    (["--cpu=8"], NEW, (*CONTAINER, "resources", "limits"), {"cpu": "8", "memory": "16Gi"}),
    (["--memory=8Gi"], NEW, (*CONTAINER, "resources", "limits", "memory"), "8Gi"),
    (["--gpu=1"], NEW, (*CONTAINER, "resources", "limits", "nvidia.com/gpu"), "1"),
    (["--gpu=1", "--gpu-type=nvidia-l4"], NEW, (*SPEC, "nodeSelector"), {f"{RUN}accelerator": "nvidia-l4"}),
    (["--no-gpu-zonal-redundancy"], NEW, (*TEMPLATE, f"{RUN}gpu-zonal-redundancy-disabled"), "true"),
    (["--no-cpu-boost"], NEW, (*TEMPLATE, f"{RUN}startup-cpu-boost"), "false"),
    (["--no-cpu-throttling"], NEW, (*TEMPLATE, f"{RUN}cpu-throttling"), "false"),
    (["--execution-environment=gen2"], NEW, (*TEMPLATE, f"{RUN}execution-environment"), "gen2"),
    (
        ["--startup-probe=httpGet.path=/ready,httpGet.port=8080,periodSeconds=5"],
        NEW,
        (*CONTAINER, "startupProbe", "httpGet"),
        {"path": "/ready", "port": 8080},
    ),
    (["--startup-probe=tcpSocket.port=8080"], NEW, ("spec", "template", "metadata", "labels", f"{RUN}startupProbeType"),
     None),
    (["--startup-probe="], NEW, (*CONTAINER, "startupProbe", "periodSeconds"), 240),
    (
        ["--liveness-probe=httpGet.path=/live,periodSeconds=20"],
        NEW,
        (*CONTAINER, "livenessProbe"),
        {"failureThreshold": 3, "httpGet": {"path": "/live", "port": 8080}, "periodSeconds": 20, "timeoutSeconds": 1},
    ),
    (["--readiness-probe=grpc.service=s"], NEW, (*CONTAINER, "readinessProbe", "grpc"), {"port": 8080, "service": "s"}),
    (
        ["--add-volume=name=b,type=cloud-storage,bucket=data,readonly=true"],
        NEW,
        (*SPEC, "volumes", 2, "csi"),
        {"driver": "gcsfuse.run.googleapis.com", "readOnly": True, "volumeAttributes": {"bucketName": "data"}},
    ),
    (["--remove-volume=scratch"], NEW, (*SPEC, "volumes", 0, "secret", "secretName"), "conf"),
    (["--clear-volumes"], NEW, (*SPEC, "volumes"), None),
    (["--clear-volumes"], NEW, (*CONTAINER, "volumeMounts"), None),
    (
        ["--add-volume-mount=volume=scratch,mount-path=/two"],
        NEW,
        (*CONTAINER, "volumeMounts", 2),
        {"mountPath": "/two", "name": "scratch"},
    ),
    (["--remove-volume-mount=/etc/cfg"], NEW, (*CONTAINER, "volumeMounts"), [SCRATCH]),
    (["--clear-volume-mounts"], NEW, (*CONTAINER, "volumeMounts"), None),
    (
        ["--add-cloudsql-instances=two"],
        NEW,
        (*TEMPLATE, f"{RUN}cloudsql-instances"),
        "demo:us-central1:main,demo:us-central1:two",
    ),
    (["--set-cloudsql-instances=eu:three"], NEW, (*TEMPLATE, f"{RUN}cloudsql-instances"), "demo:eu:three"),
    (["--remove-cloudsql-instances=main"], NEW, (*TEMPLATE, f"{RUN}cloudsql-instances"), None),
    (["--clear-cloudsql-instances"], NEW, (*TEMPLATE, f"{RUN}cloudsql-instances"), None),
    (
        ["--network=other", "--subnet=sub"],
        NEW,
        (*TEMPLATE, f"{RUN}network-interfaces"),
        '[{"network":"other","tags":["t1"],"subnetwork":"sub"}]',
    ),
    (["--network-tags=a,b"], NEW, (*TEMPLATE, f"{RUN}network-interfaces"), '[{"network":"net","tags":["a","b"]}]'),
    (["--clear-network-tags"], NEW, (*TEMPLATE, f"{RUN}network-interfaces"), '[{"network":"net"}]'),
    (["--clear-network"], NEW, (*TEMPLATE, f"{RUN}network-interfaces"), None),
    (["--vpc-egress=all-traffic"], NEW, (*TEMPLATE, f"{RUN}vpc-access-egress"), "all-traffic"),
    (["--clear-network", "--vpc-connector=c"], NEW, (*TEMPLATE, f"{RUN}vpc-access-connector"), "c"),
    (["--clear-vpc-connector"], NEW, (*TEMPLATE, f"{RUN}vpc-access-connector"), None),
    (["--mesh=m"], NEW, (*TEMPLATE, f"{RUN}mesh"), "m"),
    (["--concurrency=20"], NEW, (*SPEC, "containerConcurrency"), 20),
    (["--concurrency=default"], NEW, (*SPEC, "containerConcurrency"), 80),
    (["--min-instances=1"], NEW, (*TEMPLATE, "autoscaling.knative.dev/minScale"), "1"),
    (["--max-instances=7"], NEW, (*TEMPLATE, "autoscaling.knative.dev/maxScale"), "7"),
    (["--scaling-cpu-target=0.5"], NEW, (*TEMPLATE, f"{RUN}scaling-cpu-target"), "0.5"),
    (["--scaling-cpu-target=disabled"], NEW, (*TEMPLATE, f"{RUN}scaling-cpu-target"), "disabled"),
    (["--scaling-concurrency-target=default"], NEW, (*TEMPLATE, f"{RUN}scaling-concurrency-target"), None),
    (["--min=1", "--max=9"], SAME, (*SERVICE, f"{RUN}minScale"), "1"),
    (["--max=9"], SAME, (*SERVICE, f"{RUN}maxScale"), "9"),
    (["--service-min-instances=2"], SAME, (*SERVICE, f"{RUN}minScale"), "2"),
    (["--service-max-instances=3"], SAME, (*SERVICE, f"{RUN}maxScale"), "3"),
    (["--scaling=3"], SAME, (*SERVICE, f"{RUN}manualInstanceCount"), "3"),
    (["--scaling=auto"], SAME, (*SERVICE, f"{RUN}manualInstanceCount"), None),
    (["--timeout=2m"], NEW, (*SPEC, "timeoutSeconds"), 120),
    (["--session-affinity"], NEW, (*TEMPLATE, f"{RUN}sessionAffinity"), "true"),
    (["--ingress=internal"], SAME, (*SERVICE, f"{RUN}ingress"), "internal"),
    (["--connectivity=internal"], SAME, (*SERVICE, f"{RUN}ingress"), "internal"),
    (["--no-default-url"], SAME, (*SERVICE, f"{RUN}default-url-disabled"), "true"),
    (["--no-invoker-iam-check"], SAME, (*SERVICE, f"{RUN}invoker-iam-disabled"), "true"),
    (["--iap"], SAME, (*SERVICE, f"{RUN}iap-enabled"), "true"),
    (
        ["--add-custom-audiences=https://b.example"],
        NEW,  # of the service, yet the command line makes a revision of it
        (*SERVICE, f"{RUN}custom-audiences"),
        '["https://a.example","https://b.example"]',
    ),
    (
        ["--set-custom-audiences=https://b.example"],
        NEW,
        (*SERVICE, f"{RUN}custom-audiences"),
        '["https://b.example"]',
    ),
    (["--remove-custom-audiences=https://a.example"], NEW, (*SERVICE, f"{RUN}custom-audiences"), None),
    (["--clear-custom-audiences"], NEW, (*SERVICE, f"{RUN}custom-audiences"), None),
    (["--service-account=worker@demo.iam.gserviceaccount.com"], NEW, (*SPEC, "serviceAccountName"),
     "worker@demo.iam.gserviceaccount.com"),
    ([f"--key={KEY}2"], NEW, (*TEMPLATE, f"{RUN}encryption-key"), f"{KEY}2"),
    (["--clear-key"], NEW, (*TEMPLATE, f"{RUN}encryption-key"), None),
    (
        ["--post-key-revocation-action-type=prevent-new"],
        NEW,
        (*TEMPLATE, f"{RUN}post-key-revocation-action-type"),
        "prevent-new",
    ),
    (["--clear-post-key-revocation-action-type"], NEW, (*TEMPLATE, f"{RUN}post-key-revocation-action-type"), None),
    (["--encryption-key-shutdown-hours=5"], NEW, (*TEMPLATE, f"{RUN}encryption-key-shutdown-hours"), "5"),
    (["--clear-encryption-key-shutdown-hours"], NEW, (*TEMPLATE, f"{RUN}encryption-key-shutdown-hours"), None),
    (["--binary-authorization=p"], SAME, (*SERVICE, f"{RUN}binary-authorization"), "p"),
    (["--clear-binary-authorization"], SAME, (*SERVICE, f"{RUN}binary-authorization"), None),
    (["--breakglass=because"], SAME, (*SERVICE, f"{RUN}binary-authorization-breakglass"), "because"),
    (["--labels=team=api"], NEW, ("metadata", "labels", "team"), "api"),
    (["--update-labels=team=api"], NEW, ("spec", "template", "metadata", "labels", "team"), "api"),
    (["--remove-labels=team"], NEW, ("metadata", "labels"), {"cloud.googleapis.com/location": "us-central1",
                                                            "tier": "front"}),
    (["--clear-labels"], NEW, ("metadata", "labels"), {"cloud.googleapis.com/location": "us-central1"}),
    (["--description=Everything"], SAME, (*SERVICE, f"{RUN}description"), "Everything"),
    (["--update-annotations=a.b/c=d"], SAME, (*SERVICE, "a.b/c"), "d"),
    (["--no-deploy-health-check"], NEW, (*TEMPLATE, f"{RUN}health-check-disabled"), "true"),
]  # fmt: skip

# Of a deploy alone; it makes a revision whatever is asked.
DEPLOY_ROWS: list[tuple[Sequence[str], tuple[str | int, ...], Any]] = [
    (["--base-image=nodejs22"], (*SERVICE, f"{RUN}build-base-image"), "nodejs22"),
    (["--clear-base-image"], (*SERVICE, f"{RUN}build-base-image"), None),
    (["--function=hello"], (*SERVICE, f"{RUN}build-function-target"), "hello"),
    (["--no-automatic-updates"], (*SERVICE, f"{RUN}build-enable-automatic-updates"), "false"),
    (["--set-build-env-vars=Z=3"], (*SERVICE, f"{RUN}build-environment-variables"), '{"Z":"3"}'),
    (["--update-build-env-vars=Y=9"], (*SERVICE, f"{RUN}build-environment-variables"), '{"X":"1","Y":"9"}'),
    (["--remove-build-env-vars=X"], (*SERVICE, f"{RUN}build-environment-variables"), '{"Y":"2"}'),
    (["--clear-build-env-vars"], (*SERVICE, f"{RUN}build-environment-variables"), None),
    (["--build-service-account=b@x"], (*SERVICE, f"{RUN}build-service-account"), "b@x"),
    (["--clear-build-service-account"], (*SERVICE, f"{RUN}build-service-account"), None),
    (["--build-worker-pool=p2"], (*SERVICE, f"{RUN}build-worker-pool"), "p2"),
    (["--clear-build-worker-pool"], (*SERVICE, f"{RUN}build-worker-pool"), None),
    (["--regions=us-central1,europe-west1"], (*SERVICE, f"{RUN}regions"), "us-central1,europe-west1"),
]

# Where a service is and how a change comes into use; files; what a build takes: each has tests of its own.
ELSEWHERE = {flag.name for flag in ROLLOUT.flags if flag.name != "--deploy-health-check"}
ELSEWHERE |= {"--env-vars-file", "--build-env-vars-file", "--source"}


def asked(path: str, arguments: Sequence[str]) -> tuple[Mapping[str, Any], list[Any]]:
    """What a command line means: its values, and the changes it asks for."""
    command = find_command(path)
    assert command is not None
    values = build(command).read(list(arguments))
    enter(Context(path, Settings(environ={"CLOUDRUN_HOME": "/nonexistent"}), values))
    return values, changes(command.families, values)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store in which the service is."""
    opened = open_store(str(tmp_path))
    deploy(opened, BEFORE)
    an_account(opened, "worker")
    yield opened
    opened.close()


def deploy(store: Store, arguments: Sequence[str]) -> services.Deployed:
    _, wanted = asked("run deploy", ["hello", *arguments])
    return services.deploy(store, a_ref(), wanted, caller=CALLER, now=NOW, random=seeded(7))


def update(store: Store, arguments: Sequence[str], rollout: Rollout = Rollout()) -> Updated:
    _, wanted = asked("run services update", ["hello", *arguments])
    return services.update(store, a_ref(), wanted, rollout=rollout, caller=CALLER, now=NOW, random=seeded(9))


def at(body: Any, path: Sequence[str | int]) -> Any:
    """What is there; None where nothing is."""
    for step in path:
        if isinstance(body, list):
            body = body[int(step)] if int(step) < len(body) else None
        else:
            body = (body or {}).get(step)
    return body


@pytest.mark.parametrize(("arguments", "new", "path", "value"), ROWS, ids=[" ".join(row[0]) for row in ROWS])
def test_a_flag_sets_its_field_and_makes_a_revision_or_none(
    store: Store, arguments: Sequence[str], new: bool, path: Sequence[str | int], value: Any
) -> None:
    before = services.get(store, a_ref())
    made = update(store, arguments)
    assert at(service_to_json(made.service, NUMBER), path) == value
    assert (made.revision is not None) == new
    assert made.service.generation == before.generation + 1
    if not new:
        assert made.service.template == before.template
        assert made.service.status.latest_created == before.status.latest_created


@pytest.mark.parametrize(("arguments", "path", "value"), DEPLOY_ROWS, ids=[" ".join(r[0]) for r in DEPLOY_ROWS])
def test_a_flag_of_a_build_is_kept_on_the_service(
    store: Store, arguments: Sequence[str], path: Sequence[str | int], value: Any
) -> None:
    made = deploy(store, arguments)
    assert at(service_to_json(made.service, NUMBER), path) == value


def test_every_flag_has_a_row() -> None:
    command = find_command("run deploy")
    assert command is not None
    flags = {flag.name: flag for family in command.families for flag in family.flags}
    rows = {word.partition("=")[0] for words in [*(r[0] for r in ROWS), *(r[0] for r in DEPLOY_ROWS)] for word in words}
    untried = {name for name in flags if name not in rows and f"--no-{name[2:]}" not in rows}
    assert untried == ELSEWHERE


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recorded surface of gcloud is not beside the repository")
@pytest.mark.parametrize("path", ["run deploy", "run services update"])
def test_every_visible_flag_of_gcloud_is_taken(path: str) -> None:
    surface = json.loads((RECORDINGS / "gcloud-surface.json").read_text(encoding="utf-8"))
    described = next(command for command in surface["commands"] if command["path"] == path)
    wanted = {f["name"] for f in described["flags"] if not f.get("hidden") and "GA" in f.get("tracks", ["GA"])}
    command = find_command(path)
    assert command is not None
    built = build(command)
    assert wanted - set(built.by_name) == set()
    negatable = {f"--no-{f['name'][2:]}" for f in described["flags"] if f["name"] in wanted and f.get("negatable")}
    assert negatable - set(built.by_name) == set()


def test_a_deploy_makes_a_revision_even_where_only_the_service_is_spoken_of(store: Store) -> None:
    assert deploy(store, ["--min=1"]).revision.ref.name.startswith("hello-00002-")


@pytest.mark.parametrize(
    ("rollout", "new"),
    [(Rollout(tag="green"), True), (Rollout(suffix="v2"), True), (Rollout(), False)],
)
def test_a_tag_or_a_name_for_a_new_revision_makes_one(store: Store, rollout: Rollout, new: bool) -> None:
    made = update(store, ["--min=1"], rollout)
    assert (made.revision is not None) == new
    assert [t.tag for t in made.service.traffic if t.tag] == ([rollout.tag] if rollout.tag else [])


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--memory=1Gi"], []),
        ([f"--key={KEY}", "--gpu=1", "--cpu-boost", "--no-cpu-throttling"], ["--gpu", "--key"]),
        (["--no-gpu-zonal-redundancy"], ["--no-gpu-zonal-redundancy"]),
        (["--clear-key"], []),
        (["--container=a", "--gpu=1", "--container=b", "--gpu=1"], ["--gpu"]),
    ],
)
def test_what_has_no_effect_here_is_named_once(arguments: Sequence[str], names: list[str]) -> None:
    command = find_command("run services update")
    assert command is not None
    values, _ = asked("run services update", ["hello", *arguments])
    assert recorded(command.families, values) == names


@pytest.mark.parametrize(
    ("before", "then", "env"),
    [
        (["--set-env-vars=X=1"], ["--remove-env-vars=X", "--update-secrets=X=s:1"], "valueFrom"),
        (["--set-secrets=X=s:1"], ["--remove-secrets=X", "--update-env-vars=X=1"], "value"),
        (["--set-secrets=X=s:1"], ["--clear-secrets", "--set-env-vars=X=1"], "value"),
    ],
)
def test_a_variable_turns_from_text_to_secret_and_back_when_it_is_removed_at_once(
    store: Store, before: list[str], then: list[str], env: str
) -> None:
    deploy(store, [f"--image={HELLO}", *before])
    body = service_to_json(update(store, then).service, NUMBER)
    assert [env in v for v in at(body, (*CONTAINER, "env")) if v["name"] == "X"] == [True]


@pytest.mark.parametrize(
    ("before", "then"),
    [(["--set-env-vars=X=1"], ["--update-secrets=X=s:1"]), (["--set-secrets=X=s:1"], ["--update-env-vars=X=1"])],
)
def test_a_variable_does_not_turn_unasked(store: Store, before: list[str], then: list[str]) -> None:
    deploy(store, [f"--image={HELLO}", *before])
    now = services.get(store, a_ref())
    with pytest.raises(InvalidArgument, match=r"\[X\] to the given type"):
        update(store, then)
    assert services.get(store, a_ref()) == now


def test_an_update_runs_the_image_of_the_last_revision_by_digest(store: Store) -> None:
    from dataclasses import replace

    from cloudrun_cli.store import revisions as revision_rows

    made = deploy(store, ["--image=gcr.io/p/app:v1"]).revision
    digest = "gcr.io/p/app@sha256:" + "a" * 64
    with store.transaction():
        seen = replace(made.status, image_digest=digest, runtime="docker")
        revision_rows.save_status(store, replace(made, status=seen), NUMBER)
    once = update(store, ["--memory=8Gi"]).service.template
    assert once.ingress_container.image == digest
    assert once.annotations["client.knative.dev/user-image"] == "gcr.io/p/app:v1"
    twice = update(store, ["--memory=4Gi"]).service.template
    assert (twice.ingress_container.image, twice.annotations["client.knative.dev/user-image"]) == (
        digest,
        "gcr.io/p/app:v1",
    )
    anew = update(store, ["--image=gcr.io/p/app:v2"]).service.template
    assert anew.ingress_container.image == "gcr.io/p/app:v2"
    assert "client.knative.dev/user-image" not in anew.annotations


def test_a_program_that_asks_through_this_one_is_named_on_service_and_template(store: Store) -> None:
    mine = {f"{RUN}client-name": "mine"}
    for arguments, inside in ((["--min=1"], False), (["--memory=8Gi"], True)):
        values, _ = asked("run services update", ["hello", *arguments, "--client-name=mine"])
        body = service_to_json(update(store, arguments, rollout(values)).service, NUMBER)
        assert at(body, SERVICE) | mine == at(body, SERVICE)
        assert (at(body, TEMPLATE) | mine == at(body, TEMPLATE)) == inside


def test_a_first_deploy_may_name_its_containers(store: Store) -> None:
    _, wanted = asked(
        "run deploy",
        ["shop", "--container=app", f"--image={HELLO}", "--port=8080", "--container=redis", "--image=redis:7"],
    )
    made = services.deploy(store, a_ref("shop"), wanted, caller=CALLER, now=NOW, random=seeded())
    assert [(c.name, c.image, bool(c.port)) for c in made.service.template.containers] == [
        ("app", HELLO, True),
        ("redis", "redis:7", False),
    ]


def test_a_port_makes_its_container_the_one_that_gets_the_requests(store: Store) -> None:
    update(store, ["--container=hello-1", "--container=proxy", "--image=nginx"])
    made = update(store, ["--container=proxy", "--port=80"]).service.template
    assert [(c.name, c.port.number if c.port else None) for c in made.containers] == [("hello-1", None), ("proxy", 80)]
    assert made.containers[0].startup_probe is None, "the check of the port goes with the port"


def test_an_image_change_is_about_the_container_that_gets_requests_unless_named() -> None:
    assert ImageChange("x").container == ""
