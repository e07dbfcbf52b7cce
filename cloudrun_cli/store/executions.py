"""Executions in the store: the v1 body, and beside it what v1 does not say. Their tasks go with them (a trigger)."""

import json
from typing import Any

from cloudrun_cli.store import jobs
from cloudrun_cli.store.database import Store, json_reader
from cloudrun_cli.store.versions import next_version

TYPE_CHECKING = False
if TYPE_CHECKING:  # the values are loaded only by those who ask for values
    from cloudrun_cli.core.jobs import Execution, ExecutionRef, JobRef

_HERE = "project = ? AND region = ? AND name = ?"
_OF_JOB = "project = ? AND region = ? AND job = ?"
_ROW = "SELECT project, body, version, cancel, history FROM executions"
# of the index executions_open, word for word
_OPEN = "state IN ('EXECUTION_PENDING', 'EXECUTION_RUNNING')"


def bodies(
    store: Store,
    project: str,
    region: str | None = None,
    job: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """The v1 bodies of a project's executions, newest first; no more than `limit`, after the first `offset`."""
    where, values = _narrowed(project, region, job)
    # the rowids are sorted in an index, and only the bodies of the page are read
    rows = store.read(
        f"SELECT body FROM (SELECT rowid AS place FROM executions WHERE {where} "
        "ORDER BY created DESC, name DESC LIMIT ? OFFSET ?) JOIN executions ON executions.rowid = place "
        "ORDER BY created DESC, name DESC",
        *values,
        -1 if limit is None else limit,
        offset,
    )
    loads = json_reader(len(rows))
    return [loads(body) for (body,) in rows]


def count(store: Store, project: str, region: str | None = None, job: str | None = None) -> int:
    """How many executions a project has, in a region or of a job; an index answers."""
    where, values = _narrowed(project, region, job)
    row = store.one(f"SELECT count(*) FROM executions WHERE {where}", *values)
    return int(row[0]) if row else 0


def get(store: Store, ref: "ExecutionRef") -> "Execution | None":
    """The execution, or None."""
    row = store.one(f"{_ROW} WHERE {_HERE}", *_key(ref))
    return _execution(row) if row else None


def everywhere(store: Store) -> "list[Execution]":
    """Every execution of the home, oldest first."""
    return [_execution(row) for row in store.read(f"{_ROW} ORDER BY created, name")]


def open_ones(store: Store) -> "list[Execution]":
    """Those that have not come to their end, oldest first; not those that ran elsewhere."""
    rows = store.read(f"{_ROW} WHERE {_OPEN} AND history = 0 ORDER BY created, name")
    return [_execution(row) for row in rows]


def newest(store: Store, ref: "JobRef") -> "Execution | None":
    """The newest execution of a job, if it has any."""
    row = store.one(f"{_ROW} WHERE {_OF_JOB} ORDER BY created DESC, name DESC LIMIT 1", *_job_key(ref))
    return _execution(row) if row else None


def open_count(store: Store, project: str, region: str) -> int:
    """How many of a project and region have not come to their end."""
    row = store.one(
        f"SELECT count(*) FROM executions WHERE project = ? AND region = ? AND {_OPEN} AND history = 0", project, region
    )
    return int(row[0]) if row else 0


def open_names(store: Store, ref: "JobRef") -> list[str]:
    """The names of a job's executions that have not come to their end, oldest first."""
    rows = store.read(f"SELECT name FROM executions WHERE {_OF_JOB} AND {_OPEN} ORDER BY created, name", *_job_key(ref))
    return [name for (name,) in rows]


def exists(store: Store, ref: "ExecutionRef") -> bool:
    """Whether there is one of that name."""
    return store.one(f"SELECT 1 FROM executions WHERE {_HERE}", *_key(ref)) is not None


def insert(store: Store, execution: "Execution", number: str) -> "Execution":
    """Save a new execution, and let its job say so unless it came from elsewhere. Raises sqlite3.IntegrityError when
    its name is taken."""
    from dataclasses import replace

    saved = replace(execution, resource_version=next_version(store))
    store.write(
        "INSERT INTO executions (project, region, name, job, uid, version, created, state, cancel, history, body) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        *_key(saved.ref),
        saved.job,
        saved.uid,
        saved.resource_version,
        saved.created.isoformat(),
        str(saved.state),
        saved.cancel_requested,
        saved.history,
        _body(saved, number),
    )
    if not saved.history:
        jobs.see(store, saved, new=True)
    return saved


def update(store: Store, execution: "Execution", number: str) -> "Execution | None":
    """Save how it is now, and let its job say so; None when it is there no longer, or made anew."""
    from dataclasses import replace

    saved = replace(execution, resource_version=next_version(store), etag="")
    changed = store.write(
        f"UPDATE executions SET version = ?, state = ?, cancel = ?, body = ? WHERE {_HERE} AND uid = ?",
        saved.resource_version,
        str(saved.state),
        saved.cancel_requested,
        _body(saved, number),
        *_key(saved.ref),
        saved.uid,
    )
    if not changed:
        return None
    jobs.see(store, saved)
    return saved


def delete(store: Store, ref: "ExecutionRef") -> bool:
    """Remove it with its tasks; whether it was there."""
    return bool(store.write(f"DELETE FROM executions WHERE {_HERE}", *_key(ref)))


def delete_of_job(store: Store, ref: "JobRef") -> int:
    """Remove all of a job; how many there were."""
    return store.write(f"DELETE FROM executions WHERE {_OF_JOB}", *_job_key(ref))


def forget_old(store: Store, ref: "JobRef", kept: int) -> int:
    """Remove the oldest of a job's executions that have ended, so that so many of them are left; how many went."""
    return store.write(
        f"DELETE FROM executions WHERE rowid IN (SELECT rowid FROM executions WHERE {_OF_JOB} AND NOT {_OPEN} "
        "ORDER BY created DESC, name DESC LIMIT -1 OFFSET ?)",
        *_job_key(ref),
        kept,
    )


def _narrowed(project: str, region: str | None, job: str | None) -> tuple[str, list[str]]:
    """What a row must be, and the values of that; spelled out, since an index is of no use to `? IS NULL OR`."""
    asked = [(name, value) for name, value in (("region", region), ("job", job)) if value is not None]
    return " AND ".join(["project = ?", *(f"{name} = ?" for name, _ in asked)]), [project, *(v for _, v in asked)]


def _key(ref: "ExecutionRef") -> tuple[str, str, str]:
    return ref.project, ref.region, ref.name


def _job_key(ref: "JobRef") -> tuple[str, str, str]:
    return ref.project, ref.region, ref.name


def _body(execution: "Execution", number: str) -> str:
    from cloudrun_cli.core.wire.v1_executions import execution_to_json

    return json.dumps(execution_to_json(execution, number), separators=(",", ":"))


def _execution(row: tuple[Any, ...]) -> "Execution":
    from cloudrun_cli.core.wire.v1_executions import execution_from_json

    project, body, version, cancel, history = row
    return execution_from_json(
        json.loads(body), project, version=version, cancel_requested=bool(cancel), history=bool(history)
    )
