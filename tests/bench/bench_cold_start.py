"""First byte from zero: a request through the whole emulator against `docker run -d` of the same image and a poll.

Run: python tests/bench/bench_cold_start.py. Prints the ratio of the medians, taken in turns in the same run.
"""

import contextlib
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout's own, whatever is installed

from tests.docker_images import an_image, busybox_base
from tests.e2e.world import Home, engine, eventually

ROUNDS = 10
DEADLINE = 30.0  # seconds for one first byte
TARGET = 0.6  # the most that the ratio may be
IMAGE = "cloudrun-test/bench-cold:latest"
SCRIPT = 'trap "exit 0" TERM; mkdir -p /www; echo hello > /www/index.html; httpd -f -p 8080 -h /www & wait'


def by_docker_run() -> float:
    """Seconds that the usual way takes."""
    begun = time.monotonic()
    command = ["docker", "run", "-d", "-m", "512m", "--cpus", "1", IMAGE]
    container = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    address = engine().inspect_container(container)["NetworkSettings"]["IPAddress"]
    poll(address)
    taken = time.monotonic() - begun
    subprocess.run(["docker", "rm", "-f", container], capture_output=True, check=True)
    return taken


def poll(address: str) -> None:
    """Wait until the address answers a request."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((address, 8080), timeout=0.05) as door:
            door.settimeout(1)
            door.sendall(b"GET / HTTP/1.0\r\n\r\n")
            if door.recv(1):
                return
        time.sleep(0.002)
    raise TimeoutError(address)


def by_request(home: Home, url: str) -> float:
    """Seconds that a request to a service at zero takes; the pool of holders is full again, as it is a second after
    any start."""
    eventually(lambda: not home.instances())
    time.sleep(2)
    begun = time.monotonic()
    answer = home.get(url)
    taken = time.monotonic() - begun
    assert answer.text == "hello\n", answer.text
    return taken


def main() -> int:
    """Print the ratio; 1 when it is too much."""
    files, instructions = {"serve": f"#!/bin/sh\n{SCRIPT}\n"}, ['CMD ["/serve"]']
    an_image(engine(), busybox_base(engine()), files, tag=IMAGE, instructions=instructions)
    home = Home("docker")
    try:
        home.done("config set emulator/idle_timeout 1s")
        home.done(f"run deploy cold --image={IMAGE} --allow-unauthenticated")
        url = home.url("cold")
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(by_docker_run())
            ours.append(by_request(home, url))
    finally:
        home.close()
    mine, yardstick = statistics.median(ours), statistics.median(theirs)
    print(f"docker run -d + poll  {yardstick * 1000:6.0f} ms")
    print(f"request from zero     {mine * 1000:6.0f} ms")
    print(f"ratio                 {mine / yardstick:6.2f}  (at most {TARGET})")
    return int(mine / yardstick > TARGET)


if __name__ == "__main__":
    sys.exit(main())
