"""Asking for a build and giving it up. Evidence: documented for the image's name (Deploy from source)."""

from cloudrun_cli.controlplane import builds
from cloudrun_cli.core.resources import Build, BuildState
from cloudrun_cli.store import builds as build_rows
from cloudrun_cli.store.database import Store
from tests.builders import NOW


def _submit(store: Store) -> Build:
    return builds.submit(
        store, "b1", project="demo", region="us-central1", service="hello", source="/copy", env={"A": "1"}, now=NOW
    )


def test_a_build_is_queued_under_the_name_of_its_source_deploy(store: Store) -> None:
    made = _submit(store)
    assert made.image == "us-central1-docker.pkg.dev/demo/cloud-run-source-deploy/hello"
    assert (made.state, made.source, made.env) == (BuildState.QUEUED, "/copy", {"A": "1"})
    assert builds.get(store, "b1") == made
    assert build_rows.unfinished(store) == [made]


def test_a_build_is_given_up_once(store: Store) -> None:
    _submit(store)
    assert builds.cancel(store, "b1")
    assert not builds.cancel(store, "b1")
    assert not builds.cancel(store, "unknown")
    assert build_rows.unfinished(store) == []
