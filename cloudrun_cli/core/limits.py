"""Amounts of CPU and memory: how they are written, and which go together. Source: Configure CPU / memory limits."""

import re
from collections.abc import Sequence

from cloudrun_cli.core.errors import InvalidArgument

MIN_CPU_MILLIS = 80
MAX_CPU_MILLIS = 8000
MIN_MEMORY_BYTES = 128 * 1024**2  # first generation; the second asks for 512 MiB
MAX_CONCURRENCY = 1000
MAX_TIMEOUT_SECONDS = 3600
MAX_ENV = 1000
MAX_ARGS = 1000
MIN_MEMORY_BYTES_GEN2 = 512 * 1024**2
MAX_DESCRIPTION = 512
MAX_LABELS = 64  # Source: requirements for labels
MAX_ENV_BYTES = 32768

_CPU = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(m?)")
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T|)")
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_UNITS |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

# whole CPUs → (least, most) memory in GiB
_MEMORY_FOR_CPU = {1: (0.0, 4), 2: (0.0, 8), 4: (2.0, 16), 6: (4.0, 24), 8: (4.0, 32)}


def cpu_millis(text: str, field: str = "resources.limits.cpu") -> int:
    """Thousandths of a CPU from `1`, `0.5` or `500m`. Raises InvalidArgument naming the field."""
    found = _CPU.fullmatch(text)
    if not found:
        raise InvalidArgument(
            f"{field}: Invalid value specified for cpu. Must be a valid quantity, for example 1, 0.5 or 500m. "
            f"Got '{text}'.",
            field=field,
        )
    return round(float(found[1]) * (1 if found[2] else 1000))


def memory_bytes(text: str, field: str = "resources.limits.memory") -> int:
    """Bytes from `512Mi`, `1G` and the like. Raises InvalidArgument naming the field."""
    found = _MEMORY.fullmatch(text)
    if not found:
        raise InvalidArgument(
            f"{field}: Invalid value specified for memory. Must be a valid quantity, for example 512Mi. Got '{text}'.",
            field=field,
        )
    return int(float(found[1]) * _UNITS[found[2]])


def check_pair(cpu: str, memory: str, field: str) -> None:
    """Nothing when one container may have this CPU with this memory. Raises InvalidArgument naming rule and values."""
    millis = cpu_millis(cpu, f"{field}.cpu")
    size = memory_bytes(memory, f"{field}.memory")
    if millis < MIN_CPU_MILLIS or millis > MAX_CPU_MILLIS:
        raise InvalidArgument(
            f"{field}.cpu: Invalid value specified for cpu. It must be from 0.08 to 8 CPU. Got '{cpu}'.",
            field=f"{field}.cpu",
        )
    if millis > 1000 and (millis % 1000 or millis // 1000 not in _MEMORY_FOR_CPU):
        raise InvalidArgument(
            f"{field}.cpu: Invalid value specified for cpu. Above 1, it must be 2, 4, 6 or 8. Got '{cpu}'.",
            field=f"{field}.cpu",
        )
    if size < MIN_MEMORY_BYTES:
        raise InvalidArgument(
            f"{field}.memory: Invalid value specified for memory. It must be at least 128Mi. Got '{memory}'.",
            field=f"{field}.memory",
        )
    least, most = (0.0, 0.5 if millis < 500 else 1.0) if millis < 1000 else _MEMORY_FOR_CPU[millis // 1000]
    gib = size / 2**30
    if gib < least or gib > most:
        raise InvalidArgument(
            f"{field}.memory: Invalid value specified for memory. With {cpu} CPU it must be from "
            f"{_gib(least) if least else '128Mi'} to {_gib(most)}. Got '{memory}'.",
            field=f"{field}.memory",
        )


def check_concurrency(cpus: Sequence[str], concurrency: int, field: str) -> None:
    """Nothing when an instance whose containers have these CPUs may serve so many requests at once: below one CPU in
    all, one. Raises InvalidArgument."""
    if concurrency > 1 and sum(cpu_millis(cpu) for cpu in cpus) < 1000:
        raise InvalidArgument(
            f"{field}: Invalid value {concurrency}. Below 1 CPU, here {' + '.join(cpus)}, the concurrency must be 1.",
            field=field,
        )


def check_range(field: str, value: int | None, least: int, most: int | None) -> None:
    """Nothing when the value is between the bounds, inclusive, or not set. Raises InvalidArgument."""
    if value is None or (value >= least and (most is None or value <= most)):
        return
    rule = f"from {least} to {most}" if most is not None else f"at least {least}"
    raise InvalidArgument(f"{field}: Invalid value {value}. It must be {rule}.", field=field)


def _gib(size: float) -> str:
    return f"{size:g}Gi" if size >= 1 else f"{int(size * 1024)}Mi"
