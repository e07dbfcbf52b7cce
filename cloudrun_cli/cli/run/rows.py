"""Rows of lists: the v1 resource as it is, with the few derived values that a table may name."""

from collections.abc import Mapping
from typing import Any

from cloudrun_cli.output.rows import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.addresses import Edge

Json = Mapping[str, Any]

_SYMBOLS = {"True": "✔", "False": "X"}


def service_row(service: Json) -> Row:
    """A service with what its list shows."""
    meta, status = service["metadata"], service["status"]
    return Row(
        service,
        {
            "ready_symbol": ready_symbol(status),
            "region": meta["labels"]["cloud.googleapis.com/location"],
            "domain": first_url(service),
            "last_modifier": meta["annotations"].get("serving.knative.dev/lastModifier"),
            "last_transition_time": condition(status, "Ready").get("lastTransitionTime"),
        },
    )


def revision_row(revision: dict[str, Any]) -> Row:
    """A revision with what its list shows; `active` is taken out of the resource, where it came along."""
    active = revision.pop("active")
    meta = revision["metadata"]
    return Row(
        revision,
        {
            "ready_symbol": ready_symbol(revision["status"]),
            "active": active,
            "name": meta["name"],
            "service_name": meta["labels"]["serving.knative.dev/service"],
            "creation_timestamp": meta["creationTimestamp"],
            "author": meta["annotations"].get("serving.knative.dev/creator"),
        },
    )


def derived_row(body: Json) -> Row:
    """A configuration or a route with what its list shows."""
    return Row(
        body,
        {
            "ready_symbol": condition_symbol(body["status"], "Ready"),
            "region": body["metadata"]["labels"]["cloud.googleapis.com/location"],
        },
    )


def domain_mapping_row(mapping: Json) -> Row:
    """A domain mapping with what its list shows."""
    return Row(
        mapping,
        {
            "ready_symbol": ready_symbol(mapping["status"]),
            "route_name": mapping["spec"]["routeName"],
            "region": mapping["metadata"]["labels"]["cloud.googleapis.com/location"],
        },
    )


def api_address(body: Json, edge: "Edge") -> str:
    """Where the API has a resource."""
    meta = body["metadata"]
    region = meta["labels"]["cloud.googleapis.com/location"]
    return f"http://{region}-run.localhost:{edge.http_port}{meta['selfLink']}"


def condition_symbol(status: Json, kind: str) -> str:
    """✔ that condition is true, X false, … not known yet."""
    return _SYMBOLS.get(condition(status, kind).get("status", "Unknown"), "…")


def ready_symbol(status: Json) -> str:
    """✔ ready, X not, ! not though something serves, … not known yet."""
    state = condition(status, "Ready").get("status", "Unknown")
    if state == "False" and status.get("traffic"):
        return "!"
    return _SYMBOLS.get(state, "…")


def first_url(service: Json) -> str:
    """The first of the addresses to show, as `shown_urls` has it, without reading the others: a list asks of each."""
    known: str = service["metadata"]["annotations"].get("run.googleapis.com/urls", "")
    end = known.find('"', 2)
    return known[2:end] if known[:2] == '["' and end > 0 else service["status"].get("url", "")


def shown_urls(service: Json) -> list[str]:
    """The addresses to show. Those of an imported service lead into the cloud, where the first of them is the one
    that gcloud shows; of a local one each is worth knowing."""
    import json

    known: list[str] = json.loads(service["metadata"]["annotations"].get("run.googleapis.com/urls", "[]"))
    if not known:
        return [service["status"].get("url", "")]
    return known[:1] if known[0].endswith(".run.app") else known


def condition(status: Json, kind: str) -> Json:
    """The condition of that type; empty when there is none yet."""
    return next((c for c in status.get("conditions", ()) if c["type"] == kind), {})
