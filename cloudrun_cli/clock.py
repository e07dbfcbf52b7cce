"""Time as the edges see it: what the moment is, how long something took, and how to wait."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of moments and of waiting. `core` never holds one; it is told `now`."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed point, never going back: for measuring, not for telling the time."""
        ...

    def sleep(self, length: timedelta) -> None:
        """Come back once `length` has passed; at once when it is zero or less."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, length: timedelta) -> None:
        time.sleep(max(0.0, length.total_seconds()))
