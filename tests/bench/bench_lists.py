"""How lists and completions take to a full store: each command with 1,000 services and 10,000 revisions, as a multiple
of the same command with 10 services and 100 revisions, and of `python -c pass`, on the same machine in the same run.

    python tests/bench/bench_lists.py [--runs 15]

Installs the checkout into an environment of its own, compiled as pip compiles it, and writes both stores directly. The
commands run in turn, again and again, so that a slow moment of the machine falls on all of them. Prints medians; exit
code 1 when a limit is passed.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.bench.bench_cli import environ_for, install, medians

REVISIONS_OF_EACH = 10
FEW, MANY = 10, 1000  # services

# What is typed, how many times the same with few services it may take, and how many times `python -c pass`.
LIMITS: list[tuple[str, list[str], float, float]] = [
    ("run services list", ["run", "services", "list"], 2.0, 0),
    ("run services list --region", ["run", "services", "list", "--region=us-central1"], 2.0, 0),
    ("run services list --limit=5", ["run", "services", "list", "--limit=5"], 1.3, 0),
    ("run services list --filter", ["run", "services", "list", "--filter=metadata.name:service-00*"], 2.2, 0),
    ("run revisions list --service", ["run", "revisions", "list", "--service=service-0003"], 1.3, 0),
    ("Tab on a service", ["__complete", "bash", "run", "services", "describe", "service-0"], 2.0, 6),
    ("Tab on a revision", ["__complete", "bash", "run", "revisions", "describe", "service-0003-"], 1.3, 6),
    (
        "Tab on a revision of a service",
        ["__complete", "zsh", "run", "services", "update-traffic", "service-0003", "--to-revisions="],
        1.3,
        6,
    ),
    ("Tab on a tag", ["__complete", "zsh", "run", "services", "update-traffic", "service-0003", "--to-tags="], 1.3, 6),
]

SEED = """
import sys
from datetime import UTC, datetime, timedelta
from cloudrun_cli.core.resources import (
    ActiveTraffic, Condition, Container, EnvVar, Revision, RevisionName, RevisionRef, RevisionStatus, RevisionTemplate,
    Service, ServiceRef, ServiceStatus, Status, Tag, TrafficTarget)
from cloudrun_cli.store import projects, revisions, services
from cloudrun_cli.store.database import open_store

home, count, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
number, began = "123456789012", datetime(2026, 1, 1, tzinfo=UTC)
store = open_store(home)
with store.transaction():
    projects.ensure(store, "demo", number, began)
    for place in range(count):
        name = f"service-{place:04}"
        names = [RevisionName(f"{name}-{turn:05}-abc") for turn in range(1, each + 1)]
        variables = tuple(EnvVar(f"NAME_{turn}", f"value of {turn}") for turn in range(6))
        container = Container(image="us-docker.pkg.dev/cloudrun/container/hello", env=variables)
        template = RevisionTemplate(containers=(container,), annotations={"autoscaling.knative.dev/maxScale": "20"})
        well = tuple(
            Condition(kind, Status.TRUE, began) for kind in ("Ready", "ConfigurationsReady", "RoutesReady"))
        status = ServiceStatus(
            observed_generation=each, conditions=well, latest_created=names[-1], latest_ready=names[-1],
            traffic=(ActiveTraffic(names[-1], 90, None, True), ActiveTraffic(names[0], 10, Tag("canary"), False)))
        services.insert(store, Service(
            ref=ServiceRef("demo", "us-central1", name), template=template, uid=f"uid-{place}", created=began,
            updated=began, creator="dev@example.com", last_modifier="dev@example.com", generation=each,
            labels={"team": "web"}, door=20000 + place, status=status,
            traffic=(TrafficTarget(None, 90), TrafficTarget(names[0], 10, Tag("canary")))), number)
        for turn, revision in enumerate(names, start=1):
            revisions.insert(store, Revision(
                ref=RevisionRef("demo", "us-central1", revision), service=name, template=template,
                uid=f"uid-{place}-{turn}", created=began + timedelta(minutes=turn), creator="dev@example.com",
                generation=turn, status=RevisionStatus(conditions=well)), number)
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
            arguments = [environ["CLOUDRUN_HOME"], str(count), str(REVISIONS_OF_EACH)]
            subprocess.run([python, "-c", SEED, *arguments], env=environ, check=True)
        lines = [([str(python), "-c", "pass"], stores[FEW])]
        lines += [([program, *words], stores[count]) for _, words, _, _ in LIMITS for count in (FEW, MANY)]
        yardstick, *taken = medians(lines, runs)
    print(f"{'python -c pass':<32} {yardstick * 1000:6.1f} ms")
    print(f"{'':<32} {FEW:>6}    {MANY:>6} services")
    passed = True
    for place, (name, _, limit, start_up_limit) in enumerate(LIMITS):
        few, many = taken[2 * place : 2 * place + 2]
        good = many / few <= limit and (not start_up_limit or many / yardstick <= start_up_limit)
        passed &= good
        told = f"{many / few:5.2f} ×   limit {limit:g} ×"
        told += f"; {many / yardstick:.2f} × python -c pass, limit {start_up_limit:g} ×" if start_up_limit else ""
        print(f"{name:<32} {few * 1000:6.1f} ms {many * 1000:6.1f} ms  {told}{'' if good else '  TOO SLOW'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
