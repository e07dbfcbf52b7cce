"""The zones of a region, of which some may be stopped to rehearse their loss."""

import json

from cloudrun_cli.core.errors import FailedPrecondition, InvalidArgument
from cloudrun_cli.core.instances import ZONES, zones_of
from cloudrun_cli.core.regions import REGIONS
from cloudrun_cli.store import projects
from cloudrun_cli.store.database import Store

STOPPED = "zones_stopped"  # the fact in the store


def stopped(store: Store) -> frozenset[str]:
    """The zones that are stopped."""
    return frozenset(json.loads(projects.fact(store, STOPPED) or "[]"))


def stop(store: Store, zone: str) -> bool:
    """Nothing runs in the zone from now on; whether that is new. Raises InvalidArgument for one that there is not,
    FailedPrecondition for the last one of its region."""
    region = _region(zone)
    with store.transaction():
        now = stopped(store)
        if zone in now:
            return False
        if not set(zones_of(region)) - now - {zone}:
            raise FailedPrecondition(
                f"Zone [{zone}] is the last one of region [{region}] that is not stopped.",
                field="zone",
                hint="Start another one first: cloudrun emulator zones start ZONE",
            )
        projects.set_fact(store, STOPPED, json.dumps(sorted({*now, zone})))
    return True


def start(store: Store, zone: str) -> bool:
    """Instances may be started in the zone again; whether that is new. Raises InvalidArgument for one that there is
    not."""
    _region(zone)
    with store.transaction():
        now = stopped(store)
        if zone not in now:
            return False
        projects.set_fact(store, STOPPED, json.dumps(sorted(now - {zone})) if now - {zone} else None)
    return True


def _region(zone: str) -> str:
    region, _, letter = zone.rpartition("-")
    if letter not in ZONES or region not in REGIONS:
        raise InvalidArgument(
            f"There is no zone [{zone}].",
            field="zone",
            hint=f"A zone is a region and one of {', '.join(ZONES)}, as in us-central1-a.",
        )
    return region
