"""Label selectors: which resources of a list are meant. Source: v1, labelSelector: =, !=, exists, in and notin."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cloudrun_cli.core.errors import InvalidArgument

_KEY = r"(?P<key>[A-Za-z0-9][A-Za-z0-9._/-]*)"
_REQUIREMENT = re.compile(
    rf"\s*(?:!\s*{_KEY.replace('key', 'absent')}"
    rf"|{_KEY}\s*(?:(?P<sign>==?|!=)\s*(?P<value>[A-Za-z0-9._-]*)|\s(?P<word>in|notin)\s*\((?P<values>[^()]*)\))?)"
    r"\s*(?:,|$)"
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One label has one of these values, or with `negated` has none of them; `values` None means any value at all."""

    key: str
    values: frozenset[str] | None
    negated: bool = False

    def allows(self, labels: Mapping[str, str]) -> bool:
        """Whether a resource with these labels is meant. One without the label passes every negated requirement."""
        found = self.key in labels and (self.values is None or labels[self.key] in self.values)
        return found is not self.negated


@dataclass(frozen=True, slots=True)
class Selector:
    """Requirements that must all hold."""

    requirements: tuple[Requirement, ...] = ()

    def allows(self, labels: Mapping[str, str]) -> bool:
        """Whether a resource with these labels is meant."""
        return all(requirement.allows(labels) for requirement in self.requirements)

    def only(self, key: str) -> str | None:
        """The one value that a label must have, or None when more would do."""
        for requirement in self.requirements:
            if requirement.key == key and not requirement.negated and len(requirement.values or ()) == 1:
                return next(iter(requirement.values or ()))
        return None


def parse(text: str) -> Selector:
    """`a = b, c in (d,e), f, !g`. Raises InvalidArgument for anything that is not a selector."""
    return Selector(tuple(_requirements(text)))


def _requirements(text: str) -> Iterator[Requirement]:
    at = 0
    while text[at:].strip():
        found = _REQUIREMENT.match(text, at)
        if found is None:
            raise InvalidArgument(f"labelSelector: [{text}] cannot be understood at [{text[at:].strip()}].")
        at = found.end()
        if found["absent"]:
            yield Requirement(found["absent"], None, negated=True)
        elif found["sign"]:
            yield Requirement(found["key"], frozenset({found["value"]}), negated=found["sign"] == "!=")
        elif found["word"]:
            values = frozenset(value.strip() for value in found["values"].split(","))
            yield Requirement(found["key"], values, negated=found["word"] == "notin")
        else:
            yield Requirement(found["key"], None)
