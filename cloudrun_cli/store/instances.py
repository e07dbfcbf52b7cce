"""What runs, as the daemon saw it last: `HOME/run/instances.json`, a row a line, replaced as a whole.

It is a picture for whoever looks, and the history of those that a new daemon finds still running; no truth rests on it.
"""

import os
from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]

_ROW = b'{"name":"'


def path(home: str) -> str:
    """Where the snapshot is."""
    return os.path.join(home, "run", "instances.json")


def encoded(rows: Iterable[Row]) -> bytes:
    """The rows as they are written."""
    import orjson  # loaded by the one who writes

    return b'{"instances":[\n' + b",\n".join(orjson.dumps(row) for row in rows) + b"\n]}\n"


def write(home: str, text: bytes) -> None:
    """Replace the snapshot; a reader sees the old one or the new one."""
    place = path(home)
    os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
    draft = f"{place}.new"
    with open(draft, "wb") as file:
        file.write(text)
    os.replace(draft, place)


def read(home: str) -> list[Row]:
    """The rows of the snapshot, none when there is none. Raises ValueError when it is not what `encoded` makes."""
    import json

    try:
        with open(path(home), "rb") as file:
            rows: list[Row] = json.load(file)["instances"]
    except FileNotFoundError:
        return []
    except (KeyError, TypeError) as error:
        raise ValueError("The snapshot of the instances has another shape.") from error
    return rows


def names(home: str) -> list[tuple[str, str]]:
    """The ids, each with its service and state, without reading JSON: for the shell's Tab."""
    try:
        with open(path(home), "rb") as file:
            found = [line.decode().split('"', 12) for line in file if line.startswith(_ROW)]
    except FileNotFoundError:
        return []
    return [(words[3], f"{words[7]}, {words[11]}") for words in found]
