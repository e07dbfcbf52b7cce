"""Warm latency: what the emulator adds to one caller's request, against a bare Envoy in front of the same program.

    python tests/bench/bench_warm_latency.py [--requests 2000] [--rounds 3]

One connection to each, one request after the other, in turn in the same run.
"""

import argparse
import asyncio
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.bench_warm_requests import (
    answers,
    answers_itself,
    deploy,
    emulator,
    envoy,
    forwards,
)
from tests.dataplane.edge import free_port

TARGET = 0.5  # ms added at p50
WARM_UP = 100


def latencies(port: int, count: int) -> list[float]:
    """Milliseconds of so many requests, one after the other."""
    question = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    out = []
    with socket.create_connection(("127.0.0.1", port)) as door:
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(WARM_UP + count):
            begun = time.perf_counter()
            door.sendall(question)
            answer = b""
            while not answer.endswith(b"hello"):
                answer += door.recv(4096)
            out.append((time.perf_counter() - begun) * 1000)
    return out[WARM_UP:]


async def measure(folder: Path, count: int, rounds: int) -> float:
    """Prints each round; the median of what is added at p50."""
    upstream, bare = free_port(), free_port()
    added = []
    with (
        envoy(folder, "upstream", upstream, answers_itself(), 1),
        envoy(folder, "bare", bare, forwards(upstream, folder / "bare.jsonl"), 2),
        emulator(folder / "home") as cloudrun,
    ):
        gated = await asyncio.to_thread(deploy, folder / "source", cloudrun)
        for port in (upstream, bare, gated):
            await answers(port)
        for _ in range(rounds):
            plain, ours = latencies(bare, count), latencies(gated, count)
            added.append(statistics.median(ours) - statistics.median(plain))
            ends = [statistics.quantiles(one, n=100)[98] for one in (plain, ours)]
            print(
                f"bare p50 {statistics.median(plain):.3f} ms, p99 {ends[0]:.3f}   "
                f"cloudrun p50 {statistics.median(ours):.3f} ms, p99 {ends[1]:.3f}   added {added[-1]:.3f} ms",
                flush=True,
            )
    return statistics.median(added)


def main() -> int:
    """Exit status 1 when the target is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        added = uvloop.run(measure(Path(folder), chosen.requests, chosen.rounds))
    print(f"one caller's warm request takes {added:.2f} ms longer at p50 (target {TARGET:.2f} ms)")
    return 0 if added <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
