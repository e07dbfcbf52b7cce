"""Warm requests: the rate through the whole emulator, as a share of a bare Envoy in front of the same program.

    python tests/bench/bench_warm_requests.py [--seconds 3] [--rounds 5] [--connections 64]

The program is an Envoy that answers by itself, so that it is not what is measured. It is deployed from source on the
process runtime and called through its own port: edge, gate, slots, request log and all. The yardstick is an Envoy
with one plain route to another copy of it and the same request log, under the same load from `wrk`, in turn.

Beside the rates it prints what one request costs: the processor's time of gate and edge, and of the bare Envoy. That
hardly depends on what else the machine does, where the rates do.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvloop

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from cloudrun_cli.dataplane.envoy import FLUSH_MILLISECONDS, find_binary  # noqa: E402 - the checkout's own
from cloudrun_cli.dataplane.envoy_logs import REQUEST_FIELDS  # noqa: E402
from tests.dataplane.edge import free_port  # noqa: E402

TARGET = 0.55
LOG_SECONDS = 0.5  # until the last lines of the request log are read
_EXT = "type.googleapis.com/envoy.extensions."


async def measure(folder: Path, seconds: int, rounds: int, connections: int) -> float:
    """Prints each round; the median of their ratios."""
    upstream, bare = free_port(), free_port()
    ratios = []
    with (
        envoy(folder, "upstream", upstream, answers_itself(), 1),
        envoy(folder, "bare", bare, forwards(upstream, folder / "bare.jsonl"), 2) as plain,
        emulator(folder / "home") as cloudrun,
    ):
        gated = deploy(folder / "source", cloudrun)
        for port in (upstream, bare, gated):
            await answers(port)
        daemon = int(json.loads(cloudrun("emulator", "status", "--format=json"))["pid"])
        edge = int(json.loads((folder / "home" / "run" / "envoy.mark").read_text())[0])
        for _ in range(rounds):
            plain_rate, (plain_cost,) = await cost(bare, seconds, connections, plain)
            gated_rate, costs = await cost(gated, seconds, connections, daemon, edge)
            ratios.append(gated_rate / plain_rate)
            print(
                f"bare {plain_rate:7.0f}/s, {plain_cost:3.0f} us each   cloudrun {gated_rate:7.0f}/s, "
                f"gate {costs[0]:3.0f} us + edge {costs[1]:3.0f} us each   ratio {ratios[-1]:.3f}",
                flush=True,
            )
    return statistics.median(ratios)


@contextmanager
def emulator(home: Path) -> Iterator[Callable[..., str]]:
    """A home of its own, and a function that runs a command in it."""
    ports = {"CLOUDRUN_HTTP_PORT": str(free_port()), "CLOUDRUN_HTTPS_PORT": str(free_port())}
    env = {**os.environ, **ports, "CLOUDRUN_HOME": str(home), "CLOUDSDK_RUN_RUNTIME": "process"}

    def cloudrun(*words: str) -> str:
        done = subprocess.run([sys.executable, "-m", "cloudrun_cli", *words], env=env, cwd=ROOT, capture_output=True)
        if done.returncode:
            raise RuntimeError(done.stderr.decode())
        return done.stdout.decode()

    try:
        yield cloudrun
    finally:
        cloudrun("emulator", "stop")


def deploy(source: Path, cloudrun: Callable[..., str], concurrency: int = 1000) -> int:
    """The own port of a service whose program is an Envoy that answers by itself."""
    source.mkdir()
    (source / "template.json").write_text(_config("program", "PORT", answers_itself()))
    start = f"exec {find_binary()} -c config-$PORT.json --concurrency 1 --disable-hot-restart --log-level error"
    (source / "Procfile").write_text(
        'web: sed "s/\\"PORT\\"/$PORT/" template.json > config-$PORT.json; ' + start + "\n"
    )
    cloudrun(
        "run",
        "deploy",
        "warm",
        f"--source={source}",
        "--allow-unauthenticated",
        f"--concurrency={concurrency}",
        "--max-instances=1",
    )
    urls = cloudrun(
        "run", "services", "describe", "warm", "--format=value(metadata.annotations['run.googleapis.com/urls'])"
    )
    return int(urls.rpartition("127.0.0.1:")[2].split('"')[0])


async def load(port: int, seconds: int, connections: int) -> float:
    """Requests per second. Raises RuntimeError when a single one failed."""
    process = await asyncio.create_subprocess_exec(
        "wrk",
        *("-t", "1", "-c", str(connections), "-d", f"{seconds}s"),
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


async def cost(port: int, seconds: int, connections: int, *pids: int) -> tuple[float, list[float]]:
    """The same, and the microseconds of processor time that each of these processes needs for a request."""
    before = [processor_seconds(pid) for pid in pids]
    rate = await load(port, seconds, connections)
    await asyncio.sleep(LOG_SECONDS)  # what is written down afterwards counts, too
    used = [processor_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
    return rate, [one / (rate * seconds) * 1_000_000 for one in used]


def processor_seconds(pid: int) -> float:
    """What a process has used since its start, with all its threads. Source: proc(5), /proc/PID/stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def envoy(folder: Path, name: str, port: int, parts: dict[str, Any], workers: int) -> Iterator[int]:
    """A plain Envoy with one route, for as long as the block lasts; its process."""
    config = folder / f"{name}.json"
    config.write_text(_config(name, port, parts))
    command = [str(find_binary()), "-c", str(config), "--concurrency", str(workers), "--disable-hot-restart"]
    process = subprocess.Popen(
        [*command, "--file-flush-interval-msec", str(FLUSH_MILLISECONDS), "--log-level", "error"]
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def _config(name: str, port: int | str, parts: dict[str, Any]) -> str:
    manager = {
        "@type": f"{_EXT}filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": [parts["route"]]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{_EXT}filters.http.router.v3.Router"}}],
        "access_log": parts.get("access_log", []),
    }
    listener = {
        "name": name,
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}],
    }
    return json.dumps({"static_resources": {"listeners": [listener], "clusters": parts.get("clusters", [])}})


def answers_itself() -> dict[str, Any]:
    """The parts of a program that answers every request at once."""
    return {"route": {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "hello"}}}}


def forwards(port: int, log: Path) -> dict[str, Any]:
    """The parts of the yardstick: one plain route to that port, and a request log like ours."""
    file = {
        "@type": f"{_EXT}access_loggers.file.v3.FileAccessLog",
        "path": str(log),
        "log_format": {"json_format": REQUEST_FIELDS},
    }
    endpoint = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}
    cluster = {
        "name": "upstream",
        "load_assignment": {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    route = {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}
    return {"route": route, "clusters": [cluster], "access_log": [{"name": "requests", "typed_config": file}]}


async def answers(port: int) -> None:
    """Returns when somebody answers there."""
    async with asyncio.timeout(10), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.02)  # not listening yet


def main() -> int:
    """Exit status 1 when the target is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=3)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--connections", type=int, default=64)
    chosen = options.parse_args()
    if shutil.which("wrk") is None:
        print("SKIPPED: warm requests were not measured, because `wrk` is not installed (apt install wrk).")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        ratio = uvloop.run(measure(Path(folder), chosen.seconds, chosen.rounds, chosen.connections))
    print(f"warm requests through the emulator: {ratio:.2f} of bare Envoy (target {TARGET:.2f})")
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
