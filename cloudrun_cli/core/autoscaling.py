"""How many instances a revision should have: a pure function of its load, its limits and the time.

From zero a waiting request starts instances at once; what is idle for long enough goes. Source: About instance
autoscaling (on-demand scaling, scale to zero), container runtime contract (idle life).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

IDLE_SECONDS = 900.0  # an idle instance lives at most this long. Source: container runtime contract
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


@dataclass(frozen=True, slots=True)
class InstanceLoad:
    """One instance. `idle_since` is the moment (monotonic seconds) its last request ended; None while it serves."""

    id: str
    ready: bool
    in_flight: int
    idle_since: float | None


@dataclass(frozen=True, slots=True)
class Load:
    """What a revision has to do now. `failures` counts its failed starts in a row, the last at `failed_at`; `crashes`
    its instances in a row that started well and ended by themselves soon after, the last at `crashed_at`."""

    waiting: int
    instances: tuple[InstanceLoad, ...]
    failures: int = 0
    failed_at: float = 0.0
    crashes: int = 0
    crashed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Scale:
    """What it may have. `reachable`: a request can get there, by a percent or a tag. `exact`: `most` is the number it
    has, whatever its load, because its service is scaled by hand."""

    concurrency: int
    least: int
    most: int
    idle_seconds: float = IDLE_SECONDS
    reachable: bool = True
    exact: bool = False

    @property
    def patience(self) -> float:
        """How long an instance may be idle."""
        return self.idle_seconds if self.reachable and not self.exact else 0.0


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

ON_DEMAND = "AUTOSCALING"
MIN_INSTANCES = "MANUAL_OR_CUSTOMER_MIN_INSTANCE"
IDLE = "IDLE_TIMEOUT"
UNREACHABLE = "NO_TRAFFIC"


def decide(load: Load, scale: Scale, now: float) -> list[Action]:
    """What to start and what to stop. Never more than `most`, never fewer than `least` while it can be reached."""
    have = len(load.instances)
    least = min(scale.least, scale.most) if scale.reachable else 0
    if have < scale.most and now >= _may_start_at(load):
        coming = sum(scale.concurrency for i in load.instances if not i.ready)
        missing = ceil(max(load.waiting - coming, 0) / scale.concurrency)
        kept = least - have if now >= _may_replace_at(load) else 0  # who waits is served all the same
        wanted = min(max(missing, kept), scale.most - have)
        if wanted > 0:
            return [Start(wanted, ON_DEMAND if missing >= wanted else MIN_INSTANCES)]
    if load.waiting:
        return []
    patience = scale.patience
    spare = [
        i.id for i in _longest_idle_first(load.instances) if i.idle_since is not None and now >= i.idle_since + patience
    ]
    stop = tuple(spare[: max(sum(i.ready for i in load.instances) - least, 0)])  # one that starts is no substitute yet
    return [Stop(stop, IDLE if scale.reachable else UNREACHABLE)] if stop else []


def next_look(load: Load, scale: Scale, now: float) -> float | None:
    """When `decide` may answer otherwise though nothing else happens; None: never. Nobody tells when an instance falls
    idle, so one that serves is looked at again when it could have been idle for long enough."""
    moments = [_may_start_at(load), _may_replace_at(load)] if load.failures or load.crashes else []
    patience = scale.patience
    moments += [i.idle_since + patience for i in load.instances if i.idle_since is not None]
    moments += [now + max(patience, BUSY_SECONDS) for i in load.instances if i.in_flight]
    later = [moment for moment in moments if moment > now]
    return min(later) if later else None


def share(total: int | None, percent: int) -> int | None:
    """A revision's part of a limit of the whole service, rounded up so that every part with traffic has one."""
    return None if total is None else ceil(total * percent / 100)


def _may_start_at(load: Load) -> float:
    pause = RETRY_SECONDS[min(load.failures, len(RETRY_SECONDS) - 1)]
    return load.failed_at + pause


def _may_replace_at(load: Load) -> float:
    return load.crashed_at + RETRY_SECONDS[min(load.crashes, len(RETRY_SECONDS) - 1)]


def _longest_idle_first(instances: Iterable[InstanceLoad]) -> list[InstanceLoad]:
    return sorted((i for i in instances if i.ready and not i.in_flight), key=lambda i: i.idle_since or 0.0)
