"""`cloudrun run services logs`: read, tail."""

import time
from datetime import timedelta
from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.parsing import Duration, Integer

service_logs = Group("run services logs")

Region = Annotated[str | None, flag("--region", "The region of the service.", names="regions", property="run/region")]
Service = Annotated[str, positional("SERVICE", "The service.", names="services")]

LOOK_SECONDS = 0.1
DAY = timedelta(days=1)


@service_logs.command(
    "read",
    examples=[
        "cloudrun run services logs read hello --limit=20",
        "cloudrun run services logs read hello --format=json --freshness=1h",
    ],
)
def read(
    service: Service,
    region: Region = None,
    limit: Annotated[int | None, flag("--limit", "Print no more entries than this.", Integer(1))] = None,
    order: Annotated[
        str,
        flag("--order", "Which to take if there are more: desc, the newest; asc, the oldest.", choices=("asc", "desc")),
    ] = "desc",
    freshness: Annotated[timedelta, flag("--freshness", "Leave out what is older.", Duration("0s"))] = DAY,
) -> list[dict[str, Any]] | None:
    """Print the log entries of a service, oldest first: what it wrote, its requests, and what happened to it."""
    from cloudrun_cli.core.logs import line_of, stamp
    from cloudrun_cli.store import logs

    present = context()
    oldest = stamp(present.now() - freshness)
    entries = [entry for entry in logs.read(_folder(present, service)) if entry["timestamp"] >= oldest]
    entries.sort(key=lambda entry: str(entry["timestamp"]))
    if limit is not None:
        entries = entries[-limit:] if order == "desc" else entries[:limit]
    if present.values["wide_format"] is not None:
        return entries
    present.out.writelines(f"{line_of(entry)}\n" for entry in entries)
    return None


@service_logs.command("tail", examples=["cloudrun run services logs tail hello"])
def tail(service: Service, region: Region = None) -> None:
    """Print the log entries of a service as they come, until Ctrl-C."""
    from cloudrun_cli.core.logs import line_of
    from cloudrun_cli.store.logs import LogFollower

    present = context()
    follower = LogFollower(_folder(present, service))
    while True:
        for entry in follower.fresh():
            print(line_of(entry), file=present.out, flush=True)
        time.sleep(LOOK_SECONDS)


def _folder(present: Context, service: str) -> str:
    """Where the service's log is. Raises NotFound when there is no such service."""
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.resources import ServiceRef
    from cloudrun_cli.store.logs import folder

    verbs.get(present.store, ServiceRef(present.project, present.region, service))
    return folder(present.home, present.project, present.region, service)
