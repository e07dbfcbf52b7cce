"""The waterfall of a cold start: what a request waited for, from its coming to the first byte of its answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Start:
    """The moments of an instance's start. `created`: the engine begins to make it, after waiting for its turn and a
    network; `running`: its first container runs; `ready`: every startup probe has passed."""

    begun: datetime
    created: datetime
    running: datetime
    ready: datetime


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The parts of a cold start, one after the other; together they are all of it."""

    queued: timedelta  # until somebody began to start an instance
    create: timedelta  # until the engine had its turn for it
    start: timedelta  # until its first container ran
    probe: timedelta  # until it was well
    first_byte: timedelta  # until it answered

    @property
    def parts(self) -> dict[str, timedelta]:
        """By name, in order."""
        return {
            "queued": self.queued,
            "create": self.create,
            "start": self.start,
            "probe": self.probe,
            "firstByte": self.first_byte,
        }

    @property
    def total(self) -> timedelta:
        """All of it."""
        return sum(self.parts.values(), timedelta())


def waterfall(asked: datetime, start: Start, first_byte: datetime) -> Waterfall:
    """What a request that came at `asked` waited for. What had been done before it came cost it nothing."""
    moments = [asked]
    for moment in (start.begun, start.created, start.running, start.ready, first_byte):
        moments.append(min(max(moment, moments[-1]), max(first_byte, asked)))
    return Waterfall(*(later - earlier for earlier, later in pairwise(moments)))


def in_milliseconds(found: Waterfall) -> dict[str, float]:
    """Its parts and their total, as they are logged."""
    named = {f"{name}Ms": length for name, length in found.parts.items()} | {"totalMs": found.total}
    return {name: round(length.total_seconds() * 1000, 1) for name, length in named.items()}


def text(found: Waterfall) -> str:
    """In a sentence."""
    words = {"firstByte": "first byte"}
    parts = ", ".join(f"{words.get(name, name)} {_ms(length)}" for name, length in found.parts.items())
    return f"Cold start: the request waited {_ms(found.total)} ms for its first byte: {parts}."


def _ms(length: timedelta) -> str:
    return f"{length.total_seconds() * 1000:.0f}"
