"""Log entries in the shape of Logging v2, from what instances write, from requests, and from the platform."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cloudrun_cli.core.resources import RevisionRef

Entry = dict[str, Any]

SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
_ALIASES = {"WARN": "WARNING", "FATAL": "CRITICAL", "TRACE": "DEBUG", "ERR": "ERROR"}
_LIFTED: dict[str, tuple[str, type]] = {  # key of the line → field of the entry, and what it must be
    "logging.googleapis.com/trace": ("trace", str),
    "logging.googleapis.com/spanId": ("spanId", str),
    "logging.googleapis.com/trace_sampled": ("traceSampled", bool),
    "logging.googleapis.com/operation": ("operation", dict),
    "logging.googleapis.com/sourceLocation": ("sourceLocation", dict),
    "logging.googleapis.com/insertId": ("insertId", str),
    "httpRequest": ("httpRequest", dict),
}
MAX_ENTRY = 256 * 1024  # bytes. Source: Cloud Logging quotas


@dataclass(frozen=True, slots=True)
class TaskOrigin:
    """Where an entry of a job comes from: one attempt at one of its tasks."""

    project: str
    region: str
    job: str
    execution: str
    index: int
    attempt: int
    instance: str


@lru_cache(maxsize=1024)
def resource(ref: RevisionRef, service: str) -> Entry:
    """The monitored resource of a revision; one and the same object in all its entries."""
    return {
        "type": "cloud_run_revision",
        "labels": {
            "configuration_name": service,
            "location": ref.region,
            "project_id": ref.project,
            "revision_name": ref.name,
            "service_name": service,
        },
    }


def from_line(
    ref: RevisionRef,
    service: str,
    instance: str,
    stream: str,
    text: str,
    at: datetime,
    cursor: str,
    container: str = "",
) -> Entry:
    """The entry of one line that an instance wrote. A line that is one JSON object is taken apart as Logging does.
    `container` is its name, where there are several."""
    return _with_line(_entry(ref, service, stream, at, instance), stream, text, cursor, container)


def from_task(task: TaskOrigin, stream: str, text: str, at: datetime, cursor: str, container: str = "") -> Entry:
    """The same of a line that a task's instance wrote."""
    return _with_line(_task_entry(task, stream, at), stream, text, cursor, container)


def from_task_platform(task: TaskOrigin, text: str, at: datetime, severity: str = "INFO") -> Entry:
    """An entry of the system log about an attempt at a task."""
    return {**_task_entry(task, "varlog/system", at), "severity": severity, "textPayload": text}


def _with_line(entry: Entry, stream: str, text: str, cursor: str, container: str) -> Entry:
    if container:
        entry["labels"]["container_name"] = container
    entry["insertId"] = f"{entry['labels']['instanceId']}-{stream}-{cursor}"
    body = _object(text)
    if body is None:
        return {**entry, "severity": "DEFAULT", "textPayload": text[:MAX_ENTRY]}
    severity = str(body.pop("severity", "DEFAULT")).upper()
    severity = _ALIASES.get(severity, severity)
    entry["severity"] = severity if severity in SEVERITIES else "DEFAULT"
    for key in ("timestamp", "time"):
        if (moment := _moment(body.get(key))) is not None:
            entry["timestamp"] = moment
            del body[key]
    for key, (name, kind) in _LIFTED.items():
        if isinstance(body.get(key), kind):
            entry[name] = body.pop(key)
    labels = body.pop("logging.googleapis.com/labels", None)
    if isinstance(labels, dict):
        entry["labels"] = {**entry["labels"], **{str(k): str(v) for k, v in labels.items()}}
    if set(body) == {"message"} and isinstance(body["message"], str):
        return {**entry, "textPayload": body["message"]}
    return {**entry, "jsonPayload": body}


def from_platform(
    ref: RevisionRef,
    service: str,
    instance: str,
    text: str,
    at: datetime,
    severity: str = "INFO",
    labels: Mapping[str, str] | None = None,
) -> Entry:
    """An entry of the system log: starts, probes, exits, memory. `labels` say the same to machines."""
    entry = _entry(ref, service, "varlog/system", at, instance)
    entry["labels"] |= labels or {}
    return {**entry, "severity": severity, "textPayload": text}


def from_platform_json(
    ref: RevisionRef,
    service: str,
    instance: str,
    body: Entry,
    at: datetime,
    labels: Mapping[str, str],
    *,
    trace: str = "",
) -> Entry:
    """An entry of the system log with more to say than a text; its `message` is the text."""
    entry = _entry(ref, service, "varlog/system", at, instance)
    entry["labels"] |= labels
    if trace:
        entry["trace"] = f"projects/{ref.project}/traces/{trace}"
    return {**entry, "severity": "INFO", "jsonPayload": body}


def from_request(
    ref: RevisionRef,
    service: str,
    instance: str,
    request: Entry,
    timestamp: str,
    *,
    trace: str,
    text: str,
    severity: str,
) -> Entry:
    """The entry of one finished request. `request` is its `httpRequest`, `timestamp` when it began, as `stamp` writes
    it; `text` what the edge has to say about it."""
    entry = {**_of_requests(ref, service, instance), "timestamp": timestamp}
    entry["httpRequest"] = request
    entry["severity"] = severity
    if text:
        entry["textPayload"] = text
    if trace:
        entry["trace"] = f"projects/{ref.project}/traces/{trace}"
    return entry


def line_of(entry: Entry) -> str:
    """The one line that `logs read` shows: time, then the request or the text."""
    when = str(entry.get("timestamp", ""))[:19].replace("T", " ")
    request = entry.get("httpRequest")
    if request and "jsonPayload" not in entry:
        said = f" {entry['textPayload']}" if entry.get("textPayload") else ""
        return f"{when} {request.get('requestMethod')} {request.get('status')} {request.get('requestUrl')}{said}"
    if "textPayload" in entry:
        return f"{when} {entry['textPayload']}"
    body = entry.get("jsonPayload") or {}
    text = body.get("message") if isinstance(body.get("message"), str) else json.dumps(body, ensure_ascii=False)
    return f"{when} {text}"


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _task_entry(task: TaskOrigin, log: str, at: datetime) -> Entry:
    return {
        "logName": _log_name(task.project, log),
        "resource": {
            "type": "cloud_run_job",
            "labels": {"job_name": task.job, "location": task.region, "project_id": task.project},
        },
        "labels": {
            "instanceId": task.instance,
            "run.googleapis.com/execution_name": task.execution,
            "run.googleapis.com/task_attempt": str(task.attempt),
            "run.googleapis.com/task_index": str(task.index),
        },
        "timestamp": stamp(at),
    }


def _log_name(project: str, log: str) -> str:
    return f"projects/{project}/logs/run.googleapis.com%2F{log.replace('/', '%2F')}"


def _entry(ref: RevisionRef, service: str, log: str, at: datetime, instance: str) -> Entry:
    return {**_head(ref, service, log, instance), "timestamp": stamp(at)}


def _head(ref: RevisionRef, service: str, log: str, instance: str) -> Entry:
    return {
        "logName": _log_name(ref.project, log),
        "resource": resource(ref, service),
        "labels": {"instanceId": instance},
    }


@lru_cache(maxsize=1024)
def _of_requests(ref: RevisionRef, service: str, instance: str) -> Entry:
    """What the entries of all requests to an instance have in common; one and the same objects in all of them."""
    return _head(ref, service, "requests", instance)


def _object(text: str) -> Entry | None:
    if not text.startswith("{"):
        return None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):  # the latter: nested deeper than anybody can want to read
        return None
    return body if isinstance(body, dict) else None


def _moment(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return stamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
