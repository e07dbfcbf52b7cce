"""How many instances a revision may have, of its own limits and its service's. Evidence: documented (instance
autoscaling, minimum and maximum instances, manual scaling), ours for shares that are not whole."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cloudrun_cli.controlplane.services import Rollout
from cloudrun_cli.core.changes import RevisionScalingChange
from cloudrun_cli.core.container_changes import ImageChange
from cloudrun_cli.core.resources import ActiveTraffic, ServiceScaling, Tag
from cloudrun_cli.daemon.world import World
from cloudrun_cli.store.database import Store, open_store
from tests.builders import HELLO as IMAGE
from tests.builders import a_ref
from tests.controlplane.verbs import deploy, settle

HELLO = a_ref()
AUTO = ServiceScaling()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(str(tmp_path))
    yield made
    made.close()


def limits(
    store: Store, scaling: ServiceScaling, own: tuple[int | None, int | None], shares: tuple[int, int, int]
) -> list[tuple[int, int, bool]]:
    """Of three revisions with these limits of their own and these percents; the third has a tag."""
    made = []
    for suffix in ("v1", "v2", "v3"):
        change = RevisionScalingChange(*own, set_min=True, set_max=True)
        revision = deploy(store, ImageChange(IMAGE), change, rollout=Rollout(suffix=suffix)).revision
        settle(store, revision)
        made.append(revision.ref)
    world = World(store)
    world.refresh()
    traffic = [ActiveTraffic(ref.name, percent) for ref, percent in zip(made, shares, strict=True) if percent]
    traffic.append(ActiveTraffic(made[2].name, 0, Tag("green")))
    service = world.services[HELLO]
    world.services[HELLO] = replace(service, scaling=scaling, status=replace(service.status, traffic=tuple(traffic)))
    return [world.limits(world.revisions[ref]) for ref in made]


@pytest.mark.parametrize(
    ("scaling", "own", "shares", "expected"),
    [
        (AUTO, (None, None), (50, 50, 0), [(0, 100, False)] * 3),
        (AUTO, (2, 7), (50, 50, 0), [(2, 7, False)] * 3),
        # by percent; who only has a tag has no part of the least, and its own most
        (ServiceScaling(4, 10), (None, None), (70, 30, 0), [(3, 7, False), (1, 3, False), (0, 100, False)]),
        (ServiceScaling(1, 1), (None, None), (70, 30, 0), [(1, 1, False), (1, 1, False), (0, 100, False)]),
        # the stricter of both levels
        (ServiceScaling(4, 10), (2, 5), (70, 30, 0), [(3, 5, False), (2, 3, False), (2, 5, False)]),
        # by hand: exactly so many in all
        (ServiceScaling(manual=3), (None, 2), (50, 50, 0), [(2, 2, True), (1, 1, True), (0, 2, False)]),
        (ServiceScaling(manual=0), (None, None), (50, 50, 0), [(0, 0, True), (0, 0, True), (0, 100, False)]),
        (ServiceScaling(manual=10), (None, None), (98, 1, 1), [(8, 8, True), (1, 1, True), (1, 1, True)]),
    ],
)
def test_a_revision_has_its_part_of_what_its_service_may_have(
    store: Store,
    scaling: ServiceScaling,
    own: tuple[int | None, int | None],
    shares: tuple[int, int, int],
    expected: list[tuple[int, int, bool]],
) -> None:
    assert limits(store, scaling, own, shares) == expected
