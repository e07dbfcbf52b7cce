"""The v1 shape of a revision template: containers, and the settings that v1 keeps in annotations."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cloudrun_cli.core.annotations import CONTAINER_DEPENDENCIES
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import (
    DEFAULT_CPU,
    DEFAULT_MEMORY,
    DEFAULT_TIMEOUT,
    Container,
    ContainerPort,
    EnvVar,
    RevisionName,
    RevisionTemplate,
)
from cloudrun_cli.core.volumes import SecretKey
from cloudrun_cli.core.wire.v1_probe import probe_from_json, probe_to_json
from cloudrun_cli.core.wire.v1_volumes import (
    mount_from_json,
    mount_to_json,
    volume_from_json,
    volume_to_json,
    with_cloud_sql,
)

Json = dict[str, Any]

_MIN, _MAX = "autoscaling.knative.dev/minScale", "autoscaling.knative.dev/maxScale"
_IN_KNATIVE = {_MIN: "autoscaling.knative.dev/min-scale", _MAX: "autoscaling.knative.dev/max-scale"}
_SPEC = {"containerConcurrency", "containers", "nodeSelector", "serviceAccountName", "timeoutSeconds", "volumes"}
_CONTAINER = {"args", "command", "env", "image", "livenessProbe", "name", "ports", "readinessProbe", "resources"}
_CONTAINER |= {"startupProbe", "volumeMounts", "workingDir"}


def template_to_json(template: RevisionTemplate) -> Json:
    """`spec.template` of a Service; metadata keys that are empty are left out."""
    template = with_cloud_sql(template)
    annotations = dict(template.annotations)
    if template.min_instances is not None:
        annotations[_MIN] = str(template.min_instances)
    if template.max_instances is not None:
        annotations[_MAX] = str(template.max_instances)
    order = {c.name: list(c.depends_on) for c in template.containers if c.depends_on}
    if order:
        annotations[CONTAINER_DEPENDENCIES] = json.dumps(order, separators=(",", ":"))
    meta: Json = {}
    if annotations:
        meta["annotations"] = dict(sorted(annotations.items()))
    if template.labels:
        meta["labels"] = dict(sorted(template.labels.items()))
    if template.name:
        meta["name"] = template.name
    spec: Json = dict(template.extra)
    if template.concurrency is not None:
        spec["containerConcurrency"] = template.concurrency
    spec["containers"] = [_container_to_json(c) for c in template.containers]
    if template.node_selector:
        spec["nodeSelector"] = dict(template.node_selector)
    if template.service_account:
        spec["serviceAccountName"] = template.service_account
    spec["timeoutSeconds"] = int(template.timeout.total_seconds())
    if template.volumes:
        spec["volumes"] = [volume_to_json(v) for v in template.volumes]
    return {"metadata": meta, "spec": spec}


def template_from_json(body: Json) -> RevisionTemplate:
    """The value of `spec.template`. Raises InvalidArgument for a volume or an annotation that means nothing."""
    meta = body.get("metadata") or {}
    spec = body["spec"]
    annotations = dict(meta.get("annotations") or {})
    least, most = (_said(annotations, name) for name in (_MIN, _MAX))
    seconds = spec.get("timeoutSeconds")
    containers = tuple(_container_from_json(c) for c in spec["containers"])
    containers = _in_order(containers, annotations)
    return RevisionTemplate(
        containers=containers,
        name=RevisionName(meta["name"]) if meta.get("name") else None,
        labels=dict(meta.get("labels") or {}),
        annotations=annotations,
        concurrency=spec.get("containerConcurrency"),
        timeout=DEFAULT_TIMEOUT if seconds is None else timedelta(seconds=seconds),
        service_account=spec.get("serviceAccountName") or "",
        min_instances=whole(least, f"spec.template.metadata.annotations[{_MIN}]"),
        max_instances=whole(most, f"spec.template.metadata.annotations[{_MAX}]"),
        volumes=tuple(volume_from_json(v) for v in spec.get("volumes") or ()),
        node_selector=dict(spec.get("nodeSelector") or {}),
        extra={key: value for key, value in spec.items() if key not in _SPEC and value is not None},
    )


def _said(annotations: dict[str, str], name: str) -> str | None:
    """What an annotation says, in either spelling, and takes both out. Source: Knative, Configuring scale bounds."""
    theirs = annotations.pop(_IN_KNATIVE[name], None)
    return annotations.pop(name, theirs)


def whole(text: object, field: str) -> int | None:
    """The number that an annotation says; None when it says nothing. Raises InvalidArgument naming the field."""
    if text is None or text == "":
        return None
    try:
        return int(str(text))
    except ValueError:
        raise InvalidArgument(f"{field}: Invalid value [{text}]. It must be a whole number.", field=field) from None


def _container_to_json(container: Container) -> Json:
    out: Json = {key: value for key, value in container.extra.items() if key != "resources"}
    if container.args:
        out["args"] = list(container.args)
    if container.command:
        out["command"] = list(container.command)
    if container.env:
        out["env"] = [_env_to_json(v) for v in container.env]
    out["image"] = container.image
    for key, probe in (("livenessProbe", container.liveness_probe), ("readinessProbe", container.readiness_probe)):
        if probe:
            out[key] = probe_to_json(probe)
    if container.name:
        out["name"] = container.name
    if container.port:
        out["ports"] = [{"containerPort": container.port.number, "name": container.port.name}]
    limits = {**container.limits, "cpu": container.cpu, "memory": container.memory}
    out["resources"] = {**container.extra.get("resources", {}), "limits": limits}
    if container.startup_probe:
        out["startupProbe"] = probe_to_json(container.startup_probe)
    if container.mounts:
        out["volumeMounts"] = [mount_to_json(m) for m in container.mounts]
    if container.working_dir:
        out["workingDir"] = container.working_dir
    return out


def _container_from_json(body: Json) -> Container:
    resources = body.get("resources") or {}
    limits = dict(resources.get("limits") or {})
    ports = body.get("ports") or []
    port = ContainerPort(int(ports[0]["containerPort"]), ports[0].get("name") or "http1") if ports else None
    further = {key: value for key, value in resources.items() if key != "limits" and value}
    extra = {key: value for key, value in body.items() if key not in _CONTAINER and value is not None}
    return Container(
        image=body.get("image") or "",
        name=body.get("name") or "",
        command=tuple(body.get("command") or ()),
        args=tuple(body.get("args") or ()),
        env=tuple(env_from_json(v) for v in body.get("env") or ()),
        cpu=str(limits.pop("cpu", DEFAULT_CPU)),
        memory=str(limits.pop("memory", DEFAULT_MEMORY)),
        port=port,
        working_dir=body.get("workingDir") or "",
        startup_probe=probe_from_json(body.get("startupProbe")),
        liveness_probe=probe_from_json(body.get("livenessProbe")),
        readiness_probe=probe_from_json(body.get("readinessProbe")),
        mounts=tuple(mount_from_json(m) for m in body.get("volumeMounts") or ()),
        limits={key: str(value) for key, value in limits.items()},
        extra=extra | ({"resources": further} if further else {}),
    )


def _env_to_json(variable: EnvVar) -> Json:
    if variable.secret is None:
        return {"name": variable.name, "value": variable.value}
    key: Json = {"key": variable.secret.version, "name": variable.secret.secret}
    if variable.secret.optional is not None:
        key |= {"optional": variable.secret.optional}
    return {"name": variable.name, "valueFrom": {"secretKeyRef": key}}


def env_from_json(body: Json) -> EnvVar:
    """The value of one of a container's `env`."""
    key = (body.get("valueFrom") or {}).get("secretKeyRef")
    if key is None:
        return EnvVar(body["name"], body.get("value") or "")
    name = key.get("name") or (key.get("localObjectReference") or {}).get("name", "")
    return EnvVar(body["name"], secret=SecretKey(name, str(key["key"]), key.get("optional")))


def _in_order(containers: tuple[Container, ...], annotations: dict[str, Any]) -> tuple[Container, ...]:
    """The containers with whom each waits for, taken out of the annotation. Raises InvalidArgument when that is not a
    map from names of containers to lists."""
    text = annotations.pop(CONTAINER_DEPENDENCIES, None)
    if not text:
        return containers
    field = f"spec.template.metadata.annotations[{CONTAINER_DEPENDENCIES}]"
    try:
        order = json.loads(text)
    except ValueError:
        order = None
    if not isinstance(order, Mapping) or not all(_is_names(names) for names in order.values()):
        raise InvalidArgument(
            f"{field}: Invalid value [{text}]. It must be a JSON map from the name of a container to a list of those "
            'it waits for, such as {"app":["redis"]}.',
            field=field,
        )
    unknown = [name for name in order if name not in {c.name for c in containers}]
    if unknown:
        raise InvalidArgument(f"{field}: There is no container [{unknown[0]}].", field=field)
    return tuple(replace(c, depends_on=tuple(order.get(c.name, ()))) if c.name else c for c in containers)


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)
