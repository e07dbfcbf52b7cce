"""The v1 (Knative) shapes of Service and Revision, to and from the values. Source: run.googleapis.com v1."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cloudrun_cli.core.addresses import LOCATION
from cloudrun_cli.core.resources import (
    ActiveTraffic,
    Condition,
    Ingress,
    Revision,
    RevisionName,
    RevisionRef,
    RevisionStatus,
    RevisionTemplate,
    Service,
    ServiceRef,
    ServiceScaling,
    ServiceStatus,
    Status,
    Tag,
    TrafficTarget,
)
from cloudrun_cli.core.wire.v1_template import template_from_json, template_to_json

Json = dict[str, Any]

SERVING = "serving.knative.dev/v1"
CREATOR = "serving.knative.dev/creator"
MODIFIER = "serving.knative.dev/lastModifier"
_RUNTIME, _NOTE = "cloudrun.dev/runtime", "cloudrun.dev/note"
_RUN = "run.googleapis.com/"
_MIN, _MAX, _INGRESS = f"{_RUN}minScale", f"{_RUN}maxScale", f"{_RUN}ingress"
_DERIVED = (CREATOR, MODIFIER, _MIN, _MAX, _INGRESS, f"{_RUN}ingress-status", f"{_RUN}urls")


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds and a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The moment that a timestamp says."""
    return datetime.fromisoformat(text)


def service_to_json(service: Service, number: str) -> Json:
    """The v1 Service as the store keeps it; `core.addresses.located` adds where it can be reached."""
    ref = service.ref
    annotations = {**service.annotations, _INGRESS: str(service.ingress), f"{_RUN}ingress-status": str(service.ingress)}
    if service.scaling.min_instances is not None:
        annotations[_MIN] = str(service.scaling.min_instances)
    if service.scaling.max_instances is not None:
        annotations[_MAX] = str(service.scaling.max_instances)
    annotations |= {CREATOR: service.creator, MODIFIER: service.last_modifier}
    return {
        "apiVersion": SERVING,
        "kind": "Service",
        "metadata": {
            "annotations": dict(sorted(annotations.items())),
            "creationTimestamp": timestamp(service.created),
            "generation": service.generation,
            "labels": dict(sorted({**service.labels, LOCATION: ref.region}.items())),
            "name": ref.name,
            "namespace": number,
            "resourceVersion": str(service.resource_version),
            "selfLink": f"/apis/{SERVING}/namespaces/{number}/services/{ref.name}",
            "uid": service.uid,
        },
        "spec": {
            "template": template_to_json(service.template),
            "traffic": [_target_to_json(target) for target in service.traffic],
        },
        "status": _service_status_to_json(service.status),
    }


def service_from_json(body: Json, project: str, *, door: int = 0, updated: datetime | None = None) -> Service:
    """The value of a v1 Service that has all its metadata, as the store keeps it."""
    meta = body["metadata"]
    annotations = dict(meta.get("annotations") or {})
    labels = dict(meta.get("labels") or {})
    region = labels.pop(LOCATION)
    created = moment(meta["creationTimestamp"])
    return Service(
        ref=ServiceRef(project, region, meta["name"]),
        template=template_from_json(body["spec"]["template"]),
        uid=meta["uid"],
        created=created,
        updated=updated or created,
        creator=annotations.get(CREATOR, ""),
        last_modifier=annotations.get(MODIFIER, ""),
        generation=int(meta["generation"]),
        resource_version=int(meta["resourceVersion"]),
        labels=labels,
        annotations={k: v for k, v in annotations.items() if k not in _DERIVED},
        traffic=tuple(_target_from_json(t) for t in body["spec"].get("traffic") or ()),
        scaling=ServiceScaling(_whole(annotations.get(_MIN)), _whole(annotations.get(_MAX))),
        ingress=Ingress(annotations.get(_INGRESS, "all")),
        door=door,
        status=_service_status_from_json(body.get("status") or {}),
    )


def revision_to_json(revision: Revision, number: str) -> Json:
    """The v1 Revision."""
    template = template_to_json(replace(revision.template, name=None))
    meta = template["metadata"]
    labels = {
        **meta.get("labels", {}),
        **revision.labels,
        "serving.knative.dev/configuration": revision.service,
        "serving.knative.dev/configurationGeneration": str(revision.generation),
        "serving.knative.dev/route": revision.service,
        "serving.knative.dev/service": revision.service,
        LOCATION: revision.ref.region,
    }
    annotations = {**meta.get("annotations", {}), CREATOR: revision.creator}
    status: Json = {"conditions": [_condition_to_json(c) for c in revision.status.conditions]}
    if revision.status.image_digest:
        status["imageDigest"] = revision.status.image_digest
    status["observedGeneration"] = 1
    if revision.status.runtime:
        annotations[_RUNTIME] = revision.status.runtime
    if revision.status.note:
        annotations[_NOTE] = revision.status.note
    return {
        "apiVersion": SERVING,
        "kind": "Revision",
        "metadata": {
            "annotations": dict(sorted(annotations.items())),
            "creationTimestamp": timestamp(revision.created),
            "generation": 1,
            "labels": dict(sorted(labels.items())),
            "name": revision.ref.name,
            "namespace": number,
            "selfLink": f"/apis/{SERVING}/namespaces/{number}/revisions/{revision.ref.name}",
            "uid": revision.uid,
        },
        "spec": template["spec"],
        "status": status,
    }


def revision_from_json(body: Json, project: str) -> Revision:
    """The value of a v1 Revision, as the store keeps it."""
    meta = body["metadata"]
    labels = dict(meta["labels"])
    annotations = dict(meta["annotations"])
    region = labels.pop(LOCATION)
    service = labels.pop("serving.knative.dev/service")
    generation = int(labels.pop("serving.knative.dev/configurationGeneration"))
    own = {k: v for k, v in labels.items() if not k.startswith("serving.knative.dev/")}
    creator = annotations.pop(CREATOR, "")
    runtime, note = annotations.pop(_RUNTIME, ""), annotations.pop(_NOTE, "")
    template: RevisionTemplate = template_from_json(
        {"metadata": {"annotations": annotations, "labels": own, "name": meta["name"]}, "spec": body["spec"]}
    )
    status = body.get("status") or {}
    return Revision(
        ref=RevisionRef(project, region, RevisionName(meta["name"])),
        service=service,
        template=template,
        uid=meta["uid"],
        created=moment(meta["creationTimestamp"]),
        creator=creator,
        generation=generation,
        labels=own,
        status=RevisionStatus(
            conditions=_conditions_from_json(status.get("conditions") or ()),
            image_digest=status.get("imageDigest", ""),
            runtime=runtime,
            note=note,
        ),
    )


def _service_status_to_json(status: ServiceStatus) -> Json:
    out: Json = {"conditions": [_condition_to_json(c) for c in status.conditions]}
    if status.latest_created:
        out["latestCreatedRevisionName"] = status.latest_created
    if status.latest_ready:
        out["latestReadyRevisionName"] = status.latest_ready
    out["observedGeneration"] = status.observed_generation
    out["traffic"] = [_active_to_json(t) for t in status.traffic]
    return out


def _service_status_from_json(body: Json) -> ServiceStatus:
    return ServiceStatus(
        observed_generation=int(body.get("observedGeneration", 0)),
        conditions=_conditions_from_json(body.get("conditions") or ()),
        latest_created=body.get("latestCreatedRevisionName"),
        latest_ready=body.get("latestReadyRevisionName"),
        traffic=tuple(
            ActiveTraffic(
                RevisionName(t["revisionName"]),
                int(t.get("percent", 0)),
                _tag(t),
                bool(t.get("latestRevision", False)),
            )
            for t in body.get("traffic") or ()
        ),
    )


def _condition_to_json(condition: Condition) -> Json:
    out: Json = {"lastTransitionTime": timestamp(condition.last_transition)}
    if condition.message:
        out["message"] = condition.message
    if condition.reason:
        out["reason"] = condition.reason
    if condition.severity:
        out["severity"] = condition.severity
    return {**out, "status": str(condition.status), "type": condition.type}


def _conditions_from_json(items: Iterable[Json]) -> tuple[Condition, ...]:
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


def _target_to_json(target: TrafficTarget) -> Json:
    out: Json = {"latestRevision": True} if target.revision is None else {}
    if target.percent:
        out["percent"] = target.percent
    if target.revision is not None:
        out["revisionName"] = target.revision
    if target.tag:
        out["tag"] = target.tag
    return out


def _target_from_json(body: Json) -> TrafficTarget:
    name = body.get("revisionName")
    return TrafficTarget(RevisionName(name) if name else None, int(body.get("percent", 0)), _tag(body))


def _active_to_json(target: ActiveTraffic) -> Json:
    out: Json = {"latestRevision": True} if target.latest else {}
    if target.percent:
        out["percent"] = target.percent
    out["revisionName"] = target.revision
    if target.tag:
        out["tag"] = target.tag
    return out


def _tag(body: Mapping[str, Any]) -> Tag | None:
    return Tag(body["tag"]) if body.get("tag") else None


def _whole(text: str | None) -> int | None:
    return int(text) if text not in (None, "") else None
