"""What the log of a schedule says: that an attempt has begun, and how it ended. Source: Cloud Scheduler, Logging."""

from datetime import datetime
from typing import Any

from cloudrun_cli.core.logs import stamp
from cloudrun_cli.core.schedules import CODE_NAMES, Outcome, Schedule

Entry = dict[str, Any]

KIND = "schedules"  # the folder of these logs, beside those of services
_TYPE = "type.googleapis.com/google.cloud.scheduler.logging."


def started(schedule: Schedule, tick: datetime, attempt: int, at: datetime) -> Entry:
    """An attempt begins, for a tick."""
    return _entry(schedule, "AttemptStarted", "INFO", at, {"scheduledTime": stamp(tick)}, attempt)


def finished(schedule: Schedule, outcome: Outcome, attempt: int, at: datetime) -> Entry:
    """An attempt has ended."""
    if not outcome.code:
        entry = _entry(schedule, "AttemptFinished", "INFO", at, {}, attempt)
    else:
        said = {"debugInfo": outcome.message, "status": CODE_NAMES[outcome.code]}
        entry = _entry(schedule, "AttemptFinished", "ERROR", at, said, attempt)
    if outcome.http_status:
        entry["httpRequest"] = {"status": outcome.http_status}
    return entry


def _entry(schedule: Schedule, event: str, severity: str, at: datetime, more: Entry, attempt: int) -> Entry:
    ref, moment = schedule.ref, stamp(at)
    return {
        "logName": f"projects/{ref.project}/logs/cloudscheduler.googleapis.com%2Fexecutions",
        "resource": {
            "type": "cloud_scheduler_job",
            "labels": {"job_id": ref.name, "location": ref.region, "project_id": ref.project},
        },
        "insertId": f"{schedule.uid}-{attempt}-{moment}-{event}",
        "timestamp": moment,
        "severity": severity,
        "jsonPayload": {
            "@type": f"{_TYPE}{event}",
            "jobName": str(ref),
            "targetType": "HTTP",
            "url": schedule.target.uri,
            **more,
        },
    }
