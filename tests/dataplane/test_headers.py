"""Trace headers: what is added for each combination that a client can send."""

from random import Random

import pytest

from cloudrun_cli.dataplane.headers import trace_headers

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01".encode()
CLOUD = f"{TRACE}/{int(SPAN, 16)};o=1".encode()
OTHER = f"{'1' * 32}/1;o=1".encode()


@pytest.mark.parametrize(
    ("parent", "cloud", "added"),
    [
        (PARENT, None, b"x-cloud-trace-context: " + CLOUD + b"\r\n"),
        (PARENT[:-2] + b"00", None, b"x-cloud-trace-context: " + CLOUD[:-1] + b"0\r\n"),
        (None, CLOUD, b"traceparent: " + PARENT + b"\r\n"),
        (None, CLOUD.upper().replace(b"O", b"o"), b"traceparent: " + PARENT + b"\r\n"),
        (PARENT, CLOUD, b""),
        (PARENT, OTHER, b"x-cloud-trace-context: " + CLOUD + b"\r\n"),  # traceparent counts
        (b"nonsense", CLOUD, b"traceparent: " + PARENT + b"\r\n"),
    ],
)
def test_what_the_client_sent_is_kept_and_the_other_spelling_added(
    parent: bytes | None, cloud: bytes | None, added: bytes
) -> None:
    assert trace_headers(parent, cloud, Random(1)) == added


@pytest.mark.parametrize(("parent", "cloud"), [(None, None), (b"nonsense", None), (None, b"x/1"), (b"a\r\nb", b"")])
def test_a_new_trace_has_one_id_in_both_spellings(parent: bytes | None, cloud: bytes | None) -> None:
    first, second = (trace_headers(parent, cloud, random).decode() for random in (Random(1), Random(2)))
    assert first != second
    made, also = first.splitlines()
    trace = made.split("-")[1]
    assert len(trace) == 32
    assert also.startswith(f"x-cloud-trace-context: {trace}/")


def test_a_trace_without_a_span_gets_one() -> None:
    added = trace_headers(None, TRACE.encode(), Random(1)).decode()
    assert added.startswith(f"traceparent: 00-{TRACE}-")
    assert f"-{'0' * 16}-" not in added
