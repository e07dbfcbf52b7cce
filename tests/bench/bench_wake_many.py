"""Many services woken at once: the first byte of each, against the engine's own time for as many `docker run` at once.

    python tests/bench/bench_wake_many.py [--services 25] [--rounds 3]

The yardstick is `docker run` of the same image with the number of runs in parallel that proves best, each container run
until it answers; it and the services take turns. Nothing is scaled in meanwhile: the short idle timeout that brings the
services to zero is taken back before they are woken.
"""

import argparse
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout's own, whatever is installed

from tests.bench.bench_cold_start import IMAGE, SCRIPT, poll
from tests.docker_images import an_image, busybox_base
from tests.e2e.world import Home, engine, eventually

SETTLE_SECONDS = 4  # for the engine to have cleared away what was before
TARGET = 1.3  # the most that our slowest (p95) may be, in the engine's own times
PARALLEL = (2, 3, 4, 6)


def by_docker_run(count: int, parallel: int) -> float:
    """Seconds until the last of so many containers answers."""
    containers: list[str] = []
    time.sleep(SETTLE_SECONDS)

    def one(_: int) -> None:
        command = ["docker", "run", "-d", "-m", "512m", "--cpus", "1", IMAGE]
        container = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        containers.append(container)
        poll(engine().inspect_container(container)["NetworkSettings"]["IPAddress"])

    begun = time.monotonic()
    try:
        with ThreadPoolExecutor(parallel) as runs:
            list(runs.map(one, range(count)))
        return time.monotonic() - begun
    finally:
        subprocess.run(["docker", "rm", "-f", *containers], capture_output=True, check=True)


def by_request(home: Home, urls: list[str]) -> list[float]:
    """Seconds until each of the services, all at zero and all asked at once, has answered."""
    home.done("config set emulator/idle_timeout 1s")
    eventually(lambda: not home.instances(), seconds=120)
    home.done("config unset emulator/idle_timeout")
    time.sleep(SETTLE_SECONDS)

    def one(url: str) -> float:
        begun = time.monotonic()
        answer = home.get(url)
        assert answer.status_code == 200, answer.text
        return time.monotonic() - begun

    with ThreadPoolExecutor(len(urls)) as callers:
        return list(callers.map(one, urls))


def main() -> int:
    """Print the ratio; 1 when it is too much."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--services", type=int, default=25)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    count = chosen.services
    files, instructions = {"serve": f"#!/bin/sh\n{SCRIPT}\n"}, ['CMD ["/serve"]']
    an_image(engine(), busybox_base(engine()), files, tag=IMAGE, instructions=instructions)
    home = Home("docker")
    try:
        for number in range(count):
            home.done(f"run deploy wake-{number} --image={IMAGE} --allow-unauthenticated")
        urls = [home.url(f"wake-{number}") for number in range(count)]
        theirs = {parallel: by_docker_run(count, parallel) for parallel in PARALLEL}
        best = min(theirs, key=lambda parallel: theirs[parallel])
        for parallel, seconds in theirs.items():
            print(f"{count} docker run, {parallel} at once  {seconds:6.2f} s", flush=True)
        ratios = []
        for _ in range(chosen.rounds):
            yardstick, ours = by_docker_run(count, best), by_request(home, urls)
            p95 = statistics.quantiles(ours, n=20)[18]
            ratios.append(p95 / yardstick)
            print(f"{count} docker run, {best} at once  {yardstick:6.2f} s")
            print(
                f"{count} services woken at once   p50 {statistics.median(ours):.2f} s, p95 {p95:.2f} s, "
                f"last {max(ours):.2f} s: {ratios[-1]:.2f}",
                flush=True,
            )
    finally:
        home.close()
    ratio = statistics.median(ratios)
    print(f"ratio of p95 to docker run     {ratio:6.2f}  (at most {TARGET})")
    return int(ratio > TARGET)


if __name__ == "__main__":
    sys.exit(main())
