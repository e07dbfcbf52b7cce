"""Volumes, what is behind them, and where containers see them. Source: Configure volume mounts; Admin API v1, v2."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One version of a secret: `latest`, a number, or an alias. `secret` is its name, or an alias of the annotation
    for one of another project."""

    secret: str
    version: str
    optional: bool | None = None


@dataclass(frozen=True, slots=True)
class VolumeMount:
    """Where a container sees a volume."""

    volume: str
    path: str
    sub_path: str = ""
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class EmptyDir:
    """A folder of the instance, gone with it. `medium` is Memory or Disk, `size_limit` as typed (`128Mi`) or empty."""

    size_limit: str = ""
    medium: str = "Memory"


@dataclass(frozen=True, slots=True)
class SecretItem:
    """One file of a secret volume: which version (`key`), under which path; `mode` None is the volume's."""

    key: str
    path: str
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class SecretVolume:
    """Versions of one secret as files, read live."""

    secret: str
    items: tuple[SecretItem, ...] = ()
    mode: int | None = None
    optional: bool | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A Cloud Storage bucket as a folder. `options` are those of the mount, as typed (`implicit-dirs;uid=1001`)."""

    bucket: str
    read_only: bool = False
    options: str = ""


@dataclass(frozen=True, slots=True)
class Nfs:
    """A folder of an NFS server."""

    server: str
    path: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class CloudSql:
    """Sockets of database instances, `PROJECT:REGION:INSTANCE` each. In v1 the annotation says so, and no volume."""

    instances: tuple[str, ...]


VolumeSource = EmptyDir | SecretVolume | Bucket | Nfs | CloudSql


@dataclass(frozen=True, slots=True)
class Volume:
    """Something that containers of an instance can mount."""

    name: str
    source: VolumeSource
