"""What the daemon makes of objects that were imported: routes by their old names, and nothing to run.

Evidence: recorded (the resources of the real service), ours (that they are history).
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudrun_cli.controlplane import transfer
from cloudrun_cli.controlplane.transfer import Bundle
from cloudrun_cli.daemon.world import World
from cloudrun_cli.store.database import Store, open_store
from tests.builders import CALLER, NOW, RECORDINGS, a_ref
from tests.controlplane.verbs import deploy, settle

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}: nothing to import")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """One that holds the recorded services."""
    made = open_store(str(tmp_path))
    names = ("projects", "services", "revisions", "service-accounts")
    files = [json.loads((RECORDINGS / "resources" / f"{name}.json").read_text()) for name in names]
    bundle = Bundle(files[0], files[1]["items"], files[2]["items"], service_accounts=files[3])
    transfer.load(made, bundle, caller=CALLER, now=NOW)
    yield made
    made.close()


def test_imported_services_are_settled_and_found_by_their_old_names_and_nothing_of_them_can_be_reached(
    store: Store,
) -> None:
    world = World(store)
    world.refresh()
    routes = world.routes(None)
    assert len(routes.services) == 7
    assert "hello-x7k2mqpl4a-uc.a.run.app" in routes.services[a_ref()].hosts
    assert routes.services[a_ref()].split
    assert routes.revisions == {}
    assert not any(world.is_reachable(ref) for ref in world.revisions)
    assert world.unknown == set()
    assert world.unsettled == set()


def test_what_is_deployed_on_one_can_be_reached(store: Store) -> None:
    made = deploy(store, ref=a_ref("api"))
    settle(store, made.revision)
    world = World(store)
    world.refresh()
    assert set(world.routes(None).revisions) == {made.revision.ref}
    assert world.is_reachable(made.revision.ref)


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("hello-x7k2mqpl4a-uc.a.run.app", True),
        ("canary---hello-x7k2mqpl4a-uc.a.run.app", True),
        ("other-x7k2mqpl4a-uc.a.run.app", False),
        ("nothello-x7k2mqpl4a-uc.a.run.app", False),
        ("example.com", False),
    ],
)
def test_a_name_from_production_leads_to_the_service_that_is_here(store: Store, host: str, is_here: bool) -> None:
    world = World(store)
    world.refresh()
    assert world.has_host(host) is is_here
