"""Where the files of secrets are on this machine, and how they change under those who read them."""

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

MEMORY = Path("/dev/shm")


class Place(Protocol):
    """Where something is that has instances: a revision, say."""

    @property
    def project(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def name(self) -> str: ...


class SecretFolders:
    """The folders of a home: one for each revision or what else has instances, in it one for each volume."""

    def __init__(self, home: str) -> None:
        self._root = _root(home)

    def of(self, ref: Place, volume: str = "") -> Path:
        """The folder of a revision, or of one of its volumes."""
        return self._root / f"{type(ref).__name__}.{ref.project}.{ref.region}.{ref.name}" / volume

    def write(self, ref: Place, volume: str, files: Mapping[str, tuple[bytes, int]]) -> None:
        """Let the folder of a volume have these files, path → content and mode, and no others. Raises OSError."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_free(self._root):
            raise PermissionError(f"{self._root} is somebody else's")
        os.chmod(self._root, 0o700)
        fill(self.of(ref, volume), files)

    def remove_all(self, but: Iterable[Place] = ()) -> None:
        """Remove them, save those of these revisions."""
        kept = {self.of(ref) for ref in but}
        for folder in self._root.glob("*/"):
            if folder not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Leave nothing."""
        shutil.rmtree(self._root, ignore_errors=True)


def fill(folder: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    """Let the folder have these files and no others. It stays the same folder, because containers have it mounted;
    whoever opens a file meets all of the old one or all of the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chmod(folder, 0o755)
    for path, (content, mode) in files.items():
        place = folder / path
        _open_to_all(folder, place.parent)
        new, name = tempfile.mkstemp(prefix="..", dir=place.parent)
        with os.fdopen(new, "wb") as file:
            file.write(content)
            os.fchmod(new, mode)
        os.replace(name, place)
    kept = {folder / path for path in files}
    for found in sorted(folder.rglob("*"), reverse=True):  # what is in a folder before the folder
        if not found.is_dir():
            if found not in kept:
                found.unlink()
        elif not any(found in path.parents for path in kept):
            found.rmdir()


def _open_to_all(root: Path, folder: Path) -> None:
    """Make it below root, and let everybody who is in the container look into it."""
    folder.mkdir(parents=True, exist_ok=True)
    while folder != root:
        os.chmod(folder, 0o755)
        folder = folder.parent


def _root(home: str) -> Path:
    """In memory where that can be ours alone, else in the home. It is made when there is something to write."""
    name = hashlib.sha256(os.path.abspath(home).encode()).hexdigest()[:16]
    folder = MEMORY / f"cloudrun-{os.getuid()}-{name}"
    if _in_memory() and os.access(MEMORY, os.W_OK) and _is_free(folder):
        return folder
    return Path(home) / "run" / "secrets"


def _is_free(folder: Path) -> bool:
    """Whether nobody else has it."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return True
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def _in_memory() -> bool:
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return False
    return any(line.split(" ")[1:3] == [str(MEMORY), "tmpfs"] for line in mounts)
