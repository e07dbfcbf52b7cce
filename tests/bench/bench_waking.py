"""Waking: what the first request after idleness takes longer because its instance was without CPU.

Run: python tests/bench/bench_waking.py [process|docker] [--turns 300]. Two services of one program, the second with
--no-cpu-throttling; each turn waits until the first is squeezed, and then asks both, in alternating order. Both have
been idle for as long, so that only the CPU makes the difference. A second request right after shows the first awake.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout's own, whatever is installed

from tests.e2e.world import Home

TURNS = 300
IDLE_SECONDS = 0.15
MOST_P50, MOST_P99 = 20.0, 50.0  # milliseconds


def milliseconds(home: Home, url: str) -> float:
    """How long one request takes."""
    more: dict[str, Any] = {}
    (address,) = home.reach(f"{url}/revision", more)
    began = time.perf_counter()
    answer = home.http.get(address, **more)
    taken = time.perf_counter() - began
    answer.raise_for_status()
    return taken * 1000


def main(runtime: str, turns: int) -> int:
    """Print the times and what waking adds to them; 1 when it is too much."""
    home = Home(runtime)
    try:
        for name, flags in (("squeezed", ""), ("kept", "--no-cpu-throttling")):
            home.deploy(name, f"--max-instances=1 {flags}")
        squeezed, kept = home.url("squeezed"), home.url("kept")
        times: dict[str, list[float]] = {"woken": [], "awake": [], "kept": []}
        for turn in range(turns):
            time.sleep(IDLE_SECONDS)
            order = [("woken", squeezed), ("awake", squeezed), ("kept", kept)]
            for name, url in order if turn % 2 else order[2:] + order[:2]:
                times[name].append(milliseconds(home, url))
    finally:
        home.close()
    found = {name: (statistics.median(all), statistics.quantiles(all, n=100)[98]) for name, all in times.items()}
    for name, (p50, p99) in found.items():
        print(f"{name:6} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms")
    added = [woken - kept for woken, kept in zip(found["woken"], found["kept"], strict=True)]
    print(f"{runtime}: waking adds {added[0]:.2f} ms at p50 and {added[1]:.2f} ms at p99 ({turns} turns)")
    return 0 if added[0] <= MOST_P50 and added[1] <= MOST_P99 else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("runtime", nargs="?", default="process", choices=("process", "docker"))
    parser.add_argument("--turns", type=int, default=TURNS)
    said = parser.parse_args()
    sys.exit(main(said.runtime, said.turns))
