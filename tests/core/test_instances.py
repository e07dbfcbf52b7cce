"""The life of an instance. Evidence: documented (container runtime contract, instance life cycle) for the states; ours
for what is told of them."""

from datetime import timedelta

import pytest

from cloudrun_cli.core import instances
from cloudrun_cli.core.instances import (
    ADOPTED,
    BUSY,
    KEPT_CHANGES,
    OPENED,
    PAUSE,
    QUIET,
    Event,
    InstanceLife,
    InstanceState,
    Reason,
    after,
    news,
    pick_zone,
    settled,
    why_started,
    why_stopped,
    zone_of,
)
from cloudrun_cli.core.resources import RevisionName, RevisionRef
from cloudrun_cli.core.wire.instances import from_json, to_json
from tests.builders import NOW, PROJECT, REGION

REF = RevisionRef(PROJECT, REGION, RevisionName("hello-00001-abc"))
DOWN = Event(InstanceState.SHUTTING_DOWN, Reason.IDLE_TIMEOUT)
GONE = Event(InstanceState.STOPPED, Reason.EXITED, "exit code 1")
SECOND = timedelta(seconds=1)


def new() -> InstanceLife:
    return instances.begun("i-1", REF, "hello", f"{REGION}-a", Reason.REQUEST, NOW)


def lived(*events: Event, every: timedelta = PAUSE) -> InstanceLife:
    """A life to which these happened one after the other, so far apart."""
    life = new()
    for number, event in enumerate(events, start=1):
        life = after(life, event, NOW + every * number)
    return life


def states(life: InstanceLife) -> list[str]:
    return [change.state.value for change in life.history]


@pytest.mark.parametrize(
    ("events", "history"),
    [
        ((), ["starting"]),
        ((OPENED,), ["starting", "idle"]),
        ((OPENED, BUSY), ["starting", "idle", "serving"]),
        ((OPENED, BUSY, QUIET), ["starting", "idle", "serving", "idle"]),
        ((OPENED, BUSY, QUIET, DOWN, GONE), ["starting", "idle", "serving", "idle", "shutting-down", "stopped"]),
        ((BUSY, GONE), ["starting", "serving", "stopped"]),  # a crash
        ((DOWN, GONE), ["starting", "shutting-down", "stopped"]),  # given up while it started
        ((OPENED, DOWN, BUSY, QUIET), ["starting", "idle", "shutting-down"]),  # its last requests finish
        ((OPENED, BUSY, BUSY), ["starting", "idle", "serving"]),
        ((OPENED, OPENED, QUIET), ["starting", "idle"]),
        ((GONE, BUSY, OPENED, DOWN, ADOPTED), ["starting", "stopped"]),  # the end is the end
        ((OPENED, DOWN, ADOPTED), ["starting", "idle", "shutting-down", "idle"]),  # its daemon died before its end
        ((OPENED, ADOPTED, BUSY), ["starting", "idle", "idle", "serving"]),
    ],
)
def test_an_instance_goes_from_state_to_state(events: tuple[Event, ...], history: list[str]) -> None:
    assert states(lived(*events)) == history


def test_each_change_has_its_time_and_reason() -> None:
    life = lived(OPENED, BUSY, GONE)
    assert [(change.at - NOW, change.reason.value, change.detail) for change in life.changes] == [
        (PAUSE * 0, "request arrived", ""),
        (PAUSE * 1, "startup probe passed", ""),
        (PAUSE * 2, "request arrived", ""),
        (PAUSE * 3, "container exited", "exit code 1"),
    ]
    assert life.is_over
    assert life.began == NOW


@pytest.mark.parametrize(
    ("idle", "told"),
    [(SECOND * 0, False), (PAUSE - timedelta(microseconds=1), False), (PAUSE, True), (PAUSE * 100, True)],
)
def test_idleness_is_seen_at_once_and_told_when_it_has_lasted(idle: timedelta, told: bool) -> None:
    serving = lived(OPENED, BUSY)
    quiet = NOW + PAUSE * 3
    life = after(serving, QUIET, quiet)
    assert life.state is InstanceState.IDLE
    assert life.now.at == quiet
    assert news(serving, life) == []
    later = settled(life, quiet + idle)
    assert [change.state.value for _, change in news(serving, later)] == (["idle"] if told else [])
    again = after(life, BUSY, quiet + idle)
    assert [change.state.value for _, change in news(serving, again)] == (["idle", "serving"] if told else [])
    assert again.now.at == (quiet + idle if told else serving.now.at)


def test_an_instance_under_load_has_one_change_however_many_requests_come() -> None:
    serving = life = lived(OPENED, BUSY)
    for number in range(10_000):
        moment = serving.now.at + timedelta(milliseconds=number)
        life = after(after(life, QUIET, moment), BUSY, moment + timedelta(microseconds=100))
    assert life == serving


def test_a_request_that_waited_for_the_start_leaves_no_idleness_behind() -> None:
    assert states(lived(OPENED, BUSY, every=timedelta(milliseconds=1))) == ["starting", "serving"]


def test_a_short_idleness_before_the_end_is_told_with_it() -> None:
    life = lived(OPENED, BUSY, QUIET, DOWN, every=SECOND)
    assert states(life) == ["starting", "serving", "idle", "shutting-down"]
    assert [c.state.value for _, c in news(lived(OPENED, BUSY, every=SECOND), life)] == ["idle", "shutting-down"]


def test_of_a_long_life_its_beginning_and_its_latest_changes_are_kept() -> None:
    life = lived(OPENED, *[BUSY, QUIET] * 500)
    assert states(life)[:3] == ["starting", "idle", "serving"]
    assert len(life.changes) == KEPT_CHANGES
    assert life.left_out + len(life.history) == 2 + 1000
    longer = after(life, BUSY, life.now.at + PAUSE)
    assert [change.state.value for _, change in news(life, longer)] == ["idle", "serving"]


@pytest.mark.parametrize("events", [(), (OPENED,), (OPENED, BUSY, QUIET, DOWN, GONE), (OPENED, *[BUSY, QUIET] * 50)])
def test_a_life_is_read_back_as_it_was_written(events: tuple[Event, ...]) -> None:
    life = lived(*events)
    row = to_json(life, 3, {"runtime": "memory"})
    assert (row["inFlight"], row["runtime"], row["state"]) == (3, "memory", life.state.value)
    assert from_json(row).history[-KEPT_CHANGES:] == life.history[-KEPT_CHANGES:]
    assert from_json(row).began == life.began
    assert list(row)[:3] == ["name", "service", "state"]


@pytest.mark.parametrize(
    ("said", "others", "manual", "reason"),
    [
        ("AUTOSCALING", False, False, Reason.REQUEST),
        ("AUTOSCALING", True, False, Reason.SCALE_OUT),
        ("MANUAL_OR_CUSTOMER_MIN_INSTANCE", False, False, Reason.MIN_INSTANCES),
        ("MANUAL_OR_CUSTOMER_MIN_INSTANCE", True, True, Reason.MANUAL_SCALING),
        ("DEPLOYMENT_ROLLOUT", False, True, Reason.ROLLOUT),
    ],
)
def test_a_start_has_a_reason(said: str, others: bool, manual: bool, reason: Reason) -> None:
    assert why_started(said, others=others, manual=manual) is reason


@pytest.mark.parametrize(
    ("said", "replaced", "reason", "detail"),
    [
        ("IDLE_TIMEOUT", True, Reason.IDLE_TIMEOUT, ""),
        ("NO_TRAFFIC", False, Reason.NO_TRAFFIC, ""),
        ("NO_TRAFFIC", True, Reason.NEW_REVISION, ""),
        ("its revision was deleted", False, Reason.REVISION_DELETED, ""),
        ("START_NOT_NEEDED", False, Reason.START_GIVEN_UP, ""),
        ("something else", False, Reason.SCALE_IN, "something else"),
    ],
)
def test_a_shutting_down_has_a_reason(said: str, replaced: bool, reason: Reason, detail: str) -> None:
    assert why_stopped(said, replaced=replaced) == Event(InstanceState.SHUTTING_DOWN, reason, detail)


def test_the_log_tells_each_change_in_a_sentence() -> None:
    life = lived(OPENED, BUSY, QUIET, DOWN, Event(InstanceState.STOPPED, Reason.IDLE_TIMEOUT))
    assert [instances.text(change, life) for change in life.changes] == [
        "Starting new instance. Reason: request arrived",
        "Instance is idle. Reason: startup probe passed.",
        "Instance is serving. Reason: request arrived.",
        "Instance is idle. Reason: no request in flight.",
        "Shutting down instance. Reason: idle timeout.",
        "Instance stopped. Reason: idle timeout. It lived 25.0 s.",
    ]


@pytest.mark.parametrize(
    ("own", "others", "zone"),
    [
        ("", "", "a"),
        ("a", "a", "b"),
        ("ab", "ab", "c"),
        ("abc", "abc", "a"),
        ("", "aab", "c"),  # where the region has fewest
        ("c", "caab", "b"),  # but first where the revision has fewest
    ],
)
def test_instances_are_spread_over_the_zones(own: str, others: str, zone: str) -> None:
    assert pick_zone(REGION, [f"{REGION}-{z}" for z in own], [f"{REGION}-{z}" for z in others]) == f"{REGION}-{zone}"


@pytest.mark.parametrize(
    ("own", "stopped", "zone"),
    [("", "a", "b"), ("bb", "ab", "c"), ("bbcc", "a", "b"), ("ab", "", "c"), ("", "abc", "a")],
)
def test_nothing_starts_in_a_zone_that_is_stopped_while_there_is_another(own: str, stopped: str, zone: str) -> None:
    zones = [f"{REGION}-{z}" for z in own]
    assert pick_zone(REGION, zones, zones, [f"{REGION}-{z}" for z in stopped]) == f"{REGION}-{zone}"


def test_an_instance_of_which_only_the_id_is_known_has_always_the_same_zone() -> None:
    zones = [zone_of(REGION, f"{number:024x}") for number in range(300)]
    assert zones == [zone_of(REGION, f"{number:024x}") for number in range(300)]
    assert all(zones.count(f"{REGION}-{letter}") > 50 for letter in instances.ZONES)
