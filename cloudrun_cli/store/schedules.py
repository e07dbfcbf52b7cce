"""Schedules in the store: what their user wants, and beside it what is to happen."""

import json

from cloudrun_cli.store.database import Row, Store

TYPE_CHECKING = False
if TYPE_CHECKING:  # the values are loaded only by those who ask for values
    from cloudrun_cli.core.schedules import Plan, Schedule, ScheduleRef

_FIELDS = "SELECT uid, body, plan FROM schedules"


def get(store: Store, ref: "ScheduleRef") -> "Schedule | None":
    """The schedule, or None."""
    row = store.one(f"{_FIELDS} WHERE project = ? AND region = ? AND name = ?", *ref)
    return _schedule(row) if row else None


def by_uid(store: Store, uid: int) -> "Schedule | None":
    """This very schedule, or None once it is gone."""
    row = store.one(f"{_FIELDS} WHERE uid = ?", uid)
    return _schedule(row) if row else None


def of_project(store: Store, project: str, region: str | None = None) -> "list[Schedule]":
    """The schedules of a project, by region and name."""
    where = "WHERE project = ? AND (? IS NULL OR region = ?) ORDER BY region, name"
    return [_schedule(row) for row in store.read(f"{_FIELDS} {where}", project, region, region)]


def everywhere(store: Store) -> "list[Schedule]":
    """Every schedule of the home, by project, region and name."""
    return [_schedule(row) for row in store.read(f"{_FIELDS} ORDER BY project, region, name")]


def insert(store: Store, schedule: "Schedule") -> None:
    """Save a new one; its uid is given now. Raises sqlite3.IntegrityError when the name is taken."""
    store.write(
        "INSERT INTO schedules (project, region, name, body, plan) VALUES (?,?,?,?,?)",
        *schedule.ref,
        _body(schedule),
        _plan(schedule.plan),
    )


def update(store: Store, schedule: "Schedule") -> None:
    """Save what its user wants, and its plan."""
    store.write(
        "UPDATE schedules SET body = ?, plan = ? WHERE uid = ?", _body(schedule), _plan(schedule.plan), schedule.uid
    )


def save_plan(store: Store, uid: int, plan: "Plan") -> None:
    """Save what is to happen with it."""
    store.write("UPDATE schedules SET plan = ? WHERE uid = ?", _plan(plan), uid)


def delete(store: Store, ref: "ScheduleRef") -> bool:
    """Remove it; whether it was there."""
    return bool(store.write("DELETE FROM schedules WHERE project = ? AND region = ? AND name = ?", *ref))


def _schedule(row: Row) -> "Schedule":
    from dataclasses import replace

    from cloudrun_cli.core.wire.schedules import plan_from_json, schedule_from_json

    found = schedule_from_json(json.loads(row[1]))
    return replace(found, uid=row[0], plan=plan_from_json(json.loads(row[2])))


def _body(schedule: "Schedule") -> str:
    from cloudrun_cli.core.wire.schedules import wanted_to_json

    return json.dumps(wanted_to_json(schedule), separators=(",", ":"))


def _plan(plan: "Plan") -> str:
    from cloudrun_cli.core.wire.schedules import plan_to_json

    return json.dumps(plan_to_json(plan), separators=(",", ":"))
