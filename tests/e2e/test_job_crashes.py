"""kill -9 of the daemon, again and again while an execution goes on: no attempt runs twice, none is lost, and the
counts are right. Each attempt writes one line to a file that all share."""

import json
import os
import random
import signal
import time
from typing import Any

from tests.e2e.job_world import Job
from tests.e2e.world import Home, eventually

KILLS = 10
TASKS = {"process": 60, "docker": 32}  # enough to outlast the kills


def test_ten_kills_of_the_daemon_neither_lose_nor_repeat_an_attempt(own_home: Home) -> None:
    count = TASKS[own_home.runtime]
    failing = [index for index in range(count) if index % 5 == 0]  # at their first attempt, as the program has it
    job = Job(own_home, "crashing", "first attempts fail", f"--tasks={count} --parallelism=4 --max-retries=2")
    name = job.execute("")["metadata"]["name"]
    chance = random.Random(own_home.http_port)  # another one in every run; the failure below says which
    killed: list[int] = []
    while len(killed) < KILLS and "completionTime" not in job.seen(name)["status"]:
        time.sleep(chance.uniform(0, 0.8))
        if len(killed) % 2 == 1:  # a new supervisor does not pause as long as one that has seen many deaths
            kill_the_supervisor(own_home, killed)
        killed.append(kill_the_daemon(own_home, killed))
    execution = job.over(name)
    said = f"{len(killed)} kills, seed {own_home.http_port}\n{job.tasks(name)}\n{own_home.log()}"
    assert len(killed) == KILLS, said
    expected = [(index, 0) for index in range(count)] + [(index, 1) for index in failing]
    assert sorted(job.attempts()) == sorted(expected), said
    assert [line.what for line in job.trace()].count("end") == len(expected), said
    assert job.most_at_once() <= 4, said
    status = execution["status"]
    assert (status["succeededCount"], status.get("failedCount", 0)) == (count, 0), said
    assert status["retriedCount"] == len(failing), said
    eventually(lambda: not own_home.instances("crashing"), own_home.log)
    own = [e["textPayload"] for e in job.entries("stdout") if e["textPayload"].startswith("task ")]
    assert sorted(own) == sorted(f"task {i} of {count}, attempt {n}" for i, n in expected), said


def kill_the_daemon(home: Home, killed: list[int]) -> int:
    """Wait until there is another one than those, and end it; who it was."""
    eventually(lambda: present(home)["pid"] not in killed, home.log)
    pid = int(present(home)["pid"])
    os.kill(pid, signal.SIGKILL)
    return pid


def kill_the_supervisor(home: Home, killed: list[int]) -> None:
    """Its daemon starts another one, and goes without a word; returns once the next is there."""
    eventually(lambda: present(home)["pid"] not in killed, home.log)
    before = present(home)
    os.kill(before["supervisor"], signal.SIGKILL)
    eventually(lambda: present(home)["pid"] != before["pid"], home.log)


def present(home: Home) -> dict[str, Any]:
    """What the last daemon to be ready has said of itself."""
    found: dict[str, Any] = json.loads((home.home / "run" / "daemon.json").read_text())
    return found
