"""The v1 shape of a revision template: containers, probes, and the settings that v1 keeps in annotations."""

from datetime import timedelta
from typing import Any

from cloudrun_cli.core.resources import (
    DEFAULT_CPU,
    DEFAULT_MEMORY,
    DEFAULT_TIMEOUT,
    Container,
    ContainerPort,
    EnvVar,
    Probe,
    RevisionName,
    RevisionTemplate,
)

Json = dict[str, Any]

_MIN, _MAX = "autoscaling.knative.dev/minScale", "autoscaling.knative.dev/maxScale"


def template_to_json(template: RevisionTemplate) -> Json:
    """`spec.template` of a Service; metadata keys that are empty are left out."""
    annotations = dict(template.annotations)
    if template.min_instances is not None:
        annotations[_MIN] = str(template.min_instances)
    if template.max_instances is not None:
        annotations[_MAX] = str(template.max_instances)
    meta: Json = {}
    if annotations:
        meta["annotations"] = dict(sorted(annotations.items()))
    if template.labels:
        meta["labels"] = dict(sorted(template.labels.items()))
    if template.name:
        meta["name"] = template.name
    spec: Json = {}
    if template.concurrency is not None:
        spec["containerConcurrency"] = template.concurrency
    spec["containers"] = [_container_to_json(c) for c in template.containers]
    if template.service_account:
        spec["serviceAccountName"] = template.service_account
    spec["timeoutSeconds"] = int(template.timeout.total_seconds())
    return {"metadata": meta, "spec": spec}


def template_from_json(body: Json) -> RevisionTemplate:
    """The value of `spec.template`."""
    meta = body.get("metadata") or {}
    spec = body["spec"]
    annotations = dict(meta.get("annotations") or {})
    least, most = annotations.pop(_MIN, None), annotations.pop(_MAX, None)
    seconds = spec.get("timeoutSeconds")
    return RevisionTemplate(
        containers=tuple(_container_from_json(c) for c in spec["containers"]),
        name=RevisionName(meta["name"]) if meta.get("name") else None,
        labels=dict(meta.get("labels") or {}),
        annotations=annotations,
        concurrency=spec.get("containerConcurrency"),
        timeout=DEFAULT_TIMEOUT if seconds is None else timedelta(seconds=seconds),
        service_account=spec.get("serviceAccountName", ""),
        min_instances=None if least is None else int(least),
        max_instances=None if most is None else int(most),
    )


def _container_to_json(container: Container) -> Json:
    out: Json = {}
    if container.args:
        out["args"] = list(container.args)
    if container.command:
        out["command"] = list(container.command)
    if container.env:
        out["env"] = [{"name": v.name, "value": v.value} for v in container.env]
    out["image"] = container.image
    for key, probe in (("livenessProbe", container.liveness_probe), ("readinessProbe", container.readiness_probe)):
        if probe:
            out[key] = _probe_to_json(probe)
    if container.name:
        out["name"] = container.name
    if container.port:
        out["ports"] = [{"containerPort": container.port.number, "name": container.port.name}]
    out["resources"] = {"limits": {"cpu": container.cpu, "memory": container.memory}}
    if container.startup_probe:
        out["startupProbe"] = _probe_to_json(container.startup_probe)
    if container.working_dir:
        out["workingDir"] = container.working_dir
    return out


def _container_from_json(body: Json) -> Container:
    limits = (body.get("resources") or {}).get("limits") or {}
    ports = body.get("ports") or []
    port = ContainerPort(int(ports[0]["containerPort"]), ports[0].get("name") or "http1") if ports else None
    return Container(
        image=body["image"],
        name=body.get("name", ""),
        command=tuple(body.get("command") or ()),
        args=tuple(body.get("args") or ()),
        env=tuple(EnvVar(v["name"], v.get("value", "")) for v in body.get("env") or ()),
        cpu=str(limits.get("cpu", DEFAULT_CPU)),
        memory=str(limits.get("memory", DEFAULT_MEMORY)),
        port=port,
        working_dir=body.get("workingDir", ""),
        startup_probe=_probe_from_json(body.get("startupProbe")),
        liveness_probe=_probe_from_json(body.get("livenessProbe")),
        readiness_probe=_probe_from_json(body.get("readinessProbe")),
    )


def _probe_to_json(probe: Probe) -> Json:
    action: Json = {}
    if probe.port is not None:
        action["port"] = probe.port
    out: Json = {"failureThreshold": probe.failure_threshold}
    if probe.kind == "http":
        headers = [{"name": name, "value": value} for name, value in probe.headers]
        out["httpGet"] = {**({"httpHeaders": headers} if headers else {}), "path": probe.path, **action}
    elif probe.kind == "grpc":
        out["grpc"] = {**action, **({"service": probe.service} if probe.service else {})}
    else:
        out["tcpSocket"] = action
    if probe.initial_delay_seconds:
        out["initialDelaySeconds"] = probe.initial_delay_seconds
    out |= {"periodSeconds": probe.period_seconds, "timeoutSeconds": probe.timeout_seconds}
    if probe.success_threshold != 1:
        out["successThreshold"] = probe.success_threshold
    return out


def _probe_from_json(body: Json | None) -> Probe | None:
    if body is None:
        return None
    kind = "http" if "httpGet" in body else "grpc" if "grpc" in body else "tcp"
    action = body.get("httpGet") or body.get("grpc") or body.get("tcpSocket") or {}
    return Probe(
        kind=kind,
        port=action.get("port"),
        path=action.get("path", "/"),
        service=action.get("service", ""),
        headers=tuple((h["name"], h.get("value", "")) for h in action.get("httpHeaders") or ()),
        initial_delay_seconds=int(body.get("initialDelaySeconds", 0)),
        timeout_seconds=int(body.get("timeoutSeconds", 1)),
        period_seconds=int(body.get("periodSeconds", 10)),
        failure_threshold=int(body.get("failureThreshold", 3)),
        success_threshold=int(body.get("successThreshold", 1)),
    )
