"""The names that begin with something: one read-only query for the shell's Tab, loading nothing but sqlite3."""

import os
import sqlite3

PATIENCE_SECONDS = 0.2  # longer than this, nobody waits for a completion
_END = "\U0010ffff"

_QUERIES = {
    "projects": "SELECT id FROM projects WHERE id >= ? AND id < ? ORDER BY id",
    "services": "SELECT name FROM services WHERE name >= ? AND name < ? AND project = ? AND region = ? ORDER BY name",
    "revisions": "SELECT name FROM revisions WHERE name >= ? AND name < ? AND project = ? AND region = ? ORDER BY name",
}


def names_with_prefix(home: str, kind: str, prefix: str, project: str, region: str) -> list[str]:
    """The names of projects, or of services or revisions of a project and region. Raises sqlite3.Error, also when
    there is no store yet."""
    path = os.path.join(home, "state.db").replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE_SECONDS)
    try:
        values = (prefix, prefix + _END) if kind == "projects" else (prefix, prefix + _END, project, region)
        return [name for (name,) in connection.execute(_QUERIES[kind], values)]
    finally:
        connection.close()
