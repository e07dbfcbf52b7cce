"""What conditions say of revisions and services, and what they add up to. Evidence: documented (Admin API v1)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cloudrun_cli.core.conditions import (
    find,
    put,
    readiness,
    revision_active,
    revision_failed,
    revision_ready,
    revision_unchecked,
    routing,
    service_status,
)
from cloudrun_cli.core.resources import (
    ActiveTraffic,
    Condition,
    Revision,
    RevisionName,
    RevisionStatus,
    Service,
    ServiceStatus,
    Status,
)
from tests.builders import NOW, a_revision, a_service

LATER = NOW + timedelta(minutes=5)
OLD = RevisionName("hello-00001-abc")


def _serving(service: Service) -> Service:
    seen = ServiceStatus(1, (), OLD, OLD, (ActiveTraffic(OLD, 100, latest=True),))
    return replace(service, generation=2, status=seen)


def _says(status: ServiceStatus) -> dict[str, tuple[Status, str]]:
    return {c.type: (c.status, c.reason) for c in status.conditions}


def test_a_conditions_time_moves_with_its_status_and_not_with_its_words() -> None:
    first = put((), Condition("Ready", Status.UNKNOWN, NOW, "Deploying", "one"))
    same = put(first, Condition("Ready", Status.UNKNOWN, LATER, "Deploying", "two"))
    other = put(same, Condition("Ready", Status.TRUE, LATER))
    assert [(c.message, c.last_transition) for c in (*first, *same, *other)] == [
        ("one", NOW),
        ("two", NOW),
        ("", LATER),
    ]


def test_a_condition_keeps_its_place_among_the_others() -> None:
    three = tuple(Condition(kind, Status.UNKNOWN, NOW) for kind in ("Ready", "Active", "Retry"))
    assert [c.type for c in put(three, Condition("Active", Status.TRUE, NOW))] == ["Ready", "Active", "Retry"]
    assert find(three, "Nothing") is None
    assert readiness(()) is Status.UNKNOWN


def test_a_new_revision_is_deploying() -> None:
    ready = find(a_revision().status.conditions, "Ready")
    assert ready == Condition("Ready", Status.UNKNOWN, NOW, "Deploying", "Deploying Revision.")


def test_a_revision_that_answers_is_ready_and_says_how_long_it_took() -> None:
    status = revision_ready(a_revision().status, 3.2149, LATER)
    assert {c.type for c in status.conditions if c.status is Status.TRUE} == {
        "Ready", "ResourcesAvailable", "ContainerHealthy", "ContainerReady", "Active",
    }  # fmt: skip
    ready = find(status.conditions, "Ready")
    assert ready is not None
    assert (ready.message, ready.reason) == ("Deploying revision succeeded in 3.21s.", "")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("HealthCheckContainerError", "ContainerHealthy"), ("ContainerMissing", "ContainerReady")],
)
def test_a_revision_that_fails_says_why_in_ready_and_in_the_part_that_failed(reason: str, kind: str) -> None:
    status = revision_failed(RevisionStatus(), reason, "why", LATER)
    assert {(c.type, c.status, c.reason, c.message) for c in status.conditions} == {
        ("Ready", Status.FALSE, reason, "why"),
        (kind, Status.FALSE, reason, "why"),
    }


def test_a_failed_new_revision_leaves_the_old_routes_and_names_the_cause() -> None:
    service = _serving(a_service())
    status = service_status(service, a_revision("hello-00002-def", ready=False), True, LATER)
    assert _says(status) == {
        "Ready": (Status.FALSE, "RevisionFailed"),
        "ConfigurationsReady": (Status.FALSE, "RevisionFailed"),
        "RoutesReady": (Status.TRUE, ""),
    }
    assert status.traffic == service.status.traffic
    assert status.latest_ready == OLD
    assert status.observed_generation == 2
    ready = find(status.conditions, "Ready")
    assert ready is not None
    assert ready.message == "Revision 'hello-00002-def' is not ready and cannot serve traffic. It did not listen."


def test_a_first_revision_that_fails_leaves_a_service_without_routes() -> None:
    status = service_status(a_service(), a_revision(ready=False), False, LATER)
    assert _says(status)["RoutesReady"] == (Status.FALSE, "RevisionFailed")
    assert status.observed_generation == 1


@pytest.mark.parametrize(
    ("latest", "routed", "ready", "configured"),
    [
        (None, False, Status.UNKNOWN, Status.UNKNOWN),
        (a_revision(), False, Status.UNKNOWN, Status.UNKNOWN),
        (a_revision(), True, Status.UNKNOWN, Status.UNKNOWN),
        (a_revision(ready=True), False, Status.UNKNOWN, Status.TRUE),
        (a_revision(ready=True), True, Status.TRUE, Status.TRUE),
    ],
)
def test_a_service_is_ready_when_its_newest_revision_is_and_its_routes_are_set(
    latest: Revision | None, routed: bool, ready: Status, configured: Status
) -> None:
    service = replace(_serving(a_service()), generation=2)
    status = service_status(service, latest, routed, LATER)
    assert readiness(status.conditions) is ready
    assert _says(status)["ConfigurationsReady"][0] is configured
    assert status.observed_generation == (2 if ready is Status.TRUE else 1)


def test_a_ready_service_that_is_deployed_again_waits_and_then_is_ready_again() -> None:
    service = _serving(a_service())
    moments = [NOW + timedelta(seconds=n) for n in range(3)]
    for revision, now in zip((a_revision(ready=True), a_revision(), a_revision(ready=True)), moments, strict=True):
        service = replace(service, status=service_status(service, revision, True, now))
    ready = find(service.status.conditions, "Ready")
    assert ready == Condition("Ready", Status.TRUE, moments[2])
    assert len(service.status.conditions) == 3


def test_a_revision_that_no_request_reaches_is_retired_and_stays_ready() -> None:
    ready = revision_ready(a_revision().status, 1.0, NOW)
    retired = revision_active(ready, False, LATER)
    active = find(retired.conditions, "Active")
    assert active == Condition("Active", Status.FALSE, LATER, "Retired", "Revision retired.", "Info")
    assert readiness(retired.conditions) is Status.TRUE
    assert find(revision_active(retired, True, LATER).conditions, "Active") == Condition(
        "Active", Status.TRUE, LATER, severity="Info"
    )
    assert revision_active(ready, True, LATER) == ready


def test_a_revision_that_was_not_checked_is_ready_and_says_so() -> None:
    status = revision_unchecked(a_revision().status, 0.1, NOW)
    assert readiness(status.conditions) is Status.TRUE
    healthy = find(status.conditions, "ContainerHealthy")
    assert healthy is not None
    assert (healthy.status, healthy.reason) == (Status.TRUE, "HealthCheckSkipped")


def test_a_service_whose_traffic_is_to_change_is_not_settled_until_it_has() -> None:
    settled = service_status(_serving(a_service()), a_revision(ready=True), True, NOW)
    service = replace(_serving(a_service()), status=routing(settled, LATER), generation=3)
    assert readiness(service.status.conditions) is Status.UNKNOWN
    assert _says(service.status)["ConfigurationsReady"] == (Status.TRUE, "")
    assert service.status.observed_generation == 2
    after = service_status(service, a_revision(ready=True), True, LATER)
    assert readiness(after.conditions) is Status.TRUE
    assert after.observed_generation == 3


def test_traffic_for_a_revision_that_failed_is_told_of_by_name_and_the_rest_stays_well() -> None:
    failed = a_revision("hello-00002-bad", ready=False)
    status = service_status(_serving(a_service()), a_revision(ready=True), True, NOW, failed)
    says = _says(status)
    assert says["Ready"] == says["RoutesReady"] == (Status.FALSE, "RevisionFailed")
    assert says["ConfigurationsReady"] == (Status.TRUE, "")
    ready = find(status.conditions, "Ready")
    assert ready is not None
    assert "'hello-00002-bad' is not ready and cannot serve traffic. It did not listen." in ready.message
    assert status.observed_generation == 2
