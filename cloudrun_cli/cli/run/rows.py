"""Rows of lists: the v1 resource as it is, with the few derived values that a table may name."""

from collections.abc import Mapping
from typing import Any

from cloudrun_cli.output.rows import Row

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
            "domain": status["url"],
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


def ready_symbol(status: Json) -> str:
    """✔ ready, X not, ! not though something serves, … not known yet."""
    state = condition(status, "Ready").get("status", "Unknown")
    if state == "False" and status.get("traffic"):
        return "!"
    return _SYMBOLS.get(state, "…")


def condition(status: Json, kind: str) -> Json:
    """The condition of that type; empty when there is none yet."""
    return next((c for c in status.get("conditions", ()) if c["type"] == kind), {})
