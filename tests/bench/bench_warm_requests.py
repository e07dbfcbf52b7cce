"""Warm requests: the rate through Envoy and the gate, as a share of the same Envoy without one.

    python tests/bench/bench_warm_requests.py [--seconds 2] [--rounds 5] [--connections 64]

Both Envoys forward to the same upstream, a third one that answers by itself, and get the same load from `wrk` in turn.
The gate keeps its books as in service: slots, time limits, traces, the fast channel, and a record for every request.
"""

import argparse
import asyncio
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvloop

sys.path.insert(0, str(Path(__file__).parents[2]))

from cloudrun_cli.dataplane.envoy import find_binary
from tests.dataplane.edge import HELLO_HOST, ONE, eventually, free_port, routes, running_edge

TARGET = 0.40
_EXT = "type.googleapis.com/envoy.extensions."


async def measure(folder: Path, seconds: int, rounds: int, connections: int, workers: int | None) -> float:
    """Prints each round; the median of their ratios."""
    upstream, bare = free_port(), free_port()
    ratios = []
    with envoy(folder, "upstream", upstream, _answers_itself(), 1), envoy(folder, "bare", bare, _forwards(upstream), 2):
        async with running_edge(folder, workers=workers) as edge:
            edge.gate.use(routes(concurrency=1000))
            edge.gate.add_instance(ONE, "one", f"127.0.0.1:{upstream}")
            for port in (upstream, bare, edge.http_port):
                await _answers(port)
            for _ in range(rounds):
                plain = await load(bare, seconds, connections)
                gated = await load(edge.http_port, seconds, connections)
                ratios.append(gated / plain)
                print(f"bare {plain:9.0f}/s   gated {gated:9.0f}/s   ratio {gated / plain:.3f}", flush=True)
            await edge.settled()  # no slot leaked
            await eventually(lambda: len(edge.records) > 0)
    return statistics.median(ratios)


async def load(port: int, seconds: int, connections: int) -> float:
    """Requests per second. Raises RuntimeError when a single one failed."""
    process = await asyncio.create_subprocess_exec(
        "wrk",
        *("-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-H", f"Host: {HELLO_HOST}"),
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


@contextmanager
def envoy(folder: Path, name: str, port: int, parts: dict[str, Any], workers: int) -> Iterator[None]:
    """A plain Envoy with one route, for as long as the block lasts."""
    manager = {
        "@type": f"{_EXT}filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": [parts["route"]]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{_EXT}filters.http.router.v3.Router"}}],
    }
    listener = {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}],
    }
    config = folder / f"{name}.json"
    config.write_text(
        json.dumps({"static_resources": {"listeners": [listener], "clusters": parts.get("clusters", [])}})
    )
    command = [str(find_binary()), "-c", str(config), "--concurrency", str(workers), "--disable-hot-restart"]
    process = subprocess.Popen([*command, "--log-level", "error"])
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers_itself() -> dict[str, Any]:
    return {"route": {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "hello"}}}}


def _forwards(port: int) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}
    cluster = {
        "name": "upstream",
        "load_assignment": {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    return {"route": {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}, "clusters": [cluster]}


async def _answers(port: int) -> None:
    async with asyncio.timeout(10), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/", headers={"host": HELLO_HOST})).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.02)  # not listening yet


def main() -> int:
    """Exit status 1 when the target is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=2)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--workers", type=int, default=None)
    chosen = options.parse_args()
    if shutil.which("wrk") is None:
        print("SKIPPED: warm requests were not measured, because `wrk` is not installed (apt install wrk).")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        ratio = uvloop.run(measure(Path(folder), chosen.seconds, chosen.rounds, chosen.connections, chosen.workers))
    print(f"warm requests through the gate: {ratio:.2f} of bare Envoy (target {TARGET:.2f})")
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
