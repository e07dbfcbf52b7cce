"""The folders of instances. One in which an instance has left nothing of its own serves again, with its files: making
and removing them would take the file system longer than all else that the start of a small task takes."""

import contextlib
import os
import shutil
import stat
from pathlib import Path

OWN = ("home", "tmp")  # an instance's HOME and TMPDIR
MODE = 0o700
WRITTEN = ("instance.json", "pid", "exit.json")  # whole or not at all, so as NAME.new first
APPENDED = ("stdout", "stderr", "marks")
FRESH = frozenset((*OWN, *(f"{name}.new" for name in WRITTEN), *APPENDED))
SPARES = 32


class Folders:
    """Folders in `instances`, and in `spares` those for instances to come."""

    def __init__(self, instances: Path, spares: Path) -> None:
        self._instances, self._spares = instances, spares
        self._free: list[str] = []

    def open(self) -> None:
        """Make both; the spares of an earlier runtime are as good as ours."""
        self._instances.mkdir(parents=True, exist_ok=True)
        self._spares.mkdir(exist_ok=True)
        self._free = os.listdir(self._spares)

    def make(self, name: str) -> Path:
        """That of a new instance, with its own two in it; what is there of it already stays."""
        folder = self._instances / name
        while self._free and not folder.exists():
            with contextlib.suppress(OSError):  # another runtime of this home took it
                os.rename(self._spares / self._free.pop(), folder)
                return folder
        folder.mkdir(exist_ok=True)
        for own in OWN:
            with contextlib.suppress(FileExistsError):
                os.mkdir(f"{folder}/{own}", MODE)
        return folder

    def spare(self, name: str) -> bool:
        """Keep that of an instance of which nothing runs any more and nobody reads, unless it has more in it than we
        put there; False: it is to be removed."""
        folder = f"{self._instances}/{name}"
        try:
            if len(self._free) >= SPARES or not all(_is_as_made(f"{folder}/{own}") for own in OWN):
                return False
            for file in WRITTEN:
                if _is_ours(f"{folder}/{file}"):
                    os.rename(f"{folder}/{file}", f"{folder}/{file}.new")
            for file in APPENDED:
                if _is_ours(path := f"{folder}/{file}") and os.path.getsize(path):
                    os.truncate(path, 0)
            if not FRESH.issuperset(os.listdir(folder)):
                return False
            os.rename(folder, self._spares / name)
        except OSError:
            return False
        self._free.append(name)
        return True

    def remove(self, name: str) -> None:
        """Remove that of an instance. Blocking."""
        shutil.rmtree(self._instances / name, ignore_errors=True)


def _is_as_made(folder: str) -> bool:
    kind = os.lstat(folder)
    return kind.st_mode == stat.S_IFDIR | MODE and kind.st_uid == os.getuid() and not os.listdir(folder)


def _is_ours(file: str) -> bool:
    """Whether a file is there. What an instance put in its place, or linked elsewhere, goes."""
    try:
        kind = os.lstat(file)
    except FileNotFoundError:
        return False
    if stat.S_ISREG(kind.st_mode) and kind.st_nlink == 1:
        return True
    os.unlink(file)
    return False
