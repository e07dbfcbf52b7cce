"""The v1 shape of Job, to and from the value. Source: run.googleapis.com v1, Job."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cloudrun_cli.core.addresses import LOCATION
from cloudrun_cli.core.jobs import (
    DEFAULT_TASK_TIMEOUT,
    DEFAULT_TASKS,
    ExecutionState,
    ExecutionTemplate,
    Job,
    JobRef,
    JobStatus,
    LatestExecution,
)
from cloudrun_cli.core.wire.v1_status import condition_to_json, conditions_from_json, moment, timestamp
from cloudrun_cli.core.wire.v1_template import template_from_json, template_to_json

Json = dict[str, Any]

RUN = "run.googleapis.com/v1"
CREATOR = "run.googleapis.com/creator"
MODIFIER = "run.googleapis.com/lastModifier"
UPDATED = "run.googleapis.com/lastUpdatedTime"
_SPEC = {"parallelism", "taskCount", "template"}
_STATUS = {"conditions", "executionCount", "latestCreatedExecution", "observedGeneration"}
_LATEST = {"completionStatus", "completionTimestamp", "creationTimestamp", "name"}


def job_to_json(job: Job, number: str) -> Json:
    """The v1 Job, as the store keeps it and as it is shown."""
    ref = job.ref
    annotations = {**job.annotations, CREATOR: job.creator, MODIFIER: job.last_modifier}
    labels = {**job.labels, LOCATION: ref.region, UPDATED: timestamp(job.updated)}
    return {
        "apiVersion": RUN,
        "kind": "Job",
        "metadata": {
            "annotations": dict(sorted(annotations.items())),
            "creationTimestamp": timestamp(job.created),
            "generation": job.generation,
            "labels": dict(sorted(labels.items())),
            "name": ref.name,
            "namespace": number,
            "resourceVersion": shown_version(job),
            "selfLink": f"/apis/{RUN}/namespaces/{number}/jobs/{ref.name}",
            "uid": job.uid,
        },
        "spec": {**job.extra, "template": execution_template_to_json(job.template)},
        "status": _status_to_json(job.status),
    }


def job_from_json(body: Json, project: str, *, version: int | None = None) -> Job:
    """The value of a v1 Job that has all its metadata, as the store keeps it. `version` is the store's own number of
    it; without one it is read from the resourceVersion, where that is a number."""
    meta = body["metadata"]
    annotations, labels = dict(meta.get("annotations") or {}), dict(meta.get("labels") or {})
    region, created = labels.pop(LOCATION), moment(meta["creationTimestamp"])
    updated = labels.pop(UPDATED, None)
    creator, modifier = annotations.pop(CREATOR, ""), annotations.pop(MODIFIER, "")
    version, etag = versions(meta, version)
    return Job(
        ref=JobRef(project, region, meta["name"]),
        template=execution_template_from_json(body["spec"]["template"]),
        uid=meta["uid"],
        created=created,
        updated=moment(updated) if updated else created,
        creator=creator,
        last_modifier=modifier,
        generation=int(meta["generation"]),
        resource_version=version,
        etag=etag,
        labels=labels,
        annotations=annotations,
        extra={key: value for key, value in body["spec"].items() if key != "template" and value is not None},
        status=_status_from_json(body.get("status") or {}),
    )


def shown_version(job: Job) -> str:
    """The resourceVersion that a job shows: the one it was imported with, or its own number."""
    return job.etag or str(job.resource_version)


def versions(meta: Mapping[str, Any], version: int | None) -> tuple[int, str]:
    """The store's number of an object, and the resourceVersion that it came with and shows in place of it."""
    shown = str(meta.get("resourceVersion", ""))
    if version is None:
        version = int(shown) if shown.isdecimal() else 0
    return version, "" if shown == str(version) else shown


def execution_template_to_json(template: ExecutionTemplate) -> Json:
    """`spec.template` of a Job; metadata that is empty is left out."""
    meta = template_to_json(template.task)["metadata"]
    return {**({"metadata": meta} if meta else {}), "spec": execution_spec_to_json(template)}


def execution_spec_to_json(template: ExecutionTemplate) -> Json:
    """`spec` of an Execution, and of the template that it is made from."""
    out: Json = dict(template.extra)
    if template.parallelism is not None:
        out["parallelism"] = template.parallelism
    return {**out, "taskCount": template.tasks, "template": {"spec": task_spec_to_json(template)}}


def task_spec_to_json(template: ExecutionTemplate) -> Json:
    """`spec` of a Task, and of the template that it is made from; its timeout is a string, as every int64."""
    spec: Json = template_to_json(template.task)["spec"]
    spec["timeoutSeconds"] = str(spec["timeoutSeconds"])
    if template.max_retries is not None:
        spec["maxRetries"] = template.max_retries
    return dict(sorted(spec.items()))


def execution_template_from_json(body: Json) -> ExecutionTemplate:
    """The value of `spec.template` of a Job. Raises InvalidArgument for a volume or an annotation that means
    nothing."""
    spec = body["spec"]
    task = dict(spec["template"]["spec"])
    retries, seconds = task.pop("maxRetries", None), task.pop("timeoutSeconds", None)
    timeout = DEFAULT_TASK_TIMEOUT if seconds is None else timedelta(seconds=int(seconds))
    task["timeoutSeconds"] = timeout.total_seconds()
    count, parallelism = spec.get("taskCount"), spec.get("parallelism")
    return ExecutionTemplate(
        task=template_from_json({"metadata": body.get("metadata") or {}, "spec": task}),
        tasks=DEFAULT_TASKS if count is None else int(count),
        parallelism=None if parallelism is None else int(parallelism),
        max_retries=None if retries is None else int(retries),
        extra={key: value for key, value in spec.items() if key not in _SPEC and value is not None},
    )


def latest_to_json(latest: LatestExecution) -> Json:
    """`status.latestCreatedExecution` of a Job."""
    out: Json = {**latest.extra, "completionStatus": str(latest.state)}
    if latest.completed is not None:
        out["completionTimestamp"] = timestamp(latest.completed)
    return {**out, "creationTimestamp": timestamp(latest.created), "name": latest.name}


def _latest_from_json(body: Json) -> LatestExecution:
    completed = body.get("completionTimestamp")
    return LatestExecution(
        name=body["name"],
        created=moment(body["creationTimestamp"]),
        completed=moment(completed) if completed else None,
        state=ExecutionState(body.get("completionStatus") or ExecutionState.PENDING),
        extra={key: value for key, value in body.items() if key not in _LATEST},
    )


def _status_to_json(status: JobStatus) -> Json:
    out: Json = {**status.extra, "conditions": [condition_to_json(c) for c in status.conditions]}
    if status.execution_count:
        out["executionCount"] = status.execution_count
    if status.latest is not None:
        out["latestCreatedExecution"] = latest_to_json(status.latest)
    return {**out, "observedGeneration": status.observed_generation}


def _status_from_json(body: Json) -> JobStatus:
    latest = body.get("latestCreatedExecution")
    return JobStatus(
        observed_generation=int(body.get("observedGeneration", 0)),
        conditions=conditions_from_json(body.get("conditions") or ()),
        execution_count=int(body.get("executionCount", 0)),
        latest=_latest_from_json(latest) if latest else None,
        extra={key: value for key, value in body.items() if key not in _STATUS},
    )
