"""Where a service can be reached. Evidence: ours (a local suffix), in the shape of the documented addresses."""

import json
from dataclasses import replace

from cloudrun_cli.core.addresses import Edge, host, located, tagged, urls
from cloudrun_cli.core.resources import ActiveTraffic, RevisionName, ServiceStatus, Tag
from cloudrun_cli.core.wire.v1 import service_to_json
from tests.builders import NUMBER, a_service

EDGE = Edge(9080, 9443)


def test_a_host_is_the_real_one_under_a_suffix_that_resolves_here() -> None:
    assert host("hello", "123456789012", "us-central1") == "hello-123456789012.us-central1.run.localhost"
    assert host("hello", "123456789012", "us-central1", "green") == (
        "green---hello-123456789012.us-central1.run.localhost"
    )


def test_a_service_has_a_plain_address_a_tls_address_and_its_own_door() -> None:
    assert urls("a", "1", "r", 20001, EDGE) == [
        "http://a-1.r.run.localhost:9080",
        "https://a-1.r.run.localhost:9443",
        "http://127.0.0.1:20001",
    ]
    assert len(urls("a", "1", "r", 0, EDGE)) == 2


def test_a_stored_service_is_shown_with_its_addresses_and_those_of_its_tags() -> None:
    name = RevisionName("hello-00001-abc")
    seen = ServiceStatus(traffic=(ActiveTraffic(name, 100, latest=True), ActiveTraffic(name, 0, Tag("green"))))
    stored = service_to_json(replace(a_service(), status=seen), NUMBER)
    before = json.dumps(stored)
    shown = located(stored, 20001, EDGE)
    first = f"http://hello-{NUMBER}.us-central1.run.localhost:9080"
    assert shown["status"]["url"] == shown["status"]["address"]["url"] == first
    assert json.loads(shown["metadata"]["annotations"]["run.googleapis.com/urls"]) == urls(
        "hello", NUMBER, "us-central1", 20001, EDGE
    )
    assert "url" not in shown["status"]["traffic"][0]
    assert shown["status"]["traffic"][1]["url"] == f"http://green---hello-{NUMBER}.us-central1.run.localhost:9080"
    assert list(shown["metadata"]["annotations"]) == sorted(shown["metadata"]["annotations"])
    assert json.dumps(stored) == before


REAL = ("https://hello-123456789012.us-central1.run.app", "https://hello-x7k2mqpl4a-uc.a.run.app")


def test_the_address_of_a_tag_is_that_of_its_service_with_the_tag_in_front() -> None:
    assert tagged(REAL[1], "canary") == "https://canary---hello-x7k2mqpl4a-uc.a.run.app"


def test_a_service_that_came_with_addresses_keeps_them() -> None:
    traffic = (ActiveTraffic(RevisionName("hello-00001-abc"), 100, Tag("canary")),)
    seen = ServiceStatus(traffic=traffic, url=REAL[1])
    stored = service_to_json(a_service(urls=REAL, status=seen), NUMBER)
    shown = located(stored, 20001, EDGE)
    assert shown == stored
    assert shown["status"]["address"] == {"url": REAL[1]}
    assert shown["status"]["traffic"][0]["url"] == tagged(REAL[1], "canary")


def test_a_service_that_came_without_one_to_show_shows_its_last_once_something_serves() -> None:
    waiting = service_to_json(a_service(urls=REAL), NUMBER)
    assert "url" not in located(waiting, 20001, EDGE)["status"]
    traffic = (ActiveTraffic(RevisionName("hello-00001-abc"), 100, Tag("canary")),)
    serving = service_to_json(a_service(urls=REAL, status=ServiceStatus(traffic=traffic)), NUMBER)
    status = located(serving, 20001, EDGE)["status"]
    assert status["url"] == status["address"]["url"] == REAL[1]
    assert status["traffic"][0]["url"] == tagged(REAL[1], "canary")
