"""Traffic in full: splits, tags, rollouts and rollbacks under load, and the names a service is reached by."""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

import pytest

from tests.e2e.load import Load, ask_many
from tests.e2e.world import Home, eventually

REQUESTS = 10_000
POINTS = 1.5  # how far a share may be from what was asked for


def traffic(home: Home, service: str) -> dict[str, int]:
    """Who is served which percent."""
    found = home.json(f"run services describe {service}")["status"]["traffic"]
    out: Counter[str] = Counter()
    for target in found:
        out[target["revisionName"]] += target.get("percent", 0)
    return {name: percent for name, percent in out.items() if percent}


def _has_instances(home: Home, service: str, count: int) -> bool:
    return len(home.instances(service)) == count


def ask(home: Home, url: str, count: int) -> Counter[str]:
    """Who answered so many requests."""
    return asyncio.run(ask_many(home.http_port, urlsplit(url).netloc, count))


def test_requests_arrive_in_the_shares_that_were_asked_for_and_a_tag_always_reaches_its_revision() -> None:
    home = Home("process")
    try:
        for name in ("v1", "v2", "v3"):
            home.deploy("split", f"--revision-suffix={name} --tag={name}")
        home.done("run services update-traffic split --to-revisions=split-v1=70,split-v2=20,split-v3=10")
        seen = ask(home, home.url("split"), REQUESTS)
        assert seen.total() == REQUESTS
        for name, percent in (("split-v1", 70), ("split-v2", 20), ("split-v3", 10)):
            assert abs(seen[name] * 100 / REQUESTS - percent) <= POINTS, seen
        for name in ("v1", "v2", "v3"):
            assert ask(home, home.url("split", name), 200) == {f"split-{name}": 200}
    finally:
        home.close()


def test_a_rollout_in_steps_and_its_rollback_lose_no_request_and_leave_no_old_instance(home: Home) -> None:
    home.deploy("roll", "--revision-suffix=v1 --concurrency=2")
    home.done("run services update-traffic roll --to-revisions=roll-v1=100")
    url = home.url("roll")
    (first,) = home.instances("roll")
    with Load(home, url) as load:
        home.deploy("roll", "--revision-suffix=v2 --concurrency=2")
        assert traffic(home, "roll") == {"roll-v1": 100}
        for step in ("LATEST=10", "LATEST=50"):
            home.done(f"run services update-traffic roll --to-revisions={step}")
            time.sleep(0.3)
        assert traffic(home, "roll") == {"roll-v1": 50, "roll-v2": 50}
        slow = home.fetching(f"{url}/sleep/2")  # on either: it is finished where it began
        time.sleep(0.2)
        home.done("run services update-traffic roll --to-latest")
        before = load.seen["roll-v1"]
        time.sleep(0.3)
        assert load.seen["roll-v1"] - before <= 8  # those that were on their way
        assert slow().status_code == 200
        eventually(lambda: first not in home.instances("roll"), lambda: str(home.instances("roll")))
        home.deploy("roll", "--revision-suffix=v3 --concurrency=2")  # LATEST takes all of it at once
        assert traffic(home, "roll") == {"roll-v3": 100}
        home.done("run services update-traffic roll --to-revisions=roll-v1=100")
        assert traffic(home, "roll") == {"roll-v1": 100}
        time.sleep(0.3)
    assert load.failures == []
    assert set(load.seen) == {"roll-v1", "roll-v2", "roll-v3"}
    assert ask(home, url, 50) == {"roll-v1": 50}
    revisions = {
        r["metadata"]["name"]: r["status"]["conditions"] for r in home.json("run revisions list --service=roll")
    }
    retired = {name for name, found in revisions.items() if any(c.get("reason") == "Retired" for c in found)}
    assert retired == {"roll-v2", "roll-v3"}


@pytest.fixture(scope="module")
def names() -> Iterator[Home]:
    """A home on the process runtime for what needs no load."""
    made = Home("process")
    yield made
    made.close()


def test_pinned_stays_pinned_and_a_failed_revision_leaves_the_split_as_it_is(names: Home) -> None:
    names.deploy("pin", "--revision-suffix=v1")
    names.deploy("pin", "--revision-suffix=v2")
    names.done("run services update-traffic pin --to-revisions=pin-v1=60")
    assert traffic(names, "pin") == {"pin-v1": 60, "pin-v2": 40}
    names.done("run services update-traffic pin --to-revisions=pin-v1=60,pin-v2=40")
    names.deploy("pin", "--revision-suffix=v3")
    assert traffic(names, "pin") == {"pin-v1": 60, "pin-v2": 40}
    failed = names.cloudrun(f"run deploy pin --image={names.image} --revision-suffix=v4 --set-env-vars=BEHAVE=exit:3")
    assert failed.exit_code == 1
    assert traffic(names, "pin") == {"pin-v1": 60, "pin-v2": 40}
    refused = names.cloudrun("run services update-traffic pin --to-revisions=pin-v4=100")
    assert refused.exit_code == 1
    assert "pin-v4" in refused.stderr
    assert traffic(names, "pin") == {"pin-v1": 60, "pin-v2": 40}
    names.done("run services update-traffic pin --to-latest")  # the latest that is ready
    assert traffic(names, "pin") == {"pin-v3": 100}


def test_a_tag_without_traffic_starts_on_demand_goes_to_zero_and_is_gone_once_removed(names: Home) -> None:
    names.deploy("tagged", "--revision-suffix=v1")
    names.deploy("tagged", "--revision-suffix=v2 --no-traffic --tag=next")
    url = names.url("tagged", "next")
    names.done("config set emulator/idle_timeout 1s")
    try:
        eventually(lambda: not names.instances("tagged"))
        assert names.get(f"{url}/revision").json() == "tagged-v2"
        assert len(names.instances("tagged")) == 1
        eventually(lambda: not names.instances("tagged"))
    finally:
        names.done("config unset emulator/idle_timeout")
    names.done("run services update-traffic tagged --update-tags=next=tagged-v1")
    assert names.get(f"{url}/revision").json() == "tagged-v1"
    names.done("run services update-traffic tagged --remove-tags=next")
    assert names.get(f"{url}/revision").status_code == 404
    assert names.get(f"{names.url('tagged')}/revision").json() == "tagged-v1"


def test_scaled_by_hand_a_service_has_exactly_so_many_instances_and_at_none_refuses(names: Home) -> None:
    names.deploy("manual", "--no-deploy-health-check")
    assert names.instances("manual") == []  # ready without one having been tried
    for count in (2, 1):
        names.done(f"run services update manual --scaling={count}")
        eventually(partial(_has_instances, names, "manual", count))
    names.done("run services update manual --scaling=0")
    eventually(lambda: not names.instances("manual"))
    assert names.get(names.url("manual")).status_code == 503
    names.done("run services update manual --scaling=auto")
    assert names.get(names.url("manual")).status_code == 200


def test_a_mapped_domain_is_served_by_host_over_http_and_tls_also_without_the_default_url(names: Home) -> None:
    names.deploy("shop")
    url, domain = names.url("shop"), "www.shop.example.com"
    mapped = f"http://{domain}:{names.http_port}/revision"
    door = next(u for u in names.done("run services describe shop").split() if u.startswith("http://127.0.0.1:"))
    assert names.get(mapped).status_code == 404
    names.done(f"run domain-mappings create --service=shop --domain={domain}")
    eventually(lambda: names.get(mapped).status_code == 200)
    names.done("run services update shop --no-default-url")
    assert [names.get(f"{url}/revision").status_code, names.http.get(f"{door}/revision").status_code] == [404, 404]
    assert names.get(mapped).status_code == 200
    trusting = ssl.create_default_context(cafile=names.json("info")["tls"]["ca"])

    def over_tls() -> str:
        with trusting.wrap_socket(names.connection(names.https_port), server_hostname=domain) as tls:
            tls.sendall(f"GET /revision HTTP/1.1\r\nHost: {domain}\r\nConnection: close\r\n\r\n".encode())
            return b"".join(iter(lambda: tls.recv(65536), b"")).decode()

    assert over_tls().startswith("HTTP/1.1 200")
    names.done("run services update shop --default-url")
    assert names.get(f"{url}/revision").status_code == 200
    names.done(f"run domain-mappings delete --domain={domain}")
    eventually(lambda: names.get(mapped).status_code == 404)
