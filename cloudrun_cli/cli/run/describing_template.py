"""What `describe` shows of a revision template: how its instances run, from v1 JSON."""

import json
from collections.abc import Mapping
from typing import Any

from cloudrun_cli.cli.run.describing_containers import container_blocks, volumes_by_name
from cloudrun_cli.cli.run.layout import Block, unnamed

Json = Mapping[str, Any]

_RUN = "run.googleapis.com/"
_SCALE = "autoscaling.knative.dev/"
_ENVIRONMENTS = {"gen1": "First Generation", "gen2": "Second Generation"}
_ALLOCATION = {"true": "CPU is only allocated during request processing", "false": "CPU is always allocated"}
_SWITCH = {"true": "Enabled", "false": "Disabled"}
_SHOWN = {"scaling-cpu-target", "scaling-concurrency-target", "cloudsql-instances", "vpc-access-connector"} | {
    *("vpc-access-egress", "network-interfaces", "encryption-key", "post-key-revocation-action-type"),
    *("encryption-key-shutdown-hours", "cpu-throttling", "startup-cpu-boost", "execution-environment"),
    *("sessionAffinity", "health-check-disabled", "gpu-zonal-redundancy-disabled", "secrets"),
    *("container-dependencies", "mesh", "base-images", "sources"),
}


def template_block(template: Json, *, manual: bool = False) -> Block:
    """A template, or a revision, which has the same fields. With `manual` scaling its own limits mean nothing."""
    annotations, spec = template["metadata"].get("annotations", {}), template["spec"]
    port: Json = next((port for c in spec["containers"] for port in c.get("ports", ())), {})
    return [
        *container_blocks(template),
        ("Service account", spec.get("serviceAccountName")),
        ("Concurrency", spec.get("containerConcurrency")),
        ("Scaling", [] if manual else _scaling(annotations)),
        ("SQL connections", _run(annotations, "cloudsql-instances").replace(",", ", ")),
        ("Timeout", f"{spec.get('timeoutSeconds', 300)}s"),
        ("VPC access", network_block(annotations)),
        ("CMEK", _key(annotations)),
        ("HTTP/2 Enabled", "Enabled" if port.get("name") == "h2c" else ""),
        ("CPU Allocation", _worded(annotations, "cpu-throttling", _ALLOCATION)),
        ("Startup CPU boost", _worded(annotations, "startup-cpu-boost", _SWITCH)),
        ("Execution Environment", _worded(annotations, "execution-environment", _ENVIRONMENTS)),
        ("Session Affinity", _worded(annotations, "sessionAffinity", _SWITCH)),
        ("Deploy Health Check", "Disabled" if _run(annotations, "health-check-disabled") == "true" else ""),
        ("GPU Type", spec.get("nodeSelector", {}).get(f"{_RUN}accelerator")),
        ("GPU Zonal Redundancy", _redundancy(annotations)),
        ("Service Mesh", _run(annotations, "mesh")),
        ("Secret Aliases", _run(annotations, "secrets").replace(",", ", ")),
        ("Volumes", volumes_by_name(spec.get("volumes", ()))),
        *unnamed(annotations, _SHOWN),
    ]


def _scaling(annotations: Json) -> Block:
    return [
        ("Min instances", annotations.get(f"{_SCALE}minScale")),
        ("Max instances", annotations.get(f"{_SCALE}maxScale")),
        ("CPU target", _run(annotations, "scaling-cpu-target")),
        ("Concurrency target", _run(annotations, "scaling-concurrency-target")),
    ]


def network_block(annotations: Json) -> Block:
    """Through which network, and what of it."""
    interfaces = json.loads(_run(annotations, "network-interfaces") or "[{}]")
    lines: list[tuple[str, str]] = []
    for one in interfaces:
        lines += [
            ("Network", one.get("network", "")),
            ("Subnet", one.get("subnetwork", "")),
            ("Tags", ", ".join(one.get("tags", ()))),
        ]
    connector, egress = _run(annotations, "vpc-access-connector"), _run(annotations, "vpc-access-egress")
    return [*lines, ("Connector", connector), ("Egress", egress)]


def _key(annotations: Json) -> Block:
    return [
        ("Key", _run(annotations, "encryption-key")),
        ("On revocation", _run(annotations, "post-key-revocation-action-type")),
        ("Shutdown hours", _run(annotations, "encryption-key-shutdown-hours")),
    ]


def _redundancy(annotations: Json) -> str:
    return {"true": "Disabled", "false": "Enabled"}.get(_run(annotations, "gpu-zonal-redundancy-disabled"), "")


def _worded(annotations: Json, name: str, words: Mapping[str, str]) -> str:
    value = _run(annotations, name)
    return words.get(value, value)


def _run(annotations: Json, name: str) -> str:
    return str(annotations.get(_RUN + name, ""))
