"""One SQLite file per home: opened, migrated, and spoken to in short transactions.

WAL, so that reading never waits for writing. Every write begins with BEGIN IMMEDIATE, so that two writers queue at
the door instead of failing half-way; the wait is bounded by `BUSY_SECONDS`.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

BUSY_SECONDS = 60.0  # far longer than any transaction; no verb waits for anything inside one
SHRED_MILLISECONDS = 500  # how long the end of other readers is waited for, to empty the log
NAME = "state.db"
MANY = 100  # JSON texts, from which on orjson pays
NEWEST = 7  # the number of the last file in migrations/; a test keeps it so

Row = tuple[Any, ...]


class Store:
    """An open database. Not shared between threads."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self.path = path

    def read(self, sql: str, *values: object) -> list[Row]:
        """All rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row of a query, if there is one."""
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def write(self, sql: str, *values: object) -> int:
        """Run one statement of the open transaction; the number of rows it changed."""
        if not self._connection.in_transaction:
            raise RuntimeError("a write outside a transaction")
        return self._connection.execute(sql, values).rowcount

    def write_many(self, sql: str, rows: Iterable[Row]) -> int:
        """Run one statement of the open transaction for each of the rows; the number of rows they changed in all."""
        if not self._connection.in_transaction:
            raise RuntimeError("a write outside a transaction")
        return self._connection.executemany(sql, rows).rowcount

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """Everything inside happens, or nothing does. What it did is on disk when it ends; nothing is, without
        `keep`. Inside another one it is a part of that, which then decides."""
        if self._connection.in_transaction:
            yield
        else:
            yield from self._own(keep)

    def _own(self, keep: bool) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT" if keep else "ROLLBACK")
        except BaseException:
            if self._connection.in_transaction:  # SQLite has ended it itself when, say, the disk is full
                self._connection.execute("ROLLBACK")
            raise

    def data_version(self) -> int:
        """A number that changes when another connection has committed something."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def shredding(self) -> Iterator[None]:
        """Everything inside happens, or nothing does; and of what it deletes no byte stays in the file, nor in its log
        as soon as nobody else reads from it."""
        self._connection.execute("PRAGMA secure_delete = ON")
        try:
            with self.transaction():
                yield
        finally:
            self._connection.execute("PRAGMA secure_delete = OFF")
        self._connection.execute(f"PRAGMA busy_timeout = {SHRED_MILLISECONDS}")
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def json_reader(count: int) -> Callable[[str], Any]:
    """What reads so many JSON texts most quickly: orjson takes a while to load."""
    if count < MANY:
        return json.loads
    import orjson

    def loads(text: str) -> Any:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:  # half of a surrogate pair, say, which only json reads
            return json.loads(text)

    return loads


def open_store(home: str) -> Store:
    """The store of a home, made and migrated when that is needed."""
    os.makedirs(home, mode=0o700, exist_ok=True)
    path = os.path.join(home, NAME)
    if not os.path.exists(path):
        os.close(os.open(path, os.O_CREAT, 0o600))  # its log takes the mode of the file, and is made with it
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    if _is_behind(connection, home):
        with _alone(home):
            _migrate(connection)
        os.chmod(path, 0o600)
    return Store(connection, path)


def open_for_reading(home: str) -> Store | None:
    """The store as it is, never written to; None when there is none yet."""
    path = os.path.join(home, NAME)
    if not os.path.exists(path):
        return None
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA query_only = 1")
    if _is_behind(connection, home):
        connection.close()
        return open_store(home)
    return Store(connection, path)


def _is_behind(connection: sqlite3.Connection, home: str) -> bool:
    """Whether there are migrations to do. Raises FailedPrecondition when a newer program has done more than we know."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > NEWEST:
        from cloudrun_cli.core.errors import FailedPrecondition

        raise FailedPrecondition(
            f"The home [{home}] was made by a newer version of this program: schema {version}, not {NEWEST}.",
            hint="Upgrade this program, or use another home: CLOUDRUN_HOME=DIR",
        )
    return version < NEWEST


@contextmanager
def _alone(home: str) -> Iterator[None]:
    """Nobody else migrates: the switch to WAL fails at once, without waiting, when two do it together."""
    import fcntl

    with open(os.path.join(home, "migrate.lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    from importlib import resources  # only when there is something to migrate

    from cloudrun_cli.core.identity import unique_id

    connection.create_function("unique_id", 1, unique_id, deterministic=True)
    folder = resources.files("cloudrun_cli.store").joinpath("migrations")
    for script in sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql")):
        number = int(script[:4])
        connection.execute("BEGIN IMMEDIATE")
        try:
            if int(connection.execute("PRAGMA user_version").fetchone()[0]) < number:
                for statement in _statements(folder.joinpath(script).read_text()):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: `executescript` would commit the open transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
