"""Flags that several commands share, declared once: a family is a small table, and what its values ask for.

    FAMILY = Family(
        flags=(value("--cpu", "CPUs of an instance.", each=True), toggle("--cpu-boost", "More CPU while it starts.")),
        each=container_changes, whole=changes,
    )

    @run.command("deploy", families=(resources.FAMILY, …))

A flag marked `each` is one container's own: after `--container NAME` it belongs to that container. One that cannot mean
anything on one machine says why in `recorded`; its value is kept and shown all the same.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cloudrun_cli.cli.parsing import Kind

if TYPE_CHECKING:
    from cloudrun_cli.cli.parser import Exclusive
    from cloudrun_cli.core.changes import Change

Values = Mapping[str, Any]  # of all flags and positionals, by parameter name

CONTAINERS = "containers"  # among the values: those of each container by its name, where containers are named


class Flag(NamedTuple):
    """One flag. Without a `kind` it is a switch; its default is None where not giving it leaves things as they are."""

    name: str
    help: str
    kind: Kind | None
    metavar: str
    default: bool | None
    negatable: bool
    hidden: bool
    each: bool
    recorded: str

    @property
    def variable(self) -> str:
        """The name of its value."""
        return self.name.lstrip("-").replace("-", "_")

    @property
    def described(self) -> str:
        """Its help, with what it does not do here."""
        return f"{self.help} Recorded; no effect here: {self.recorded}." if self.recorded else self.help

    def option(self) -> click.Option:
        """What click parses."""
        if self.kind is None:
            names = f"{self.name}/--no-{self.name[2:]}" if self.negatable else self.name
            return click.Option(
                [names, self.variable], is_flag=True, default=self.default, help=self.described, hidden=self.hidden
            )
        return click.Option(
            [self.name, self.variable],
            type=self.kind,
            help=self.described,
            metavar=self.metavar or None,
            hidden=self.hidden,
        )


def _nothing(_values: Values) -> "list[Change]":
    return []


def _nothing_each(_values: Values, _container: str) -> "list[Change]":
    return []


class Family(NamedTuple):
    """Flags of one subject. `exclusive` are sets of which at most one may be given; `whole` is what the values ask of
    template and service, `each` what those of one container ask of it."""

    flags: tuple[Flag, ...]
    exclusive: "tuple[Exclusive, ...]" = ()
    whole: "Callable[[Values], list[Change]]" = _nothing
    each: "Callable[[Values, str], list[Change]]" = _nothing_each

    def only(self, *names: str, hidden: Sequence[str] = (), told: Mapping[str, str] | None = None) -> "Family":
        """The same with these of its flags alone, for what has no use for the others: they are as if never given.
        `told` is the help of those that are to be told in other words."""
        told = told or {}
        kept = tuple(
            flag._replace(help=told.get(flag.name, flag.help), hidden=flag.hidden or flag.name in hidden)
            for flag in self.flags
            if flag.name in names
        )
        absent = {flag.variable: flag.default for flag in self.flags if flag.name not in names}
        whole, each = self.whole, self.each
        return Family(
            kept,
            tuple(group for group in map(_among(names), self.exclusive) if len(group) > 1),
            whole=lambda values: whole({**absent, **values}),
            each=lambda values, container: each({**absent, **values}, container),
        )


def _among(names: Sequence[str]) -> "Callable[[Exclusive], Exclusive]":
    """What leaves of a set of flags those with these names."""

    def among(group: "Exclusive") -> "Exclusive":
        members = [member if isinstance(member, str) else tuple(m for m in member if m in names) for member in group]
        return tuple(member for member in members if (member in names if isinstance(member, str) else member))

    return among


def value(
    name: str,
    help: str,
    kind: Kind | None = None,
    *,
    choices: Sequence[str] = (),
    metavar: str = "",
    names: str = "",
    property: str = "",
    hidden: bool = False,
    each: bool = False,
    recorded: str = "",
) -> Flag:
    """A flag with a value. `names` says which names complete it, `property` which property it overrides."""
    kind = kind or Kind(choices)
    kind.names = names
    kind.property = property
    return Flag(name, help, kind, metavar, None, False, hidden, each, recorded)


def toggle(
    name: str,
    help: str,
    *,
    default: bool | None = None,
    negatable: bool = True,
    hidden: bool = False,
    each: bool = False,
    recorded: str = "",
) -> Flag:
    """A flag without a value; `--no-NAME` turns it off, unless not `negatable`."""
    return Flag(name, help, None, "", default, negatable, hidden, each, recorded)


def clearing(name: str, help: str, *, each: bool = False) -> Flag:
    """A switch that removes things, and is off when not given."""
    return toggle(name, help, default=False, each=each)


def changes(families: Iterable[Family], values: Values) -> "list[Change]":
    """What the values ask for: of each container, and of the whole. Raises InvalidArgument."""
    asked: list[Change] = []
    for family in families:
        asked += family.whole(values)
        for container, own in per_container(values):
            asked += family.each(own, container)
    return asked


def per_container(values: Values) -> list[tuple[str, Values]]:
    """The values by container: those after each --container, or all of them for the one that gets the requests."""
    named: Mapping[str, Values] = values.get(CONTAINERS) or {}
    return list(named.items()) if named else [("", values)]


def given(flag: Flag, values: Values) -> bool:
    """Whether the flag says something; a switch that is off by default only when it is on."""
    said = values.get(flag.variable)
    return said is not None and (flag.kind is not None or said != flag.default)


def recorded(families: Iterable[Family], values: Values) -> list[str]:
    """The flags given that have no effect here, as they were typed, by name."""
    found = set()
    for flag in (flag for family in families for flag in family.flags if flag.recorded):
        for own in [own for _, own in per_container(values)] if flag.each else [values]:
            if given(flag, own):
                found.add(f"--no-{flag.name[2:]}" if own[flag.variable] is False else flag.name)
    return sorted(found)
