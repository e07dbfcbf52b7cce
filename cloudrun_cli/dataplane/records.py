"""Request records: a line that Envoy wrote about a finished request, as a value for the request log and the metrics."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cloudrun_cli.core.admission import ANSWER_TOO_LARGE, BROKEN, CONTROL_PLANE_AWAY, TIMED_OUT, TOO_LARGE, Refusal
from cloudrun_cli.core.resources import RevisionRef, ServiceRef, Tag
from cloudrun_cli.dataplane.body_limit import LIMITED

_BROKEN_FLAGS = frozenset(("UF", "UC", "UH", "UR", "LR", "UPE", "URX"))  # the instance, not the service, made this 503


class RequestRecord(NamedTuple):
    """One finished request, whatever its end. Times are Envoy's. `text` and `severity` say why where the edge and not
    the service made the answer; `trace` has 32 hex digits or is empty; `instance` is empty when none was reached.

    There is one for every request, so what most of them are not asked for is made when it is."""

    id: str
    service: ServiceRef
    revision: RevisionRef | None
    tag: Tag | None
    instance: str
    timestamp: str  # when it began: RFC 3339 in UTC, with microseconds
    latency_ms: int
    method: str
    url: str
    status: int
    request_bytes: int
    response_bytes: int
    protocol: str
    user_agent: str
    referer: str
    remote_ip: str
    trace: str
    grpc_status: int | None
    text: str = ""
    severity: str = "INFO"
    first_byte_ms: int | None = None  # of the instance's answer, since its beginning; None when it gave none

    @property
    def started(self) -> datetime:
        """When it began."""
        return datetime.fromisoformat(self.timestamp)

    @property
    def latency(self) -> timedelta:
        """From its beginning to its end."""
        return timedelta(milliseconds=self.latency_ms)

    @property
    def first_byte(self) -> timedelta | None:
        """From its beginning to the first byte of the instance's answer; None when it gave none."""
        return None if self.first_byte_ms is None else timedelta(milliseconds=self.first_byte_ms)


def record(
    line: Mapping[str, Any],
    service: ServiceRef,
    revision: RevisionRef | None,
    tag: Tag | None,
    instance: str,
    refusal: Refusal | None,
) -> RequestRecord:
    """The record of a line of `requests.jsonl` (fields: envoy_logs.REQUEST_FIELDS) and what the gate knows of it."""
    status, flags, details = line["st"] or 0, line["rf"] or "", line["rd"] or ""
    why = refusal
    if why is None and (details != "via_upstream" or flags != "-"):
        why = edge_refusal(status, flags, details)
    return RequestRecord(
        line["id"],
        service,
        revision,
        tag,
        instance,
        line["t"],
        line["d"] or 0,
        line["m"] or "",
        f"{line['s'] or 'http'}://{line['h'] or ''}{line['p'] or ''}",
        status,
        line["bi"] or 0,
        line["bo"] or 0,
        line["proto"] or "",
        line["ua"] or "",
        line["ref"] or "",
        line["ip"] or "",
        _trace(line["tp"], line["ct"]),
        line["gs"] if isinstance(line["gs"], int) else None,
        why.log if why is not None else "",
        why.severity if why is not None else _severity(status),
        line["fb"] if isinstance(line.get("fb"), int) else None,
    )


def edge_refusal(status: int, flags: str, details: str) -> Refusal | None:
    """Why the edge answered in the service's place, from Envoy's response flags. None when the service answered."""
    marks = set(flags.split(","))
    if status == 504 and ("DT" in marks or "UMSDR" in marks or "UT" in marks or "max_duration" in details):
        return TIMED_OUT
    if (status, flags, details) == (500, "-", ""):  # an answer that Envoy has put in the place of the service's
        return ANSWER_TOO_LARGE
    if status == 413 and details in ("direct_response", LIMITED):  # by its header, or its body
        return TOO_LARGE
    if "UAEX" in marks and details == "ext_authz_error":
        return CONTROL_PLANE_AWAY
    return BROKEN if status == 503 and marks & _BROKEN_FLAGS else None


def _severity(status: int) -> str:
    return "ERROR" if status >= 500 else "WARNING" if status >= 400 else "INFO"


def _trace(traceparent: str | None, cloud: str | None) -> str:
    if traceparent and len(traceparent) >= 35:
        return traceparent[3:35]
    return (cloud or "").partition("/")[0]
