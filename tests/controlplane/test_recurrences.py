"""The ticks of five fields, in their time zone. Evidence: documented (Cloud Scheduler, Cron job format; cron on Debian
at the change of clocks)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.controlplane.recurrences import recurrence
from cloudrun_cli.core.errors import InvalidArgument

NEW_YORK = "America/New_York"
SUMMER, WINTER = datetime(2026, 3, 8, 5, 50, tzinfo=UTC), datetime(2026, 11, 1, 5, 10, tzinfo=UTC)  # clocks change


def ticks(when: str, zone: str, since: datetime, count: int) -> list[str]:
    out, moment = [], since
    for _ in range(count):
        found = recurrence(when, zone).after(moment)
        assert found is not None
        assert found.tzinfo is UTC
        out.append(f"{found:%m-%d %H:%M}")
        moment = found
    return out


@pytest.mark.parametrize(
    ("when", "zone", "since", "expected"),
    [
        ("*/5 * * * *", "utc", SUMMER, ["03-08 05:55", "03-08 06:00"]),
        ("0 3 * * *", "Etc/UTC", SUMMER, ["03-09 03:00", "03-10 03:00"]),
        ("0 9 * * MON-FRI", "Europe/Berlin", SUMMER, ["03-09 08:00", "03-10 08:00"]),
        ("0 0 1 * SAT", "UTC", WINTER, ["11-07 00:00", "11-14 00:00", "11-21 00:00", "11-28 00:00", "12-01 00:00"]),
        ("0 0 * jan 7", "UTC", WINTER, ["01-03 00:00", "01-10 00:00"]),
        ("0 0 29 2 *", "UTC", WINTER, ["02-29 00:00"]),
        # forward: 02:30 does not exist, and is made up for at 03:00; what follows the clock goes on
        ("30 2 * * *", NEW_YORK, SUMMER, ["03-08 07:00", "03-09 06:30"]),
        ("30 * * * *", NEW_YORK, SUMMER, ["03-08 06:30", "03-08 07:30"]),
        # back: 01:30 comes twice, and counts once; what follows the clock goes on
        ("30 1 * * *", NEW_YORK, WINTER, ["11-01 05:30", "11-02 06:30"]),
        ("30 1 * * *", NEW_YORK, WINTER + timedelta(hours=1), ["11-02 06:30"]),
        ("*/30 * * * *", NEW_YORK, WINTER, ["11-01 05:30", "11-01 06:00", "11-01 06:30", "11-01 07:00"]),
        ("every monday 09:00", NEW_YORK, SUMMER, ["03-09 13:00", "03-16 13:00"]),
    ],
)
def test_fields_have_their_ticks(when: str, zone: str, since: datetime, expected: list[str]) -> None:
    assert ticks(when, zone, since, len(expected)) == expected


@pytest.mark.parametrize(
    "when",
    [
        *("", "* * * *", "* * * * * *", "@daily", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8"),
        *("0 0 30 2 *", "0 0 L * *", "0 0 * * MON#1", "0 0 * * 5L", "5-1 * * * *", "*/0 * * * *", "0 0 * * FOO"),
        *("every", "every day", "tomorrow"),
    ],
)
def test_what_is_no_schedule_is_refused_and_named(when: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        recurrence(when, "UTC")
    assert f"[{when}]" in refused.value.message
    assert refused.value.field == "schedule"


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "America", "EST5EDT,M3.2.0"])
def test_a_time_zone_that_there_is_not_is_refused(zone: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        recurrence("* * * * *", zone)
    assert refused.value.field == "timeZone"


FIELDS = st.sampled_from(
    ["* * * * *", "*/7 * * * *", "0 */3 * * *", "30 2 * * *", "15,45 1-3 * * SUN", "every 20 minutes synchronized"]
)
ZONES = st.sampled_from(["UTC", NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(when=FIELDS, zone=ZONES, moment=MOMENTS)
def test_the_next_tick_lies_ahead_and_there_is_none_between(when: str, zone: str, moment: datetime) -> None:
    recurring = recurrence(when, zone)
    first = recurring.after(moment)
    assert first is not None
    assert first > moment
    between = moment + (first - moment) / 2
    assert recurring.after(between) == first
