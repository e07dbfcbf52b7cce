"""Names for Tab and for did-you-mean, and how revisions of one service are found. Evidence: ours."""

import json
import os
import sqlite3
from pathlib import Path

import pytest

from cloudrun_cli.store import policies, projects, revisions, services, tasks
from cloudrun_cli.store.database import MANY, Store, json_reader
from cloudrun_cli.store.names import KINDS, names_with_prefix, regions_of
from tests.builders import NOW, NUMBER, a_ref

SERVICE = {
    "spec": {
        "template": {
            "spec": {
                "serviceAccountName": "web-sa@demo.iam.gserviceaccount.com",
                "containers": [
                    {"env": [{"name": "B"}]},
                    {},
                ],
            }
        },
        "traffic": [{"percent": 100}, {"revisionName": "hello-00001-abc", "tag": "canary"}],
    },
    "status": {"traffic": [{"revisionName": "hello-00002-def", "percent": 100}, {"revisionName": "hello-00001-abc"}]},
}


TASK = {
    "serviceAccountName": "batch-sa@demo.iam.gserviceaccount.com",
    "containers": [{"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "batch-key", "key": "1"}}}]}],
}
JOB = {"spec": {"template": {"spec": {"template": {"spec": TASK}}}}}


@pytest.fixture
def home(store: Store) -> str:
    """A home with two services, of which one names much; each with two revisions, and one service elsewhere; and two
    jobs, each with an execution of two tasks."""
    with store.transaction():
        projects.ensure(store, "demo", NUMBER, NOW)
        for door, (region, name, body) in enumerate(
            [("us-central1", "hello", SERVICE), ("us-central1", "help", {}), ("us-east1", "hello", {})]
        ):
            row = ("demo", region, name, 1, 20000 + door, "", "", json.dumps(body))
            store.write("INSERT INTO services VALUES (?,?,?,?,?,?,?,?)", *row)
            for revision in (f"{name}-00001-abc", f"{name}-00002-def"):
                at = NOW.isoformat()
                store.write("INSERT INTO revisions VALUES (?,?,?,?,?,'','{}')", "demo", region, revision, name, at)
        members = ["serviceAccount:ci@demo.iam.gserviceaccount.com", "user:dev@example.com"]
        policy = {"bindings": [{"role": "roles/run.invoker", "members": members}]}
        policies.put(store, "projects/demo/locations/us-central1/services/hello", policy)
        for name in ("ci", "web-sa"):
            account = (f"{name}@demo.iam.gserviceaccount.com", name)
            store.write("INSERT INTO service_accounts VALUES (?, 'demo', ?, 0, '{}')", *account)
        for name in ("api-key", "db-password"):
            store.write("INSERT INTO secrets VALUES ('demo', ?, NULL, '{}')", name)
        policies.put(
            store,
            "projects/other/locations/us-central1/services/hello",
            {"bindings": [{"members": ["serviceAccount:x@y"]}]},
        )
        for name in ("etl", "etl-2"):
            store.write("INSERT INTO jobs VALUES ('demo','us-central1',?,1,'','',?)", name, json.dumps(JOB))
            store.write(
                "INSERT INTO executions (project, region, name, job, uid, version, created, state, body) "
                "VALUES ('demo', 'us-central1', ?, ?, ?, 1, '', 'EXECUTION_PENDING', '{}')",
                *(f"{name}-aaaaa", name, f"uid-{name}"),
            )
            tasks.insert_pending(store, f"uid-{name}", 2, NOW)
    return os.path.dirname(store.path)


@pytest.mark.parametrize(
    ("kind", "prefix", "service", "names"),
    [
        ("projects", "", None, ["demo"]),
        ("services", "", None, ["hello", "help"]),
        ("services", "help", None, ["help"]),
        ("services", "z", None, []),
        ("revisions", "hel", None, ["hello-00001-abc", "hello-00002-def", "help-00001-abc", "help-00002-def"]),
        ("revisions", "", "help", ["help-00001-abc", "help-00002-def"]),
        ("revisions", "", "nosuch", []),
        ("tags", "", None, ["canary"]),
        ("tags", "", "help", []),
        ("tags", "c", "hello", ["canary"]),
        ("jobs", "etl", None, ["etl", "etl-2"]),
        ("executions", "", None, ["etl-2-aaaaa", "etl-aaaaa"]),
        ("executions", "etl", "etl", ["etl-aaaaa"]),
        ("tasks", "etl-a", None, ["etl-aaaaa-task0", "etl-aaaaa-task1"]),
        ("tasks", "etl-aaaaa-task1", None, ["etl-aaaaa-task1"]),
        ("tasks", "x", None, []),
        ("service_accounts", "b", None, []),
        ("service_accounts", "c", None, ["ci@demo.iam.gserviceaccount.com"]),
        ("secrets", "", None, ["api-key", "db-password"]),
        ("secrets", "db", None, ["db-password"]),
        ("domain_mappings", "", None, []),
    ],
)
def test_names_are_those_of_the_place_that_begin_so(
    home: str, kind: str, prefix: str, service: str | None, names: list[str]
) -> None:
    assert names_with_prefix(home, kind, prefix, "demo", "us-central1", service) == names


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_name_can_be_asked_for_in_an_empty_store(store: Store, kind: str) -> None:
    assert names_with_prefix(os.path.dirname(store.path), kind, "", "demo", "us-central1", "hello") == []


def test_a_name_is_found_in_its_regions(home: str) -> None:
    assert regions_of(home, "services", "hello", "demo") == ["us-central1", "us-east1"]
    assert regions_of(home, "revisions", "help-00001-abc", "demo") == ["us-central1"]
    assert regions_of(home, "executions", "etl-aaaaa", "demo") == ["us-central1"]
    assert regions_of(home, "services", "nosuch", "demo") == []


def test_without_a_store_there_is_an_error_and_no_store_is_made(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error):
        names_with_prefix(str(tmp_path), "services", "", "demo", "us-central1")
    assert list(tmp_path.iterdir()) == []


def test_what_traffic_reaches_is_known_of_all_services_or_of_one(home: str, store: Store) -> None:
    both = {("us-central1", "hello-00001-abc"), ("us-central1", "hello-00002-def")}
    assert services.reachable(store, "demo", None, None) == both
    assert services.reachable(store, "demo", "us-central1", "hello") == both
    assert services.reachable(store, "demo", "us-central1", "help") == set()
    assert services.reachable(store, "demo", "us-east1", None) == set()


def test_revisions_of_a_service_are_found_without_reading_the_others(home: str, store: Store) -> None:
    plans: list[str] = []
    asked = store.read

    class Watched:
        """A store that keeps how SQLite goes about each query."""

        def read(self, sql: str, *values: object) -> list[tuple[object, ...]]:
            plans.extend(str(row[3]) for row in asked(f"EXPLAIN QUERY PLAN {sql}", *values))
            return asked(sql, *values)

    watched: Store = Watched()  # type: ignore[assignment]  # only read() is asked of it
    assert len(revisions.bodies(watched, "demo", "us-central1", "hello")) == 2
    assert revisions.names_of_service(watched, a_ref("hello")) == {"hello-00001-abc", "hello-00002-def"}
    assert services.reachable(watched, "demo", "us-central1", "hello")
    searches = [plan for plan in plans if plan.startswith("SEARCH")]
    assert len(searches) == 3
    assert all("service=?" in plan or "name=?" in plan for plan in searches)


def test_no_more_services_are_read_than_asked_for(home: str, store: Store) -> None:
    doors = {limit: [door for _, door in services.bodies(store, "demo", limit=limit)] for limit in (None, 1, 2, 9)}
    assert doors == {None: [20000, 20002, 20001], 1: [20000], 2: [20000, 20002], 9: [20000, 20002, 20001]}
    assert [door for _, door in services.bodies(store, "demo", "us-central1", 1)] == [20000]


@pytest.mark.parametrize("count", [1, MANY])
@pytest.mark.parametrize("text", ['{"a": [1, "é"]}', '"\\ud800"'])
def test_json_is_read_alike_in_small_and_in_large_amounts(count: int, text: str) -> None:
    assert json_reader(count)(text) == json.loads(text)
