"""Transforms of numbers and times. Source: gcloud topic projections."""

from typing import Any

from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import TransformError
from cloudrun_cli.output.keys import value_at
from cloudrun_cli.output.scanner import key_of
from cloudrun_cli.output.times import duration_text, formatted, moment, quick_date, seconds_of, zone_named

DEFAULT_DATE = "%Y-%m-%dT%H:%M:%S"
PREFIXES = "KMGTP"
KIBI = 1024
PLAIN_FLOAT = (1e-04, 1e09)  # within: precision digits at most; outside: one digit after the point


def date(
    value: Any,
    context: Context,
    format: str = DEFAULT_DATE,
    unit: str = "1",
    undefined: str = "",
    tz: str | None = None,
    tz_default: str | None = None,
) -> Any:
    """The time in a strftime form, in the zone `tz`, else in its own."""
    if isinstance(value, list):
        return [date(item, context, format, unit, undefined, tz, tz_default) for item in value]
    if isinstance(value, str) and tz is None:
        quick = quick_date(value, format)
        if quick is not None:
            return quick
    zone = zone_named(tz_default) if tz_default else None
    time = moment(value, unit=_number(unit, "unit"), zone=zone)
    if time is None:
        return undefined
    return formatted(time if tz is None else time.astimezone(zone_named(tz)), format)


def iso(value: Any, context: Context, undefined: str = "T") -> str:
    """The time in ISO form, with the offset of its zone."""
    time = moment(value)
    return undefined if time is None else time.isoformat()


def duration(
    value: Any,
    context: Context,
    start: str = "",
    end: str = "",
    parts: str = "3",
    precision: str = "3",
    calendar: str = "true",
    unit: str = "1",
    undefined: str = "",
) -> str:
    """The ISO 8601 duration between two times of the resource, from now to a time, or of a number of seconds."""
    seconds = _between(value, start, end) if start else _length(value, _number(unit, "unit"))
    if seconds is None:
        return undefined
    return duration_text(
        seconds,
        parts=int(_number(parts, "parts")),
        precision=int(_number(precision, "precision")),
        calendar=calendar.lower() != "false",
    )


def float_(value: Any, context: Context, precision: str = "6", spec: str = "", undefined: str = "") -> Any:
    """The number with a limited precision."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return undefined
    if spec:
        return f"{number:.{int(_number(precision, 'precision'))}{spec[:1]}}"
    if PLAIN_FLOAT[0] <= abs(number) < PLAIN_FLOAT[1]:
        return f"{number:.1f}" if number == int(number) else f"{number:.{int(_number(precision, 'precision'))}g}"
    return f"{number:.{int(_number(precision, 'precision'))}g}"


def size(
    value: Any,
    context: Context,
    zero: str = "0",
    precision: str = "1",
    units_in: str = "",
    units_out: str = "",
    min: str = "0",
) -> Any:
    """A number of bytes with a binary unit, `2.0 MiB`; without one when `units_out` fixes the unit."""
    try:
        amount = float(value or 0) * _unit_bytes(units_in)
    except (TypeError, ValueError):
        return ""
    if amount == 0 and zero:
        return zero
    least = _number(min, "min")
    if amount < least:
        return f"< {size(least, context, zero, precision, '', units_out)}"
    digits = int(_number(precision, "precision"))
    if units_out:
        return f"{amount / _unit_bytes(units_out):.{digits}f}"
    names = ("B", *(f"{prefix}iB" for prefix in PREFIXES))
    place = 0
    while abs(amount) >= KIBI and place < len(names) - 1:
        amount, place = amount / KIBI, place + 1
    return f"{amount:.{digits}f}{names[place]}" if place else f"{int(amount)}B"


def _between(value: Any, start: str, end: str) -> float | None:
    from datetime import UTC, datetime

    first = moment(value_at(value, key_of(start)))
    last = moment(value_at(value, key_of(end))) if end else datetime.now(UTC)
    return None if first is None or last is None else (last - first).total_seconds()


def _length(value: Any, unit: float) -> float | None:
    from datetime import UTC, datetime

    try:
        return float(value) / unit
    except (TypeError, ValueError):
        pass
    seconds = seconds_of(value) if isinstance(value, str) and value else None
    if seconds is not None:
        return seconds
    time = moment(value)
    return None if time is None else (time - datetime.now(UTC)).total_seconds()


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise TransformError(f"Invalid value [{text}] for [{name}]: number expected.") from None


def _unit_bytes(unit: str) -> float:
    if not unit:
        return 1.0
    place = PREFIXES.find(unit[0].upper())
    return float(KIBI ** (place + 1)) if place >= 0 else _number(unit, "unit") if unit[0].isdigit() else 1.0
