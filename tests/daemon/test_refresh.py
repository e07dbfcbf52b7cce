"""The daemon's view of the store follows what happens there, and reads no more than that."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudrun_cli.controlplane import domains, executions, jobs, revisions, services, traffic
from cloudrun_cli.controlplane.services import Rollout
from cloudrun_cli.core import iam
from cloudrun_cli.core.resources import ServiceRef, Tag
from cloudrun_cli.core.traffic import TrafficChange
from cloudrun_cli.daemon.world import World
from cloudrun_cli.store import policies
from cloudrun_cli.store.database import Store, open_store
from tests.builders import CALLER, NOW, a_ref, seeded
from tests.controlplane.verbs import deploy, settle
from tests.job_builders import IMAGE, a_run

OTHER = a_ref("other")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The user's side of a home."""
    made = open_store(str(tmp_path))
    yield made
    made.close()


@pytest.fixture
def world(store: Store, tmp_path: Path) -> Iterator[World]:
    """The daemon's side of it, which has seen two settled services."""
    for ref in (a_ref(), OTHER):
        settle(store, deploy(store, ref=ref).revision)
    own = open_store(str(tmp_path))
    made = World(own)
    made.refresh()
    yield made
    own.close()


def same_as_new(world: World) -> bool:
    """Whether it knows what one that has just read everything knows."""
    fresh = World(world.store)
    fresh.refresh()
    known = [(w.services, w.revisions, w.domains, w.unknown, w.unsettled, w.routes(None)) for w in (world, fresh)]
    return known[0] == known[1]


def test_nothing_is_read_again_when_nothing_has_happened(world: World) -> None:
    seen = world.refresh()
    assert (seen.services, seen.gone) == (frozenset(), ())
    assert world.refresh(whole=True).services == frozenset()


def test_a_deploy_touches_its_service_only(store: Store, world: World) -> None:
    made = deploy(store)
    seen = world.refresh()
    assert seen.services == {a_ref()}
    assert world.unknown == {made.revision.ref}
    assert world.unsettled == {a_ref()}
    assert same_as_new(world)


def test_jobs_and_their_executions_make_no_service_be_read(
    store: Store, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(World, "_read_everything", lambda _: pytest.fail("everything was read again"))
    execution = a_run(store, 2)
    assert world.refresh().services == frozenset()
    executions.cancel(store, execution.ref, caller=CALLER, now=NOW)
    jobs.delete(store, execution.job_ref, caller=CALLER, now=NOW)
    assert world.refresh().services == frozenset()
    assert IMAGE not in world.digests()
    a_run(store, 2)
    assert IMAGE in world.digests()


def test_traffic_deletions_and_domains_are_followed(store: Store, world: World) -> None:
    old = world.of_service(a_ref())[0]
    settle(store, deploy(store).revision)
    change = TrafficChange(update_tags={Tag("t"): old.ref.name})
    traffic.update(store, a_ref(), change, caller=CALLER, now=NOW, random=seeded())
    domains.create(store, OTHER, "www.example.com", caller=CALLER, now=NOW, random=seeded())
    assert world.refresh().services == {a_ref()}
    assert world.domains == {"www.example.com": OTHER}
    assert same_as_new(world)
    untag = TrafficChange(set_tags={})
    traffic.update(store, a_ref(), untag, caller=CALLER, now=NOW, random=seeded())
    revisions.delete(store, old.ref, caller=CALLER, now=NOW)
    seen = world.refresh()
    assert [revision.ref for revision in seen.gone] == [old.ref]
    assert same_as_new(world)
    services.delete(store, OTHER, caller=CALLER, now=NOW)
    seen = world.refresh()
    assert seen.services == {OTHER}
    assert len(seen.gone) == 1
    assert world.of_service(OTHER) == []
    assert same_as_new(world)


def test_what_is_made_anew_under_old_names_is_something_else(store: Store, world: World) -> None:
    first = deploy(store, rollout=Rollout(suffix="v1"))
    world.refresh()
    services.delete(store, a_ref(), caller=CALLER, now=NOW)
    second = deploy(store, rollout=Rollout(suffix="v1"))
    seen = world.refresh()
    assert first.revision.ref in {revision.ref for revision in seen.gone}
    assert world.revisions[second.revision.ref].uid == second.revision.uid
    assert same_as_new(world)


def test_what_the_journal_does_not_tell_of_is_found_all_the_same(store: Store, world: World) -> None:
    ref: ServiceRef = a_ref()
    resource = iam.service_resource(ref.project, ref.region, ref.name)
    with store.transaction():
        policies.put(store, resource, iam.with_member({}, iam.INVOKER, iam.ALL_USERS))
    assert not world.routes(None).services[ref].public
    assert world.refresh().services == {ref}
    assert world.routes(None).services[ref].public
    assert same_as_new(world)


def test_routes_change_where_something_has_changed_and_nowhere_else(store: Store, world: World) -> None:
    everything = world.routes(None)
    (old,) = everything.services[a_ref()].split
    made = deploy(store)
    settle(store, made.revision)
    change = world.route_change(world.refresh().services)
    assert set(change.services) == {a_ref()}
    assert change.revisions[old[0]] is None
    route = change.revisions[made.revision.ref]
    assert route is not None
    assert route.service == a_ref()
    services.delete(store, a_ref(), caller=CALLER, now=NOW)
    gone = world.route_change(world.refresh().services)
    assert gone.services == {a_ref(): None}
    assert gone.revisions == {made.revision.ref: None}
