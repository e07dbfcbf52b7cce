"""Probes: when an instance is asked how it is, and what follows from its answers. Source: Configure container health
checks; run.googleapis.com v1, Probe."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import Container, Probe

DEFAULT_STARTUP_SECONDS = 240  # one TCP try as long as a start may take
MAX_STARTUP_SECONDS = 240  # delay and all tries. Source: container runtime contract
MAX_READINESS_FAILURES = 3


class Role(StrEnum):
    """What a probe is for, as its log lines begin."""

    STARTUP = "STARTUP"
    LIVENESS = "LIVENESS"
    READINESS = "READINESS"


class Action(StrEnum):
    """What follows from a result."""

    NONE = "none"
    PASS = "pass"  # started; or may have requests again
    FAIL = "fail"  # not started; to be killed; or to have no new requests


@dataclass(frozen=True, slots=True)
class State:
    """How a probe stands. `next_at` is when to try next (seconds of a steady clock); `well` what was last concluded,
    None before a startup probe has concluded anything."""

    role: Role
    next_at: float
    tries: int = 0
    failures: int = 0  # in a row
    successes: int = 0  # in a row
    well: bool | None = None


def begin(role: Role, probe: Probe, now: float) -> State:
    """The state of a probe whose container has started now (startup), or of an instance that has (the others)."""
    return State(role, now + probe.initial_delay_seconds, well=None if role is Role.STARTUP else True)


def after(ok: bool, state: State, probe: Probe, now: float) -> tuple[State, Action]:
    """What a try that began at `state.next_at` and is over now leads to. The next one is a period after the last began,
    or at once when that has passed."""
    next_at = max(state.next_at + probe.period_seconds, now)
    state = replace(
        state,
        next_at=next_at,
        tries=state.tries + 1,
        failures=0 if ok else state.failures + 1,
        successes=state.successes + 1 if ok else 0,
    )
    if ok and state.well is not True and state.successes >= probe.success_threshold:
        return replace(state, well=True), Action.PASS
    if not ok and state.well is not False and state.failures >= probe.failure_threshold:
        return replace(state, well=False), Action.FAIL
    return state, Action.NONE


def default_startup(port: int) -> Probe:
    """What a container that gets requests is asked when nothing else was set."""
    seconds = DEFAULT_STARTUP_SECONDS
    return Probe(port=port, timeout_seconds=seconds, period_seconds=seconds, failure_threshold=1)


def startup_of(container: Container) -> Probe | None:
    """The container's startup probe: its own, or the default for the one that gets requests; a sidecar has none."""
    if container.startup_probe is not None or container.port is None:
        return container.startup_probe
    return default_startup(container.port.number)


def is_default(probe: Probe, port: int) -> bool:
    """Whether it is no other than the default startup probe."""
    return replace(probe, port=probe.port or port) == default_startup(port)


def port_of(probe: Probe, container: Container) -> int:
    """The port that it asks: its own, or the container's. Raises InvalidArgument when there is neither."""
    if probe.port is not None:
        return probe.port
    if container.port is None:
        raise InvalidArgument(
            f"The probe of container [{container.name}] names no port, and the container has none.", field="port"
        )
    return container.port.number


def startup_limit(probe: Probe) -> timedelta:
    """How long after its container's start a startup probe can still pass."""
    tries = (probe.failure_threshold - 1) * probe.period_seconds + probe.timeout_seconds
    return timedelta(seconds=probe.initial_delay_seconds + tries)


def is_well(status: int) -> bool:
    """Whether an HTTP status is a success."""
    return 200 <= status < 400


def passed(role: Role, probe: Probe, tries: int, container: str, port: int) -> str:
    """The log line of a startup probe that has passed, or of a readiness probe that passes again."""
    times = f"after {tries} attempt{'' if tries == 1 else 's'}"
    default = "Default " if role is Role.STARTUP and is_default(probe, port) else ""
    return f'{default}{role} {probe.kind.upper()} probe succeeded {times} for container "{container}" on port {port}.'


def failed(role: Role, probe: Probe, failures: int, container: str, port: int) -> str:
    """The first sentence of the log line of a probe that has failed as often as it may."""
    times = f"{failures} time{'' if failures == 1 else 's'} consecutively"
    default = "Default " if role is Role.STARTUP and is_default(probe, port) else ""
    return f'{default}{role} {probe.kind.upper()} probe failed {times} for container "{container}" on port {port}.'


CONSEQUENCES = {
    Role.STARTUP: "The instance was not started.",
    Role.LIVENESS: "The instance has been shut down.",
    Role.READINESS: "The instance gets no new requests until it passes.",
}


def check(role: Role, probe: Probe, field: str) -> None:
    """Nothing when a container may have this probe. Raises InvalidArgument naming field, value and rule."""
    long = 240 if role is Role.STARTUP else 3600
    if probe.kind == "tcp" and role is not Role.STARTUP:
        raise InvalidArgument(f"{field}.tcpSocket: A {role.lower()} probe is HTTP or gRPC, not TCP.", field=field)
    bounds = {
        "timeoutSeconds": (probe.timeout_seconds, 1, long),
        "periodSeconds": (probe.period_seconds, 1, long),
        "initialDelaySeconds": (probe.initial_delay_seconds, 0, 0 if role is Role.READINESS else long),
        "failureThreshold": (probe.failure_threshold, 1, MAX_READINESS_FAILURES if role is Role.READINESS else None),
        "successThreshold": (probe.success_threshold, 1, None if role is Role.READINESS else 1),
        "port": (probe.port if probe.port is not None else 1, 1, 65535),
    }
    for name, (value, least, most) in bounds.items():
        if value < least or (most is not None and value > most):
            rule = f"at least {least}" if most is None else f"{least}" if least == most else f"from {least} to {most}"
            raise InvalidArgument(f"{field}.{name}: Invalid value {value}. It must be {rule}.", field=f"{field}.{name}")
    if probe.timeout_seconds > probe.period_seconds:
        raise InvalidArgument(
            f"{field}.timeoutSeconds: Invalid value {probe.timeout_seconds}. It must not be more than periodSeconds "
            f"({probe.period_seconds}).",
            field=f"{field}.timeoutSeconds",
        )
    total = probe.initial_delay_seconds + probe.period_seconds * probe.failure_threshold
    if role is Role.STARTUP and total > MAX_STARTUP_SECONDS:
        raise InvalidArgument(
            f"{field}: initialDelaySeconds + periodSeconds × failureThreshold is {total}; a start may take "
            f"{MAX_STARTUP_SECONDS} seconds at most.",
            field=field,
        )
