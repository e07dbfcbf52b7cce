"""Volumes, and where containers see them."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, clearing, value
from cloudrun_cli.cli.parsing import DictOf, ListOf, Repeated

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change

FLAGS = (
    value(
        "--add-volume",
        "A volume, with a name and a type: in-memory (size-limit), ephemeral-disk (size), cloud-storage (bucket, "
        "readonly, mount-options), nfs (location, readonly), secret (secret, version, path), cloudsql (instances).",
        Repeated(DictOf(required=("type",))),
        metavar="KEY=VALUE",
    ),
    value("--remove-volume", "Volumes to remove, with their mounts.", ListOf(repeatable=True), metavar="VOLUME"),
    clearing("--clear-volumes", "Remove all volumes, with their mounts."),
    value(
        "--add-volume-mount",
        "Where the container sees a volume.",
        Repeated(DictOf(keys=("mount-path", "volume"), required=("mount-path", "volume"))),
        metavar="volume=NAME,mount-path=MOUNT_PATH",
        each=True,
    ),
    value(
        "--remove-volume-mount",
        "Paths at which the container sees no volume any more.",
        ListOf(repeatable=True),
        metavar="MOUNT_PATH",
        each=True,
    ),
    clearing("--clear-volume-mounts", "Let the container see no volume.", each=True),
)


def _whole(values: Values) -> "list[Change]":
    add, remove, clear = values["add_volume"], values["remove_volume"], values["clear_volumes"]
    if not (add or remove or clear):
        return []
    from cloudrun_cli.core.volume_changes import VolumesChange, volumes

    return [VolumesChange(volumes(add or ()), tuple(remove or ()), clear)]


def _each(values: Values, container: str) -> "list[Change]":
    add, remove, clear = (values[name] for name in ("add_volume_mount", "remove_volume_mount", "clear_volume_mounts"))
    if not (add or remove or clear):
        return []
    from cloudrun_cli.core.container_changes import MountsChange
    from cloudrun_cli.core.volumes import VolumeMount

    mounts = tuple(VolumeMount(pairs["volume"], pairs["mount-path"]) for pairs in add or ())
    return [MountsChange(mounts, tuple(remove or ()), clear, container)]


FAMILY = Family(FLAGS, whole=_whole, each=_each)
