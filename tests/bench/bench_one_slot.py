"""One slot: how often a second a service of concurrency 1 on one instance takes the next request of one client.

    python tests/bench/bench_one_slot.py [--seconds 3] [--rounds 3]

Every request has to wait until the gate has heard of the end of the one before: this is what hearing it costs.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.bench_warm_requests import answers, deploy, emulator, load

TARGET = 1500  # requests per second


async def measure(folder: Path, seconds: int, rounds: int) -> float:
    """The median of the rounds."""
    rates = []
    with emulator(folder / "home") as cloudrun:
        port = await asyncio.to_thread(deploy, folder / "source", cloudrun, 1)
        await answers(port)
        for _ in range(rounds):
            rates.append(await load(port, seconds, connections=1))
            print(f"one slot {rates[-1]:9.0f}/s", flush=True)
    return statistics.median(rates)


def main() -> int:
    """Exit status 1 when the target is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=3)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rate = uvloop.run(measure(Path(folder), chosen.seconds, chosen.rounds))
    print(f"one slot turns over {rate:.0f} requests a second (target {TARGET})")
    return 0 if rate >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
