"""Rows of the lists of jobs, executions and tasks: the v1 resource, with the few values that their tables name."""

from collections.abc import Mapping
from typing import Any

from cloudrun_cli.cli.run.rows import condition_symbol
from cloudrun_cli.output.rows import Row

Json = Mapping[str, Any]

_RUN = "run.googleapis.com/"
TASK_SYMBOLS = {"Running": "…", "Succeeded": "✔", "Failed": "X", "Cancelled": "!", "Abandoned": "-"}
PENDING = "."  # of a task that has not started


def job_row(job: Json) -> Row:
    """A job with what its list shows."""
    meta = job["metadata"]
    return Row(
        job,
        {
            "ready_symbol": condition_symbol(job["status"], "Ready"),
            "name": meta["name"],
            "region": meta["labels"]["cloud.googleapis.com/location"],
            "creation_timestamp": meta["creationTimestamp"],
            "author": meta["annotations"].get(f"{_RUN}creator"),
        },
    )


def execution_row(execution: Json) -> Row:
    """An execution with what its list shows."""
    meta, status = execution["metadata"], execution["status"]
    return Row(
        execution,
        {
            "ready_symbol": condition_symbol(status, "Completed"),
            "job_name": meta["labels"][f"{_RUN}job"],
            "name": meta["name"],
            "region": meta["labels"]["cloud.googleapis.com/location"],
            "succeeded_status": f"{status.get('succeededCount', 0)} / {execution['spec'].get('taskCount', 1)}",
            "creation_timestamp": meta["creationTimestamp"],
            "author": meta["annotations"].get(f"{_RUN}creator"),
        },
    )


def task_row(task: Json) -> Row:
    """A task with what its list shows."""
    meta, status = task["metadata"], task["status"]
    state = meta["labels"].get(f"{_RUN}runningState")
    started = status.get("startTime")
    return Row(
        task,
        {
            "ready_symbol": TASK_SYMBOLS.get(state, PENDING),
            "index": status.get("index", 0),
            "running_state": state,
            "name": meta["name"],
            "start_time": started,
            "completion_time": status.get("completionTime"),
            "retries": status.get("retried", 0) if started else None,
        },
    )
