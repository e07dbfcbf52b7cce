"""Folders of a container that are kept in memory, so that what is written there counts as memory, as on Cloud Run.

The engine cannot keep a container's whole file system in memory. It can a folder: /tmp, /var/tmp, /run, /dev/shm and
what the image declares as volumes. A folder in memory hides what the image has there, so only those are taken in which
the image has nothing but empty folders, which are made anew. Source: container runtime contract, file system.
"""

import io
import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import docker

from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime import images
from cloudrun_cli.runtime.base import InstanceSpec
from cloudrun_cli.runtime.docker_engine import inspect_image
from cloudrun_cli.runtime.docker_holders import remove

USUAL = ("/tmp", "/var/tmp", "/run")
MOST = 8  # folders in one; each is a mount of its own

Owner = tuple[int, int, int]  # mode, user, group


class MemoryFolders:
    """What is known of each image's folders. Blocking."""

    def __init__(self, api: docker.APIClient, home: str) -> None:
        self._api = api
        self._labels = {labels.HOME: home, labels.KIND: labels.KIND_BUILD}
        self._known: dict[str, dict[str, Owner]] = {}  # by digest

    def learn(self, digest: str) -> dict[str, Owner]:
        """The folders of an image that may be kept in memory, by path; found out once, in about 50 ms."""
        if digest not in self._known:
            self._known[digest] = self._look(images.keep_tag(digest))
        return self._known[digest]

    def of(self, spec: InstanceSpec) -> dict[str, str]:
        """The engine's options of each folder to keep in memory: all but those a volume is mounted at, or above."""
        mounted = [PurePosixPath(mount.path) for mount in spec.mounts]
        return {
            path: f"exec,mode={mode:o},uid={user},gid={group},size={spec.memory_bytes}"
            for path, (mode, user, group) in self.learn(spec.digest).items()
            if not any(PurePosixPath(path).is_relative_to(other) for other in mounted)
        }

    def _look(self, image: str) -> dict[str, Owner]:
        declared = inspect_image(self._api, image)["Config"].get("Volumes") or {}
        made = self._api.create_container(image, command=["none"], network_disabled=True, labels=self._labels)
        container = str(made["Id"])
        try:
            found: dict[str, Owner] = {}
            for path in sorted({*USUAL, *(str(PurePosixPath(path)) for path in declared)}):
                found |= self._empty_folders(container, path)
            return found
        finally:
            remove(self._api, container)

    def _empty_folders(self, container: str, path: str) -> dict[str, Owner]:
        """A folder and those in it; none when there is anything else in it, or it is not there."""
        try:
            content, _ = self._api.get_archive(container, path)
        except docker.errors.NotFound:
            return {}
        found: dict[str, Owner] = {}
        with tarfile.open(fileobj=io.BufferedReader(_Chunks(content)), mode="r|") as archive:
            for member in archive:
                if not member.isdir() or len(found) == MOST:
                    return {}
                place = PurePosixPath(path).parent / member.name
                found[str(place)] = (member.mode & 0o7777, member.uid, member.gid)
        return found


class _Chunks(io.RawIOBase):
    """A stream of chunks as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill as much of it as the next chunk is long; 0 at the end."""
        self._rest = self._rest or next(self._chunks, b"")
        part = self._rest[: len(buffer)]
        buffer[: len(part)] = part
        self._rest = self._rest[len(part) :]
        return len(part)
