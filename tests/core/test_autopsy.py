"""Why a start failed: what was seen, the first line, the advice. Evidence: ours (the real service names no cause)."""

from dataclasses import replace

import pytest

from cloudrun_cli.core.autopsy import UNHEALTHY, Observed, Socket, examine, loopback_only, suspicion

SEEN = Observed(port=8080, waited_seconds=240.0, memory_limit="512Mi")


def _listens(*sockets: tuple[str, int]) -> Observed:
    return replace(SEEN, sockets=tuple(Socket(host, port) for host, port in sockets))


@pytest.mark.parametrize(
    ("seen", "cause", "advice"),
    [
        (replace(SEEN, exited=True, code=3), "exited with code 3 before it listened on port 8080", "log lines say why"),
        (replace(SEEN, exited=True, code=0), "exited with code 0", "for work that ends, use a job"),
        (replace(SEEN, exited=True, code=127), "exited with code 127", "the command was not found"),
        (replace(SEEN, exited=True, code=126), "exited with code 126", "may not be run"),
        (replace(SEEN, exited=True, signal=11), "ended by signal 11 before it listened", "log lines say why"),
        (replace(SEEN, exited=True, code=139, signal=11), "exited with code 139", "log lines say why"),
        (replace(SEEN, exited=True), "was gone before it listened on port 8080", "log lines say why"),
        (replace(SEEN, exited=True, code=137, out_of_memory=True), "more memory than its limit of 512Mi", "--memory"),
        (replace(SEEN, out_of_memory=True), "killed because it used more memory", "--memory"),
        (_listens(("127.0.0.1", 8080)), "listens on 127.0.0.1:8080 only", "Listen on 0.0.0.0:8080"),
        (_listens(("127.0.0.53", 8080)), "listens on 127.0.0.53:8080 only", "Listen on 0.0.0.0:8080"),
        (_listens(("::1", 8080)), "listens on [::1]:8080 only", "Listen on 0.0.0.0:8080"),
        (_listens(("127.0.0.1", 8080), ("0.0.0.0", 9000)), "listens on 127.0.0.1:8080 only", "0.0.0.0:8080"),
        (_listens(("0.0.0.0", 3000)), "listens on port 3000, but requests are sent to port 8080", "--port=3000"),
        (_listens(("127.0.0.1", 9229), ("::", 3000)), "on port 3000, 9229, but", "--port=3000"),
        (_listens(("127.0.0.1", 5000)), "listens on port 5000, but", "--port=5000"),
        (SEEN, "did not listen on port 8080 within 240 s", "emulator/startup_timeout"),
        (replace(SEEN, container="app"), "The container [app] did not listen on port 8080", "startup_timeout"),
        (
            replace(SEEN, container="proxy", sidecar=True, exited=True, code=2),
            "The container [proxy] exited with code 2 before the instance was ready.",
            "log lines say why",
        ),
        (
            replace(SEEN, container="proxy", sidecar=True, exited=True, code=0),
            "The container [proxy] exited with code 0 before the instance was ready.",
            "every container of a service must go on running",
        ),
        (
            replace(SEEN, container="proxy", sidecar=True, exited=True, out_of_memory=True),
            "The container [proxy] was killed because it used more memory than its limit of 512Mi, before the instance",
            "--memory",
        ),
        (_listens(("0.0.0.0", 8080)), "within 240 s, but it does now", "emulator/startup_timeout"),
    ],
)
def test_the_first_line_names_the_cause_and_the_second_what_to_do(seen: Observed, cause: str, advice: str) -> None:
    finding = examine(seen)
    first, second = finding.message.split("\n")
    assert cause in first
    assert advice in second
    assert finding.reason == UNHEALTHY


def test_the_last_log_lines_come_last_and_are_bounded() -> None:
    log = [f"line {n}" for n in range(30)] + ["x" * 10_000]
    lines = examine(replace(SEEN, exited=True, code=1, log=log)).message.split("\n")
    assert "exited with code 1" in lines[0]
    assert lines[2:4] == ["Last log lines:", "  line 21"]
    assert len(lines) == 13
    assert max(map(len, lines)) <= 502


@pytest.mark.parametrize(
    ("hosts", "alone"),
    [
        (["127.0.0.1"], True),
        (["::1"], True),
        (["127.0.0.1", "::1"], True),
        (["0.0.0.0"], False),
        (["127.0.0.1", "::"], False),
        (["172.17.0.2"], False),
        ([], False),
    ],
)
def test_a_port_is_open_to_loopback_only_when_every_socket_on_it_is(hosts: list[str], alone: bool) -> None:
    sockets = [Socket(host, 8080) for host in hosts] + [Socket("0.0.0.0", 1)]
    assert loopback_only(sockets, 8080) is alone


ELSEWHERE = "The container listens on port 9090, not on port 8080; still waiting."
ON_LOOPBACK = "The container listens on 127.0.0.1:8080 only, where no request can reach it; still waiting."


@pytest.mark.parametrize(
    ("sockets", "alone", "text"),
    [
        ([("0.0.0.0", 9090)], True, ELSEWHERE),
        ([("127.0.0.1", 9090)], True, ELSEWHERE),
        ([("127.0.0.1", 8080)], True, ON_LOOPBACK),
        ([("127.0.0.1", 8080)], False, ON_LOOPBACK),
        ([("0.0.0.0", 9090), ("127.0.0.1", 8080)], True, ON_LOOPBACK),
        ([("0.0.0.0", 6379)], False, ""),  # of a sidecar
        ([("0.0.0.0", 8080), ("0.0.0.0", 9090)], True, ""),  # open, though its probe may fail
        ([], True, ""),  # it may need longer
    ],
)
def test_what_it_listens_on_may_say_early_that_it_will_never_start(
    sockets: list[tuple[str, int]], alone: bool, text: str
) -> None:
    assert suspicion([Socket(host, port) for host, port in sockets], 8080, alone=alone) == text
