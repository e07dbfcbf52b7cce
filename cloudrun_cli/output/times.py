"""Moments and lengths of time as text: read leniently, written as gcloud writes them.

What lies at UTC in the usual RFC 3339 form is rewritten without datetime, since every table of revisions or jobs
needs it. Source: gcloud topic datetimes, gcloud topic projections (date, duration).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

STAMP_LENGTH = len("2026-01-10T09:00:02")
DATE_FORMATS = (
    "%Y-%b-%d",
    "%d-%b-%Y",
    "%b-%d-%Y",
    "%m-%d-%Y",
    "%d %b %Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a %b %d %H:%M:%S %Y",
)
UNITS = (("Y", 31_556_952), ("M", 2_629_746), ("D", 86_400), ("H", 3_600), ("M", 60), ("S", 1))  # mean lengths, in s
HOURS_PLACE = 3
MICRO_DIGITS = 6
DURATION = r"([-+]?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T?(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?"
DURATION_SECONDS = (31_556_952, 2_629_746, 604_800, 86_400, 3_600, 60, 1)


def quick_date(text: str, format: str) -> str | None:
    """A UTC stamp like 2026-01-10T09:00:02.000000Z in a strftime form of its plain parts; None if that is not what
    they are."""
    if len(text) <= STAMP_LENGTH or not text.endswith("Z") or text[4:20:3] not in ("--T::.", "--T::Z"):
        return None
    if not text[:4].isdecimal() or (not text[20:-1].isdecimal() and len(text) > STAMP_LENGTH + 1):
        return None
    parts = {
        "Y": text[:4],
        "m": text[5:7],
        "d": text[8:10],
        "H": text[11:13],
        "M": text[14:16],
        "S": text[17:19],
        "Z": "UTC",
    }
    written, *pieces = format.split("%")
    for piece in pieces:
        part = parts.get(piece[:1])
        if part is None:
            return None
        written += part + piece[1:]
    return written


def moment(value: Any, *, unit: float = 1, zone: "tzinfo | None" = None) -> "datetime | None":
    """The aware datetime that a value names: a stamp, a date, seconds since 1970 times `unit`, or a duration from
    now such as -P2W. `zone` is for those that name none (default: local). None if it is no time at all."""
    from datetime import UTC, datetime

    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        try:
            return datetime.fromtimestamp(value / unit, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    if isinstance(value, datetime):
        found: datetime | None = value
    elif isinstance(value, dict):
        found = _from_parts(value)
    else:
        text = str(value).strip()
        seconds = seconds_of(text) if text[:1] in "+-Pp" else None
        if seconds is not None:
            return _later(datetime.now(UTC), seconds)
        found = _parsed(text)
    if found is None or found.tzinfo is not None:
        return found
    try:
        return found.replace(tzinfo=zone) if zone is not None else found.astimezone()
    except (ValueError, OverflowError):  # the first or the last day there is
        return None


def zone_named(name: str) -> "tzinfo | None":
    """The time zone of a name, LOCAL for the machine's own; None for one that does not exist."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    if name.upper() == "LOCAL":
        return datetime.now(UTC).astimezone().tzinfo
    try:
        return UTC if name.upper() in ("UTC", "Z") else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def formatted(time: "datetime", format: str) -> str:
    """strftime, with gcloud's own %Oz (+00:00), %Ez (the same, Z at UTC) and %3f (the second's fraction, rounded).
    Raises ValueError for what strftime does not take."""
    import re

    offset = time.strftime("%z")
    offset = f"{offset[:3]}:{offset[3:5]}" if offset else ""
    format = format.replace("%Oz", offset).replace("%Ez", "Z" if offset == "+00:00" else offset)
    format = re.sub(r"%([1-9])f", lambda digits: _fraction(time.microsecond, int(digits[1])), format)
    return time.strftime(format)


def _later(now: "datetime", seconds: float) -> "datetime | None":
    """The moment so many seconds from now; None where the calendar ends."""
    from datetime import timedelta

    try:
        return now + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _fraction(microsecond: int, digits: int) -> str:
    """So many digits of the second's fraction, rounded, but never up to the next second."""
    rounded = (microsecond * 10**digits + 500_000) // 1_000_000 if digits < MICRO_DIGITS else microsecond
    return f"{min(rounded, 10 ** min(digits, MICRO_DIGITS) - 1):0{min(digits, MICRO_DIGITS)}}"


def seconds_of(text: str) -> float | None:
    """The length of an ISO 8601 duration (P2W, -PT5M), or of a plain `3600s`; None if it is neither."""
    import re

    if text[-1:] == "s" and text[:-1].replace(".", "", 1).lstrip("-").isdecimal():
        return float(text[:-1])
    found = re.fullmatch(DURATION, text.upper())
    if found is None or not any(found.groups()[1:]):
        return None
    amounts = found.groups()[1:]
    total = sum(float(amount) * each for amount, each in zip(amounts, DURATION_SECONDS, strict=True) if amount)
    return -total if found[1] == "-" else total


def duration_text(seconds: float, *, parts: int = 3, precision: int = 3, calendar: bool = True) -> str:
    """The ISO 8601 form of a length of time: at most `parts` parts from the largest that is not zero, the last
    with `precision` digits. `calendar` allows parts larger than hours."""
    sign, left = ("-" if seconds < 0 else ""), abs(seconds)
    units = UNITS if calendar else UNITS[HOURS_PLACE:]
    written: list[str] = []
    in_time = False
    shown = 0
    for place, (name, length) in enumerate(units):
        last = shown == parts - 1 or length == 1
        amount = left / length if length == 1 and last else left // length
        if not shown and amount < 1 and length > 1:
            continue
        shown += 1
        left -= int(amount) * length
        number = f"{amount:.{precision}f}".rstrip("0").rstrip(".") if length == 1 and precision else f"{amount:.0f}"
        if float(number or 0):
            if not in_time and place >= len(units) - len(UNITS) + HOURS_PLACE:
                written.append("T")
                in_time = True
            written.append(f"{number}{name}")
        if shown == parts:
            break
    return f"{sign}P{''.join(written)}" if written else "P0"


def _parsed(text: str) -> "datetime | None":
    from datetime import datetime

    iso = text.replace("/", "-").replace(".", "-") if text[:10].count(".") == 2 or "/" in text[:10] else text
    try:
        return datetime.fromisoformat(iso)
    except ValueError:
        pass
    for format in DATE_FORMATS:
        try:
            return datetime.strptime(text, format)
        except ValueError:
            continue
    return None


def _from_parts(value: dict[str, Any]) -> "datetime | None":
    """A date or time message: year, month, day, and perhaps hours, minutes, seconds."""
    from datetime import datetime

    names = ("year", "month", "day", "hours", "minutes", "seconds")
    try:
        return datetime(*(int(value.get(name, name in ("month", "day"))) for name in names))  # type: ignore[arg-type]  # six ints
    except (TypeError, ValueError, OverflowError):
        return None
