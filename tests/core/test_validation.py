"""What is refused before a revision is made: every refusal names the field, the value and the rule."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloudrun_cli.core.container_rules import RESERVED_ENV, check_env_name
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import (
    Container,
    ContainerPort,
    EnvVar,
    RevisionName,
    RevisionTemplate,
    Service,
    ServiceScaling,
    Tag,
    TrafficTarget,
)
from cloudrun_cli.core.validation import (
    check_labels,
    check_service,
    check_template,
    check_traffic,
)
from tests.builders import HELLO, a_service, a_template

CONTAINER = "spec.template.spec.containers[0]"


def _with(**fields: object) -> Callable[[RevisionTemplate], RevisionTemplate]:
    return lambda template: replace(template, **fields)  # type: ignore[arg-type]  # any field of the dataclass


def _container(**fields: object) -> Callable[[RevisionTemplate], RevisionTemplate]:
    return lambda template: replace(
        template,
        containers=(replace(template.containers[0], **fields),),  # type: ignore[arg-type]  # any field again
    )


def test_a_template_with_nothing_but_an_image_is_allowed() -> None:
    check_template(a_template())
    check_service(a_service())


@pytest.mark.parametrize(
    "change",
    [
        _with(concurrency=1),
        _with(concurrency=1000),
        _with(timeout=timedelta(seconds=1)),
        _with(timeout=timedelta(hours=1)),
        _with(min_instances=0, max_instances=1),
        _with(min_instances=3, max_instances=3),
        _with(service_account="sa@demo.iam.gserviceaccount.com"),
        _container(port=ContainerPort(1)),
        _container(port=ContainerPort(65535, "h2c")),
        _container(image="gcr.io/p/i@sha256:" + "a" * 64),
        _container(image="localhost:5000/a_b/c.d:v1-2"),
        _container(env=tuple(EnvVar(f"N{n}", "v") for n in range(1000))),
        _container(env=(EnvVar("BIG", "x" * 32768), EnvVar("empty.name-ok", ""))),
    ],
)
def test_values_at_the_edge_of_their_range_are_allowed(
    change: Callable[[RevisionTemplate], RevisionTemplate],
) -> None:
    check_template(change(a_template()))


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        (_with(concurrency=0), "spec.template.spec.containerConcurrency", "Invalid value 0. It must be from 1 to 1000"),
        (_with(concurrency=1001), "spec.template.spec.containerConcurrency", "1001"),
        (_with(timeout=timedelta()), "spec.template.spec.timeoutSeconds", "Invalid value 0. It must be from 1 to 3600"),
        (_with(timeout=timedelta(seconds=3601)), "spec.template.spec.timeoutSeconds", "3601"),
        (
            _with(min_instances=-1),
            "spec.template.metadata.annotations[autoscaling.knative.dev/minScale]",
            "Invalid value -1. It must be at least 0",
        ),
        (
            _with(max_instances=0),
            "spec.template.metadata.annotations[autoscaling.knative.dev/maxScale]",
            "Invalid value 0. It must be at least 1",
        ),
        (
            _with(min_instances=3, max_instances=2),
            "spec.template.metadata.annotations[autoscaling.knative.dev/minScale]",
            "minimum of 3 instances is more than its maximum of 2",
        ),
        (_with(service_account="somebody"), "spec.template.spec.serviceAccountName", "[somebody]"),
        (_container(image=""), f"{CONTAINER}.image", "image is required"),
        (_container(image="a b"), f"{CONTAINER}.image", "[a b]"),
        (
            _container(port=ContainerPort(0)),
            f"{CONTAINER}.ports[0].containerPort",
            "Invalid value 0. It must be from 1",
        ),
        (_container(port=ContainerPort(65536)), f"{CONTAINER}.ports[0].containerPort", "65536"),
        (_container(cpu="3"), f"{CONTAINER}.resources.limits.cpu", "'3'"),
        (_container(memory="12Zi"), f"{CONTAINER}.resources.limits.memory", "'12Zi'"),
        (_container(cpu="0.5"), "spec.template.spec.containerConcurrency", "Below 1 CPU, here 0.5"),
        (
            _container(env=tuple(EnvVar(f"N{n}", "") for n in range(1001))),
            f"{CONTAINER}.env",
            "1001 variables; at most",
        ),
        (_container(env=(EnvVar("PORT", "1"),)), f"{CONTAINER}.env", "reserved env names were provided: PORT"),
        (_container(env=(EnvVar("BIG", "x" * 32769),)), f"{CONTAINER}.env", "[BIG] is longer than 32768 bytes"),
        (_container(env=(EnvVar("E", "é" * 16385),)), f"{CONTAINER}.env", "[E] is longer than 32768 bytes"),
    ],
)
def test_a_template_is_refused_with_field_value_and_rule(
    change: Callable[[RevisionTemplate], RevisionTemplate], field: str, says: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_template(change(a_template()))
    assert refused.value.field == field
    assert says in refused.value.message


def test_the_second_container_is_named_by_its_number() -> None:
    template = a_template(containers=(Container(HELLO, port=ContainerPort()), Container("redis", memory="1Ki")))
    with pytest.raises(InvalidArgument) as refused:
        check_template(template)
    assert refused.value.field == "spec.template.spec.containers[1].resources.limits.memory"


def test_a_small_sidecar_beside_a_whole_cpu_leaves_the_concurrency_alone() -> None:
    # recorded: the service `shop`, 1 CPU and a redis with 500m, concurrency 80
    app, redis = Container(HELLO, port=ContainerPort()), Container("redis:7", cpu="500m", memory="256Mi")
    check_template(a_template(containers=(app, redis), concurrency=80))


RESERVED = [
    "PORT",
    "K_SERVICE",
    "K_REVISION",
    "K_CONFIGURATION",
    "CLOUD_RUN_JOB",
    "CLOUD_RUN_EXECUTION",
    "CLOUD_RUN_TASK_INDEX",
    "CLOUD_RUN_TASK_ATTEMPT",
    "CLOUD_RUN_TASK_COUNT",
    "CLOUD_RUN_WORKER_POOL",
    "CLOUD_RUN_WORKER_POOL_REVISION",
    "CLOUD_RUN_REVISION",
    "FUNCTION_TARGET",
    "FUNCTION_SIGNATURE_TYPE",
    "X_GOOGLE_ANYTHING",
]


@pytest.mark.parametrize("name", RESERVED)
def test_a_variable_of_the_platform_cannot_be_set(name: str) -> None:
    with pytest.raises(InvalidArgument, match=name):
        check_env_name(name)


def test_no_other_name_is_reserved() -> None:
    assert set(RESERVED) - {"X_GOOGLE_ANYTHING"} == RESERVED_ENV


@pytest.mark.parametrize("name", ["port", "K_SERVICES", "GOOGLE_CLOUD_PROJECT", "CLOUD_RUN", "a.b", "X_GOOGL_E"])
def test_a_variable_that_only_looks_like_the_platforms_can_be_set(name: str) -> None:
    check_env_name(name)


@pytest.mark.parametrize("name", ["", "A=B", "A\0B"])
def test_what_no_process_could_be_given_is_no_variable(name: str) -> None:
    with pytest.raises(InvalidArgument, match="Invalid environment variable name"):
        check_env_name(name)


@pytest.mark.parametrize(
    "labels", [{}, {"a": ""}, {"a_b-1": "x_y-2"}, {"a" * 63: "b" * 63}, {"run.googleapis.com/x": "Y"}]
)
def test_labels_that_are_labels_are_allowed(labels: dict[str, str]) -> None:
    check_labels(labels)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("", "x", "Invalid label key []"),
        ("A", "x", "Invalid label key [A]"),
        ("1a", "x", "Invalid label key [1a]"),
        ("a b", "x", "Invalid label key [a b]"),
        ("a" * 64, "x", f"Invalid label key [{'a' * 64}]"),
        ("a", "X", "Invalid value [X] of label [a]"),
        ("a", "b.c", "Invalid value [b.c] of label [a]"),
        ("a", "b" * 64, f"Invalid value [{'b' * 64}] of label [a]"),
    ],
)
def test_a_label_is_refused_with_key_value_and_rule(key: str, value: str, says: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_labels({key: value})
    assert says in refused.value.message
    assert "63" in refused.value.message
    assert refused.value.field == "metadata.labels"


def _target(percent: int = 0, revision: str | None = None, tag: str | None = None) -> TrafficTarget:
    return TrafficTarget(RevisionName(revision) if revision else None, percent, Tag(tag) if tag else None)


@pytest.mark.parametrize("targets", [(), (_target(100),), (_target(40, "a"), _target(60), _target(0, "a", "t"))])
def test_traffic_that_sums_to_a_hundred_or_is_empty_is_allowed(targets: tuple[TrafficTarget, ...]) -> None:
    check_traffic(targets)


@pytest.mark.parametrize(
    ("targets", "says"),
    [
        ((_target(99),), "sum to 99"),
        ((_target(60, "a"), _target(41)), "sum to 101"),
        ((_target(0, "a", "t"),), "sum to 0"),
        ((_target(100), _target(0, "a", "t"), _target(0, "b", "t")), "tag [t] is used twice"),
    ],
)
def test_other_traffic_is_refused(targets: tuple[TrafficTarget, ...], says: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_traffic(targets)
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("service", "says"),
    [
        (a_service(labels={"A": "b"}), "Invalid label key [A]"),
        (a_service(traffic=(_target(50),)), "sum to 50"),
        (a_service(scaling=ServiceScaling(-1)), "--min: Invalid value -1"),
        (a_service(scaling=ServiceScaling(None, 0)), "--max: Invalid value 0"),
        (a_service(scaling=ServiceScaling(5, 4)), "service's minimum of 5 instances is more than its maximum of 4"),
    ],
)
def test_a_service_is_refused_for_what_is_around_its_template(service: Service, says: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_service(service)
    assert says in refused.value.message


def _annotated(**annotations: str) -> RevisionTemplate:
    return replace(
        a_template(), annotations={f"run.googleapis.com/{k.replace('_', '-')}": v for k, v in annotations.items()}
    )


KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"


@pytest.mark.parametrize(
    "template",
    [
        _annotated(vpc_access_connector="c", vpc_access_egress="all-traffic"),
        _annotated(vpc_access_connector="projects/p/locations/us-central1/connectors/c"),
        _annotated(network_interfaces='[{"subnetwork":"s","tags":["t"]}]', vpc_access_egress="private-ranges-only"),
        _annotated(encryption_key=KEY),
    ],
)
def test_ways_out_and_keys_that_are_allowed(template: RevisionTemplate) -> None:
    check_service(a_service(template=template))


@pytest.mark.parametrize(
    ("template", "says"),
    [
        (_annotated(vpc_access_egress="all-traffic"), "Invalid value [all-traffic]: there is neither a connector nor"),
        (_annotated(vpc_access_connector="c", network_interfaces='[{"network":"n"}]'), "one or the other"),
        (_annotated(vpc_access_connector="No Connector"), "Invalid connector [No Connector]"),
        (_annotated(vpc_access_connector="projects/p/locations/eu/connectors/c"), "is in region [eu], the service in"),
        (_annotated(network_interfaces='[{"tags":["t"]}]'), "Tags alone are no interface"),
        (_annotated(encryption_key="mine"), "Invalid value [mine]. A key reads projects/PROJECT/"),
    ],
)
def test_ways_out_and_keys_are_refused_with_field_value_and_rule(template: RevisionTemplate, says: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_service(a_service(template=template))
    assert says in refused.value.message
    assert (refused.value.field or "").startswith("spec.template.metadata.annotations[run.googleapis.com/")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"annotations": {"run.googleapis.com/description": "x" * 513}}, "has 513 characters; at most 512"),
        ({"annotations": {"run.googleapis.com/custom-audiences": '["mine"]'}}, "Invalid audience [mine]"),
        ({"labels": {f"k{n}": "" for n in range(65)}}, "65 labels; at most 64"),
        ({"scaling": ServiceScaling(1, None, 3)}, "With exactly 3 instances, the service has neither a minimum"),
        ({"scaling": ServiceScaling(None, 4, 3)}, "nor a maximum (--max)"),
        ({"scaling": ServiceScaling(None, None, -1)}, "--scaling: Invalid value -1"),
        ({"traffic": (TrafficTarget(None, 150), TrafficTarget(RevisionName("r"), -50))}, "Invalid value 150"),
    ],
)
def test_a_service_is_refused_for_its_annotations_labels_and_manual_scaling(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_service(a_service(**fields))
    assert says in refused.value.message


def test_what_is_at_the_edge_around_a_template_is_allowed() -> None:
    annotations = {"run.googleapis.com/description": "x" * 512, "run.googleapis.com/custom-audiences": '["https://a"]'}
    labels = {f"k{n}": "" for n in range(64)} | {"client.knative.dev/nonce": "not the user's"}
    check_service(a_service(annotations=annotations, labels=labels, scaling=ServiceScaling(None, None, 0)))
