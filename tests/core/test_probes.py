"""What follows from the results of a probe. Evidence: documented (Configure container health checks; v1, Probe)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloudrun_cli.core import probes
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.probes import Action, Role, State, after, begin
from cloudrun_cli.core.resources import Container, ContainerPort, Probe
from tests.builders import HELLO

HTTP = Probe(kind="http", path="/ready", port=8080, period_seconds=10, timeout_seconds=1, failure_threshold=3)
SEEN = {"-": Action.NONE, "P": Action.PASS, "F": Action.FAIL}


def played(role: Role, probe: Probe, results: str) -> str:
    """The actions of a row of results: `+` a success, `x` a failure, each taking half a second."""
    state, actions = begin(role, probe, 0.0), ""
    for result in results:
        state, action = after(result == "+", state, probe, state.next_at + 0.5)
        actions += next(letter for letter, one in SEEN.items() if one is action)
    return actions


@pytest.mark.parametrize(
    ("role", "change", "results", "actions"),
    [
        (Role.STARTUP, {}, "+", "P"),
        (Role.STARTUP, {}, "xx+", "--P"),
        (Role.STARTUP, {}, "xxx", "--F"),
        (Role.STARTUP, {"failure_threshold": 1}, "x", "F"),
        (Role.LIVENESS, {}, "+xx+xx+xxx", "---------F"),  # only failures in a row count
        (Role.LIVENESS, {"failure_threshold": 1}, "++x", "--F"),
        (Role.READINESS, {"success_threshold": 2}, "xxx+x++", "--F---P"),  # successes in a row, too
        (Role.READINESS, {}, "xxxxx+xxx", "--F--P--F"),  # told once each way
    ],
)
def test_thresholds_count_results_in_a_row(role: Role, change: dict[str, Any], results: str, actions: str) -> None:
    assert played(role, replace(HTTP, **change), results) == actions


def test_the_first_try_comes_right_after_the_delay_and_the_next_a_period_after_it_began() -> None:
    state = begin(Role.STARTUP, replace(HTTP, initial_delay_seconds=5), now=100.0)
    assert state.next_at == 105.0
    state, _ = after(False, state, HTTP, now=105.9)
    assert state.next_at == 115.0
    state, _ = after(False, state, HTTP, now=127.0)  # it took longer than a period: at once
    assert state.next_at == 127.0


def test_an_instance_counts_as_ready_until_its_readiness_probe_says_otherwise() -> None:
    assert begin(Role.READINESS, HTTP, 0.0) == State(Role.READINESS, 0.0, well=True)


def test_only_the_container_with_the_requests_has_a_probe_by_default() -> None:
    app, side = Container(HELLO, port=ContainerPort(9000)), Container(HELLO)
    default = Probe(kind="tcp", port=9000, timeout_seconds=240, period_seconds=240, failure_threshold=1)
    assert probes.startup_of(app) == default
    assert probes.startup_of(replace(app, startup_probe=HTTP)) == HTTP
    assert probes.startup_of(side) is None
    assert probes.is_default(default, 9000)
    assert not probes.is_default(HTTP, 8080)


@pytest.mark.parametrize(
    ("probe", "seconds"),
    [
        (probes.default_startup(8080), 240),
        (Probe(period_seconds=10, failure_threshold=3, timeout_seconds=1), 21),
        (Probe(initial_delay_seconds=5, period_seconds=4, failure_threshold=2, timeout_seconds=4), 13),
    ],
)
def test_a_start_may_take_as_long_as_the_last_try(probe: Probe, seconds: int) -> None:
    assert probes.startup_limit(probe) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("status", "well"), [(199, False), (200, True), (302, True), (399, True), (400, False)])
def test_a_status_from_200_to_399_is_a_success(status: int, well: bool) -> None:
    assert probes.is_well(status) is well


def test_log_lines_carry_the_facts_of_the_real_ones() -> None:
    default = probes.default_startup(8080)
    assert probes.passed(Role.STARTUP, default, 1, "hello-1", 8080) == (
        'Default STARTUP TCP probe succeeded after 1 attempt for container "hello-1" on port 8080.'
    )
    assert probes.failed(Role.STARTUP, default, 1, "hello-1", 8080) == (
        'Default STARTUP TCP probe failed 1 time consecutively for container "hello-1" on port 8080.'
    )
    assert probes.failed(Role.LIVENESS, HTTP, 3, "x", 8080) == (
        'LIVENESS HTTP probe failed 3 times consecutively for container "x" on port 8080.'
    )


def test_a_probe_asks_its_own_port_or_the_containers() -> None:
    app, side = Container(HELLO, name="app", port=ContainerPort(9000)), Container(HELLO, name="side")
    assert probes.port_of(HTTP, app) == 8080
    assert probes.port_of(Probe(), app) == 9000
    with pytest.raises(InvalidArgument, match=r"container \[side\] names no port"):
        probes.port_of(Probe(), side)


@pytest.mark.parametrize(
    ("role", "change", "field", "rule"),
    [
        (Role.STARTUP, {"period_seconds": 241}, "periodSeconds", "from 1 to 240"),
        (Role.STARTUP, {"initial_delay_seconds": 241}, "initialDelaySeconds", "from 0 to 240"),
        (Role.STARTUP, {"timeout_seconds": 0}, "timeoutSeconds", "from 1 to 240"),
        (Role.STARTUP, {"timeout_seconds": 11}, "timeoutSeconds", "not be more than periodSeconds"),
        (Role.STARTUP, {"failure_threshold": 0}, "failureThreshold", "at least 1"),
        (Role.STARTUP, {"success_threshold": 2}, "successThreshold", "must be 1"),
        (Role.STARTUP, {"failure_threshold": 25}, "probe", "240 seconds at most"),
        (Role.STARTUP, {"port": 70000}, "port", "from 1 to 65535"),
        (Role.LIVENESS, {"period_seconds": 3601}, "periodSeconds", "from 1 to 3600"),
        (Role.LIVENESS, {"kind": "tcp"}, "probe", "not TCP"),
        (Role.READINESS, {"failure_threshold": 4}, "failureThreshold", "from 1 to 3"),
        (Role.READINESS, {"initial_delay_seconds": 1}, "initialDelaySeconds", "must be 0"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_field_and_rule(
    role: Role, change: dict[str, Any], field: str, rule: str
) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        probes.check(role, replace(HTTP, **change), "probe")
    assert rule in refusal.value.message
    assert field in str(refusal.value.field)


@pytest.mark.parametrize("role", list(Role))
def test_what_is_usual_is_allowed(role: Role) -> None:
    probes.check(role, HTTP, "probe")
    probes.check(role, replace(HTTP, kind="grpc", service="shop"), "probe")
    probes.check(Role.STARTUP, probes.default_startup(8080), "probe")
