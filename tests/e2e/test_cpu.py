"""CPU and memory of instances that serve, on each runtime. Evidence: documented (billing settings; container runtime
contract: CPU between requests, memory, shutdown)."""

import hashlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.runtime import docker_labels as labels
from tests.e2e.world import Home, engine, eventually

COUNTER = Path(__file__).parent / "programs" / "counter.py"
IDLE_SECONDS = 4.0


def serving(home: Home, name: str, flags: str = "") -> str:
    """Its URL, once it is deployed; one instance and no more."""
    common = f"run deploy {name} --allow-unauthenticated --max-instances=1 {flags}"
    if home.runtime == "docker":
        home.done(f"{common} --image={counter_image()}")
    else:
        files = {"main.py": COUNTER.read_text(), "Procfile": "web: python3 -u main.py\n"}
        home.done(f"{common} --source={home.folder(name, files)}")
    return home.url(name)


def counter_image() -> str:
    """The program as an image of the engine."""
    from tests.docker_images import an_image, python_base

    tag = f"cloudrun-test/counter:{hashlib.sha256(COUNTER.read_bytes()).hexdigest()[:12]}"
    command = 'CMD ["python3", "-u", "/app.py"]'
    an_image(engine(), python_base(engine()), {"app.py": COUNTER.read_text()}, tag=tag, instructions=[command])
    return tag


def count(home: Home, url: str, path: str = "/") -> int:
    """How far it has counted."""
    answer = home.get(f"{url}{path}")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["count"])


def full_speed(home: Home, url: str) -> float:
    """How far it counts in a second in which a request is under way."""
    before = count(home, url)
    began = time.monotonic()
    return (count(home, url, "/sleep/1") - before) / (time.monotonic() - began)


def idle_speed(home: Home, url: str) -> float:
    """The same of some seconds without a request."""
    before = count(home, url)
    began = time.monotonic()
    time.sleep(IDLE_SECONDS)
    return (count(home, url) - before) / (time.monotonic() - began)


def cpu_quota(home: Home, service: str) -> int:
    """Microseconds of CPU in 100 ms that the engine gives the service's instance."""
    (row,) = engine().containers(filters={"label": f"{labels.INSTANCE}={home.instances(service)[0]}"})
    return int(engine().inspect_container(row["Id"])["HostConfig"]["CpuQuota"])


def texts(home: Home, service: str) -> list[str]:
    return [str(entry.get("textPayload", "")) for entry in home.entries(service)]


@pytest.fixture
def docker_home() -> Iterator[Home]:
    """A home of the test's own, on Docker."""
    made = Home("docker")
    yield made
    made.close()


def test_between_requests_a_background_thread_stands_still(home: Home) -> None:
    url = serving(home, "still")
    ratio = idle_speed(home, url) / full_speed(home, url)
    print(f"{home.runtime}: while idle it counts at {ratio:.2%} of its speed while a request is under way")
    assert ratio < 0.02


def test_with_no_cpu_throttling_it_keeps_going(home: Home) -> None:
    url = serving(home, "going", "--no-cpu-throttling")
    assert idle_speed(home, url) / full_speed(home, url) > 0.3


def test_the_first_request_after_idleness_is_answered_every_time(home: Home) -> None:
    url = serving(home, "woken")
    for turn in range(100):
        time.sleep(0.07)
        answer = home.get(f"{url}/turn/{turn}")
        assert (answer.status_code, answer.json()["asked"]) == (200, f"/turn/{turn}")
    assert len(home.instances("woken")) == 1


def test_a_connection_with_an_answer_under_way_keeps_its_cpu(home: Home) -> None:
    url = serving(home, "streaming")
    more: dict[str, Any] = {}
    (address,) = home.reach(f"{url}/stream/2", more)
    with home.http.stream("GET", address, **more) as answer:
        first, second = (int(line) for line in answer.iter_lines())
    assert (second - first) / 2 > full_speed(home, url) * 0.3


def test_probes_are_answered_though_the_instance_has_no_cpu_between_them(home: Home) -> None:
    probe = "--liveness-probe=httpGet.path=/,periodSeconds=1,failureThreshold=1,timeoutSeconds=1"
    url = serving(home, "probed", probe)
    before = home.instances("probed")
    assert idle_speed(home, url) / full_speed(home, url) < 0.1  # a probe each second gets CPU, too
    assert home.instances("probed") == before
    assert not [text for text in texts(home, "probed") if "LIVENESS" in text]


@pytest.mark.docker
def test_an_instance_starts_with_more_cpu_and_gets_its_own_limit_when_the_boost_is_over(docker_home: Home) -> None:
    serving(docker_home, "boosted", "--cpu=1 --cpu-boost")
    quota_us = min(2, int(engine().info()["NCPU"])) * 100_000
    assert cpu_quota(docker_home, "boosted") == quota_us
    eventually(lambda: cpu_quota(docker_home, "boosted") == 100_000)
    serving(docker_home, "plain", "--cpu=1 --no-cpu-boost")
    assert cpu_quota(docker_home, "plain") == 100_000


def test_a_daemon_that_is_killed_leaves_nothing_without_cpu_for_good(own_home: Home) -> None:
    url = serving(own_home, "orphan")
    before = count(own_home, url)
    time.sleep(0.5)
    (instance,) = own_home.instances("orphan")
    os.kill(own_home.status()["pid"], signal.SIGKILL)
    assert count(own_home, url) > before
    assert own_home.instances("orphan") == [instance]
    time.sleep(1)  # the new daemon is still loading
    assert idle_speed(own_home, url) / full_speed(own_home, url) < 0.02


def test_what_is_said_after_sigterm_is_kept_until_sigkill_ends_it(own_home: Home) -> None:
    url = serving(own_home, "leaving", "--set-env-vars=STUBBORN=1")
    count(own_home, url)
    time.sleep(0.5)
    serving(own_home, "leaving", "--set-env-vars=NEXT=1")
    eventually(lambda: len(own_home.instances("leaving")) == 1, seconds=30)
    said = texts(own_home, "leaving")
    assert {f"leaving {step / 2:.1f} s" for step in range(19)} <= set(said)
    assert "leaving 11.0 s" not in said
    assert "left" not in said


@pytest.mark.parametrize("how", ["eat", "write"])
def test_over_its_memory_an_instance_ends_and_the_log_says_why(home: Home, how: str) -> None:
    if how == "write" and home.runtime == "process":
        pytest.skip("files of plain processes are not in memory")
    name = f"over-{how}"
    url = serving(home, name, "--memory=128Mi --set-env-vars=IDLE=1")
    answer = home.get(f"{url}/{how}/300")
    assert answer.status_code in (500, 503)  # documented: either
    eventually(lambda: any("exceeded" in text for text in texts(home, name)), lambda: str(texts(home, name)))
    (entry,) = [entry for entry in home.entries(name) if "exceeded" in str(entry.get("textPayload"))]
    assert entry["severity"] == "ERROR"
    said = "Memory limit of 128 MiB exceeded with "
    assert entry["textPayload"].startswith(said)
    assert int(entry["textPayload"].removeprefix(said).split()[0]) >= 128
    assert entry["textPayload"].endswith("see https://cloud.google.com/run/docs/configuring/memory-limits")
    (request,) = [e for e in home.entries(name) if str(e.get("httpRequest", {}).get("requestUrl")).endswith("/300")]
    assert "too much memory and was terminated" in request["textPayload"]
    assert request["severity"] == "ERROR"
    assert home.get(url).status_code == 200  # by a new instance
