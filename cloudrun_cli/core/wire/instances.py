"""An instance as JSON: a row of the snapshot that `cloudrun instances` shows, and the life read back from it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from cloudrun_cli.core.instances import Change, InstanceLife, InstanceState, Reason
from cloudrun_cli.core.logs import stamp
from cloudrun_cli.core.resources import RevisionName, RevisionRef

Json = dict[str, Any]


def to_json(life: InstanceLife, in_flight: int, more: Mapping[str, Any], changes: list[Json] | None = None) -> Json:
    """The row of an instance. `more` is what is known of how it runs, beside its life; `changes` are its settled
    changes, where they have been made JSON before."""
    now = life.now
    settled = changes_to_json(life.changes) if changes is None else changes
    row: Json = {
        "name": life.id,  # these three first: completion reads no further
        "service": life.service,
        "state": now.state.value,
        "since": stamp(now.at),
        "reason": now.reason.value,
        "detail": now.detail,
        "inFlight": in_flight,
        "project": life.revision.project,
        "region": life.revision.region,
        "zone": life.zone,
        "revision": life.revision.name,
        "started": stamp(life.began),
        **more,
        "changes": [*settled, _change(life.pause)] if life.pause is not None else settled,
    }
    if life.left_out:
        row["changesLeftOut"] = life.left_out
    return {key: value for key, value in row.items() if value != ""}


def changes_to_json(changes: Iterable[Change]) -> list[Json]:
    """Changes as rows have them."""
    return [_change(change) for change in changes]


def from_json(row: Mapping[str, Any]) -> InstanceLife:
    """The life that was written as this row. Raises KeyError and ValueError for what is none."""
    changes = tuple(_read(change) for change in row["changes"])
    return InstanceLife(
        id=row["name"],
        revision=RevisionRef(row["project"], row["region"], RevisionName(row["revision"])),
        service=row["service"],
        zone=row["zone"],
        changes=changes,
        left_out=row.get("changesLeftOut", 0),
    )


def _change(change: Change) -> Json:
    made = {"state": change.state.value, "time": stamp(change.at), "reason": change.reason.value}
    return made | ({"detail": change.detail} if change.detail else {})


def _read(row: Mapping[str, Any]) -> Change:
    at = datetime.fromisoformat(row["time"])
    return Change(InstanceState(row["state"]), at, Reason(row["reason"]), row.get("detail", ""))
