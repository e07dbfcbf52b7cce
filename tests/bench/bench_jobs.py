"""How long 100 no-op tasks take, eight at once: an execution, from its creation to its completion, as a multiple of
`xargs -P 8 docker run --rm` of the same image, and on processes of `xargs -P 8` of the bare program. Then what 10,000
tasks take, and whether the memory of the daemon stays flat.

    python tests/bench/bench_jobs.py [--rounds 9] [--tasks 10000]

The bare program is what a job is on this runtime: a folder of source whose Procfile starts Python, which does nothing.
xargs runs the same command line in the same folder with the same environment, its output going to a file.

The two ways take turns, so that a slow moment of the machine falls on both. Prints the medians of the rounds' ratios;
exit code 1 when that of the execution's own time is past its limit. Told beside: the same with all that the command
takes which starts it and waits for it, and on processes the ratio of CPU time (daemon, keeper and programs), which
hardly changes with what else the machine does.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the checkout's own, whatever is installed

from tests.docker_images import busybox_base
from tests.e2e.world import Home, engine, eventually

TASKS, AT_ONCE = 100, 8
LIMITS = {"docker": 1.2, "process": 1.5}
FLAT = 1.15  # what the daemon's memory may grow by from a tenth of the tasks to the last
PROGRAM = "pass\n"
FLAGS = f"--tasks={TASKS} --parallelism={AT_ONCE}"


@dataclass(frozen=True)
class Taken:
    """Seconds that it took; `whole`: with the command that waits for it."""

    own: float
    whole: float
    cpu: float


def xargs(command: list[str], output: Path, **more: object) -> Taken:
    """So many runs of a command, so many at once."""
    numbers = "".join(f"{number}\n" for number in range(TASKS))
    with_number = ["xargs", "-P", str(AT_ONCE), "-I{}", *command]
    used, begun = cpu_of_children(), time.monotonic()
    with output.open("a") as out:
        subprocess.run(with_number, input=numbers, text=True, check=True, stdout=out, **more)  # type: ignore[call-overload]
    seconds = time.monotonic() - begun
    return Taken(seconds, seconds, cpu_of_children() - used)


def execute(home: Home, job: str) -> Taken:
    """An execution; its CPU is what daemon and keeper used and what they waited for, until they have cleaned up."""
    used, begun = cpu_of(home), time.monotonic()
    home.done(f"run jobs execute {job} --wait")
    waited = time.monotonic() - begun
    eventually(lambda: not home.instances(job) and not kept(home))
    newest = home.json(f"run jobs executions list --job={job} --limit=1")[0]
    created, completed = (
        datetime.fromisoformat(at)
        for at in (newest["metadata"]["creationTimestamp"], newest["status"]["completionTime"])
    )
    return Taken((completed - created).total_seconds(), waited, cpu_of(home) - used)


def kept(home: Home) -> list[Path]:
    """The folders of instances that are still to be forgotten."""
    return list((home.home / "process" / "instances").glob("*/"))


def cpu_of_children() -> float:
    """Seconds of CPU of all that this program has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cpu_of(home: Home) -> float:
    """Seconds of CPU of the daemon and the keeper of a home, with their ended children."""
    folder, found = home.home / "process" / "instances", 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            stat = (process / "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:  # it ended while we looked
            continue
        keeper, daemon = os.fsencode(folder) in words, b"cloudrun_cli.daemon.main" in words
        if keeper or (daemon and os.fsencode(home.home) in words):
            found += sum(int(ticks) for ticks in stat[11:15]) / os.sysconf("SC_CLK_TCK")
    return found


def on_docker(home: Home) -> Callable[[], Taken]:
    """Makes the job; what its yardstick takes."""
    image = busybox_base(engine())
    home.done(f"run jobs create noop --image={image} --command=true {FLAGS}")
    return lambda: xargs(["docker", "run", "--rm", image, "true"], home.path / "output")


def on_processes(home: Home) -> Callable[[], Taken]:
    """The same; the yardstick runs the very command line of a task, in its folder and with its environment."""
    source = home.folder("noop", {"main.py": PROGRAM, "Procfile": "web: python3 main.py\n"})
    home.done(f"run jobs deploy noop --source={source} {FLAGS}")
    (made,) = (home.home / "process" / "images").glob("*/image.json")
    image = json.loads(made.read_text())
    own = {name: str(home.folder(f"own/{name.lower()}", {"kept": ""})) for name in ("HOME", "TMPDIR")}
    tells = {"JOB": "noop", "EXECUTION": "noop-abcde", "TASK_INDEX": "0", "TASK_ATTEMPT": "0", "TASK_COUNT": str(TASKS)}
    env = {"LANG": "C.UTF-8", **image["env"], **own, **{f"CLOUD_RUN_{name}": told for name, told in tells.items()}}
    return lambda: xargs(image["entrypoint"], home.path / "output", cwd=image["working_dir"], env=env)


def ratio(runtime: str, rounds: int) -> bool:
    """Measure and tell; whether it is within its limit."""
    home = Home(runtime)
    try:
        bare = (on_docker if runtime == "docker" else on_processes)(home)
        execute(home, "noop")  # the daemon is there, and the image
        pairs = [(execute(home, "noop"), bare()) for _ in range(rounds)]
    finally:
        home.close()
    times = statistics.median(ours.own / theirs.own for ours, theirs in pairs)
    ours, theirs = (statistics.median(pair[which].own for pair in pairs) for which in (0, 1))
    print(f"{runtime}: {TASKS} tasks in {ours:.2f} s, xargs {theirs:.2f} s: {times:.2f} (≤ {LIMITS[runtime]})")
    whole = statistics.median(ours.whole / theirs.whole for ours, theirs in pairs)
    print(f"  with the command that waits for it: {whole:.2f}")
    if runtime == "process":
        print(f"  in CPU time: {statistics.median(ours.cpu / theirs.cpu for ours, theirs in pairs):.2f}")
    return times <= LIMITS[runtime]


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
    parser.add_argument("--rounds", type=int, default=9, help="of each ratio; 0: leave them out")
    parser.add_argument("--tasks", type=int, default=10_000, help="of the large execution; 0: leave it out")
    asked = parser.parse_args()
    runtimes = ["process", *(["docker"] if shutil.which("docker") else [])] if asked.rounds else []
    well = [ratio(runtime, asked.rounds) for runtime in runtimes]
    if asked.tasks:
        well.append(many(asked.tasks))
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
