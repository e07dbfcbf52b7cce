"""The Configuration and the Route of a service, which v1 shows as objects of their own: both derived from the Service,
so that they can never disagree with it. Source: run.googleapis.com v1, Configuration and Route."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_OWN_ANNOTATIONS = ("serving.knative.dev/creator", "serving.knative.dev/lastModifier")
_CONFIGURATION_STATUS = ("latestCreatedRevisionName", "latestReadyRevisionName", "observedGeneration")
_ROUTE_STATUS = ("address", "observedGeneration", "traffic", "url")


def configuration(service: Mapping[str, Any]) -> Json:
    """What should run: the service's template, and the newest revisions made from it."""
    return {
        "apiVersion": service["apiVersion"],
        "kind": "Configuration",
        "metadata": _metadata(service["metadata"], "configurations"),
        "spec": {"template": service["spec"]["template"]},
        "status": _status(service["status"], "ConfigurationsReady", _CONFIGURATION_STATUS),
    }


def route(service: Mapping[str, Any]) -> Json:
    """Where requests go: the service's traffic. LATEST is said by the name of the configuration."""
    meta = service["metadata"]
    return {
        "apiVersion": service["apiVersion"],
        "kind": "Route",
        "metadata": _metadata(meta, "routes"),
        "spec": {"traffic": [_target(target, meta["name"]) for target in service["spec"].get("traffic", ())]},
        "status": _status(service["status"], "RoutesReady", _ROUTE_STATUS),
    }


def _metadata(meta: Mapping[str, Any], collection: str) -> Json:
    annotations = meta.get("annotations", {})
    return {
        **meta,
        "annotations": {key: annotations[key] for key in _OWN_ANNOTATIONS if key in annotations},
        "selfLink": meta["selfLink"].replace("/services/", f"/{collection}/"),
    }


def _target(target: Mapping[str, Any], configuration_name: str) -> Json:
    own = {key: value for key, value in target.items() if key != "latestRevision"}
    return own if target.get("revisionName") else {**own, "configurationName": configuration_name}


def _status(status: Mapping[str, Any], condition: str, fields: tuple[str, ...]) -> Json:
    """The fields that belong to it, where they are known, and its own condition as its readiness."""
    ready = [{**c, "type": "Ready"} for c in status.get("conditions", ()) if c["type"] == condition]
    known = {key: status[key] for key in fields if status.get(key)}
    return dict(sorted({"conditions": ready, **known}.items()))
