"""How long 100 no-op tasks take, eight at once: an execution, from its creation to its completion, as a multiple of
`xargs -P 8 docker run --rm` of the same image, and on processes of `xargs -P 8` of the bare program; what the command
that waits for it takes is told beside. Then what 10,000 tasks take, and whether the memory of the daemon stays flat.

    python tests/bench/bench_jobs.py [--rounds 5] [--tasks 10000]

The two ways take turns, so that a slow moment of the machine falls on both. Prints the ratios of the medians; exit code
1 when a limit is passed.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the checkout's own, whatever is installed

from tests.docker_images import busybox_base
from tests.e2e.world import Home, engine

TASKS, AT_ONCE = 100, 8
LIMITS = {"docker": 1.2, "process": 1.5}
FLAT = 1.15  # what the daemon's memory may grow by from a tenth of the tasks to the last
PROGRAM = "pass\n"
FLAGS = f"--tasks={TASKS} --parallelism={AT_ONCE}"


def xargs(command: list[str], **more: object) -> float:
    """Seconds for so many runs of a command, so many at once."""
    begun = time.monotonic()
    numbers = "".join(f"{number}\n" for number in range(TASKS))
    with_number = ["xargs", "-P", str(AT_ONCE), "-I{}", *command]
    subprocess.run(with_number, input=numbers, text=True, check=True, stdout=subprocess.DEVNULL, **more)  # type: ignore[call-overload]
    return time.monotonic() - begun


def execute(home: Home, job: str) -> tuple[float, float]:
    """Seconds that an execution takes, and those of the command that starts it and waits for it."""
    begun = time.monotonic()
    home.done(f"run jobs execute {job} --wait")
    waited = time.monotonic() - begun
    newest = home.json(f"run jobs executions list --job={job} --limit=1")[0]
    created, completed = (
        datetime.fromisoformat(at)
        for at in (newest["metadata"]["creationTimestamp"], newest["status"]["completionTime"])
    )
    return (completed - created).total_seconds(), waited


def on_docker(home: Home) -> Callable[[], float]:
    """Makes the job; what its yardstick takes."""
    image = busybox_base(engine())
    home.done(f"run jobs create noop --image={image} --command=true {FLAGS}")
    return lambda: xargs(["docker", "run", "--rm", image, "true"])


def on_processes(home: Home) -> Callable[[], float]:
    """The same; the yardstick runs the very command line of a task, in its folder and with its environment."""
    source = home.folder("noop", {"main.py": PROGRAM, "Procfile": "web: python3 main.py\n"})
    home.done(f"run jobs deploy noop --source={source} {FLAGS}")
    (made,) = (home.home / "process" / "images").glob("*/image.json")
    image = json.loads(made.read_text())
    return lambda: xargs(image["entrypoint"], cwd=image["working_dir"], env=image["env"])


def ratio(runtime: str, rounds: int) -> bool:
    """Measure and tell; whether it is within its limit."""
    home = Home(runtime)
    try:
        bare = (on_docker if runtime == "docker" else on_processes)(home)
        execute(home, "noop")  # the daemon is there, and the image
        rows = [(*execute(home, "noop"), bare()) for _ in range(rounds)]
    finally:
        home.close()
    ours, waited, theirs = (float(statistics.median(one)) for one in zip(*rows, strict=True))
    print(f"{runtime}: {TASKS} tasks in {ours:.2f} s, xargs {theirs:.2f} s: {ours / theirs:.2f} (≤ {LIMITS[runtime]})")
    print(f"  with the command that waits for it {waited:.2f} s: {waited / theirs:.2f}")
    return ours / theirs <= LIMITS[runtime]


def many(tasks: int) -> bool:
    """An execution of very many tasks; whether the daemon's memory stays flat."""
    home = Home("process")
    try:
        on_processes(home)
        home.done(f"run jobs update noop --tasks={tasks} --parallelism=0 --command=/bin/true")
        begun = time.monotonic()
        name = home.json("run jobs execute noop")["metadata"]["name"]
        seen: list[tuple[int, int]] = []
        while True:
            status = home.json(f"run jobs executions describe {name}")["status"]
            seen.append((status.get("succeededCount", 0), resident_bytes(home.status()["pid"])))
            if "completionTime" in status:
                break
            time.sleep(1)
        taken = time.monotonic() - begun
        assert status["succeededCount"] == tasks, status
    finally:
        home.close()
    early = next(used for done, used in seen if done >= tasks / 10)
    most = max(used for _, used in seen)
    print(f"{tasks} tasks in {taken:.0f} s, {taken / tasks * 1000:.1f} ms each")
    print(f"memory of the daemon: {early >> 20} MiB early, {most >> 20} MiB at most: {most / early:.2f} (≤ {FLAT})")
    return most / early <= FLAT


def resident_bytes(pid: int) -> int:
    """What a process has in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="of each ratio; 0: leave them out")
    parser.add_argument("--tasks", type=int, default=10_000, help="of the large execution; 0: leave it out")
    asked = parser.parse_args()
    runtimes = ["process", *(["docker"] if shutil.which("docker") else [])] if asked.rounds else []
    well = [ratio(runtime, asked.rounds) for runtime in runtimes]
    if asked.tasks:
        well.append(many(asked.tasks))
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
