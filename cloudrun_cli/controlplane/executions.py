"""The verbs of executions: those of their users, and those by which the daemon carries them on.

Each of the daemon's verbs is one transaction that saves tasks, counts them anew, and saves what the execution is by
that; each answers the execution, or None when it is there no longer. Then whatever runs for it is to be stopped:
deleting an execution that runs removes it at once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

from cloudrun_cli.controlplane import jobs as job_verbs
from cloudrun_cli.controlplane import permits
from cloudrun_cli.controlplane.watch import changes
from cloudrun_cli.core import retries
from cloudrun_cli.core.annotations import OPERATION_ID
from cloudrun_cli.core.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from cloudrun_cli.core.job_rules import overridden
from cloudrun_cli.core.jobs import (
    NO_OVERRIDES,
    Counts,
    Execution,
    ExecutionRef,
    ExecutionStatus,
    Job,
    JobRef,
    Overrides,
    Task,
    TaskState,
    next_execution_name,
)
from cloudrun_cli.core.names import check_resource_name, project_number
from cloudrun_cli.core.revisions import new_uid
from cloudrun_cli.core.wire.v1_jobs import UPDATED
from cloudrun_cli.core.wire.v1_status import timestamp
from cloudrun_cli.store import executions as execution_rows
from cloudrun_cli.store import jobs as job_rows
from cloudrun_cli.store import journal, projects
from cloudrun_cli.store import tasks as task_rows
from cloudrun_cli.store.database import Store

KEPT = 1000  # of a job, that have ended; past that the oldest go. Source: quotas and limits
MAX_OPEN = 1000  # of a project and region. Source: quotas and limits
NAME_MAX = 63  # of a name made of a job's and a token. Source: v2, Job.startExecutionToken


# Of users


def run(
    store: Store,
    ref: JobRef,
    overrides: Overrides = NO_OVERRIDES,
    *,
    token: str = "",
    client: Mapping[str, str] | None = None,
    caller: str,
    now: datetime,
    random: Random,
) -> Execution:
    """Make an execution of the job with all its tasks; nothing of it runs yet. With a `token` its name is made of that.
    Raises PermissionDenied; NotFound; InvalidArgument; AlreadyExists for a token that was used before;
    ResourceExhausted when too many of the project and region run; then nothing has changed."""
    check_resource_name(ref.name)
    verb = "jobs run" if overrides == NO_OVERRIDES else "jobs run with overrides"
    with store.transaction():
        permits.require(store, caller, verb, job_verbs.resource(ref))
        job = job_rows.get(store, ref)
        if job is None:
            raise NotFound(f"Cannot find job [{ref.name}].")
        return started(store, job, overrides, token=token, client=client, caller=caller, now=now, random=random)


def started(
    store: Store,
    job: Job,
    overrides: Overrides = NO_OVERRIDES,
    *,
    token: str = "",
    client: Mapping[str, str] | None = None,
    caller: str,
    now: datetime,
    random: Random,
) -> Execution:
    """`run`, in a transaction that has saved the job and asked whether the caller may."""
    ref = job.ref
    _check_room(store, ref)
    name = _token_name(store, ref, token) if token else _free_name(store, ref, random)
    execution = _made(job, name, overrides, client or {}, caller, now, random)
    execution = execution_rows.insert(store, execution, _number(store, ref))
    task_rows.insert_pending(store, execution.uid, execution.template.tasks, now)
    execution_rows.forget_old(store, ref, KEPT)
    _note(store, execution, "run", now, caller)
    return execution


def get(store: Store, ref: ExecutionRef, *, caller: str | None = None, verb: str = "executions describe") -> Execution:
    """The execution; with a caller, if that may do this verb with it. Raises NotFound, PermissionDenied, and
    InvalidArgument for what cannot be a name."""
    check_resource_name(ref.name)
    found = execution_rows.get(store, ref)
    if caller is not None:
        permits.require(store, caller, verb, resource(ref, found))
    if found is None:
        raise NotFound(f"Cannot find execution [{ref.name}].")
    return found


def find(store: Store, ref: ExecutionRef) -> Execution | None:
    """The execution, or None."""
    return execution_rows.get(store, ref)


def resource(ref: ExecutionRef, found: Execution | None) -> str:
    """Its full name: below that of its job, whose policy holds for it, where it is there."""
    return f"{permits.place(ref.project, ref.region)}/jobs/{found.job if found else '-'}/executions/{ref.name}"


def cancel(store: Store, ref: ExecutionRef, *, caller: str, now: datetime) -> Execution:
    """Ask for its end: tasks that wait never start, those that run are told to stop by the daemon. Raises
    PermissionDenied; NotFound; FailedPrecondition when it has come to its end."""
    check_resource_name(ref.name)
    with store.transaction():
        execution = execution_rows.get(store, ref)
        permits.require(store, caller, "executions cancel", resource(ref, execution))
        if execution is None:
            raise NotFound(f"Execution [{ref.name}] could not be found.")
        if not execution.is_open:
            raise FailedPrecondition(f"Execution '{ref.name}' cannot be cancelled because it is not running.")
        execution = replace(execution, cancel_requested=True)
        if execution.history:  # nothing runs it that could stop
            running = task_rows.running(store, execution.uid)
            ended = [replace(task, state=TaskState.CANCELLED, completed=now, extra={}) for task in running]
            task_rows.save(store, execution.uid, ended)
        task_rows.finish_pending(store, execution.uid, TaskState.CANCELLED, now)
        execution = _progressed(store, execution, now) or execution
        _note(store, execution, "cancel", now, caller)
    return execution


def delete(store: Store, ref: ExecutionRef, *, caller: str, now: datetime) -> None:
    """Remove the execution with its tasks; what runs of it is stopped. Raises PermissionDenied, NotFound."""
    with store.transaction():
        execution = execution_rows.get(store, ref)
        permits.require(store, caller, "executions delete", resource(ref, execution))
        if execution is None:
            raise NotFound(f"Execution [{ref.name}] could not be found.")
        execution_rows.delete(store, ref)
        job_rows.forget(store, execution.job_ref, ref.name, execution_rows.newest(store, execution.job_ref))
        _note(store, execution, "delete", now, caller)


def follow(
    store: Store, ref: ExecutionRef, deadline: float, meanwhile: Callable[[], None] = lambda: None
) -> Iterator[Execution | None]:
    """The execution whenever it may have changed, until it has come to its end or is gone. `meanwhile` is called while
    nothing happens; what it raises ends the watch."""
    for changed in changes(store, deadline):
        if not changed:
            meanwhile()
            continue
        execution = execution_rows.get(store, ref)
        yield execution
        if execution is None or not execution.is_open:
            return


# Of the daemon


def open_ones(store: Store) -> list[Execution]:
    """The executions to carry on, oldest first."""
    return execution_rows.open_ones(store)


def prepared(
    store: Store,
    ref: ExecutionRef,
    *,
    image_digest: str,
    sidecar_digests: Mapping[str, str],
    runtime: str,
    note: str = "",
    seconds: float,
    uid: str = "",
    now: datetime,
) -> Execution | None:
    """Keep which images it runs, and where: fixed once."""

    def told(status: ExecutionStatus) -> ExecutionStatus:
        fixed = replace(
            status, image_digest=image_digest, sidecar_digests=dict(sidecar_digests), runtime=runtime, note=note
        )
        return retries.prepared(fixed, seconds, now)

    return _changed(store, ref, uid, told)


def refused(
    store: Store, ref: ExecutionRef, reason: str, message: str, *, uid: str = "", now: datetime
) -> Execution | None:
    """End an execution whose containers cannot be had: its tasks are abandoned."""
    with store.transaction():
        execution = _same(store, ref, uid)
        if execution is None or not execution.is_open:
            return execution
        task_rows.finish_pending(store, execution.uid, TaskState.ABANDONED, now)
        status = retries.refused(execution.status, reason, message, now)
        return execution_rows.update(store, replace(execution, status=status), _number(store, ref))


def claim(
    store: Store, ref: ExecutionRef, instances: Mapping[int, str], *, uid: str = "", now: datetime
) -> tuple[Execution | None, list[Task]]:
    """Give each of these tasks its next attempt, in this instance, before the runtime is asked for it. The tasks that
    got one: not those that wait no longer, as after a cancel."""
    with store.transaction():
        execution = _same(store, ref, uid)
        if execution is None or not execution.is_open or execution.cancel_requested:
            return execution, []
        found = ((task_rows.get(store, execution.uid, index), name) for index, name in instances.items())
        claimed = [
            retries.starting(task, name, now) for task, name in found if task and task.state is TaskState.PENDING
        ]
        task_rows.save(store, execution.uid, claimed)
        return _progressed(store, execution, now), claimed


def record(store: Store, ref: ExecutionRef, tasks: Iterable[Task], *, uid: str = "", now: datetime) -> Execution | None:
    """Save how tasks are now. Those that would try again after a cancel are cancelled."""
    with store.transaction():
        execution = _same(store, ref, uid)
        if execution is None:
            return None
        task_rows.save(store, execution.uid, tasks)
        if execution.cancel_requested:
            task_rows.finish_pending(store, execution.uid, TaskState.CANCELLED, now)
        return _progressed(store, execution, now)


def _changed(
    store: Store, ref: ExecutionRef, uid: str, change: Callable[[ExecutionStatus], ExecutionStatus]
) -> Execution | None:
    with store.transaction():
        execution = _same(store, ref, uid)
        if execution is None or not execution.is_open:
            return execution
        return execution_rows.update(store, replace(execution, status=change(execution.status)), _number(store, ref))


def _same(store: Store, ref: ExecutionRef, uid: str) -> Execution | None:
    """The execution of that name, and of that uid where one is given: not one that was made anew under the name."""
    found = execution_rows.get(store, ref)
    return None if found is None or (uid and found.uid != uid) else found


def _progressed(store: Store, execution: Execution, now: datetime) -> Execution | None:
    """In a transaction: the execution saved as its tasks make it."""
    counts = task_rows.counts(store, execution.uid)
    if execution.history and counts == Counts():  # imported without its tasks
        counts = Counts(cancelled=execution.template.tasks)
    failed = task_rows.first_failed(store, execution.uid) if counts.failed else None
    status = retries.progress(execution, counts, failed, now)
    return execution_rows.update(store, replace(execution, status=status), _number(store, execution.ref))


def _number(store: Store, ref: ExecutionRef | JobRef) -> str:
    return projects.number(store, ref.project) or project_number(ref.project)


# How one is made


def _made(
    job: Job,
    name: str,
    overrides: Overrides,
    client: Mapping[str, str],
    caller: str,
    now: datetime,
    random: Random,
) -> Execution:
    template = overridden(job.template, overrides)
    task = template.task
    labels = {**job.labels, **task.labels, UPDATED: timestamp(job.updated)}
    annotations = {**task.annotations, **client}
    return Execution(
        ref=ExecutionRef(job.ref.project, job.ref.region, name),
        job=job.ref.name,
        template=replace(template, task=replace(task, labels={}, annotations=annotations)),
        uid=new_uid(random),
        created=now,
        creator=caller,
        last_modifier=caller,
        labels=labels,
        annotations={OPERATION_ID: new_uid(random)},
        job_uid=job.uid,
        job_generation=job.generation,
        job_version=str(job.resource_version),
        status=retries.created(now),
    )


def _check_room(store: Store, ref: JobRef) -> None:
    if execution_rows.open_count(store, ref.project, ref.region) >= MAX_OPEN:
        raise ResourceExhausted(
            f"Quota exceeded: {MAX_OPEN} executions of project [{ref.project}] are running in region [{ref.region}], "
            "which is the most there may be.",
            hint="Wait for some to end, or cancel one: cloudrun run jobs executions cancel EXECUTION",
        )


def _free_name(store: Store, ref: JobRef, random: Random) -> str:
    while execution_rows.exists(
        store, place := ExecutionRef(ref.project, ref.region, next_execution_name(ref.name, random))
    ):
        pass
    return place.name


def _token_name(store: Store, ref: JobRef, token: str) -> str:
    name = f"{ref.name}-{token}"
    if len(name) >= NAME_MAX:
        raise InvalidArgument(
            f"Invalid execution token [{token}]. With the name of its job it must have fewer than {NAME_MAX} "
            "characters.",
            field="spec.startExecutionToken",
        )
    check_resource_name(name)
    if execution_rows.exists(store, ExecutionRef(ref.project, ref.region, name)):
        raise AlreadyExists(f"Resource '{name}' already exists.", field="spec.startExecutionToken")
    return name


def _note(store: Store, execution: Execution, verb: str, now: datetime, caller: str) -> None:
    ref = execution.ref
    where: dict[str, Any] = {"project": ref.project, "region": ref.region, "name": ref.name}
    journal.note(store, now, caller, verb, "Execution", **where, generation=execution.generation)
