"""Following what another process writes. Evidence: documented for when a service has settled (Admin API v1)."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cloudrun_cli.controlplane import builds, services, watch
from cloudrun_cli.core.conditions import readiness
from cloudrun_cli.core.resources import BuildState, Status
from cloudrun_cli.store import builds as build_rows
from cloudrun_cli.store.database import Store, open_store
from tests.builders import CALLER, NOW, a_ref, a_revision, a_service
from tests.controlplane.verbs import deploy, settle


@pytest.fixture
def daemon(store: Store) -> Iterator[Store]:
    """The same home, opened by somebody else."""
    made = open_store(str(Path(store.path).parent))
    yield made
    made.close()


def _soon() -> float:
    return time.monotonic() + 10


def test_a_rollout_is_followed_from_deploying_to_ready(store: Store, daemon: Store) -> None:
    made = deploy(store).revision
    steps = []
    for service, revision in watch.rollout(store, a_ref(), made.ref, _soon()):
        assert service is not None
        assert revision is not None
        steps.append((readiness(service.status.conditions), readiness(revision.status.conditions)))
        if len(steps) == 1:
            settle(daemon, made)
    assert steps == [(Status.UNKNOWN, Status.UNKNOWN), (Status.TRUE, Status.TRUE)]


def test_a_rollout_that_fails_ends_with_the_reason(store: Store, daemon: Store) -> None:
    made = deploy(store).revision
    settle(daemon, made, ready=False)
    ((_, revision),) = watch.rollout(store, a_ref(), made.ref, _soon())
    assert revision is not None
    why = watch.failure(revision)
    assert why is not None
    assert (why.reason, why.message) == ("HealthCheckContainerError", "It did not listen.")


def test_a_rollout_whose_service_is_deleted_meanwhile_ends(store: Store, daemon: Store) -> None:
    made = deploy(store).revision
    seen = []
    for service, revision in watch.rollout(store, a_ref(), made.ref, _soon()):
        seen.append((service is None, revision is None))
        if len(seen) == 1:
            services.delete(daemon, a_ref(), caller=CALLER, now=NOW)
    assert seen == [(False, False), (True, True)]


def test_a_rollout_that_never_settles_ends_at_its_deadline_after_one_look(store: Store) -> None:
    made = deploy(store).revision
    assert len(list(watch.rollout(store, a_ref(), made.ref, time.monotonic() + 0.1))) == 1


def test_nothing_is_looked_at_when_the_time_is_over_already(store: Store) -> None:
    assert list(watch.changes(store, time.monotonic() - 1)) == []


def test_a_change_is_told_once_and_meanwhile_the_caller_may_do_other_things(store: Store, daemon: Store) -> None:
    looks = []
    for changed in watch.changes(store, _soon()):
        looks.append(changed)
        if len(looks) == 3:
            deploy(daemon)
        if len(looks) == 6:
            break
    assert looks == [True, False, False, True, False, False]


@pytest.mark.parametrize(
    ("ready", "observed", "generation", "settled"),
    [(True, 2, 2, True), (False, 2, 2, True), (None, 2, 2, False), (True, 1, 2, False), (True, 3, 2, True)],
)
def test_a_rollout_has_settled_when_the_revision_is_known_and_the_service_has_seen_its_generation(
    ready: bool | None, observed: int, generation: int, settled: bool
) -> None:
    service = a_service()
    service = replace(service, status=replace(service.status, observed_generation=observed))
    assert watch.settled(service, a_revision(ready=ready, generation=generation)) is settled


def test_a_revision_that_is_ready_or_deploying_has_no_failure() -> None:
    assert watch.failure(a_revision(ready=True)) is None
    assert watch.failure(a_revision()) is None


@pytest.mark.parametrize("end", [BuildState.SUCCESS, BuildState.FAILURE, BuildState.CANCELLED])
def test_a_build_is_followed_to_its_end(store: Store, daemon: Store, end: BuildState) -> None:
    made = builds.submit(store, "b1", project="demo", region="r", service="s", source="/s", now=NOW)
    states = []
    for build in watch.build(store, "b1", _soon()):
        if build.state not in states:
            states.append(build.state)
        after = BuildState.WORKING if build.state is BuildState.QUEUED else end
        with daemon.transaction():
            build_rows.save(daemon, replace(made, state=after))
    assert states == [BuildState.QUEUED, BuildState.WORKING, end]


def test_a_build_that_is_not_there_ends_at_once(store: Store) -> None:
    assert list(watch.build(store, "unknown", _soon())) == []
