"""`cloudrun instances`: list, describe, top. What runs, as the emulator has written it down a moment ago."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import Context, context

instances = Group("instances")

Row = dict[str, Any]

Service = Annotated[str | None, flag("--service", "Only those of this service.", names="services")]
Revision = Annotated[str | None, flag("--revision", "Only those of this revision.", names="revisions")]
Region = Annotated[str | None, flag("--region", "Only those of this region.", names="regions")]
Namespace = Annotated[
    str | None,
    flag("--namespace", "The project of the instances.", names="projects", property="core/project", hidden=True),
]
All = Annotated[bool, switch("--all", "Also those that have stopped within the last ten minutes.", negatable=False)]
Instance = Annotated[str, positional("INSTANCE", "The id of the instance, or how it begins.", names="instances")]

TABLE = """table(
    name:label=INSTANCE,
    service:label=SERVICE:sort=1,
    revision:label=REVISION:sort=2,
    zone:label=REGION-ZONE,
    state:label=STATE,
    inFlight:label="IN FLIGHT":align=right,
    age:label=AGE:align=right,
    reason:label=REASON)"""
STOPPED = "stopped"
KEPT_SECONDS = 600  # how long one that has stopped is listed
LINGER_SECONDS = 30  # the same in top
REFRESH_SECONDS = 0.5


@instances.command(
    "list",
    format=TABLE,
    examples=[
        "cloudrun instances list",
        "cloudrun instances list --service=hello --all",
        "cloudrun instances list --filter='state=idle AND zone~-a$' --format='value(name)'",
    ],
)
def list_(
    service: Service = None,
    revision: Revision = None,
    region: Region = None,
    namespace: Namespace = None,
    all_: All = False,
) -> list[Row]:
    """List the instances that run: where each is in its life, since when and why."""
    present = context()
    rows = _rows(present, service, revision, region)
    return [row for row in rows if all_ or row["state"] != STOPPED]


@instances.command(
    "describe",
    examples=[
        "cloudrun instances describe 2cb9ae7639f1e13f3e84473c",
        "cloudrun instances describe 2cb9 --format='value(coldStart.totalMs)'",
    ],
)
def describe(instance: Instance, namespace: Namespace = None) -> Row:
    """Show an instance: how it runs, and its life with all changes, their times and reasons."""
    from cloudrun_cli.core.errors import InvalidArgument, NotFound

    rows = _rows(context())
    exact = [row for row in rows if row["name"] == instance]
    found = exact or [row for row in rows if row["name"].startswith(instance)]
    if not found:
        raise NotFound(f"Cannot find instance [{instance}].", field="instance")
    if len(found) > 1:
        names = ", ".join(sorted(row["name"] for row in found))
        raise InvalidArgument(f"[{instance}] is the beginning of several instances: {names}.", field="instance")
    return found[0]


@instances.command(
    "top",
    format=TABLE,
    examples=["cloudrun instances top", "cloudrun instances top --service=hello"],
)
def top(
    service: Service = None, revision: Revision = None, region: Region = None, namespace: Namespace = None
) -> list[Row] | None:
    """Watch the instances live, until q or Ctrl-C. Piped, or with --format, they are printed once."""
    import sys

    from cloudrun_cli.output.terminal import draws

    present = context()

    def look() -> list[Row]:
        rows = _rows(present, service, revision, region)
        return [row for row in rows if row["state"] != STOPPED or _ago(present, row["since"]) < LINGER_SECONDS]

    if present.format is not None or not present.talks or not draws(sys.stdout):
        if not (rows := sorted(look(), key=_place)):
            present.tell("Listed 0 items.")
        return rows or None
    from cloudrun_cli.cli.instances_board import watch

    watch(lambda: sorted(look(), key=_place), lambda: _runs(present), every=REFRESH_SECONDS)
    return None


def _rows(
    present: Context, service: str | None = None, revision: str | None = None, region: str | None = None
) -> list[Row]:
    """The instances of the project, each with its age: since its start, or how old it has become. Raises
    PermissionDenied."""
    from cloudrun_cli.controlplane import permits
    from cloudrun_cli.store import instances as snapshot

    if present.reader is not None:
        permits.require(present.reader, present.account, "instances list", permits.place(present.project, region))
    asked = {"project": present.project, "service": service, "revision": revision, "region": region}
    wanted = {key: value for key, value in asked.items() if value is not None}
    rows = [row for row in snapshot.read(present.home) if all(row[key] == value for key, value in wanted.items())]
    if any(row["state"] != STOPPED for row in rows) and not _runs(present):
        present.warn("The emulator does not run; this is what it has last written down.")
    shown = []
    for row in rows:
        over = _ago(present, row["since"]) if row["state"] == STOPPED else 0.0
        if over <= KEPT_SECONDS:
            shown.append(row | {"age": _in_words(int(_ago(present, row["started"]) - over))})
    return shown


def _runs(present: Context) -> bool:
    from cloudrun_cli.daemon import doorbell

    return doorbell.status(present.home) is not None


def _place(row: Row) -> tuple[str, ...]:
    return row["service"], row["revision"], row["started"], row["name"]


def _ago(present: Context, moment: str) -> float:
    from datetime import datetime

    return (present.now() - datetime.fromisoformat(moment)).total_seconds()


def _in_words(seconds: int) -> str:
    minutes, seconds = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24}d{hours % 24:02d}h"
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{seconds:02d}s" if minutes else f"{seconds}s"
