"""What containers must be, alone and together: field, value and rule. Evidence: documented (runtime contract; limits;
health checks; Deploy multiple containers), recorded where said."""

from dataclasses import replace
from typing import Any

import pytest

from cloudrun_cli.core.annotations import ACCELERATOR, CPU_THROTTLING, EXECUTION_ENVIRONMENT
from cloudrun_cli.core.container_changes import GPU_LIMIT
from cloudrun_cli.core.container_rules import check_containers
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import Container, ContainerPort, EnvVar, Probe, RevisionTemplate
from tests.builders import HELLO, a_template

FIELD = "spec.template.spec.containers"
ANNOTATIONS = "spec.template.metadata.annotations"
APP = Container(HELLO, name="app", port=ContainerPort())
L4: dict[str, Any] = {"limits": {GPU_LIMIT: "1"}, "cpu": "4", "memory": "16Gi"}


def one(**fields: Any) -> RevisionTemplate:
    """A template with one container."""
    return a_template(containers=(replace(APP, **fields),))


def several(*others: Container, app: Container = APP, **fields: Any) -> RevisionTemplate:
    """A template with the app and others beside it."""
    return a_template(containers=(app, *others), **fields)


def sidecar(name: str, **fields: Any) -> Container:
    """A small container without a port."""
    return Container("redis:7", name=name, cpu="0.1", memory="128Mi", **fields)


@pytest.mark.parametrize(
    "template",
    [
        several(*(sidecar(f"s{n}") for n in range(9))),
        several(sidecar("a.b-c")),
        several(sidecar("r", depends_on=("app",))),
        several(replace(sidecar("r"), cpu="6", memory="24Gi"), app=replace(APP, cpu="2", memory="8Gi")),  # all there is
        one(args=tuple("x" * 1000)),
        one(working_dir="/srv"),
        one(startup_probe=Probe("http", 8080, period_seconds=80, timeout_seconds=80)),
        one(startup_probe=Probe("tcp", initial_delay_seconds=210)),  # 210 + 10 × 3
        one(liveness_probe=Probe("grpc", 8080, period_seconds=3600, timeout_seconds=3600)),
        one(**L4),
        replace(one(**L4), node_selector={ACCELERATOR: "nvidia-l4"}, annotations={CPU_THROTTLING: "false"}),
        replace(one(cpu="0.5", memory="128Mi"), concurrency=1, annotations={EXECUTION_ENVIRONMENT: "gen1"}),
    ],
)
def test_containers_at_the_edge_of_what_is_allowed(template: RevisionTemplate) -> None:
    check_containers(template)


@pytest.mark.parametrize(
    ("template", "field", "says"),
    [
        (several(*(sidecar(f"s{n}") for n in range(10))), FIELD, "11 containers; an instance has at most 10"),
        (several(sidecar("app")), f"{FIELD}[1].name", "Two containers are called [app]"),
        (several(sidecar("Bad")), f"{FIELD}[1].name", "Invalid container name [Bad]"),
        (several(sidecar("x" * 64)), f"{FIELD}[1].name", "at most 63 characters"),
        (several(Container("")), f"{FIELD}[1].image", "A container image is required"),
        (several(replace(sidecar("r"), port=ContainerPort(90))), f"{FIELD}.ports", "[app, r] have one"),
        (several(sidecar("r"), app=replace(APP, port=None)), f"{FIELD}.ports", "none has one"),
        (several(sidecar("r", depends_on=("nobody",))), f"{ANNOTATIONS}[run.googleapis.com/container-dependencies]",
         "[r] depends on [nobody], which is not there"),
        (several(sidecar("r", depends_on=("r",))), f"{ANNOTATIONS}[run.googleapis.com/container-dependencies]",
         "cannot depend on itself"),
        (several(sidecar("r", depends_on=("app",)), app=replace(APP, depends_on=("r",))),
         f"{ANNOTATIONS}[run.googleapis.com/container-dependencies]", "in a circle"),
        (several(replace(sidecar("r"), cpu="8", memory="4Gi")), f"{FIELD}.resources.limits.cpu",
         "1000m + 8 CPU in all; an instance has at most 8"),
        (one(port=ContainerPort(80, "tcp")), f"{FIELD}[0].ports[0].name", "Invalid port name [tcp]"),
        (one(args=tuple("x" * 1001)), f"{FIELD}[0].args", "1001 words; at most 1000"),
        (one(command=tuple("x" * 1001)), f"{FIELD}[0].command", "1001 words"),
        (one(working_dir="srv"), f"{FIELD}[0].workingDir", "[srv] is not an absolute path"),
        (one(env=(EnvVar("A", "1"), EnvVar("A", "2"))), f"{FIELD}[0].env", "[A] is set twice"),
        (one(env=(EnvVar("X_GOOGLE_A", "1"),)), f"{FIELD}[0].env", "reserved env names were provided: X_GOOGLE_A"),
        (one(env=(EnvVar("", "1"),)), f"{FIELD}[0].env", "Invalid environment variable name []"),
        # health checks
        (one(liveness_probe=Probe("tcp", 8080)), f"{FIELD}[0].livenessProbe", "not TCP"),
        (one(readiness_probe=Probe("tcp", 8080)), f"{FIELD}[0].readinessProbe", "not TCP"),
        (one(startup_probe=Probe(timeout_seconds=11)), f"{FIELD}[0].startupProbe.timeoutSeconds", "not be more than"),
        (one(startup_probe=Probe(period_seconds=241)), f"{FIELD}[0].startupProbe.periodSeconds", "241"),
        (one(startup_probe=Probe(initial_delay_seconds=241)), f"{FIELD}[0].startupProbe.initialDelaySeconds", "241"),
        (one(startup_probe=Probe(initial_delay_seconds=211)), f"{FIELD}[0].startupProbe", "is 241; a start may take"),
        (one(startup_probe=Probe(failure_threshold=0)), f"{FIELD}[0].startupProbe.failureThreshold", "0"),
        (one(startup_probe=Probe(success_threshold=2)), f"{FIELD}[0].startupProbe.successThreshold", "2"),
        (one(liveness_probe=Probe("http", 0)), f"{FIELD}[0].livenessProbe.port", "0"),
        (one(liveness_probe=Probe("http", period_seconds=3601)), f"{FIELD}[0].livenessProbe.periodSeconds", "3601"),
        (one(readiness_probe=Probe("http", failure_threshold=4)), f"{FIELD}[0].readinessProbe.failureThreshold", "4"),
        (several(sidecar("r", startup_probe=Probe("tcp"))), f"{FIELD}[1].startupProbe.port", "must name one"),
        # below one CPU, generations, GPUs
        (replace(one(cpu="0.5"), concurrency=1, annotations={CPU_THROTTLING: "false"}),
         f"{ANNOTATIONS}[{CPU_THROTTLING}]", "Below 1 CPU, here 0.5"),
        (replace(one(cpu="0.5"), concurrency=1, annotations={EXECUTION_ENVIRONMENT: "gen2"}),
         f"{FIELD}.resources.limits.cpu", "gen2 needs 1"),
        (replace(one(memory="256Mi"), annotations={EXECUTION_ENVIRONMENT: "gen2"}),
         f"{FIELD}.resources.limits.memory", "[256Mi]. The execution environment gen2 needs 512Mi"),
        (replace(one(), annotations={EXECUTION_ENVIRONMENT: "gen3"}), f"{ANNOTATIONS}[{EXECUTION_ENVIRONMENT}]",
         "Invalid value [gen3]"),
        (one(**{**L4, "memory": "8Gi"}), f"{FIELD}[0].resources.limits", "4 CPU and 8Gi; a container with a GPU needs"),
        (one(**{**L4, "limits": {GPU_LIMIT: "2"}}), f"{FIELD}[0].resources.limits[{GPU_LIMIT}]", "[2]"),
        (replace(one(**L4), annotations={CPU_THROTTLING: "true"}), f"{ANNOTATIONS}[{CPU_THROTTLING}]",
         "An instance with a GPU keeps its CPU"),
        (replace(one(), node_selector={ACCELERATOR: "nvidia-l4"}), "spec.template.spec.nodeSelector",
         "[nvidia-l4] is chosen, but no container has one"),
        (several(replace(sidecar("r"), limits={GPU_LIMIT: "1"}), app=replace(APP, **L4)),
         f"{FIELD}[0].resources.limits", "Two containers ask for a GPU"),
    ],
)  # fmt: skip
def test_containers_are_refused_with_field_value_and_rule(template: RevisionTemplate, field: str, says: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_containers(template)
    assert says in refused.value.message
    assert (refused.value.field or "").startswith(field)
