"""Where log entries come in, and go to the segments of their service or job in batches."""

import asyncio
from collections.abc import Iterable

from cloudrun_cli.core.jobs import JobRef
from cloudrun_cli.core.logs import Entry, from_request
from cloudrun_cli.core.resources import ServiceRef
from cloudrun_cli.dataplane.records import RequestRecord
from cloudrun_cli.store.logs import LogWriter, folder, read

Source = ServiceRef | JobRef

WAITING_ENTRIES = 1000  # of one source: how much is held in memory when much is written within one turn


class LogDesk:
    """Collects entries for a moment and writes them; a source's writer is opened with its first entry."""

    def __init__(self, home: str, *, waiting_entries: int = WAITING_ENTRIES) -> None:
        self._home, self._waiting_entries = home, waiting_entries
        self._writers: dict[Source, LogWriter] = {}
        self._waiting: dict[Source, list[Entry]] = {}

    def add(self, source: Source, entry: Entry) -> None:
        """Take an entry; it is on disk after this turn of the loop."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        waiting = self._waiting.setdefault(source, [])
        waiting.append(entry)
        if len(waiting) >= self._waiting_entries:
            self.flush()

    def add_request(self, record: RequestRecord) -> None:
        """Take a finished request. One that reached no revision belongs to none's log."""
        if record.revision is None:
            return
        service = record.service
        request: Entry = {
            "requestMethod": record.method,
            "requestUrl": record.url,
            "requestSize": str(record.request_bytes),
            "status": record.status,
            "responseSize": str(record.response_bytes),
            "latency": f"{record.latency_ms / 1000:.6f}s",
            "remoteIp": record.remote_ip,
            "protocol": record.protocol,
        }
        if record.user_agent:
            request["userAgent"] = record.user_agent
        if record.referer:
            request["referer"] = record.referer
        self.add(
            service,
            from_request(
                record.revision,
                service.name,
                record.instance,
                request,
                record.timestamp,
                trace=record.trace,
                text=record.text,
                severity=record.severity,
            ),
        )

    def flush(self) -> None:
        """Write everything that was taken."""
        waiting, self._waiting = self._waiting, {}
        for source, entries in waiting.items():
            writer = self._writers.get(source)
            if writer is None:
                writer = self._writers[source] = LogWriter(self._folder(source))
            writer.append(entries)

    def last_cursor(self, source: Source, instance: str) -> str | None:
        """Where the reading of an instance's own lines had got to, by the entries that were written; None: nowhere."""
        return self.last_cursors(source, [instance]).get(instance)

    def last_cursors(self, source: Source, instances: Iterable[str]) -> dict[str, str]:
        """The same of several, in one pass; those that have written nothing are not in it."""
        self.flush()
        wanted, last = frozenset(instances), {}
        for entry in read(self._folder(source)):
            instance, _, rest = str(entry.get("insertId", "")).partition("-")
            if instance in wanted:
                last[instance] = rest.partition("-")[2]
        return last

    def _folder(self, source: Source) -> str:
        kind = "jobs" if isinstance(source, JobRef) else "services"
        return folder(self._home, source.project, source.region, source.name, kind)

    def close(self) -> None:
        """Write what is left and let go."""
        self.flush()
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
