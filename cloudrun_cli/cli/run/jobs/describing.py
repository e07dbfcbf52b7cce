"""What `describe` shows of a job, an execution or a task when no other format is asked for: from v1 JSON.

Source: gcloud's formats `job`, `execution` and `task` as recorded; settings that no recording has are in the words of
those of services.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cloudrun_cli.cli.run.describing import label_lines, message_lines, region_of
from cloudrun_cli.cli.run.describing_containers import container_blocks, volumes_by_name
from cloudrun_cli.cli.run.describing_template import network_block
from cloudrun_cli.cli.run.jobs.rows import TASK_SYMBOLS
from cloudrun_cli.cli.run.layout import RUN, Block, laid_out, unnamed
from cloudrun_cli.cli.run.rows import condition, condition_symbol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.jobs import Attempt

Json = Mapping[str, Any]

_SHOWN = {"execution-environment", "creator", "lastModifier", "secrets", "container-dependencies", "sources"} | {
    *("vpc-access-connector", "vpc-access-egress", "network-interfaces", "cloudsql-instances", "base-images"),
    *("binary-authorization", "binary-authorization-breakglass", "encryption-key"),
}


def job_lines(job: Json) -> Iterator[str]:
    """A job: when it was executed, and what its tasks run."""
    meta, status = job["metadata"], job["status"]
    ready = condition(status, "Ready")
    yield f"{condition_symbol(status, 'Ready')} Job {meta['name']} in region {region_of(meta)}"
    yield f"Executed {counted(status.get('executionCount', 0), 'time')}"
    if latest := status.get("latestCreatedExecution"):
        yield f"Last executed {latest['creationTimestamp']} with execution {latest['name']}"
    annotations, labels = meta.get("annotations", {}), meta.get("labels", {})
    when, who = labels.get(f"{RUN}lastUpdatedTime", "?"), annotations.get(f"{RUN}lastModifier", "?")
    yield f"Last updated on {when} by {who}"
    yield " "
    yield from _labels(meta)
    template = job["spec"]["template"]
    yield from laid_out(_execution_block(template["spec"], template.get("metadata", {}), annotations))
    yield from message_lines(condition_symbol(status, "Ready"), ready)


def execution_lines(execution: Json) -> Iterator[str]:
    """An execution: how its tasks do, and what they run."""
    meta, status = execution["metadata"], execution["status"]
    completed = condition(status, "Completed")
    symbol = condition_symbol(status, "Completed")
    yield f"{symbol} Execution {meta['name']} in region {region_of(meta)}"
    if completed.get("status", "Unknown") == "Unknown":
        yield f"{counted(status.get('runningCount', 0), 'task')} currently running"
    yield f"{counted(status.get('succeededCount', 0), 'task')} completed successfully"
    for count, words in (("failedCount", "failed to complete"), ("cancelledCount", "cancelled")):
        if status.get(count):
            yield f"{counted(status[count], 'task')} {words}"
    if status.get("retriedCount"):
        yield f"{counted(status['retriedCount'], 'task')} retried"
    if status.get("completionTime"):
        yield f"Elapsed time: {elapsed(meta['creationTimestamp'], status['completionTime'])}"
    if status.get("logUri"):
        yield " "
        yield f"Log URI: {status['logUri']}"
    yield " "
    yield from _labels(meta)
    annotations = meta.get("annotations", {})
    yield from laid_out(_execution_block(execution["spec"], meta, annotations))
    yield from message_lines(symbol, completed)


def task_lines(task: Json, attempts: "Sequence[Attempt]" = ()) -> Iterator[str]:
    """A task: where it is, how its last attempt ended and those before it, and what it runs."""
    meta, status = task["metadata"], task["status"]
    state = meta.get("labels", {}).get(f"{RUN}runningState", "")
    completed = condition(status, "Completed")
    symbol = TASK_SYMBOLS.get(state, ".")
    yield f"{symbol} Task {meta['name']} in region {region_of(meta)}"
    result = status.get("lastAttemptResult") or {}
    yield from laid_out(
        [
            ("Running state", state),
            (
                "Last Attempt Result",
                [
                    ("Exit Code", str(result["exitCode"]) if "exitCode" in result else ""),
                    ("Signal", str(result.get("termSignal", ""))),
                    ("Message", result.get("status", {}).get("message", "")),
                ],
            ),
            ("Attempts", {str(one.number): _ended(one) for one in attempts} if len(attempts) > 1 else {}),
        ]
    )
    yield " "
    yield from laid_out(_task_block(task["spec"], meta.get("annotations", {})))
    yield from message_lines(symbol, completed)


def _ended(attempt: "Attempt") -> str:
    """How an attempt has ended: after which time, and why."""
    seconds = (attempt.ended - attempt.started).total_seconds() if attempt.ended else 0.0
    code = f"exit code {attempt.exit_code}" if attempt.exit_code is not None else str(attempt.cause or "")
    return f"{code} after {seconds:.1f}s. {attempt.message}".rstrip()


def counted(count: int, word: str) -> str:
    """`1 task`, `4 tasks`."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def short(seconds: int) -> str:
    """A length of time as the shortest text that means it: 1h30m."""
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def elapsed(begin: str, end: str) -> str:
    """The time between two moments in its two largest units: `4 minutes and 11 seconds`."""
    seconds = max(int((datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()), 0)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours >= 24:
        return f"{counted(hours // 24, 'day')} and {counted(hours % 24, 'hour')}"
    if hours:
        return f"{counted(hours, 'hour')} and {counted(minutes, 'minute')}"
    if minutes:
        return f"{counted(minutes, 'minute')} and {counted(seconds % 60, 'second')}"
    return counted(seconds, "second")


def _execution_block(spec: Json, meta: Json, around: Json) -> Block:
    """The spec of an execution; `meta` is its metadata, `around` the annotations that policies are in."""
    policy = around.get(f"{RUN}binary-authorization", "")
    return [
        ("Tasks", spec.get("taskCount", 1)),
        ("Parallelism", spec.get("parallelism") or "No limit"),
        *_task_block(spec["template"]["spec"], meta.get("annotations", {})),
        ("Binary Authorization", "Default" if policy == "default" else policy),
        ("Breakglass Justification", around.get(f"{RUN}binary-authorization-breakglass")),
    ]


def _task_block(spec: Json, annotations: Json) -> Block:
    """The spec of a task, with the annotations that say more of it."""
    seconds = spec.get("timeoutSeconds")
    retries = spec.get("maxRetries")
    return [
        *container_blocks({"metadata": {"annotations": annotations}, "spec": spec}),
        ("Task Timeout", short(int(seconds)) if seconds else ""),
        ("Max Retries", "" if retries is None else str(retries)),
        ("Service account", spec.get("serviceAccountName")),
        ("VPC access", network_block(annotations)),
        ("SQL connections", annotations.get(f"{RUN}cloudsql-instances", "").replace(",", ", ")),
        ("CMEK", annotations.get(f"{RUN}encryption-key")),
        ("GPU Type", spec.get("nodeSelector", {}).get(f"{RUN}accelerator")),
        ("Volumes", volumes_by_name(spec.get("volumes", ()))),
        *unnamed(annotations, _SHOWN),
    ]


def _labels(meta: Json) -> Iterator[str]:
    for line in label_lines(meta):
        yield line
        yield " "
