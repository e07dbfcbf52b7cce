"""The v2 shapes of Service and Revision, to and from the values. Source: run.googleapis.com v2.

What v2 has no field for, of what v1 says, is told one by one in tests/core/wire/test_v2.py.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cloudrun_cli.core import annotations as names
from cloudrun_cli.core.addresses import tagged
from cloudrun_cli.core.conditions import readiness
from cloudrun_cli.core.resources import (
    ActiveTraffic,
    Ingress,
    Revision,
    RevisionName,
    RevisionRef,
    RevisionStatus,
    Service,
    ServiceRef,
    ServiceScaling,
    ServiceStatus,
    Status,
    Tag,
    TrafficTarget,
)
from cloudrun_cli.core.wire.v1 import shown_version
from cloudrun_cli.core.wire.v1_status import moment, timestamp
from cloudrun_cli.core.wire.v2_conditions import condition_to_json, conditions_from_json, terminal_first
from cloudrun_cli.core.wire.v2_template import own, template_from_json, template_to_json

Json = dict[str, Any]

_INGRESS = {
    Ingress.ALL: "INGRESS_TRAFFIC_ALL",
    Ingress.INTERNAL: "INGRESS_TRAFFIC_INTERNAL_ONLY",
    Ingress.INTERNAL_AND_LOAD_BALANCING: "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
}
_LATEST, _REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
_TEXTS = {
    "description": names.DESCRIPTION,
    "client": names.CLIENT_NAME,
    "clientVersion": names.CLIENT_VERSION,
}
_FLAGS = {
    "invokerIamDisabled": names.INVOKER_DISABLED,
    "defaultUriDisabled": names.DEFAULT_URL_DISABLED,
    "iapEnabled": names.IAP_ENABLED,
}


def service_to_json(service: Service, addresses: Sequence[str] = ()) -> Json:
    """The v2 Service. `addresses` are those of a service that did not come with its own, the one to show first."""
    ref, status, said = service.ref, service.status, service.annotations
    name = f"projects/{ref.project}/locations/{ref.region}/services/{ref.name}"
    out: Json = {"name": name, "uid": service.uid, "generation": str(service.generation)}
    out |= {field: said[key] for field, key in _TEXTS.items() if said.get(key)}
    out |= {field: True for field, key in _FLAGS.items() if said.get(key) == "true"}
    out |= _given(labels=own(service.labels), annotations=own(said))
    out |= {"createTime": timestamp(service.created), "updateTime": timestamp(service.updated)}
    out |= _given(creator=service.creator, lastModifier=service.last_modifier)
    out |= {"ingress": _INGRESS[service.ingress], "launchStage": said.get(names.LAUNCH_STAGE, "GA")}
    out |= _given(customAudiences=json.loads(said.get(names.CUSTOM_AUDIENCES) or "[]"))
    out["template"] = template_to_json(service.template)
    out |= _given(traffic=[_target_to_json(t) for t in service.traffic], scaling=_scaling_to_json(service))
    out |= _given(urls=list(service.urls or addresses))
    out["observedGeneration"] = str(status.observed_generation)
    out |= _conditions_to_json(service)
    for field, revision in (
        ("latestReadyRevision", status.latest_ready),
        ("latestCreatedRevision", status.latest_created),
    ):
        if revision:
            out[field] = f"{name}/revisions/{revision}"
    uri = status.url or (addresses[0] if addresses else "")
    out |= _given(trafficStatuses=[_active_to_json(t, uri) for t in status.traffic], uri=uri)
    if _is_reconciling(service):
        out["reconciling"] = True
    return {**out, "etag": shown_version(service)}


def service_from_json(body: Json, *, door: int = 0, version: int | None = None) -> Service:
    """The value of a v2 Service that has all its output fields. `version` as in v1."""
    _, project, _, region, _, name = body["name"].split("/")
    scaling = body.get("scaling") or {}
    created = moment(body["createTime"])
    etag = str(body.get("etag", ""))
    if version is None:
        version = int(etag) if etag.isdecimal() else 0
    manual = scaling.get("manualInstanceCount", 0) if scaling.get("scalingMode") == "MANUAL" else None
    return Service(
        ref=ServiceRef(project, region, name),
        template=template_from_json(body["template"]),
        uid=body["uid"],
        created=created,
        updated=moment(body["updateTime"]) if body.get("updateTime") else created,
        creator=body.get("creator", ""),
        last_modifier=body.get("lastModifier", ""),
        generation=int(body["generation"]),
        resource_version=version,
        etag="" if etag == str(version) else etag,
        labels=dict(body.get("labels") or {}),
        annotations={**(body.get("annotations") or {}), **_annotations(body)},
        traffic=tuple(_target_from_json(t) for t in body.get("traffic") or ()),
        scaling=ServiceScaling(
            scaling.get("minInstanceCount") or None, scaling.get("maxInstanceCount") or None, manual
        ),
        ingress=next((i for i, word in _INGRESS.items() if word == body.get("ingress")), Ingress.ALL),
        door=door,
        urls=tuple(body.get("urls") or ()),
        status=_status_from_json(body),
    )


def revision_to_json(revision: Revision, updated: datetime | None = None) -> Json:
    """The v2 Revision."""
    ref, status = revision.ref, revision.status
    parent = f"projects/{ref.project}/locations/{ref.region}/services/{revision.service}"
    template = template_to_json(revision.template)
    del template["revision"]
    out: Json = {"name": f"{parent}/revisions/{ref.name}", "uid": revision.uid, "generation": "1"}
    out |= {"createTime": timestamp(revision.created), "updateTime": timestamp(updated or revision.created)}
    out |= {"launchStage": revision.template.annotations.get(names.LAUNCH_STAGE, "GA"), "service": revision.service}
    out |= template | {"conditions": [condition_to_json(c) for c in status.conditions], "observedGeneration": "1"}
    if readiness(status.conditions) is Status.UNKNOWN:
        out["reconciling"] = True
    uri, etag = status.extra.get("logUrl", ""), revision.meta.get("resourceVersion", "")
    return out | _given(logUri=uri, creator=revision.creator, etag=etag)


def revision_from_json(body: Json, *, generation: int = 1) -> Revision:
    """The value of a v2 Revision. `generation` is the service's that made it, which v2 does not say."""
    _, project, _, region, _, service, _, name = body["name"].split("/")
    template = template_from_json({**body, "revision": name})
    return Revision(
        ref=RevisionRef(project, region, RevisionName(name)),
        service=service,
        template=template,
        uid=body["uid"],
        created=moment(body["createTime"]),
        creator=body.get("creator", ""),
        generation=generation,
        labels=dict(body.get("labels") or {}),
        meta=_given(resourceVersion=body.get("etag", "")),
        status=RevisionStatus(
            conditions=conditions_from_json(body.get("conditions") or ()), extra=_given(logUrl=body.get("logUri", ""))
        ),
    )


def _annotations(body: Json) -> dict[str, str]:
    """What v1 keeps in a service's annotations."""
    out = {key: str(body[field]) for field, key in _TEXTS.items() if body.get(field)}
    out |= {key: "true" for field, key in _FLAGS.items() if body.get(field)}
    if body.get("launchStage", "GA") != "GA":
        out[names.LAUNCH_STAGE] = body["launchStage"]
    if body.get("customAudiences"):
        out[names.CUSTOM_AUDIENCES] = json.dumps(body["customAudiences"], separators=(",", ":"))
    if (body.get("scaling") or {}).get("scalingMode") == "AUTOMATIC":
        out[names.SCALING_MODE] = "automatic"
    return out


def _scaling_to_json(service: Service) -> Json:
    scaling = service.scaling
    out = _given(minInstanceCount=scaling.min_instances or None, maxInstanceCount=scaling.max_instances or None)
    if scaling.manual is not None:
        return out | {"scalingMode": "MANUAL", "manualInstanceCount": scaling.manual}
    return out | ({"scalingMode": "AUTOMATIC"} if service.annotations.get(names.SCALING_MODE) == "automatic" else {})


def _conditions_to_json(service: Service) -> Json:
    ready, others = terminal_first(service.status.conditions)
    out: Json = {"terminalCondition": condition_to_json(ready)} if ready else {}
    return out | _given(conditions=[condition_to_json(c) for c in others])


def _status_from_json(body: Json) -> ServiceStatus:
    terminal = [body["terminalCondition"]] if body.get("terminalCondition") else []
    ready = _last(body.get("latestReadyRevision"))
    return ServiceStatus(
        observed_generation=int(body.get("observedGeneration", 0)),
        conditions=conditions_from_json([*terminal, *(body.get("conditions") or ())]),
        latest_created=_last(body.get("latestCreatedRevision")),
        latest_ready=ready,
        traffic=tuple(_active_from_json(t, ready) for t in body.get("trafficStatuses") or ()),
        url=body.get("uri", ""),
    )


def _is_reconciling(service: Service) -> bool:
    status = service.status
    return readiness(status.conditions) is Status.UNKNOWN or status.observed_generation != service.generation


def _target_to_json(target: TrafficTarget) -> Json:
    named = {"type": _LATEST} if target.revision is None else {"type": _REVISION, "revision": target.revision}
    return named | _given(percent=target.percent or None, tag=target.tag)


def _target_from_json(body: Json) -> TrafficTarget:
    revision = RevisionName(body["revision"]) if body.get("type") != _LATEST and body.get("revision") else None
    return TrafficTarget(revision, int(body.get("percent", 0)), _tag(body))


def _active_to_json(target: ActiveTraffic, uri: str) -> Json:
    """A share as served; LATEST is the latest ready revision, which the service names itself."""
    named = {"type": _LATEST} if target.latest else {"type": _REVISION, "revision": target.revision}
    out = named | _given(percent=target.percent or None, tag=target.tag)
    return {**out, "uri": tagged(uri, target.tag)} if target.tag and uri else out


def _active_from_json(body: Json, latest_ready: RevisionName | None) -> ActiveTraffic:
    latest = body.get("type") == _LATEST
    name = (latest_ready or RevisionName("")) if latest else RevisionName(body["revision"])
    return ActiveTraffic(name, int(body.get("percent", 0)), _tag(body), latest)


def _tag(body: Mapping[str, Any]) -> Tag | None:
    return Tag(body["tag"]) if body.get("tag") else None


def _last(name: str | None) -> RevisionName | None:
    return RevisionName(name.rpartition("/")[2]) if name else None


def _given(**fields: Any) -> Json:
    """The fields that say something."""
    return {key: value for key, value in fields.items() if value not in (None, "", [], {})}
