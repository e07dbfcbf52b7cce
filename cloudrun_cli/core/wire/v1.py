"""The v1 (Knative) shapes of Service and Revision, to and from the values. Source: run.googleapis.com v1."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from cloudrun_cli.core.addresses import LOCATION, URLS
from cloudrun_cli.core.annotations import MANUAL_INSTANCES, SCALING_MODE
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import (
    Ingress,
    Revision,
    RevisionName,
    RevisionRef,
    Service,
    ServiceRef,
    ServiceScaling,
    TrafficTarget,
)
from cloudrun_cli.core.wire.v1_status import (
    moment,
    revision_status_from_json,
    revision_status_to_json,
    service_status_from_json,
    service_status_to_json,
    tag_of,
    timestamp,
)
from cloudrun_cli.core.wire.v1_template import template_from_json, template_to_json, whole

Json = dict[str, Any]

SERVING = "serving.knative.dev/v1"
CREATOR = "serving.knative.dev/creator"
MODIFIER = "serving.knative.dev/lastModifier"
INGRESS = "run.googleapis.com/ingress"
_RUNTIME, _NOTE = "cloudrun.dev/runtime", "cloudrun.dev/note"
_MIN, _MAX = "run.googleapis.com/minScale", "run.googleapis.com/maxScale"
DERIVED = (CREATOR, MODIFIER, _MIN, _MAX, INGRESS, "run.googleapis.com/ingress-status", URLS)
_PARENT = "serving.knative.dev/"
_REVISION_META = {"annotations", "creationTimestamp", "generation", "labels", "name", "namespace", "selfLink", "uid"}


def service_to_json(service: Service, number: str) -> Json:
    """The v1 Service as the store keeps it; `core.addresses.located` adds where it can be reached."""
    ref, scaling = service.ref, service.scaling
    annotations = {**service.annotations, INGRESS: str(service.ingress)}
    annotations["run.googleapis.com/ingress-status"] = str(service.ingress)
    if scaling.min_instances is not None:
        annotations[_MIN] = str(scaling.min_instances)
    if scaling.max_instances is not None:
        annotations[_MAX] = str(scaling.max_instances)
    if scaling.manual is not None:
        annotations |= {SCALING_MODE: "manual", MANUAL_INSTANCES: str(scaling.manual)}
    if service.urls:
        annotations[URLS] = json.dumps(list(service.urls), separators=(",", ":"))
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
            "resourceVersion": shown_version(service),
            "selfLink": f"/apis/{SERVING}/namespaces/{number}/services/{ref.name}",
            "uid": service.uid,
        },
        "spec": {
            "template": template_to_json(service.template),
            "traffic": [_target_to_json(target) for target in service.traffic],
        },
        "status": service_status_to_json(service.status),
    }


def service_from_json(
    body: Json, project: str, *, door: int = 0, updated: datetime | None = None, version: int | None = None
) -> Service:
    """The value of a v1 Service that has all its metadata, as the store keeps it. `version` is the store's own number
    of it; without one it is read from the resourceVersion, where that is a number."""
    meta = body["metadata"]
    annotations = dict(meta.get("annotations") or {})
    labels = dict(meta.get("labels") or {})
    region = labels.pop(LOCATION)
    created = moment(meta["creationTimestamp"])
    shown = str(meta.get("resourceVersion", ""))
    if version is None:
        version = int(shown) if shown.isdecimal() else 0
    return Service(
        ref=ServiceRef(project, region, meta["name"]),
        template=template_from_json(body["spec"]["template"]),
        uid=meta["uid"],
        created=created,
        updated=updated or created,
        creator=annotations.get(CREATOR, ""),
        last_modifier=annotations.get(MODIFIER, ""),
        generation=int(meta["generation"]),
        resource_version=version,
        etag="" if shown == str(version) else shown,
        labels=labels,
        scaling=scaling_from_annotations(annotations),
        annotations={k: v for k, v in annotations.items() if k not in DERIVED},
        traffic=tuple(target_from_json(t) for t in body["spec"].get("traffic") or ()),
        ingress=ingress_from_annotations(annotations),
        door=door,
        urls=tuple(json.loads(annotations.get(URLS, "[]"))),
        status=service_status_from_json(body.get("status") or {}),
    )


def shown_version(service: Service) -> str:
    """The resourceVersion that a service shows: the one it was imported with, or its own number."""
    return service.etag or str(service.resource_version)


def scaling_from_annotations(annotations: dict[str, Any]) -> ServiceScaling:
    """The scaling of a whole service. What says manual is taken out; a mode that is automatic stays where it is."""
    manual = None
    if annotations.get(SCALING_MODE) == "manual" and MANUAL_INSTANCES in annotations:
        del annotations[SCALING_MODE]
        manual = whole(annotations.pop(MANUAL_INSTANCES), f"metadata.annotations[{MANUAL_INSTANCES}]")
    least, most = (whole(annotations.get(key), f"metadata.annotations[{key}]") for key in (_MIN, _MAX))
    return ServiceScaling(least, most, manual)


def ingress_from_annotations(annotations: Json) -> Ingress:
    """From where a service may be called. Raises InvalidArgument for a word that is none of them."""
    said = annotations.get(INGRESS) or "all"
    if said not in set(Ingress):
        raise InvalidArgument(
            f"metadata.annotations[{INGRESS}]: Invalid value [{said}]. It must be one of {', '.join(Ingress)}.",
            field=f"metadata.annotations[{INGRESS}]",
        )
    return Ingress(said)


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
    if revision.status.runtime:
        annotations[_RUNTIME] = revision.status.runtime
    if revision.status.note:
        annotations[_NOTE] = revision.status.note
    return {
        "apiVersion": SERVING,
        "kind": "Revision",
        "metadata": {
            **revision.meta,
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
        "status": revision_status_to_json(revision.status, revision.template),
    }


def revision_from_json(body: Json, project: str) -> Revision:
    """The value of a v1 Revision, as the store keeps it."""
    meta = body["metadata"]
    labels = dict(meta["labels"])
    annotations = dict(meta["annotations"])
    region = labels.pop(LOCATION)
    service = labels.pop("serving.knative.dev/service")
    generation = int(labels.pop("serving.knative.dev/configurationGeneration"))
    for parent in ("configuration", "route"):
        labels.pop(f"{_PARENT}{parent}", None)
    own = {k: v for k, v in labels.items() if not k.startswith(_PARENT)}
    creator = annotations.pop(CREATOR, "")
    runtime, note = annotations.pop(_RUNTIME, ""), annotations.pop(_NOTE, "")
    template = template_from_json(
        {"metadata": {"annotations": annotations, "labels": own, "name": meta["name"]}, "spec": body["spec"]}
    )
    return Revision(
        ref=RevisionRef(project, region, RevisionName(meta["name"])),
        service=service,
        template=template,
        uid=meta["uid"],
        created=moment(meta["creationTimestamp"]),
        creator=creator,
        generation=generation,
        labels=labels,
        meta={key: value for key, value in meta.items() if key not in _REVISION_META},
        status=replace(revision_status_from_json(body.get("status") or {}, template), runtime=runtime, note=note),
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


def target_from_json(body: Json) -> TrafficTarget:
    """The value of one of `spec.traffic`."""
    name = body.get("revisionName")
    return TrafficTarget(RevisionName(name) if name else None, int(body.get("percent") or 0), tag_of(body))
