"""Reaching into a resource: what stands at a dotted key.

A key is a tuple of names, indexes and slices. A name asked of a list is asked of each of its items, so that
`status.conditions.type` and `status.conditions[].type` are the same list. What is not there is None.
Source: gcloud topic resource-keys.
"""

from collections.abc import Mapping
from typing import Any

Part = str | int | slice
Key = tuple[Part, ...]

EVERY = slice(None)  # []


def value_at(value: Any, key: Key) -> Any:
    """What stands at the key, or None. A name also finds its other spelling, snake_case or camelCase."""
    for place, part in enumerate(key):
        if isinstance(part, str):
            if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101  # the first one is quick
                found = value.get(part)
                if found is None and part not in value:
                    found = _other_spelling(value, part)
                value = found
            elif isinstance(value, list):
                return [value_at(item, key[place:]) for item in value]
            else:
                return None
        elif isinstance(value, dict) and part == EVERY:
            rest = key[place + 1 :]
            return [value_at(item, rest) for item in value.values()] if rest else value
        elif not isinstance(value, list | str):
            return None
        elif isinstance(part, slice):
            if isinstance(value, str):
                return None
            return [value_at(item, key[place + 1 :]) for item in value[part]]
        else:
            value = value[part] if -len(value) <= part < len(value) else None
        if value is None:
            return None
    return value


def key_text(key: Key) -> str:
    """The key as it would be typed, quoting the names that need it."""
    text = ""
    for part in key:
        if isinstance(part, str):
            plain = all(char.isalnum() or char in "_-/" for char in part)
            text += ("." if text else "") + (part if plain else f'"{part}"')
        elif isinstance(part, int):
            text += f"[{part}]"
        elif part == EVERY:
            text += "[]"
        else:
            text += f"[{':'.join('' if bound is None else str(bound) for bound in (part.start, part.stop))}]"
    return text


def camel_case(name: str) -> str:
    """creation_timestamp as creationTimestamp."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def snake_case(name: str) -> str:
    """creationTimestamp as creation_timestamp; a run of capitals is one word."""
    spelled: list[str] = []
    before = ""
    for char in name:
        if char.isupper() and before and (before.islower() or before.isdigit()):
            spelled.append("_")
        spelled.append("_" if char == "-" else char.lower())
        before = char
    return "".join(spelled)


def _other_spelling(value: Mapping[str, Any], name: str) -> Any:
    if "_" in name:
        return value.get(camel_case(name))
    return None if name.islower() else value.get(snake_case(name))
