"""Real processes that share a store: started together, spoken to by lines, killed without warning."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT = 60.0  # seconds that any of them may take

# A worker says that it is up, and begins when all the others are up too.
TOGETHER = """
import os, sys, time
home, gate, me = sys.argv[1], sys.argv[2], sys.argv[3]
def together():
    open(os.path.join(gate, me), "w").close()
    deadline = time.monotonic() + 60
    while not os.path.exists(os.path.join(gate, "go")):
        if time.monotonic() > deadline:
            sys.exit("nobody opened the gate")
        time.sleep(0.002)
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of this interpreter that runs the program from the project."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_together(program: str, home: Path, gate: Path, count: int) -> list[list[str]]:
    """The lines that each of `count` processes printed, all of which began at the same moment and ended well."""
    gate.mkdir()
    workers = [start(TOGETHER + program, str(home), str(gate), str(number)) for number in range(count)]
    try:
        deadline = time.monotonic() + LIMIT
        while len(list(gate.iterdir())) < count:
            assert time.monotonic() < deadline, "not all of them came up"
            time.sleep(0.01)
        (gate / "go").touch()
        ends = [worker.communicate(timeout=LIMIT) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert [(worker.returncode, error) for worker, (_, error) in zip(workers, ends, strict=True)] == [(0, "")] * count
    return [output.splitlines() for output, _ in ends]
