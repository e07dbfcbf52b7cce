"""Transforms of strings: parts of a path, encodings, replacements. A list is transformed item by item.

Source: gcloud topic projections.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote

from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import TransformError

SIZES = (("width", "height"), ("screenx", "screeny"), ("col", "row"), ("col", "line"), ("x", "y"))  # parts of names
DOTS = "..."
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
    """What follows the last /, or else the last \\."""
    if not value:
        return undefined
    text = _text(value)
    for separator in ("/", "\\"):
        if separator in text:
            return text[text.rfind(separator) + 1 :]
    return text


@_itemwise
def segment(value: Any, context: Context, index: str = "-1", undefined: str = "") -> Any:
    """The segment of a path at an index. Raises TransformError unless the index is an integer."""
    try:
        place = int(index)
    except ValueError:
        raise TransformError(f"Invalid segment index [{index}]: integer expected.") from None
    if not value:
        return undefined
    parts = unquote(_text(value)).split("/")
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
    """In lower case; what is no text as it is."""
    return value.lower() if isinstance(value, str) else value


@_itemwise
def upper(value: Any, context: Context) -> Any:
    """In upper case; what is no text as it is."""
    return value.upper() if isinstance(value, str) else value


@_itemwise
def trailoff(value: Any, context: Context, character_limit: str, undefined: str = "") -> Any:
    """The text, or as much of it as fits with `...` behind it when it is not shorter than the limit. Raises
    TransformError for a limit that is no number; one that `...` fills gives `undefined`."""
    text = _text(value)
    if not character_limit.isdecimal():
        raise TransformError(f"Invalid character limit [{character_limit}]: positive integer expected.")
    limit = int(character_limit)
    if limit <= len(DOTS):
        return undefined
    return text if len(text) < limit else text[: limit - len(DOTS)] + DOTS


@_itemwise
def sub(
    value: Any, context: Context, pattern: str, replacement: str, count: str = "0", ignorecase: str = "true"
) -> Any:
    """The text with the matches of a regular expression replaced. Raises TransformError for a bad pattern."""
    import re

    from cloudrun_cli.output.patterns import compiled

    if value is None:
        return None
    flags = re.MULTILINE | re.DOTALL | (0 if ignorecase.lower() in ("", "false", "0") else re.IGNORECASE)
    try:
        return compiled(pattern, flags).sub(replacement, _text(value), count=int(count))
    except (re.error, ValueError, IndexError, OverflowError) as error:
        raise TransformError(f"Replacement of [{pattern}] by [{replacement}] failed: {error}.") from None


@_itemwise
def regex(value: Any, context: Context, expression: str, does_match: str | None = None, nomatch: str = "") -> Any:
    """The text, or `does_match`, where the expression matches from its start; else `nomatch`."""
    import re

    from cloudrun_cli.output.patterns import compiled

    try:
        matched = compiled(expression).match(_text(value))
    except re.error as error:
        raise TransformError(f"Invalid regular expression [{expression}]: {error}.") from None
    if matched is None or not value or not expression:
        return nomatch
    return does_match or value


@_itemwise
def decode(value: Any, context: Context, encoding: str, undefined: str = "") -> Any:
    """The text that was encoded, or `undefined` where it was not."""
    if value is None:
        return undefined
    if encoding.lower() in ("base64", "url-safe-base64"):
        import base64
        import binascii

        try:
            return base64.urlsafe_b64decode(_padded(_text(value))).decode("utf-8")
        except (binascii.Error, ValueError):  # not base64, or not of text
            return undefined
    return _recoded(value, encoding, undefined)


@_itemwise
def encode(value: Any, context: Context, encoding: str, undefined: str = "") -> Any:
    """The text in the encoding, or `undefined` where it cannot be."""
    if value is None:
        return undefined
    if encoding.lower() == "base64":
        import base64

        return base64.b64encode(_text(value).encode(errors="replace")).decode()
    return _recoded(value, encoding, undefined)


def split(value: Any, context: Context, sep: str = "/", undefined: str = "") -> Any:
    """The parts of the text between separators."""
    if not value or not sep:
        return undefined
    if isinstance(value, list):
        return [part for item in value for part in _text(item).split(sep)]
    return _text(value).split(sep)


def resolution(value: Any, context: Context, undefined: str = "", transpose: str = "false") -> str:
    """WIDTH x HEIGHT of something with a size in pixels."""
    if not isinstance(value, dict):
        return undefined
    for across, down in SIZES:
        pair = [next((value[name] for name in value if side in name.lower()), None) for side in (across, down)]
        if None not in pair:
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
    except (LookupError, ValueError):  # no such encoding, or the text is not in it
        return undefined
