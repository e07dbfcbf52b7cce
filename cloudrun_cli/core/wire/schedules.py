"""The shape of a schedule, to and from the value. Source: cloudscheduler.googleapis.com v1, Job."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.schedules import (
    DEFAULT_DEADLINE,
    DEFAULT_TIME_ZONE,
    Execution,
    HttpTarget,
    Outcome,
    Plan,
    RetryPolicy,
    Schedule,
    ScheduleRef,
    ScheduleState,
    Token,
    check_kind,
    rfc3339,
    seconds,
)

Json = dict[str, Any]

_NOT_TARGETS = ("pubsubTarget", "appEngineHttpTarget")


def schedule_to_json(schedule: Schedule) -> Json:
    """The Job, with what is known of its attempts, keys in order."""
    plan = schedule.plan
    seen: Json = {}
    if plan.next is not None:
        seen["scheduleTime"] = rfc3339(plan.next)
    if plan.last_attempt is not None:
        seen["lastAttemptTime"] = rfc3339(plan.last_attempt)
    if plan.outcome is not None:
        seen["status"] = _status(plan.outcome)
    return dict(sorted({**wanted_to_json(schedule), **seen}.items()))


def wanted_to_json(schedule: Schedule) -> Json:
    """What its user wants, without what happens meanwhile."""
    body: Json = {
        "attemptDeadline": seconds(schedule.deadline),
        "httpTarget": _target_to_json(schedule.target),
        "name": str(schedule.ref),
        "retryConfig": _retry_to_json(schedule.retry),
        "schedule": schedule.when,
        "state": str(schedule.state),
        "timeZone": schedule.time_zone,
        "userUpdateTime": rfc3339(schedule.updated),
    }
    return body | ({"description": schedule.description} if schedule.description else {})


def schedule_from_json(body: Json) -> Schedule:
    """The value of a Job as a server has it. Raises InvalidArgument for what is none, Unimplemented for a target that
    is not built."""
    for kind in _NOT_TARGETS:
        if kind in body:
            check_kind(kind)
    name = str(body.get("name", "?"))
    try:
        outcome = body.get("status")
        return Schedule(
            ref=ref_of(name),
            when=str(body["schedule"]),
            target=_target(body["httpTarget"]),
            updated=datetime.fromisoformat(body["userUpdateTime"]),
            time_zone=str(body.get("timeZone", DEFAULT_TIME_ZONE)),
            description=str(body.get("description", "")),
            retry=_retry(body.get("retryConfig") or {}),
            deadline=_length(body, "attemptDeadline", DEFAULT_DEADLINE),
            state=ScheduleState(body.get("state", "ENABLED")),
            plan=Plan(
                next=_moment(body.get("scheduleTime")),
                last_attempt=_moment(body.get("lastAttemptTime")),
                outcome=None if outcome is None else Outcome(int(outcome.get("code", 0)), outcome.get("message", "")),
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise InvalidArgument(f"[{name}] is not a job of Cloud Scheduler: {error!r}.") from error


def ref_of(name: str) -> ScheduleRef:
    """Where the schedule of a full name is. Raises ValueError."""
    match name.split("/"):
        case ["projects", project, "locations", region, "jobs", job] if project and region and job:
            return ScheduleRef(project, region, job)
    raise ValueError("its name is not projects/PROJECT/locations/LOCATION/jobs/JOB")


def plan_to_json(plan: Plan) -> Json:
    """The plan as the store keeps it."""
    body: Json = {"next": _said(plan.next), "asked": _said(plan.asked), "last": _said(plan.last_attempt)}
    if plan.dormant:
        body["dormant"] = True
    if (execution := plan.execution) is not None:
        body["execution"] = {
            "tick": _said(execution.tick),
            "at": _said(execution.at),
            "attempts": execution.attempts,
            "began": _said(execution.began),
            "underWay": execution.under_way,
            "final": execution.final,
        }
    if plan.outcome is not None:
        body["outcome"] = [plan.outcome.code, plan.outcome.message, plan.outcome.http_status]
    return {key: value for key, value in body.items() if value is not None}


def plan_from_json(body: Json) -> Plan:
    """The plan of what the store keeps."""
    execution = None
    if (under := body.get("execution")) is not None:
        execution = Execution(
            tick=datetime.fromisoformat(under["tick"]),
            at=datetime.fromisoformat(under["at"]),
            attempts=under["attempts"],
            began=_moment(under["began"]),
            under_way=under["underWay"],
            final=under["final"],
        )
    outcome = body.get("outcome")
    return Plan(
        next=_moment(body.get("next")),
        execution=execution,
        asked=_moment(body.get("asked")),
        last_attempt=_moment(body.get("last")),
        outcome=None if outcome is None else Outcome(*outcome),
        dormant=body.get("dormant", False),
    )


def _status(outcome: Outcome) -> Json:
    return {"code": outcome.code, "message": outcome.message} if outcome.code else {}


def _target_to_json(target: HttpTarget) -> Json:
    body: Json = {"body": base64.b64encode(target.body).decode()} if target.body else {}
    if target.headers:
        body["headers"] = dict(sorted(target.headers.items()))
    body["httpMethod"] = target.method
    if target.oauth:
        body["oauthToken"] = _token_to_json(target.oauth, "scope")
    if target.oidc:
        body["oidcToken"] = _token_to_json(target.oidc, "audience")
    return body | {"uri": target.uri}


def _target(body: Json) -> HttpTarget:
    return HttpTarget(
        uri=str(body["uri"]),
        method=str(body.get("httpMethod", "POST")),
        headers={str(name): str(value) for name, value in (body.get("headers") or {}).items()},
        body=base64.b64decode(body.get("body", ""), validate=True),
        oidc=_token(body.get("oidcToken"), "audience"),
        oauth=_token(body.get("oauthToken"), "scope"),
    )


def _token_to_json(token: Token, about: str) -> Json:
    return ({about: token.about} if token.about else {}) | {"serviceAccountEmail": token.account}


def _token(body: Json | None, about: str) -> Token | None:
    return None if body is None else Token(str(body["serviceAccountEmail"]), str(body.get(about, "")))


def _retry_to_json(retry: RetryPolicy) -> Json:
    body: Json = {"maxBackoffDuration": seconds(retry.max_backoff), "maxDoublings": retry.doublings}
    if retry.longest is not None:
        body["maxRetryDuration"] = seconds(retry.longest)
    body["minBackoffDuration"] = seconds(retry.min_backoff)
    return body | ({} if retry.count is None else {"retryCount": retry.count})


def _retry(body: Json) -> RetryPolicy:
    usual = RetryPolicy()
    return RetryPolicy(
        count=None if body.get("retryCount") is None else int(body["retryCount"]),
        longest=None if body.get("maxRetryDuration") is None else _length(body, "maxRetryDuration", timedelta()),
        min_backoff=_length(body, "minBackoffDuration", usual.min_backoff),
        max_backoff=_length(body, "maxBackoffDuration", usual.max_backoff),
        doublings=int(body.get("maxDoublings", usual.doublings)),
    )


def _length(body: Mapping[str, Any], name: str, default: timedelta) -> timedelta:
    said = body.get(name)
    return default if said is None else timedelta(seconds=float(str(said).removesuffix("s")))


def _moment(said: str | None) -> datetime | None:
    return None if said is None else datetime.fromisoformat(said)


def _said(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
