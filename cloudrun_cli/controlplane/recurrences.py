"""The ticks of a schedule, from its five fields or its English, in its time zone. Only this module knows cronsim.

Fields are those of cron on Debian: a day counts when either of day of month and day of week is met, unless one of them
begins with a star; a time that the clocks skip is made up for at the end of the gap, a time that comes twice counts
once, and schedules with a star for the hour or minute follow the clocks. Source: Cloud Scheduler, Cron job format.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from cloudrun_cli.core import english_schedules
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.firing import Recurrence

_FIELDS = re.compile(r"[0-9A-Za-z*/,-]+( [0-9A-Za-z*/,-]+){4}")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True, slots=True)
class Cron:
    """The ticks of five fields."""

    fields: str
    zone: ZoneInfo
    from_end: bool = False

    def after(self, moment: datetime) -> datetime | None:
        local = moment.astimezone(self.zone)
        for tick in CronSim(self.fields, local):
            found = tick.astimezone(UTC)
            if found > moment:  # in the hour that comes twice, the first tick may lie behind
                return found
        return None


@lru_cache(maxsize=4096)
def recurrence(when: str, time_zone: str) -> Recurrence:
    """The ticks. Raises InvalidArgument for what is no schedule, for one that never comes, and for a zone that there
    is not."""
    zone = _zone(time_zone)
    if english_schedules.is_english(when):
        ticks: Recurrence = english_schedules.parse(when, zone)
    else:
        ticks = Cron(_fields(when), zone)
    if ticks.after(datetime(2024, 1, 1, tzinfo=UTC)) is None:
        raise _invalid(when, "it never comes")
    return ticks


def _fields(when: str) -> str:
    fields = " ".join(when.split())
    if not _FIELDS.fullmatch(fields):
        raise _invalid(when, "it has not the five fields minute, hour, day of the month, month, day of the week")
    if strange := [word for word in re.findall("[A-Za-z]+", fields) if word.upper() not in _DAYS + _MONTHS]:
        raise _invalid(when, f"[{strange[0]}] is not known")
    try:
        CronSim(fields, datetime(2024, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise _invalid(when, str(error).lower()) from error
    return fields


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo("UTC" if name.lower() == "utc" else name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidArgument(
            f"Time zone [{name}] is not known. It must be a name of the tz database, such as America/New_York.",
            field="timeZone",
        ) from error


def _invalid(when: str, problem: str) -> InvalidArgument:
    return InvalidArgument(
        f"Schedule or time zone is invalid: [{when}] is not a schedule, {problem}.",
        field="schedule",
        hint='Give five fields, as in "*/5 * * * *", or words, as in "every monday 09:00".',
    )
