"""Jobs in the store: the v1 body, and beside it what v1 does not say."""

import json
from typing import Any

from cloudrun_cli.core.annotations import IMAGE_DIGEST, SIDECAR_DIGESTS
from cloudrun_cli.store.database import Store, json_reader
from cloudrun_cli.store.versions import next_version

TYPE_CHECKING = False
if TYPE_CHECKING:  # the values are loaded only by those who ask for values
    from cloudrun_cli.core.jobs import Execution, Job, JobRef, LatestExecution

_HERE = "project = ? AND region = ? AND name = ?"


def bodies(store: Store, project: str, region: str | None = None, limit: int | None = None) -> list[dict[str, Any]]:
    """The v1 bodies of a project's jobs, by name and region; no more than `limit`."""
    where, values = ("project = ?", [project]) if region is None else ("project = ? AND region = ?", [project, region])
    rows = store.read(
        f"SELECT body FROM jobs WHERE {where} ORDER BY name, region LIMIT ?", *values, -1 if limit is None else limit
    )
    loads = json_reader(len(rows))
    return [loads(body) for (body,) in rows]


def get(store: Store, ref: "JobRef") -> "Job | None":
    """The job, or None."""
    row = store.one(f"SELECT project, body, version FROM jobs WHERE {_HERE}", *_key(ref))
    return _job(row) if row else None


def everywhere(store: Store) -> "list[Job]":
    """Every job of the home."""
    return [_job(row) for row in store.read("SELECT project, body, version FROM jobs")]


def images(store: Store) -> set[str]:
    """The images that jobs name, and those that executions under way run by digest."""
    rows = store.read(
        "SELECT json_extract(container.value, '$.image') FROM jobs, "
        "json_each(jobs.body, '$.spec.template.spec.template.spec.containers') AS container "
        "UNION SELECT said.value FROM executions, json_each(executions.body, '$.metadata.annotations') AS said "
        f"WHERE state IN ('EXECUTION_PENDING', 'EXECUTION_RUNNING') AND said.key = '{IMAGE_DIGEST}' "
        "UNION SELECT side.value FROM executions, json_each(executions.body, '$.metadata.annotations') AS said, "
        "json_each(said.value) AS side "
        f"WHERE state IN ('EXECUTION_PENDING', 'EXECUTION_RUNNING') AND said.key = '{SIDECAR_DIGESTS}'"
    )
    return {image for (image,) in rows if image}


def count(store: Store, project: str, region: str) -> int:
    """How many jobs a project has in a region."""
    row = store.one("SELECT count(*) FROM jobs WHERE project = ? AND region = ?", project, region)
    return int(row[0]) if row else 0


def regions(store: Store, project: str, name: str) -> list[str]:
    """The regions in which a project has a job of that name."""
    rows = store.read("SELECT region FROM jobs WHERE project = ? AND name = ? ORDER BY region", project, name)
    return [region for (region,) in rows]


def insert(store: Store, job: "Job", number: str) -> "Job":
    """Save a new job, shown under the version it came with, if it did; the answer carries its own. Raises
    sqlite3.IntegrityError when it is there already."""
    from dataclasses import replace

    saved = replace(job, resource_version=next_version(store))
    store.write(
        "INSERT INTO jobs (project, region, name, version, created, updated, body) VALUES (?,?,?,?,?,?,?)",
        *_key(saved.ref),
        saved.resource_version,
        saved.created.isoformat(),
        saved.updated.isoformat(),
        _body(saved, number),
    )
    return saved


def update(store: Store, job: "Job", number: str) -> "Job":
    """Save a job that was loaded before, under a new version. Raises Conflict when somebody else has saved it
    since."""
    from dataclasses import replace

    from cloudrun_cli.core.errors import Conflict

    saved = replace(job, resource_version=next_version(store), etag="")
    changed = store.write(
        f"UPDATE jobs SET version = ?, updated = ?, body = ? WHERE {_HERE} AND version = ?",
        saved.resource_version,
        saved.updated.isoformat(),
        _body(saved, number),
        *_key(saved.ref),
        job.resource_version,
    )
    if not changed:
        raise Conflict(
            f"Conflict for resource '{job.ref.name}': version '{job.resource_version}' was specified but it has "
            "changed since.",
            hint="Read it again and repeat the change.",
        )
    return saved


def see(store: Store, execution: "Execution", *, new: bool = False) -> None:
    """Let the job say how its newest execution is. No change of the job itself: its version stays. A `new` one is
    counted; one that is not the newest changes nothing."""
    from cloudrun_cli.core.wire.v1_jobs import latest_to_json

    counted, newest = "", " AND json_extract(body, '$.status.latestCreatedExecution.name') = ?"
    values: list[str] = [execution.ref.name]
    if new:
        counted = ", '$.status.executionCount', coalesce(json_extract(body, '$.status.executionCount'), 0) + 1"
        newest, values = "", []
    store.write(
        f"UPDATE jobs SET body = json_set(body, '$.status.latestCreatedExecution', json(?){counted}) "
        f"WHERE {_HERE}{newest}",
        json.dumps(latest_to_json(_latest(execution))),
        *_key(execution.job_ref),
        *values,
    )


def forget(store: Store, ref: "JobRef", name: str, newest: "Execution | None") -> None:
    """Let the job name the newest execution that is left, or none, where it names one that is gone."""
    from cloudrun_cli.core.wire.v1_jobs import latest_to_json

    changed, values = "json_remove(body, '$.status.latestCreatedExecution')", []
    if newest is not None:
        changed = "json_set(body, '$.status.latestCreatedExecution', json(?))"
        values = [json.dumps(latest_to_json(_latest(newest)))]
    store.write(
        f"UPDATE jobs SET body = {changed} WHERE {_HERE} "
        "AND json_extract(body, '$.status.latestCreatedExecution.name') = ?",
        *values,
        *_key(ref),
        name,
    )


def delete(store: Store, ref: "JobRef") -> bool:
    """Remove it; whether it was there."""
    return bool(store.write(f"DELETE FROM jobs WHERE {_HERE}", *_key(ref)))


def _latest(execution: "Execution") -> "LatestExecution":
    from cloudrun_cli.core.jobs import LatestExecution

    return LatestExecution(execution.ref.name, execution.created, execution.status.completed, execution.state)


def _key(ref: "JobRef") -> tuple[str, str, str]:
    return ref.project, ref.region, ref.name


def _body(job: "Job", number: str) -> str:
    from cloudrun_cli.core.wire.v1_jobs import job_to_json

    return json.dumps(job_to_json(job, number), separators=(",", ":"))


def _job(row: tuple[Any, ...]) -> "Job":
    from cloudrun_cli.core.wire.v1_jobs import job_from_json

    project, body, version = row
    return job_from_json(json.loads(body), project, version=version)
