"""Flags of schedules: when, how often it is tried, what is sent. What they ask for is a change of the schedule."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cloudrun_cli.cli.families import Family, Flag, clearing, value
from cloudrun_cli.cli.parsing import DictOf, Duration, Integer, Kind, ListOf
from cloudrun_cli.core.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.schedules import HttpTarget, RetryPolicy, Schedule, ScheduleRef

Values = Mapping[str, Any]

TOKENS = (
    ("--oidc-service-account-email", "--oidc-token-audience"),
    ("--oauth-service-account-email", "--oauth-token-scope"),
)
BODY = ("--message-body", "--message-body-from-file")


class Url(Kind):
    """An address over HTTP or HTTPS."""

    name = "url"

    def parse(self, text: str) -> str:
        if not text.startswith(("http://", "https://")):
            raise InvalidArgument(f"Bad value [{text}]: Must be a valid HTTP or HTTPS URL.")
        return text


class Method(Kind):
    """An HTTP method, in any case."""

    def parse(self, text: str) -> str:
        return str(super().parse(text.lower()))


METHODS = ("delete", "get", "head", "post", "put")


def _cleared(what: str) -> Flag:
    return clearing(f"--clear-{what}", f"Back to the default of --{what}.")


_ABOUT = value("--description", "What it is for.")
_TIME_ZONE = value("--time-zone", "The tz database's name of the zone of --schedule; Etc/UTC by default.")
_DEADLINE = value("--attempt-deadline", "How long an attempt may take, 15s to 30m; 3m by default.", Duration())
_RETRIES = (
    value("--max-retry-attempts", "How often a failed attempt is made again, 0 to 5; 0 by default.", Integer()),
    value("--max-retry-duration", "How long a failed attempt is made again and again.", Duration()),
    value("--min-backoff", "The wait before the first retry; 5s by default.", Duration()),
    value("--max-backoff", "The longest wait before a retry; 1h by default.", Duration()),
    value("--max-doublings", "How often the wait is doubled before it grows evenly; 5 by default.", Integer()),
)
_CLEARABLE = ("max-retry-attempts", "max-retry-duration", "min-backoff", "max-backoff", "max-doublings", "time-zone")
_SENT = (
    value("--message-body", "The body of the request; only with POST or PUT."),
    value("--message-body-from-file", "The file that holds the body; - is standard input.", names="files"),
)
_METHOD = value("--http-method", "The method of the request; post by default.", Method(METHODS))
_CHANGED_HEADERS = (
    value("--update-headers", "Headers to add or change.", DictOf(), metavar="KEY=VALUE"),
    value("--remove-headers", "Headers to remove.", ListOf()),
    clearing("--clear-headers", "Remove all headers."),
)
_HEADERS = value("--headers", "Headers of the request.", DictOf(), metavar="KEY=VALUE")
_IDENTITY = (
    value("--oidc-service-account-email", "The account whose OpenID Connect token is sent.", names="service_accounts"),
    value("--oidc-token-audience", "For whom that token is; the address of --uri by default."),
    value("--oauth-service-account-email", "The account whose OAuth token is sent.", names="service_accounts"),
    value("--oauth-token-scope", "The scope of that token; cloud-platform by default."),
)

NEW = Family((_ABOUT, _TIME_ZONE, *_RETRIES))
CHANGED = Family(
    (_ABOUT, _TIME_ZONE, *_RETRIES, *(_cleared(what) for what in _CLEARABLE)),
    exclusive=tuple((f"--{what}", f"--clear-{what}") for what in _CLEARABLE),
)
SENT = Family(_SENT, exclusive=(BODY,))
CHANGED_SENT = Family(
    (*_SENT, clearing("--clear-message-body", "Send no body.")), exclusive=((*BODY, "--clear-message-body"),)
)
HTTP = Family((_DEADLINE, _METHOD, _HEADERS, *_IDENTITY), exclusive=(TOKENS,))
CHANGED_HTTP = Family(
    (_DEADLINE, _METHOD, *_CHANGED_HEADERS, *_IDENTITY, clearing("--clear-auth-token", "Send no token.")),
    exclusive=(("--clear-auth-token", *TOKENS), ("--clear-headers", ("--update-headers", "--remove-headers"))),
)
APP_ENGINE = Family((_DEADLINE, _METHOD, _HEADERS))
CHANGED_APP_ENGINE = Family(
    (_DEADLINE, _METHOD, *_CHANGED_HEADERS),
    exclusive=(("--clear-headers", ("--update-headers", "--remove-headers")),),
)


def ref(project: str, region: str, said: str) -> "ScheduleRef":
    """The schedule that is meant: by its name, or by its full one. Raises InvalidArgument."""
    from cloudrun_cli.core.schedules import ScheduleRef, check_name

    if "/" not in said:
        return ScheduleRef(project, region, check_name(said))
    from cloudrun_cli.core.wire.schedules import ref_of

    try:
        return ref_of(said)
    except ValueError as error:
        raise InvalidArgument(f"[{said}] does not name a job: {error}.", field="JOB") from error


def missing_account(values: Values) -> str:
    """The flag that must come with those given; empty when none is missing."""
    for account, about in TOKENS:
        if values[_name(about)] is not None and values[_name(account)] is None:
            return account
    return ""


def changed(schedule: "Schedule", values: Values) -> "Schedule":
    """The schedule with what the flags ask for; the others leave it as it is. Raises InvalidArgument."""
    from cloudrun_cli.core.schedules import DEFAULT_TIME_ZONE

    given = {
        "when": values["schedule"],
        "description": values["description"],
        "time_zone": DEFAULT_TIME_ZONE if values.get("clear_time_zone") else values["time_zone"],
        "deadline": values["attempt_deadline"],
    }
    said = {name: what for name, what in given.items() if what is not None}
    return replace(schedule, **said, retry=_retry(schedule.retry, values), target=_target(schedule.target, values))


def _retry(retry: "RetryPolicy", values: Values) -> "RetryPolicy":
    from cloudrun_cli.core.schedules import RetryPolicy

    usual = RetryPolicy()
    fields = ("count", "longest", "min_backoff", "max_backoff", "doublings")
    said: dict[str, Any] = {}
    for field, flag in zip(fields, _CLEARABLE, strict=False):
        if values.get(_name(f"--clear-{flag}")):
            said[field] = getattr(usual, field)
        elif values[_name(flag)] is not None:
            said[field] = values[_name(flag)]
    return replace(retry, **said)


def _target(target: "HttpTarget", values: Values) -> "HttpTarget":
    said: dict[str, Any] = {}
    if values["uri"] is not None:
        said["uri"] = values["uri"]
    if values["http_method"] is not None:
        said["method"] = values["http_method"].upper()
    if values.get("clear_message_body"):
        said["body"] = b""
    elif (body := _body(values)) is not None:
        said["body"] = body
    if values.get("clear_auth_token"):
        said |= {"oidc": None, "oauth": None}
    else:
        said |= _tokens(values)
    return replace(target, **said, headers=_headers(target.headers, values))


def _headers(present: Mapping[str, str], values: Values) -> dict[str, str]:
    from cloudrun_cli.core.schedules import AGENT

    kept = {} if values.get("clear_headers") else dict(present)
    kept |= values.get("headers") or {}
    for name, text in (values.get("update_headers") or {}).items():
        kept = {known: old for known, old in kept.items() if known.lower() != name.lower()} | {name: text}
    removed: Sequence[str] = [name.lower() for name in values.get("remove_headers") or ()]
    return {name: text for name, text in kept.items() if name.lower() not in removed} | {"User-Agent": AGENT}


def _tokens(values: Values) -> dict[str, Any]:
    from cloudrun_cli.core.schedules import DEFAULT_SCOPE, Token

    if (account := values["oidc_service_account_email"]) is not None:
        return {"oidc": Token(account, values["oidc_token_audience"] or ""), "oauth": None}
    if (account := values["oauth_service_account_email"]) is not None:
        return {"oauth": Token(account, values["oauth_token_scope"] or DEFAULT_SCOPE), "oidc": None}
    return {}


def _body(values: Values) -> bytes | None:
    """The body that was given; None when nothing was. Raises InvalidArgument for a file that cannot be read."""
    if values["message_body"] is not None:
        return str(values["message_body"]).encode()
    path = values["message_body_from_file"]
    if path is None:
        return None
    try:
        if path == "-":
            import sys

            return sys.stdin.buffer.read()
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InvalidArgument(f"Unable to read file [{path}]: {error}", field="--message-body-from-file") from error


def _name(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")
