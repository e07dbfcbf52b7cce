"""Files of keys: readable by the owner only, and made by whoever needs one first."""

import os
from collections.abc import Callable
from pathlib import Path


def made(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds; made on the first call, by whoever is first."""
    if not path.exists():
        private_folder(path.parent)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # never over another's
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, so that only their owner can look into them."""
    if not path.parent.exists():
        private_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
