"""Which service, tag or API a Host header and a port belong to."""

import pytest

from cloudrun_cli.core.hosts import TO_API, Destination, Directory, ToService, Way, destination
from cloudrun_cli.core.resources import ServiceRef, Tag

HELLO = ServiceRef("demo", "us-central1", "hello")
DASHES = ServiceRef("demo", "us-central1", "a---b")
OTHER = ServiceRef("other", "europe-west1", "hello")
DIRECTORY = Directory(
    labels={
        ("hello-123456789012", "us-central1"): HELLO,
        ("a---b-123456789012", "us-central1"): DASHES,
        ("hello-999999999999", "europe-west1"): OTHER,
    },
    doors={20001: HELLO},
    domains={"shop.example.com": OTHER},
    hosts={"hello-x7k2mqpl4a-uc.a.run.app": HELLO, "hello-123456789012.us-central1.run.app": HELLO},
)
URL = "hello-123456789012.us-central1.run.localhost"


@pytest.mark.parametrize(
    ("host", "found"),
    [
        (URL, ToService(HELLO, Way.URL)),
        (f"{URL}:9080", ToService(HELLO, Way.URL)),
        (f"{URL}.", ToService(HELLO, Way.URL)),
        (URL.upper(), ToService(HELLO, Way.URL)),
        (f"blue---{URL}", ToService(HELLO, Way.URL, Tag("blue"))),
        (f"a-b---{URL}:9443", ToService(HELLO, Way.URL, Tag("a-b"))),
        ("a---b-123456789012.us-central1.run.localhost", ToService(DASHES, Way.URL)),
        ("x---a---b-123456789012.us-central1.run.localhost", ToService(DASHES, Way.URL, Tag("x"))),
        ("hello-999999999999.europe-west1.run.localhost", ToService(OTHER, Way.URL)),
        ("hello-123456789012.europe-west1.run.localhost", None),  # another region
        ("hello-999999999999.us-central1.run.localhost", None),  # another project
        (f"---{URL}", None),
        (f"more.{URL}", None),
        ("shop.example.com", ToService(OTHER, Way.DOMAIN)),
        ("Shop.Example.com:9443", ToService(OTHER, Way.DOMAIN)),
        ("example.com", None),
        ("hello-x7k2mqpl4a-uc.a.run.app", ToService(HELLO, Way.URL)),  # as it was called in production
        ("Hello-123456789012.us-central1.run.app:9443", ToService(HELLO, Way.URL)),
        ("green---hello-x7k2mqpl4a-uc.a.run.app", ToService(HELLO, Way.URL, Tag("green"))),
        ("other-x7k2mqpl4a-uc.a.run.app", None),
        ("", None),
    ],
)
def test_a_host_names_a_service_and_perhaps_a_tag(host: str, found: Destination) -> None:
    assert destination(host, "/", None, DIRECTORY) == found


@pytest.mark.parametrize("host", ["127.0.0.1:20001", "localhost:20001", "evil.example", f"blue---{URL}", ""])
def test_at_a_services_own_door_the_host_says_nothing(host: str) -> None:
    assert destination(host, "/v1/projects/x", 20001, DIRECTORY) == ToService(HELLO, Way.DOOR)


def test_a_door_that_is_no_more_leads_nowhere() -> None:
    assert destination(URL, "/", 20002, DIRECTORY) is None


@pytest.mark.parametrize(
    "host",
    [
        "run.localhost",
        "run.localhost:9080",
        "us-central1-run.localhost",
        "northamerica-northeast2-run.localhost",
        "iam.localhost",
        "secretmanager.localhost",
        "run.googleapis.localhost",
        "us-central1-cloudscheduler.localhost",
    ],
)
def test_the_apis_have_names_of_their_own(host: str) -> None:
    assert destination(host, "/anything", None, DIRECTORY) == TO_API


@pytest.mark.parametrize(
    "host", ["nothing.localhost", "localhost.localhost", "run.localhost.example.com", "xrun.localhost"]
)
def test_other_names_are_nobodys(host: str) -> None:
    assert destination(host, "/v1/projects/x", None, DIRECTORY) is None


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9080", "localhost:9080", "[::1]:9080", "172.17.0.1", "host.docker.internal"]
)
@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("/v1/projects/demo/locations", True),
        ("/v2/projects/demo", True),
        ("/v1beta1/projects", True),
        ("/apis/serving.knative.dev/v1/namespaces/demo/services", True),
        ("/", False),
        ("/v1", False),
        ("/video/1", False),
        ("/hello", False),
    ],
)
def test_a_bare_address_on_the_edge_is_the_apis_for_api_paths_only(host: str, path: str, api: bool) -> None:
    assert destination(host, path, None, DIRECTORY) == (TO_API if api else None)
