"""The numbers that saved objects get: each higher than all before, whatever it is of."""

from cloudrun_cli.store.database import Store


def next_version(store: Store) -> int:
    """The next number, in the transaction that uses it."""
    store.write("INSERT INTO meta VALUES ('version', '1') ON CONFLICT (key) DO UPDATE SET value = value + 1")
    row = store.one("SELECT value FROM meta WHERE key = 'version'")
    assert row is not None
    return int(row[0])
