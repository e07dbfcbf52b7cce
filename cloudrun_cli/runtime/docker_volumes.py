"""What containers mount: scratch folders of an instance as volumes of the engine, and folders of this machine."""

import hashlib
import os
import time
from pathlib import Path

import docker

from cloudrun_cli.core.errors import StartFailed
from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime.base import Folder, InstanceSpec, Mount, Scratch

LEAVING = 5.0  # seconds that a volume may stay in use after its last container was removed


class Volumes:
    """The volumes of one home's instances. Blocking."""

    def __init__(self, api: docker.APIClient, home: str) -> None:
        self._api = api
        self._home = home
        self._prefix = f"cloudrun-{hashlib.sha256(home.encode()).hexdigest()[:12]}"

    def mounts(self, spec: InstanceSpec) -> list[docker.types.Mount]:
        """The container's mounts in the engine's words; what they need is made."""
        return [self._mount(spec, mount) for mount in spec.mounts]

    def remove(self, instance: str) -> None:
        """Remove the scratch folders of an instance whose containers are gone."""
        self._remove(f"{labels.INSTANCE}={instance}")

    def remove_all(self, keep: frozenset[str] = frozenset()) -> None:
        """Remove those of every instance but these."""
        self._remove(f"{labels.KIND}={labels.KIND_VOLUME}", keep)

    def _mount(self, spec: InstanceSpec, mount: Mount) -> docker.types.Mount:
        match mount.source:
            case Scratch() as scratch:
                source = self._scratch(spec, scratch)
                return docker.types.Mount(mount.path, source, "volume", read_only=mount.read_only, no_copy=True)
            case Folder(path):
                _make_folder(mount.volume, path)
                return docker.types.Mount(mount.path, path, "bind", read_only=mount.read_only)

    def _scratch(self, spec: InstanceSpec, scratch: Scratch) -> str:
        """The name of the volume; the first container that wants it makes it."""
        options = None
        if scratch.memory:
            size = f",size={scratch.size_bytes}" if scratch.size_bytes else ""
            options = {"type": "tmpfs", "device": "tmpfs", "o": f"mode=1777{size}"}
        name = f"{self._prefix}-{spec.id}-{scratch.name}"
        named = {labels.HOME: self._home, labels.KIND: labels.KIND_VOLUME, labels.INSTANCE: spec.id}
        self._api.create_volume(name, driver="local", driver_opts=options, labels=named)
        return name

    def _remove(self, label: str, keep: frozenset[str] = frozenset()) -> None:
        wanted = {"label": [f"{labels.HOME}={self._home}", label]}
        for row in self._api.volumes(filters=wanted)["Volumes"] or []:
            if row["Labels"][labels.INSTANCE] not in keep:
                self._remove_one(row["Name"])

    def _remove_one(self, name: str) -> None:
        deadline = time.monotonic() + LEAVING
        while True:
            try:
                return self._api.remove_volume(name)
            except docker.errors.NotFound:
                return None
            except docker.errors.APIError as error:
                if error.status_code != 409 or time.monotonic() > deadline:  # 409: a container still has it
                    raise
                time.sleep(0.1)


def _make_folder(volume: str, path: str) -> None:
    """Whatever user a container runs as may write there: so is a bucket, and so is an open NFS export."""
    if not os.path.isdir(path):
        try:
            Path(path).mkdir(parents=True)
            os.chmod(path, 0o777)
        except OSError as error:
            raise StartFailed(
                f"The folder {path} of volume [{volume}] cannot be made: {error.strerror}.", field="volumes"
            ) from error
