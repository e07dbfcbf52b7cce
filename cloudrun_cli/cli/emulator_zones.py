"""`cloudrun emulator zones`: list, stop, start. The loss of a zone, rehearsed."""

import time
from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import Context, context

zones = Group("emulator zones")

Zone = Annotated[str, positional("ZONE", "The zone, as in us-central1-a.", names="zones")]
Region = Annotated[str | None, flag("--region", "Only those of this region.", names="regions", property="run/region")]
GONE_SECONDS = 30.0  # for the emulator to end what runs in a zone


@zones.command(
    "list",
    format="table(name:label=ZONE:sort=1, region:label=REGION, state:label=STATE, "
    "instances:label=INSTANCES:align=right)",
    examples=["cloudrun emulator zones list", "cloudrun emulator zones list --filter=state=stopped"],
)
def list_(region: Region = None) -> list[dict[str, Any]]:
    """List the zones of the region, and all that are stopped: how many instances run in each."""
    from cloudrun_cli.controlplane import zones as verbs
    from cloudrun_cli.core.instances import zones_of

    present = context()
    stopped = verbs.stopped(present.reader) if present.reader is not None else frozenset()
    running = _running(present)
    shown = {*zones_of(present.region), *(() if region else stopped), *(() if region else running)}
    return [
        {
            "name": zone,
            "region": zone.rpartition("-")[0],
            "state": "stopped" if zone in stopped else "running",
            "instances": running.count(zone),
        }
        for zone in sorted(shown)
    ]


@zones.command("stop", examples=["cloudrun emulator zones stop us-central1-a"])
def stop(zone: Zone) -> None:
    """End every instance of a zone at once, as its loss would; new ones start in the other zones of its region.

    Requests that are in flight there answer 503. The zone stays away until `emulator zones start`.
    """
    from cloudrun_cli.controlplane import zones as verbs
    from cloudrun_cli.daemon import doorbell

    present = context()
    if not verbs.stop(present.store, zone):
        present.tell(f"Zone [{zone}] is stopped already.")
        return
    before = _running(present).count(zone)
    present.ring()
    deadline = time.monotonic() + GONE_SECONDS
    while zone in _running(present) and doorbell.status(present.home) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    left = _running(present).count(zone) if doorbell.status(present.home) is not None else 0
    present.tell(f"Stopped zone [{zone}]: {_instances(max(before - left, 0))} ended.")
    if left:
        present.warn(f"{_instances(left)} of it did not end within {GONE_SECONDS:.0f} s.")


@zones.command("start", examples=["cloudrun emulator zones start us-central1-a"])
def start(zone: Zone) -> None:
    """Let instances be started in a zone again. Those that run elsewhere stay where they are."""
    from cloudrun_cli.controlplane import zones as verbs

    present = context()
    if verbs.start(present.store, zone):
        present.ring()
        present.tell(f"Started zone [{zone}].")
    else:
        present.tell(f"Zone [{zone}] is not stopped.")


def _running(present: Context) -> list[str]:
    """The zone of every instance that runs, of whatever project."""
    from cloudrun_cli.store import instances as snapshot

    return [row["zone"] for row in snapshot.read(present.home) if row["state"] != "stopped"]


def _instances(count: int) -> str:
    return f"{count} instance{'' if count == 1 else 's'}"
