"""One SQLite file per home, and transactions that happen or do not. On real SQLite. Evidence: ours."""

import re
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from cloudrun_cli.core.errors import FailedPrecondition
from cloudrun_cli.store import projects
from cloudrun_cli.store.database import NAME, NEWEST, Store, open_for_reading, open_store
from tests.store.processes import run_together


def test_a_home_is_made_private_and_its_store_is_in_wal_mode(tmp_path: Path) -> None:
    home = tmp_path / "some" / "home"
    store = open_store(str(home))
    assert store.one("PRAGMA journal_mode") == ("wal",)
    assert store.one("PRAGMA synchronous") == (2,)
    assert (home.stat().st_mode & 0o777, (home / NAME).stat().st_mode & 0o777) == (0o700, 0o600)
    store.close()


def test_migrations_are_numbered_without_gaps_and_the_newest_is_known() -> None:
    names = sorted(
        entry.name
        for entry in resources.files("cloudrun_cli.store").joinpath("migrations").iterdir()
        if entry.name.endswith(".sql")
    )
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names)
    assert [int(name[:4]) for name in names] == list(range(1, NEWEST + 1))


def test_a_store_that_is_opened_again_is_migrated_no_more_and_keeps_what_it_has(tmp_path: Path) -> None:
    for value in ("one", "two"):
        store = open_store(str(tmp_path))
        assert store.one("PRAGMA user_version") == (NEWEST,)
        assert projects.fact(store, "k") == {"one": None, "two": "one"}[value]
        with store.transaction():
            projects.set_fact(store, "k", value)
        store.close()


RACE = """
from cloudrun_cli.store.database import open_store
together()
store = open_store(home)
print(store.read("PRAGMA user_version")[0][0], store.read("PRAGMA journal_mode")[0][0])
with store.transaction():
    store.write("INSERT INTO meta VALUES (?, '1')", me)
store.close()
"""


def test_twenty_processes_that_open_a_fresh_home_together_migrate_it_once(tmp_path: Path) -> None:
    said = run_together(RACE, tmp_path / "home", tmp_path / "gate", 20)
    assert said == [[f"{NEWEST} wal"]] * 20
    store = open_store(str(tmp_path / "home"))
    assert store.one("SELECT count(*) FROM meta") == (20,)
    assert store.one("PRAGMA integrity_check") == ("ok",)
    store.close()


def test_what_fails_half_way_has_not_happened(store: Store) -> None:
    def half() -> None:
        with store.transaction():
            projects.set_fact(store, "a", "1")
            raise KeyError("in the middle")

    with pytest.raises(KeyError):
        half()
    assert projects.fact(store, "a") is None
    with store.transaction():
        projects.set_fact(store, "a", "2")
    assert projects.fact(store, "a") == "2"


def test_what_is_not_to_be_kept_is_seen_inside_and_gone_afterwards(store: Store) -> None:
    with store.transaction(keep=False):
        projects.set_fact(store, "a", "1")
        assert projects.fact(store, "a") == "1"
    assert projects.fact(store, "a") is None


def test_a_write_outside_a_transaction_is_an_error(store: Store) -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        projects.set_fact(store, "a", "1")
    assert projects.fact(store, "a") is None


def test_a_transaction_that_cannot_be_committed_is_undone_and_the_next_one_works(store: Store) -> None:
    store.read("PRAGMA foreign_keys = 1")
    with store.transaction():
        store.write("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        store.write("CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(sqlite3.IntegrityError), store.transaction():
        store.write("INSERT INTO child VALUES (1)")
    with store.transaction():
        projects.set_fact(store, "a", "1")
    assert store.read("SELECT * FROM child") == []
    assert projects.fact(store, "a") == "1"


def test_an_error_that_ended_the_transaction_by_itself_is_the_one_that_is_raised(store: Store) -> None:
    with store.transaction():
        store.write("INSERT INTO meta VALUES ('b', '1')")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"), store.transaction():
        store.write("INSERT OR ROLLBACK INTO meta VALUES ('a', '1'), ('b', '2')")
    assert projects.fact(store, "a") is None


def test_reading_waits_for_no_writer_and_sees_only_what_was_committed(store: Store) -> None:
    other = open_store(str(Path(store.path).parent))
    with other.transaction():
        projects.set_fact(other, "a", "1")
        assert projects.fact(store, "a") is None
    assert projects.fact(store, "a") == "1"
    other.close()


def test_the_data_version_moves_when_another_commits_and_only_then(store: Store) -> None:
    other = open_store(str(Path(store.path).parent))
    before = store.data_version()
    with store.transaction():
        projects.set_fact(store, "mine", "1")
    assert store.data_version() == before
    with other.transaction():
        projects.set_fact(other, "theirs", "1")
    assert store.data_version() != before
    other.close()


def test_a_store_for_reading_is_never_made_and_never_written_to(tmp_path: Path) -> None:
    assert open_for_reading(str(tmp_path / "none")) is None
    assert not (tmp_path / "none").exists()
    open_store(str(tmp_path)).close()
    reading = open_for_reading(str(tmp_path))
    assert reading is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"), reading.transaction():
        projects.set_fact(reading, "a", "1")
    reading.close()


def test_a_store_that_somebody_began_but_did_not_migrate_is_migrated_by_its_reader(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / NAME).close()
    reading = open_for_reading(str(tmp_path))
    assert reading is not None
    assert projects.numbers(reading) == {}
    reading.close()


def test_a_home_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    open_store(str(tmp_path)).close()
    with closing(sqlite3.connect(tmp_path / NAME)) as newer:
        newer.execute(f"PRAGMA user_version = {NEWEST + 1}")
    with pytest.raises(FailedPrecondition, match="newer version"):
        open_store(str(tmp_path))
    with pytest.raises(FailedPrecondition, match="newer version"):
        open_for_reading(str(tmp_path))
