"""What `describe` shows of containers, their probes and the volumes they mount: from v1 JSON."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cloudrun_cli.cli.run.layout import Block, Names

Json = Mapping[str, Any]

DEPENDENCIES = "run.googleapis.com/container-dependencies"
BASE_IMAGES = "run.googleapis.com/base-images"
SOURCES = "run.googleapis.com/sources"
PROBE_TYPE = "run.googleapis.com/startupProbeType"
BUCKETS = "gcsfuse.run.googleapis.com"  # the driver of a volume that is a bucket


def container_blocks(template: Json) -> Block:
    """Every container under its name."""
    meta, spec = template["metadata"], template["spec"]
    annotations = meta.get("annotations", {})
    depends, bases, sources = (json.loads(annotations.get(key, "{}")) for key in (DEPENDENCIES, BASE_IMAGES, SOURCES))
    volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
    out: list[Any] = []
    for container in sorted(spec["containers"], key=lambda c: str(c.get("name", ""))):
        name = container.get("name", "")
        around = [
            ("Base Image", bases.get(name)),
            ("Source", sources.get(name)),
        ]
        kind = meta.get("labels", {}).get(PROBE_TYPE, "") if "ports" in container else ""
        block = [*_container(container, around, kind, volumes), ("Container Dependencies", _words(depends.get(name)))]
        out += [f"Container {name or 'None'}", block]
    return out


def volumes_by_name(volumes: Iterable[Json]) -> Names:
    """What each volume is, and where it comes from."""
    return {volume["name"]: _source(volume) for volume in _sorted(volumes)}


def _container(container: Json, around: Block, startup_type: str, volumes: Json) -> Block:
    limits = container.get("resources", {}).get("limits", {})
    literal = [v for v in _sorted(container.get("env", ())) if "valueFrom" not in v]
    return [
        ("Image", container["image"]),
        *around,
        ("Command", _text(container.get("command"))),
        ("Args", _text(container.get("args"))),
        ("Working Directory", container.get("workingDir")),
        ("Port", " ".join(str(port["containerPort"]) for port in container.get("ports", ()))),
        ("Memory", limits.get("memory")),
        ("CPU", limits.get("cpu")),
        ("GPU", limits.get("nvidia.com/gpu")),
        ("Env vars", {variable["name"]: variable.get("value", "") for variable in literal}),
        ("Volume Mounts", {m["mountPath"]: _mount(m, volumes) for m in _mounts(container) if not _secret(m, volumes)}),
        ("Secrets", _secrets(container, volumes)),
        ("Startup Probe", _probe(container.get("startupProbe"), startup_type)),
        ("Liveness Probe", _probe(container.get("livenessProbe"))),
        ("Readiness Probe", _probe(container.get("readinessProbe"))),
    ]


def _secrets(container: Json, volumes: Json) -> Names:
    """Secrets by the variable or the file that they become."""
    found = {
        variable["name"]: f"{ref['name']}:{ref['key']}"
        for variable in container.get("env", ())
        if (ref := variable.get("valueFrom", {}).get("secretKeyRef"))
    }
    for mount in _mounts(container):
        secret = _secret(mount, volumes)
        for item in (secret or {}).get("items") or ([{"key": "latest", "path": ""}] if secret else []):
            path = f"{mount['mountPath']}/{item['path']}".rstrip("/")
            found[path] = f"{secret['secretName']}:{item['key']}"
    return dict(sorted(found.items()))


def _mounts(container: Json) -> list[Json]:
    return sorted(container.get("volumeMounts", ()), key=lambda mount: str(mount["mountPath"]))


def _secret(mount: Json, volumes: Json) -> Any:
    return volumes.get(mount["name"], {}).get("secret")


def _mount(mount: Json, volumes: Json) -> Any:
    volume = volumes.get(mount["name"])
    if volume is None:
        return "volume not found"
    own = [("name", mount["name"]), ("sub-path", mount.get("subPath")), ("read-only", _true(mount))]
    return own + [pair for pair in _source(volume) if pair[0] in ("type", "bucket", "location")]


def _source(volume: Json) -> list[tuple[str, Any]]:
    if (folder := volume.get("emptyDir")) is not None:
        medium = "ephemeral-disk" if folder.get("medium") == "Disk" else "in-memory"
        return [("type", medium), ("size-limit", folder.get("sizeLimit"))]
    if nfs := volume.get("nfs"):
        return [
            ("type", "nfs"),
            ("location", f"{nfs['server']}:{nfs.get('path', '/')}"),
            ("read-only", _true(nfs)),
        ]
    if secret := volume.get("secret"):
        items = {item["path"]: item["key"] for item in secret.get("items") or ()}
        return [("type", "secret"), ("secret", secret["secretName"]), ("items", items)]
    csi = volume.get("csi") or {}
    attributes = csi.get("volumeAttributes") or {}
    kind = "cloud-storage" if csi.get("driver") == BUCKETS else csi.get("driver", "unknown")
    return [
        ("type", kind),
        ("bucket", attributes.get("bucketName")),
        ("read-only", _true(csi)),
        ("mount-options", attributes.get("mountOptions")),
    ]


def _true(source: Json) -> str:
    return "true" if source.get("readOnly") else ""


def _probe(probe: Json | None, kind: str = "") -> Block:
    """A probe; `kind` says whether it is the one that every container has unless it is given another."""
    if not probe:
        return []
    action = "HTTP" if "httpGet" in probe else "GRPC" if "grpc" in probe else "TCP"
    target = probe.get("httpGet") or probe.get("grpc") or probe.get("tcpSocket") or {}
    headers = {header["name"]: header.get("value", "") for header in target.get("httpHeaders", ())}
    return [
        f"{action} every {probe.get('periodSeconds', 10)}s",
        ("Path", target.get("path")),
        ("Port", target.get("port")),
        ("Service", target.get("service")),
        ("Headers", headers),
        ("Initial delay", f"{probe.get('initialDelaySeconds', 0)}s"),
        ("Timeout", f"{probe.get('timeoutSeconds', 1)}s"),
        ("Failure threshold", f"{probe.get('failureThreshold', 3)}"),
        ("Success threshold", probe.get("successThreshold")),
        ("Type", kind),
    ]


def _sorted(variables: Any) -> list[Json]:
    return sorted(variables, key=lambda variable: str(variable["name"]))


def _text(words: Any) -> str:
    return " ".join(words or ())


def _words(names: Any) -> str:
    return ", ".join(names or ())
