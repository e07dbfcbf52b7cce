"""What a document of a v1 Service, as people write it, asks for. Source: gcloud run services replace; v1, Service."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cloudrun_cli.core import schema
from cloudrun_cli.core.addresses import LOCATION
from cloudrun_cli.core.annotations import (
    CLIENT_NAME,
    CLIENT_VERSION,
    CUSTOM_AUDIENCES,
    NETWORK_INTERFACES,
    OPERATION_ID,
)
from cloudrun_cli.core.errors import InvalidArgument, InvalidTraffic
from cloudrun_cli.core.names import check_service_name, check_tag, suffixed_revision_name
from cloudrun_cli.core.resources import LATEST_TAKES_ALL, Ingress, RevisionTemplate, ServiceScaling
from cloudrun_cli.core.traffic import Targets
from cloudrun_cli.core.wire.v1 import (
    CREATOR,
    DERIVED,
    MODIFIER,
    ingress_from_annotations,
    scaling_from_annotations,
    target_from_json,
)
from cloudrun_cli.core.wire.v1_jobs import CREATOR as JOB_CREATOR
from cloudrun_cli.core.wire.v1_jobs import MODIFIER as JOB_MODIFIER
from cloudrun_cli.core.wire.v1_template import template_from_json

Json = dict[str, Any]

KNATIVE_NAMESPACE = "default"  # what Knative's documents say, for which a project has no meaning

# Metadata that says where a copy came from; an export leaves it out. Source: gcloud, --format=export
_PLACE = ("creationTimestamp", "generation", "resourceVersion", "selfLink", "uid")
TRACES = (CREATOR, MODIFIER, JOB_CREATOR, JOB_MODIFIER, CLIENT_NAME, CLIENT_VERSION, OPERATION_ID)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a document says a service should be. `version` "" does not ask which version it replaces."""

    name: str
    namespace: str
    region: str
    version: str
    generation: int | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    scaling: ServiceScaling
    ingress: Ingress
    template: RevisionTemplate
    traffic: Targets


def read(document: object) -> Wanted:
    """What the document asks for; its status says nothing. Raises InvalidArgument for the first thing that is wrong
    with it, whatever there is already."""
    body = schema.check(as_written(document))
    meta, spec = body["metadata"], body["spec"]
    labels = dict(meta.get("labels") or {})
    annotations = dict(meta.get("annotations") or {})
    template = template_from_json(spec["template"])
    name = check_service_name(meta["name"])
    check_list(annotations, CUSTOM_AUDIENCES, "metadata")
    check_list(template.annotations, NETWORK_INTERFACES, "spec.template.metadata")
    if template.name:
        _check_revision_name(template.name, name)
    return Wanted(
        name=name,
        namespace=meta.get("namespace") or "",
        region=labels.pop(LOCATION, ""),
        version=meta.get("resourceVersion") or "",
        generation=int(meta["generation"]) if meta.get("generation") is not None else None,
        labels=labels,
        scaling=scaling_from_annotations(annotations),
        ingress=ingress_from_annotations(annotations),
        annotations={k: v for k, v in annotations.items() if k not in DERIVED and k not in TRACES},
        template=replace(template, concurrency=template.concurrency or None),
        traffic=_traffic(spec.get("traffic") or (), name),
    )


def as_written(document: object) -> object:
    """A document without its status, and with its namespace as text: a project number needs no quotes."""
    if not isinstance(document, Mapping):
        return document
    out = {key: value for key, value in document.items() if key != "status"}
    meta = out.get("metadata")
    if isinstance(meta, Mapping) and isinstance(meta.get("namespace"), int):
        out["metadata"] = {**meta, "namespace": str(meta["namespace"])}
    return out


def exported(body: Mapping[str, Any]) -> Json:
    """A v1 object without its status and what says where it came from: what `replace` takes again, anywhere."""
    out = {key: value for key, value in body.items() if key != "status"}
    if isinstance(meta := out.get("metadata"), Mapping):
        kept = {key: value for key, value in meta.items() if key not in _PLACE}
        if isinstance(annotations := kept.get("annotations"), Mapping):
            kept["annotations"] = {k: v for k, v in annotations.items() if k not in TRACES}
        out["metadata"] = kept
    return out


def _check_revision_name(name: str, service: str) -> None:
    suffix = name.removeprefix(f"{service}-")
    if suffix == name:
        field = "spec.template.metadata.name"
        raise InvalidArgument(
            f"{field}: Invalid revision name [{name}]. It must begin with the name of its service and a dash: "
            f"{service}-SUFFIX.",
            field=field,
        )
    suffixed_revision_name(service, suffix)


def check_list(annotations: Mapping[str, str], key: str, meta: str) -> None:
    """Nothing when an annotation that holds a JSON list does so."""
    field = f"{meta}.annotations[{key}]"
    try:
        found = json.loads(annotations.get(key) or "[]")
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise InvalidArgument(f"{field}: Invalid value [{annotations[key]}]. It must be a JSON list.", field=field)


def _traffic(entries: Sequence[Json], service: str) -> Targets:
    """The targets of `spec.traffic`; all for LATEST when there are none."""
    for index, entry in enumerate(entries):
        field = f"spec.traffic[{index}]"
        latest = entry.get("latestRevision")
        if bool(entry.get("revisionName")) == bool(latest or entry.get("configurationName")):
            raise InvalidTraffic(
                f"{field}: A target has a revisionName, or latestRevision: true, and not both.", field=field
            )
        if not 0 <= (entry.get("percent") or 0) <= 100:
            raise InvalidTraffic(
                f"{field}.percent: Invalid value {entry['percent']}. It must be from 0 to 100.", field=field
            )
        if entry.get("tag"):
            check_tag(entry["tag"], service)
    return tuple(target_from_json(entry) for entry in entries) or LATEST_TAKES_ALL
