"""A shift of traffic under load: who gets more has enough ready instances first. Evidence: documented (Rollbacks,
gradual rollouts, and traffic migration), ours for how much is enough."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from cloudrun_cli.controlplane.services import Rollout
from cloudrun_cli.core.changes import ConcurrencyChange
from cloudrun_cli.core.container_changes import ImageChange
from cloudrun_cli.core.resources import ActiveTraffic, RevisionRef, ServiceRef
from cloudrun_cli.daemon.autoscaler import Autoscaler
from cloudrun_cli.daemon.shifts import RECENT_SECONDS, Shifts
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.daemon.world import World
from cloudrun_cli.dataplane.gate import Gate
from cloudrun_cli.dataplane.pools import InstanceLoad, RevisionLoad
from cloudrun_cli.store.database import Store, open_store
from tests.builders import HELLO as IMAGE
from tests.builders import a_ref
from tests.controlplane.verbs import deploy, settle

NOW = 1000.0
HELLO = a_ref()


class Scaling:
    """In the autoscaler's place: starts nothing, and says what the test says."""

    def __init__(self) -> None:
        self.have: dict[RevisionRef, int] = {}
        self.wanted: dict[RevisionRef, int] = {}
        self.told: dict[RevisionRef, asyncio.Future[bool]] = {}

    def ready(self, ref: RevisionRef) -> int:
        return self.have.get(ref, 0)

    def want(self, ref: RevisionRef, count: int) -> None:
        self.wanted[ref] = count
        self.told.setdefault(ref, asyncio.get_running_loop().create_future())

    def let_be(self, ref: RevisionRef) -> None:
        self.wanted.pop(ref)

    async def brought_up(self, ref: RevisionRef, seconds: float) -> bool:
        return await self.told[ref]


class Loads:
    """In the gate's place: how busy revisions are."""

    def __init__(self) -> None:
        self.of: dict[RevisionRef, RevisionLoad] = {}

    def load_of(self, ref: RevisionRef) -> RevisionLoad | None:
        return self.of.get(ref)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(str(tmp_path))
    yield made
    made.close()


class Stage:
    """A service whose first revision serves and whose second is to get `percent` of its requests."""

    def __init__(self, store: Store, concurrency: int) -> None:
        changes = (ImageChange(IMAGE), ConcurrencyChange(concurrency))
        old = deploy(store, *changes, rollout=Rollout(suffix="v1")).revision
        settle(store, old)
        new = deploy(store, *changes, rollout=Rollout(suffix="v2", no_traffic=True)).revision
        settle(store, new)
        self.old, self.new = old.ref, new.ref
        self.world = World(store)
        self.world.refresh()
        self.scaling, self.loads, self.applied = Scaling(), Loads(), list[ServiceRef]()
        self.aims: tuple[ActiveTraffic, ...] = ()

    def shifts(self, group: asyncio.TaskGroup) -> Shifts:
        clock: Callable[[], float] = lambda: NOW  # noqa: E731
        return Shifts(self.world, cast(Autoscaler, self.scaling), cast(Gate, self.loads), Tasks(group), clock)

    def begin(self, shifts: Shifts, percent: int) -> bool:
        parts = ((self.old, 100 - percent), (self.new, percent))
        self.aims = tuple(ActiveTraffic(ref.name, share) for ref, share in parts if share)
        return shifts.begin(HELLO, lambda ref: self.aims, self.applied.extend)

    def busy(
        self, *, in_flight: int = 0, waiting: int = 0, idle_for: tuple[float, ...] = (), served: bool = True
    ) -> None:
        instances = {f"i{n}": InstanceLoad(0, NOW - seconds, served) for n, seconds in enumerate(idle_for)}
        self.loads.of[self.old] = RevisionLoad(in_flight, waiting, instances)


@pytest.fixture
def stage(store: Store) -> Stage:
    return Stage(store, 2)


async def test_a_service_that_nobody_calls_shifts_at_once(stage: Stage) -> None:
    stage.busy(idle_for=(RECENT_SECONDS + 1,))
    async with asyncio.TaskGroup() as group:
        assert not stage.begin(stage.shifts(group), 100)
    assert stage.scaling.wanted == {}


async def test_instances_that_came_lately_and_were_never_called_are_no_load(stage: Stage) -> None:
    stage.busy(idle_for=(0.1, 0.1), served=False)
    async with asyncio.TaskGroup() as group:
        assert not stage.begin(stage.shifts(group), 100)


@pytest.mark.parametrize(
    ("load", "percent", "count"),
    [
        ({"in_flight": 1}, 100, 1),
        ({"in_flight": 1}, 1, 1),
        ({"waiting": 3}, 100, 2),
        ({"in_flight": 9}, 100, 5),
        ({"in_flight": 9}, 50, 3),
        ({"idle_for": (0.1,)}, 100, 1),  # between two requests it looks idle
        ({"idle_for": (0.1, 0.1, 0.1)}, 100, 3),  # two were full, and the third had one
        ({"idle_for": (0.1, 99.0, 99.0)}, 100, 1),
    ],
)
async def test_who_gets_more_has_the_instances_for_its_share_before_it_gets_it(
    stage: Stage, load: dict[str, Any], percent: int, count: int
) -> None:
    stage.busy(**load)
    async with asyncio.TaskGroup() as group:
        assert stage.begin(stage.shifts(group), percent)
        assert stage.scaling.wanted == {stage.new: count}
        await asyncio.sleep(0)
        assert stage.applied == []
        stage.scaling.told[stage.new].set_result(True)
    assert stage.applied == [HELLO]
    assert stage.scaling.wanted == {}


async def test_who_has_them_already_gets_its_share_at_once(stage: Stage) -> None:
    stage.busy(in_flight=4)
    stage.scaling.have[stage.new] = 2
    async with asyncio.TaskGroup() as group:
        assert not stage.begin(stage.shifts(group), 100)


async def test_who_gets_less_waits_for_nobody(stage: Stage) -> None:
    stage.busy(in_flight=4)
    async with asyncio.TaskGroup() as group:
        assert not stage.begin(stage.shifts(group), 0)


async def test_a_start_that_fails_does_not_hold_the_traffic_for_ever(stage: Stage) -> None:
    stage.busy(in_flight=4)
    async with asyncio.TaskGroup() as group:
        assert stage.begin(stage.shifts(group), 100)
        stage.scaling.told[stage.new].set_result(False)
    assert stage.applied == [HELLO]


async def test_what_is_asked_for_meanwhile_is_brought_up_too_and_applied_once(store: Store, stage: Stage) -> None:
    third = deploy(store, rollout=Rollout(suffix="v3", no_traffic=True)).revision
    settle(store, third)
    stage.world.refresh()
    stage.busy(in_flight=4)
    async with asyncio.TaskGroup() as group:
        shifts = stage.shifts(group)
        assert stage.begin(shifts, 100)
        stage.aims = (ActiveTraffic(third.ref.name, 100),)
        assert shifts.begin(HELLO, lambda ref: stage.aims, stage.applied.extend)
        stage.scaling.told[stage.new].set_result(True)
        await asyncio.sleep(0.01)
        assert stage.applied == []
        assert third.ref in stage.scaling.wanted
        stage.scaling.told[third.ref].set_result(True)
    assert stage.applied == [HELLO]
