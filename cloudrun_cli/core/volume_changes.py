"""What a flag asks of the volumes of a template: `type=in-memory,name=scratch,size-limit=64Mi`.

Source: gcloud run deploy, --add-volume; Configure volume mounts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import RevisionTemplate
from cloudrun_cli.core.volumes import (
    Bucket,
    CloudSql,
    EmptyDir,
    Nfs,
    SecretItem,
    SecretVolume,
    Volume,
    VolumeSource,
)

FIELD = "--add-volume"


@dataclass(frozen=True, slots=True)
class VolumesChange:
    """All go when `clear`, then those in `remove`, with their mounts; then those in `add` come, or take the place of
    one with the same name."""

    add: tuple[Volume, ...] = ()
    remove: tuple[str, ...] = ()
    clear: bool = False

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        gone = {v.name for v in template.volumes if self.clear or v.name in self.remove}
        new = {v.name: v for v in self.add}
        kept = [new.pop(v.name, v) for v in template.volumes if v.name not in gone]
        containers = tuple(
            replace(c, mounts=tuple(m for m in c.mounts if m.volume not in gone)) for c in template.containers
        )
        return replace(template, volumes=(*kept, *new.values()), containers=containers)


class _Kind(NamedTuple):
    """A type of volume: the keys it must have, those it may have, and what it becomes."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    source: Callable[[Mapping[str, str]], VolumeSource]


def volumes(asked: Sequence[Mapping[str, str]]) -> tuple[Volume, ...]:
    """The volumes that KEY=VALUE pairs describe, one each; who has no name gets one. Raises InvalidArgument."""
    names = {pairs["name"] for pairs in asked if pairs.get("name")}
    out: list[Volume] = []
    for pairs in asked:
        source = _source(pairs)
        name = pairs.get("name") or _free_name(pairs["type"], names)
        names.add(name)
        out.append(Volume(name, source))
    return tuple(out)


def _source(pairs: Mapping[str, str]) -> VolumeSource:
    type = pairs.get("type", "")
    kind = KINDS.get(type)
    if kind is None:
        raise InvalidArgument(
            f"{FIELD}: [{type}] is not a type of volume; there are [{', '.join(sorted(KINDS))}].", field=FIELD
        )
    allowed = {"name", "type", *kind.required, *kind.optional}
    if unknown := sorted(pairs.keys() - allowed):
        raise InvalidArgument(
            f"{FIELD}: A volume of type [{type}] has no [{', '.join(unknown)}]; it has [{', '.join(sorted(allowed))}].",
            field=FIELD,
        )
    if missing := [key for key in kind.required if not pairs.get(key)]:
        raise InvalidArgument(
            f"{FIELD}: A volume of type [{type}] needs [{', '.join(missing)}].",
            field=FIELD,
        )
    return kind.source(pairs)


def _nfs(pairs: Mapping[str, str]) -> Nfs:
    server, colon, path = pairs["location"].partition(":")
    if not server or not colon or not path.startswith("/"):
        raise InvalidArgument(
            f"{FIELD}: [{pairs['location']}] is not the location of an NFS folder: it reads SERVER:/PATH.", field=FIELD
        )
    return Nfs(server, path, _yes(pairs, "readonly"))


def _secret(pairs: Mapping[str, str]) -> SecretVolume:
    from cloudrun_cli.core.secret_changes import secret_key

    key = secret_key(pairs["secret"], f"{pairs['secret']}:{pairs['version']}")
    return SecretVolume(key.secret, (SecretItem(key.version, pairs["path"].strip("/")),))


def _yes(pairs: Mapping[str, str], key: str) -> bool:
    text = pairs.get(key, "false").lower()
    if text not in ("true", "false"):
        raise InvalidArgument(f"{FIELD}: [{key}] is true or false; received: {pairs[key]}", field=FIELD)
    return text == "true"


def _free_name(type: str, taken: set[str]) -> str:
    return next(name for name in (f"{type}-{number}" for number in range(1, len(taken) + 2)) if name not in taken)


# Source: Configure volume mounts, and gcloud's --add-volume
KINDS: Mapping[str, _Kind] = {
    "in-memory": _Kind((), ("size-limit",), lambda p: EmptyDir(p.get("size-limit", ""))),
    "ephemeral-disk": _Kind((), ("size",), lambda p: EmptyDir(p.get("size", ""), "Disk")),
    "cloud-storage": _Kind(
        ("bucket",),
        ("readonly", "mount-options"),
        lambda p: Bucket(p["bucket"], _yes(p, "readonly"), p.get("mount-options", "").replace(";", ",")),
    ),
    "nfs": _Kind(("location",), ("readonly",), _nfs),
    "secret": _Kind(("secret", "version", "path"), (), _secret),
    "cloudsql": _Kind(
        ("instances",), (), lambda p: CloudSql(tuple(i for i in p["instances"].replace(";", ",").split(",") if i))
    ),
}
