"""Jobs, executions and tasks among what `transfer` brings in and takes out. Executions that come in are history: they
keep their states and times, and nothing here runs them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cloudrun_cli.core import schema
from cloudrun_cli.core.addresses import LOCATION
from cloudrun_cli.core.errors import AlreadyExists, FailedPrecondition, InvalidArgument
from cloudrun_cli.core.job_rules import check_job
from cloudrun_cli.core.jobs import Execution, ExecutionRef, Job, Task
from cloudrun_cli.core.wire.v1_executions import JOB, execution_from_json, execution_to_json
from cloudrun_cli.core.wire.v1_jobs import RUN, job_from_json, job_to_json
from cloudrun_cli.core.wire.v1_tasks import EXECUTION, task_from_json, tasks_to_json
from cloudrun_cli.store import executions as execution_rows
from cloudrun_cli.store import jobs as job_rows
from cloudrun_cli.store import tasks as task_rows
from cloudrun_cli.store.database import Store

Json = dict[str, Any]

WHOLE = ("uid", "creationTimestamp", "generation")  # metadata that only a server writes


@dataclass(frozen=True, slots=True)
class Jobs:
    """Jobs as v1 objects, with their executions and the tasks of these."""

    jobs: Sequence[Json] = ()
    executions: Sequence[Json] = ()
    tasks: Sequence[Json] = ()


def load(
    store: Store,
    given: Jobs,
    project_of: Callable[[Json], str],
    check_whole: Callable[[Json, Iterable[str]], None],
    number_of: Mapping[str, str],
) -> None:
    """In a transaction: add everything. `project_of` says of which project an object is, `check_whole` whether it has
    its metadata. Raises AlreadyExists for what is there already, InvalidArgument for what is no v1 object or of nothing
    that came in."""
    for body in given.jobs:
        schema.check(body, "Job")
        check_whole(body, WHOLE)
        job = job_from_json(body, project_of(body), version=0)
        check_job(job)
        _put_job(store, job, number_of[job.ref.project])
    made: dict[ExecutionRef, Execution] = {}
    for body in given.executions:
        _check_kind(body, "Execution", JOB, ("spec", "template", "spec", "containers"))
        check_whole(body, WHOLE)
        execution = execution_from_json(body, project_of(body), version=0, history=True)
        made[execution.ref] = _put_execution(store, execution, number_of[execution.ref.project])
    parts: dict[ExecutionRef, list[Task]] = {}
    for body in given.tasks:
        _check_kind(body, "Task", EXECUTION, ("spec", "containers"))
        check_whole(body, WHOLE)
        meta = body["metadata"]
        ref = ExecutionRef(project_of(body), meta["labels"][LOCATION], meta["labels"][EXECUTION])
        if ref not in made:
            raise InvalidArgument(f"Task [{meta['name']}] is of execution [{ref.name}], which is not in the import.")
        parts.setdefault(ref, []).append(task_from_json(body, made[ref], number_of[ref.project]))
    for ref, tasks in parts.items():
        task_rows.insert(store, made[ref].uid, tasks)


def save(store: Store, number_of: Mapping[str, str]) -> Jobs:
    """Everything there is, sorted, as `load` takes it. Raises FailedPrecondition while an execution runs here."""
    executions = execution_rows.everywhere(store)
    for execution in executions:
        if execution.is_open and not execution.history:
            raise FailedPrecondition(
                f"Execution [{execution.ref.name}] is still on its way.",
                hint="Once it has ended, it can be moved: cloudrun run jobs executions cancel "
                f"{execution.ref.name} --region={execution.ref.region}",
            )
    jobs = sorted(job_rows.everywhere(store), key=lambda job: (job.ref.project, job.ref.region, job.ref.name))
    executions.sort(key=lambda e: (e.ref.project, e.ref.region, e.job, e.created, e.ref.name))
    tasks = []
    for execution in executions:
        tasks += tasks_to_json(task_rows.page(store, execution.uid), execution, number_of[execution.ref.project])
    return Jobs(
        jobs=[job_to_json(job, number_of[job.ref.project]) for job in jobs],
        executions=[execution_to_json(_anywhere(e), number_of[e.ref.project]) for e in executions],
        tasks=tasks,
    )


def _put_job(store: Store, job: Job, number: str) -> None:
    if job_rows.get(store, job.ref):
        raise AlreadyExists(
            f"Job [{job.ref.name}] is already there, in project [{job.ref.project}] and region [{job.ref.region}]. "
            "Nothing was imported.",
            hint="Delete it first, or import into another home: CLOUDRUN_HOME=DIR cloudrun emulator import …",
        )
    job_rows.insert(store, job, number)


def _put_execution(store: Store, execution: Execution, number: str) -> Execution:
    if job_rows.get(store, execution.job_ref) is None:
        raise InvalidArgument(
            f"Execution [{execution.ref.name}] is of job [{execution.job}], which is not in the import."
        )
    if execution_rows.exists(store, execution.ref):
        raise AlreadyExists(f"Execution [{execution.ref.name}] is already there. Nothing was imported.")
    return execution_rows.insert(store, execution, number)


def _check_kind(body: Json, kind: str, parent: str, path: Sequence[str]) -> None:
    """Nothing when the object is of this kind, and says of what it is a part and what it runs."""
    meta = body.get("metadata") or {}
    found: Any = body
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    if body.get("kind") != kind or not found:
        raise InvalidArgument(f"[{meta.get('name', '?')}] among the {kind.lower()}s is not {_a(kind)} of {RUN}.")
    if parent not in (meta.get("labels") or {}):
        raise InvalidArgument(f"{kind} [{meta.get('name', '?')}] lacks the label {parent}.", field="metadata.labels")


def _a(kind: str) -> str:
    return f"an {kind}" if kind == "Execution" else f"a {kind}"


def _anywhere(execution: Execution) -> Execution:
    """Without what is so on this machine only."""
    status = replace(execution.status, runtime="", note="", image_digest="", sidecar_digests={})
    return replace(execution, status=status)
