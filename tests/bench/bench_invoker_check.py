"""The invoker check: requests per second of a private service, as a share of the same service made public.

    python tests/bench/bench_invoker_check.py [--seconds 2] [--rounds 10] [--connections 64]

The service answers by itself as in `bench_warm_requests.py`. In each round it is made public and private again, and
called under the same load from `wrk` with the same valid token of a user, so that what differs is the check alone.
"""

import argparse
import asyncio
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
import uvloop

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.bench_warm_requests import deploy, emulator  # noqa: E402 - the checkout's own

TARGET = 0.85
EVERYBODY = ("--member=allUsers", "--role=roles/run.invoker")


async def measure(folder: Path, seconds: int, rounds: int, connections: int) -> float:
    """Prints each round; the median of their ratios."""
    ratios = []
    with emulator(folder / "home") as cloudrun:
        port = deploy(folder / "source", cloudrun)
        token = cloudrun("auth", "print-identity-token").strip()
        for number in range(rounds):
            rates = {}
            for public in (True, False) if number % 2 else (False, True):  # so that neither is always the second
                await _set(cloudrun, port, public=public)
                rates[public] = await load(port, seconds, connections, token)
            ratios.append(rates[False] / rates[True])
            print(f"public {rates[True]:9.0f}/s   private {rates[False]:9.0f}/s   ratio {ratios[-1]:.3f}", flush=True)
    return statistics.median(ratios)


async def _set(cloudrun: Callable[..., str], port: int, *, public: bool) -> None:
    """Give everybody the right to invoke, or take it, and wait until a caller without a token sees it."""
    async with asyncio.timeout(10), httpx.AsyncClient(trust_env=False) as client:

        async def is_public() -> bool:
            return (await client.get(f"http://127.0.0.1:{port}/")).status_code == 200

        if await is_public() is not public:
            verb = "add" if public else "remove"
            cloudrun("run", "services", f"{verb}-iam-policy-binding", "warm", *EVERYBODY)
        while await is_public() is not public:  # noqa: ASYNC110 - the daemon has been rung and is about to look
            await asyncio.sleep(0.05)


async def load(port: int, seconds: int, connections: int, token: str) -> float:
    """Requests per second. Raises RuntimeError when a single one failed."""
    process = await asyncio.create_subprocess_exec(
        "wrk",
        *("-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-H", f"Authorization: Bearer {token}"),
        f"http://127.0.0.1:{port}/",
        stdout=subprocess.PIPE,
    )
    output = (await process.communicate())[0].decode()
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"Some requests failed:\n{output}")
    found = re.search(r"Requests/sec:\s+([0-9.]+)", output)
    if found is None:
        raise RuntimeError(f"wrk said something else:\n{output}")
    return float(found[1])


def main() -> int:
    """Exit status 1 when the target is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=2)
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--connections", type=int, default=64)
    chosen = options.parse_args()
    if shutil.which("wrk") is None:
        print("SKIPPED: the invoker check was not measured, because `wrk` is not installed (apt install wrk).")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        ratio = uvloop.run(measure(Path(folder), chosen.seconds, chosen.rounds, chosen.connections))
    print(f"requests per second with the invoker check: {ratio:.2f} of those without (target {TARGET:.2f})")
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
