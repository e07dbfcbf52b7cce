"""What a revision had to do in the last minute: a small frozen value, fed by a sample at every tick.

Where nobody took samples nothing happened: the mean of a minute that began with silence counts the silence. Source:
About instance autoscaling (mean over one minute); Knative autoscaling (tick of 2 s, window of 60 s).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

TICK_SECONDS = 2.0  # between two samples
WINDOW_SECONDS = 60.0  # of which means are taken
BUCKETS = 30  # 60 s window / 2 s ticks; a 31st is kept while it is only partly out of the window


@dataclass(frozen=True, slots=True)
class Bucket:
    """Two seconds: `number` counts them on the caller's clock. Requests in flight, and CPUs in use, each times seconds;
    `wanted` are the most instances that were wanted in them."""

    number: int
    request_seconds: float = 0.0
    cpu_seconds: float = 0.0
    wanted: int = 0


@dataclass(frozen=True, slots=True)
class LoadHistory:
    """The last minute, oldest first, without the buckets in which nothing was. `sampled_at` is the last tick."""

    buckets: tuple[Bucket, ...] = ()
    sampled_at: float | None = None


NOTHING = LoadHistory()


def with_sample(history: LoadHistory, in_flight: float, cpus: float, now: float) -> LoadHistory:
    """With so many requests in flight and CPUs in use since the last tick; or, where nothing is known of the time
    before, for the length of one tick."""
    recent = _recent(history.buckets, now)
    begin = now - TICK_SECONDS
    if recent and history.sampled_at is not None:
        begin = max(history.sampled_at, now - WINDOW_SECONDS)
    if not in_flight and not cpus:
        return LoadHistory(recent, now)
    known = {bucket.number: bucket for bucket in recent}
    for number in range(_number(begin), _number(now) + 1):
        seconds = min(now, (number + 1) * TICK_SECONDS) - max(begin, number * TICK_SECONDS)
        if seconds > 0:
            old = known.get(number, Bucket(number))
            known[number] = replace(
                old,
                request_seconds=old.request_seconds + in_flight * seconds,
                cpu_seconds=old.cpu_seconds + cpus * seconds,
            )
    return LoadHistory(tuple(known[number] for number in sorted(known)), now)


def with_wish(history: LoadHistory, wanted: int, now: float) -> LoadHistory:
    """With so many instances wanted at this moment; only the most of two seconds is remembered."""
    recent, number = _recent(history.buckets, now), _number(now)
    if wanted <= 0:
        return replace(history, buckets=recent)
    last = recent[-1] if recent and recent[-1].number == number else Bucket(number)
    others = recent[:-1] if recent and recent[-1].number == number else recent
    return replace(history, buckets=(*others, replace(last, wanted=max(last.wanted, wanted))))


def mean_in_flight(history: LoadHistory, now: float) -> float:
    """Requests in flight, on average over the last minute."""
    return _sum(((b.number, b.request_seconds) for b in history.buckets), now) / WINDOW_SECONDS


def mean_cpus(history: LoadHistory, now: float) -> float:
    """CPUs in use, on average over the last minute: seconds of CPU per second."""
    return _sum(((b.number, b.cpu_seconds) for b in history.buckets), now) / WINDOW_SECONDS


def most_wanted(history: LoadHistory, seconds: float, now: float) -> int:
    """The most instances that were wanted at any moment of the last so many seconds."""
    first = _number(now - min(seconds, WINDOW_SECONDS))
    return max((b.wanted for b in history.buckets if b.number >= first), default=0)


def is_silent(history: LoadHistory, now: float) -> bool:
    """Whether nothing was done or wanted in the last minute."""
    return not _recent(history.buckets, now)


def _number(moment: float) -> int:
    return int(moment // TICK_SECONDS)


def _recent(buckets: Iterable[Bucket], now: float) -> tuple[Bucket, ...]:
    oldest = _number(now) - BUCKETS
    return tuple(bucket for bucket in buckets if bucket.number >= oldest)


def _sum(seconds: Iterable[tuple[int, float]], now: float) -> float:
    """What lies in the window, which the oldest bucket leaves little by little."""
    begin = now - WINDOW_SECONDS
    oldest = _number(begin)
    left = (oldest + 1) - begin / TICK_SECONDS
    return sum(value if number > oldest else value * left for number, value in seconds if number >= oldest)
