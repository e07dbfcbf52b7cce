"""kill -9 of a writer at any moment: the store opens, is whole, and holds everything that was acknowledged."""

from pathlib import Path
from random import Random
from time import sleep

from cloudrun_cli.store import journal, projects
from cloudrun_cli.store.database import Store, open_store
from tests.store.processes import start

# One transaction after another, each in three tables; acknowledged when it has been committed.
WRITER = """
import sys, datetime
from cloudrun_cli.store import journal, policies, projects
from cloudrun_cli.store.database import open_store
store, life, now = open_store(sys.argv[1]), sys.argv[2], datetime.datetime.now(datetime.UTC)
for number in range(100000):
    name = f"{life}-{number}"
    with store.transaction():
        projects.set_fact(store, name, "x" * (number % 50 * 100))
        policies.put(store, name, {"of": name})
        journal.note(store, now, "me", "test", "Thing", project="p", region="r", name=name)
    print(name, flush=True)
"""
LIVES = 24


def test_whatever_was_acknowledged_is_there_after_each_of_many_kills(tmp_path: Path) -> None:
    random, acknowledged = Random(11), set[str]()
    for life in range(LIVES):
        writer = start(WRITER, str(tmp_path), str(life))
        assert writer.stdout is not None
        assert writer.stderr is not None
        first = writer.stdout.readline() if life % 4 else ""  # every fourth may die before its first transaction
        sleep(random.uniform(0.0, 0.06))
        writer.kill()
        rest, error = writer.communicate(timeout=30)
        assert error == ""
        acknowledged |= set((first + rest).splitlines())
        store = open_store(str(tmp_path))
        _assert_whole(store, acknowledged)
        store.close()
    assert len(acknowledged) > LIVES


def test_a_home_whose_first_opener_was_killed_can_be_opened(tmp_path: Path) -> None:
    random = Random(12)
    for life in range(8):
        home = tmp_path / str(life)
        opener = start(WRITER, str(home), "0")
        sleep(random.uniform(0.02, 0.12))
        opener.kill()
        output, error = opener.communicate(timeout=30)
        assert error == ""
        store = open_store(str(home))
        _assert_whole(store, set(output.splitlines()))
        store.close()


def _assert_whole(store: Store, acknowledged: set[str]) -> None:
    assert store.one("PRAGMA integrity_check") == ("ok",)
    facts = {key for (key,) in store.read("SELECT key FROM meta")}
    assert acknowledged <= facts, "an acknowledged write is lost"
    assert facts == {resource for (resource,) in store.read("SELECT resource FROM policies")}
    assert facts == {entry.name for entry in journal.since(store, 0)}
    assert len(facts - acknowledged) <= LIVES, "a kill loses at most one acknowledgement"
    with store.transaction():
        projects.set_fact(store, "probe", "1")
    with store.transaction():
        projects.set_fact(store, "probe", None)
