"""`cloudrun scheduler jobs logs`: read. gcloud has `logging read` for it."""

from datetime import timedelta
from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.parsing import Duration, Integer

logs = Group("scheduler jobs logs")


@logs.command(
    "read",
    examples=[
        "cloudrun scheduler jobs logs read ping --limit=20",
        "cloudrun scheduler jobs logs read ping --log-filter='severity>=ERROR' --format=json",
    ],
)
def read(
    job: Annotated[str, positional("JOB", "The schedule.", names="schedules")],
    location: Annotated[
        str | None, flag("--location", "The location of the schedule.", names="regions", property="run/region")
    ] = None,
    limit: Annotated[int | None, flag("--limit", "Print no more entries than this.", Integer(1))] = None,
    freshness: Annotated[
        timedelta | None, flag("--freshness", "Leave out what is older than this: 1d.", Duration("0s"))
    ] = None,
    log_filter: Annotated[str | None, flag("--log-filter", "Only entries that it holds for: severity>=ERROR.")] = None,
) -> list[dict[str, Any]] | None:
    """Print the log entries of a schedule, oldest first: which attempts began, and how they ended."""
    from cloudrun_cli.cli.run import log_entries
    from cloudrun_cli.cli.scheduler.flags import ref
    from cloudrun_cli.controlplane import schedules
    from cloudrun_cli.core.schedule_logs import KIND
    from cloudrun_cli.store.logs import folder

    present = context()
    there = schedules.get(present.store, ref(present.project, present.region, job)).ref
    wanted = log_entries.wanted_by(log_filter)
    age = log_entries.age(freshness, log_filter)
    path = folder(present.home, there.project, there.region, there.name, KIND)
    entries = log_entries.recent(present, path, wanted, limit=limit, order="desc", freshness=age)
    return log_entries.shown(present, entries)
