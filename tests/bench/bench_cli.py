"""How long the command line takes to answer, as a multiple of `python -c pass` on the same machine in the same run.

    python tests/bench/bench_cli.py [--runs 21]

Installs the checkout into an environment of its own, compiled as pip compiles it, fills a home with services, and runs
every command in turn, again and again, so that a slow moment of the machine falls on all of them. Prints medians;
exit code 1 when a limit is passed.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = 20

# What is typed, how many times `python -c pass` it may take.
LIMITS: list[tuple[str, list[str], float]] = [
    ("run services list", ["run", "services", "list"], 7),
    ("run jobs list", ["run", "jobs", "list"], 7),
    ("run jobs executions list", ["run", "jobs", "executions", "list"], 7),
    ("run jobs execute --help", ["run", "jobs", "execute", "--help"], 9),
    ("run services list --help", ["run", "services", "list", "--help"], 9),
    ("run deploy --help", ["run", "deploy", "--help"], 9),
    ("--help", ["--help"], 9),
    ("Tab on a flag", ["__complete", "bash", "run", "services", "list", "--re"], 6),
    ("Tab on an execution", ["__complete", "bash", "run", "jobs", "executions", "describe", "he"], 6),
    ("Tab on a service name", ["__complete", "bash", "run", "services", "describe", "he"], 6),
    ("config get project", ["config", "get", "project"], 7),
]

SEED = """
import json, sys
from cloudrun_cli.store.database import open_store
store = open_store(sys.argv[1])
with store.transaction():
    store.write("INSERT INTO projects (id, number, created) VALUES ('demo', '123456789012', '2026-01-01T00:00:00Z')")
    for number in range(int(sys.argv[2])):
        name, at = f"hello-{number}", "2026-01-01T00:00:00.000000Z"
        metadata = {"name": name, "namespace": "123456789012", "creationTimestamp": at, "generation": 1,
                    "labels": {"cloud.googleapis.com/location": "us-central1"}, "selfLink": f"/services/{name}",
                    "annotations": {"serving.knative.dev/lastModifier": "dev@example.com"}}
        status = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": at}],
                  "traffic": [{"revisionName": f"{name}-00001-abc", "percent": 100}]}
        body = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": metadata, "spec": {}}
        row = ("demo", "us-central1", name, 1, 20000 + number, at, at, json.dumps(body | {"status": status}))
        store.write("INSERT INTO services VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
        job = body | {"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": at}]}}
        store.write("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)", *row[:4], at, at, json.dumps(job))
        labels = metadata["labels"] | {"run.googleapis.com/job": name}
        run = body | {"metadata": metadata | {"name": f"{name}-abcde", "labels": labels}}
        done = {"conditions": [{"type": "Completed", "status": "True", "lastTransitionTime": at}], "succeededCount": 1}
        store.write(
            "INSERT INTO executions (project, region, name, job, uid, version, created, state, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            "demo", "us-central1", f"{name}-abcde", name, f"uid-{number}", 1, at, "EXECUTION_SUCCEEDED",
            json.dumps(run | {"status": done}),
        )
"""


def main() -> int:
    """Install, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21, help="runs of each command; at least 15 make a steady median")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        environ = environ_for(Path(folder) / "home")
        python = install(Path(folder), environ)
        subprocess.run([python, "-c", SEED, environ["CLOUDRUN_HOME"], str(SERVICES)], env=environ, check=True)
        program = str(python.with_name("cloudrun"))
        lines = [[str(python), "-c", "pass"], *([program, *words] for _, words, _ in LIMITS)]
        yardstick, *taken = medians([(line, environ) for line in lines], runs)
    print(f"{'python -c pass':<28} {yardstick * 1000:6.1f} ms   1.00 ×")
    passed = True
    for (name, _, limit), median in zip(LIMITS, taken, strict=True):
        ratio = median / yardstick
        passed &= ratio <= limit
        verdict = "" if ratio <= limit else "  TOO SLOW"
        print(f"{name:<28} {median * 1000:6.1f} ms  {ratio:5.2f} ×   limit {limit:g} ×{verdict}")
    return 0 if passed else 1


def medians(lines: list[tuple[list[str], dict[str, str]]], runs: int) -> list[float]:
    """Seconds per line, each with its environment; two rounds to warm up, then every line once a round."""
    seconds: list[list[float]] = [[] for _ in lines]
    for turn in range(runs + 2):
        for (line, environ), taken in zip(lines, seconds, strict=True):
            began = time.perf_counter()
            done = subprocess.run(line, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=True)
            if turn >= 2:
                taken.append(time.perf_counter() - began)
            if line[-1] != "pass" and not done.stdout:
                raise SystemExit(f"{line} printed nothing")
    return [statistics.median(taken) for taken in seconds]


def environ_for(home: Path) -> dict[str, str]:
    """Nothing of the person's own settings, and Python allowed to keep what it has compiled."""
    ours = ("CLOUDSDK_", "CLOUDRUN_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"CLOUDRUN_HOME": str(home)}


def install(folder: Path, environ: dict[str, str]) -> Path:
    """The checkout in a new environment, and that environment's Python."""
    source = folder / "source"
    hidden = shutil.ignore_patterns(".*", "__pycache__", "dist", "build")
    shutil.copytree(ROOT, source, ignore=hidden)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], env=environ, check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", source], env=environ, check=True)
    return python


if __name__ == "__main__":
    sys.exit(main())
