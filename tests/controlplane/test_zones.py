"""Zones that are stopped to rehearse their loss. Evidence: ours."""

import pytest

from cloudrun_cli.controlplane import zones
from cloudrun_cli.core.errors import FailedPrecondition, InvalidArgument
from cloudrun_cli.store.database import Store


def test_a_zone_is_stopped_and_started_and_it_is_known_whether_that_was_new(store: Store) -> None:
    assert zones.stopped(store) == frozenset()
    assert zones.stop(store, "us-central1-a")
    assert not zones.stop(store, "us-central1-a")
    assert zones.stop(store, "europe-west1-c")
    assert zones.stopped(store) == {"us-central1-a", "europe-west1-c"}
    assert zones.start(store, "us-central1-a")
    assert not zones.start(store, "us-central1-a")
    assert zones.stopped(store) == {"europe-west1-c"}


def test_the_last_zone_of_a_region_stays(store: Store) -> None:
    assert zones.stop(store, "us-central1-a")
    assert zones.stop(store, "us-central1-c")
    with pytest.raises(FailedPrecondition, match="the last one"):
        zones.stop(store, "us-central1-b")
    assert zones.stopped(store) == {"us-central1-a", "us-central1-c"}


@pytest.mark.parametrize("zone", ["us-central1", "us-central1-d", "mars-north1-a", "a", "", "us-central1-a "])
def test_a_zone_that_there_is_not_is_refused(store: Store, zone: str) -> None:
    for verb in (zones.stop, zones.start):
        with pytest.raises(InvalidArgument, match="There is no zone"):
            verb(store, zone)
    assert zones.stopped(store) == frozenset()
