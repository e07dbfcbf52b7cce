"""What a service is labelled with and said to be."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, clearing, value
from cloudrun_cli.cli.parsing import DictOf, ListOf

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change

FLAGS = (
    value(
        "--labels",
        "Labels to add or change; the same as --update-labels.",
        DictOf(repeatable=True),
        metavar="KEY=VALUE",
    ),
    value("--update-labels", "Labels to add or change.", DictOf(repeatable=True), metavar="KEY=VALUE"),
    value("--remove-labels", "Labels to remove, before others are updated.", ListOf(repeatable=True), metavar="KEY"),
    clearing("--clear-labels", "Remove all labels, before others are updated."),
    value("--description", "What the service is for."),
    value(
        "--update-annotations",
        "Annotations to add or change.",
        DictOf(repeatable=True),
        metavar="KEY=VALUE",
        hidden=True,
    ),
)
EXCLUSIVE = (("--clear-labels", "--remove-labels"), ("--labels", "--update-labels"))


def _whole(values: Values) -> "list[Change]":
    from cloudrun_cli.core.annotations import DESCRIPTION
    from cloudrun_cli.core.changes import LabelsChange, ServiceAnnotationsChange

    out: list[Change] = []
    update = values["labels"] or values["update_labels"] or {}
    remove = tuple(values["remove_labels"] or ())
    if update or remove or values["clear_labels"]:
        out.append(LabelsChange(update, remove, values["clear_labels"]))
    annotations: dict[str, str | None] = dict(values["update_annotations"] or {})
    if values["description"] is not None:
        annotations[DESCRIPTION] = values["description"] or None
    return [*out, ServiceAnnotationsChange(annotations)] if annotations else out


FAMILY = Family(FLAGS, EXCLUSIVE, whole=_whole)
