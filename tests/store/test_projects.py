"""Projects, folders and groups in the store; what a home of before has of them. Evidence: ours."""

import json
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

from cloudrun_cli.store import folders, groups, projects
from cloudrun_cli.store.database import NAME, Store, open_store
from cloudrun_cli.store.folders import Folder

BODY = {
    "projectId": "demo",
    "projectNumber": "7",
    "lifecycleState": "ACTIVE",
    "name": "Demo Project",
    "createTime": "2025-12-01T00:00:00.000Z",
    "parent": {"type": "organization", "id": "555"},
}


def test_what_was_imported_of_a_project_before_there_was_a_hierarchy_is_kept(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as old:
        for script in ("0001_initial.sql", "0002_domains_and_tags.sql"):
            old.executescript(resources.files("cloudrun_cli.store").joinpath("migrations", script).read_text())
        old.execute("PRAGMA user_version = 2")
        old.execute("INSERT INTO projects VALUES ('demo', '7', '2026-01-01'), ('mine', '8', '2026-01-02')")
        old.execute("INSERT INTO meta VALUES ('project/demo', ?), ('edge', '[1,2]')", (json.dumps(BODY),))
    with closing(open_store(str(tmp_path))) as store:
        demo, mine = projects.everything(store)
        assert (demo.number, demo.parent, demo.deleted) == ("7", "organizations/555", None)
        assert demo.body == {"name": "Demo Project", "createTime": "2025-12-01T00:00:00.000Z"}
        assert (mine.number, mine.parent, mine.body) == ("8", None, {})
        assert [one.id for one in folders.organizations(store)] == ["555"]
        assert (projects.fact(store, "project/demo"), projects.fact(store, "edge")) == (None, "[1,2]")


def test_a_circle_of_folders_or_of_groups_has_an_end(store: Store) -> None:
    with store.transaction():
        folders.put(store, Folder("1", "folders/2", "a", "ACTIVE", "", ""))
        folders.put(store, Folder("2", "folders/1", "b", "ACTIVE", "", ""))
        groups.add(store, "a@x", "ann@x")
        groups.add(store, "B@x", "A@x")
        groups.add(store, "a@x", "b@x")
    assert folders.above(store, "folders/1") == ["folders/1", "folders/2"]
    assert groups.of(store, "Ann@x") == {"a@x", "b@x"}


def test_a_project_is_found_by_its_id_before_its_number(store: Store) -> None:
    with store.transaction():
        store.write("INSERT INTO projects (id, number, created) VALUES ('777777', '1', ''), ('b', '777777', '')")
    found = projects.get(store, "777777")
    assert found is not None
    assert found.id == "777777"
    other = projects.get(store, "1")
    assert other is not None
    assert other.id == "777777"
