"""Files that another process watches or reads: written whole, put in place by renaming, readable by nobody else."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace the file at once. Its folder is made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
