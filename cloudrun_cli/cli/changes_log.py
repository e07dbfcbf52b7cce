"""--log-http: what a command changed, from the journal, on stderr. There are no requests to show: commands and store
are on one machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from cloudrun_cli.cli.context import Context


@contextmanager
def told(present: Context) -> Iterator[None]:
    """Tells, at the end, every change that was made inside, by whomever."""
    from cloudrun_cli.store import journal
    from cloudrun_cli.store.database import open_for_reading

    last = journal.last(present.reader) if present.reader is not None else 0
    try:
        yield
    finally:
        store = open_for_reading(present.home)  # another one, since there may have been none at the beginning
        entries = journal.since(store, last) if store is not None else []
        if store is not None:
            store.close()
        present.tell("==== changes ====" if entries else "==== no changes; no requests are made here ====")
        for entry in entries:
            place = "/".join(part for part in (entry.project, entry.region, entry.name) if part)
            version = f" generation {entry.generation}" if entry.generation else ""
            present.tell(f"{entry.at.isoformat()} {entry.who} {entry.verb} {entry.kind} {place}{version}")
