"""First byte from zero: an instance of the Docker runtime against `docker run -d` of the same image, both polled.

Run: python tests/bench/bench_docker_start.py. Prints the ratio of the medians, taken in turns in the same run.
"""

import asyncio
import contextlib
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout's own, whatever is installed

from cloudrun_cli.runtime.base import Instance
from cloudrun_cli.runtime.docker import DockerRuntime
from cloudrun_cli.runtime.docker_engine import connect
from tests.docker_images import an_image, busybox_base
from tests.runtime.contract import a_spec

ROUNDS = 10
DEADLINE = 30.0  # seconds for one first byte
TARGET = 1.25  # the most that the ratio may be
IMAGE = "cloudrun-test/bench-start:latest"


def first_byte(address: str) -> None:
    """Wait until the address answers a request."""
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=0.05) as door:
            door.settimeout(1)
            door.sendall(b"GET / HTTP/1.0\r\n\r\n")
            if door.recv(1):
                return
        time.sleep(0.002)
    raise TimeoutError(address)


def by_docker_run(inspect: Callable[[str], str]) -> float:
    """Seconds that the usual way takes."""
    begun = time.monotonic()
    command = ["docker", "run", "-d", "-m", "256m", "--cpus", "1", IMAGE]
    container = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    first_byte(f"{inspect(container)}:8080")
    taken = time.monotonic() - begun
    subprocess.run(["docker", "rm", "-f", container], capture_output=True, check=True)
    return taken


async def by_runtime(runtime: DockerRuntime, digest: str) -> float:
    """Seconds that our way takes; the pool of holders is full, as it is a second after any start."""
    image = await runtime.resolve(digest)
    begun = time.monotonic()
    instance: Instance = await runtime.start(a_spec(image))
    await asyncio.to_thread(first_byte, instance.address)
    taken = time.monotonic() - begun
    await runtime.stop(instance)
    await asyncio.sleep(1.5)
    return taken


async def main() -> int:
    if shutil.which("docker") is None:
        print("needs the docker command for its yardstick")
        return 1
    engine = connect()
    script = 'trap "exit 0" TERM; mkdir -p /www; echo hello > /www/index.html; httpd -f -p 8080 -h /www & wait'
    an_image(
        engine, busybox_base(engine), {"serve": f"#!/bin/sh\n{script}\n"}, tag=IMAGE, instructions=['CMD ["/serve"]']
    )
    runtime = DockerRuntime(f"/bench/{secrets.token_hex(4)}")
    await runtime.open()
    try:
        await asyncio.sleep(2)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(by_docker_run(lambda c: engine.inspect_container(c)["NetworkSettings"]["IPAddress"]))
            ours.append(await by_runtime(runtime, IMAGE))
    finally:
        await runtime.purge()
        await runtime.close()
        engine.close()
    mine, yardstick = statistics.median(ours), statistics.median(theirs)
    print(f"docker run -d + poll  {yardstick * 1000:6.0f} ms")
    print(f"runtime start         {mine * 1000:6.0f} ms")
    print(f"ratio                 {mine / yardstick:6.2f}  (at most {TARGET})")
    return int(mine / yardstick > TARGET)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
