"""The targets of autoscaling: which part of an instance's slots, and of its CPU, a revision's load should use.

Source: gcloud run deploy, --scaling-cpu-target and --scaling-concurrency-target; run.googleapis.com v2,
RevisionScaling.cpuUtilization and concurrencyUtilization (0 is off).
"""

from datetime import timedelta

from cloudrun_cli.core import annotations as known
from cloudrun_cli.core.autoscaling import DEFAULT_TARGET
from cloudrun_cli.core.container_changes import GPU_LIMIT
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.limits import cpu_millis
from cloudrun_cli.core.resources import RevisionTemplate

LEAST, MOST = 0.1, 0.95
DISABLED = "disabled"
GPU_IDLE = timedelta(minutes=10)  # Source: GPU support for services, scaling


def concurrency(template: RevisionTemplate) -> float | None:
    """The part of its slots that is aimed at; None: slots alone start no instance before one is missing."""
    return _target(template, known.CONCURRENCY_TARGET)


def cpu(template: RevisionTemplate) -> float | None:
    """The part of its CPU that is aimed at; None: its CPU starts no instance."""
    return _target(template, known.CPU_TARGET)


def cpus(template: RevisionTemplate) -> float:
    """The CPUs of one instance, all its containers together."""
    return sum(cpu_millis(container.cpu) for container in template.containers) / 1000


def idle_limit(template: RevisionTemplate, usual: timedelta) -> timedelta:
    """How long an idle instance is kept, which is less with a GPU."""
    has_gpu = any(GPU_LIMIT in container.limits for container in template.containers)
    return min(usual, GPU_IDLE) if has_gpu else usual


def parse(text: str, field: str) -> float | None:
    """A target as it is written: from 0.1 to 0.95, with at most two decimals; `default`, `disabled`, or 0 for the
    latter. Raises InvalidArgument."""
    if text == "default":
        return DEFAULT_TARGET
    if text == DISABLED:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0  # as wrong as any other
    if value == 0:
        return None
    if not (LEAST <= value <= MOST and abs(value * 100 - round(value * 100)) < 1e-9):
        raise InvalidArgument(
            f"{field}: Invalid value [{text}]. It must be a number from {LEAST} to {MOST} with at most two decimals, "
            f"or one of [default, {DISABLED}].",
            field=field,
        )
    return value


def check_targets(template: RevisionTemplate, path: str) -> None:
    """Nothing when its targets may be. Raises InvalidArgument; `path` is where its annotations are."""
    found = [
        parse(template.annotations.get(key, "default"), f"{path}[{key}]")
        for key in (known.CPU_TARGET, known.CONCURRENCY_TARGET)
    ]
    if found == [None, None]:
        raise InvalidArgument(
            f"{path}[{known.CONCURRENCY_TARGET}]: The targets for CPU and for concurrency cannot both be disabled.",
            field=f"{path}[{known.CONCURRENCY_TARGET}]",
        )


def _target(template: RevisionTemplate, key: str) -> float | None:
    try:
        return parse(template.annotations.get(key, "default"), key)
    except InvalidArgument:  # of a revision that was saved when targets were only recorded
        return DEFAULT_TARGET
