"""What a document asks for, and what an export leaves out. Evidence: documented (gcloud run services replace; v1)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from cloudrun_cli.core.documents import exported, read
from cloudrun_cli.core.errors import InvalidArgument, InvalidTraffic
from cloudrun_cli.core.resources import (
    LATEST_TAKES_ALL,
    Container,
    Ingress,
    RevisionTemplate,
    ServiceScaling,
    TrafficTarget,
)
from cloudrun_cli.core.wire.v1 import service_to_json
from tests.builders import HELLO, NUMBER, RECORDINGS, a_service
from tests.core.test_schema import KNATIVE, a_document

Json = dict[str, Any]


def test_the_smallest_document_asks_for_the_defaults() -> None:
    wanted = read(a_document())
    assert wanted.name == "hello"
    assert wanted.template == RevisionTemplate((Container(HELLO),))
    assert wanted.traffic == LATEST_TAKES_ALL
    assert (wanted.scaling, wanted.ingress) == (ServiceScaling(), Ingress.ALL)
    assert (wanted.namespace, wanted.region, wanted.version, wanted.generation) == ("", "", "", None)


def test_a_document_of_knative_says_what_it_says() -> None:
    wanted = read(KNATIVE)
    (container,) = wanted.template.containers
    assert wanted.template.name == "helloworld-go-v1"
    assert wanted.template.timeout == timedelta(seconds=300)
    assert wanted.template.extra == {
        "enableServiceLinks": False,
        "idleTimeoutSeconds": 100,
        "responseStartTimeoutSeconds": 150,
    }
    assert container.cpu == "1"
    assert container.extra["imagePullPolicy"] == "Always"
    assert container.extra["resources"] == {"requests": {"cpu": "100m"}}
    assert container.readiness_probe is not None
    assert container.readiness_probe.port is None
    assert container.mounts[0].read_only


def test_what_the_server_writes_is_not_asked_for() -> None:
    body = service_to_json(
        a_service(annotations={"run.googleapis.com/operation-id": "o", "example.com/a": "b"}), NUMBER
    )
    wanted = read(body)
    assert wanted.annotations == {"example.com/a": "b"}
    assert wanted.region == "us-central1"
    assert wanted.labels == {}


def test_what_a_service_is_shared_by_its_revisions_is_read_from_annotations() -> None:
    annotations = {
        "run.googleapis.com/ingress": "internal",
        "run.googleapis.com/scalingMode": "manual",
        "run.googleapis.com/manualInstanceCount": "3",
    }
    wanted = read(a_document(metadata={"name": "hello", "annotations": annotations}))
    assert wanted.scaling == ServiceScaling(manual=3)
    assert wanted.ingress is Ingress.INTERNAL
    assert wanted.annotations == {}


def test_a_namespace_that_is_a_number_needs_no_quotes_and_a_status_says_nothing() -> None:
    wanted = read(a_document(metadata__namespace=123456789012, status={"anything": "at all"}))
    assert wanted.namespace == "123456789012"


def test_a_concurrency_of_0_is_the_default() -> None:
    assert read(a_document(spec__template__spec__containerConcurrency=0)).template.concurrency is None


@pytest.mark.parametrize(
    ("entries", "targets"),
    [
        ([{"latestRevision": True, "percent": 100}], (TrafficTarget(percent=100),)),
        ([{"configurationName": "hello", "percent": 100}], (TrafficTarget(percent=100),)),
        ([{"latestRevision": False, "revisionName": "hello-a", "percent": 100}], (TrafficTarget("hello-a", 100),)),  # type: ignore[arg-type]
    ],
)
def test_traffic_names_a_revision_or_the_latest(entries: list[Json], targets: tuple[TrafficTarget, ...]) -> None:
    assert read(a_document(spec__traffic=entries)).traffic == targets


@pytest.mark.parametrize(
    "entry",
    [
        {"percent": 100},
        {"latestRevision": True, "revisionName": "hello-a", "percent": 100},
        {"latestRevision": True, "percent": 101},
        {"latestRevision": True, "percent": -1},
    ],
)
def test_a_target_that_means_nothing_is_refused(entry: Json) -> None:
    with pytest.raises(InvalidTraffic, match=r"spec.traffic\[0\]"):
        read(a_document(spec__traffic=[entry]))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"metadata__name": "Hello"}, "Invalid resource name"),
        ({"spec__template__metadata": {"name": "other-v1"}}, "begin with the name of its service"),
        ({"spec__template__metadata": {"name": "hello-V1"}}, "Invalid revision name"),
        ({"metadata__annotations": {"run.googleapis.com/ingress": "none"}}, "must be one of all, internal"),
        ({"metadata__annotations": {"run.googleapis.com/minScale": "few"}}, "must be a whole number"),
        ({"metadata__annotations": {"run.googleapis.com/custom-audiences": "a,b"}}, "must be a JSON list"),
        (
            {"spec__template__metadata": {"annotations": {"run.googleapis.com/network-interfaces": "{"}}},
            "must be a JSON list",
        ),
        ({"spec__traffic": [{"latestRevision": True, "percent": 100, "tag": "A"}]}, "Invalid traffic tag"),
    ],
)
def test_what_cannot_be_is_refused_with_field_and_rule(changes: Json, complaint: str) -> None:
    with pytest.raises(InvalidArgument, match=complaint):
        read(a_document(**changes))


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}")
def test_an_export_leaves_out_status_and_traces_and_is_a_document_again() -> None:
    for item in json.loads((RECORDINGS / "resources" / "services.json").read_text())["items"]:
        out = exported(item)
        assert "status" not in out
        assert {"uid", "generation", "resourceVersion", "selfLink", "creationTimestamp"}.isdisjoint(out["metadata"])
        assert "serving.knative.dev/creator" not in out["metadata"]["annotations"]
        assert out["spec"] == item["spec"]
        wanted = read(out)
        assert wanted.name == item["metadata"]["name"]
        assert wanted.version == ""
