"""Schedules in English, as App Engine has them: `every 12 hours`, `every 5 minutes from 10:00 to 14:00`,
`1st,third monday of jan,april 17:00`, `1,15 of month 09:00`.

Times are those of a wall: one that is skipped when the clocks go forward counts at the end of the gap, one that comes
twice when they go back counts the first time; intervals of minutes and hours run through both.
Source: App Engine cron reference, The schedule format.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from cloudrun_cli.core.errors import InvalidArgument

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_QUARTERS = (1, 4, 7, 10)
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_NUMBERED = ("1st", "2nd", "3rd", "4th", "5th")
_DAY_MINUTES = 24 * 60
_LONGEST_SEARCH = timedelta(days=366 * 9)  # no 29 February lies further away

_TIME = r"(\d\d?):([0-5]\d)"
_INTERVAL = re.compile(rf"every (\d+) (hours?|mins?|minutes?)(?: (synchronized)| from {_TIME} to {_TIME})?")
_ON_DAYS = re.compile(rf"(\S+) (\S+)(?: of (\S+))? {_TIME}")
_OF_MONTH = re.compile(rf"([\d,]+) of (\S+) {_TIME}")


@dataclass(frozen=True, slots=True)
class FromEnd:
    """So long after the end of the execution before."""

    interval: timedelta
    from_end: bool = True

    def after(self, moment: datetime) -> datetime | None:
        return (moment + self.interval).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Within:
    """Every so many minutes between two times of the day, both inclusive; over midnight when the second is earlier."""

    minutes: int
    first: int
    last: int
    zone: tzinfo
    from_end: bool = False

    def after(self, moment: datetime) -> datetime | None:
        length = (self.last - self.first) % _DAY_MINUTES
        steps = [self.first + offset for offset in range(0, length + 1, self.minutes)]
        day = moment.astimezone(self.zone).date() - timedelta(days=1)
        while True:
            found = [tick for minute in steps for tick in _each(day, minute, self.zone) if tick > moment]
            if found:
                return min(found)
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OnDays:
    """At a time on some days of some months: weekdays, perhaps only the first, second … of a month; or days by their
    number."""

    minute: int
    months: frozenset[int]
    zone: tzinfo
    weekdays: frozenset[int] = frozenset()
    which: frozenset[int] = frozenset()
    numbers: frozenset[int] = frozenset()
    from_end: bool = False

    def after(self, moment: datetime) -> datetime | None:
        day = moment.astimezone(self.zone).date()
        last = day + _LONGEST_SEARCH
        while day <= last:
            if self._is_meant(day) and (tick := _once(day, self.minute, self.zone)) > moment:
                return tick
            day += timedelta(days=1)
        return None

    def _is_meant(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        if self.numbers:
            return day.day in self.numbers
        return day.weekday() in self.weekdays and (not self.which or (day.day + 6) // 7 in self.which)


def is_english(text: str) -> bool:
    """Whether that is meant to be a schedule in words, not in fields."""
    words = text.lower().split()
    return bool(words) and (words[0].startswith(("every", *_ORDINALS, *_NUMBERED)) or "of" in words)


def parse(text: str, zone: tzinfo) -> FromEnd | Within | OnDays:
    """The ticks of a schedule in English. Raises InvalidArgument."""
    plain = re.sub(r",\s+", ",", " ".join(text.lower().split()))
    if found := _INTERVAL.fullmatch(plain):
        return _interval(text, found, zone)
    if found := _OF_MONTH.fullmatch(plain):
        numbers = frozenset(int(number) for number in found[1].split(",") if number)
        if not numbers or not numbers <= set(range(1, 32)):
            raise _strange(text, f"[{found[1]}] are no days of a month")
        return OnDays(_minute(text, found[3], found[4]), _months(text, found[2]), zone, numbers=numbers)
    if found := _ON_DAYS.fullmatch(plain):
        return OnDays(
            _minute(text, found[4], found[5]),
            _months(text, found[3] or "month"),
            zone,
            weekdays=_weekdays(text, found[2]),
            which=_which(text, found[1]),
        )
    raise _strange(text, "it is none of the forms in words, nor five fields")


def _interval(text: str, found: "re.Match[str]", zone: tzinfo) -> FromEnd | Within:
    minutes = int(found[1]) * (60 if found[2].startswith("hour") else 1)
    if not 0 < minutes <= 366 * _DAY_MINUTES:
        raise _strange(text, f"[{found[1]} {found[2]}] is no interval")
    if found[3]:
        if _DAY_MINUTES % minutes:
            raise _strange(text, "a synchronized interval must divide the 24 hours of a day evenly")
        return Within(minutes, 0, _DAY_MINUTES - 1, zone)
    if found[4]:
        return Within(minutes, _minute(text, found[4], found[5]), _minute(text, found[6], found[7]), zone)
    return FromEnd(timedelta(minutes=minutes))


def _minute(text: str, hours: str, minutes: str) -> int:
    if int(hours) > 23:
        raise _strange(text, f"[{hours}:{minutes}] is no time of a day")
    return int(hours) * 60 + int(minutes)


def _months(text: str, said: str) -> frozenset[int]:
    if said == "month":
        return frozenset(range(1, 13))
    if said == "quarter":
        return frozenset(_QUARTERS)
    return frozenset(_place(text, name, _MONTHS) + 1 for name in said.split(","))


def _weekdays(text: str, said: str) -> frozenset[int]:
    return frozenset(range(7)) if said == "day" else frozenset(_place(text, name, _DAYS) for name in said.split(","))


def _which(text: str, said: str) -> frozenset[int]:
    if said == "every":
        return frozenset()
    return frozenset(
        (_NUMBERED.index(word) if word in _NUMBERED else _place(text, word, _ORDINALS, whole=True)) + 1
        for word in said.split(",")
    )


def _place(text: str, name: str, names: Sequence[str], *, whole: bool = False) -> int:
    """Where a name is among the names; three letters of it are enough unless it must be whole."""
    for place, known in enumerate(names):
        if name == known or (not whole and len(name) >= 3 and known.startswith(name)):
            return place
    raise _strange(text, f"[{name}] is not known")


def _each(day: date, minute: int, zone: tzinfo) -> Iterator[datetime]:
    """Every moment at which the clocks of a zone show that minute of a day: none in a gap, two where it is repeated."""
    shown = datetime.combine(day, time()) + timedelta(minutes=minute)
    for fold in (0, 1):
        tick = shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if tick.astimezone(zone).replace(tzinfo=None) == shown:
            yield tick


def _once(day: date, minute: int, zone: tzinfo) -> datetime:
    """The first such moment; for one in a gap its end."""
    found = next(_each(day, minute, zone), None)
    while found is None:
        minute += 1
        found = next(_each(day, minute, zone), None)
    return found


def _strange(text: str, problem: str) -> InvalidArgument:
    return InvalidArgument(
        f"Schedule [{text}] is not understood: {problem}.",
        field="schedule",
        hint='Give five fields, as in "*/5 * * * *", or words, as in "every monday 09:00".',
    )
