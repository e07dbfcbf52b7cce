"""Twenty processes that deploy into one home at once: nobody is turned away, nothing is lost. On real SQLite."""

import json
from pathlib import Path
from typing import Any

from cloudrun_cli.controlplane import services
from cloudrun_cli.store import journal
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import open_store
from tests.builders import a_ref
from tests.store.processes import run_together

PROCESSES, EACH = 20, 20

# Every other deploy adds a variable to the one service that all share; the others go to services of its own.
DEPLOYER = """
import json, random, datetime
from cloudrun_cli.controlplane import services
from cloudrun_cli.core.container_changes import EnvChange, ImageChange
from cloudrun_cli.core.resources import ServiceRef
from cloudrun_cli.store.database import open_store
together()
store = open_store(home)
for n in range(20):
    name = "shared" if n % 2 == 0 else f"own-{me}-{n % 3}"
    changes = [ImageChange("img"), EnvChange(update={f"BY_{me}_{n}": "1"})]
    made = services.deploy(
        store, ServiceRef("demo", "us-central1", name), changes,
        caller="dev@example.com", now=datetime.datetime.now(datetime.UTC), random=random.Random(f"{me} {n}"),
    )
    service = made.service
    print(json.dumps([name, made.revision.ref.name, service.generation, service.resource_version]), flush=True)
store.close()
"""


def test_four_hundred_deploys_by_twenty_processes_are_all_kept(tmp_path: Path) -> None:
    lines = run_together(DEPLOYER, tmp_path / "home", tmp_path / "gate", PROCESSES)
    made: list[list[Any]] = [json.loads(line) for output in lines for line in output]
    assert len(made) == PROCESSES * EACH

    store = open_store(str(tmp_path / "home"))
    assert store.one("PRAGMA integrity_check") == ("ok",)
    versions = [version for _, _, _, version in made]
    assert len(set(versions)) == len(versions)
    assert {r.ref.name for r in revision_rows.everywhere(store)} == {revision for _, revision, _, _ in made}
    assert len(journal.since(store, 0)) == PROCESSES * EACH

    shared = services.get(store, a_ref("shared"))
    assert shared.generation == PROCESSES * EACH // 2
    assert sorted(generation for name, _, generation, _ in made if name == "shared") == list(
        range(1, shared.generation + 1)
    )
    assert len(shared.template.ingress_container.env) == PROCESSES * EACH // 2, "an update is lost"

    everyone = service_rows.everywhere(store)
    assert len(everyone) == 1 + PROCESSES * 3
    assert len({service.door for service in everyone}) == len(everyone)
    assert max(versions) == max(service.resource_version for service in everyone)
    store.close()
