"""Schedules in English. Evidence: documented (App Engine cron reference), and ours at the change of clocks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cloudrun_cli.core.english_schedules import is_english, parse
from cloudrun_cli.core.errors import InvalidArgument

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 6, 1, 12, 7, tzinfo=UTC)


def ticks(text: str, since: datetime, zone: ZoneInfo, count: int) -> list[str]:
    recurrence, out = parse(text, zone), []
    moment: datetime | None = since
    for _ in range(count):
        assert moment is not None
        moment = recurrence.after(moment)
        assert moment is not None
        out.append(f"{moment.astimezone(UTC):%m-%d %H:%M}")
    return out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("every 5 minutes", ["06-01 12:12", "06-01 12:17"]),
        ("every 12 hours", ["06-02 00:07", "06-02 12:07"]),
        ("every 5 minutes from 12:00 to 12:10", ["06-01 12:10", "06-02 12:00", "06-02 12:05"]),
        ("every 30 mins from 23:30 to 00:30", ["06-01 23:30", "06-02 00:00", "06-02 00:30", "06-02 23:30"]),
        ("every 2 hours synchronized", ["06-01 14:00", "06-01 16:00"]),
        ("every day 00:00", ["06-02 00:00", "06-03 00:00"]),
        ("Every Monday 09:00", ["06-08 09:00", "06-15 09:00"]),
        ("every mon, wed 09:00", ["06-03 09:00", "06-08 09:00"]),
        ("2nd,third mon,wed,thu of march 17:00", ["03-08 17:00", "03-10 17:00", "03-11 17:00", "03-15 17:00"]),
        ("1st monday of sep,oct,nov 17:00", ["09-07 17:00", "10-05 17:00", "11-02 17:00"]),
        ("1 of jan,april,july,oct 00:00", ["07-01 00:00", "10-01 00:00", "01-01 00:00"]),
        ("first day of quarter 00:00", [f"07-0{day} 00:00" for day in range(1, 8)] + ["10-01 00:00"]),
        ("29 of february 06:00", ["02-29 06:00"]),
        ("every wednesday of quarter 6:30", ["07-01 06:30", "07-08 06:30"]),
    ],
)
def test_the_documented_forms_have_their_ticks(text: str, expected: list[str]) -> None:
    assert is_english(text)
    assert ticks(text, MONDAY, ZoneInfo("UTC"), len(expected)) == expected


@pytest.mark.parametrize(
    ("text", "since", "expected"),
    [
        ("every day 02:30", datetime(2026, 3, 7, 12, tzinfo=UTC), ["03-08 07:00", "03-09 06:30"]),
        ("every day 01:30", datetime(2026, 10, 31, 12, tzinfo=UTC), ["11-01 05:30", "11-02 06:30"]),
        (
            "every 30 minutes synchronized",
            datetime(2026, 11, 1, 5, 15, tzinfo=UTC),
            ["11-01 05:30", "11-01 06:00", "11-01 06:30", "11-01 07:00"],
        ),
        (
            "every 30 minutes from 01:30 to 03:00",
            datetime(2026, 3, 8, 5, 0, tzinfo=UTC),
            ["03-08 06:30", "03-08 07:00", "03-09 05:30"],
        ),
    ],
)
def test_times_are_those_of_a_wall_when_the_clocks_change(text: str, since: datetime, expected: list[str]) -> None:
    assert ticks(text, since, NEW_YORK, len(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "every",
        "every foo 09:00",
        "every day",
        "every day 24:00",
        "every 0 minutes",
        "every 7 hours synchronized",
        "every 5 minutes from 10:00",
        "sixth monday of month 09:00",
        "0 of month 09:00",
        "32 of month 09:00",
        ", of month 09:00",
        "every m 09:00",
        "every monday of foo 09:00",
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="is not understood"):
        parse(text, ZoneInfo("UTC"))
