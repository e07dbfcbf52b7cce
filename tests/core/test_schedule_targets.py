"""Where a schedule's address leads. Evidence: ours; that Google's APIs are answered here is the rule it keeps."""

import pytest

from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.core.schedule_targets import address

EDGE = Edge(9080, 9443)
KNOWN = {"hello-x7k2mqpl4a-uc.a.run.app", "www.example.com"}
V2 = "/v2/projects/demo/locations/us-central1/jobs/nightly:run"
V1 = "/apis/run.googleapis.com/v1/namespaces/demo/jobs/nightly:run"


@pytest.mark.parametrize(
    ("uri", "url", "host"),
    [
        (f"https://run.googleapis.com{V2}", f"http://127.0.0.1{V2}", "run.googleapis.localhost"),
        (
            f"https://us-central1-run.googleapis.com{V1}?x=1",
            f"http://127.0.0.1{V1}?x=1",
            "us-central1-run.googleapis.localhost",
        ),
        ("https://unheard-of.googleapis.com/v1/x", "http://127.0.0.1/v1/x", "unheard-of.googleapis.localhost"),
        ("https://RUN.googleapis.com:443", "http://127.0.0.1/", "run.googleapis.localhost"),
        (f"http://run.localhost:9080{V2}", f"http://127.0.0.1{V2}", "run.localhost:9080"),
        (
            "https://hello-x7k2mqpl4a-uc.a.run.app/ping",
            "http://127.0.0.1/ping",
            "hello-x7k2mqpl4a-uc.a.run.app",
        ),
        ("http://www.example.com", "http://127.0.0.1/", "www.example.com"),
        (
            "http://hello-1234.us-central1.run.localhost:9080/a?b#c",
            "http://127.0.0.1/a?b",
            "hello-1234.us-central1.run.localhost:9080",
        ),
        ("https://localhost:9443/v2/x", "http://127.0.0.1/v2/x", "localhost:9443"),
        ("http://gone.us-central1.run.localhost/", "http://127.0.0.1/", "gone.us-central1.run.localhost"),
    ],
)
def test_services_and_googles_apis_are_answered_by_the_edge(uri: str, url: str, host: str) -> None:
    assert address(uri, EDGE, KNOWN.__contains__) == (url, host, True)


@pytest.mark.parametrize(
    ("uri", "url", "host"),
    [
        ("http://127.0.0.1:20001/tick", "http://127.0.0.1:20001/tick", "127.0.0.1:20001"),
        ("http://127.0.0.1:9081/v1/x", "http://127.0.0.1:9081/v1/x", "127.0.0.1:9081"),
        ("https://example.org", "https://example.org/", "example.org"),
        ("https://example.org:8443/a%20b?c=d", "https://example.org:8443/a%20b?c=d", "example.org:8443"),
        ("https://other-x7k2mqpl4a-uc.a.run.app/", "https://other-x7k2mqpl4a-uc.a.run.app/", None),
        ("https://googleapis.com.example.org/", "https://googleapis.com.example.org/", None),
        ("http://mine.localhost:8000/", "http://127.0.0.1:8000/", "mine.localhost:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000/", "[::1]:8000"),
    ],
)
def test_everything_else_is_called_as_it_is(uri: str, url: str, host: str | None) -> None:
    found = address(uri, EDGE, KNOWN.__contains__)
    assert found == (url, host or found.host, False)
    assert host or found.host in uri
