"""`cloudrun run services logs`: read, tail."""

from datetime import timedelta
from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.parsing import Duration, Integer

service_logs = Group("run services logs")

Region = Annotated[str | None, flag("--region", "The region of the service.", names="regions", property="run/region")]
Service = Annotated[str, positional("SERVICE", "The service.", names="services")]
Limit = Annotated[int | None, flag("--limit", "Print no more entries than this.", Integer(1))]
Order = Annotated[
    str, flag("--order", "Which to take if there are more: desc, the newest; asc, the oldest.", choices=("asc", "desc"))
]
Freshness = Annotated[timedelta | None, flag("--freshness", "Leave out what is older than this: 1d.", Duration("0s"))]
LogFilter = Annotated[str | None, flag("--log-filter", "Only entries that it holds for: severity>=ERROR.")]


@service_logs.command(
    "read",
    examples=[
        "cloudrun run services logs read hello --limit=20",
        "cloudrun run services logs read hello --format=json --freshness=1h",
        "cloudrun run services logs read hello --log-filter='severity>=ERROR AND httpRequest.status=500'",
    ],
)
def read(
    service: Service,
    region: Region = None,
    limit: Limit = None,
    order: Order = "desc",
    freshness: Freshness = None,
    log_filter: LogFilter = None,
) -> list[dict[str, Any]] | None:
    """Print the log entries of a service, oldest first: what it wrote, its requests, and what happened to it."""
    from cloudrun_cli.cli.run import log_entries

    present = context()
    wanted = log_entries.wanted_by(log_filter)
    age = log_entries.age(freshness, log_filter)
    folder = _folder(present, service)
    entries = log_entries.recent(present, folder, wanted, limit=limit, order=order, freshness=age)
    return log_entries.shown(present, entries)


@service_logs.command(
    "tail",
    examples=[
        "cloudrun run services logs tail hello",
        "cloudrun run services logs tail hello --log-filter='severity>=WARNING'",
    ],
)
def tail(service: Service, region: Region = None, log_filter: LogFilter = None) -> None:
    """Print the log entries of a service as they come, until Ctrl-C."""
    from cloudrun_cli.cli.run import log_entries

    present = context()
    log_entries.follow(present, _folder(present, service), log_entries.wanted_by(log_filter))


def _folder(present: Context, service: str) -> str:
    """Where the service's log is. Raises PermissionDenied, and NotFound when there is no such service."""
    from cloudrun_cli.cli.run.log_entries import check_allowed
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.resources import ServiceRef
    from cloudrun_cli.store.logs import folder

    check_allowed(present)
    verbs.get(present.store, ServiceRef(present.project, present.region, service))
    return folder(present.home, present.project, present.region, service)
