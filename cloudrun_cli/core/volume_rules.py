"""What the volumes of a template and their mounts must be. Sources: Configure volume mounts; secrets for services."""

import re
from typing import assert_never

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.limits import memory_bytes
from cloudrun_cli.core.resources import Container, RevisionTemplate
from cloudrun_cli.core.volumes import Bucket, CloudSql, EmptyDir, Nfs, SecretVolume, Volume

CLOUDSQL_PATH = "/cloudsql"
NO_MOUNTS = ("/dev", "/proc", "/sys")
FIELD = "spec.template.spec.volumes"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")


def check_volumes(template: RevisionTemplate) -> None:
    """Nothing when the containers may have these volumes. Raises InvalidArgument for the first thing wrong."""
    memory = sum(memory_bytes(c.memory) for c in template.containers)
    names: set[str] = set()
    for index, volume in enumerate(template.volumes):
        field = f"{FIELD}[{index}]"
        if not _NAME.fullmatch(volume.name):
            raise _refused(
                f"{field}.name",
                f"Invalid volume name [{volume.name}]. It has lower-case letters, digits and '-', begins and ends "
                "with a letter or digit, and has at most 63 characters.",
            )
        if volume.name in names:
            raise _refused(f"{field}.name", f"Two volumes are called [{volume.name}].")
        names.add(volume.name)
        _check_source(volume, field, memory)
    known = {v.name: v for v in template.volumes}
    for index, container in enumerate(template.containers):
        _check_mounts(container, known, f"spec.template.spec.containers[{index}].volumeMounts")


def _check_source(volume: Volume, field: str, memory: int) -> None:
    match volume.source:
        case EmptyDir(size_limit=limit, medium=medium):
            place = f"{field}.emptyDir.sizeLimit"
            size = memory_bytes(limit, place) if limit else 0
            if medium == "Memory" and size > memory:
                raise _refused(
                    place,
                    f"Invalid value [{limit}]. The volume [{volume.name}] is in memory, and the containers "
                    f"have {memory / 2**20:g}Mi in all.",
                )
        case Bucket(bucket=bucket):
            if not _BUCKET.fullmatch(bucket):
                raise _refused(f"{field}.csi.volumeAttributes.bucketName", f"[{bucket}] is not the name of a bucket.")
        case Nfs(server=server, path=path):
            if not server or not path.startswith("/"):
                raise _refused(f"{field}.nfs", f"[{server}:{path}] is not SERVER:/PATH.")
        case SecretVolume(items=items):
            for item in items:
                if not item.path or item.path.startswith("/") or item.path.startswith("..") or "/.." in item.path:
                    raise _refused(f"{field}.secret.items.path", f"[{item.path}] is not a path inside of the volume.")
            paths = [item.path for item in items]
            if twice := [path for path in paths if paths.count(path) > 1]:
                raise _refused(f"{field}.secret.items.path", f"[{twice[0]}] is there twice.")
        case CloudSql():
            pass
        case other:
            assert_never(other)


def _check_mounts(container: Container, known: dict[str, Volume], field: str) -> None:
    paths: list[str] = []
    for mount in container.mounts:
        path = mount.path.rstrip("/")
        volume = known.get(mount.volume)
        if volume is None:
            there = f"; there are [{', '.join(sorted(known))}]" if known else ""
            raise _refused(f"{field}.name", f"There is no volume [{mount.volume}] to mount{there}.")
        if not path.startswith("/") or ":" in path or ".." in path.split("/"):
            raise _refused(
                f"{field}.mountPath", f"Invalid mount path [{mount.path}]. It is absolute, not /, and has no ':'."
            )
        if any(path == place or path.startswith(f"{place}/") for place in NO_MOUNTS):
            raise _refused(
                f"{field}.mountPath",
                f"Invalid mount path [{mount.path}]. Nothing may be mounted at or under {', '.join(NO_MOUNTS)}.",
            )
        if isinstance(volume.source, CloudSql) != (path == CLOUDSQL_PATH):
            raise _refused(
                f"{field}.mountPath",
                f"Invalid mount path [{mount.path}] of volume [{mount.volume}]. {CLOUDSQL_PATH} is for Cloud SQL, "
                "and Cloud SQL is nowhere else.",
            )
        for other in paths:
            if path == other or path.startswith(f"{other}/") or other.startswith(f"{path}/"):
                raise _refused(
                    f"{field}.mountPath", f"The mount paths [{other}] and [{path}] are the same, or one in the other."
                )
        paths.append(path)


def _refused(field: str, why: str) -> InvalidArgument:
    return InvalidArgument(f"{field}: {why}", field=field)
