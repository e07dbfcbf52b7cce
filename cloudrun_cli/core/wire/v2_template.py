"""The v2 shape of a revision template, in which most of v1's annotations are fields. Source: v2, RevisionTemplate."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cloudrun_cli.core.annotations import (
    CPU_THROTTLING,
    EXECUTION_ENVIRONMENT,
    HEALTH_CHECK_DISABLED,
    NETWORK_INTERFACES,
    SECRET_ALIASES,
    SESSION_AFFINITY,
    STARTUP_BOOST,
    VPC_CONNECTOR,
    VPC_EGRESS,
)
from cloudrun_cli.core.resources import DEFAULT_TIMEOUT, RevisionName, RevisionTemplate
from cloudrun_cli.core.wire.v2_container import container_from_json, container_to_json, cpu_idle
from cloudrun_cli.core.wire.v2_secrets import Aliases, aliases
from cloudrun_cli.core.wire.v2_volumes import volume_from_json, volume_to_json, with_sql_annotation, with_sql_volume

Json = dict[str, Any]

# Keys that v2 neither shows nor takes among labels and annotations. Source: v2, RevisionTemplate.labels
_SPACES = ("run.googleapis.com", "cloud.googleapis.com", "serving.knative.dev", "autoscaling.knative.dev")
_RUN = "run.googleapis.com/"

_FLAGS = {
    "sessionAffinity": SESSION_AFFINITY,
    "healthCheckDisabled": HEALTH_CHECK_DISABLED,
    "gpuZonalRedundancyDisabled": f"{_RUN}gpu-zonal-redundancy-disabled",
}
_TEXTS = {
    "encryptionKey": f"{_RUN}encryption-key",
    "encryptionKeyRevocationAction": f"{_RUN}post-key-revocation-action-type",
}
_TARGETS = {
    "cpuUtilization": f"{_RUN}scaling-cpu-target",
    "concurrencyUtilization": f"{_RUN}scaling-concurrency-target",
}
_GENERATIONS = {"gen1": "EXECUTION_ENVIRONMENT_GEN1", "gen2": "EXECUTION_ENVIRONMENT_GEN2"}
_EGRESS = {"all-traffic": "ALL_TRAFFIC", "private-ranges-only": "PRIVATE_RANGES_ONLY"}
_MESH = f"{_RUN}mesh"
_ACCELERATOR = f"{_RUN}accelerator"


def own(keys: Mapping[str, str]) -> dict[str, str]:
    """The labels or annotations that are the user's own, by key."""
    return {key: keys[key] for key in sorted(keys) if key.partition("/")[0] not in _SPACES or "/" not in key}


def template_to_json(template: RevisionTemplate) -> Json:
    """`template` of a Service, and most of a Revision."""
    template = with_sql_volume(template)
    said = template.annotations
    known = aliases(said)

    def named(secret: str) -> str:
        return known.get(secret, secret)

    out: Json = {"revision": template.name} if template.name else {}
    if labels := own(template.labels):
        out["labels"] = labels
    if annotations := own(said):
        out["annotations"] = annotations
    if scaling := _scaling_to_json(template):
        out["scaling"] = scaling
    if access := _vpc_to_json(said):
        out["vpcAccess"] = access
    out["timeout"] = f"{int(template.timeout.total_seconds())}s"
    if template.service_account:
        out["serviceAccount"] = template.service_account
    idle, boost = not template.cpu_always, said.get(STARTUP_BOOST) == "true"
    out["containers"] = [container_to_json(c, named, cpu_idle=idle, boost=boost) for c in template.containers]
    if template.volumes:
        out["volumes"] = [volume_to_json(v, named) for v in template.volumes]
    if said.get(EXECUTION_ENVIRONMENT) in _GENERATIONS:
        out["executionEnvironment"] = _GENERATIONS[said[EXECUTION_ENVIRONMENT]]
    out |= {field: said[key] for field, key in _TEXTS.items() if said.get(key)}
    if template.concurrency:
        out["maxInstanceRequestConcurrency"] = template.concurrency
    if said.get(_MESH):
        out["serviceMesh"] = {"mesh": said[_MESH]}
    out |= {field: True for field, key in _FLAGS.items() if said.get(key) == "true"}
    if _ACCELERATOR in template.node_selector:
        out["nodeSelector"] = {"accelerator": template.node_selector[_ACCELERATOR]}
    return out


def template_from_json(body: Json) -> RevisionTemplate:
    """The value of a template. Raises InvalidArgument for a volume of no known kind."""
    made = Aliases()
    scaling = body.get("scaling") or {}
    containers = body["containers"]
    annotations = {**(body.get("annotations") or {}), **_annotations(body)}
    found = RevisionTemplate(
        containers=tuple(container_from_json(c, made.named) for c in containers),
        name=RevisionName(body["revision"]) if body.get("revision") else None,
        labels=dict(body.get("labels") or {}),
        concurrency=body.get("maxInstanceRequestConcurrency") or None,
        timeout=_length(body["timeout"]) if body.get("timeout") else DEFAULT_TIMEOUT,
        service_account=body.get("serviceAccount", ""),
        min_instances=scaling.get("minInstanceCount") or None,
        max_instances=scaling.get("maxInstanceCount") or None,
        volumes=tuple(volume_from_json(v, made.named) for v in body.get("volumes") or ()),
        node_selector=_selector(body),
        annotations=annotations,
    )
    if made.annotation:
        annotations[SECRET_ALIASES] = made.annotation[SECRET_ALIASES]
    return with_sql_annotation(found)


def _annotations(body: Json) -> dict[str, str]:
    """What v1 keeps in annotations."""
    out: dict[str, str] = {}
    containers = body["containers"]
    if not all(cpu_idle(c) for c in containers):
        out[CPU_THROTTLING] = "false"
    if any((c.get("resources") or {}).get("startupCpuBoost") for c in containers):
        out[STARTUP_BOOST] = "true"
    out |= {key: "true" for field, key in _FLAGS.items() if body.get(field)}
    out |= {key: str(body[field]) for field, key in _TEXTS.items() if body.get(field)}
    for word, generation in _GENERATIONS.items():
        if body.get("executionEnvironment") == generation:
            out[EXECUTION_ENVIRONMENT] = word
    mesh = (body.get("serviceMesh") or {}).get("mesh")
    scaling = body.get("scaling") or {}
    out |= {key: str(scaling[f] or "disabled") for f, key in _TARGETS.items() if scaling.get(f) is not None}
    return {**out, **({_MESH: mesh} if mesh else {}), **_vpc_from_json(body.get("vpcAccess") or {})}


def _scaling_to_json(template: RevisionTemplate) -> Json:
    counts = {"minInstanceCount": template.min_instances, "maxInstanceCount": template.max_instances}
    out: Json = {field: count for field, count in counts.items() if count}
    targets = {field: template.annotations.get(key) for field, key in _TARGETS.items()}
    return out | {field: 0.0 if said == "disabled" else float(said) for field, said in targets.items() if said}


def _vpc_to_json(said: Mapping[str, str]) -> Json:
    out: Json = {"connector": said[VPC_CONNECTOR]} if said.get(VPC_CONNECTOR) else {}
    if said.get(VPC_EGRESS) in _EGRESS:
        out["egress"] = _EGRESS[said[VPC_EGRESS]]
    if said.get(NETWORK_INTERFACES):
        out["networkInterfaces"] = json.loads(said[NETWORK_INTERFACES])
    return out


def _vpc_from_json(body: Json) -> dict[str, str]:
    out = {VPC_CONNECTOR: body["connector"]} if body.get("connector") else {}
    for word, egress in _EGRESS.items():
        if body.get("egress") == egress:
            out[VPC_EGRESS] = word
    if body.get("networkInterfaces"):
        out[NETWORK_INTERFACES] = json.dumps(body["networkInterfaces"], separators=(",", ":"))
    return out


def _selector(body: Json) -> dict[str, str]:
    accelerator = (body.get("nodeSelector") or {}).get("accelerator")
    return {_ACCELERATOR: accelerator} if accelerator else {}


def _length(text: str) -> timedelta:
    """From "300s", as JSON writes a Duration."""
    return timedelta(seconds=float(text.removesuffix("s")))
