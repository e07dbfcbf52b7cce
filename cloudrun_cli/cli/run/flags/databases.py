"""The Cloud SQL instances that are reached through sockets."""

import re
from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, clearing, value
from cloudrun_cli.cli.parsing import ListOf
from cloudrun_cli.core.errors import InvalidArgument

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change

LATER = "there are no database instances here yet"
METAVAR = "CLOUDSQL-INSTANCES"

FLAGS = (
    value(
        "--add-cloudsql-instances",
        "Database instances to reach too: PROJECT:REGION:INSTANCE, or INSTANCE alone.",
        ListOf(),
        metavar=METAVAR,
        recorded=LATER,
    ),
    value("--remove-cloudsql-instances", "Database instances not to reach any more.", ListOf(), metavar=METAVAR),
    value(
        "--set-cloudsql-instances",
        "Database instances to reach, instead of all there are.",
        ListOf(),
        metavar=METAVAR,
        recorded=LATER,
    ),
    clearing("--clear-cloudsql-instances", "Reach no database instance."),
)
EXCLUSIVE = (
    "--add-cloudsql-instances",
    "--clear-cloudsql-instances",
    "--remove-cloudsql-instances",
    "--set-cloudsql-instances",
)
_INSTANCE = re.compile(r"[a-z][a-z0-9-]{0,96}")


def _whole(values: Values) -> "list[Change]":
    from cloudrun_cli.cli.run.flags.serving import list_edit

    edit = list_edit(values, "cloudsql_instances")
    if edit is None:
        return []
    from cloudrun_cli.cli.context import context
    from cloudrun_cli.core.changes import CloudSqlChange, ListEdit

    project, region = context().project, context().region

    def full(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(full_name(name, project, region) for name in names)

    return [CloudSqlChange(ListEdit(full(edit.add), full(edit.remove), edit.clear))]


def full_name(name: str, project: str, region: str) -> str:
    """`PROJECT:REGION:INSTANCE`, where leading parts that were left out are those of the service."""
    *before, instance = name.split(":")
    if not _INSTANCE.fullmatch(instance) or not all(before):
        raise InvalidArgument(
            f"Invalid Cloud SQL instance [{name}]: it reads PROJECT:REGION:INSTANCE, or INSTANCE alone.",
            field="--add-cloudsql-instances",
        )
    if len(before) > 1:
        return name
    return ":".join([project, *(before or [region]), instance])


FAMILY = Family(FLAGS, (EXCLUSIVE,), whole=_whole)
