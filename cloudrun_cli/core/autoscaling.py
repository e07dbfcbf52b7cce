"""How many instances a revision should have: a pure function of its load's history, its limits and the time.

Two ways lead up. A request that finds no free slot starts an instance at once. Every two seconds the mean of the last
minute says how many instances would be used by 60 % (or as asked for): by their slots, or by their CPU. One way leads
down: at most half of them go at a time, and never below what was wanted at any moment of the last minute; the last one
goes when it was idle for long enough. A panic window has nothing to add to that: who finds no slot is helped at once,
and after a spike nothing goes for a minute. Sources: About instance autoscaling (both ways up, targets, limits),
container runtime contract (idle life), Knative autoscaling (tick, window, rate on the way down).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import TypeVar

from cloudrun_cli.core.load_history import (
    NOTHING,
    TICK_SECONDS,
    LoadHistory,
    is_silent,
    mean_cpus,
    mean_in_flight,
    most_wanted,
    with_sample,
    with_wish,
)

IDLE_SECONDS = 900.0  # an idle instance lives at most this long. Source: container runtime contract
DEFAULT_TARGET = 0.6  # of an instance's slots, and of its CPU. Source: About instance autoscaling
DOWN_RATE = 2  # at most so many times fewer instances per tick. Source: Knative, max-scale-down-rate
BUSY_SECONDS = 1.0  # between two looks at instances that are to go as soon as they are idle
RETRY_SECONDS = (
    0.0,
    1.0,
    2.0,
    4.0,
    8.0,
    16.0,
    30.0,
)  # pauses after failed starts, or crashes, in a row, so that they do not spin
CALM_SECONDS = 10.0  # an instance that has lived so long has not crashed "soon after" its start
_HAIR = 1e-6  # 48 requests on 48 slots are one instance, whatever the last digit of a sum of times says


@dataclass(frozen=True, slots=True)
class InstanceLoad:
    """One instance. `idle_since` is the moment (monotonic seconds) its last request ended, or it came; None while it
    serves. `served`: whether it ever had a request; `begun`: whether its start goes on already, or waits its turn."""

    id: str
    ready: bool
    in_flight: int
    idle_since: float | None
    served: bool = True
    begun: bool = True


@dataclass(frozen=True, slots=True)
class Load:
    """What a revision has to do now, and had to do in the last minute. `failures` counts its failed starts in a row,
    the last at `failed_at`; `crashes` its instances in a row that started well and ended by themselves soon after, the
    last at `crashed_at`. `is_tick`: the history's last sample is of this look, the first since a tick's time."""

    waiting: int
    instances: tuple[InstanceLoad, ...]
    failures: int = 0
    failed_at: float = 0.0
    crashes: int = 0
    crashed_at: float = 0.0
    history: LoadHistory = NOTHING
    is_tick: bool = False

    @property
    def in_flight(self) -> int:
        """Requests that have a slot."""
        return sum(i.in_flight for i in self.instances)


@dataclass(frozen=True, slots=True)
class Scale:
    """What it may have. `reachable`: a request can get there, by a percent or a tag. `exact`: `most` is the number it
    has, whatever its load, because its service is scaled by hand. `coming` instances are to be there before traffic
    comes. A target is the part of an instance that is aimed at; None: this driver is off."""

    concurrency: int
    least: int
    most: int
    idle_seconds: float = IDLE_SECONDS
    reachable: bool = True
    exact: bool = False
    coming: int = 0
    concurrency_target: float | None = DEFAULT_TARGET
    cpu_target: float | None = DEFAULT_TARGET
    cpus: float = 1.0  # of one instance

    @property
    def kept(self) -> int:
        """How many it has without any load."""
        return min(max(self.least, self.coming), self.most) if self.reachable else 0

    @property
    def is_fixed(self) -> bool:
        """Whether load changes nothing: what is too many goes as soon as it is idle."""
        return self.exact or not self.reachable

    @property
    def patience(self) -> float:
        """How long an instance may be idle."""
        return 0.0 if self.is_fixed else self.idle_seconds


@dataclass(frozen=True, slots=True)
class Start:
    """Start so many more, for this reason."""

    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop these, for this reason."""

    instances: tuple[str, ...]
    reason: str


Action = Start | Stop

AUTOSCALING = "AUTOSCALING"
MIN_INSTANCES = "MANUAL_OR_CUSTOMER_MIN_INSTANCE"
ROLLOUT = "DEPLOYMENT_ROLLOUT"
IDLE = "IDLE_TIMEOUT"
SCALE_IN = "SCALE_IN"
UNREACHABLE = "NO_TRAFFIC"
NOT_NEEDED = "START_NOT_NEEDED"
_STARTS = {
    AUTOSCALING: "Instance started because a request found no free slot, or load passed the scaling targets.",
    MIN_INSTANCES: "Instance started because of minimum instances or manual scaling.",
    ROLLOUT: "Instance started to check a deployment, or because traffic is about to come to its revision.",
}


def in_words(reason: str) -> str:
    """The reason of a start as the log tells it."""
    return f"{reason} - {_STARTS[reason]}" if reason in _STARTS else reason


def is_tick(history: LoadHistory, now: float) -> bool:
    """Whether a look at this moment is a tick."""
    return history.sampled_at is None or now >= history.sampled_at + TICK_SECONDS


def remembered(load: Load, scale: Scale, now: float, cpus: Callable[[], float]) -> Load:
    """The load with itself in its history: at a tick as a sample, with the CPUs in use by all its instances; between
    two ticks, only how many instances its requests need."""
    history, tick = load.history, is_tick(load.history, now)
    wish = ceil((load.in_flight + load.waiting) / scale.concurrency)
    if tick:
        history = with_sample(history, load.in_flight, cpus(), now)
        wish = max(wish, wanted(history, scale, now))
    return replace(load, history=with_wish(history, min(wish, scale.most), now), is_tick=tick)


def wanted(history: LoadHistory, scale: Scale, now: float) -> int:
    """The instances that the last minute's load would use as far as is aimed at; the driver that wants more wins."""
    out = 0
    if scale.concurrency_target is not None:
        slots = scale.concurrency * scale.concurrency_target
        out = max(out, ceil(mean_in_flight(history, now) / slots - _HAIR))
    if scale.cpu_target is not None:
        out = max(out, ceil(mean_cpus(history, now) / scale.cpus / scale.cpu_target - _HAIR))
    return out


def decide(load: Load, scale: Scale, now: float) -> list[Action]:
    """What to start and what to stop. Never more than `most`, never fewer than `least` while it can be reached. Fewer
    because of less load only at a tick."""
    start = _start(load, scale, now)
    if start is not None:
        return [start]
    if withdrawn := _not_needed(load, scale, now):
        return [Stop(withdrawn, NOT_NEEDED)]
    if load.waiting:
        return []
    ready = [i for i in load.instances if i.ready]  # one that starts is no substitute yet
    if scale.is_fixed or not _is_used(load, scale, now):
        idle = [i.id for i in _longest_idle_first(ready) if now >= (i.idle_since or 0.0) + scale.patience]
        stop, reason = idle[: max(len(ready) - scale.kept, 0)], IDLE if scale.reachable else UNREACHABLE
    elif load.is_tick:
        keep = max(scale.kept, _lowest(load.history, scale, now), 1, ceil(len(ready) / DOWN_RATE))
        stop, reason = [i.id for i in _least_missed_first(ready)][: max(len(ready) - keep, 0)], SCALE_IN
    else:
        return []
    return [Stop(tuple(stop), reason)] if stop else []


def next_look(load: Load, scale: Scale, now: float) -> float | None:
    """When `decide` may answer otherwise though nobody asks for a slot; None: never. While there is load, and until
    none of it is left in the last minute, that is the next tick."""
    moments = [_may_start_at(load), _may_replace_at(load)] if load.failures or load.crashes else []
    moments += [i.idle_since + scale.patience for i in load.instances if i.idle_since is not None]
    if scale.is_fixed:
        moments += [now + BUSY_SECONDS for i in load.instances if i.in_flight]
    elif load.instances and _is_watched(load, scale, now):
        last = load.history.sampled_at
        moments.append(now + TICK_SECONDS if last is None or last + TICK_SECONDS <= now else last + TICK_SECONDS)
    later = [moment for moment in moments if moment > now]
    return min(later) if later else None


Part = TypeVar("Part")


def shares(total: int, percents: Mapping[Part, int]) -> dict[Part, int]:
    """Instances of a service shared over its revisions by their traffic: whole numbers that sum to the total, and at
    least one for each that has traffic (so more than the total, where it is less than the revisions)."""
    parts = {part: percent for part, percent in percents.items() if percent}
    if not total or not parts:
        return dict.fromkeys(parts, 0)
    due = {part: total * percent / sum(parts.values()) for part, percent in parts.items()}
    out = {part: max(floor(exact), 1) for part, exact in due.items()}
    while (over := sum(out.values()) - total) != 0:
        if over < 0:
            out[max(out, key=lambda part: due[part] - out[part])] += 1
        elif any(count > 1 for count in out.values()):
            out[min((p for p in out if out[p] > 1), key=lambda part: due[part] - out[part])] -= 1
        else:
            break
    return out


def _start(load: Load, scale: Scale, now: float) -> Start | None:
    have = len(load.instances)
    if have >= scale.most or now < _may_start_at(load):
        return None
    coming = sum(scale.concurrency for i in load.instances if not i.ready)
    reasons = [(ceil(max(load.waiting - coming, 0) / scale.concurrency), AUTOSCALING)]
    if now >= _may_replace_at(load):  # who waits is served all the same
        if have and not scale.is_fixed and _is_used(load, scale, now):
            reasons.append((wanted(load.history, scale, now) - have, AUTOSCALING))
        if scale.reachable:
            reasons.append((min(scale.least, scale.most) - have, MIN_INSTANCES))
            reasons.append((min(scale.coming, scale.most) - have, ROLLOUT))
    count, reason = max(reasons, key=lambda found: found[0])
    count = min(count, scale.most - have)
    return Start(count, reason) if count > 0 else None


def _not_needed(load: Load, scale: Scale, now: float) -> tuple[str, ...]:
    """Those whose start still waits its turn, and for whom nobody waits any more: the others were quick enough."""
    queued = [i.id for i in load.instances if not i.begun]
    if not queued:
        return ()
    ready = sum(i.ready for i in load.instances)
    need = max(ceil(load.waiting / scale.concurrency), scale.kept - ready)
    if not scale.is_fixed and _is_used(load, scale, now):
        need = max(need, min(wanted(load.history, scale, now), scale.most) - ready)
    spare = len(load.instances) - ready - need
    return tuple(queued[-spare:]) if spare > 0 else ()


def _lowest(history: LoadHistory, scale: Scale, now: float) -> int:
    """No fewer than were wanted at any moment of the last minute; of less, where idle instances may live less."""
    return max(wanted(history, scale, now), most_wanted(history, scale.patience, now))


def _is_used(load: Load, scale: Scale, now: float) -> bool:
    """Whether a request is there, or was as lately as idle instances live."""
    if load.waiting:
        return True
    return any(
        i.in_flight or (i.served and i.idle_since is not None and now < i.idle_since + scale.patience)
        for i in load.instances
    )


def _is_watched(load: Load, scale: Scale, now: float) -> bool:
    """Whether the next tick may matter."""
    if load.waiting or load.in_flight or not is_silent(load.history, now):
        return True
    return sum(i.ready for i in load.instances) > max(scale.kept, 1) and _is_used(load, scale, now)


def _may_start_at(load: Load) -> float:
    pause = RETRY_SECONDS[min(load.failures, len(RETRY_SECONDS) - 1)]
    return load.failed_at + pause


def _may_replace_at(load: Load) -> float:
    return load.crashed_at + RETRY_SECONDS[min(load.crashes, len(RETRY_SECONDS) - 1)]


def _longest_idle_first(ready: Iterable[InstanceLoad]) -> list[InstanceLoad]:
    return sorted((i for i in ready if not i.in_flight and i.idle_since is not None), key=lambda i: i.idle_since or 0.0)


def _least_missed_first(ready: Iterable[InstanceLoad]) -> list[InstanceLoad]:
    """Those that are idle, the longest first; then those with few requests, which they finish before they go."""
    return sorted(ready, key=lambda i: (i.in_flight, i.idle_since or 0.0))
