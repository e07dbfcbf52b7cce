"""What lists and completions show, and how little they load. Evidence: ours."""

import json
import os
import subprocess
import sys

from cloudrun_cli.controlplane import listing
from cloudrun_cli.controlplane.services import Rollout
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.store.database import Store
from tests.builders import NUMBER, a_ref
from tests.controlplane.verbs import deploy, settle
from tests.store.processes import ROOT

EDGE = Edge(9080, 9443)
HEAVY = {"dataclasses", "asyncio", "docker", "httpx", "yaml", "rich", "typer", "inspect", "uvloop", "cryptography"}


def _loaded(program: str, *arguments: str) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(ended.stdout))


def test_a_list_loads_nothing_heavy_when_it_is_imported() -> None:
    assert not HEAVY & (_loaded("import cloudrun_cli.controlplane.listing") - _loaded(""))


def test_a_list_loads_nothing_heavy_when_it_is_made(store: Store) -> None:
    settle(store, deploy(store).revision)
    program = """
import os, sys
from cloudrun_cli.controlplane import listing
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.store.database import open_for_reading
store = open_for_reading(sys.argv[1])
assert len(listing.services(store, "demo", Edge())) == 1
assert len(listing.revisions(store, "demo")) == 1
"""
    assert not HEAVY & (_loaded(program, os.path.dirname(store.path)) - _loaded(""))


def test_services_are_listed_by_name_and_region_with_their_addresses(store: Store) -> None:
    for name, region in (("shop", "us-central1"), ("hello", "us-central1"), ("hello", "europe-west1")):
        settle(store, deploy(store, ref=a_ref(name, region)).revision)
    deploy(store, ref=a_ref("elsewhere", project="other-project"))
    assert [s["status"]["url"] for s in listing.services(store, "demo", EDGE)] == [
        f"http://hello-{NUMBER}.europe-west1.run.localhost:9080",
        f"http://hello-{NUMBER}.us-central1.run.localhost:9080",
        f"http://shop-{NUMBER}.us-central1.run.localhost:9080",
    ]
    assert [s["metadata"]["name"] for s in listing.services(store, "demo", EDGE, "us-central1")] == ["hello", "shop"]
    assert listing.services(store, "nobody", EDGE) == []


def test_a_service_that_has_never_been_ready_can_be_listed(store: Store) -> None:
    settle(store, deploy(store).revision, ready=False)
    (shown,) = listing.services(store, "demo", EDGE)
    assert "traffic" not in shown["status"]
    assert [r["active"] for r in listing.revisions(store, "demo")] == [False]


def test_revisions_are_active_when_a_request_can_reach_them(store: Store) -> None:
    names = []
    for seconds, rollout in enumerate((Rollout(suffix="v1"), Rollout(suffix="v2", no_traffic=True, tag="t"),
                                       Rollout(suffix="v3"))):  # fmt: skip
        made = deploy(store, rollout=rollout, seconds=seconds).revision
        settle(store, made)
        names.append(made.ref.name)
    listed = [(r["metadata"]["name"], r["active"]) for r in listing.revisions(store, "demo", service="hello")]
    assert listed == [("hello-v3", False), ("hello-v2", True), ("hello-v1", True)]


def test_a_revision_of_the_same_name_in_another_region_is_active_for_itself(store: Store) -> None:
    settle(store, deploy(store, rollout=Rollout(suffix="v1")).revision)
    deploy(store, ref=a_ref(region="europe-west1"), rollout=Rollout(suffix="v1"))
    shown = {
        r["metadata"]["labels"]["cloud.googleapis.com/location"]: r["active"] for r in listing.revisions(store, "demo")
    }
    assert shown == {"us-central1": True, "europe-west1": False}
