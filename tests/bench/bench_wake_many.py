"""Many services woken at once: the first byte of each, against the engine's own time for as many `docker run` at once.

    python tests/bench/bench_wake_many.py [--services 25]

The yardstick is the best of several numbers of runs in parallel, each container run until it answers.
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

TARGET = 1.3  # the most that our slowest (p95) may be, in the engine's own times
PARALLEL = (2, 4, 8)


def by_docker_run(count: int, parallel: int) -> float:
    """Seconds until the last of so many containers answers."""
    containers: list[str] = []

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
    eventually(lambda: not home.instances(), seconds=60)
    time.sleep(2)

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
    count = options.parse_args().services
    files, instructions = {"serve": f"#!/bin/sh\n{SCRIPT}\n"}, ['CMD ["/serve"]']
    an_image(engine(), busybox_base(engine()), files, tag=IMAGE, instructions=instructions)
    home = Home("docker")
    try:
        home.done("config set emulator/idle_timeout 1s")
        for number in range(count):
            home.done(f"run deploy wake-{number} --image={IMAGE} --allow-unauthenticated")
        urls = [home.url(f"wake-{number}") for number in range(count)]
        theirs = {parallel: by_docker_run(count, parallel) for parallel in PARALLEL}
        ours = by_request(home, urls)
    finally:
        home.close()
    yardstick, p95 = min(theirs.values()), statistics.quantiles(ours, n=20)[18]
    for parallel, seconds in theirs.items():
        print(f"{count} docker run, {parallel} at once  {seconds:6.2f} s")
    print(
        f"{count} services woken at once   p50 {statistics.median(ours):.2f} s, p95 {p95:.2f} s, last {max(ours):.2f} s"
    )
    print(f"ratio of p95 to the best       {p95 / yardstick:6.2f}  (at most {TARGET})")
    return int(p95 / yardstick > TARGET)


if __name__ == "__main__":
    sys.exit(main())
