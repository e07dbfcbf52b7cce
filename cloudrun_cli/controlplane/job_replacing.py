"""The verb that makes jobs what documents say, whether they were there or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from cloudrun_cli.controlplane import executions, permits
from cloudrun_cli.controlplane import jobs as verbs
from cloudrun_cli.controlplane import projects as project_verbs
from cloudrun_cli.controlplane.replacing import check_place, check_version
from cloudrun_cli.core import stamping
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.job_documents import WantedJob
from cloudrun_cli.core.job_rules import check_job
from cloudrun_cli.core.jobs import Execution, Job, JobRef, with_defaults
from cloudrun_cli.core.names import check_project, check_region
from cloudrun_cli.core.wire.v1_jobs import shown_version
from cloudrun_cli.store import jobs as job_rows
from cloudrun_cli.store.database import Store


@dataclass(frozen=True, slots=True)
class Replaced:
    """What one document has led to; `changed` False: the job was like that. `execution` is the one that a token in the
    document asked for."""

    job: Job
    created: bool
    changed: bool
    execution: Execution | None = None


def replace_all(
    store: Store,
    project: str,
    region: str,
    documents: Sequence[WantedJob],
    *,
    caller: str,
    now: datetime,
    random: Random,
    client: Mapping[str, str] = stamping.CLIENT,
    validate_only: bool = False,
) -> list[Replaced]:
    """Make the jobs what the documents say, in their order: all of them, or none. Everything that a document leaves out
    goes back to its default. `client` are the annotations that name the client. Raises PermissionDenied,
    InvalidArgument, AlreadyExists (a token used before), Conflict, ResourceExhausted; then nothing has changed."""
    check_project(project)
    check_region(region)
    with store.transaction(keep=not validate_only):
        number = project_verbs.ensure(store, project, caller, now)
        made = []
        for wanted in documents:
            try:
                ref = JobRef(project, region, wanted.name)
                made.append(_replace(store, ref, number, wanted, caller, client, now, random))
            except CloudRunError as error:
                if len(documents) == 1:
                    raise
                message = f"Job [{wanted.name}]: {error.message}"
                raise type(error)(message, field=error.field, hint=error.hint) from error
        return made


def _replace(
    store: Store,
    ref: JobRef,
    number: str,
    wanted: WantedJob,
    caller: str,
    client: Mapping[str, str],
    now: datetime,
    random: Random,
) -> Replaced:
    check_place(wanted, ref, number, "job")
    permits.require(store, caller, "jobs replace", verbs.resource(ref))
    old = job_rows.get(store, ref)
    check_version(wanted, shown_version(old) if old else "", old.generation if old else None, "job")
    job = _as_wanted(old or verbs.new(ref, caller, now, random), wanted, number)
    check_job(job)
    if old is not None and _unsigned(job) == _unsigned(old):
        return Replaced(old, created=False, changed=False)
    permits.act_as(store, caller, job.template.task.service_account)
    job = stamping.stamped_job(job, random, client)
    job = replace(job, generation=job.generation + 1, updated=now, last_modifier=caller)
    job = verbs.saved(store, job, number, is_new=old is None, now=now)
    verbs.note(store, job, "replace", now, caller)
    asked = [token for key, token in wanted.tokens.items() if old is None or old.extra.get(key) != token]
    execution = None
    if asked:
        permits.require(store, caller, "jobs run", verbs.resource(ref))
    for token in asked:
        execution = executions.started(store, job, token=token, caller=caller, now=now, random=random)
    return Replaced(job_rows.get(store, ref) or job, old is None, True, execution)


def _as_wanted(job: Job, wanted: WantedJob, number: str) -> Job:
    """With everything as the document says; what this program writes itself stays."""
    own = {key: value for key, value in job.annotations.items() if key in stamping.WRITTEN}
    return replace(
        job,
        labels=dict(wanted.labels),
        annotations={**wanted.annotations, **own},
        template=with_defaults(wanted.template, number),
        extra=dict(wanted.tokens),
    )


def _unsigned(job: Job) -> Job:
    """Without what names a client in its template."""
    return replace(job, template=replace(job.template, task=stamping.unsigned(job.template.task)))
