"""The names that begin with something: one read-only query for the shell's Tab, loading nothing but sqlite3."""

import os
import sqlite3

PATIENCE_SECONDS = 0.2  # longer than this, nobody waits for a completion
_END = "\U0010ffff"
_HERE = "project = :project AND region = :region"
_ENOUGH = 1000  # tasks

_QUERIES = {
    "projects": "SELECT id AS name FROM projects WHERE deleted IS NULL",
    "folders": "SELECT id AS name FROM folders WHERE state = 'ACTIVE'",
    "services": f"SELECT name FROM services WHERE {_HERE}",
    # the index holds the names and none of the bodies
    "revisions": f"SELECT name FROM revisions INDEXED BY revisions_of_service WHERE {_HERE}",
    "jobs": f"SELECT name FROM jobs WHERE {_HERE}",
    "executions": f"SELECT name FROM executions WHERE {_HERE}",
    # there may be millions: those of the executions that the prefix is about, and of them not all
    "tasks": f"""
        SELECT executions.name || '-task' || idx AS name FROM executions JOIN tasks ON execution = uid
        WHERE {_HERE} AND (executions.name = substr(:low, 1, length(executions.name))
            OR executions.name >= :low AND executions.name < :high) LIMIT {_ENOUGH}""",
    "tags": f"SELECT tag AS name FROM tags WHERE {_HERE}",
    "schedules": f"SELECT name FROM schedules WHERE {_HERE}",
    "domain_mappings": f"SELECT domain AS name FROM domains WHERE {_HERE}",
    "service_accounts": "SELECT email AS name FROM service_accounts WHERE project = :project",
    "secrets": "SELECT name FROM secrets WHERE project = :project",
}
_OWNERS = {"revisions": "service", "tags": "service", "executions": "job"}  # whose are kinds, by the column of it
_PLACED = ("services", "revisions", "jobs", "executions")  # tables of what a region holds, and kinds

KINDS = tuple(_QUERIES)


def names_with_prefix(
    home: str, kind: str, prefix: str, project: str, region: str, owner: str | None = None
) -> list[str]:
    """The names of projects and folders; or of services, revisions, tags, jobs, executions, tasks, schedules and domain
    mappings of a project and region, of one service or job where it has its own; or of the secrets and the service
    accounts of a project. In order, each once. Raises sqlite3.Error, also when there is no store yet."""
    query = _QUERIES[kind]
    if owner is not None and kind in _OWNERS:
        query += f" AND {_OWNERS[kind]} = :owner"
    query = f"SELECT DISTINCT name FROM ({query}) WHERE name >= :low AND name < :high ORDER BY name"
    asked = {"project": project, "region": region, "owner": owner, "low": prefix, "high": prefix + _END}
    return _column(home, query, asked)


def regions_of(home: str, kind: str, name: str, project: str) -> list[str]:
    """The regions in which a project has a service, revision, job or execution of that name. Raises sqlite3.Error."""
    assert kind in _PLACED
    query = f"SELECT region FROM {kind} WHERE project = :project AND name = :name ORDER BY region"
    return _column(home, query, {"project": project, "name": name})


def _column(home: str, query: str, asked: dict[str, str | None]) -> list[str]:
    path = os.path.join(home, "state.db").replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE_SECONDS)
    try:
        return [name for (name,) in connection.execute(query, asked)]
    finally:
        connection.close()
