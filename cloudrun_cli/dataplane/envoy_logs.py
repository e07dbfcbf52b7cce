"""What Envoy tells of each request that has ended: at once, and as a line of the request log."""

from pathlib import Path
from typing import Any

Json = dict[str, Any]

PEER = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"  # the address at the other end of the connection

_EXT = "type.googleapis.com/envoy.extensions."

# A line of the request log: what `records.record` reads.
REQUEST_FIELDS = {
    "id": "%REQ(X-REQUEST-ID)%",
    "inst": "%UPSTREAM_HOST%",
    "t": "%START_TIME(%Y-%m-%dT%H:%M:%S.%6fZ)%",  # as the log of the service has it
    "d": "%DURATION%",
    "fb": "%RESPONSE_DURATION%",  # from the start to the first byte of the instance's answer, in ms
    "st": "%RESPONSE_CODE%",
    "rf": "%RESPONSE_FLAGS%",
    "rd": "%RESPONSE_CODE_DETAILS%",
    "ul": "%UPSTREAM_LOCAL_ADDRESS%",
    "bi": "%BYTES_RECEIVED%",
    "bo": "%BYTES_SENT%",
    "m": "%REQ(:METHOD)%",
    "s": "%REQ(X-FORWARDED-PROTO)%",
    "h": "%REQ(:AUTHORITY)%",
    "p": "%REQ(:PATH)%",
    "proto": "%PROTOCOL%",
    "ua": "%REQ(USER-AGENT)%",
    "ref": "%REQ(REFERER)%",
    "ip": PEER,
    "tp": "%REQ(TRACEPARENT)%",
    "ct": "%REQ(X-CLOUD-TRACE-CONTEXT)%",
    "gs": "%GRPC_STATUS_NUMBER%",
}
# The fast message: which request, Envoy's end of its connection to the instance, and how it ended (a time limit has no
# flag). One text, because each field is encoded twice on its way.
END = "%REQ(X-REQUEST-ID)% %UPSTREAM_LOCAL_ADDRESS% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%"


def fast_log() -> Json:
    """One message per finished request, at once: it frees the slot."""
    return {
        "name": "fast",
        "typed_config": {
            "@type": f"{_EXT}access_loggers.fluentd.v3.FluentdAccessLogConfig",
            "cluster": "events",
            "tag": "r",
            "stat_prefix": "events",
            "buffer_size_bytes": 1,
            "buffer_flush_interval": "1s",
            "retry_options": {
                "max_connect_attempts": 2**32 - 1,
                "backoff_options": {"base_interval": "0.05s", "max_interval": "0.5s"},
            },
            "record": {"end": END},
        },
    }


def durable_log(path: Path, peer: str = PEER) -> Json:
    """The request log, of clients at `peer`, and the backstop for messages that the fast channel lost."""
    return {
        "name": "durable",
        "typed_config": {
            "@type": f"{_EXT}access_loggers.file.v3.FileAccessLog",
            "path": str(path),
            "log_format": {"json_format": {**REQUEST_FIELDS, "ip": peer}},
        },
    }
