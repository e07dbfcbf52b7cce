"""The v1 shapes: no value is lost on the way to JSON and back, and no recorded JSON on the way through a value."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import (
    Container,
    ContainerPort,
    Revision,
    RevisionTemplate,
    Service,
    ServiceScaling,
)
from cloudrun_cli.core.volumes import CloudSql, EmptyDir, SecretVolume, Volume, VolumeMount
from cloudrun_cli.core.wire.v1 import (
    revision_from_json,
    revision_to_json,
    service_from_json,
    service_to_json,
    shown_version,
)
from cloudrun_cli.core.wire.v1_status import moment, timestamp
from cloudrun_cli.core.wire.v1_template import template_from_json, template_to_json
from tests.builders import NOW, NUMBER, RECORDINGS, a_service
from tests.core.wire.values import revisions, services, templates

Json = dict[str, Any]


def through_text(body: Json) -> Json:
    made: Json = json.loads(json.dumps(body))
    return made


@settings(max_examples=80, deadline=None)
@given(templates)
def test_no_template_is_lost_in_json(template: RevisionTemplate) -> None:
    assert template_from_json(through_text(template_to_json(template))) == template


@settings(max_examples=40, deadline=None)
@given(services)
def test_no_service_is_lost_in_json(service: Service) -> None:
    body = through_text(service_to_json(service, NUMBER))
    again = service_from_json(
        body, "demo", door=service.door, updated=service.updated, version=service.resource_version
    )
    assert again == service
    assert body["metadata"]["resourceVersion"] == shown_version(service)


@settings(max_examples=40, deadline=None)
@given(revisions())
def test_no_revision_is_lost_in_json(revision: Revision) -> None:
    assert revision_from_json(through_text(revision_to_json(revision, NUMBER)), "demo") == revision


def test_a_moment_is_written_in_utc_and_read_back() -> None:
    assert timestamp(NOW) == "2026-02-01T08:15:07.123456Z"
    assert moment(timestamp(NOW)) == NOW


def test_what_was_left_out_is_the_default() -> None:
    given = template_from_json({"spec": {"containers": [{"image": "i", "ports": [{"containerPort": 80}]}]}})
    assert given == RevisionTemplate((Container("i", port=ContainerPort(80, "http1")),))


def test_the_platforms_own_labels_and_annotations_do_not_come_back_as_the_users() -> None:
    service = a_service(labels={"team": "web"}, annotations={"run.googleapis.com/description": "d"})
    body = service_to_json(service, NUMBER)
    assert set(body["metadata"]["annotations"]) > {"serving.knative.dev/creator", "run.googleapis.com/ingress"}
    again = service_from_json(body, "demo")
    assert again.labels == {"team": "web"}
    assert again.annotations == {"run.googleapis.com/description": "d"}


def _template(spec: Json, annotations: Json | None = None) -> RevisionTemplate:
    return template_from_json({"metadata": {"annotations": annotations or {}}, "spec": spec})


def test_sql_volumes_are_said_as_the_annotation_and_stay_so() -> None:
    template = RevisionTemplate(
        (Container("i", mounts=(VolumeMount("db", "/cloudsql"), VolumeMount("tmp", "/tmp"))),),
        annotations={"run.googleapis.com/cloudsql-instances": "a:b:c"},
        volumes=(Volume("db", CloudSql(("a:b:c", "d:e:f"))), Volume("tmp", EmptyDir())),
    )
    body = template_to_json(template)
    assert body["metadata"]["annotations"] == {"run.googleapis.com/cloudsql-instances": "a:b:c,d:e:f"}
    assert [v["name"] for v in body["spec"]["volumes"]] == ["tmp"]
    assert [m["name"] for m in body["spec"]["containers"][0]["volumeMounts"]] == ["tmp"]
    assert template_to_json(template_from_json(body)) == body


def test_whom_a_container_waits_for_is_read_from_the_annotation_and_written_there() -> None:
    spec = {"containers": [{"name": "app", "image": "i"}, {"name": "db", "image": "j"}]}
    found = _template(spec, {"run.googleapis.com/container-dependencies": '{"app": ["db"]}'})
    assert [c.depends_on for c in found.containers] == [("db",), ()]
    assert found.annotations == {}
    written = template_to_json(found)["metadata"]["annotations"]
    assert written == {"run.googleapis.com/container-dependencies": '{"app":["db"]}'}


@pytest.mark.parametrize("text", ["{", "[]", '{"app":"db"}', '{"nobody":["db"]}'])
def test_dependencies_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="container-dependencies"):
        _template({"containers": [{"name": "app", "image": "i"}]}, {"run.googleapis.com/container-dependencies": text})


@pytest.mark.parametrize(
    "volume",
    [
        {"name": "v"},
        {"name": "v", "hostPath": {"path": "/"}},
        {"name": "v", "csi": {"driver": "other.example.com", "volumeAttributes": {"bucketName": "b"}}},
        {"name": "v", "csi": {"driver": "gcsfuse.run.googleapis.com"}},
    ],
)
def test_a_volume_of_another_kind_is_refused(volume: Json) -> None:
    with pytest.raises(InvalidArgument, match=r"Volume \[v\]"):
        _template({"containers": [{"image": "i"}], "volumes": [volume]})


def test_a_scale_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"minScale.*\[few\].*whole number"):
        _template({"containers": [{"image": "i"}]}, {"autoscaling.knative.dev/minScale": "few"})


def test_scale_bounds_may_be_spelled_as_knatives_documentation_does() -> None:
    asked = {"autoscaling.knative.dev/min-scale": "1", "autoscaling.knative.dev/max-scale": "3"}
    template = _template({"containers": [{"image": "i"}]}, asked)
    assert (template.min_instances, template.max_instances) == (1, 3)
    assert template.annotations == {}


def test_a_mode_of_scaling_that_came_in_stays_and_manual_is_a_number() -> None:
    body = service_to_json(a_service(annotations={"run.googleapis.com/scalingMode": "automatic"}), NUMBER)
    assert service_from_json(body, "demo").annotations == {"run.googleapis.com/scalingMode": "automatic"}
    manual = service_to_json(a_service(scaling=ServiceScaling(manual=0)), NUMBER)
    annotations = manual["metadata"]["annotations"]
    assert annotations["run.googleapis.com/scalingMode"] == "manual"
    assert annotations["run.googleapis.com/manualInstanceCount"] == "0"
    assert service_from_json(manual, "demo").scaling == ServiceScaling(manual=0)


def test_a_body_of_the_first_version_of_the_program_is_read() -> None:
    body = service_to_json(a_service(resource_version=7), NUMBER)
    body["status"]["traffic"] = []
    found = service_from_json(body, "demo", door=20000, updated=NOW, version=7)
    assert found == a_service(resource_version=7)


# recorded: resources as the real service wrote them

HERE = RECORDINGS.is_dir()
recorded = pytest.mark.skipif(not HERE, reason=f"NO RECORDINGS at {RECORDINGS}: sameness with v1 is not tested")


def _resources(kind: str) -> list[Json]:
    if not HERE:
        return []
    items: list[Json] = json.loads((RECORDINGS / "resources" / f"{kind}.json").read_text())["items"]
    return [item for item in items if kind != "revisions" or "run.googleapis.com/workerPool" not in _labels(item)]


def _labels(item: Json) -> Json:
    found: Json = item["metadata"].get("labels", {})
    return found


def _name(item: Json) -> str:
    return f"{_labels(item).get('cloud.googleapis.com/location')}/{item['metadata']['name']}"


@recorded
@pytest.mark.parametrize("item", _resources("services"), ids=_name)
def test_a_recorded_service_comes_back_as_it_was(item: Json) -> None:
    assert through_text(service_to_json(service_from_json(item, "demo"), item["metadata"]["namespace"])) == item


@recorded
@pytest.mark.parametrize("item", _resources("revisions"), ids=_name)
def test_a_recorded_revision_comes_back_as_it_was(item: Json) -> None:
    assert through_text(revision_to_json(revision_from_json(item, "demo"), item["metadata"]["namespace"])) == item


@recorded
def test_recordings_show_every_kind_of_value_that_a_service_of_theirs_has() -> None:
    found = [service_from_json(item, "demo") for item in _resources("services")]
    assert any(c.depends_on for s in found for c in s.template.containers)
    assert any(v.secret for s in found for c in s.template.containers for v in c.env)
    assert {type(v.source) for s in found for v in s.template.volumes} == {SecretVolume, EmptyDir}
    assert all(s.etag and s.urls for s in found)
    assert [s.ref.name for s in found if not s.status.url] == ["never-ready"]
