"""Headers of a request that the gate reads or adds: one trace id in both of its spellings, and a client's deadline.

Sources: trace context of requests (`X-Cloud-Trace-Context: TRACE/SPAN;o=1`), W3C `traceparent`, gRPC over HTTP/2.
"""

import re
from random import Random

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_CLOUD = re.compile(rb"([0-9a-fA-F]{32})(?:/([0-9]{1,20}))?(?:;o=([0-9]))?")
_GRPC_UNITS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}


def grpc_seconds(timeout: bytes) -> float:
    """The seconds of a `grpc-timeout` header; endless when it is not one."""
    unit = _GRPC_UNITS.get(timeout[-1:])
    return int(timeout[:-1]) * unit if unit is not None and timeout[:-1].isdigit() else float("inf")


def trace_headers(traceparent: bytes | None, cloud: bytes | None, random: Random) -> bytes:
    """Header lines to add so that the app sees both headers with one trace id. What the client sent is kept; where the
    client's two disagree, `traceparent` counts."""
    if traceparent is None and cloud is None:
        trace, span = random.getrandbits(128), random.getrandbits(63) | 1
        return b"traceparent: 00-%032x-%016x-01\r\nx-cloud-trace-context: %032x/%d;o=1\r\n" % (trace, span, trace, span)
    parent = _TRACEPARENT.fullmatch(traceparent) if traceparent is not None else None
    theirs = _CLOUD.fullmatch(cloud) if cloud is not None else None
    if parent is not None:
        if theirs is not None and theirs[1].lower() == parent[1]:
            return b""
        sampled = int(parent[3], 16) & 1
        return b"x-cloud-trace-context: %b/%d;o=%d\r\n" % (parent[1], int(parent[2], 16), sampled)
    if theirs is not None:
        span = int(theirs[2] or b"0") & (2**64 - 1) or random.getrandbits(63) | 1
        return b"traceparent: 00-%b-%016x-%02x\r\n" % (theirs[1].lower(), span, int(theirs[3] or b"0") & 1)
    return trace_headers(None, None, random)
