"""Changing who gets the requests. Evidence: documented (Rollbacks, gradual rollouts, and traffic migration; quotas)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from cloudrun_cli.controlplane import policies, revisions, services, traffic
from cloudrun_cli.controlplane.services import Rollout
from cloudrun_cli.core.conditions import READY, readiness
from cloudrun_cli.core.errors import FailedPrecondition, InvalidArgument, InvalidTraffic, NotFound
from cloudrun_cli.core.resources import RevisionName, RevisionRef, Service, Status, Tag
from cloudrun_cli.core.traffic import Key, Targets, TrafficChange
from cloudrun_cli.store import journal, tags
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, NUMBER, a_ref
from tests.controlplane.verbs import deploy, everything, settle

LATER = NOW + timedelta(hours=1)
EVE = "eve@example.com"


def _update(store: Store, change: TrafficChange) -> Service:
    return traffic.update(store, a_ref(), change, caller=EVE, now=LATER, random=Random(5))


def _name(suffix: str) -> RevisionName:
    return RevisionName(f"hello-{suffix}")


def shares(targets: Targets) -> dict[Key, int]:
    return {t.revision: t.percent for t in targets if t.percent}


@pytest.fixture
def two(store: Store) -> Store:
    """A service with two ready revisions, the second of which serves as LATEST; Eve may change it."""
    for suffix in ("v1", "v2"):
        settle(store, deploy(store, rollout=Rollout(suffix=suffix)).revision)
    policies.add_binding(store, "projects/demo", "roles/run.developer", f"user:{EVE}", caller=CALLER, now=NOW)
    return store


def test_an_update_makes_no_revision_but_a_generation_that_is_not_observed_yet(two: Store) -> None:
    before = services.get(two, a_ref())
    after = _update(two, TrafficChange({_name("v1"): 30}))
    assert shares(after.traffic) == {_name("v1"): 30, None: 70}
    assert after == services.get(two, a_ref())
    assert after.generation == before.generation + 1
    assert after.status.observed_generation == before.generation
    assert readiness(after.status.conditions) is Status.UNKNOWN
    assert after.template == before.template
    assert after.status.traffic == before.status.traffic
    assert (after.last_modifier, after.updated) == (EVE, LATER)
    assert len(revision_rows.names_of_service(two, a_ref())) == 2
    entry = journal.since(two, 0)[-1]
    assert (entry.verb, entry.kind, entry.name, entry.generation) == (
        "update-traffic", "Service", "hello", after.generation,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "error", "why"),
    [
        (TrafficChange(), InvalidTraffic, "No traffic configuration change requested"),
        (TrafficChange({_name("v9"): 100}), InvalidTraffic, "hello-v9 does not exist"),
        (TrafficChange(update_tags={Tag("t"): _name("v9")}), InvalidTraffic, r"hello-v9.*\[t\] points at it"),
        (TrafficChange(update_tags={Tag("T"): _name("v1")}), InvalidArgument, "Invalid traffic tag"),
        (TrafficChange({None: 99}), InvalidTraffic, "100% of traffic has not been specified"),
        (TrafficChange(tag_percents={Tag("t"): 5}), InvalidTraffic, r"\[t\]"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    two: Store, change: TrafficChange, error: type[Exception], why: str
) -> None:
    before = everything(two)
    with pytest.raises(error, match=why):
        _update(two, change)
    with pytest.raises(error, match=why):
        traffic.plan(two, a_ref(), change)
    assert everything(two) == before


def test_a_service_that_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match=r"\[hello\] could not be found"):
        _update(store, TrafficChange({None: 100}))


@pytest.mark.parametrize("change", [TrafficChange({None: 100}), TrafficChange(remove_tags=[Tag("nobody")])])
def test_what_is_so_already_changes_nothing(two: Store, change: TrafficChange) -> None:
    before = everything(two)
    assert _update(two, change).generation == 2
    assert everything(two) == before


def test_a_plan_says_before_and_after_and_changes_nothing(two: Store) -> None:
    before = everything(two)
    plan = traffic.plan(two, a_ref(), TrafficChange({_name("v1"): 30}))
    assert (shares(plan.before), shares(plan.after)) == ({None: 100}, {_name("v1"): 30, None: 70})
    assert everything(two) == before


def test_deploys_leave_a_split_as_it_is_until_all_goes_to_latest_again(two: Store) -> None:
    pinned: Mapping[Key, int] = {_name("v1"): 50, _name("v2"): 50}
    _update(two, TrafficChange(pinned))
    made = deploy(two, rollout=Rollout(suffix="v3")).revision
    service = settle(two, made)
    assert shares(service.traffic) == pinned
    assert {t.revision: t.percent for t in service.status.traffic} == pinned
    _update(two, TrafficChange({None: 100}))
    service = settle(two, made)
    assert {t.revision: t.percent for t in service.status.traffic} == {_name("v3"): 100}
    condition = next(c for c in service.status.conditions if c.type == READY)
    assert condition.status is Status.TRUE


def test_the_tags_of_a_region_are_counted_as_its_services_have_them(two: Store) -> None:
    _update(two, TrafficChange(set_tags={Tag("a"): _name("v1"), Tag("b"): None}))
    assert tags.count(two, "demo", "us-central1") == 2
    assert tags.of_service(two, a_ref()) == ["a", "b"]
    _update(two, TrafficChange(remove_tags=[Tag("a")]))
    assert tags.of_service(two, a_ref()) == ["b"]
    services.delete(two, a_ref(), caller=CALLER, now=NOW)
    assert tags.count(two, "demo", "us-central1") == 0


def test_past_the_limit_of_tags_the_oldest_without_traffic_go(two: Store) -> None:
    settle(two, deploy(two, rollout=Rollout(suffix="v3")).revision)
    with two.transaction():
        for number in range(traffic.TAGS_MAX - 3):  # those of other services count
            two.write("INSERT INTO tags VALUES ('demo', 'us-central1', 'other', ?)", f"t{number}")
    _update(two, TrafficChange(update_tags={Tag("two"): _name("v2"), Tag("one"): _name("v1"), Tag("now"): None}))
    assert tags.of_service(two, a_ref()) == ["now", "one", "two"]
    _update(two, TrafficChange(update_tags={Tag("new"): _name("v1")}))
    assert tags.of_service(two, a_ref()) == ["new", "now", "two"]
    deploy(two, rollout=Rollout(suffix="v4", tag="four"))
    assert tags.of_service(two, a_ref()) == ["four", "now", "two"]


def test_past_a_thousand_revisions_the_oldest_that_no_request_reaches_go(two: Store) -> None:
    _update(two, TrafficChange(update_tags={Tag("keep"): _name("v1")}))
    with two.transaction():
        for number in range(revisions.KEPT - 2):
            row = (f"hello-old-{number:04d}", (NOW + timedelta(seconds=1 + number)).isoformat())
            two.write("INSERT INTO revisions VALUES ('demo', 'us-central1', ?, 'hello', ?, 'True', '{}')", *row)
    for suffix in ("v3", "v4"):
        deploy(two, rollout=Rollout(suffix=suffix), seconds=10_000)
    names = revision_rows.names_of_service(two, a_ref())
    assert len(names) == revisions.KEPT
    assert {_name("v1"), _name("v2"), _name("v3"), _name("v4"), _name("old-0002")} <= names
    assert names.isdisjoint({_name("old-0000"), _name("old-0001")})


def test_the_only_revision_is_not_deleted_even_when_it_is_not_the_latest(two: Store) -> None:
    service = services.get(two, a_ref())
    gone = RevisionName("hello-gone")
    seen = replace(service.status, latest_created=gone, latest_ready=gone, traffic=())
    with two.transaction():
        revision_rows.delete(two, _ref(two, "v2"))
        service_rows.update(two, replace(service, status=seen), NUMBER)
    with pytest.raises(FailedPrecondition, match="only one of its service"):
        revisions.delete(two, _ref(two, "v1"), caller=CALLER, now=NOW)


def _ref(store: Store, suffix: str) -> RevisionRef:
    return next(r.ref for r in revision_rows.of_service(store, a_ref()) if r.ref.name == _name(suffix))
