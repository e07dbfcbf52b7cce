"""Log entries for `logs read` and `logs tail`: which of them are wanted, and how they are printed."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from cloudrun_cli.cli.context import Context

Entry = dict[str, Any]
Wanted = Callable[[Entry], bool]

LOOK_SECONDS = 0.1
DAY = timedelta(days=1)


def check_allowed(present: Context) -> None:
    """Nothing when whoever asks may read the logs of the project. Raises PermissionDenied."""
    from cloudrun_cli.controlplane import permits

    permits.require(present.store, present.account, "logs read", f"projects/{present.project}")


def recent(
    present: Context,
    folder: str,
    wanted: Wanted,
    *,
    limit: int | None,
    order: str,
    freshness: timedelta | None,
) -> list[Entry]:
    """The entries that are wanted, oldest first; of more than `limit` the newest, or the oldest with order `asc`.
    `freshness` None leaves out nothing for its age."""
    from cloudrun_cli.core.logs import stamp
    from cloudrun_cli.store import logs

    oldest = "" if freshness is None else stamp(present.now() - freshness)
    entries = [entry for entry in logs.read(folder) if entry["timestamp"] >= oldest and wanted(entry)]
    entries.sort(key=lambda entry: str(entry["timestamp"]))
    if limit is None:
        return entries
    return entries[-limit:] if order == "desc" else entries[:limit]


def age(freshness: timedelta | None, log_filter: str | None) -> timedelta | None:
    """How old an entry may be: as said, or else a day, unless the filter itself is about the time. Source: gcloud
    logging read, --freshness."""
    if freshness is None and log_filter and "timestamp" in log_filter:
        return None
    return DAY if freshness is None else freshness


def shown(present: Context, entries: list[Entry]) -> list[Entry] | None:
    """The entries for another format, or None once they are printed as lines."""
    if present.values["wide_format"] is not None:
        return entries
    from cloudrun_cli.core.logs import line_of

    present.out.writelines(f"{line_of(entry)}\n" for entry in entries)
    return None


def follow(present: Context, folder: str, wanted: Wanted) -> None:
    """Print what comes, until Ctrl-C."""
    from cloudrun_cli.core.logs import line_of
    from cloudrun_cli.store.logs import LogFollower

    follower = LogFollower(folder)
    while True:
        for entry in filter(wanted, follower.fresh()):
            print(line_of(entry), file=present.out, flush=True)
        time.sleep(LOOK_SECONDS)


def wanted_by(
    log_filter: str | None, labels: Iterable[tuple[str, str]] = (), *, own: Iterable[tuple[str, str]] = ()
) -> Wanted:
    """Whether an entry passes the filter and has these labels of its resource, and these of its own. Raises
    FilterError."""
    of_resource, of_entry = tuple(labels), tuple(own)

    def is_of(entry: Entry) -> bool:
        resource, said = entry["resource"]["labels"], entry.get("labels", {})
        return all(resource.get(label) == value for label, value in of_resource) and all(
            said.get(label) == value for label, value in of_entry
        )

    if not log_filter:
        return is_of
    from cloudrun_cli.output.context import Context as Surroundings
    from cloudrun_cli.output.filtering import Expression
    from cloudrun_cli.output.rows import Row

    expression = Expression(ranked(log_filter), {}, Surroundings())

    def passes(entry: Entry) -> bool:
        return is_of(entry) and expression.selects(Row(entry, {RANK: _rank_of_entry}))

    return passes


RANK = "severityRank"  # what stands for `severity` where it is compared with < or >


def ranked(log_filter: str) -> str:
    """The filter with comparisons of severities made comparisons of their ranks: ERROR is more than WARNING; and with
    `=~` as --filter writes it, `~`. What is between quotes stays. Raises FilterError for a severity that there is not.
    Source: Cloud Logging query language."""
    import re

    from cloudrun_cli.core.logs import SEVERITIES
    from cloudrun_cli.output.errors import FilterError

    def in_ranks(found: "re.Match[str]") -> str:
        if not found["severity"]:
            return "~" if found[0] == "=~" else found[0]
        name = found["severity"].upper()
        if name not in SEVERITIES:
            raise FilterError(f"[{found['severity']}] is not a severity: they are {', '.join(SEVERITIES)}.")
        return f"{RANK}{found['operator']}{SEVERITIES.index(name)}"

    comparison = r"\bseverity\s*(?P<operator><=|>=|<|>)\s*\"?(?P<severity>[A-Za-z]+)\"?"
    return re.sub(rf"{comparison}|=~|\"[^\"]*\"|'[^']*'", in_ranks, log_filter)


def _rank_of_entry(entry: Any) -> int:
    from cloudrun_cli.core.logs import SEVERITIES

    severity = entry.get("severity", "DEFAULT")
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0
