"""The addresses of services: by name through the edge, by tag, and through a service's own port.

Works on the v1 JSON that the store keeps, so that a list needs no more than this.
"""

import json
from typing import Any, NamedTuple

SUFFIX = "run.localhost"
LABEL_MAX = 63  # of one DNS label
LOCATION = "cloud.googleapis.com/location"
URLS = "run.googleapis.com/urls"

_compact = json.JSONEncoder(separators=(",", ":")).encode  # made once: a list of services asks for each


class Edge(NamedTuple):
    """Where the one port for everything listens."""

    http_port: int = 9080
    https_port: int = 9443


def host(name: str, number: str, region: str, tag: str | None = None) -> str:
    """`[TAG---]SERVICE-NUMBER.REGION.run.localhost`."""
    label = f"{tag}---{name}-{number}" if tag else f"{name}-{number}"
    return f"{label}.{region}.{SUFFIX}"


def urls(name: str, number: str, region: str, door: int, edge: Edge) -> list[str]:
    """Every address of a service, the one to show first: plain, TLS, and its own port on 127.0.0.1 for programs whose
    resolver does not know `*.localhost`."""
    named = host(name, number, region)
    out = [f"http://{named}:{edge.http_port}", f"https://{named}:{edge.https_port}"]
    return [*out, f"http://127.0.0.1:{door}"] if door else out


def tagged(url: str, tag: str) -> str:
    """The address of a tag beside that of its service: https://TAG---REST."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{tag}---{rest}"


def located(service: dict[str, Any], door: int, edge: Edge) -> dict[str, Any]:
    """The v1 Service of the store with its addresses filled in, in gcloud's order of keys. One that came with
    addresses keeps them, whatever is deployed on it."""
    meta, status = service["metadata"], service["status"]
    if URLS in meta["annotations"]:
        return _kept(service, json.loads(meta["annotations"][URLS]))
    name, number, region = meta["name"], meta["namespace"], meta["labels"][LOCATION]
    found = urls(name, number, region, door, edge)
    annotations = {**meta["annotations"], URLS: _compact(found)}
    return {
        **service,
        "metadata": {**meta, "annotations": dict(sorted(annotations.items()))},
        "status": _reached(status, found[0]),
    }


def _kept(service: dict[str, Any], came_with: list[str]) -> dict[str, Any]:
    """A service that came with addresses; the one to show is its last, as soon as something serves."""
    status = service["status"]
    if status.get("url") or not status.get("traffic") or not came_with:
        return service
    return {**service, "status": _reached(status, came_with[-1])}


def _reached(status: dict[str, Any], url: str) -> dict[str, Any]:
    out = {"address": {"url": url}, **status}
    if "traffic" in status:
        out["traffic"] = [{**t, "url": tagged(url, t["tag"])} if t.get("tag") else t for t in status["traffic"]]
    return {**out, "url": url}
