"""The v2 shape of an Execution, as its `:run` answers it. Source: run.googleapis.com v2, Execution and TaskTemplate."""

from typing import Any

from cloudrun_cli.core.jobs import Execution, log_uri
from cloudrun_cli.core.wire.v1_status import timestamp
from cloudrun_cli.core.wire.v2_conditions import condition_to_json
from cloudrun_cli.core.wire.v2_template import own, template_to_json

Json = dict[str, Any]

DEFAULT_MAX_RETRIES = 3  # Source: v2, TaskTemplate.maxRetries
_OF_TASKS = (
    *("containers", "volumes", "timeout", "serviceAccount", "executionEnvironment"),
    *("encryptionKey", "vpcAccess", "nodeSelector"),
)
_COUNTS = ("running", "succeeded", "failed", "cancelled", "retried")


def execution_to_json(execution: Execution) -> Json:
    """The v2 Execution."""
    ref, status, wanted = execution.ref, execution.status, execution.template
    place = f"projects/{ref.project}/locations/{ref.region}/jobs/{execution.job}"
    out: Json = {
        "name": f"{place}/executions/{ref.name}",
        "uid": execution.uid,
        "creator": execution.creator,
        "generation": str(execution.generation),
        "createTime": timestamp(execution.created),
        "job": execution.job,
        "taskCount": wanted.tasks,
        "template": _tasks_to_json(execution),
        "conditions": [condition_to_json(condition) for condition in status.conditions],
        "observedGeneration": str(execution.generation),
        "logUri": log_uri(ref, execution.job),
    }
    if labels := own(execution.labels):
        out["labels"] = labels
    if annotations := own(execution.annotations):
        out["annotations"] = annotations
    if wanted.parallelism:
        out["parallelism"] = wanted.parallelism
    if status.started is not None:
        out["startTime"] = timestamp(status.started)
    if status.completed is not None:
        out["completionTime"] = timestamp(status.completed)
    out |= {f"{name}Count": count for name in _COUNTS if (count := getattr(status, name))}
    return out | ({"reconciling": True} if execution.is_open else {})


def _tasks_to_json(execution: Execution) -> Json:
    body = template_to_json(execution.template.task)
    retries = execution.template.max_retries
    kept = {name: body[name] for name in _OF_TASKS if name in body}
    return kept | {"maxRetries": DEFAULT_MAX_RETRIES if retries is None else retries}
