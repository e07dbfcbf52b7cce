"""The addresses of services: by name through the edge, by tag, and through a service's own port.

Works on the v1 JSON that the store keeps, so that a list needs no more than this.
"""

import json
from typing import Any, NamedTuple

SUFFIX = "run.localhost"
LABEL_MAX = 63  # of one DNS label
LOCATION = "cloud.googleapis.com/location"
URLS = "run.googleapis.com/urls"


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


def located(service: dict[str, Any], door: int, edge: Edge) -> dict[str, Any]:
    """The v1 Service of the store with its addresses filled in, in gcloud's order of keys."""
    meta, status = service["metadata"], service["status"]
    name, number, region = meta["name"], meta["namespace"], meta["labels"][LOCATION]
    found = urls(name, number, region, door, edge)
    annotations = {**meta["annotations"], URLS: json.dumps(found, separators=(",", ":"))}
    traffic = [
        {**entry, "url": f"http://{host(name, number, region, entry['tag'])}:{edge.http_port}"}
        if entry.get("tag")
        else entry
        for entry in status["traffic"]
    ]
    return {
        **service,
        "metadata": {**meta, "annotations": dict(sorted(annotations.items()))},
        "status": {"address": {"url": found[0]}, **status, "traffic": traffic, "url": found[0]},
    }
