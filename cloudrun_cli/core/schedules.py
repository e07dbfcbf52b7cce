"""Schedules: what is called when, with which headers, and what may be said of it. Cloud Scheduler calls them jobs.

What happens when, and what follows an attempt, is in `core/firing.py`. Source: cloudscheduler.googleapis.com v1, Job.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from cloudrun_cli.core.errors import InvalidArgument, Unimplemented

NAME_MAX = 500
URI_MAX = 2083
DESCRIPTION_MAX = 500
RETRIES_MAX = 5
SHORTEST_DEADLINE, LONGEST_DEADLINE = timedelta(seconds=15), timedelta(minutes=30)  # of an attempt over HTTP
DEFAULT_DEADLINE = timedelta(minutes=3)
DEFAULT_TIME_ZONE = "Etc/UTC"
DEFAULT_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
METHODS = ("POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS")
METHODS_WITH_BODY = ("POST", "PUT", "PATCH")
AGENT = "Google-Cloud-Scheduler"

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_RESERVED = re.compile(r"(?i)host|content-length|x-google-.*|x-appengine-.*|x-cloudscheduler(-.*)?")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class ScheduleRef(NamedTuple):
    """Where a schedule is, and its name."""

    project: str
    region: str
    name: str

    def __str__(self) -> str:
        """The full name of the API."""
        return f"projects/{self.project}/locations/{self.region}/jobs/{self.name}"


class ScheduleState(StrEnum):
    """Whether its ticks are heeded."""

    ENABLED = "ENABLED"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"
    UPDATE_FAILED = "UPDATE_FAILED"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When an attempt that failed is made again. `count` and `longest` None: not said, which is as 0."""

    count: int | None = None
    longest: timedelta | None = None
    min_backoff: timedelta = timedelta(seconds=5)
    max_backoff: timedelta = timedelta(hours=1)
    doublings: int = 5


@dataclass(frozen=True, slots=True)
class Token:
    """As whom it calls. `about` is the audience of an OpenID Connect token, or the scope of one for OAuth 2."""

    account: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """What is called. At most one of `oidc` and `oauth`."""

    uri: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    oidc: Token | None = None
    oauth: Token | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: a google.rpc.Code, and what there is to say of it. `http_status` 0: no answer came."""

    code: int = 0
    message: str = ""
    http_status: int = 0


@dataclass(frozen=True, slots=True)
class Execution:
    """The execution that is not over. `at` is when its last attempt began, if it is under way, else when the next one
    shall; `began` when the first did. It is `final` when no other attempt shall follow, whatever comes of this one."""

    tick: datetime
    at: datetime
    attempts: int = 0
    began: datetime | None = None
    under_way: bool = False
    final: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen. `next` is the next tick (None: none is heeded), `asked` when somebody wanted an execution
    that has not begun yet. Ticks of one that is `dormant` are not heeded until it is changed or resumed: it was
    imported."""

    next: datetime | None = None
    execution: Execution | None = None
    asked: datetime | None = None
    last_attempt: datetime | None = None
    outcome: Outcome | None = None
    dormant: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as its user wants it, and its plan. `uid` tells it from another that had its name before."""

    ref: ScheduleRef
    when: str
    target: HttpTarget
    updated: datetime
    time_zone: str = DEFAULT_TIME_ZONE
    description: str = ""
    retry: RetryPolicy = RetryPolicy()
    deadline: timedelta = DEFAULT_DEADLINE
    state: ScheduleState = ScheduleState.ENABLED
    plan: Plan = Plan()
    uid: int = 0


# What is sent


def headers(schedule: Schedule, tick: datetime, token: str | None) -> dict[str, str]:
    """The headers of an attempt. Those that the service sets itself cannot be the user's."""
    target = schedule.target
    own = {name: value for name, value in target.headers.items() if not _RESERVED.fullmatch(name)}
    if target.body and not any(name.lower() == "content-type" for name in own):
        own["Content-Type"] = "application/octet-stream"
    own = {name: value for name, value in own.items() if name.lower() != "user-agent"} | {
        "User-Agent": AGENT,
        "X-CloudScheduler": "true",
        "X-CloudScheduler-JobName": schedule.ref.name,
        "X-CloudScheduler-ScheduleTime": rfc3339(tick),
    }
    return own | ({"Authorization": f"Bearer {token}"} if token else {})


def audience(target: HttpTarget) -> str:
    """For whom its OpenID Connect token is: as said, or the address without its query."""
    assert target.oidc is not None
    return target.oidc.about or target.uri.partition("?")[0]


# google.rpc.Code by HTTP status, and their names by number. Source: google/rpc/code.proto
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 408: 4, 409: 10, 412: 9, 429: 8, 499: 1, 500: 13, 501: 12, 503: 14, 504: 4}
CODE_NAMES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)


def answered(status: int) -> Outcome:
    """The outcome of an attempt that was answered; 2xx is success."""
    if 200 <= status < 300:
        return Outcome(http_status=status)
    kind = 13 if status >= 500 else 3 if status >= 400 else 2
    said = f"The target answered with the HTTP status {status}."
    return Outcome(_CODES.get(status, kind), said, status)


# What may be said


def check(schedule: Schedule) -> Schedule:
    """The schedule itself. Raises InvalidArgument for what no schedule can have; its time and zone apart."""
    check_name(schedule.ref.name)
    _check_target(schedule.target)
    if len(schedule.description) > DESCRIPTION_MAX:
        raise InvalidArgument(
            f"The description has {len(schedule.description)} characters; at most {DESCRIPTION_MAX} are allowed.",
            field="description",
        )
    _check_between("attempt deadline", "attemptDeadline", schedule.deadline, SHORTEST_DEADLINE, LONGEST_DEADLINE)
    retry = schedule.retry
    if not 0 <= (retry.count or 0) <= RETRIES_MAX:
        raise InvalidArgument(
            f"The number of retries must be between 0 and {RETRIES_MAX}, and {retry.count} is not.",
            field="retryConfig.retryCount",
        )
    if retry.doublings < 0:
        raise InvalidArgument("The number of doublings cannot be negative.", field="retryConfig.maxDoublings")
    for what, name, length in (
        ("longest time of retries", "maxRetryDuration", retry.longest or timedelta()),
        ("shortest backoff", "minBackoffDuration", retry.min_backoff),
        ("longest backoff", "maxBackoffDuration", retry.max_backoff),
    ):
        if length < timedelta():
            raise InvalidArgument(f"The {what} cannot be negative.", field=f"retryConfig.{name}")
    if retry.min_backoff > retry.max_backoff:
        raise InvalidArgument(
            f"The shortest backoff, {seconds(retry.min_backoff)}, is longer than the longest, "
            f"{seconds(retry.max_backoff)}.",
            field="retryConfig.minBackoffDuration",
        )
    return schedule


def check_name(name: str) -> str:
    """The name itself. Raises InvalidArgument when no schedule can have it."""
    if len(name) > NAME_MAX or not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"Invalid job name [{name}]: it has letters, digits, dashes and underscores, and at most {NAME_MAX}.",
            field="name",
        )
    return name


def check_kind(kind: str) -> None:
    """Nothing for a target that is built. Raises Unimplemented by name for the others."""
    if kind != "httpTarget":
        said = {"pubsubTarget": "Pub/Sub", "appEngineHttpTarget": "App Engine"}.get(kind, kind)
        raise Unimplemented(
            f"Schedules with {said} targets are not built in this emulator.",
            hint="Call an address instead: cloudrun scheduler jobs create http JOB --schedule=… --uri=…",
        )


def _check_target(target: HttpTarget) -> None:
    try:
        parts = urlsplit(target.uri)
        fit = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an address that is none
        fit = False
    if not fit or any(character.isspace() or not character.isprintable() for character in target.uri):
        raise InvalidArgument(f"Must be a valid HTTP or HTTPS URL, not [{target.uri}].", field="httpTarget.uri")
    if len(target.uri) > URI_MAX:
        raise InvalidArgument(
            f"The URL has {len(target.uri)} characters; at most {URI_MAX} are allowed.", field="httpTarget.uri"
        )
    if target.method not in METHODS:
        raise InvalidArgument(f"[{target.method}] is not an HTTP method of schedules.", field="httpTarget.httpMethod")
    if target.body and target.method not in METHODS_WITH_BODY:
        raise InvalidArgument(
            f"A body cannot be sent with {target.method}, only with {', '.join(METHODS_WITH_BODY)}.",
            field="httpTarget.body",
        )
    for name, value in target.headers.items():
        if not _HEADER.fullmatch(name) or not value.isascii() or any(c in value for c in "\r\n\0"):
            raise InvalidArgument(f"[{name}] with [{value}] is no HTTP header.", field="httpTarget.headers")
        if _RESERVED.fullmatch(name):
            raise InvalidArgument(f"The header [{name}] is set by the service itself.", field="httpTarget.headers")
    if target.oidc and target.oauth:
        raise InvalidArgument("Only one of oidcToken and oauthToken can be set.", field="httpTarget")


def _check_between(what: str, name: str, length: timedelta, least: timedelta, most: timedelta) -> None:
    if not least <= length <= most:
        raise InvalidArgument(
            f"The {what} must be between {seconds(least)} and {seconds(most)}, and {seconds(length)} is not.",
            field=name,
        )


def seconds(length: timedelta) -> str:
    """A length of time as JSON has it: 180s, 0.5s."""
    whole = length.total_seconds()
    return f"{whole:.9f}".rstrip("0").rstrip(".") + "s"


def rfc3339(moment: datetime) -> str:
    """A moment as JSON has it, in UTC, with a fraction only where there is one."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
