"""What `describe` shows of everything that a flag can set. Evidence: ours, in gcloud's layout; what is recorded is
compared in tests/transcripts."""

import json
from typing import Any

import pytest

from cloudrun_cli.cli.run.describing import revision_lines, service_lines

Json = dict[str, Any]

RUN, SCALE = "run.googleapis.com/", "autoscaling.knative.dev/"


def a_service(annotations: Json | None = None, template: Json | None = None, **spec: Any) -> Json:
    """A ready v1 service with these annotations, those of its template, and these fields of the template's spec."""
    return {
        "metadata": {
            "name": "full",
            "annotations": {"serving.knative.dev/lastModifier": "dev@example.com", **(annotations or {})},
            "labels": {"cloud.googleapis.com/location": "us-central1", "team": "web"},
            "creationTimestamp": "2026-01-10T09:00:02.000000Z",
        },
        "spec": {
            "template": {
                "metadata": {"annotations": template or {}, "labels": {"tier": "front"}},
                "spec": {"containers": [{"image": "img"}], "timeoutSeconds": 120, **spec},
            },
            "traffic": [{"latestRevision": True, "percent": 100}],
        },
        "status": {
            "url": "http://full",
            "latestCreatedRevisionName": "full-00001-abc",
            "latestReadyRevisionName": "full-00001-abc",
            "traffic": [{"latestRevision": True, "percent": 100, "revisionName": "full-00001-abc"}],
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-10T09:00:07.000000Z"}],
        },
    }


def test_a_service_with_everything_at_its_own_level_shows_all_of_it() -> None:
    annotations = {
        f"{RUN}minScale": "1",
        f"{RUN}maxScale": "20",
        f"{RUN}description": "Everything",
        f"{RUN}launch-stage": "BETA",
        f"{RUN}ingress": "internal",
        f"{RUN}ingress-status": "all",
        f"{RUN}custom-audiences": '["a","b"]',
        f"{RUN}default-url-disabled": "true",
        f"{RUN}invoker-iam-disabled": "true",
        f"{RUN}iap-enabled": "true",
        f"{RUN}binary-authorization": "default",
        f"{RUN}binary-authorization-breakglass": "on fire",
        f"{RUN}build-id": "b-1",
        f"{RUN}build-image-uri": "img",
        f"{RUN}build-source-location": "gs://b/o",
        f"{RUN}regions": "us-central1",
        f"{RUN}urls": json.dumps(["http://a", "https://b", "http://127.0.0.1:2000"]),
    }
    lines = list(service_lines(a_service(annotations)))
    assert lines[: lines.index("  Container None")] == [
        "✔ Service full in region us-central1",
        "team:web",
        " ",
        "URL:     http://a",
        "         https://b",
        "         http://127.0.0.1:2000",
        "Ingress: internal (currently all)",
        "Traffic:",
        "  100% LATEST (currently full-00001-abc)",
        " ",
        "Scaling:             Auto (Min: 1, Max: 20)",
        "Description:         Everything",
        "Launch Stage:        BETA",
        "Binary Authorization: Default",
        "Breakglass Justification: on fire",
        "IAP:                 Enabled",
        "Invoker IAM Check:   Disabled",
        "Default URL:         Disabled",
        "Custom Audiences:    a, b",
        "Regions:             us-central1",
        "Build:",
        "  Build ID:          b-1",
        "  Image:             img",
        "  Source:            gs://b/o",
        " ",
        "Last updated on 2026-01-10T09:00:07.000000Z by dev@example.com:",
        "  Revision full-00001-abc",
        "  tier:front",
    ]


def test_manual_scaling_is_shown_instead_of_limits_that_mean_nothing_then() -> None:
    manual = {f"{RUN}scalingMode": "manual", f"{RUN}manualInstanceCount": "3"}
    lines = list(service_lines(a_service(manual, {f"{SCALE}maxScale": "9"})))
    assert "Scaling: Manual (Instances: 3)" in lines
    assert not any("Max instances" in line for line in lines)


def test_a_template_with_everything_shows_all_of_it() -> None:
    annotations = {
        f"{SCALE}minScale": "1",
        f"{SCALE}maxScale": "7",
        f"{RUN}scaling-cpu-target": "0.7",
        f"{RUN}cloudsql-instances": "p:r:a,p:r:b",
        f"{RUN}network-interfaces": '[{"network":"net","subnetwork":"sub","tags":["x","y"]}]',
        f"{RUN}vpc-access-egress": "all-traffic",
        f"{RUN}encryption-key": "projects/p/key",
        f"{RUN}post-key-revocation-action-type": "prevent-new",
        f"{RUN}cpu-throttling": "false",
        f"{RUN}startup-cpu-boost": "false",
        f"{RUN}execution-environment": "gen2",
        f"{RUN}sessionAffinity": "true",
        f"{RUN}health-check-disabled": "true",
        f"{RUN}gpu-zonal-redundancy-disabled": "true",
        f"{RUN}mesh": "projects/p/mesh",
        f"{RUN}something-new": "yes",
    }
    service = a_service(
        {},
        annotations,
        containers=[{"image": "img", "ports": [{"name": "h2c", "containerPort": 9000}]}],
        serviceAccountName="sa@demo",
        containerConcurrency=20,
        nodeSelector={f"{RUN}accelerator": "nvidia-l4"},
        volumes=[
            {"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "128Mi"}},
            {"name": "cfg", "secret": {"secretName": "app", "items": [{"key": "2", "path": "config.yaml"}]}},
            {"name": "disk", "emptyDir": {"medium": "Disk"}},
            {"name": "share", "nfs": {"server": "10.0.0.1", "path": "/x", "readOnly": True}},
            {
                "name": "bucket",
                "csi": {
                    "driver": "gcsfuse.run.googleapis.com",
                    "volumeAttributes": {"bucketName": "b", "mountOptions": "implicit-dirs"},
                },
            },
        ],
    )
    lines = list(service_lines(service))
    assert lines[lines.index("  Service account:   sa@demo") :] == [
        "  Service account:   sa@demo",
        "  Concurrency:       20",
        "  Scaling:",
        "    Min instances:   1",
        "    Max instances:   7",
        "    CPU target:      0.7",
        "  SQL connections:   p:r:a, p:r:b",
        "  Timeout:           120s",
        "  VPC access:",
        "    Network:         net",
        "    Subnet:          sub",
        "    Tags:            x, y",
        "    Egress:          all-traffic",
        "  CMEK:",
        "    Key:             projects/p/key",
        "    On revocation:   prevent-new",
        "  HTTP/2 Enabled:    Enabled",
        "  CPU Allocation:    CPU is always allocated",
        "  Startup CPU boost: Disabled",
        "  Execution Environment: Second Generation",
        "  Session Affinity:  Enabled",
        "  Deploy Health Check: Disabled",
        "  GPU Type:          nvidia-l4",
        "  GPU Zonal Redundancy: Disabled",
        "  Service Mesh:      projects/p/mesh",
        "  Volumes:",
        "    bucket",
        "      type:          cloud-storage",
        "      bucket:        b",
        "      mount-options: implicit-dirs",
        "    cfg",
        "      type:          secret",
        "      secret:        app",
        "      items:",
        "        config.yaml  2",
        "    disk",
        "      type:          ephemeral-disk",
        "    scratch",
        "      type:          in-memory",
        "      size-limit:    128Mi",
        "    share",
        "      type:          nfs",
        "      location:      10.0.0.1:/x",
        "      read-only:     true",
        "  something-new:     yes",
    ]


def test_a_container_with_everything_shows_all_of_it() -> None:
    app = {
        "name": "app",
        "image": "img:1",
        "command": ["/bin/app"],
        "args": ["--x", "--y=1"],
        "workingDir": "/srv",
        "ports": [{"containerPort": 9000}],
        "resources": {"limits": {"cpu": "2", "memory": "1Gi", "nvidia.com/gpu": "1"}},
        "env": [
            {"name": "MODE", "value": "prod"},
            {"name": "EMPTY"},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "latest"}}},
        ],
        "volumeMounts": [
            {"name": "cfg", "mountPath": "/etc/cfg"},
            {"name": "scratch", "mountPath": "/scratch"},
            {"name": "gone", "mountPath": "/gone"},
        ],
        "startupProbe": {"httpGet": {"path": "/ready", "port": 9000}, "periodSeconds": 5, "failureThreshold": 3},
        "livenessProbe": {"grpc": {"port": 9000, "service": "health"}, "initialDelaySeconds": 10},
        "readinessProbe": {
            "httpGet": {"path": "/", "httpHeaders": [{"name": "X-Probe", "value": "1"}]},
            "successThreshold": 2,
        },
    }
    depends = {f"{RUN}container-dependencies": '{"app":["cache","proxy"]}', f"{RUN}base-images": '{"app":"python312"}'}
    service = a_service(
        {},
        depends,
        containers=[app, {"name": "cache", "image": "redis"}],
        volumes=[
            {"name": "cfg", "secret": {"secretName": "app", "items": [{"key": "2", "path": "config.yaml"}]}},
            {"name": "scratch", "emptyDir": {"medium": "Memory"}},
        ],
    )
    lines = list(service_lines(service))
    first, last = lines.index("  Container app"), lines.index("  Timeout:           120s")
    assert lines[first:last] == [
        "  Container app",
        "    Image:           img:1",
        "    Base Image:      python312",
        "    Command:         /bin/app",
        "    Args:            --x --y=1",
        "    Working Directory: /srv",
        "    Port:            9000",
        "    Memory:          1Gi",
        "    CPU:             2",
        "    GPU:             1",
        "    Env vars:",
        "      EMPTY",
        "      MODE           prod",
        "    Volume Mounts:",
        "      /gone          volume not found",
        "      /scratch",
        "        name:        scratch",
        "        type:        in-memory",
        "    Secrets:",
        "      /etc/cfg/config.yaml app:2",
        "      PASSWORD       db:latest",
        "    Startup Probe:",
        "      HTTP every 5s",
        "      Path:          /ready",
        "      Port:          9000",
        "      Initial delay: 0s",
        "      Timeout:       1s",
        "      Failure threshold: 3",
        "    Liveness Probe:",
        "      GRPC every 10s",
        "      Port:          9000",
        "      Service:       health",
        "      Initial delay: 10s",
        "      Timeout:       1s",
        "      Failure threshold: 3",
        "    Readiness Probe:",
        "      HTTP every 10s",
        "      Path:          /",
        "      Headers:",
        "        X-Probe      1",
        "      Initial delay: 0s",
        "      Timeout:       1s",
        "      Failure threshold: 3",
        "      Success threshold: 2",
        "    Container Dependencies: cache, proxy",
        "  Container cache",
        "    Image:           redis",
    ]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("It did not listen.", ["X It did not listen."]),
        ("First.\n\nLogs URL: u", ["X First.  Logs URL: u"]),  # recorded: revisions-describe-failed
        ("First.\nLast lines:\n  a", ["X First.", "Last lines:", "  a"]),  # what an instance has said last
        ("x" * 120, ["X " + "x" * 98, "x" * 22]),
    ],
)
def test_why_a_revision_is_not_ready_is_told_below_it(message: str, shown: list[str]) -> None:
    revision = a_service()["spec"]["template"] | {
        "status": {"conditions": [{"type": "Ready", "status": "False", "message": message}]},
    }
    revision["metadata"] |= {"name": "full-00001-abc", "labels": {"cloud.googleapis.com/location": "us-central1"}}
    lines = list(revision_lines(revision))
    assert lines[-len(shown) :] == shown


def test_a_service_of_which_nothing_is_ready_says_that_nobody_gets_its_traffic() -> None:
    """As gcloud's own printer puts it (traffic_pair.py): None is the name of a revision that is not there."""
    service = a_service()
    service["status"] = {"conditions": [], "latestCreatedRevisionName": "full-00001-abc"}
    lines = list(service_lines(service))
    assert lines[0].startswith("… Service full")
    assert lines[lines.index("Traffic:") + 1].strip() == "100% (currently -) LATEST (currently None)"
