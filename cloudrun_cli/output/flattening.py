"""--flatten: a resource for each item of a list inside it.

`a[].b[]` unfolds a, then b. A resource without the list becomes one without anything, as recorded.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cloudrun_cli.output.keys import Key
from cloudrun_cli.output.scanner import Scanner


def flattened(rows: list[Any], flatten: str | Sequence[str]) -> list[Any]:
    """The rows with each of the keys unfolded, one after the other. Raises FormatError for a malformed key."""
    for text in flatten.split(",") if isinstance(flatten, str) else flatten:
        scanner = Scanner(text.strip())
        key, call, _ = scanner.key()
        if call or scanner.peek():
            raise scanner.fail("Only a resource key can be flattened")
        if not key or not isinstance(key[-1], slice):
            key = (*key, slice(None))
        rows = [piece for row in rows for piece in _unfolded(row, key)]
    return rows


def _unfolded(value: Any, key: Key) -> list[Any]:
    """The value once for every item that the slices of the key meet; [{}] where there is none."""
    if not key:
        return [value]
    part, rest = key[0], key[1:]
    if isinstance(part, slice):
        items = value[part] if isinstance(value, list) else []
        return [piece for item in items for piece in _unfolded(item, rest)] or [{}]
    if isinstance(part, int):
        inside = isinstance(value, list) and -len(value) <= part < len(value)
        return _unfolded(value[part], rest) if inside else [{}]
    if not isinstance(value, Mapping) or value.get(part) is None:
        return [{}]
    pieces = _unfolded(value[part], rest)
    return [{}] if pieces == [{}] else [_with(value, part, piece) for piece in pieces]


def _with(value: Mapping[str, Any], name: str, piece: Any) -> Mapping[str, Any]:
    """A copy with another value under the name; a Row stays a Row."""
    changed = value.copy() if isinstance(value, dict) else dict(value)
    changed[name] = piece
    return changed
