"""The v1 shape of a probe. Source: run.googleapis.com v1, Probe."""

from typing import Any

from cloudrun_cli.core.resources import Probe

Json = dict[str, Any]


def probe_to_json(probe: Probe) -> Json:
    """A probe with its thresholds, and what it tries."""
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


def probe_from_json(body: Json | None) -> Probe | None:
    """The value of a probe; port 0, which Knative writes, is the container's own port."""
    if body is None:
        return None
    kind = "http" if "httpGet" in body else "grpc" if "grpc" in body else "tcp"
    action = body.get("httpGet") or body.get("grpc") or body.get("tcpSocket") or {}
    return Probe(
        kind=kind,
        port=action.get("port") or None,
        path=action.get("path", "/"),
        service=action.get("service") or "",
        headers=tuple((h["name"], h.get("value", "")) for h in action.get("httpHeaders") or ()),
        initial_delay_seconds=int(body.get("initialDelaySeconds", 0)),
        timeout_seconds=int(body.get("timeoutSeconds", 1)),
        period_seconds=int(body.get("periodSeconds", 10)),
        failure_threshold=int(body.get("failureThreshold", 3)),
        success_threshold=int(body.get("successThreshold", 1)),
    )
