"""kill -9 of everything that can be killed, under load: it comes back by itself and nothing acknowledged is lost."""

import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import RUNTIMES
from tests.e2e.world import Home, eventually

CALLERS = 3
FIRST, AFTER = 20, 60  # answers of the load before the blow, and good ones in a row after it


class Load:
    """A few callers, one request after another, counted by what came of it."""

    def __init__(self, home: Home, url: str) -> None:
        self.seen: Counter[str] = Counter()
        self.good_in_a_row = 0
        self._home, self._url = home, url
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._call) for _ in range(CALLERS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        eventually(lambda: self.good_in_a_row >= FIRST, lambda: str(self.seen))
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(70)

    def recovers(self) -> None:
        """Returns once the service answers again, many times in a row."""
        with self._lock:
            self.good_in_a_row = 0
        eventually(lambda: self.good_in_a_row >= AFTER, lambda: f"{self.seen}\n{self._home.log()}")

    def _call(self) -> None:
        more: dict[str, Any] = {}
        (address,) = self._home.reach(self._url, more)
        with httpx.Client(timeout=60, trust_env=False) as client:
            while not self._over.is_set():
                try:
                    kind = str(client.get(address, **more).status_code)
                except httpx.TransportError as error:
                    kind = type(error).__name__
                    time.sleep(0.02)
                with self._lock:
                    self.seen[kind] += 1
                    self.good_in_a_row = self.good_in_a_row + 1 if kind == "200" else 0


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@contextmanager
def struck(home: Home, blow: Callable[[], object]) -> Iterator[Load]:
    """A loaded service, hit in the middle, that answers again; the caller looks what became of it."""
    with Load(home, home.url("loaded")) as load:
        blow()
        load.recovers()
        yield load


@pytest.fixture(scope="module")
def deployed(home: Home) -> Home:
    """A home with a service that is to have a warm instance."""
    home.deploy("loaded", "--min-instances=1 --max-instances=1")
    return home


@pytest.fixture(scope="module", params=RUNTIMES)
def stopped_home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """A home for those who stop its emulator, on each runtime."""
    made = Home(request.param)
    yield made
    made.close()


@pytest.fixture
def loaded(deployed: Home) -> Home:
    """The same, and the instance is there."""
    home = deployed
    eventually(lambda: len(home.instances("loaded")) == 1, lambda: str(home.instances("loaded")))
    return home


def test_a_killed_daemon_comes_back_and_adopts_what_ran(loaded: Home) -> None:
    before, running = loaded.status(), loaded.instances("loaded")
    with struck(loaded, lambda: kill(before["pid"])) as load:
        eventually(lambda: loaded.status().get("pid") not in (None, before["pid"]))
    assert set(load.seen) == {"200"}  # what was asked meanwhile has waited in the socket
    after = loaded.status()
    assert after["supervisor"] == before["supervisor"]
    assert after["envoy_pid"] == before["envoy_pid"]
    assert loaded.instances("loaded") == running


def test_a_killed_envoy_comes_back_on_the_same_ports(loaded: Home) -> None:
    before, running = loaded.status(), loaded.instances("loaded")
    with struck(loaded, lambda: kill(before["envoy_pid"])) as load:
        pass
    assert loaded.status()["pid"] == before["pid"]
    assert loaded.instances("loaded") == running
    assert {kind for kind in load.seen if kind.isdigit()} == {"200"}
    assert loaded.status()["envoy_pid"] not in (None, before["envoy_pid"])


def test_a_killed_instance_is_replaced(loaded: Home) -> None:
    (killed,) = loaded.instances("loaded")
    with struck(loaded, lambda: loaded.kill_instance(killed)):
        eventually(lambda: loaded.instances("loaded") not in ([], [killed]))
    assert any("signal 9" in str(entry.get("textPayload")) for entry in loaded.entries("loaded"))


def test_a_killed_supervisor_is_replaced_and_what_ran_is_adopted(loaded: Home) -> None:
    before, running = loaded.status(), loaded.instances("loaded")
    with struck(loaded, lambda: kill(before["supervisor"])) as load:
        eventually(lambda: loaded.status().get("supervisor") not in (None, before["supervisor"]))
    assert set(load.seen) == {"200"}
    assert loaded.instances("loaded") == running
    assert loaded.status()["envoy_pid"] == before["envoy_pid"]


def test_with_supervisor_and_daemon_killed_the_next_command_brings_everything_back(loaded: Home) -> None:
    before, running = loaded.status(), loaded.instances("loaded")
    os.kill(before["supervisor"], signal.SIGSTOP)  # or it would start the next daemon at once
    kill(before["pid"])
    kill(before["supervisor"])
    assert loaded.cloudrun("emulator status").stdout == "The emulator does not run.\n"
    loaded.done("emulator start")
    assert loaded.get(loaded.url("loaded")).status_code == 200
    assert loaded.instances("loaded") == running
    assert loaded.status()["envoy_pid"] == before["envoy_pid"]


def test_what_killed_daemons_leave_behind_is_cleaned_up_by_stop(stopped_home: Home) -> None:
    stopped_home.deploy("left", "--min-instances=1")
    before = stopped_home.status()
    os.kill(before["supervisor"], signal.SIGSTOP)
    kill(before["pid"])
    kill(before["supervisor"])
    stopped_home.done("emulator stop")
    eventually(lambda: not stopped_home.left_over(), lambda: str(stopped_home.left_over()))


def test_a_deploy_goes_on_when_the_daemon_is_killed_in_the_middle_of_it(loaded: Home) -> None:
    deploying = loaded.start(
        f"run deploy interrupted --image={loaded.image} --allow-unauthenticated --set-env-vars=BEHAVE=late:1"
    )
    eventually(lambda: loaded.cloudrun("run services describe interrupted").exit_code == 0)
    kill(loaded.status()["pid"])
    _, told = deploying.communicate(timeout=60)
    assert deploying.returncode == 0, told
    assert loaded.get(loaded.url("interrupted")).status_code == 200
    eventually(lambda: len(loaded.instances("interrupted")) == 1, lambda: str(loaded.instances("interrupted")))


def test_a_deploy_says_so_when_the_emulator_is_stopped_under_it(stopped_home: Home) -> None:
    stopped_home.deploy("first")
    deploying = stopped_home.start(f"run deploy first --image={stopped_home.image} --set-env-vars=BEHAVE=silent")
    eventually(lambda: stopped_home.json("run services describe first")["metadata"]["generation"] == 2)
    stopped_home.done("emulator stop")
    _, told = deploying.communicate(timeout=60)
    assert deploying.returncode == 1
    assert "The emulator was stopped meanwhile.\n" in told
    assert "cloudrun emulator start" in told
    stopped_home.done("run services delete first --quiet")  # or the next start would go on with it


def test_ctrl_c_during_a_deploy_leaves_the_old_revision_serving(loaded: Home) -> None:
    loaded.deploy("broken-off")
    serving = loaded.revision("broken-off")
    deploying = loaded.start(f"run deploy broken-off --image={loaded.image} --set-env-vars=BEHAVE=silent")
    eventually(lambda: loaded.revision("broken-off") != serving)
    deploying.send_signal(signal.SIGINT)
    _, told = deploying.communicate(timeout=30)
    assert deploying.returncode == -signal.SIGINT, told
    assert "Traceback" not in told
    assert loaded.get(loaded.url("broken-off")).json()["env"]["K_REVISION"] == serving
    loaded.deploy("broken-off", "--clear-env-vars")
    assert loaded.get(loaded.url("broken-off")).json()["env"]["K_REVISION"] == loaded.revision("broken-off")


def test_ctrl_c_during_a_build_gives_the_build_up_and_deploys_nothing(process_home: Home) -> None:
    source = process_home.folder("slow", {"package.json": '{"scripts": {"build": "sleep 600", "start": "true"}}'})
    building = process_home.start(f"run deploy slow --source={source}")
    eventually(lambda: "sleep" in "\n".join(process_home.left_over()), lambda: "\n".join(process_home.left_over()))
    building.send_signal(signal.SIGINT)
    _, told = building.communicate(timeout=30)
    assert building.returncode == -signal.SIGINT, told
    assert "Traceback" not in told
    assert process_home.cloudrun("run services describe slow").exit_code == 1
    eventually(lambda: "sleep" not in "\n".join(process_home.left_over()), lambda: str(process_home.left_over()))
    eventually(lambda: not list((process_home.home / "sources").glob("*")))


def test_two_homes_run_side_by_side(process_home: Home) -> None:
    other = Home("process")
    try:
        for home, color in ((process_home, "blue"), (other, "green")):
            home.deploy("same", f"--set-env-vars=COLOR={color}")
        assert process_home.get(process_home.url("same")).json()["env"]["COLOR"] == "blue"
        assert other.get(other.url("same")).json()["env"]["COLOR"] == "green"
        process_home.done("emulator stop")
        assert other.get(other.url("same")).json()["env"]["COLOR"] == "green"
    finally:
        other.close()


def test_a_busy_port_is_an_error_that_names_its_owner(process_home: Home) -> None:
    server = subprocess.Popen(["python3", "-m", "http.server", str(process_home.http_port), "--bind", "127.0.0.1"])
    try:
        eventually(lambda: reachable(process_home.http_port))
        answer = process_home.cloudrun("emulator start")
        assert answer.exit_code == 1
        told = answer.stderr.splitlines()
        assert f"Port {process_home.http_port} on 127.0.0.1 is in use by pid {server.pid} (" in told[0]
        assert "cloudrun config set emulator/http_port" in told[1]
    finally:
        server.kill()
        server.wait()


def test_status_never_starts_the_daemon(process_home: Home) -> None:
    assert process_home.cloudrun("emulator status").stdout == "The emulator does not run.\n"
    assert process_home.json("emulator status")["state"] == "stopped"
    process_home.done("run services list")
    process_home.done("config list")
    assert process_home.json("emulator status")["state"] == "stopped"
    assert not process_home.left_over()


def test_the_daemon_keeps_neither_terminal_nor_pipe_of_the_command_that_started_it(process_home: Home) -> None:
    answer = process_home.done("emulator start --format=value(pid)")  # returns only when the pipes are closed
    pid = int(answer)
    assert os.getsid(pid) != os.getsid(0)
    for process in (pid, process_home.status()["supervisor"], process_home.status()["envoy_pid"]):
        files = [os.readlink(f"/proc/{process}/fd/{fd}") for fd in range(3)]
        assert files[0] == "/dev/null"
        assert all(file.startswith(str(process_home.home)) for file in files[1:]), files
    assert "Started the emulator" in answer.stderr


def test_everything_deployed_is_there_again_after_stop_and_start(stopped_home: Home) -> None:
    stopped_home.deploy("lasting", "--set-env-vars=A=1")
    url, revision = stopped_home.url("lasting"), stopped_home.revision("lasting")
    stopped_home.done("emulator stop")
    eventually(lambda: not stopped_home.left_over(), lambda: str(stopped_home.left_over()))
    stopped_home.done("emulator start")
    assert stopped_home.url("lasting") == url
    assert stopped_home.get(url).json()["env"]["K_REVISION"] == revision


def reachable(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def store_is_sound(home: Path) -> bool:
    """Whether SQLite finds nothing wrong with its file."""
    with sqlite3.connect(home / "state.db") as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))
