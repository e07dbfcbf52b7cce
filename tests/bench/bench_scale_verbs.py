"""How long a deploy and a change of traffic take in a home with many other services, as a multiple of the same in a
small home, in the same run.

    python tests/bench/bench_scale_verbs.py [--runs 15] [--services 1000]

Two homes are filled with services of ten revisions each, and each gets an emulator (process runtime) and one more
service. Deploys and changes of that one alternate between the homes, each from the typed words to the exit of the
command, so that a slow moment of the machine falls on both. Prints medians; exit code 1 when a limit is passed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout's own, whatever is installed

from cloudrun_cli.core import revisions
from cloudrun_cli.core.conditions import revision_ready, service_status
from cloudrun_cli.core.names import project_number
from cloudrun_cli.core.resources import (
    ActiveTraffic,
    Container,
    RevisionName,
    RevisionTemplate,
    Service,
    ServiceRef,
    ServiceStatus,
)
from cloudrun_cli.store import projects
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import open_store

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "us-docker.pkg.dev/cloudrun/container/hello"
FEW, MANY, REVISIONS = 10, 1000, 10
LIMIT = 1.2
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="runs of each command in each home")
    parser.add_argument("--services", type=int, default=MANY, help="services in the large home")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        homes = [Path(folder) / "few", Path(folder) / "many"]
        for home, count in zip(homes, (FEW, given.services), strict=True):
            fill(home, count)
        with running(homes[0], 9380) as few, running(homes[1], 9382) as many:
            passed = [
                compare("run deploy", deploy, [few, many], given.runs),
                compare("run deploy, new service", create, [few, many], given.runs),
                compare("run services update-traffic", shift, [few, many], given.runs),
            ]
    return 0 if all(passed) else 1


def compare(name: str, call: Callable[[int], list[str]], worlds: Sequence[dict[str, str]], runs: int) -> bool:
    """Print what a command takes in each world; whether the ratio keeps the limit."""
    times: list[list[float]] = [[], []]
    for run in range(runs):
        for world, taken in zip(worlds, times, strict=True):
            began = time.perf_counter()
            cloudrun(world, *call(run))
            taken.append(time.perf_counter() - began)
    few, many = (statistics.median(taken) for taken in times)
    ratio = many / few
    verdict = "" if ratio <= LIMIT else "  TOO SLOW"
    print(f"{name:<28} {few * 1000:7.1f} ms   {many * 1000:7.1f} ms   {ratio:5.2f} × (limit {LIMIT}){verdict}")
    return ratio <= LIMIT


def deploy(run: int) -> list[str]:
    """A new revision of the service."""
    return ["run", "deploy", "probe", f"--image={IMAGE}", f"--revision-suffix=r{run}"]


def create(run: int) -> list[str]:
    """A new service."""
    return ["run", "deploy", f"new-{run}", f"--image={IMAGE}", "--allow-unauthenticated"]


def shift(run: int) -> list[str]:
    """Another share for the first revision."""
    return ["run", "services", "update-traffic", "probe", f"--to-revisions=probe-first={run + 1}"]


@contextmanager
def running(home: Path, port: int) -> Iterator[dict[str, str]]:
    """The environment of a home whose emulator runs and has the service."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDSDK_", "CLOUDRUN_"))}
    world = kept | {
        "CLOUDRUN_HOME": str(home),
        "CLOUDRUN_HTTP_PORT": str(port),
        "CLOUDRUN_HTTPS_PORT": str(port + 1),
        "CLOUDSDK_RUN_RUNTIME": "process",
        "CLOUDSDK_CORE_PROJECT": "demo",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    }
    try:
        cloudrun(world, "run", "deploy", "probe", f"--image={IMAGE}", "--revision-suffix=first")
        cloudrun(world, "run", "deploy", "probe", f"--image={IMAGE}", "--revision-suffix=second")
        yield world
    finally:
        cloudrun(world, "emulator", "stop")


def cloudrun(world: dict[str, str], *words: str) -> None:
    """One call of the program, which must go well."""
    answer = subprocess.run(
        [sys.executable, "-m", "cloudrun_cli", *words], env=world, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise SystemExit(f"{' '.join(words)}\n{answer.stdout}{answer.stderr}")


def fill(home: Path, count: int) -> None:
    """A store with so many services that have settled long ago."""
    number, random = project_number("demo"), Random(1)
    store = open_store(str(home))
    with store.transaction():
        projects.ensure(store, "demo", number, NOW)
        for index in range(count):
            service = a_service(index, number, random)
            service_rows.insert(store, service, number)
            for generation in range(1, REVISIONS + 1):
                made = revisions.stamp(
                    replace(service, generation=generation, template=named(service, generation)), NOW, random
                )
                ready = replace(made, status=revision_ready(made.status, 1.0, NOW))
                revision_rows.insert(store, ready, number)
    store.close()


def a_service(index: int, number: str, random: Random) -> Service:
    """One that serves its last revision."""
    given = RevisionTemplate(containers=(Container(IMAGE),))
    ref = ServiceRef("demo", "us-central1", f"other-{index:04d}")
    latest = RevisionName(f"{ref.name}-r{REVISIONS}")
    seen = ServiceStatus(latest_created=latest, latest_ready=latest, traffic=(ActiveTraffic(latest, 100, latest=True),))
    service = Service(
        ref,
        revisions.with_defaults(given, number),
        revisions.new_uid(random),
        NOW,
        NOW,
        generation=REVISIONS,
        door=21000 + index,
        status=seen,
    )
    newest = revisions.stamp(replace(service, template=named(service, REVISIONS)), NOW, random)
    newest = replace(newest, status=revision_ready(newest.status, 1.0, NOW))
    return replace(service, status=service_status(service, newest, True, NOW))


def named(service: Service, generation: int) -> RevisionTemplate:
    """The template of one generation."""
    return replace(service.template, name=RevisionName(f"{service.ref.name}-r{generation}"))


if __name__ == "__main__":
    sys.exit(main())
