"""Lengths of time as they are typed: `300`, `5m`, `1h30m`, `1.5h`, `P1DT2H`. Source: gcloud topic datetimes."""

from collections.abc import Callable
from datetime import timedelta

from cloudrun_cli.core.errors import InvalidArgument

# Seconds per unit. A year is the mean Gregorian one and a month its twelfth; before the T of ISO 8601, M is a month.
DATE_UNITS = {"Y": 31_556_952.0, "M": 2_629_746.0, "W": 604_800.0, "D": 86_400.0}
TIME_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "MS": 1e-3, "US": 1e-6, "NS": 1e-9}


def parse_duration(text: str, *, default_unit: str = "s") -> timedelta:
    """The length of time that `text` says; a bare number counts `default_unit`s. Raises InvalidArgument."""
    rest = text.upper()
    if _is_number(rest.lstrip("+-")):
        rest += default_unit.upper()
    sign = -1 if rest.startswith("-") else 1
    rest = rest.lstrip("+-")
    units = dict(TIME_UNITS)
    if rest.startswith("P"):
        rest, units = rest[1:], dict(DATE_UNITS)
    else:
        units |= {name: seconds for name, seconds in DATE_UNITS.items() if name != "M"}
    if text and not any(character.isdigit() for character in rest):
        raise InvalidArgument(f"Failed to parse duration: Duration unit '{text}' must be preceded by a number")
    seconds = 0.0
    while rest:
        if rest.startswith("T"):
            rest, units = rest[1:], dict(TIME_UNITS)
            continue
        number, rest = _split(rest, str.isdigit, extra=".")
        unit, rest = _split(rest, lambda character: not character.isdigit() and character not in "T.")
        if not number:
            at = text.upper().rfind(unit) if unit else -1
            shown = text if at <= 0 else text[at:]
            raise InvalidArgument(f"Failed to parse duration: Duration unit '{shown}' must be preceded by a number")
        if not unit:
            raise InvalidArgument("Failed to parse duration: Duration must end with time part character")
        if unit not in units:
            strange = unit.lstrip("".join(units)) or unit
            raise InvalidArgument(f"Failed to parse duration: Unknown character '{strange[0]}' in duration")
        seconds += float(number) * units[unit]
    return timedelta(seconds=sign * seconds)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit() and text.isascii()


def _split(text: str, belongs: Callable[[str], bool], extra: str = "") -> tuple[str, str]:
    """The longest beginning of `text` whose characters belong, and what follows it."""
    end = 0
    while end < len(text) and (belongs(text[end]) or text[end] in extra):
        end += 1
    return text[:end], text[end:]
