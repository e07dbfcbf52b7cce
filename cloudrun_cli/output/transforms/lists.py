"""Transforms of lists and dictionaries. Source: gcloud topic projections."""

from typing import Any

from cloudrun_cli.output.context import Context
from cloudrun_cli.output.errors import TransformError
from cloudrun_cli.output.keys import value_at
from cloudrun_cli.output.scanner import Scanner, key_of


def list_(value: Any, context: Context, show: str = "", undefined: str = "", separator: str = ",") -> Any:
    """Items joined by the separator; a dictionary as its names, its values, or NAME=VALUE; anything else as it is."""
    if isinstance(value, dict | list):
        return separator.join(_texts(value, show)) or undefined
    return value or undefined


def flatten(value: Any, context: Context, show: str = "", undefined: str = "", separator: str = ",") -> Any:
    """As list(), with what is nested inside made such a list first."""
    if isinstance(value, dict):
        inner = {name: flatten(item, context, show, undefined, separator) for name, item in value.items()}
        return separator.join(_texts(inner, show)) or undefined
    if isinstance(value, list) and value:
        nested = isinstance(value[0], dict | list)
        items = [flatten(item, context, show, undefined, separator) for item in value] if nested else value
        return separator.join(str(item) for item in items)
    return value or undefined


def collect(value: Any, context: Context) -> list[Any]:
    """One list of everything in lists inside lists."""
    if not isinstance(value, list):
        return [] if value is None else [value]
    return [found for item in value for found in collect(item, context)]


def count(value: Any, context: Context) -> Any:
    """How often each item occurs; a string is a list of characters."""
    counts: dict[str, int] = {}
    for item in value if isinstance(value, list | str) else []:
        counts[str(item)] = counts.get(str(item), 0) + 1
    return counts


def len_(value: Any, context: Context) -> int:
    """The length, 0 for what has none."""
    return len(value) if isinstance(value, list | dict | str) else 0


def extract(value: Any, context: Context, *keys: str) -> Any:
    """The values of the keys that are not empty, in the order of the keys."""
    found = [value_at(value, key_of(key)) for key in keys]
    return [item for item in found if item]


def filter_(value: Any, context: Context, expression: str) -> Any:
    """The items of the list that a filter expression selects. Raises FilterError."""
    from cloudrun_cli.output.filtering import Expression

    selects = Expression(expression, {}, context).selects
    if isinstance(value, list):
        return [item for item in value if selects(item)]
    return value if not value or selects(value) else ""


def group(value: Any, context: Context, *keys: str) -> str:
    """Each item in brackets, `[first: second, third]`; `[]` where there is none."""
    texts = []
    for item in value if isinstance(value, list | str | dict) else []:
        parts = [value_at(item, key_of(key)) for key in keys] if keys else [str(item)]
        first, *rest = ["" if part is None else str(part) for part in parts]
        texts.append(f"[{first}: {', '.join(rest)}]" if rest else f"[{first}]")
    return " ".join(texts) or "[]"


def join(value: Any, context: Context, sep: str = "/", undefined: str = "") -> str:
    """The items between separators; a string is a list of characters, a dictionary one of names."""
    items = value if isinstance(value, list | str | dict) else []
    return sep.join(str(item) for item in items) or undefined


def map_(value: Any, context: Context, depth: str = "1") -> Any:
    """The value: a map without a transform after it changes nothing."""
    return value


def slice_(value: Any, context: Context, op: str = ":", undefined: str = "") -> Any:
    """The part of a list or a string that `start:end:step` takes, or a list of the one item at a position.
    Raises TransformError for anything but up to three integers."""
    bounds = [bound.strip() for bound in op.split(":")]
    try:
        numbers = [int(bound) if bound else None for bound in bounds]
        chosen = slice(*numbers) if numbers[1:] else slice(numbers[0] or 0, ((numbers[0] or 0) + 1) or None)
        return list(value[chosen]) or undefined if isinstance(value, list | str) else undefined
    except (ValueError, TypeError, OverflowError):
        raise TransformError(f"Invalid slice [{op}]: up to three integers divided by colons expected.") from None


def sort(value: Any, context: Context, attr: str = "") -> Any:
    """The items in order, by an attribute if one is named."""
    from cloudrun_cli.output.sorting import sort_key

    if not isinstance(value, list | str):
        return []
    key = key_of(attr) if attr else ()
    return sorted(value, key=lambda item: sort_key(value_at(item, key)))


def format_(value: Any, context: Context, fmt: str = "", *args: str) -> str:
    """The format string with {0} {1} ... filled from keys of the resource, or from the resource itself. Raises
    TransformError when the format does not fit."""
    if args:
        values = [_argument(text, value, context) for text in args]
    else:
        values = list(value) if isinstance(value, list) else [value]
    shown = ["" if item is None else item for item in values]
    try:
        return fmt.format(*shown)
    except (IndexError, KeyError, ValueError, AttributeError, TypeError, OverflowError, MemoryError) as error:
        raise TransformError(f"Format string [{fmt}] cannot be filled: {error}.") from None


def synthesize(value: Any, context: Context, *schemas: str) -> list[dict[str, Any]]:
    """A list with a new item for each schema: `(name:literal, name=key, key)`."""
    items = []
    for schema in schemas:
        scanner = Scanner(schema)
        if not scanner.accept("("):
            raise TransformError(f"Schema [{schema}] of synthesize() must be in parentheses.")
        item: dict[str, Any] = {}
        while not scanner.accept(")"):
            if not scanner.peek():
                raise scanner.fail("Expected ) in synthesize schema")
            key, _, _ = scanner.key()
            if scanner.accept(":"):
                item[str(key[-1])] = scanner.word(",)")
            elif scanner.accept("="):
                item[str(key[-1])] = value_at(value, scanner.key()[0])
            else:
                found = value_at(value, key)
                item.update(found if isinstance(found, dict) else {})
            scanner.accept(",")
        items.append(item)
    return items


def _texts(value: Any, show: str) -> list[str]:
    if value is None:
        return []
    if isinstance(value, dict):
        if show == "keys":
            return [str(name) for name in sorted(value)]
        if show == "values":
            return [str(value[name]) for name in sorted(value)]
        return [f"{name}={value[name]}" for name in sorted(value)]
    if isinstance(value, list):
        return [str(item) for item in value]
    return [str(value)]


def _argument(text: str, value: Any, context: Context) -> Any:
    from cloudrun_cli.output.columns import cell
    from cloudrun_cli.output.projection import parse_key

    return cell(parse_key(Scanner(text)), value, context)
