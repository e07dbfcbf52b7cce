"""The v1 shape of DomainMapping, to and from the value. Source: domains.cloudrun.com v1."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from cloudrun_cli.core.addresses import LOCATION
from cloudrun_cli.core.domains import conditions, records
from cloudrun_cli.core.resources import Condition, DomainMapping

Json = dict[str, Any]

DOMAINS = "domains.cloudrun.com/v1"
_CREATOR, _MODIFIER = "serving.knative.dev/creator", "serving.knative.dev/lastModifier"


def domain_mapping_to_json(mapping: DomainMapping, number: str, *, service_exists: bool) -> Json:
    """The v1 DomainMapping with what is seen of it."""
    annotations = {**mapping.annotations, _CREATOR: mapping.creator, _MODIFIER: mapping.creator}
    spec: Json = {"certificateMode": mapping.certificate_mode}
    if mapping.force_override:
        spec["forceOverride"] = True
    spec["routeName"] = mapping.service
    return {
        "apiVersion": DOMAINS,
        "kind": "DomainMapping",
        "metadata": {
            "annotations": dict(sorted(annotations.items())),
            "creationTimestamp": _timestamp(mapping.created),
            "generation": mapping.generation,
            "labels": dict(sorted({**mapping.labels, LOCATION: mapping.region}.items())),
            "name": mapping.domain,
            "namespace": number,
            "selfLink": f"/apis/{DOMAINS}/namespaces/{number}/domainmappings/{mapping.domain}",
            "uid": mapping.uid,
        },
        "spec": spec,
        "status": {
            "conditions": list(_conditions(conditions(mapping, service_exists))),
            **({"mappedRouteName": mapping.service} if service_exists else {}),
            "observedGeneration": mapping.generation,
            "resourceRecords": [_record(record.name, record.rrdata, record.type) for record in records(mapping.domain)],
        },
    }


def domain_mapping_from_json(body: Json, project: str) -> DomainMapping:
    """The value of a v1 DomainMapping that has all its metadata, as the store keeps it."""
    meta, spec = body["metadata"], body["spec"]
    labels, annotations = dict(meta.get("labels") or {}), dict(meta.get("annotations") or {})
    region = labels.pop(LOCATION)
    creator = annotations.pop(_CREATOR, "")
    annotations.pop(_MODIFIER, None)
    return DomainMapping(
        project=project,
        region=region,
        domain=meta["name"],
        service=spec["routeName"],
        uid=meta["uid"],
        created=datetime.fromisoformat(meta["creationTimestamp"]),
        creator=creator,
        generation=int(meta.get("generation", 1)),
        force_override=bool(spec.get("forceOverride", False)),
        certificate_mode=spec.get("certificateMode", "AUTOMATIC"),
        labels=labels,
        annotations=annotations,
    )


def _conditions(found: Iterable[Condition]) -> Iterable[Json]:
    for condition in found:
        out = {"lastTransitionTime": _timestamp(condition.last_transition)}
        if condition.message:
            out |= {"message": condition.message}
        if condition.reason:
            out |= {"reason": condition.reason}
        yield {**out, "status": str(condition.status), "type": condition.type}


def _record(name: str, rrdata: str, kind: str) -> Json:
    return {**({"name": name} if name else {}), "rrdata": rrdata, "type": kind}


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
