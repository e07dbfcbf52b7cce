"""The names that begin with something: one read-only query for the shell's Tab, loading nothing but sqlite3."""

import os
import sqlite3

PATIENCE_SECONDS = 0.2  # longer than this, nobody waits for a completion
_END = "\U0010ffff"
_HERE = "project = :project AND region = :region"

_QUERIES = {
    "projects": "SELECT id AS name FROM projects WHERE deleted IS NULL",
    "folders": "SELECT id AS name FROM folders WHERE state = 'ACTIVE'",
    "services": f"SELECT name FROM services WHERE {_HERE}",
    # the index holds the names and none of the bodies
    "revisions": f"SELECT name FROM revisions INDEXED BY revisions_of_service WHERE {_HERE}",
    "tags": f"SELECT tag AS name FROM tags WHERE {_HERE}",
    "domain_mappings": f"SELECT domain AS name FROM domains WHERE {_HERE}",
    "service_accounts": "SELECT email AS name FROM service_accounts WHERE project = :project",
    "secrets": "SELECT name FROM secrets WHERE project = :project",
}
_OF_SERVICE = ("revisions", "tags")  # a service has its own
_PLACED = {"services": "services", "revisions": "revisions"}  # kinds that a region holds, and their tables

KINDS = tuple(_QUERIES)


def names_with_prefix(
    home: str, kind: str, prefix: str, project: str, region: str, service: str | None = None
) -> list[str]:
    """The names of projects; or of services, revisions, tags and domain mappings of a project and region, of one
    service where it has its own; or of the secrets and the service accounts of a project. In order, each once. Raises
    sqlite3.Error, also when there is no store yet."""
    query = _QUERIES[kind]
    if service is not None and kind in _OF_SERVICE:
        query += " AND service = :service"
    query = f"SELECT DISTINCT name FROM ({query}) WHERE name >= :low AND name < :high ORDER BY name"
    asked = {"project": project, "region": region, "service": service, "low": prefix, "high": prefix + _END}
    return _column(home, query, asked)


def regions_of(home: str, kind: str, name: str, project: str) -> list[str]:
    """The regions in which a project has a service or revision of that name. Raises sqlite3.Error."""
    query = f"SELECT region FROM {_PLACED[kind]} WHERE project = :project AND name = :name ORDER BY region"
    return _column(home, query, {"project": project, "name": name})


def _column(home: str, query: str, asked: dict[str, str | None]) -> list[str]:
    path = os.path.join(home, "state.db").replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE_SECONDS)
    try:
        return [name for (name,) in connection.execute(query, asked)]
    finally:
        connection.close()
