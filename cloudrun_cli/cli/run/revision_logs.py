"""`cloudrun run revisions logs`: read, tail."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.run.service_logs import Freshness, Limit, LogFilter, Order

revision_logs = Group("run revisions logs")

Region = Annotated[str | None, flag("--region", "The region of the revision.", names="regions", property="run/region")]
Revision = Annotated[str, positional("REVISION", "The revision.", names="revisions")]


@revision_logs.command("read", examples=["cloudrun run revisions logs read hello-00001-abc --limit=20"])
def read(
    revision: Revision,
    region: Region = None,
    limit: Limit = None,
    order: Order = "desc",
    freshness: Freshness = None,
    log_filter: LogFilter = None,
) -> list[dict[str, Any]] | None:
    """Print the log entries of one revision, oldest first."""
    from cloudrun_cli.cli.run import log_entries

    present = context()
    wanted = log_entries.wanted_by(log_filter, [("revision_name", revision)])
    age = log_entries.age(freshness, log_filter)
    folder = _folder(present, revision)
    entries = log_entries.recent(present, folder, wanted, limit=limit, order=order, freshness=age)
    return log_entries.shown(present, entries)


@revision_logs.command("tail", examples=["cloudrun run revisions logs tail hello-00001-abc"])
def tail(revision: Revision, region: Region = None, log_filter: LogFilter = None) -> None:
    """Print the log entries of one revision as they come, until Ctrl-C."""
    from cloudrun_cli.cli.run import log_entries

    present = context()
    wanted = log_entries.wanted_by(log_filter, [("revision_name", revision)])
    log_entries.follow(present, _folder(present, revision), wanted)


def _folder(present: Context, revision: str) -> str:
    """Where the log of the revision's service is. Raises PermissionDenied, NotFound."""
    from cloudrun_cli.cli.run.log_entries import check_allowed
    from cloudrun_cli.controlplane import revisions as verbs
    from cloudrun_cli.core.resources import RevisionName, RevisionRef
    from cloudrun_cli.store.logs import folder

    check_allowed(present)
    found = verbs.get(present.store, RevisionRef(present.project, present.region, RevisionName(revision)))
    return folder(present.home, present.project, present.region, found.service)
