"""The kinds of value a flag takes, as gcloud reads them: bounded integers, lengths of time, lists, KEY=VALUE pairs.

A list or a dict may choose its own delimiter with `^DELIM^` in front. Source: gcloud topic escaping, and the errors
recorded from gcloud. What a kind knows beyond parsing (is it merged when repeated, which names complete it) travels on
it, because Typer hands it on untouched.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.durations import parse_duration

ESCAPING = (
    "Please see `gcloud topic flags-file` or `gcloud topic escaping` for information on providing list or dictionary "
    "flag values with special characters."
)


class Kind(click.ParamType[Any]):
    """What a flag or positional takes. The plain one is text, from any string or from a closed set of choices."""

    name = "text"
    repeatable = False

    def __init__(self, choices: Sequence[str] = ()) -> None:
        self.choices = tuple(choices)
        self.names = ""  # which names complete it: services, revisions, regions …
        self.property = ""  # the property it overrides
        self.help = ""  # of a positional: click keeps none for it
        self.anchor = ""  # how a missing positional is shown, where that is more than its name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value for what was typed; a default passes as it is."""
        if not isinstance(value, str):
            return value
        try:
            return self.parse(value)
        except InvalidArgument as error:
            self.fail(error.message, param, ctx)

    def parse(self, text: str) -> Any:
        """The value for `text`. Raises InvalidArgument."""
        if self.choices and text not in self.choices:
            raise InvalidArgument(
                f"Invalid choice: '{text}'.\n\nValid choices are [{', '.join(sorted(self.choices))}]."
            )
        return text

    def merge(self, values: Sequence[Any]) -> Any:
        """One value for those of all uses; the last wins unless the kind is repeatable."""
        return values[-1]


class Integer(Kind):
    """A whole number between bounds, inclusive."""

    name = "integer"

    def __init__(self, minimum: int | None = None, maximum: int | None = None) -> None:
        super().__init__()
        self.minimum = minimum
        self.maximum = maximum

    def parse(self, text: str) -> int:
        try:
            value = int(text)
        except ValueError as error:
            raise InvalidArgument(f"Value must be an integer; received: {text}") from error
        if self.minimum is not None and value < self.minimum:
            raise InvalidArgument(f"Value must be greater than or equal to {self.minimum}; received: {text}")
        if self.maximum is not None and value > self.maximum:
            raise InvalidArgument(f"Value must be less than or equal to {self.maximum}; received: {text}")
        return value


class OrDefault(Kind):
    """A whole number from `minimum` (to `maximum`), or the word default, as text; `number` tells them apart."""

    name = "integer"

    def __init__(self, minimum: int, maximum: int | None = None) -> None:
        super().__init__()
        self.minimum, self.maximum = minimum, maximum

    def parse(self, text: str) -> str:
        if text == "default":
            return text
        value = int(text) if text.isdecimal() else -1
        if value < self.minimum or (self.maximum is not None and value > self.maximum):
            rule = (
                f"an integer between {self.minimum} and {self.maximum}, inclusive"
                if self.maximum is not None
                else ("a non-negative integer" if self.minimum == 0 else f"an integer of at least {self.minimum}")
            )
            raise InvalidArgument(f'Bad value [{text}]: must be {rule}, or "default".')
        return text


class Duration(Kind):
    """A length of time between bounds, inclusive, as a timedelta. The bounds are written as they would be typed."""

    name = "duration"

    def __init__(self, minimum: str = "0s", maximum: str = "") -> None:
        super().__init__()
        self.minimum = minimum
        self.maximum = maximum

    def parse(self, text: str) -> timedelta:
        value = parse_duration(text)
        received = text or "empty string"
        if value < parse_duration(self.minimum):
            raise InvalidArgument(f"value must be greater than or equal to {self.minimum}; received: {received}")
        if self.maximum and value > parse_duration(self.maximum):
            raise InvalidArgument(f"value must be less than or equal to {self.maximum}; received: {received}")
        return value


class ListOf(Kind):
    """Texts between commas, as a list. Repeated uses add up when `repeatable`, and then none may come twice."""

    name = "list"

    def __init__(
        self, *, repeatable: bool = False, choices: Sequence[str] = (), unique: bool = True, most: int | None = None
    ) -> None:
        super().__init__(choices)
        self.repeatable = repeatable
        self.unique = unique
        self.most = most

    def parse(self, text: str) -> list[str]:
        items = [super(ListOf, self).parse(item) for item in split_items(text)]
        if self.most is not None and len(items) > self.most:
            raise InvalidArgument("too many args")
        return items

    def merge(self, values: Sequence[list[str]]) -> list[str]:
        if not self.repeatable:
            return values[-1]
        merged: list[str] = []
        for items in values:
            for item in items:
                if self.unique and item in merged and len(values) > 1:
                    raise InvalidArgument(f'"{item}" cannot be specified multiple times')
                merged.append(item)
        return merged


class DictOf(Kind):
    """KEY=VALUE pairs between commas, as a dict. Repeated uses add up when `repeatable`, with no key twice."""

    name = "dict"

    def __init__(self, *, repeatable: bool = False, keys: Sequence[str] = (), required: Sequence[str] = ()) -> None:
        super().__init__()
        self.repeatable = repeatable
        self.keys = tuple(keys)
        self.required = tuple(required)

    def parse(self, text: str) -> dict[str, str]:
        pairs: dict[str, str] = {}
        for item in split_items(text):
            key, equals, value = item.partition("=")
            if not key:
                raise InvalidArgument(f"Invalid flag value [{item}]")
            if not equals:
                raise InvalidArgument(f"Bad syntax for dict arg: [{item}]. {ESCAPING}")
            if self.keys and key not in self.keys:
                raise InvalidArgument(f"valid keys are [{', '.join(sorted(self.keys))}]; received: {key}")
            pairs[key] = value
        if missing := [key for key in self.required if key not in pairs]:
            raise InvalidArgument(f"Key [{missing[0]}] required in dict arg but not provided")
        return pairs

    def merge(self, values: Sequence[dict[str, str]]) -> dict[str, str]:
        if not self.repeatable:
            return values[-1]
        merged: dict[str, str] = {}
        for pairs in values:
            for key, value in pairs.items():
                if key in merged:
                    raise InvalidArgument(
                        f'"{key}" cannot be specified multiple times; received: {merged[key]}, {value}'
                    )
                merged[key] = value
        return merged


class Repeated(Kind):
    """Each use adds one value of another kind: `--add-volume=… --add-volume=…`."""

    repeatable = True

    def __init__(self, item: Kind) -> None:
        super().__init__()
        self.item = item
        self.name = item.name

    def parse(self, text: str) -> Any:
        return self.item.parse(text)

    def merge(self, values: Sequence[Any]) -> list[Any]:
        return list(values)


def number(text: str | None) -> int | None:
    """What an OrDefault says as a number; None for the default."""
    return None if text in (None, "default") else int(text)


def split_items(text: str) -> list[str]:
    """The items of a list or dict flag; one delimiter at the end is forgiven."""
    delimiter = ","
    if text.startswith("^") and "^" in text[1:]:
        delimiter, _, text = text[1:].partition("^")
        if not delimiter:
            raise InvalidArgument(f"Invalid delimeter. {ESCAPING}")  # spelt as gcloud spells it
    items = text.split(delimiter) if text else []
    return items[:-1] if items and not items[-1] else items
