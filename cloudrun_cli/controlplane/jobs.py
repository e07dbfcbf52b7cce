"""The verbs of jobs. Those of their executions are in `executions`.

A job is ready as soon as it is saved: nothing of it runs before it is executed. Deleting one deletes its executions
at once, also those that run; the daemon then stops what runs for an execution that is no longer there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any

from cloudrun_cli.controlplane import permits
from cloudrun_cli.controlplane import projects as project_verbs
from cloudrun_cli.core import iam
from cloudrun_cli.core.changes import Change
from cloudrun_cli.core.conditions import READY, put
from cloudrun_cli.core.errors import AlreadyExists, NotFound
from cloudrun_cli.core.job_rules import check_job
from cloudrun_cli.core.jobs import DEFAULT_TASK_TIMEOUT, ExecutionTemplate, Job, JobRef, with_defaults
from cloudrun_cli.core.names import check_job_name, check_project, check_region, check_resource_name
from cloudrun_cli.core.resources import Condition, Container, RevisionTemplate, Status
from cloudrun_cli.core.revisions import new_uid
from cloudrun_cli.core.stamping import stamped_job
from cloudrun_cli.store import executions as execution_rows
from cloudrun_cli.store import jobs as job_rows
from cloudrun_cli.store import journal, policies
from cloudrun_cli.store.database import Store


@dataclass(frozen=True, slots=True)
class Writing:
    """How a job is written: `client` are the annotations of another program that asks through us."""

    validate_only: bool = False  # say what would be wrong, and change nothing
    client: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What a write has saved, and whether the job is new."""

    job: Job
    created: bool


def create(
    store: Store,
    ref: JobRef,
    changes: Sequence[Change],
    *,
    writing: Writing = Writing(),
    caller: str,
    now: datetime,
    random: Random,
) -> Job:
    """Make a job. Raises PermissionDenied, AlreadyExists, InvalidArgument; then nothing has changed."""
    with store.transaction(keep=not writing.validate_only):
        number = _allowed(store, ref, caller, now, "jobs create")
        if job_rows.get(store, ref) is not None:
            raise AlreadyExists(f"Job [{ref.name}] already exists.", field="metadata.name")
        return _write(store, ref, number, None, changes, "create", writing, caller, now, random)


def deploy(
    store: Store,
    ref: JobRef,
    changes: Sequence[Change],
    *,
    writing: Writing = Writing(),
    caller: str,
    now: datetime,
    random: Random,
) -> Written:
    """Make a job, or change the one that is there. Raises PermissionDenied, InvalidArgument; then nothing has
    changed."""
    with store.transaction(keep=not writing.validate_only):
        old = job_rows.get(store, ref)
        number = _allowed(store, ref, caller, now, "jobs update" if old else "jobs create")
        return Written(_write(store, ref, number, old, changes, "deploy", writing, caller, now, random), old is None)


def update(
    store: Store,
    ref: JobRef,
    changes: Sequence[Change],
    *,
    writing: Writing = Writing(),
    caller: str,
    now: datetime,
    random: Random,
) -> Job:
    """Change a job; its executions stay as they are. Raises PermissionDenied, NotFound, InvalidArgument; then nothing
    has changed."""
    check_resource_name(ref.name)
    with store.transaction(keep=not writing.validate_only):
        number = _allowed(store, ref, caller, now, "jobs update")
        old = job_rows.get(store, ref)
        if old is None:
            raise _gone(store, ref)
        return _write(store, ref, number, old, changes, "update", writing, caller, now, random)


def get(store: Store, ref: JobRef, *, caller: str | None = None, verb: str = "jobs describe") -> Job:
    """The job; with a caller, if that may do this verb with it. Raises NotFound, PermissionDenied, and InvalidArgument
    for what cannot be a name."""
    check_resource_name(ref.name)
    if caller is not None:
        permits.require(store, caller, verb, resource(ref))
    found = job_rows.get(store, ref)
    if found is None:
        raise NotFound(f"Cannot find job [{ref.name}].", hint=_elsewhere(store, ref))
    return found


def find(store: Store, ref: JobRef) -> Job | None:
    """The job, or None."""
    return job_rows.get(store, ref)


def delete(store: Store, ref: JobRef, *, caller: str, now: datetime) -> None:
    """Remove the job with its executions and its policy. Raises PermissionDenied, NotFound."""
    with store.transaction():
        permits.require(store, caller, "jobs delete", resource(ref))
        job = job_rows.get(store, ref)
        if job is None:
            raise _gone(store, ref)
        job_rows.delete(store, ref)
        execution_rows.delete_of_job(store, ref)
        policies.delete(store, resource(ref))
        note(store, job, "delete", now, caller)


def resource(ref: JobRef) -> str:
    """Its full name."""
    return iam.job_resource(ref.project, ref.region, ref.name)


def new(ref: JobRef, caller: str, now: datetime, random: Random) -> Job:
    """A job with nothing in it yet, not saved."""
    task = RevisionTemplate(containers=(Container(""),), timeout=DEFAULT_TASK_TIMEOUT)
    return Job(ref, ExecutionTemplate(task), new_uid(random), now, now, creator=caller, generation=0)


def saved(store: Store, job: Job, number: str, *, is_new: bool, now: datetime) -> Job:
    """In a transaction: the job saved, ready, and as it is then."""
    ready = Condition(READY, Status.TRUE, now)
    status = replace(job.status, observed_generation=job.generation, conditions=put(job.status.conditions, ready))
    job = replace(job, status=status)
    return job_rows.insert(store, job, number) if is_new else job_rows.update(store, job, number)


def note(store: Store, job: Job, verb: str, now: datetime, caller: str) -> None:
    """In a transaction: tell the journal."""
    where: dict[str, Any] = {"project": job.ref.project, "region": job.ref.region, "name": job.ref.name}
    journal.note(store, now, caller, verb, "Job", **where, generation=job.generation)


def _allowed(store: Store, ref: JobRef, caller: str, now: datetime, verb: str) -> str:
    """The number of the job's project, once it is clear that the caller may. Raises PermissionDenied, and
    InvalidArgument for what cannot be a name."""
    check_project(ref.project)
    check_region(ref.region)
    number = project_verbs.ensure(store, ref.project, caller, now)
    permits.require(store, caller, verb, resource(ref))
    return number


def _write(
    store: Store,
    ref: JobRef,
    number: str,
    old: Job | None,
    changes: Sequence[Change],
    verb: str,
    writing: Writing,
    caller: str,
    now: datetime,
    random: Random,
) -> Job:
    check_job_name(ref.name)
    job = _changed(old or new(ref, caller, now, random), changes)
    job = replace(job, template=with_defaults(job.template, number))
    job = stamped_job(job, random)
    task = replace(job.template.task, annotations={**job.template.task.annotations, **writing.client})
    job = replace(
        job,
        template=replace(job.template, task=task),
        annotations={**job.annotations, **writing.client},
        generation=job.generation + 1,
        updated=now,
        last_modifier=caller,
    )
    check_job(job)
    permits.act_as(store, caller, job.template.task.service_account)
    job = saved(store, job, number, is_new=old is None, now=now)
    note(store, job, verb, now, caller)
    return job


def _changed(job: Job, changes: Sequence[Change]) -> Job:
    """The job with what was asked of it. What is asked of what is around a service is asked of a job in the same way:
    it has the same labels and annotations."""
    for change in changes:
        adjust: Any = getattr(change, "adjust", None)
        if adjust is not None:
            job = adjust(job)
        if hasattr(change, "apply"):
            job = replace(job, template=replace(job.template, task=change.apply(job.template.task)))
        if hasattr(change, "spread"):
            job = replace(job, template=change.spread(job.template))
    return job


def _gone(store: Store, ref: JobRef) -> NotFound:
    return NotFound(f"Job [{ref.name}] could not be found.", hint=_elsewhere(store, ref))


def _elsewhere(store: Store, ref: JobRef) -> str | None:
    regions = job_rows.regions(store, ref.project, ref.name)
    return f"There is one in region {regions[0]}: add --region={regions[0]}" if regions else None
