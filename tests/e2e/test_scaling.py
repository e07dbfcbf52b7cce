"""Instances come and go: the rules of autoscaling with real instances, where time goes faster than it does."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import httpx
import pytest

from tests.e2e.world import APP, Home, eventually

FAST = 600  # 15 minutes are 1.5 seconds


@pytest.fixture(scope="module")
def fast() -> Iterator[Home]:
    """A home on the process runtime where time goes fast."""
    made = Home("process")
    made.done(f"config set emulator/time_scale {FAST}")
    yield made
    made.close()


@contextmanager
def callers(home: Home, url: str, count: int, path: str = "/sleep/0.1") -> Iterator[list[int]]:
    """So many callers, each of whom asks again as soon as it is answered; the statuses of all answers."""
    statuses: list[int] = []
    over = threading.Event()

    async def call(client: httpx.AsyncClient) -> None:
        more: dict[str, dict[str, str]] = {}
        (address,) = home.reach(f"{url}{path}", more)
        while not over.is_set():
            statuses.append((await client.get(address, **more)).status_code)  # type: ignore[arg-type]

    async def run() -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=60, trust_env=False, limits=limits) as client, asyncio.TaskGroup() as all_:
            for _ in range(count):
                all_.create_task(call(client))

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield statuses
    finally:
        over.set()
        thread.join()


def at_once(home: Home, url: str, count: int, path: str) -> list[httpx.Response]:
    """So many answers to requests that came at the same time."""
    waiting = [home.fetching(f"{url}{path}") for _ in range(count)]
    return [answer() for answer in waiting]


def have(home: Home, service: str, least: int, most: int) -> bool:
    return least <= len(home.instances(service)) <= most


def become(home: Home, service: str, least: int, most: int | None = None) -> None:
    """Wait until it has so many instances."""
    found = partial(have, home, service, least, least if most is None else most)
    eventually(found, lambda: f"{len(home.instances(service))} instances of {service}")


def who_served(home: Home, service: str, path: str) -> list[str]:
    """The instances that served the requests for this path, by the request log."""
    found = [
        entry for entry in home.entries(service) if entry.get("httpRequest", {}).get("requestUrl", "").endswith(path)
    ]
    return [entry["labels"]["instanceId"] for entry in found]


def reasons(home: Home, service: str) -> str:
    """What the log tells of starts and ends of instances."""
    texts = [str(entry.get("textPayload") or entry.get("jsonPayload")) for entry in home.entries(service)]
    return "\n".join(text for text in texts if "tarting new instance" in text or "hutting down" in text)


def test_five_callers_at_concurrency_one_are_served_by_five_instances_and_not_one_after_another(home: Home) -> None:
    home.deploy("five", "--concurrency=1")
    answers = at_once(home, home.url("five"), 5, "/sleep/2")
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len(home.instances("five")) == 5
    eventually(lambda: len(who_served(home, "five", "/sleep/2")) == 5)
    assert len(set(who_served(home, "five", "/sleep/2"))) == 5
    home.done(f"config set emulator/time_scale {FAST}")  # heard at once
    try:
        become(home, "five", 0)
    finally:
        home.done("config unset emulator/time_scale")


def test_who_waits_for_an_instance_that_does_not_start_is_told_at_once(fast: Home) -> None:
    broken = fast.work / "broken"
    check = f"import os, sys\nif os.path.exists({str(broken)!r}): sys.exit(7)\n"
    source = fast.folder("moody", {"main.py": check + APP.read_text(), "Procfile": "web: python3 main.py\n"})
    fast.done(f"run deploy moody --source={source} --allow-unauthenticated")
    become(fast, "moody", 0)
    broken.touch()
    answer = fast.get(fast.url("moody"))
    assert answer.status_code == 500
    assert "could not start" in answer.text
    assert answer.elapsed.total_seconds() < 8  # and not when it has waited as long as it may
    broken.unlink()
    eventually(lambda: fast.get(fast.url("moody")).status_code == 200)


def test_from_zero_to_many_and_back(fast: Home) -> None:
    fast.deploy("wave", "--concurrency=1")
    url = fast.url("wave")
    become(fast, "wave", 0)
    with callers(fast, url, 4) as statuses:
        become(fast, "wave", 7)  # four requests at 60 % of a slot each
    assert set(statuses) == {200}
    become(fast, "wave", 1, 6)
    become(fast, "wave", 0)
    said = reasons(fast, "wave")
    assert "DEPLOYMENT_ROLLOUT" in said
    assert "AUTOSCALING" in said


def test_the_next_instance_comes_at_60_percent_though_no_request_waits(fast: Home) -> None:
    for service, target, count in (("early", "default", 2), ("late", "0.95", 1)):
        fast.deploy(service, f"--concurrency=10 --scaling-concurrency-target={target} --scaling-cpu-target=disabled")
        with callers(fast, fast.url(service), 8) as statuses:
            become(fast, service, count)
            eventually(lambda: len(statuses) > 100)
            assert len(fast.instances(service)) == count
        assert set(statuses) == {200}


def test_a_service_whose_cpu_is_busy_has_more_instances(fast: Home) -> None:
    fast.deploy("busy", "--scaling-cpu-target=0.1 --max-instances=2")
    with callers(fast, fast.url("busy"), 1, "/burn/0.4"):
        become(fast, "busy", 2)


def test_instances_of_a_revision_that_are_to_be_kept_are_kept(fast: Home) -> None:
    fast.deploy("kept", "--concurrency=1 --min-instances=2")
    become(fast, "kept", 2)
    with callers(fast, fast.url("kept"), 3):
        become(fast, "kept", 3, 5)
    become(fast, "kept", 2)
    before = set(fast.instances("kept"))
    assert fast.get(f"{fast.url('kept')}/exit/1").status_code == 503
    eventually(lambda: len(before & set(fast.instances("kept"))) == 1)
    become(fast, "kept", 2)
    assert "MANUAL_OR_CUSTOMER_MIN_INSTANCE" in reasons(fast, "kept")
    fast.done("run services update kept --min-instances=0")
    become(fast, "kept", 0)


def test_limits_of_the_service_are_shared_by_its_revisions_and_make_no_new_one(fast: Home) -> None:
    fast.deploy("shared", "--concurrency=1 --revision-suffix=a")
    fast.deploy("shared", "--concurrency=1 --revision-suffix=b --no-traffic --tag=b")
    fast.done("run services update shared --min=1 --max=2")
    assert fast.revision("shared") == "shared-b"
    become(fast, "shared", 1)  # the one that only has a tag has none
    with callers(fast, fast.url("shared"), 4) as statuses:
        become(fast, "shared", 2)
        eventually(lambda: len(statuses) > 20)
        assert len(fast.instances("shared")) == 2
    become(fast, "shared", 1)
    fast.done("run services update-traffic shared --to-revisions=shared-a=50,shared-b=50")
    become(fast, "shared", 2)  # each that has traffic has one
    fast.done("run services update shared --min=default --max=default")
    become(fast, "shared", 0)


def test_scaled_by_hand_it_has_exactly_so_many_whatever_its_load(fast: Home) -> None:
    fast.deploy("exact", "--concurrency=1 --scaling=2")
    become(fast, "exact", 2)
    with callers(fast, fast.url("exact"), 5) as statuses:
        eventually(lambda: len(statuses) > 20)
        assert len(fast.instances("exact")) == 2
    assert set(statuses) == {200}
