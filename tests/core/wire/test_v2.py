"""The v2 shapes: what v2 can say is never lost, in either direction; what it cannot say is written down here.

Evidence: documented (run.googleapis.com v2), and recorded resources of v1 that go through v2 and come back.
"""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from cloudrun_cli.core.resources import (
    ActiveTraffic,
    Condition,
    Container,
    EnvVar,
    Ingress,
    Probe,
    Revision,
    RevisionName,
    RevisionTemplate,
    Service,
    ServiceScaling,
    ServiceStatus,
    Status,
    Tag,
    TrafficTarget,
)
from cloudrun_cli.core.volumes import (
    Bucket,
    CloudSql,
    EmptyDir,
    Nfs,
    SecretItem,
    SecretKey,
    SecretVolume,
    Volume,
    VolumeMount,
)
from cloudrun_cli.core.wire import v1, v2
from cloudrun_cli.core.wire.v1_template import template_from_json as v1_template_from_json
from cloudrun_cli.core.wire.v1_template import template_to_json as v1_template_to_json
from cloudrun_cli.core.wire.v2_conditions import REASONS, REVISION_REASONS, condition_to_json, conditions_from_json
from cloudrun_cli.core.wire.v2_template import own, template_from_json, template_to_json
from tests.builders import HELLO, NOW, NUMBER, RECORDINGS, a_revision, a_service
from tests.core.wire.values import revisions, services, templates

Json = dict[str, Any]

PARENT = "projects/demo/locations/us-central1/services/hello"


def through_text(body: Json) -> Json:
    made: Json = json.loads(json.dumps(body))
    return made


# What v2 cannot say, and so does not carry. Each function below takes away from a value exactly that.


def _probe(probe: Probe | None) -> Probe | None:
    """A threshold of successes."""
    return replace(probe, success_threshold=1) if probe else None


def _container(container: Container) -> Container:
    """Fields that mean nothing to Cloud Run, read-only mounts, and whether a secret may be missing."""
    return replace(
        container,
        extra={},
        mounts=tuple(replace(m, read_only=False) for m in container.mounts),
        env=tuple(replace(v, secret=v.secret and replace(v.secret, optional=None)) for v in container.env),
        startup_probe=_probe(container.startup_probe),
        liveness_probe=_probe(container.liveness_probe),
        readiness_probe=_probe(container.readiness_probe),
    )


def _volume(volume: Volume) -> Volume:
    """Whether a secret may be missing."""
    source = volume.source
    return replace(volume, source=replace(source, optional=None) if isinstance(source, SecretVolume) else source)


def _template(template: RevisionTemplate) -> RevisionTemplate:
    """Node selectors but for the accelerator, fields that mean nothing, and the difference between a minimum, maximum
    or concurrency of 0 and none."""
    return replace(
        template,
        containers=tuple(_container(c) for c in template.containers),
        volumes=tuple(_volume(v) for v in template.volumes),
        node_selector={},
        extra={},
        concurrency=template.concurrency or None,
        min_instances=template.min_instances or None,
        max_instances=template.max_instances or None,
    )


def _conditions(conditions: tuple[Condition, ...], *, ready_first: bool) -> tuple[Condition, ...]:
    """Reasons outside the two enumerations, and where among the others a Service's readiness stands."""
    bare = [replace(c, reason="") for c in conditions]
    first = next((c for c in bare if c.type == "Ready"), None) if ready_first else None
    return (*([first] if first else ()), *(c for c in bare if c is not first))


def _service(service: Service) -> Service:
    """The difference between a minimum or maximum of 0 and none; of LATEST as served, any name but the latest ready."""
    status, scaling = service.status, service.scaling
    named = tuple(
        replace(t, revision=status.latest_ready or RevisionName("")) if t.latest else t for t in status.traffic
    )
    return replace(
        service,
        template=_template(service.template),
        scaling=ServiceScaling(scaling.min_instances or None, scaling.max_instances or None, scaling.manual),
        status=replace(status, conditions=_conditions(status.conditions, ready_first=True), traffic=named),
    )


def _revision(revision: Revision) -> Revision:
    """Digests, runtime and note, and the label of the parent's uid."""
    status = replace(
        revision.status,
        image_digest="",
        runtime="",
        note="",
        sidecar_digests={},
        conditions=_conditions(revision.status.conditions, ready_first=False),
        extra={key: value for key, value in revision.status.extra.items() if value},
    )
    template = _template(revision.template)
    return replace(revision, template=template, labels=own(revision.labels), status=status)


@settings(max_examples=80, deadline=None)
@given(templates)
def test_no_template_is_lost_but_for_what_v2_cannot_say(template: RevisionTemplate) -> None:
    body = template_to_json(template)
    again = template_from_json(through_text(body))
    assert again == _template(template)
    assert template_to_json(again) == body


@settings(max_examples=40, deadline=None)
@given(services)
def test_no_service_is_lost_but_for_what_v2_cannot_say(service: Service) -> None:
    body = v2.service_to_json(service)
    again = v2.service_from_json(through_text(body), door=service.door, version=service.resource_version)
    assert again == _service(service)


@settings(max_examples=40, deadline=None)
@given(revisions())
def test_no_revision_is_lost_but_for_what_v2_cannot_say(revision: Revision) -> None:
    body = v2.revision_to_json(revision)
    assert v2.revision_from_json(through_text(body), generation=revision.generation) == _revision(revision)


EVERYTHING: Json = {
    "revision": "hello-v1",
    "labels": {"team": "web"},
    "annotations": {"client.knative.dev/user-image": "x"},
    "scaling": {"minInstanceCount": 1, "maxInstanceCount": 5, "cpuUtilization": 0.6, "concurrencyUtilization": 0.7},
    "vpcAccess": {
        "connector": "c",
        "egress": "ALL_TRAFFIC",
        "networkInterfaces": [{"network": "n", "subnetwork": "s", "tags": ["t"]}],
    },
    "timeout": "60s",
    "serviceAccount": "sa@x",
    "containers": [
        {
            "image": HELLO,
            "name": "app",
            "command": ["c"],
            "args": ["a"],
            "env": [
                {"name": "A", "value": "b"},
                {"name": "S", "valueSource": {"secretKeyRef": {"secret": "s", "version": "3"}}},
                {"name": "O", "valueSource": {"secretKeyRef": {"secret": "projects/7/secrets/o", "version": "latest"}}},
            ],
            "resources": {
                "limits": {"cpu": "2", "memory": "1Gi", "nvidia.com/gpu": "1"},
                "cpuIdle": True,
                "startupCpuBoost": True,
            },
            "ports": [{"name": "h2c", "containerPort": 9000}],
            "volumeMounts": [
                {"name": "b", "mountPath": "/b", "subPath": "x"},
                {"name": "cloudsql", "mountPath": "/cloudsql"},
            ],
            "workingDir": "/w",
            "startupProbe": {
                "failureThreshold": 3,
                "tcpSocket": {"port": 9000},
                "periodSeconds": 10,
                "timeoutSeconds": 1,
            },
            "livenessProbe": {
                "failureThreshold": 3,
                "httpGet": {"httpHeaders": [{"name": "h", "value": "v"}], "path": "/z", "port": 1},
                "initialDelaySeconds": 5,
                "periodSeconds": 10,
                "timeoutSeconds": 1,
            },
            "readinessProbe": {
                "failureThreshold": 3,
                "grpc": {"port": 2, "service": "s"},
                "periodSeconds": 9,
                "timeoutSeconds": 1,
            },
            "dependsOn": ["db"],
        },
        {
            "image": "redis",
            "name": "db",
            "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "cpuIdle": True, "startupCpuBoost": True},
            "volumeMounts": [{"name": "cloudsql", "mountPath": "/cloudsql"}],
        },
    ],
    "volumes": [
        {"name": "m", "emptyDir": {"medium": "MEMORY", "sizeLimit": "1Mi"}},
        {"name": "d", "emptyDir": {"medium": "DISK"}},
        {
            "name": "s",
            "secret": {"secret": "s", "items": [{"path": "p", "version": "2", "mode": 256}], "defaultMode": 292},
        },
        {"name": "b", "gcs": {"bucket": "b", "readOnly": True, "mountOptions": ["implicit-dirs", "uid=1001"]}},
        {"name": "n", "nfs": {"server": "h", "path": "/p", "readOnly": True}},
        {"name": "cloudsql", "cloudSqlInstance": {"instances": ["a:b:c", "d:e:f"]}},
    ],
    "executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
    "encryptionKey": "k",
    "encryptionKeyRevocationAction": "SHUTDOWN",
    "maxInstanceRequestConcurrency": 7,
    "serviceMesh": {"mesh": "m"},
    "sessionAffinity": True,
    "healthCheckDisabled": True,
    "gpuZonalRedundancyDisabled": True,
    "nodeSelector": {"accelerator": "nvidia-l4"},
}


def test_everything_that_a_template_of_v2_can_say_comes_back() -> None:
    found = template_from_json(EVERYTHING)
    assert template_to_json(found) == EVERYTHING
    assert found.annotations["run.googleapis.com/cloudsql-instances"] == "a:b:c,d:e:f"
    assert found.annotations["run.googleapis.com/secrets"] == "o-7:projects/7/secrets/o"
    assert found.containers[0].env[2] == EnvVar("O", secret=SecretKey("o-7", "latest"))
    assert [v.source for v in found.volumes] == [
        EmptyDir("1Mi"),
        EmptyDir(medium="Disk"),
        SecretVolume("s", (SecretItem("2", "p", 256),), 292),
        Bucket("b", True, "implicit-dirs;uid=1001"),
        Nfs("h", "/p", True),
    ]
    assert v1_template_from_json(v1_template_to_json(found)) == found


def test_a_sql_volume_under_another_name_stays_a_volume() -> None:
    template = RevisionTemplate(
        (Container("i", mounts=(VolumeMount("db", "/cloudsql"),)),), volumes=(Volume("db", CloudSql(("a:b:c",))),)
    )
    assert template_from_json(template_to_json(template)) == template


@pytest.mark.parametrize(
    ("container", "throttled"),
    [
        ({"image": "i"}, True),
        ({"image": "i", "resources": {}}, True),
        ({"image": "i", "resources": {"limits": {"cpu": "2"}}}, False),
        ({"image": "i", "resources": {"limits": {"cpu": "2"}, "cpuIdle": True}}, True),
        ({"image": "i", "resources": {"cpuIdle": False}}, False),
    ],
)
def test_cpu_stops_between_requests_unless_resources_are_given_without_saying_so(
    container: Json, throttled: bool
) -> None:
    assert template_from_json({"containers": [container]}).cpu_always is not throttled


def test_a_whole_service_in_v2() -> None:
    name = RevisionName("hello-00001-abc")
    service = a_service(
        annotations={
            "run.googleapis.com/description": "d",
            "run.googleapis.com/launch-stage": "BETA",
            "run.googleapis.com/invoker-iam-disabled": "true",
            "run.googleapis.com/default-url-disabled": "true",
            "run.googleapis.com/custom-audiences": '["a"]',
            "run.googleapis.com/client-name": "gcloud",
            "example.com/mine": "yes",
        },
        labels={"team": "web"},
        generation=3,
        ingress=Ingress.INTERNAL,
        scaling=ServiceScaling(1, 9),
        traffic=(TrafficTarget(name, 90, Tag("blue")), TrafficTarget(percent=10)),
        resource_version=12,
        status=ServiceStatus(
            observed_generation=3,
            conditions=(
                Condition("Ready", Status.TRUE, NOW),
                Condition("RoutesReady", Status.FALSE, NOW, "RevisionFailed", "m"),
            ),
            latest_created=name,
            latest_ready=name,
            traffic=(ActiveTraffic(name, 90, Tag("blue")), ActiveTraffic(name, 10, latest=True)),
        ),
    )
    body = v2.service_to_json(service, ["http://hello.example"])
    moment = "2026-02-01T08:15:07.123456Z"
    assert body.pop("template")["timeout"] == "300s"
    assert body == {
        "name": PARENT,
        "uid": service.uid,
        "generation": "3",
        "description": "d",
        "client": "gcloud",
        "invokerIamDisabled": True,
        "defaultUriDisabled": True,
        "labels": {"team": "web"},
        "annotations": {"example.com/mine": "yes"},
        "createTime": moment,
        "updateTime": moment,
        "creator": "dev@example.com",
        "lastModifier": "dev@example.com",
        "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY",
        "launchStage": "BETA",
        "customAudiences": ["a"],
        "traffic": [
            {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": name, "percent": 90, "tag": "blue"},
            {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 10},
        ],
        "scaling": {"minInstanceCount": 1, "maxInstanceCount": 9},
        "urls": ["http://hello.example"],
        "observedGeneration": "3",
        "terminalCondition": {"type": "Ready", "state": "CONDITION_SUCCEEDED", "lastTransitionTime": moment},
        "conditions": [
            {
                "type": "RoutesReady",
                "state": "CONDITION_FAILED",
                "message": "m",
                "lastTransitionTime": moment,
                "reason": "REVISION_FAILED",
            }
        ],
        "latestReadyRevision": f"{PARENT}/revisions/{name}",
        "latestCreatedRevision": f"{PARENT}/revisions/{name}",
        "trafficStatuses": [
            {
                "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
                "revision": name,
                "percent": 90,
                "tag": "blue",
                "uri": "http://blue---hello.example",
            },
            {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 10},
        ],
        "uri": "http://hello.example",
        "etag": "12",
    }


def test_a_service_on_its_way_says_so() -> None:
    waiting = a_service(status=ServiceStatus(conditions=(Condition("Ready", Status.UNKNOWN, NOW, "Deploying"),)))
    body = v2.service_to_json(waiting)
    assert body["reconciling"] is True
    assert body["terminalCondition"]["state"] == "CONDITION_RECONCILING"
    assert "reconciling" not in v2.revision_to_json(a_revision(ready=True))


@pytest.mark.parametrize("reason", sorted(REASONS | REVISION_REASONS))
def test_every_reason_of_v2_is_one_of_v1(reason: str) -> None:
    field = "reason" if reason in REASONS else "revisionReason"
    body = {
        "type": "T",
        "state": "CONDITION_FAILED",
        "lastTransitionTime": "2026-01-01T00:00:00.000000Z",
        field: reason,
    }
    (condition,) = conditions_from_json([body])
    assert condition.reason.upper() == reason.replace("_", "")
    assert condition_to_json(condition) == body


@pytest.mark.parametrize(
    ("scaling", "body"),
    [
        (ServiceScaling(), None),
        (ServiceScaling(2, 3), {"minInstanceCount": 2, "maxInstanceCount": 3}),
        (ServiceScaling(manual=0), {"scalingMode": "MANUAL", "manualInstanceCount": 0}),
    ],
)
def test_scaling_of_a_service(scaling: ServiceScaling, body: Json | None) -> None:
    made = v2.service_to_json(a_service(scaling=scaling))
    assert made.get("scaling") == body
    assert v2.service_from_json(made).scaling == scaling


def test_the_platforms_own_keys_are_not_shown_as_the_users() -> None:
    assert own({"run.googleapis.com/x": "1", "serving.knative.dev/y": "2", "team": "web"}) == {"team": "web"}


def test_a_length_of_time_is_in_seconds() -> None:
    assert template_from_json({"timeout": "3.5s", "containers": [{"image": "i"}]}).timeout == timedelta(seconds=3.5)


# recorded: v1 → value → v2 → value → v1, and what v2 has lost of it

HERE = RECORDINGS.is_dir()
recorded = pytest.mark.skipif(not HERE, reason=f"NO RECORDINGS at {RECORDINGS}: sameness is not tested")
NOT_IN_V2 = {
    "metadata.annotations.run.googleapis.com/operation-id": "v2 answers with the operation itself",
    "spec.template.metadata.annotations.run.googleapis.com/client-name": "only the service has a client",
    "spec.template.metadata.annotations.run.googleapis.com/client-version": "only the service has a client",
    "spec.template.metadata.labels.run.googleapis.com/startupProbeType": "of the platform; v2 shows the probe itself",
    "metadata.annotations.run.googleapis.com/client-name": "of a revision; only the service has a client",
    "metadata.annotations.run.googleapis.com/client-version": "of a revision; only the service has a client",
    "metadata.labels.run.googleapis.com/startupProbeType": "of the platform; v2 shows the probe itself",
    "metadata.labels.serving.knative.dev/serviceUid": "the name of the revision says whose it is",
    "metadata.labels.serving.knative.dev/configurationGeneration": "v2 has no configurations",
    "metadata.ownerReferences": "v2 has no configurations",
    "status.imageDigest": "v2 shows what was asked for",
    "status.containerStatuses": "v2 shows what was asked for",
}


def _resources(kind: str) -> list[Json]:
    if not HERE:
        return []
    items: list[Json] = json.loads((RECORDINGS / "resources" / f"{kind}.json").read_text())["items"]
    return [item for item in items if "run.googleapis.com/workerPool" not in item["metadata"]["labels"]]


def _differences(before: Any, after: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict | None):
        found: dict[str, tuple[Any, Any]] = {}
        for key in before.keys() | (after or {}).keys():
            found |= _differences(before.get(key), (after or {}).get(key), f"{path}.{key}".lstrip("."))
        return found
    return {} if before == after else {path: (before, after)}


@recorded
@pytest.mark.parametrize("item", _resources("services"), ids=lambda item: item["metadata"]["name"])
def test_a_recorded_service_comes_back_through_v2(item: Json) -> None:
    service = v2.service_from_json(through_text(v2.service_to_json(v1.service_from_json(item, "demo"))))
    lost = _differences(item, through_text(v1.service_to_json(service, item["metadata"]["namespace"])))
    assert {path: pair for path, pair in lost.items() if path not in NOT_IN_V2} == {}
    assert all(after is None for _, after in lost.values())


@recorded
@pytest.mark.parametrize("item", _resources("revisions"), ids=lambda item: item["metadata"]["name"])
def test_a_recorded_revision_comes_back_through_v2(item: Json) -> None:
    revision = v2.revision_from_json(through_text(v2.revision_to_json(v1.revision_from_json(item, "demo"))))
    lost = _differences(item, through_text(v1.revision_to_json(revision, NUMBER)))
    places = {"metadata.namespace", "metadata.selfLink"}
    assert {path: pair for path, pair in lost.items() if path not in NOT_IN_V2 and path not in places} == {}
