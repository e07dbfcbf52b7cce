"""What lists and completions show: v1 JSON straight from the store, with addresses. Loads nothing it need not."""

from collections.abc import Sequence
from typing import Any

from cloudrun_cli.controlplane import permits
from cloudrun_cli.core.addresses import LOCATION, Edge, located
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store

Json = dict[str, Any]


def services(
    store: Store,
    project: str,
    edge: Edge,
    region: str | None = None,
    limit: int | None = None,
    *,
    caller: str | None = None,
    verb: str = "services list",
) -> list[Json]:
    """The project's services in v1, by name and region; no more than `limit`; with a caller, if that may do this verb.
    Raises PermissionDenied."""
    if caller is not None:
        permits.require(store, caller, verb, permits.place(project, region))
    return [located(body, door, edge) for body, door in service_rows.bodies(store, project, region, limit)]


def revisions(
    store: Store,
    project: str,
    region: str | None = None,
    service: str | None = None,
    *,
    caller: str | None = None,
) -> list[Json]:
    """The project's revisions in v1, by service, then newest first; `active` says whether a request can reach them.
    With a caller, if that may list them. Raises PermissionDenied."""
    if caller is not None:
        of = f"{permits.place(project, region)}/services/{service}" if service else permits.place(project, region)
        permits.require(store, caller, "revisions list", of)
    reachable = service_rows.reachable(store, project, region, service)
    out = []
    for body in revision_rows.bodies(store, project, region, service):
        where = body["metadata"]["labels"][LOCATION]
        out.append(body | {"active": (where, body["metadata"]["name"]) in reachable})
    return out


def jobs(
    store: Store, project: str, region: str | None = None, limit: int | None = None, *, caller: str | None = None
) -> list[Json]:
    """The project's jobs in v1, by name and region; no more than `limit`; with a caller, if that may list them. Raises
    PermissionDenied."""
    from cloudrun_cli.store import jobs as job_rows

    if caller is not None:
        permits.require(store, caller, "jobs list", permits.place(project, region))
    return job_rows.bodies(store, project, region, limit)


def executions(
    store: Store,
    project: str,
    region: str | None = None,
    job: str | None = None,
    limit: int | None = None,
    offset: int = 0,
    *,
    caller: str | None = None,
) -> list[Json]:
    """The project's executions in v1, newest first; no more than `limit`, after the first `offset`; with a caller, if
    that may list them. Raises PermissionDenied."""
    from cloudrun_cli.store import executions as execution_rows

    if caller is not None:
        of = f"{permits.place(project, region)}/jobs/{job}" if job else permits.place(project, region)
        permits.require(store, caller, "executions list", of)
    return execution_rows.bodies(store, project, region, job, limit, offset)


def execution_count(store: Store, project: str, region: str | None = None, job: str | None = None) -> int:
    """How many executions `executions` would answer without a limit."""
    from cloudrun_cli.store import executions as execution_rows

    return execution_rows.count(store, project, region, job)


def tasks(
    store: Store,
    project: str,
    region: str,
    execution: str,
    states: Sequence[str] = (),
    limit: int | None = None,
    after: int = -1,
    *,
    caller: str | None = None,
) -> list[Json]:
    """The tasks of an execution in v1, by index, from the one behind `after`; only those in one of the states, where
    any are named, and no more than `limit`. None of an execution that is not there. With a caller, if that may list
    them. Raises PermissionDenied."""
    from cloudrun_cli.core.jobs import ExecutionRef, TaskState
    from cloudrun_cli.core.wire.v1_tasks import tasks_to_json
    from cloudrun_cli.store import executions as execution_rows
    from cloudrun_cli.store import projects
    from cloudrun_cli.store import tasks as task_rows

    found = execution_rows.get(store, ExecutionRef(project, region, execution))
    if caller is not None:
        of = f"{permits.place(project, region)}/jobs/{found.job if found else '-'}/executions/{execution}"
        permits.require(store, caller, "tasks list", of)
    if found is None:
        return []
    wanted = [TaskState(state) for state in states] or None
    rows = task_rows.page(store, found.uid, wanted, limit, after)
    return tasks_to_json(rows, found, projects.number(store, project) or "")
