"""The v2 shape of a container. Source: run.googleapis.com v2, Container, ResourceRequirements, Probe."""

from typing import Any

from cloudrun_cli.core.resources import DEFAULT_CPU, DEFAULT_MEMORY, Container, ContainerPort, EnvVar, Probe
from cloudrun_cli.core.volumes import SecretKey, VolumeMount
from cloudrun_cli.core.wire.v1_probe import probe_from_json, probe_to_json
from cloudrun_cli.core.wire.v2_volumes import Named

Json = dict[str, Any]


def container_to_json(container: Container, named: Named, *, cpu_idle: bool, boost: bool) -> Json:
    """A container; `cpu_idle` and `boost` are those of its template."""
    out: Json = {"image": container.image}
    if container.name:
        out["name"] = container.name
    if container.command:
        out["command"] = list(container.command)
    if container.args:
        out["args"] = list(container.args)
    if container.env:
        out["env"] = [_env_to_json(v, named) for v in container.env]
    limits = {**container.limits, "cpu": container.cpu, "memory": container.memory}
    out["resources"] = {"limits": limits, **({"cpuIdle": True} if cpu_idle else {})}
    if boost:
        out["resources"]["startupCpuBoost"] = True
    if container.port:
        out["ports"] = [{"name": container.port.name, "containerPort": container.port.number}]
    if container.mounts:
        out["volumeMounts"] = [_mount_to_json(m) for m in container.mounts]
    if container.working_dir:
        out["workingDir"] = container.working_dir
    for key, probe in _probes(container).items():
        if probe:
            out[key] = _probe_to_json(probe)
    if container.depends_on:
        out["dependsOn"] = list(container.depends_on)
    return out


def container_from_json(body: Json, named: Named) -> Container:
    """The value of a container."""
    limits = dict((body.get("resources") or {}).get("limits") or {})
    ports = body.get("ports") or []
    port = ContainerPort(int(ports[0].get("containerPort", 8080)), ports[0].get("name") or "http1") if ports else None
    return Container(
        image=body["image"],
        name=body.get("name", ""),
        command=tuple(body.get("command") or ()),
        args=tuple(body.get("args") or ()),
        env=tuple(_env_from_json(v, named) for v in body.get("env") or ()),
        cpu=limits.pop("cpu", DEFAULT_CPU),
        memory=limits.pop("memory", DEFAULT_MEMORY),
        port=port,
        working_dir=body.get("workingDir", ""),
        startup_probe=probe_from_json(body.get("startupProbe")),
        liveness_probe=probe_from_json(body.get("livenessProbe")),
        readiness_probe=probe_from_json(body.get("readinessProbe")),
        mounts=tuple(
            VolumeMount(m["name"], m["mountPath"], m.get("subPath", "")) for m in body.get("volumeMounts") or ()
        ),
        depends_on=tuple(body.get("dependsOn") or ()),
        limits=limits,
    )


def cpu_idle(body: Json) -> bool:
    """Whether a container's CPU stops between requests. Trap: yes when nothing is said of its resources, no when
    something is said and not this. Source: v2, ResourceRequirements.cpuIdle."""
    resources = body.get("resources")
    return True if not resources else bool(resources.get("cpuIdle", False))


def _probes(container: Container) -> dict[str, Probe | None]:
    return {
        "startupProbe": container.startup_probe,
        "livenessProbe": container.liveness_probe,
        "readinessProbe": container.readiness_probe,
    }


def _probe_to_json(probe: Probe) -> Json:
    """As in v1, which has a threshold of successes besides."""
    body = probe_to_json(probe)
    body.pop("successThreshold", None)
    return body


def _mount_to_json(mount: VolumeMount) -> Json:
    return {"name": mount.volume, "mountPath": mount.path, **({"subPath": mount.sub_path} if mount.sub_path else {})}


def _env_to_json(variable: EnvVar, named: Named) -> Json:
    if variable.secret is None:
        return {"name": variable.name, "value": variable.value}
    key = {"secret": named(variable.secret.secret), "version": variable.secret.version}
    return {"name": variable.name, "valueSource": {"secretKeyRef": key}}


def _env_from_json(body: Json, named: Named) -> EnvVar:
    key = (body.get("valueSource") or {}).get("secretKeyRef")
    if key is None:
        return EnvVar(body["name"], body.get("value", ""))
    return EnvVar(body["name"], secret=SecretKey(named(key["secret"]), key.get("version") or "latest"))
