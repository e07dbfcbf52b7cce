"""Overload: 200 requests a second for a service that can do ten, and what becomes of the daemon's memory.

    python tests/bench/bench_overload.py [--seconds 60] [--rate 200]

The service does one request at a time on one instance, each takes 0.1 s. Prints the daemon's resident memory, and
Envoy's, over time, and how the requests were answered.
"""

import argparse
import asyncio
import os
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout's own, whatever is installed

from tests.e2e.world import Home

TARGET = 20.0  # MiB that the daemon may grow by
WARM_SECONDS = 5.0  # the load's first seconds, before the first look
LOOK_SECONDS = 5.0
PATIENCE = 60.0


async def overload(
    home: Home, url: str, seconds: float, rate: int
) -> tuple[list[tuple[float, float, float]], Counter[str]]:
    """The memory (second, the daemon's MiB, Envoy's MiB), and the answers by status."""
    status, answers = home.status(), Counter[str]()
    curve: list[tuple[float, float, float]] = []
    begun = time.monotonic()

    async def one() -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection("127.0.0.1", home.http_port)
                writer.write(
                    f"GET /sleep/0.1 HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nConnection: close\r\n\r\n".encode()
                )
                answers[(await reader.readline()).split(b" ")[1].decode()] += 1
                writer.close()
        except (OSError, TimeoutError, IndexError) as error:
            answers[type(error).__name__] += 1

    async def look() -> None:
        await asyncio.sleep(WARM_SECONDS)
        while True:
            curve.append((time.monotonic() - begun, _mib(status["pid"]), _mib(status["envoy_pid"])))
            print("{:6.0f} s   daemon {:6.1f} MiB   Envoy {:6.1f} MiB".format(*curve[-1]), flush=True)
            await asyncio.sleep(LOOK_SECONDS)

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look())
        for number in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
            group.create_task(one())
        looking.cancel()
    return curve, answers


def _mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Exit status 1 when the daemon grows by more."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rate", type=int, default=200)
    chosen = options.parse_args()
    home = Home("process")
    try:
        home.deploy("overloaded", "--concurrency=1 --max-instances=1 --min-instances=1")
        url = home.url("overloaded")
        home.get(url)
        curve, answers = asyncio.run(overload(home, url, chosen.seconds, chosen.rate))
    finally:
        home.close()
    grown = max(row[1] for row in curve) - curve[0][1]
    print("answers: " + ", ".join(f"{status} {count}" for status, count in sorted(answers.items())))
    print(f"the daemon grew by {grown:.1f} MiB at most (target {TARGET:.0f})")
    return 0 if grown < TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
