"""Reading commands where no recording shows them: other projects, old flags, what is not there. Evidence: ours."""

import json

import pytest

from tests.conftest import Cloudrun


@pytest.mark.parametrize("kind", ["services", "configurations", "routes"])
def test_a_namespace_is_a_project(with_hello: Cloudrun, kind: str) -> None:
    elsewhere = {"CLOUDSDK_CORE_PROJECT": "elsewhere"}
    described = with_hello(f"run {kind} describe hello --namespace=demo --format=value(metadata.name)", env=elsewhere)
    assert described == "hello\n"
    assert with_hello(f"run {kind} list --namespace=demo --format=value(metadata.name)", env=elsewhere) == "hello\n"
    assert with_hello(f"run {kind} list", env=elsewhere).stderr == "Listed 0 items.\n"


@pytest.mark.parametrize(("kind", "word"), [("configurations", "configuration"), ("routes", "route")])
def test_what_belongs_to_no_service_cannot_be_found(with_hello: Cloudrun, kind: str, word: str) -> None:
    answer = with_hello(f"run {kind} describe nosuch")
    assert (answer.exit_code, f"Cannot find {word} [nosuch]" in answer.stderr) == (1, True)


def test_the_configuration_and_the_route_say_what_the_service_says(with_hello: Cloudrun) -> None:
    service, configuration, route = (
        json.loads(with_hello(f"run {kind} describe hello --format=json"))
        for kind in ("services", "configurations", "routes")
    )
    assert configuration["spec"]["template"] == service["spec"]["template"]
    assert route["status"]["traffic"] == service["status"]["traffic"]
    assert with_hello("run routes list --uri").endswith("/namespaces/496268734596/routes/hello\n")


@pytest.mark.parametrize("command", ["services list", "revisions list", "services describe hello", "regions list"])
def test_old_scripts_may_say_that_the_platform_is_managed(with_hello: Cloudrun, command: str) -> None:
    assert with_hello(f"run {command} --platform managed").exit_code == 0
    refused = with_hello(f"run {command} --platform gke")
    assert (refused.exit_code, "not built here; received: gke" in refused.stderr) == (2, True)


def test_the_newest_revisions_are_taken_before_they_are_sorted(with_hello: Cloudrun) -> None:
    assert with_hello("run revisions list --limit=1 --format=value(metadata.name)").startswith("hello-00001-")
    assert with_hello("run revisions logs read nosuch").exit_code == 1
    assert with_hello("run services logs read hello --log-filter=severity>=ERROR").exit_code == 0
