"""Services, revisions, builds, policies and the journal in the store: saved, found, refused when stale."""

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from cloudrun_cli.core.conditions import readiness, revision_ready
from cloudrun_cli.core.errors import AlreadyExists, Conflict
from cloudrun_cli.core.resources import Build, BuildState, RevisionName, Service, Status
from cloudrun_cli.store import builds, journal, policies, projects, revisions, services
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, NUMBER, a_ref, a_revision, a_service


def _saved(store: Store, service: Service) -> Service:
    with store.transaction():
        return services.insert(store, service, NUMBER)


def test_a_service_is_found_as_it_was_saved_with_a_version(store: Store) -> None:
    saved = _saved(store, a_service(labels={"team": "web"}, door=20007))
    assert saved == replace(a_service(labels={"team": "web"}, door=20007), resource_version=1)
    assert services.get(store, saved.ref) == saved
    assert services.everywhere(store) == [saved]
    assert services.get(store, a_ref(region="europe-west1")) is None
    assert services.get(store, a_ref(project="other")) is None


def test_a_stale_version_is_refused_and_changes_nothing(store: Store) -> None:
    first = _saved(store, a_service())
    with store.transaction():
        second = services.update(store, replace(first, generation=2), NUMBER)
    assert second.resource_version > first.resource_version
    with pytest.raises(Conflict, match="version '1'"), store.transaction():
        services.update(store, replace(first, generation=9), NUMBER)
    with pytest.raises(Conflict, match="version '99'"), store.transaction():
        services.update(store, replace(first, resource_version=99), NUMBER)
    assert services.get(store, first.ref) == second


def test_a_deleted_service_cannot_be_updated(store: Store) -> None:
    saved = _saved(store, a_service())
    with store.transaction():
        assert services.delete(store, saved.ref)
        assert not services.delete(store, saved.ref)
    with pytest.raises(Conflict), store.transaction():
        services.update(store, saved, NUMBER)


def test_a_service_made_anew_under_an_old_name_has_a_newer_version(store: Store) -> None:
    old = _saved(store, a_service())
    with store.transaction():
        services.delete(store, old.ref)
    new = _saved(store, a_service())
    assert new.resource_version > old.resource_version
    with pytest.raises(Conflict), store.transaction():
        services.update(store, old, NUMBER)


def test_no_two_services_have_one_name_or_one_door(store: Store) -> None:
    _saved(store, a_service("a", door=20001))
    for twin in (a_service("a", door=20002), a_service("b", door=20001)):
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            _saved(store, twin)
    assert 20001 in services.doors(store)
    assert 20002 not in services.doors(store)


def test_services_are_listed_by_name_and_region_of_their_project(store: Store) -> None:
    for door, (name, region) in enumerate([("b", "us-central1"), ("a", "us-central1"), ("a", "europe-west1")]):
        _saved(store, a_service(name, region=region, door=20000 + door))
    _saved(store, replace(a_service("z", door=20009), ref=a_ref("z", project="other")))
    listed = [(b["metadata"]["name"], b["metadata"]["labels"]["cloud.googleapis.com/location"], door)
              for b, door in services.bodies(store, "demo")]  # fmt: skip
    assert listed == [("a", "europe-west1", 20002), ("a", "us-central1", 20001), ("b", "us-central1", 20000)]
    assert len(services.bodies(store, "demo", "us-central1")) == 2


def test_a_revision_is_found_as_it_was_saved_and_only_its_status_is_ever_saved_again(store: Store) -> None:
    made = a_revision()
    with store.transaction():
        revisions.insert(store, made, NUMBER)
    assert revisions.get(store, made.ref) == made
    seen = replace(
        made, status=replace(revision_ready(made.status, 1.0, NOW), image_digest="i@sha256:1", runtime="docker")
    )
    with store.transaction():
        assert revisions.save_status(store, seen, NUMBER)
    assert revisions.get(store, made.ref) == seen
    assert readiness(seen.status.conditions) is Status.TRUE


def test_a_revision_that_was_deleted_meanwhile_is_not_brought_back_by_its_status(store: Store) -> None:
    made = a_revision()
    with store.transaction():
        revisions.insert(store, made, NUMBER)
        assert revisions.delete(store, made.ref)
        assert not revisions.delete(store, made.ref)
        assert not revisions.save_status(store, made, NUMBER)
    assert revisions.get(store, made.ref) is None


def test_a_revisions_name_is_taken_in_its_region_whatever_its_service(store: Store) -> None:
    with store.transaction():
        revisions.insert(store, a_revision("a-b-c", service="a"), NUMBER)
        revisions.insert(store, a_revision("a-b-c", service="a", region="europe-west1"), NUMBER)
        with pytest.raises(AlreadyExists, match="'a-b-c' already exists") as refused:
            revisions.insert(store, a_revision("a-b-c", service="a-b"), NUMBER)
    assert "--revision-suffix" in (refused.value.hint or "")


def test_revisions_are_listed_by_service_and_newest_first_and_loaded_oldest_first(store: Store) -> None:
    with store.transaction():
        for service, name, minutes in (("b", "b-1", 0), ("a", "a-1", 1), ("a", "a-2", 2)):
            made = a_revision(name, service=service, created=NOW + timedelta(minutes=minutes))
            revisions.insert(store, made, NUMBER)
    assert [b["metadata"]["name"] for b in revisions.bodies(store, "demo")] == ["a-2", "a-1", "b-1"]
    assert [b["metadata"]["name"] for b in revisions.bodies(store, "demo", service="b")] == ["b-1"]
    assert revisions.bodies(store, "demo", region="europe-west1") == []
    assert [r.ref.name for r in revisions.of_service(store, a_ref("a"))] == ["a-1", "a-2"]
    assert [r.ref.name for r in revisions.everywhere(store)] == ["b-1", "a-1", "a-2"]
    assert revisions.names_of_service(store, a_ref("a")) == {"a-1", "a-2"}
    with store.transaction():
        assert revisions.delete_of_service(store, a_ref("a")) == 2
    assert [r.ref.name for r in revisions.everywhere(store)] == [RevisionName("b-1")]


def _a_build(number: int = 1) -> Build:
    return Build(
        f"b{number}",
        "demo",
        "us-central1",
        "/src",
        "img",
        NOW + timedelta(seconds=number),
        env={"A": "1"},
        notes=("n",),
    )


def test_a_build_is_found_as_it_was_saved_and_followed_to_its_end(store: Store) -> None:
    with store.transaction():
        builds.insert(store, _a_build(2))
        builds.insert(store, _a_build(1))
    assert builds.get(store, "b1") == _a_build(1)
    assert builds.get(store, "b3") is None
    assert [build.id for build in builds.unfinished(store)] == ["b1", "b2"]
    done = replace(_a_build(1), state=BuildState.SUCCESS, digest="i@sha256:1", runtime="process")
    with store.transaction():
        builds.save(store, done)
    assert builds.get(store, "b1") == done
    assert builds.unfinished(store) == [_a_build(2)]


def test_a_build_can_be_given_up_until_it_has_ended(store: Store) -> None:
    with store.transaction():
        builds.insert(store, _a_build())
        assert builds.cancel(store, "b1")
        assert not builds.cancel(store, "b1")
        assert not builds.cancel(store, "b2")
    found = builds.get(store, "b1")
    assert found is not None
    assert found.state is BuildState.CANCELLED


def test_a_policy_is_there_once_it_was_set_and_until_it_is_deleted(store: Store) -> None:
    assert policies.get(store, "r") == {}
    with store.transaction():
        policies.put(store, "r", {"bindings": []})
        policies.put(store, "r", {"bindings": [1]})
    assert policies.everywhere(store) == {"r": {"bindings": [1]}}
    with store.transaction():
        policies.delete(store, "r")
    assert policies.get(store, "r") == {}


def test_the_journal_says_what_came_after_an_entry(store: Store) -> None:
    with store.transaction():
        for number in range(3):
            journal.note(
                store, NOW, CALLER, "deploy", "Service", project="p", region="r", name=f"s{number}", generation=number
            )
    entries = journal.since(store, 0)
    assert [(e.id, e.name, e.generation) for e in entries] == [(1, "s0", 0), (2, "s1", 1), (3, "s2", 2)]
    assert (entries[0].at, entries[0].who, entries[0].verb, entries[0].kind) == (NOW, CALLER, "deploy", "Service")
    assert journal.since(store, 2) == entries[2:]


def test_a_project_keeps_its_number(store: Store) -> None:
    with store.transaction():
        assert projects.ensure(store, "demo", "111", NOW) == "111"
        assert projects.ensure(store, "demo", "222", NOW) == "111"
    assert projects.numbers(store) == {"demo": "111"}


def test_a_fact_is_set_changed_and_forgotten(store: Store) -> None:
    with store.transaction():
        projects.set_fact(store, "k", "1")
        projects.set_fact(store, "k", "2")
    assert projects.fact(store, "k") == "2"
    with store.transaction():
        projects.set_fact(store, "k", None)
    assert projects.fact(store, "k") is None
