"""Service accounts in the store; what a home of before has of them. Evidence: ours."""

import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

from cloudrun_cli.core.identity import unique_id
from cloudrun_cli.core.service_accounts import ServiceAccount
from cloudrun_cli.store import service_accounts
from cloudrun_cli.store.database import NAME, Store, open_store
from tests.builders import NOW

COMPUTE = "7-compute@developer.gserviceaccount.com"
WORKER = ServiceAccount("worker@demo.iam.gserviceaccount.com", "demo", "11", "Worker", "Works", True, "22")


def test_the_projects_of_a_home_of_before_have_the_account_that_their_code_runs_as(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as old:
        folder = resources.files("cloudrun_cli.store").joinpath("migrations")
        for script in sorted(one.name for one in folder.iterdir() if one.name < "0007"):
            old.executescript(folder.joinpath(script).read_text())
        old.execute("PRAGMA user_version = 6")
        old.execute("INSERT INTO projects (id, number, created) VALUES ('demo', '7', '2026-01-01')")
    with closing(open_store(str(tmp_path))) as store:
        (found,) = service_accounts.of_project(store, "demo")
        assert (found.email, found.unique_id) == (COMPUTE, unique_id(COMPUTE))
        with store.transaction():
            service_accounts.ensure_default(store, "demo", "7")
        assert service_accounts.everywhere(store) == [found]


def test_an_account_is_found_as_it_was_saved_also_after_it_was_put_away(store: Store) -> None:
    with store.transaction():
        service_accounts.put(store, WORKER)
    assert service_accounts.get(store, WORKER.email) == service_accounts.get(store, WORKER.unique_id) == WORKER
    with store.transaction():
        service_accounts.delete(store, WORKER, {"bindings": []}, NOW)
    assert service_accounts.get(store, WORKER.email) is None
    assert service_accounts.project_of(store, WORKER.email) is None
    assert service_accounts.deleted(store, WORKER.unique_id) == (WORKER, NOW, {"bindings": []})
    assert service_accounts.used(store, WORKER.unique_id)
    with store.transaction():
        service_accounts.restore(store, WORKER)
    assert service_accounts.everywhere(store) == [WORKER]
    assert service_accounts.deleted(store, WORKER.unique_id) is None


def test_the_first_account_of_a_project_that_was_deleted_is_not_made_again(store: Store) -> None:
    with store.transaction():
        service_accounts.ensure_default(store, "demo", "7")
        found = service_accounts.get(store, COMPUTE)
        assert found is not None
        service_accounts.delete(store, found, {}, NOW)
        service_accounts.ensure_default(store, "demo", "7")
    assert service_accounts.everywhere(store) == []
