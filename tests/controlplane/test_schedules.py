"""The verbs of schedules, on a real store."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloudrun_cli.controlplane import schedules
from cloudrun_cli.core.errors import AlreadyExists, InvalidArgument, NotFound, Unimplemented
from cloudrun_cli.core.schedules import HttpTarget, Plan, Schedule, ScheduleRef, ScheduleState
from cloudrun_cli.store import journal
from cloudrun_cli.store import schedules as rows
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, RECORDINGS

PING = ScheduleRef("demo", "us-central1", "ping")
LATER = NOW + timedelta(minutes=10)


def a_schedule(ref: ScheduleRef = PING, **fields: Any) -> Schedule:
    return replace(Schedule(ref, "*/5 * * * *", HttpTarget("http://127.0.0.1:1/"), NOW), **fields)


def create(store: Store, schedule: Schedule) -> Schedule:
    return schedules.create(store, schedule, caller=CALLER, now=NOW)


def test_a_schedule_is_kept_with_its_next_tick_and_noted(store: Store) -> None:
    made = create(store, a_schedule())
    assert schedules.get(store, PING) == made
    assert made.plan == Plan(next=NOW.replace(minute=20, second=0, microsecond=0))
    (entry,) = journal.since(store, 0)
    assert (entry.verb, entry.kind, entry.name, entry.who) == ("create", "Schedule", "ping", CALLER)


def test_a_name_is_taken_once_in_a_location(store: Store) -> None:
    create(store, a_schedule())
    with pytest.raises(AlreadyExists, match="ping"):
        create(store, a_schedule(when="0 0 * * *"))
    create(store, a_schedule(PING._replace(region="europe-west1")))
    create(store, a_schedule(PING._replace(project="other")))
    assert [one.ref.region for one in schedules.everything(store, "demo")] == ["europe-west1", "us-central1"]
    assert [one.ref.region for one in schedules.everything(store, "demo", "us-central1")] == ["us-central1"]
    assert schedules.get(store, PING).when == "*/5 * * * *"


@pytest.mark.parametrize("bad", [{"when": "whenever"}, {"time_zone": "Mars/X"}, {"deadline": timedelta(0)}])
def test_what_cannot_be_changes_nothing(store: Store, bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        create(store, a_schedule(**bad))
    made = create(store, a_schedule())
    with pytest.raises(InvalidArgument):
        schedules.update(store, PING, lambda one: replace(one, **bad), caller=CALLER, now=LATER)
    assert schedules.get(store, PING) == made
    assert len(journal.since(store, 0)) == 1


def test_a_change_counts_its_ticks_anew(store: Store) -> None:
    made = create(store, a_schedule())
    changed = schedules.update(store, PING, lambda one: replace(one, when="0 0 * * *"), caller=CALLER, now=LATER)
    assert changed.plan.next == (NOW + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert (changed.uid, changed.updated) == (made.uid, LATER)


def test_pause_takes_the_ticks_away_and_resume_gives_those_from_then_on(store: Store) -> None:
    create(store, a_schedule())
    paused = schedules.pause(store, PING, caller=CALLER, now=NOW)
    assert (paused.state, paused.plan.next) == (ScheduleState.PAUSED, None)
    resumed = schedules.resume(store, PING, caller=CALLER, now=LATER)
    assert resumed.state is ScheduleState.ENABLED
    assert resumed.plan.next is not None
    assert resumed.plan.next > LATER


def test_run_asks_once_however_often_it_is_said(store: Store) -> None:
    create(store, a_schedule())
    schedules.run(store, PING, caller=CALLER, now=NOW)
    assert schedules.run(store, PING, caller=CALLER, now=LATER).plan.asked == NOW


def test_a_name_that_is_used_again_is_another_schedule(store: Store) -> None:
    first = create(store, a_schedule())
    schedules.delete(store, PING, caller=CALLER, now=NOW)
    assert rows.by_uid(store, first.uid) is None
    assert create(store, a_schedule()).uid != first.uid


@pytest.mark.parametrize(
    "verb", [schedules.pause, schedules.resume, schedules.run, schedules.delete], ids=lambda verb: verb.__name__
)
def test_what_is_not_there_is_not_found(store: Store, verb: Callable[..., object]) -> None:
    with pytest.raises(NotFound, match="ping"):
        verb(store, PING, caller=CALLER, now=NOW)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}")
def test_what_is_brought_in_sleeps_and_goes_out_as_it_came(store: Store) -> None:
    recorded = json.loads((RECORDINGS / "resources" / "scheduler.json").read_text())
    with store.transaction():
        for body in recorded.values():
            schedules.bring(store, body)
    assert schedules.bodies(store) == recorded
    assert schedules.get(store, PING._replace(name="ping-hello")).plan.dormant
    body = next(iter(recorded.values()))
    with pytest.raises(AlreadyExists), store.transaction():
        schedules.bring(store, body)
    for bad, error in (({"schedule": "odd"}, InvalidArgument), ({"pubsubTarget": {}}, Unimplemented)):
        with pytest.raises(error), store.transaction():
            schedules.bring(store, {**body, **bad, "name": "projects/demo/locations/us-central1/jobs/new"})
    assert schedules.bodies(store) == recorded
