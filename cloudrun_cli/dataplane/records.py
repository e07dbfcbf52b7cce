"""Request records: a line that Envoy wrote about a finished request, as a value for the request log and the metrics."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cloudrun_cli.core.admission import ANSWER_TOO_LARGE, BROKEN, CONTROL_PLANE_AWAY, TIMED_OUT, TOO_LARGE, Refusal
from cloudrun_cli.core.resources import RevisionRef, ServiceRef, Tag

_BROKEN_FLAGS = frozenset(("UF", "UC", "UH", "UR", "LR", "UPE", "URX"))  # the instance, not the service, made this 503


class RequestRecord(NamedTuple):
    """One finished request, whatever its end. Times are Envoy's. `text` and `severity` say why where the edge and not
    the service made the answer; `trace` has 32 hex digits or is empty; `instance` is empty when none was reached."""

    id: str
    service: ServiceRef
    revision: RevisionRef | None
    tag: Tag | None
    instance: str
    started: datetime
    latency: timedelta
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
    first_byte: timedelta | None = None  # of the instance's answer, since `started`; None when it gave none


def record(
    line: Mapping[str, Any],
    service: ServiceRef,
    revision: RevisionRef | None,
    tag: Tag | None,
    instance: str,
    refusal: Refusal | None,
) -> RequestRecord:
    """The record of a line of `requests.jsonl` (fields: envoy_logs.REQUEST_FIELDS) and what the gate knows of it."""
    status = int(line["st"] or 0)
    why = refusal or edge_refusal(status, str(line["rf"] or ""), str(line["rd"] or ""))
    return RequestRecord(
        id=line["id"],
        service=service,
        revision=revision,
        tag=tag,
        instance=instance,
        started=datetime.fromtimestamp(float(line["t"]), UTC),
        latency=timedelta(milliseconds=line["d"] or 0),
        method=line["m"] or "",
        url=f"{line['s'] or 'http'}://{line['h'] or ''}{line['p'] or ''}",
        status=status,
        request_bytes=line["bi"] or 0,
        response_bytes=line["bo"] or 0,
        protocol=line["proto"] or "",
        user_agent=line["ua"] or "",
        referer=line["ref"] or "",
        remote_ip=line["ip"] or "",
        trace=_trace(line["tp"], line["ct"]),
        grpc_status=line["gs"] if isinstance(line["gs"], int) else None,
        text=why.log if why else "",
        severity=why.severity if why else _severity(status),
        first_byte=_milliseconds(line.get("fb")),
    )


def edge_refusal(status: int, flags: str, details: str) -> Refusal | None:
    """Why the edge answered in the service's place, from Envoy's response flags. None when the service answered."""
    marks = set(flags.split(","))
    if status == 504 and ("DT" in marks or "UMSDR" in marks or "UT" in marks or "max_duration" in details):
        return TIMED_OUT
    if (status, flags, details) == (500, "-", ""):  # an answer that Envoy has put in the place of the service's
        return ANSWER_TOO_LARGE
    if status == 413 and details == "direct_response":
        return TOO_LARGE
    if "UAEX" in marks and details == "ext_authz_error":
        return CONTROL_PLANE_AWAY
    return BROKEN if status == 503 and marks & _BROKEN_FLAGS else None


def _milliseconds(said: object) -> timedelta | None:
    return timedelta(milliseconds=said) if isinstance(said, int) else None


def _severity(status: int) -> str:
    return "ERROR" if status >= 500 else "WARNING" if status >= 400 else "INFO"


def _trace(traceparent: str | None, cloud: str | None) -> str:
    if traceparent and len(traceparent) >= 35:
        return traceparent[3:35]
    return (cloud or "").partition("/")[0]
