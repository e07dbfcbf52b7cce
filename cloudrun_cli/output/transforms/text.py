"""Transforms of strings: parts of a path, encodings, replacements. A list is transformed item by item.

Source: gcloud topic projections.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote

from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import TransformError

DEFAULT_SCOPES = ("regions", "zones")


def _itemwise(transform: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(transform)
    def each(value: Any, context: Context, *args: str, **named: str) -> Any:
        if isinstance(value, list):
            return [each(item, context, *args, **named) for item in value]
        return transform(value, context, *args, **named)

    return each


@_itemwise
def basename(value: Any, context: Context, undefined: str = "") -> Any:
    """What follows the last / or \\."""
    text = _text(value).rstrip("/")
    return text[max(text.rfind("/"), text.rfind("\\")) + 1 :] or undefined


@_itemwise
def segment(value: Any, context: Context, index: str = "-1", undefined: str = "") -> Any:
    """The segment of a path at an index. Raises TransformError unless the index is an integer."""
    try:
        place = int(index)
    except ValueError:
        raise TransformError(f"Invalid segment index [{index}]: integer expected.") from None
    if value is None:
        return undefined
    parts = _text(value).split("/")
    return (parts[place] if -len(parts) <= place < len(parts) else "") or undefined


@_itemwise
def scope(value: Any, context: Context, *args: str) -> Any:
    """What follows /name/ in a path, for the first of the names that is there; else the last segment of a URI."""
    if value is None:
        return ""
    text = unquote(_text(value))
    for name in args or DEFAULT_SCOPES:
        _, found, after = f"/{text}".partition(f"/{name}/")
        if found:
            return after
    return text.rsplit("/", 1)[-1] if text.startswith(("https://", "http://")) else text


@_itemwise
def lower(value: Any, context: Context) -> Any:
    """In lower case."""
    return _text(value).lower()


@_itemwise
def upper(value: Any, context: Context) -> Any:
    """In upper case."""
    return _text(value).upper()


@_itemwise
def trailoff(value: Any, context: Context, character_limit: str, undefined: str = "") -> Any:
    """The first characters and `...` when there are more than the limit."""
    text = _text(value)
    limit = int(character_limit) if character_limit.isdigit() else 0
    if limit <= 0:
        raise TransformError(f"Invalid character limit [{character_limit}]: positive integer expected.")
    return (text if len(text) <= limit else f"{text[:limit]}...") or undefined


@_itemwise
def sub(
    value: Any, context: Context, pattern: str, replacement: str, count: str = "0", ignorecase: str = "true"
) -> Any:
    """The text with the matches of a regular expression replaced. Raises TransformError for a bad pattern."""
    import re

    try:
        found = re.compile(pattern, re.IGNORECASE if ignorecase.lower() == "true" else 0)
        return found.sub(replacement, _text(value), count=int(count))
    except (re.error, ValueError) as error:
        raise TransformError(f"Replacement of [{pattern}] by [{replacement}] failed: {error}.") from None


@_itemwise
def regex(value: Any, context: Context, expression: str, does_match: str | None = None, nomatch: str = "") -> Any:
    """The text, or `does_match`, where the expression matches from its start; else `nomatch`."""
    import re

    try:
        matched = re.match(expression, _text(value))
    except re.error as error:
        raise TransformError(f"Invalid regular expression [{expression}]: {error}.") from None
    if matched is None:
        return nomatch
    return value if does_match is None else does_match


@_itemwise
def decode(value: Any, context: Context, encoding: str, undefined: str = "") -> Any:
    """The text that was encoded, or `undefined` where it was not."""
    if value is None:
        return undefined
    if encoding.lower() in ("base64", "url-safe-base64"):
        import base64
        import binascii

        try:
            raw = base64.b64decode(_padded(_text(value)), altchars=b"-_" if "-" in encoding else None)
            return raw.decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return undefined
    return _recoded(value, encoding, undefined)


@_itemwise
def encode(value: Any, context: Context, encoding: str, undefined: str = "") -> Any:
    """The text in the encoding, or `undefined` where it cannot be."""
    if value is None:
        return undefined
    if encoding.lower() == "base64":
        import base64

        return base64.b64encode(_text(value).encode()).decode()
    return _recoded(value, encoding, undefined)


def split(value: Any, context: Context, sep: str = "/", undefined: str = "") -> Any:
    """The parts of the text between separators."""
    if isinstance(value, list):
        return [part for item in value for part in _text(item).split(sep)] or undefined
    return _text(value).split(sep) if value and sep else undefined


def resolution(value: Any, context: Context, undefined: str = "", transpose: str = "false") -> str:
    """WIDTH x HEIGHT of something with a size in pixels."""
    if not isinstance(value, dict):
        return undefined
    for across, down in (("width", "height"), ("xDpi", "yDpi"), ("screenX", "screenY"), ("x", "y")):
        if across in value and down in value:
            pair = (value[across], value[down])
            return "{} x {}".format(*(reversed(pair) if transpose.lower() == "true" else pair))
    return undefined


def uri(value: Any, context: Context, undefined: str = ".") -> str:
    """The address of the resource."""
    if context.uri is not None and isinstance(value, dict):
        return context.uri(value)
    if isinstance(value, dict):
        return str(value.get("selfLink") or undefined)
    return str(value) if value else undefined


def collection(value: Any, context: Context, undefined: str = "") -> str:
    """The kind of the resource, in the place of gcloud's name for its collection."""
    return str(value.get("kind") or undefined) if isinstance(value, dict) else undefined


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


def _recoded(value: Any, encoding: str, undefined: str) -> Any:
    try:
        return _text(value).encode(encoding).decode(encoding)
    except (LookupError, UnicodeError):
        return undefined
