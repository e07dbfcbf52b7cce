"""Our own copy of a source folder, without what its ignore file leaves out.

`.gcloudignore` decides; without one, `.gitignore` is respected and `.git` is skipped. Both are read at the top of the
folder only. Sources: gcloud topic gcloudignore; behaviour reference 12.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from cloudrun_cli.core import sources
from cloudrun_cli.core.errors import InvalidArgument

IGNORE_FILE = ".gcloudignore"
WITHOUT_IGNORE_FILE = (".git", ".gitignore")  # and what .gitignore names
INCLUDE = "#!include:"


@dataclass(frozen=True, slots=True)
class Upload:
    """What was copied: files and links, and their bytes. `ignored` counts what an ignore file left out (a folder is
    one); `outside` names links that lead out of the folder, which are left out too."""

    files: int
    bytes: int
    ignored: int
    outside: tuple[str, ...] = ()


def upload(source: Path, into: Path) -> Upload:
    """Copy a source folder to `into`, which is made. Executable bits and links within the folder are kept.
    Raises InvalidArgument when there is nothing to copy or something cannot be read."""
    root = _root(source)
    found, ignored, outside = _listed(source, root, skip=into)
    size = 0
    into.mkdir(parents=True, exist_ok=True)
    for name in found:
        try:
            size += _copy(root, name, into)
        except PermissionError as error:
            raise InvalidArgument(
                f"[{root / name}] cannot be read.",
                field="source",
                hint=f"Make it readable, or list it in {IGNORE_FILE}.",
            ) from error
    return Upload(len(found), size, ignored, tuple(outside))


def check(source: Path, env: Mapping[str, str], *, skip: Path) -> None:
    """Nothing when a folder could be copied and built, as far as its files tell; `env` is the build's. Raises
    InvalidArgument, BuildFailed."""
    root = _root(source)
    found, _, _ = _listed(source, root, skip=skip)
    sources.plan(found, lambda name: (root / name).read_text(encoding="utf-8", errors="replace"), env=env, layers="/")


def _listed(source: Path, root: Path, *, skip: Path) -> tuple[list[str], int, list[str]]:
    """What there is to copy, how much is left out, and the links that lead out. Raises InvalidArgument."""
    spec = GitIgnoreSpec.from_lines(_patterns(root))
    found, ignored, outside = _choose(root, spec, skip=skip.resolve())
    if not found:
        why = f"its ignore file leaves out everything ({ignored} entries)" if ignored else "it is empty"
        raise InvalidArgument(f"There is nothing to deploy in [{source}]: {why}.", field="source")
    return found, ignored, outside


def _root(source: Path) -> Path:
    if not source.exists():
        raise InvalidArgument(f"The source [{source}] does not exist.", field="source", hint="--source names a folder.")
    if not source.is_dir():
        raise InvalidArgument(
            f"The source [{source}] is a file.",
            field="source",
            hint="--source names the folder that holds the program.",
        )
    return source.resolve()


def _patterns(root: Path) -> list[str]:
    """The lines of the ignore file, with those of the files that it includes in their place."""
    if not (root / IGNORE_FILE).is_file():
        return [*WITHOUT_IGNORE_FILE, *_lines(root / ".gitignore")]
    patterns: list[str] = []
    for line in _lines(root / IGNORE_FILE):
        if line.startswith(INCLUDE):
            name = line.removeprefix(INCLUDE).strip()
            if not (root / name).is_file():
                raise InvalidArgument(f"{IGNORE_FILE} includes [{name}], which does not exist.", field="source")
            patterns += _lines(root / name)
        else:
            patterns.append(line)
    return patterns


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def _choose(root: Path, spec: GitIgnoreSpec, *, skip: Path) -> tuple[list[str], int, list[str]]:
    """The relative paths of files and links to copy, in order; how many were left out; links that lead outside."""
    found: list[str] = []
    outside: list[str] = []
    ignored = 0
    folders = [""]
    while folders:
        folder = folders.pop()
        for entry in _entries(root, folder):
            name = f"{folder}{entry.name}"
            is_folder = entry.is_dir(follow_symlinks=False)
            if Path(entry.path) == skip:
                continue
            if spec.match_file(f"{name}/" if is_folder else name):
                ignored += 1
            elif is_folder:
                folders.append(f"{name}/")
            elif entry.is_symlink():
                (found if _stays_inside(root, Path(entry.path)) else outside).append(name)
            elif entry.is_file(follow_symlinks=False):
                found.append(name)
            else:
                ignored += 1  # a socket or a pipe
    return sorted(found), ignored, sorted(outside)


def _entries(root: Path, folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                try:
                    entry.name.encode()
                except UnicodeEncodeError as error:  # Source: container runtime contract, file names are UTF-8
                    shown = os.fsencode(entry.path).decode("utf-8", "backslashreplace")
                    raise InvalidArgument(f"The file name [{shown}] is not UTF-8.", field="source") from error
                yield entry
    except PermissionError as error:
        raise InvalidArgument(
            f"The folder [{root / folder}] cannot be read.",
            field="source",
            hint=f"Make it readable, or list it in {IGNORE_FILE}.",
        ) from error


def _stays_inside(root: Path, link: Path) -> bool:
    """Whether a link means the same in a copy of the folder: relative all the way, and never above the folder."""
    target = os.readlink(link)
    return not os.path.isabs(target) and link.resolve().is_relative_to(root) and _depth_holds(root, link, target)


def _depth_holds(root: Path, link: Path, target: str) -> bool:
    """Whether following the target's parts never steps above the folder: `../src/x` comes back to it only here."""
    depth = len(link.relative_to(root).parts) - 1
    for part in Path(target).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return False
    return True


def _copy(root: Path, name: str, into: Path) -> int:
    """Copy one file or link; its size."""
    source, target = root / name, into / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(os.readlink(source))
        return 0
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    return target.stat().st_size
