"""The secrets that a container sees, as variables and as files."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, clearing, value
from cloudrun_cli.cli.parsing import DictOf, ListOf

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change

FLAGS = (
    value(
        "--set-secrets",
        "Secrets, instead of all there are: ENV=SECRET:VERSION, /FOLDER/FILE=SECRET:VERSION.",
        DictOf(repeatable=True),
        metavar="KEY=VALUE",
        each=True,
    ),
    value(
        "--update-secrets",
        "Secrets to add or change.",
        DictOf(repeatable=True),
        metavar="KEY=VALUE",
        each=True,
    ),
    value(
        "--remove-secrets",
        "Variables and files to remove, before others are updated.",
        ListOf(repeatable=True),
        metavar="KEY",
        each=True,
    ),
    clearing("--clear-secrets", "Remove all secrets.", each=True),
)
EXCLUSIVE = ("--clear-secrets", "--set-secrets", ("--remove-secrets", "--update-secrets"))


def _removals(values: Values, container: str) -> "list[Change]":
    """What goes, before plain variables may take the names."""
    remove = tuple(values["remove_secrets"] or ())
    clear = values["clear_secrets"] or values["set_secrets"] is not None
    if not (remove or clear):
        return []
    from cloudrun_cli.core.secret_changes import SecretsChange

    return [SecretsChange(remove=remove, clear=clear, container=container)]


def _each(values: Values, container: str) -> "list[Change]":
    asked = values["set_secrets"] or values["update_secrets"]
    if not asked:
        return []
    from cloudrun_cli.core.container_rules import check_env_name
    from cloudrun_cli.core.secret_changes import SecretsChange, secret_key

    keys = {name: secret_key(name, text) for name, text in asked.items()}
    for name in keys:
        if not name.startswith("/"):
            check_env_name(name, "spec.template.spec.containers[0].env")
    return [SecretsChange(keys, container=container)]


REMOVALS = Family((), each=_removals)  # before the variables, so that one may turn from a secret into text at once
FAMILY = Family(FLAGS, (EXCLUSIVE,), each=_each)
