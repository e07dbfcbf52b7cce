"""CPU and memory of instances that serve, on each runtime. Evidence: documented (billing settings; container runtime
contract: CPU between requests, memory, shutdown)."""

import hashlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.runtime import docker_labels as labels
from tests.e2e.world import Home, engine, eventually

COUNTER = Path(__file__).parent / "programs" / "counter.py"
IDLE_SECONDS, SHORT_SECONDS = 2.0, 0.3
LOOKS = 4  # before it is believed that an instance has CPU: a busy machine takes it away late, and asks late


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


def counted(home: Home, url: str, seconds: float) -> int:
    """How far it counts in some seconds without a request, and as the requests before and after them come and go."""
    before = count(home, url)
    time.sleep(seconds)
    return count(home, url) - before


def idle_speed(home: Home, url: str, seconds: float) -> float:
    """How far it counts in a second without a request."""
    return counted(home, url, seconds) / seconds


def idleness(home: Home, url: str) -> float:
    """How fast it counts without a request, as a part of its speed with one: by how much further it gets in a longer
    pause than in a short one, as the requests around both cost it the same. The least of a few looks: one in which it
    stands still shows that its CPU is taken away, and an instance that keeps it never stands still."""
    least = 1.0
    for _ in range(LOOKS):
        more = counted(home, url, SHORT_SECONDS + IDLE_SECONDS) - counted(home, url, SHORT_SECONDS)
        least = min(least, max(more, 0) / IDLE_SECONDS / full_speed(home, url))
        if least < 0.02:
            break
    return least


def cpu_quota(home: Home, service: str) -> int:
    """Microseconds of CPU in 100 ms that the engine gives the service's instance."""
    (row,) = engine().containers(filters={"label": f"{labels.INSTANCE}={home.instances(service)[0]}"})
    return int(engine().inspect_container(row["Id"])["HostConfig"]["CpuQuota"])


def texts(home: Home, service: str) -> list[str]:
    return [str(entry.get("textPayload", "")) for entry in home.entries(service)]


@pytest.fixture(scope="module")
def leaving(home: Home) -> str:
    """A service whose first instance does not heed SIGTERM: while it is waited for, other stories are told."""
    url = serving(home, "leaving", "--set-env-vars=STUBBORN=1,IDLE=1")
    count(home, url)
    time.sleep(0.5)
    serving(home, "leaving", "--set-env-vars=IDLE=1")
    return "leaving"


@pytest.fixture(scope="module")
def boosted(home: Home) -> int:
    """The CPU quota with which an instance was started that is ten seconds old when the last stories are told."""
    serving(home, "boosted", "--cpu=1 --cpu-boost --set-env-vars=IDLE=1")
    return cpu_quota(home, "boosted") if home.runtime == "docker" else 0


def test_between_requests_a_background_thread_stands_still(home: Home, leaving: str, boosted: int) -> None:
    url = serving(home, "still")
    ratio = idleness(home, url)
    print(f"{home.runtime}: while idle it counts at {ratio:.2%} of its speed while a request is under way")
    assert ratio < 0.02


def test_with_no_cpu_throttling_it_keeps_going(home: Home) -> None:
    url = serving(home, "going", "--no-cpu-throttling")
    assert idle_speed(home, url, 1.0) / full_speed(home, url) > 0.3
    home.done("run services delete going --quiet")  # or it would keep a core busy while the others are measured


def test_the_first_request_after_idleness_is_answered_every_time(home: Home) -> None:
    url = serving(home, "woken")
    for turn in range(60):
        time.sleep(0.06)
        answer = home.get(f"{url}/turn/{turn}")
        assert (answer.status_code, answer.json()["asked"]) == (200, f"/turn/{turn}")
    assert len(home.instances("woken")) == 1


def test_a_connection_with_an_answer_under_way_keeps_its_cpu(home: Home) -> None:
    url = serving(home, "streaming")
    more: dict[str, Any] = {}
    (address,) = home.reach(f"{url}/stream/1", more)
    with home.http.stream("GET", address, **more) as answer:
        first, second = (int(line) for line in answer.iter_lines())
    assert second - first > full_speed(home, url) * 0.3


def test_probes_are_answered_though_the_instance_has_no_cpu_between_them(home: Home) -> None:
    probe = "--liveness-probe=httpGet.path=/,periodSeconds=1,failureThreshold=1,timeoutSeconds=1"
    url = serving(home, "probed", probe)
    before = home.instances("probed")
    assert idle_speed(home, url, 2.5) / full_speed(home, url) < 0.1  # a probe each second gets CPU, too
    assert home.instances("probed") == before
    assert not [text for text in texts(home, "probed") if "LIVENESS" in text]


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


@pytest.mark.docker
@pytest.mark.parametrize("shared_home", ["docker"], indirect=True, scope="session")
def test_an_instance_starts_with_more_cpu_and_gets_its_own_limit_when_the_boost_is_over(
    home: Home, boosted: int
) -> None:
    assert boosted == min(2, int(engine().info()["NCPU"])) * 100_000
    eventually(lambda: cpu_quota(home, "boosted") == 100_000)
    serving(home, "plain", "--cpu=1 --no-cpu-boost --set-env-vars=IDLE=1")
    assert cpu_quota(home, "plain") == 100_000


def test_what_is_said_after_sigterm_is_kept_until_sigkill_ends_it(home: Home, leaving: str) -> None:
    eventually(lambda: len(home.instances(leaving)) == 1, seconds=30)
    said = texts(home, leaving)
    assert {f"leaving {step / 2:.1f} s" for step in range(19)} <= set(said)
    assert "leaving 11.0 s" not in said
    assert "left" not in said


def test_a_daemon_that_is_killed_leaves_nothing_without_cpu_for_good(home: Home, leaving: str) -> None:
    eventually(lambda: len(home.instances(leaving)) == 1, seconds=30)  # a new daemon would begin that anew
    url = serving(home, "orphan")
    before = count(home, url)
    time.sleep(0.5)
    (instance,) = home.instances("orphan")
    os.kill(home.status()["pid"], signal.SIGKILL)
    assert count(home, url) > before
    assert home.instances("orphan") == [instance]
    assert idleness(home, url) < 0.02  # taken away by the new daemon, as soon as it is there
