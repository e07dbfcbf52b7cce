"""The v1 shape of Execution, to and from the value. Source: run.googleapis.com v1, Execution.

What v1 does not say (runtime, digests, a note) is in annotations of our own.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cloudrun_cli.core.addresses import LOCATION
from cloudrun_cli.core.annotations import IMAGE_DIGEST, OPERATION_ID, SIDECAR_DIGESTS
from cloudrun_cli.core.jobs import (
    ContainerOverride,
    Execution,
    ExecutionRef,
    ExecutionStatus,
    Overrides,
    log_uri,
)
from cloudrun_cli.core.wire.v1_jobs import (
    CREATOR,
    MODIFIER,
    RUN,
    execution_spec_to_json,
    execution_template_from_json,
    versions,
)
from cloudrun_cli.core.wire.v1_status import condition_to_json, conditions_from_json, moment, timestamp
from cloudrun_cli.core.wire.v1_template import env_from_json, template_to_json

Json = dict[str, Any]

JOB = "run.googleapis.com/job"
_JOB_GENERATION, _JOB_UID, _JOB_VERSION = (f"{JOB}{word}" for word in ("Generation", "Uid", "ResourceVersion"))
_RUNTIME, _NOTE = "cloudrun.dev/runtime", "cloudrun.dev/note"
_META = {"annotations", "creationTimestamp", "generation", "labels", "name", "namespace", "ownerReferences"}
_META |= {"resourceVersion", "selfLink", "uid"}
_COUNTS = {
    "runningCount": "running",
    "succeededCount": "succeeded",
    "failedCount": "failed",
    "cancelledCount": "cancelled",
    "retriedCount": "retried",
}
_STATUS = {"conditions", "logUri", "observedGeneration", "startTime", "completionTime", *_COUNTS}


def execution_to_json(execution: Execution, number: str) -> Json:
    """The v1 Execution, as the store keeps it and as it is shown."""
    ref = execution.ref
    meta = template_to_json(execution.template.task)["metadata"]
    annotations = {**meta.get("annotations", {}), **execution.annotations, **_own(execution.status)}
    annotations |= {CREATOR: execution.creator, MODIFIER: execution.last_modifier}
    labels = {**meta.get("labels", {}), **execution.labels, **_links(execution), LOCATION: ref.region}
    return {
        "apiVersion": RUN,
        "kind": "Execution",
        "metadata": {
            **execution.meta,
            "annotations": dict(sorted(annotations.items())),
            "creationTimestamp": timestamp(execution.created),
            "generation": execution.generation,
            "labels": dict(sorted(labels.items())),
            "name": ref.name,
            "namespace": number,
            "ownerReferences": [_owner(execution)],
            "resourceVersion": execution.etag or str(execution.resource_version),
            "selfLink": f"/apis/{RUN}/namespaces/{number}/executions/{ref.name}",
            "uid": execution.uid,
        },
        "spec": execution_spec_to_json(execution.template),
        "status": _status_to_json(execution),
    }


def execution_from_json(
    body: Json,
    project: str,
    *,
    version: int | None = None,
    cancel_requested: bool = False,
    history: bool = False,
) -> Execution:
    """The value of a v1 Execution, as the store keeps it; what the body does not say is said beside it."""
    meta = body["metadata"]
    annotations, labels = dict(meta.get("annotations") or {}), dict(meta.get("labels") or {})
    region, job = labels.pop(LOCATION), labels.pop(JOB)
    uid, job_version = labels.pop(_JOB_UID, ""), labels.pop(_JOB_VERSION, "")
    generation = int(labels.pop(_JOB_GENERATION, 1))
    creator, modifier = annotations.pop(CREATOR, ""), annotations.pop(MODIFIER, "")
    status = _status_from_json(body.get("status") or {}, annotations)
    own = {key: annotations.pop(key) for key in (OPERATION_ID,) if key in annotations}
    template = execution_template_from_json({"metadata": {"annotations": annotations}, "spec": body["spec"]})
    version, etag = versions(meta, version)
    execution = Execution(
        ref=ExecutionRef(project, region, meta["name"]),
        job=job,
        template=template,
        uid=meta["uid"],
        created=moment(meta["creationTimestamp"]),
        creator=creator,
        last_modifier=modifier,
        generation=int(meta["generation"]),
        resource_version=version,
        etag=etag,
        labels=labels,
        annotations=own,
        job_uid=uid,
        job_generation=generation,
        job_version=job_version,
        cancel_requested=cancel_requested,
        history=history,
        meta={key: value for key, value in meta.items() if key not in _META},
        status=status,
    )
    uri = (body.get("status") or {}).get("logUri")
    if uri is not None and uri != log_uri(execution.ref, job):
        execution = replace(execution, status=replace(status, extra={**status.extra, "logUri": uri}))
    return execution


def overrides_from_json(body: Mapping[str, Any]) -> Overrides:
    """What the `overrides` of a `:run` ask for, in v1 (`timeoutSeconds`) or in v2 (`timeout`, as `300s`)."""
    seconds = body.get("timeoutSeconds")
    if seconds is None and body.get("timeout") is not None:
        seconds = float(str(body["timeout"]).removesuffix("s"))
    tasks = body.get("taskCount")
    return Overrides(
        containers=tuple(_override(item) for item in body.get("containerOverrides") or ()),
        tasks=None if tasks is None else int(tasks),
        timeout=None if seconds is None else timedelta(seconds=float(seconds)),
    )


def _override(body: Mapping[str, Any]) -> ContainerOverride:
    args = tuple(body.get("args") or ())
    return ContainerOverride(
        name=body.get("name") or "",
        args=args if args or body.get("clearArgs") else None,
        env=tuple(env_from_json(variable) for variable in body.get("env") or ()),
    )


def _links(execution: Execution) -> dict[str, str]:
    """The labels that lead to its job."""
    out = {JOB: execution.job, _JOB_GENERATION: str(execution.job_generation), _JOB_UID: execution.job_uid}
    return {**out, _JOB_VERSION: execution.job_version} if execution.job_version else out


def _owner(execution: Execution) -> Json:
    return {
        "apiVersion": RUN,
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": "Job",
        "name": execution.job,
        "uid": execution.job_uid,
    }


def _own(status: ExecutionStatus) -> dict[str, str]:
    """What v1 has no field for, where it is known."""
    sidecars = json.dumps(dict(status.sidecar_digests), separators=(",", ":")) if status.sidecar_digests else ""
    said = {_RUNTIME: status.runtime, _NOTE: status.note, IMAGE_DIGEST: status.image_digest, SIDECAR_DIGESTS: sidecars}
    return {key: value for key, value in said.items() if value}


def _status_to_json(execution: Execution) -> Json:
    status = execution.status
    out: Json = {"conditions": [condition_to_json(c) for c in status.conditions]}
    if status.started is not None:
        out["startTime"] = timestamp(status.started)
    if status.completed is not None:
        out["completionTime"] = timestamp(status.completed)
    out |= {key: getattr(status, name) for key, name in _COUNTS.items() if getattr(status, name)}
    out |= {"logUri": log_uri(execution.ref, execution.job), "observedGeneration": execution.generation}
    return dict(sorted({**out, **status.extra}.items()))


def _status_from_json(body: Json, annotations: dict[str, Any]) -> ExecutionStatus:
    """The value of a `status`; what v1 has no field for is taken out of the annotations."""
    return ExecutionStatus(
        conditions=conditions_from_json(body.get("conditions") or ()),
        started=_moment(body.get("startTime")),
        completed=_moment(body.get("completionTime")),
        **{name: int(body.get(key) or 0) for key, name in _COUNTS.items()},
        image_digest=annotations.pop(IMAGE_DIGEST, ""),
        sidecar_digests=json.loads(annotations.pop(SIDECAR_DIGESTS, "{}")),
        runtime=annotations.pop(_RUNTIME, ""),
        note=annotations.pop(_NOTE, ""),
        extra={key: value for key, value in body.items() if key not in _STATUS},
    )


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text else None
