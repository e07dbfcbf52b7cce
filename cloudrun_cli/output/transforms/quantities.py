"""Transforms of numbers and times. Source: gcloud topic projections."""

from typing import Any

from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import TransformError
from cloudrun_cli.output.keys import value_at
from cloudrun_cli.output.scanner import key_of
from cloudrun_cli.output.times import duration_text, formatted, moment, quick_date, seconds_of, zone_named

ISO = "%Y-%m-%dT%H:%M:%S.%3f%Oz"
DEFAULT_DATE = "%Y-%m-%dT%H:%M:%S"
INFINITY = float("inf")
PREFIXES = "KMGTP"
KIBI = 1024
PLAIN_EXPONENT = 9  # smaller numbers are written out
LONGEST_SECONDS = 1e12  # no length of time in a resource is longer


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
    divisor = _number(unit, "unit") or 1.0
    if isinstance(value, str) and _spells_number(value):
        value = float(value)
    time = moment(value, unit=divisor, zone=zone)
    if time is None:
        return undefined
    try:
        return formatted(time if tz is None else time.astimezone(zone_named(tz)), format)
    except (ValueError, OverflowError):  # a form that strftime does not take, a year that it cannot write
        return undefined


def iso(value: Any, context: Context, undefined: str = "T") -> str:
    """The time in ISO form to the millisecond, with the offset of its zone."""
    return str(date(value, context, ISO, undefined=undefined))


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
    """The ISO 8601 duration between two times of the resource, from a time to now, or of a number of seconds."""
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
    digits = int(_number(precision, "precision"))
    try:
        shown = f"{number:.{digits}{spec[:1]}}"
    except (ValueError, OverflowError):
        raise TransformError(f"Invalid precision [{precision}] or spec [{spec}].") from None
    exponent = shown.partition("e+")[2]
    return f"{number:.1f}" if not spec and exponent and int(exponent) < PLAIN_EXPONENT else shown


def size(
    value: Any,
    context: Context,
    zero: str = "0",
    precision: str = "1",
    units_in: str = "",
    units_out: str = "",
    min: str = "0",
) -> Any:
    """A number of bytes with a binary unit, `1.5 MiB`, `2 GiB`; without one when `units_out` fixes the unit."""
    if not value:
        return zero
    amount = _float(value) or 0.0
    least = _number(min, "min")
    prefix = "< " if amount < least else ""
    amount = max(amount, least) * _unit_bytes(units_in)
    digits = int(_number(precision, "precision"))
    if units_out[:1].upper() in PREFIXES and units_out:
        return f"{amount / _unit_bytes(units_out):.{digits}f}"
    names = ("bytes", *(f"{letter}iB" for letter in PREFIXES))
    place = 0
    while amount >= KIBI and place < len(names) - 1:
        amount, place = amount / KIBI, place + 1
    whole = amount < INFINITY and amount == int(amount)
    return f"{prefix}{int(amount) if whole else f'{amount:.{digits}f}'} {names[place]}"


def _between(value: Any, start: str, end: str) -> float | None:
    from datetime import UTC, datetime

    first = moment(value_at(value, key_of(start)))
    last = moment(value_at(value, key_of(end))) if end else datetime.now(UTC)
    return None if first is None or last is None else (last - first).total_seconds()


def _length(value: Any, unit: float) -> float | None:
    from datetime import UTC, datetime

    amount = _float(value)
    if amount is not None:
        amount /= unit or 1.0
    elif isinstance(value, str) and value:
        amount = seconds_of(value)
    if amount is not None:
        return amount if abs(amount) < LONGEST_SECONDS else None  # nor a NaN
    time = moment(value)
    return None if time is None else (datetime.now(UTC) - time).total_seconds()


def _number(text: str, name: str) -> float:
    number = _float(text)
    if number is None or not -INFINITY < number < INFINITY:
        raise TransformError(f"Invalid value [{text}] for [{name}]: number expected.")
    return number


def _float(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _spells_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdecimal()


def _unit_bytes(unit: str) -> float:
    """The bytes of a unit by its first letter, or of a size; 1 for anything else."""
    place = PREFIXES.find(unit[0].upper()) if unit else -1
    return float(KIBI ** (place + 1)) if place >= 0 else _float(unit) or 1.0
