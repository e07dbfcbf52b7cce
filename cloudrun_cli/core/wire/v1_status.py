"""The v1 shapes of what was last seen: conditions, traffic, statuses of Service and Revision, times."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from cloudrun_cli.core.addresses import tagged
from cloudrun_cli.core.names import container_name
from cloudrun_cli.core.resources import (
    ActiveTraffic,
    Condition,
    RevisionName,
    RevisionStatus,
    RevisionTemplate,
    ServiceStatus,
    Status,
    Tag,
)

Json = dict[str, Any]

_REVISION = {"conditions", "containerStatuses", "imageDigest", "observedGeneration"}


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds and a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The moment that a timestamp says."""
    return datetime.fromisoformat(text)


def service_status_to_json(status: ServiceStatus) -> Json:
    """`status` of a Service; its addresses only where they came with it."""
    out: Json = {"address": {"url": status.url}} if status.url else {}
    out["conditions"] = [condition_to_json(c) for c in status.conditions]
    if status.latest_created:
        out["latestCreatedRevisionName"] = status.latest_created
    if status.latest_ready:
        out["latestReadyRevisionName"] = status.latest_ready
    out["observedGeneration"] = status.observed_generation
    if status.traffic:
        out["traffic"] = [_active_to_json(t, status.url) for t in status.traffic]
    if status.url:
        out["url"] = status.url
    return out


def service_status_from_json(body: Json) -> ServiceStatus:
    """The value of a Service's `status`."""
    return ServiceStatus(
        observed_generation=int(body.get("observedGeneration", 0)),
        conditions=conditions_from_json(body.get("conditions") or ()),
        latest_created=body.get("latestCreatedRevisionName"),
        latest_ready=body.get("latestReadyRevisionName"),
        traffic=tuple(_active_from_json(t) for t in body.get("traffic") or ()),
        url=body.get("url") or "",
    )


def revision_status_to_json(status: RevisionStatus, template: RevisionTemplate) -> Json:
    """`status` of a Revision, with the digests of its containers once they are known."""
    out: Json = {"conditions": [condition_to_json(c) for c in status.conditions]}
    containers = _container_statuses(status, template)
    if containers:
        out["containerStatuses"] = containers
    if status.image_digest:
        out["imageDigest"] = status.image_digest
    return {**out, "observedGeneration": 1, **status.extra}


def revision_status_from_json(body: Json, template: RevisionTemplate) -> RevisionStatus:
    """The value of a Revision's `status`, without runtime and note, which are annotations."""
    digests = {c["name"]: c.get("imageDigest", "") for c in body.get("containerStatuses") or ()}
    serving = template.ingress_container
    names = [
        (container, container_name(container.name, container.image, index))
        for index, container in enumerate(template.containers)
    ]
    found = RevisionStatus(
        conditions=conditions_from_json(body.get("conditions") or ()),
        image_digest=body.get("imageDigest") or "",
        sidecar_digests={name: digests[name] for c, name in names if c is not serving and digests.get(name)},
    )
    extra = {key: value for key, value in body.items() if key not in _REVISION}
    told = body.get("containerStatuses")
    if told and told != _container_statuses(found, template):
        extra["containerStatuses"] = told
    return RevisionStatus(found.conditions, found.image_digest, sidecar_digests=found.sidecar_digests, extra=extra)


def condition_to_json(condition: Condition) -> Json:
    """One condition; what is empty is left out."""
    out: Json = {"lastTransitionTime": timestamp(condition.last_transition)}
    if condition.message:
        out["message"] = condition.message
    if condition.reason:
        out["reason"] = condition.reason
    if condition.severity:
        out["severity"] = condition.severity
    return {**out, "status": str(condition.status), "type": condition.type}


def conditions_from_json(items: Iterable[Json]) -> tuple[Condition, ...]:
    """The values of conditions."""
    return tuple(
        Condition(
            c["type"],
            Status(c["status"]),
            moment(c["lastTransitionTime"]),
            c.get("reason", ""),
            c.get("message", ""),
            c.get("severity", ""),
        )
        for c in items
    )


def tag_of(body: Mapping[str, Any]) -> Tag | None:
    """The tag of a traffic entry, if it has one."""
    return Tag(body["tag"]) if body.get("tag") else None


def _container_statuses(status: RevisionStatus, template: RevisionTemplate) -> list[Json]:
    serving = template.ingress_container
    out = []
    for index, container in enumerate(template.containers):
        name = container_name(container.name, container.image, index)
        digest = status.image_digest if container is serving else status.sidecar_digests.get(name, "")
        if digest:
            out.append({"imageDigest": digest, "name": name})
    return out


def _active_to_json(target: ActiveTraffic, url: str) -> Json:
    out: Json = {"latestRevision": True} if target.latest else {}
    if target.percent:
        out["percent"] = target.percent
    out["revisionName"] = target.revision
    if target.tag:
        out["tag"] = target.tag
        if url:
            out["url"] = tagged(url, target.tag)
    return out


def _active_from_json(body: Json) -> ActiveTraffic:
    return ActiveTraffic(
        RevisionName(body["revisionName"]),
        int(body.get("percent", 0)),
        tag_of(body),
        bool(body.get("latestRevision", False)),
    )
