"""A hundred requests a second through everything that happens to a service: none fails, but for those that are in
flight when Envoy itself is killed."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.prober import Prober
from tests.e2e.world import Home, eventually

AT_THE_CRASH = 0.5  # seconds around Envoy's death in which a request may fail that was under way


def test_nobody_notices_deploys_shifts_scaling_or_a_killed_daemon(
    own_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home = own_home
    home.done("config set emulator/idle_timeout 1s")
    home.deploy("probed", "--revision-suffix=v1 --concurrency=4 --max-instances=6")
    url = home.url("probed")
    with Prober(home, url) as prober:
        eventually(lambda: prober.seen["probed-v1"] > 50)

        home.deploy("probed", "--revision-suffix=v2 --concurrency=4 --max-instances=6")
        eventually(lambda: prober.seen["probed-v2"] > 50)

        home.done("run services update-traffic probed --to-revisions=probed-v1=50,probed-v2=50")
        both = dict(prober.seen)
        eventually(lambda: all(prober.seen[name] > both.get(name, 0) + 50 for name in ("probed-v1", "probed-v2")))

        with ThreadPoolExecutor(10) as callers:  # more at once than one instance takes, and then no more
            list(callers.map(lambda _: home.get(f"{url}/sleep/1"), range(10)))
        most = len(home.instances("probed"))
        assert most > 2
        eventually(lambda: len(home.instances("probed")) < most, lambda: str(home.instances("probed")), seconds=40)

        before = home.status()
        os.kill(before["pid"], signal.SIGKILL)
        eventually(lambda: home.status().get("pid") not in (None, before["pid"]))
        so_far = sum(prober.seen.values())
        eventually(lambda: sum(prober.seen.values()) > so_far + 100)

        crash = time.monotonic()
        os.kill(home.status()["envoy_pid"], signal.SIGKILL)
        so_far = sum(prober.seen.values())
        eventually(lambda: sum(prober.seen.values()) > so_far + 100)
    in_flight = [one for one in prober.failures if one[0] <= crash + AT_THE_CRASH and one[1] >= crash]
    others = [one for one in prober.failures if one not in in_flight]
    with capsys.disabled():
        print(
            f"\nprober on {home.runtime}: {prober.sent} sent, {sum(prober.seen.values())} good, "
            f"{len(in_flight)} failed in flight at Envoy's crash, {len(others)} failed otherwise; "
            f"{prober.refused} connections refused while Envoy was away"
        )
    assert others == []
    assert len(in_flight) <= 10
