"""What the emulator costs while nothing happens: 20 services at zero, in percent of one core, and its memory.

Run: python tests/bench/bench_idle.py [process|docker]. CPU time of daemon, supervisor, Envoy and keeper over ten
seconds, from /proc.
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout's own, whatever is installed

from tests.e2e.world import Home, eventually

SERVICES = 20
SECONDS = 10.0
TARGET = 1.0  # percent of one core
SAMPLE = "us-docker.pkg.dev/cloudrun/container/hello"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mebibytes(pid: int) -> float:
    """Memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20


def parts(home: Home) -> dict[str, int]:
    """The processes of the emulator itself, by name."""
    said = home.status()
    found = {"daemon": said["pid"], "supervisor": said["supervisor"], "envoy": said["envoy_pid"]}
    keepers = [line for line in home.left_over() if "keeper.py" in line]
    return found | {f"keeper {line.partition(':')[0]}": int(line.partition(":")[0]) for line in keepers}


def main(runtime: str) -> int:
    """Print the percentage; 1 when it is too much."""
    home = Home(runtime)
    try:
        image = home.image if runtime == "docker" else SAMPLE
        home.done("config set emulator/idle_timeout 1s")
        for number in range(SERVICES):
            home.done(f"run deploy idle-{number} --image={image} --allow-unauthenticated")
        eventually(lambda: not home.instances())
        time.sleep(3)  # what was stopped is being cleared away
        pids = parts(home)
        before, began = {name: cpu_seconds(pid) for name, pid in pids.items()}, time.monotonic()
        time.sleep(SECONDS)
        taken = time.monotonic() - began
        used = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
        for name, pid in pids.items():
            print(f"{name:16} {100 * used[name] / taken:5.2f} %  {resident_mebibytes(pid):6.0f} MiB")
        total = 100 * sum(used.values()) / taken
        print(f"{'together':16} {total:5.2f} %  of one core (less than {TARGET})")
        return int(total >= TARGET)
    finally:
        home.close()


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:2] or ["process"])))
