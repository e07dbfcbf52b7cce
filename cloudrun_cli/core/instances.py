"""The life of an instance: where it is, since when and why, as a value and the rules by which it goes on.

    starting ─→ idle ⇄ serving        any of them ─→ shutting-down ─→ stopped

Source: container runtime contract (instance life cycle), section "Starting, Serving requests, Idle, Shutting down". A
pause between two requests is idleness at once, for the CPU and for whoever looks; it becomes a part of its history,
and of the log, once it has lasted: an instance under load would have thousands of them a second.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zlib import crc32

from cloudrun_cli.core.resources import RevisionRef

PAUSE = timedelta(seconds=5)  # ours: idleness shorter than this is no change that is told of
KEPT_CHANGES = 40  # of one life: its first ones, and its latest
_FIRST_CHANGES = 4
ZONES = ("a", "b", "c")  # of every region


class InstanceState(StrEnum):
    """Where an instance is in its life."""

    STARTING = "starting"
    SERVING = "serving"
    IDLE = "idle"
    SHUTTING_DOWN = "shutting-down"
    STOPPED = "stopped"


class Reason(StrEnum):
    """Why it is there."""

    # starting
    REQUEST = "request arrived"  # also: serving
    SCALE_OUT = "scale out"
    MIN_INSTANCES = "min instances"
    MANUAL_SCALING = "manual scaling"
    ROLLOUT = "deployment rollout"
    # idle
    STARTED = "startup probe passed"
    NO_REQUEST = "no request in flight"
    ADOPTED = "adopted by a new daemon"
    # shutting down, or stopped without that
    IDLE_TIMEOUT = "idle timeout"
    SCALE_IN = "scale in"
    NO_TRAFFIC = "no traffic"
    NEW_REVISION = "new revision"
    REVISION_DELETED = "revision deleted"
    FAILED_STARTUP = "failed startup"
    START_GIVEN_UP = "start given up"
    FAILED_LIVENESS = "failed liveness"
    OUT_OF_MEMORY = "out of memory"
    WITHOUT_CPU = "CPU not given back"
    ZONE_STOPPED = "zone stopped"
    EXITED = "container exited"
    REMOVED = "removed from outside"
    NOT_UP = "not up when adopted"
    EMULATOR_STOPS = "emulator stops"


_NEXT = {
    InstanceState.STARTING: (InstanceState.SERVING, InstanceState.IDLE),
    InstanceState.SERVING: (InstanceState.IDLE,),
    InstanceState.IDLE: (InstanceState.SERVING,),
    InstanceState.SHUTTING_DOWN: (),
    InstanceState.STOPPED: (),
}
_ENDS = (InstanceState.SHUTTING_DOWN, InstanceState.STOPPED)

_STARTS = {  # the words of the log, as the real one has them
    "DEPLOYMENT_ROLLOUT": Reason.ROLLOUT,
    "MANUAL_OR_CUSTOMER_MIN_INSTANCE": Reason.MIN_INSTANCES,
}
_STOPS = {
    "IDLE_TIMEOUT": Reason.IDLE_TIMEOUT,
    "NO_TRAFFIC": Reason.NO_TRAFFIC,
    "SCALE_IN": Reason.SCALE_IN,
    "START_NOT_NEEDED": Reason.START_GIVEN_UP,
    "its revision was deleted": Reason.REVISION_DELETED,
}


@dataclass(frozen=True, slots=True)
class Event:
    """What happens to an instance: it comes to be in a state, for a reason, of which `detail` may say more."""

    state: InstanceState
    reason: Reason
    detail: str = ""


BUSY = Event(InstanceState.SERVING, Reason.REQUEST)
QUIET = Event(InstanceState.IDLE, Reason.NO_REQUEST)
OPENED = Event(InstanceState.IDLE, Reason.STARTED)
ADOPTED = Event(InstanceState.IDLE, Reason.ADOPTED)


@dataclass(frozen=True, slots=True)
class Change:
    """It has been in this state since then."""

    state: InstanceState
    at: datetime
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class InstanceLife:
    """One instance. `changes` is its history, oldest first, of which `left_out` were left out after the first few;
    `pause` is an idleness that is too young to be in it."""

    id: str
    revision: RevisionRef
    service: str
    zone: str  # of its region, whole: us-central1-a
    changes: tuple[Change, ...]
    pause: Change | None = None
    left_out: int = 0

    @property
    def now(self) -> Change:
        """Where it is, since when and why."""
        return self.pause or self.changes[-1]

    @property
    def state(self) -> InstanceState:
        """Where it is."""
        return self.now.state

    @property
    def began(self) -> datetime:
        """When its start was begun."""
        return self.changes[0].at

    @property
    def is_over(self) -> bool:
        """Whether it is no more."""
        return self.state is InstanceState.STOPPED

    @property
    def history(self) -> tuple[Change, ...]:
        """All that is known of it, up to now."""
        return (*self.changes, self.pause) if self.pause else self.changes


def begun(
    id: str, revision: RevisionRef, service: str, zone: str, reason: Reason, now: datetime, detail: str = ""
) -> InstanceLife:
    """An instance whose start has just been decided."""
    return InstanceLife(id, revision, service, zone, (Change(InstanceState.STARTING, now, reason, detail),))


def after(life: InstanceLife, event: Event, now: datetime) -> InstanceLife:
    """The instance after this has happened to it. What cannot happen any more, or is so already, changes nothing."""
    life = settled(life, now)
    if not _may_follow(life.state, event):
        return life
    change = Change(event.state, now, event.reason, event.detail)
    if event.state is InstanceState.IDLE and event.reason is not Reason.ADOPTED:
        return replace(life, pause=change)
    if event.state is InstanceState.SERVING and life.pause is not None:
        life = replace(life, pause=None)  # too short to be told of
        return life if life.state is InstanceState.SERVING else _grown(life, change)
    return _grown(_grown(life, life.pause), change)


def settled(life: InstanceLife, now: datetime) -> InstanceLife:
    """The same instance, with an idleness that has lasted for long enough in its history."""
    if life.pause is None or now < life.pause.at + PAUSE:
        return life
    return _grown(life, life.pause)


def news(before: InstanceLife, life: InstanceLife) -> Sequence[tuple[Change, Change]]:
    """The changes that were not in its history before, oldest first, each with the one that it followed."""
    fresh = len(life.changes) + life.left_out - len(before.changes) - before.left_out
    whole = (*before.changes[-1:], *life.changes[len(life.changes) - fresh :])
    return list(pairwise(whole))


def why_started(said: str, *, others: bool, manual: bool) -> Reason:
    """The reason of a start by its word in the log. `others`: the revision has instances already; `manual`: their
    number is set by hand."""
    reason = _STARTS.get(said)
    if reason is Reason.MIN_INSTANCES and manual:
        return Reason.MANUAL_SCALING
    return reason or (Reason.SCALE_OUT if others else Reason.REQUEST)


def why_stopped(said: str, *, replaced: bool) -> Event:
    """The shutting down for which somebody gave this word. `replaced`: a newer revision of its service runs."""
    reason = _STOPS.get(said)
    if reason is None:
        return Event(InstanceState.SHUTTING_DOWN, Reason.SCALE_IN, said)
    if reason is Reason.NO_TRAFFIC and replaced:
        reason = Reason.NEW_REVISION
    return Event(InstanceState.SHUTTING_DOWN, reason)


def text(change: Change, life: InstanceLife) -> str:
    """The change in the words of the log."""
    more = f" ({change.detail})" if change.detail else ""
    match change.state:
        case InstanceState.STARTING:
            return f"Starting new instance. Reason: {change.reason}{more}"
        case InstanceState.SERVING | InstanceState.IDLE:
            return f"Instance is {change.state}. Reason: {change.reason}{more}."
        case InstanceState.SHUTTING_DOWN:
            return f"Shutting down instance. Reason: {change.reason}{more}."
        case InstanceState.STOPPED:
            seconds = (change.at - life.began).total_seconds()
            return f"Instance stopped. Reason: {change.reason}{more}. It lived {seconds:.1f} s."


def zones_of(region: str) -> tuple[str, ...]:
    """The zones of a region."""
    return tuple(f"{region}-{zone}" for zone in ZONES)


def pick_zone(region: str, own: Iterable[str], others: Iterable[str], stopped: Container[str] = ()) -> str:
    """The zone for one more instance: where its revision has fewest (`own` are the zones of its instances), among
    those where the region has fewest; not one that is stopped, unless all are."""
    mine, all_, zones = list(own), list(others), zones_of(region)
    left = [zone for zone in zones if zone not in stopped] or zones
    return min(left, key=lambda zone: (mine.count(zone), all_.count(zone), zone))


def zone_of(region: str, id: str) -> str:
    """The zone of an instance of which only the id is known: always the same one."""
    return f"{region}-{ZONES[crc32(id.encode()) % len(ZONES)]}"


def _may_follow(state: InstanceState, event: Event) -> bool:
    if state is InstanceState.STOPPED:
        return False
    if event.reason is Reason.ADOPTED:
        return True
    if event.state in _ENDS:
        return state is not event.state
    return event.state in _NEXT[state]


def _grown(life: InstanceLife, change: Change | None) -> InstanceLife:
    if change is None:
        return life
    changes, left_out = (*life.changes, change), life.left_out
    if len(changes) > KEPT_CHANGES:
        changes, left_out = (*changes[:_FIRST_CHANGES], *changes[_FIRST_CHANGES + 1 :]), left_out + 1
    return replace(life, changes=changes, pause=None, left_out=left_out)
