"""What a document of a v1 Job, as people write it, asks for. Source: gcloud run jobs replace; v1, Job."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudrun_cli.core import schema
from cloudrun_cli.core.addresses import LOCATION
from cloudrun_cli.core.annotations import NETWORK_INTERFACES
from cloudrun_cli.core.documents import TRACES, as_written, check_list
from cloudrun_cli.core.jobs import ExecutionTemplate
from cloudrun_cli.core.names import check_job_name
from cloudrun_cli.core.wire.v1_jobs import UPDATED, execution_template_from_json

TOKENS = ("startExecutionToken", "runExecutionToken")


@dataclass(frozen=True, slots=True)
class WantedJob:
    """What a document says a job should be. `version` "" does not ask which version it replaces; `tokens` are the
    fields that ask for an execution by name."""

    name: str
    namespace: str
    region: str
    version: str
    generation: int | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    template: ExecutionTemplate
    tokens: Mapping[str, Any]


def read(document: object) -> WantedJob:
    """What the document asks for; its status says nothing. Raises InvalidArgument for the first thing that is wrong
    with it, whatever there is already."""
    body = schema.check(as_written(document), "Job")
    meta, spec = body["metadata"], body["spec"]
    labels, annotations = dict(meta.get("labels") or {}), dict(meta.get("annotations") or {})
    template = execution_template_from_json(spec["template"])
    check_list(template.task.annotations, NETWORK_INTERFACES, "spec.template.metadata")
    labels.pop(UPDATED, None)
    return WantedJob(
        name=check_job_name(meta["name"]),
        namespace=meta.get("namespace") or "",
        region=labels.pop(LOCATION, ""),
        version=meta.get("resourceVersion") or "",
        generation=int(meta["generation"]) if meta.get("generation") is not None else None,
        labels=labels,
        annotations={key: value for key, value in annotations.items() if key not in TRACES},
        template=template,
        tokens={key: spec[key] for key in TOKENS if spec.get(key)},
    )
