"""How long lists of executions take with 10,000 of them: each command as a multiple of the same command with 10, and of
`python -c pass`, on the same machine in the same run.

    python tests/bench/bench_executions_list.py [--runs 15]

Installs the checkout into an environment of its own, compiled as pip compiles it, and writes both stores directly: as
many executions as a job keeps, of as many jobs as that takes, and one execution of 10,000 tasks. The commands run in
turn, again and again, so that a slow moment of the machine falls on all of them. Prints medians; exit code 1 when a
limit is passed.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.bench.bench_cli import environ_for, install, medians

FEW, MANY = 10, 10_000  # executions, and tasks of one
OF_EACH = 1000  # executions that a job keeps

ON_TERMINAL = "executions list"
LIST = ["run", "jobs", "executions", "list"]
TASKS = ["run", "jobs", "executions", "tasks", "list", "--execution=job-0-00000"]

# What is typed, and how many times the same with few executions it may take. A terminal shows the newest thousand; the
# whole of it, for a pipe, is printed here without a limit: it has a thousand times as many lines.
LIMITS: list[tuple[str, list[str], float]] = [
    (ON_TERMINAL, LIST, 2.0),
    ("executions list, piped", LIST, float("inf")),
    ("executions list --job", [*LIST, "--job=job-0"], 2.0),
    ("executions list --limit=5", [*LIST, "--limit=5"], 1.3),
    ("executions describe", ["run", "jobs", "executions", "describe", "job-0-00003"], 1.3),
    ("tasks list --limit=5", [*TASKS, "--limit=5"], 1.3),
    ("tasks list --pending --limit=5", [*TASKS, "--pending", "--limit=5"], 1.3),
    ("jobs list", ["run", "jobs", "list"], 1.3),
    ("Tab on an execution", ["__complete", "bash", *LIST[:-1], "describe", "job-0-0000"], 1.3),
]

SEED = """
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from cloudrun_cli.core import retries
from cloudrun_cli.core.jobs import (
    Counts, Execution, ExecutionRef, ExecutionTemplate, Job, JobRef, JobStatus, with_defaults)
from cloudrun_cli.core.resources import Condition, Container, EnvVar, RevisionTemplate, Status
from cloudrun_cli.store import executions, jobs, projects, tasks
from cloudrun_cli.store.database import open_store

home, count, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
number, began = "123456789012", datetime(2026, 1, 1, tzinfo=UTC)
variables = tuple(EnvVar(f"NAME_{turn}", f"value of {turn}") for turn in range(6))
container = Container(image="us-docker.pkg.dev/cloudrun/container/job", env=variables)
template = with_defaults(ExecutionTemplate(RevisionTemplate(containers=(container,))), number)
store = open_store(home)
with store.transaction():
    projects.ensure(store, "demo", number, began)
    for place in range((count + each - 1) // each):
        ref = JobRef("demo", "us-central1", f"job-{place}")
        status = JobStatus(1, (Condition("Ready", Status.TRUE, began),))
        jobs.insert(store, Job(ref, template, f"uid-{place}", began, began, "dev@example.com", status=status), number)
    for turn in range(count):
        place, at = turn // each, began + timedelta(minutes=turn)
        made = Execution(
            ref=ExecutionRef("demo", "us-central1", f"job-{place}-{turn:05}"), job=f"job-{place}", template=template,
            uid=f"uid-{turn}", created=at, creator="dev@example.com", job_uid=f"uid-{place}",
            status=retries.created(at))
        prepared = replace(made, status=retries.prepared(made.status, 1.2, at))
        done = retries.progress(prepared, Counts(succeeded=1), None, at + timedelta(seconds=9))
        executions.insert(store, replace(prepared, status=done), number)
    tasks.insert_pending(store, "uid-0", count, began)
"""


def main() -> int:
    """Install, fill two stores, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="runs of each command; at least 15 make a steady median")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        stores = {count: environ_for(Path(folder) / f"home-{count}") for count in (FEW, MANY)}
        python = install(Path(folder), stores[FEW])
        program = str(python.with_name("cloudrun"))
        for count, environ in stores.items():
            arguments = [environ["CLOUDRUN_HOME"], str(count), str(OF_EACH)]
            subprocess.run([python, "-c", SEED, *arguments], env=environ, check=True)
        lines = [([str(python), "-c", "pass"], stores[FEW])]
        for name, words, _ in LIMITS:
            line = [program, *words]
            shown = ["script", "-qec", shlex.join(line), os.devnull] if name == ON_TERMINAL else line
            lines += [(shown, stores[count]) for count in (FEW, MANY)]
        yardstick, *taken = medians(lines, runs)
    print(f"{'python -c pass':<28} {yardstick * 1000:6.1f} ms")
    print(f"{'':<28} {FEW:>6}    {MANY:>6} executions")
    passed = True
    for place, (name, _, limit) in enumerate(LIMITS):
        few, many = taken[2 * place : 2 * place + 2]
        good = many / few <= limit
        passed &= good
        told = f"{many / few:5.2f} ×   limit {limit:g} ×{'' if good else '  TOO SLOW'}"
        print(f"{name:<28} {few * 1000:6.1f} ms {many * 1000:6.1f} ms  {told}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
