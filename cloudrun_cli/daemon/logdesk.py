"""Where log entries come in, and go to their service's segments in batches."""

import asyncio

from cloudrun_cli.core.logs import Entry, from_request
from cloudrun_cli.core.resources import ServiceRef
from cloudrun_cli.dataplane.records import RequestRecord
from cloudrun_cli.store.logs import LogWriter, folder, read


class LogDesk:
    """Collects entries for a moment and writes them; a service's writer is opened with its first entry."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._writers: dict[ServiceRef, LogWriter] = {}
        self._waiting: dict[ServiceRef, list[Entry]] = {}

    def add(self, service: ServiceRef, entry: Entry) -> None:
        """Take an entry; it is on disk after this turn of the loop."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.setdefault(service, []).append(entry)

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
        for service, entries in waiting.items():
            writer = self._writers.get(service)
            if writer is None:
                path = folder(self._home, service.project, service.region, service.name)
                writer = self._writers[service] = LogWriter(path)
            writer.append(entries)

    def last_cursor(self, service: ServiceRef, instance: str) -> str | None:
        """Where the reading of an instance's own lines had got to, by the entries that were written; None: nowhere."""
        self.flush()
        last = None
        for entry in read(folder(self._home, service.project, service.region, service.name)):
            made = str(entry.get("insertId", ""))
            if made.startswith(f"{instance}-"):
                last = made.split("-", 2)[2]
        return last

    def close(self) -> None:
        """Write what is left and let go."""
        self.flush()
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
