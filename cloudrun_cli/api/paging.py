"""Pages of a list. A token names the last item given, so that what comes and goes meanwhile shifts no page."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any

from cloudrun_cli.core.errors import InvalidArgument

Json = dict[str, Any]
Key = Callable[[Json], tuple[str, ...]]


def page(items: Sequence[Json], by: Key, *, limit: str | None, token: str | None, newest_first: bool = False) -> (
    tuple[list[Json], str | None]
):  # fmt: skip
    """The items after the token in the order of `by`, at most `limit` (None or 0: all), and the token of the next
    page if there is one. Raises InvalidArgument for a limit or token that cannot be meant."""
    ordered = sorted(items, key=by, reverse=newest_first)
    if token:
        last = _key(token)
        ordered = [one for one in ordered if (by(one) < last if newest_first else by(one) > last)]
    size = _size(limit)
    if not size or len(ordered) <= size:
        return ordered, None
    return ordered[:size], _token(by(ordered[size - 1]))


def _size(limit: str | None) -> int:
    if not limit:
        return 0
    if not (limit.isascii() and limit.isdigit()):
        raise InvalidArgument(f"The size of a page must be a whole number of at least 0, and [{limit}] is not.")
    return int(limit)


def _token(key: tuple[str, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _key(token: str) -> tuple[str, ...]:
    try:
        key = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list) or not all(isinstance(part, str) for part in key):
        raise InvalidArgument(f"The page token [{token}] is none that was given out here.")
    return tuple(key)
