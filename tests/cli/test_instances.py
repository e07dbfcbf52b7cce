"""`cloudrun instances`: list, describe and top, by what the emulator has written down. Evidence: ours; the flags of
lists are gcloud's."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.clock import SystemClock
from cloudrun_cli.core import instances
from cloudrun_cli.core.instances import BUSY, OPENED, QUIET, Event, InstanceState, Reason
from cloudrun_cli.core.resources import RevisionName, RevisionRef
from cloudrun_cli.core.wire.instances import to_json
from cloudrun_cli.daemon.doorbell import process_start, run_folder
from cloudrun_cli.store import instances as snapshot
from tests.builders import PROJECT
from tests.cli.terminals import on_a_terminal
from tests.conftest import Cloudrun

SECOND = timedelta(seconds=1)
IDS = ("a1b2c3d4e5f60718293a4b5c", "a1ffc3d4e5f60718293a4b5c", "c0ffee0000000000000000aa", "dead00000000000000000000")


def row(
    id: str, service: str, region: str, zone: str, *events: Event, in_flight: int = 0, ago: float
) -> dict[str, Any]:
    """An instance that began so many seconds ago; these happened to it a second after another."""
    began = SystemClock().now() - SECOND * ago
    ref = RevisionRef(PROJECT, region, RevisionName(f"{service}-00001-abc"))
    life = instances.begun(id, ref, service, f"{region}-{zone}", Reason.REQUEST, began)
    for number, event in enumerate(events, start=1):
        life = instances.after(life, event, began + SECOND * number)
    return to_json(life, in_flight, {"runtime": "process", "address": "127.0.0.1:30000"})


def write(home: Cloudrun, rows: list[dict[str, Any]]) -> None:
    snapshot.write(str(home.home), snapshot.encoded(rows))


def some() -> list[dict[str, Any]]:
    crash = Event(InstanceState.STOPPED, Reason.OUT_OF_MEMORY, "signal 9")
    return [
        row(IDS[0], "hello", "us-central1", "a", OPENED, BUSY, in_flight=7, ago=75),
        row(IDS[1], "hello", "us-central1", "b", OPENED, BUSY, QUIET, ago=3700),
        row(IDS[2], "api", "europe-west1", "a", ago=2),
        row(IDS[3], "hello", "us-central1", "c", OPENED, BUSY, crash, ago=60),
        row("0" * 24, "hello", "us-central1", "c", OPENED, BUSY, crash, ago=2000),  # forgotten by now
    ]


@pytest.fixture
def home(cloudrun: Cloudrun) -> Cloudrun:
    """A home where some instances run, and this test in the daemon's place."""
    write(cloudrun, some())
    said = {"pid": os.getpid(), "started": process_start(os.getpid())}
    (Path(run_folder(str(cloudrun.home))) / "daemon.json").write_text(json.dumps(said))
    cloudrun.environ["CLOUDSDK_CORE_PROJECT"] = PROJECT
    return cloudrun


def test_a_table_says_where_each_instance_is_in_its_life(home: Cloudrun) -> None:
    answer = home("instances list")
    assert (answer.exit_code, answer.stderr) == (0, "")
    lines = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in answer.splitlines()]
    ages = [line.pop(6) for line in lines]
    assert lines == [
        ["INSTANCE", "SERVICE", "REVISION", "REGION-ZONE", "STATE", "IN FLIGHT", "REASON"],
        [IDS[2], "api", "api-00001-abc", "europe-west1-a", "starting", "0", "request arrived"],
        [IDS[0], "hello", "hello-00001-abc", "us-central1-a", "serving", "7", "request arrived"],
        [IDS[1], "hello", "hello-00001-abc", "us-central1-b", "idle", "0", "no request in flight"],
    ]
    assert re.fullmatch(r"AGE \d+s 1m\d\ds 1h0\dm", " ".join(ages))


@pytest.mark.parametrize(
    ("flags", "ids"),
    [
        ("", {0, 1, 2}),
        ("--all", {0, 1, 2, 3}),
        ("--service=hello", {0, 1}),
        ("--service=hello --all", {0, 1, 3}),
        ("--service=nobody", set()),
        ("--revision=api-00001-abc", {2}),
        ("--region=us-central1", {0, 1}),
        ("--namespace=elsewhere", set()),
        ("--filter=state=idle", {1}),
        ("--filter=inFlight>3", {0}),
        ("--filter=zone~-a$", {0, 2}),
        ("--limit=1 --sort-by=~name", {2}),
    ],
)
def test_a_list_can_be_narrowed(home: Cloudrun, flags: str, ids: set[int]) -> None:
    answer = home(f"instances list --format=value(name) {flags}".strip())
    assert answer.exit_code == 0, answer.stderr
    assert set(answer.split()) == {IDS[number] for number in ids}


def test_describe_tells_the_whole_life(home: Cloudrun) -> None:
    found = json.loads(home(f"instances describe {IDS[3]} --format=json"))
    assert (found["state"], found["reason"], found["detail"], found["age"]) == (
        "stopped",
        "out of memory",
        "signal 9",
        "3s",
    )
    assert [(change["state"], change["reason"]) for change in found["changes"]] == [
        ("starting", "request arrived"),
        ("serving", "request arrived"),
        ("stopped", "out of memory"),
    ]
    assert "changes:\n- reason: request arrived\n  state: starting\n" in home(f"instances describe {IDS[3]}")


@pytest.mark.parametrize(
    ("typed", "name", "told"),
    [
        (IDS[0], IDS[0], ""),
        ("c0", IDS[2], ""),
        ("a1b2c3d4e5f60718293a4b5d", "", f"Did you mean [{IDS[0]}]?"),
        ("zz", "", "ERROR: (cloudrun.instances.describe) Cannot find instance [zz]."),
        ("a1", "", f"[a1] is the beginning of several instances: {IDS[0]}, {IDS[1]}."),
    ],
)
def test_an_instance_is_found_by_its_id_or_by_how_it_begins(home: Cloudrun, typed: str, name: str, told: str) -> None:
    answer = home(f"instances describe {typed} --format=value(name)")
    assert (answer.strip(), answer.exit_code) == (name, 0 if name else 1)
    assert told in answer.stderr


def test_before_anything_ran_there_is_nothing_to_list(cloudrun: Cloudrun) -> None:
    for words in ("instances list", "instances top"):
        answer = cloudrun(words)
        assert (answer, answer.stderr, answer.exit_code) == ("", "Listed 0 items.\n", 0)


def test_without_a_daemon_the_list_says_how_old_it_is(home: Cloudrun) -> None:
    (Path(run_folder(str(home.home))) / "daemon.json").unlink()
    answer = home("instances list")
    assert IDS[0] in answer
    assert answer.stderr == "WARNING: The emulator does not run; this is what it has last written down.\n"


@pytest.mark.parametrize("flags", ["", " --service=hello"])
def test_top_prints_once_when_nobody_watches(home: Cloudrun, flags: str) -> None:
    answer = home(f"instances top{flags}")
    assert answer.exit_code == 0
    assert "\x1b" not in answer
    assert (IDS[2] in answer) == (not flags)
    assert [line.split()[0] for line in answer.splitlines()[-2:]] == [IDS[1], IDS[0]]


def test_top_prints_once_in_a_format_that_is_asked_for(home: Cloudrun) -> None:
    found = json.loads(on_a_terminal(home, "instances top --format=json").text)
    assert {one["name"] for one in found} == set(IDS[:3])


SCREEN, LEAVES = "\x1b[?1049h", "\x1b[?1049l"


@pytest.mark.parametrize("key", ["q", "Q", "\x1b", "\x04"])
def test_top_lives_until_a_key_ends_it(home: Cloudrun, key: str) -> None:
    seen = on_a_terminal(home, "instances top", key, waits_for="ends this", columns=160)
    assert seen.exit_code == 0
    assert seen.text.startswith(SCREEN)
    assert "1 starting, 1 serving, 1 idle; 7 requests in flight." in seen.text
    assert IDS[0] in seen.text
    assert seen.text.rstrip().endswith(("\x1b[?25h", LEAVES))


def test_top_shows_what_changes(home: Cloudrun) -> None:
    def later() -> None:
        time.sleep(1.5)
        write(home, [row("ee" * 12, "late", "us-central1", "a", ago=1)])

    changing = threading.Thread(target=later)
    changing.start()
    seen = on_a_terminal(home, "instances top", "q", waits_for="ee" * 12, columns=160)
    changing.join()
    assert seen.exit_code == 0
    assert "1 starting; 0 requests in flight." in seen.text


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {}])
def test_ctrl_c_ends_top_well_and_leaves_the_terminal_as_it_was(home: Cloudrun, env: Mapping[str, str]) -> None:
    import pty
    import termios

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        [sys.executable, "-m", "cloudrun_cli", "instances", "top"],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**home.environ, "TERM": "xterm", **env},
    )
    try:
        seen = b""
        while b"ends this" not in seen:
            seen += os.read(ours, 65536)
        process.send_signal(signal.SIGINT)
        threading.Thread(target=_drain, args=(ours,), daemon=True).start()
        _, told = process.communicate(timeout=20)
        assert (process.returncode, told) == (0, b"")
        assert termios.tcgetattr(theirs) == before
    finally:
        process.kill()
        process.wait()
        os.close(theirs)


def _drain(fd: int) -> None:
    try:
        while os.read(fd, 65536):
            pass
    except OSError:  # the other end is closed
        return


def test_tab_offers_the_ids(home: Cloudrun) -> None:
    answer = home("__complete", "zsh", "instances", "describe", "a1")
    assert answer.splitlines() == [f"{IDS[0]}\thello, serving", f"{IDS[1]}\thello, idle"]
