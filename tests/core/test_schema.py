"""Which documents are a v1 Service. Evidence: recorded (unknown fields), documented (Knative Serving), ours (types)."""

import json
from typing import Any

import pytest

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.schema import check
from cloudrun_cli.core.schema_fields import MESSAGES, REQUIRED
from tests.builders import HELLO, NUMBER, RECORDINGS, a_service

Json = dict[str, Any]


def a_document(**changes: Any) -> Json:
    """The smallest one, with these of its spec changed by dotted path: `metadata__name=3`."""
    document: Json = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "hello"},
        "spec": {"template": {"spec": {"containers": [{"image": HELLO}]}}},
    }
    for path, value in changes.items():
        at: Any = document
        *parents, last = path.split("__")
        for part in parents:
            at = at[int(part)] if part.isdigit() else at.setdefault(part, {})
        at[last] = value
    return document


KNATIVE: Json = {
    "apiVersion": "serving.knative.dev/v1",
    "kind": "Service",
    "metadata": {
        "name": "helloworld-go",
        "namespace": "default",
        "labels": {"networking.knative.dev/visibility": "cluster-local"},
        "creationTimestamp": None,
    },
    "spec": {
        "template": {
            "metadata": {
                "name": "helloworld-go-v1",
                "annotations": {"autoscaling.knative.dev/target": "10"},
                "creationTimestamp": None,
            },
            "spec": {
                "containerConcurrency": 50,
                "timeoutSeconds": 300,
                "responseStartTimeoutSeconds": 150,
                "idleTimeoutSeconds": 100,
                "serviceAccountName": "default",
                "enableServiceLinks": False,
                "containers": [
                    {
                        "image": "ghcr.io/knative/helloworld-go:latest",
                        "imagePullPolicy": "Always",
                        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                        "env": [{"name": "TARGET", "value": "Go Sample v1"}],
                        "readinessProbe": {
                            "successThreshold": 1,
                            "httpGet": {"path": "/healthz", "port": 0, "httpHeaders": [{"name": "a", "value": "b"}]},
                        },
                        "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": 1, "memory": "1Gi"}},
                        "securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}},
                        "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": True}],
                    }
                ],
                "volumes": [{"name": "data", "emptyDir": {}}],
            },
        },
        "traffic": [{"latestRevision": True, "percent": 100, "tag": "now"}],
    },
}


@pytest.mark.parametrize("document", [a_document(), KNATIVE], ids=["smallest", "knative"])
def test_what_knative_documents_is_a_service(document: Json) -> None:
    assert check(document) == document


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}")
def test_every_recorded_service_is_one() -> None:
    for item in json.loads((RECORDINGS / "resources" / "services.json").read_text())["items"]:
        assert check(item) == item


def test_what_the_store_keeps_is_one() -> None:
    from cloudrun_cli.core.wire.v1 import service_to_json

    body = service_to_json(a_service(), NUMBER)
    assert check(body) == body


@pytest.mark.parametrize(
    ("changes", "path", "nearest"),
    [
        ({"spec__template__spec__containerz": []}, "Service.spec.template.spec.containerz", "containers"),
        ({"spec__template__spec__containers__0__envs": []}, "Service.spec.template.spec.containers[0].envs", "env"),
        ({"metdata": {}}, "Service.metdata", "metadata"),
        ({"spec__b": 1, "spec__a": 1}, "Service.spec.{a,b}", None),
    ],
)
def test_an_unknown_field_is_named_by_its_path(changes: Json, path: str, nearest: str | None) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check(a_document(**changes))
    assert refused.value.message == f"Failed to parse value(s) in protobuf [Service]:\n  {path}"
    assert refused.value.hint == (nearest and f"Did you mean [{nearest}]?")


CONTAINER = "spec__template__spec__containers__0__"


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("metadata__name", 5, "Service.metadata.name: expected a string, got 5 (a number"),
        (f"{CONTAINER}image", ["x"], "containers[0].image: expected a string, got a list"),
        (f"{CONTAINER}env", {"A": "b"}, "containers[0].env: expected a list, got a map"),
        (f"{CONTAINER}env", [{"name": "A", "value": True}], "env[0].value: expected a string, got true"),
        (f"{CONTAINER}env", [{"value": "b"}], "containers[0].env[0].name: missing"),
        (f"{CONTAINER}ports", [{"containerPort": "80"}], "ports[0].containerPort: expected a whole number, got '80'"),
        (f"{CONTAINER}resources", {"limits": {"cpu": True}}, "resources.limits[cpu]: expected an amount"),
        (f"{CONTAINER}envFrom", [], "containers[0].envFrom: Cloud Run does not support"),
        (f"{CONTAINER}livenessProbe", {"exec": {}}, "livenessProbe.exec: Cloud Run does not support"),
        ("spec__template__spec__volumes", [{"name": "v", "hostPath": {}}], "volumes[0].hostPath: Cloud Run does not"),
        ("spec__template__metadata", {"labels": {"a": 1}}, "metadata.labels[a]: expected a string, got 1"),
        ("spec__traffic", {}, "Service.spec.traffic: expected a list, got a map"),
        ("spec__template", "x", "Service.spec.template: expected a map, got 'x' (a string)"),
        ("spec__template", {}, "Service.spec.template.spec: missing"),
        ("metadata__generation", "many", "metadata.generation: expected a whole number"),
    ],
)
def test_a_value_of_another_type_is_named_with_its_path_and_the_type_it_should_have(
    field: str, value: object, complaint: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check(a_document(**{field: value}))
    assert complaint in refused.value.message


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"apiVersion": "v1", "kind": "Pod"}, "apiVersion"),
        (a_document(kind="Pod"), "kind"),
        ({"kind": "Service"}, "apiVersion"),
        (a_document(metadata={}), "metadata.name"),
        (a_document(spec__template__spec__containers=[]), "spec.template.spec.containers"),
        ([], None),
        ("text", None),
        (None, None),
    ],
)
def test_another_kind_or_one_that_lacks_the_least_is_refused(document: object, field: str | None) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check(document)
    assert refused.value.field == field


def test_every_type_in_the_table_is_one() -> None:
    simple = {"string", "int", "int64", "bool", "quantity", "map", "quantities", "any", "no"}
    kinds = {kind.removesuffix("[]") for fields in MESSAGES.values() for kind in fields.values()}
    assert kinds <= simple | set(MESSAGES)
    assert all(set(needed) <= set(MESSAGES[message]) for message, needed in REQUIRED.items())
