"""What `describe` shows of a service or a revision when no other format is asked for: from v1 JSON, line by line."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cloudrun_cli.cli.run.rows import condition, ready_symbol

Json = Mapping[str, Any]

LABEL_WIDTH = 19  # of the column of names below a revision
TEXT_WIDTH = 100


def service_lines(service: Json, revision: Json | None) -> Iterator[str]:
    """A service, with its newest revision."""
    meta, status = service["metadata"], service["status"]
    annotations = meta["annotations"]
    yield f"{ready_symbol(status)} Service {meta['name']} in region {_region(meta)}"
    labels = [f"{key}:{value}" for key, value in sorted(meta["labels"].items()) if "/" not in key]
    if labels:
        yield " ".join(labels)
    yield " "
    for index, url in enumerate(_urls(annotations) or [status["url"]]):
        yield f"{'         ' if index else 'URL:     '}{url}"
    yield f"Ingress: {annotations.get('run.googleapis.com/ingress', 'all')}"
    yield "Traffic:"
    yield from _traffic_lines(service)
    yield " "
    least = annotations.get("run.googleapis.com/minScale", "0")
    most = annotations.get("run.googleapis.com/maxScale")
    yield f"Scaling: Auto (Min: {least}{f', Max: {most}' if most else ''})"
    yield " "
    when = condition(status, "Ready").get("lastTransitionTime") or meta["creationTimestamp"]
    yield f"Last updated on {when} by {annotations.get('serving.knative.dev/lastModifier', '')}:"
    if revision is not None:
        yield f"  Revision {revision['metadata']['name']}"
        yield from _indented(_template_lines(revision, LABEL_WIDTH - 2), 2)
    yield from _message_lines(ready_symbol(status), condition(status, "Ready"))


def revision_lines(revision: Json) -> Iterator[str]:
    """A revision alone."""
    meta = revision["metadata"]
    ready = condition(revision["status"], "Ready")
    symbol = ready_symbol(revision["status"])
    yield f"{symbol} Revision {meta['name']} in region {_region(meta)}"
    yield " "
    yield from _template_lines(revision, LABEL_WIDTH)
    yield from _message_lines(symbol, ready)


def _traffic_lines(service: Json) -> Iterator[str]:
    shares: dict[tuple[bool, str], dict[str, Any]] = {}
    for target in service["status"]["traffic"]:
        key = (bool(target.get("latestRevision")), target["revisionName"])
        share = shares.setdefault(key, {"percent": 0, "tags": []})
        share["percent"] += target.get("percent", 0)
        if target.get("tag"):
            share["tags"].append((target["tag"], target.get("url", "")))
    if not shares:
        yield "  0%  (no revision is ready)"
        return
    width = max(len(f"{share['percent']}%") for share in shares.values())
    for (latest, name), share in sorted(shares.items()):
        shown = f"LATEST (currently {name})" if latest else name
        percent = f"{share['percent']}%"
        yield f"  {percent.ljust(width)} {shown}"
        for tag, url in sorted(share["tags"]):
            yield f"        {tag}: {url}"


def _template_lines(revision: Json, width: int) -> Iterator[str]:
    meta, spec = revision["metadata"], revision["spec"]
    default_probe = meta.get("labels", {}).get("run.googleapis.com/startupProbeType") == "Default"
    for container in spec["containers"]:
        yield f"Container {container.get('name') or 'None'}"
        yield from _indented(_container_lines(container, default_probe, width - 2), 2)
    yield _pair("Service account:", spec.get("serviceAccountName", ""), width + 2)
    yield _pair("Concurrency:", spec.get("containerConcurrency", ""), width + 2)
    annotations = meta.get("annotations", {})
    least = annotations.get("autoscaling.knative.dev/minScale")
    most = annotations.get("autoscaling.knative.dev/maxScale")
    if least or most:
        yield "Scaling:"
        if least:
            yield "  " + _pair("Min instances:", least, width)
        if most:
            yield "  " + _pair("Max instances:", most, width)
    yield _pair("Timeout:", f"{spec.get('timeoutSeconds', 300)}s", width + 2)


def _container_lines(container: Json, default_probe: bool, width: int) -> Iterator[str]:
    width += 2
    yield _pair("Image:", container["image"], width)
    if container.get("command"):
        yield _pair("Command:", " ".join(container["command"]), width)
    if container.get("args"):
        yield _pair("Args:", " ".join(container["args"]), width)
    for port in container.get("ports", ()):
        yield _pair("Port:", port["containerPort"], width)
    limits = container.get("resources", {}).get("limits", {})
    for label, key in (("Memory:", "memory"), ("CPU:", "cpu")):
        if key in limits:
            yield _pair(label, limits[key], width)
    if container.get("env"):
        yield "Env vars:"
        for variable in sorted(container["env"], key=lambda v: str(v["name"])):
            yield "  " + _pair(variable["name"], variable.get("value", ""), width - 2)
    probe = container.get("startupProbe")
    if probe:
        yield "Startup Probe:"
        yield from _indented(_probe_lines(probe, default_probe and "ports" in container, width - 2), 2)


def _probe_lines(probe: Json, default: bool, width: int) -> Iterator[str]:
    kind = "HTTP" if "httpGet" in probe else "GRPC" if "grpc" in probe else "TCP"
    yield f"{kind} every {probe['periodSeconds']}s"
    action = probe.get("httpGet") or probe.get("grpc") or probe.get("tcpSocket") or {}
    if "path" in action:
        yield _pair("Path:", action["path"], width)
    if "port" in action:
        yield _pair("Port:", action["port"], width)
    yield _pair("Initial delay:", f"{probe.get('initialDelaySeconds', 0)}s", width)
    yield _pair("Timeout:", f"{probe['timeoutSeconds']}s", width)
    yield _pair("Failure threshold:", probe["failureThreshold"], width)
    if default:
        yield _pair("Type:", "Default", width)


def _message_lines(symbol: str, ready: Json) -> Iterator[str]:
    message = ready.get("message")
    if message:
        for paragraph in f"{symbol} {message}".split("\n"):
            yield from textwrap.wrap(paragraph, TEXT_WIDTH, subsequent_indent="") or [""]


def _urls(annotations: Json) -> list[str]:
    import json

    known: list[str] = json.loads(annotations.get("run.googleapis.com/urls", "[]"))
    return known


def _pair(label: str, value: object, width: int) -> str:
    text = str(label)
    return f"{text.ljust(width - 1)} {value}".rstrip() if len(text) < width else f"{text} {value}"


def _indented(lines: Iterable[str], spaces: int) -> Iterator[str]:
    return (" " * spaces + line for line in lines)


def _region(meta: Json) -> str:
    return str(meta["labels"].get("cloud.googleapis.com/location", ""))
