"""The verbs of schedules, which Cloud Scheduler calls jobs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from cloudrun_cli.controlplane import permits
from cloudrun_cli.controlplane import projects as project_verbs
from cloudrun_cli.controlplane.recurrences import recurrence
from cloudrun_cli.core import firing
from cloudrun_cli.core.errors import AlreadyExists, NotFound
from cloudrun_cli.core.names import check_project, check_region
from cloudrun_cli.core.schedules import Schedule, ScheduleRef, ScheduleState, check
from cloudrun_cli.core.wire.schedules import schedule_from_json, schedule_to_json
from cloudrun_cli.store import journal
from cloudrun_cli.store import schedules as rows
from cloudrun_cli.store.database import Store


def create(store: Store, schedule: Schedule, *, caller: str, now: datetime) -> Schedule:
    """Keep a new schedule; it fires from now on. As whom it calls must be an account that the caller may act as. Raises
    PermissionDenied; InvalidArgument; AlreadyExists."""
    ref = schedule.ref
    check_project(ref.project)
    check_region(ref.region)
    made = _planned(check(replace(schedule, updated=now)), now)
    with store.transaction():
        project_verbs.ensure(store, ref.project, caller, now)
        permits.require(store, caller, "schedules create", _resource(ref))
        _check_account(store, made, caller)
        if rows.get(store, ref) is not None:
            raise AlreadyExists(f"Job [{ref}] already exists.", field="name")
        rows.insert(store, made)
        _note(store, ref, "create", caller, now)
        return _get(store, ref)


def get(store: Store, ref: ScheduleRef, *, caller: str | None = None) -> Schedule:
    """The schedule; with a caller, if that may see it. Raises NotFound, PermissionDenied."""
    if caller is not None:
        permits.require(store, caller, "schedules describe", _resource(ref))
    return _get(store, ref)


def everything(store: Store, project: str, region: str | None = None, *, caller: str | None = None) -> list[Schedule]:
    """The schedules of a project, by region and name; `region` None: of all. With a caller, if that may list them.
    Raises PermissionDenied."""
    if caller is not None:
        permits.require(store, caller, "schedules list", permits.place(project, region))
    return rows.of_project(store, project, region)


def update(
    store: Store, ref: ScheduleRef, change: Callable[[Schedule], Schedule], *, caller: str, now: datetime
) -> Schedule:
    """Change what the schedule is; its ticks are counted anew from now. Raises PermissionDenied, NotFound,
    InvalidArgument."""
    with store.transaction():
        permits.require(store, caller, "schedules update", _resource(ref))
        changed = check(replace(change(_get(store, ref)), ref=ref, updated=now))
        _check_account(store, changed, caller)
        rows.update(store, _planned(changed, now))
        _note(store, ref, "update", caller, now)
        return _get(store, ref)


def pause(store: Store, ref: ScheduleRef, *, caller: str, now: datetime) -> Schedule:
    """Heed no more of its ticks. Raises PermissionDenied, NotFound."""
    return _turn(store, ref, ScheduleState.PAUSED, "pause", caller, now)


def resume(store: Store, ref: ScheduleRef, *, caller: str, now: datetime) -> Schedule:
    """Heed its ticks from now on; those that went by meanwhile are gone. Raises PermissionDenied,
    NotFound."""
    return _turn(store, ref, ScheduleState.ENABLED, "resume", caller, now)


def run(store: Store, ref: ScheduleRef, *, caller: str, now: datetime) -> Schedule:
    """Let it fire now, whether or not it is paused; the daemon does so, after an execution that is not over yet. Raises
    PermissionDenied, NotFound."""
    with store.transaction():
        permits.require(store, caller, "schedules run", _resource(ref))
        schedule = _get(store, ref)
        rows.save_plan(store, schedule.uid, replace(schedule.plan, asked=schedule.plan.asked or now))
        _note(store, ref, "run", caller, now)
        return _get(store, ref)


def delete(store: Store, ref: ScheduleRef, *, caller: str, now: datetime) -> None:
    """Remove it; an attempt under way comes to its end, and no other follows. Raises PermissionDenied, NotFound."""
    with store.transaction():
        permits.require(store, caller, "schedules delete", _resource(ref))
        if not rows.delete(store, ref):
            raise _missing(ref)
        _note(store, ref, "delete", caller, now)


def bring(store: Store, body: dict[str, Any]) -> None:
    """Keep a schedule as another home or the cloud had it, in an open transaction: it fires only once it is changed or
    resumed, or asked to run. Raises InvalidArgument, AlreadyExists; Unimplemented for a target that is not built."""
    found = check(schedule_from_json(body))
    check_project(found.ref.project)
    check_region(found.ref.region)
    recurrence(found.when, found.time_zone)
    if rows.get(store, found.ref) is not None:
        raise AlreadyExists(f"Job [{found.ref}] is already there. Nothing was imported.")
    rows.insert(store, replace(found, plan=replace(found.plan, dormant=found.plan.next is not None)))


def bodies(store: Store) -> dict[str, dict[str, Any]]:
    """Every schedule of the home by its full name, as `bring` takes it."""
    return {str(one.ref): schedule_to_json(one) for one in rows.everywhere(store)}


def _turn(store: Store, ref: ScheduleRef, state: ScheduleState, verb: str, caller: str, now: datetime) -> Schedule:
    with store.transaction():
        permits.require(store, caller, f"schedules {verb}", _resource(ref))
        rows.update(store, _planned(replace(_get(store, ref), state=state, updated=now), now))
        _note(store, ref, verb, caller, now)
        return _get(store, ref)


def _planned(schedule: Schedule, now: datetime) -> Schedule:
    """With its ticks counted from now on. Raises InvalidArgument where they are none."""
    ticks = recurrence(schedule.when, schedule.time_zone)
    return replace(schedule, plan=firing.planned(schedule.plan, schedule.state, ticks, now))


def _check_account(store: Store, schedule: Schedule, caller: str) -> None:
    """Nothing when the account as which it calls is there, and the caller may act as it. Raises PermissionDenied.
    Source: Cloud Scheduler, use authentication with HTTP targets"""
    target = schedule.target
    if target.oidc is not None:
        permits.act_as(store, caller, target.oidc.account, "--oidc-service-account-email")
    if target.oauth is not None:
        permits.act_as(store, caller, target.oauth.account, "--oauth-service-account-email")


def _resource(ref: ScheduleRef) -> str:
    """What rights on it are asked for by: its place. It has no policy of its own, and its full name may be a job's of
    Cloud Run, which has."""
    return permits.place(ref.project, ref.region)


def _get(store: Store, ref: ScheduleRef) -> Schedule:
    found = rows.get(store, ref)
    if found is None:
        raise _missing(ref)
    return found


def _missing(ref: ScheduleRef) -> NotFound:
    return NotFound(f"Job [{ref.name}] not found in location [{ref.region}].", field="name")


def _note(store: Store, ref: ScheduleRef, verb: str, caller: str, now: datetime) -> None:
    journal.note(store, now, caller, verb, "Schedule", project=ref.project, region=ref.region, name=ref.name)
