"""`cloudrun config …`: properties, with gcloud's order and words."""

from typing import Annotated

from cloudrun_cli.cli.command import Group, positional, switch
from cloudrun_cli.cli.context import context
from cloudrun_cli.properties import KNOWN
from cloudrun_cli.settings import check, property_path

config = Group("config")

Tree = dict[str, dict[str, str | None]]

Property = Annotated[
    str, positional("SECTION/PROPERTY", "The property; those of core need no section.", names="properties")
]
AnyProperty = Annotated[
    str | None,
    positional("SECTION/PROPERTY", "Show this property alone, or with `SECTION/` a section.", names="properties"),
]
Value = Annotated[str, positional("VALUE", "What it should be.", names="property_values")]


@config.command(
    "set", examples=["cloudrun config set run/region europe-west1", "cloudrun config set run/runtime process"]
)
def set_(property: Property, value: Value) -> None:
    """Set a property in the active configuration."""
    path = property_path(property)
    check(KNOWN[path], value)
    _warn_when_overridden(path)
    section, _, name = path.partition("/")
    context().settings.configurations.set(section, name, value)
    _ring(section)
    context().tell(f"Updated property [{path}].")


@config.command("unset", examples=["cloudrun config unset run/region"])
def unset(property: Property) -> None:
    """Take a property out of the active configuration."""
    path = property_path(property)
    _warn_when_overridden(path)
    section, _, name = path.partition("/")
    context().settings.configurations.set(section, name, None)
    _ring(section)
    context().tell(f"Unset property [{path}].")


@config.command("get", format="value(.)", examples=["cloudrun config get project", "cloudrun config get run/region"])
def get(property: Property) -> str | None:
    """Print the value of a property."""
    return _value(property)


@config.command("get-value", format="value(.)", hidden=True, examples=["cloudrun config get-value project"])
def get_value(property: Property) -> str | None:
    """Print the value of a property."""
    return _value(property)


@config.command(
    "list",
    format="config",
    rows=False,
    examples=["cloudrun config list", "cloudrun config list --all", "cloudrun config list run/"],
)
def list_(
    property: AnyProperty = None,
    all: Annotated[bool, switch("--all", "Show those that are not set too.")] = False,
) -> Tree:
    """List the properties that are set."""
    present = context()
    tree = _tree(_paths(property), include_unset=all or bool(property and not property.endswith("/")))
    if present.format is None:
        present.tell(f"\nYour active configuration is: [{present.settings.configurations.active}]")
    return tree


def _paths(typed: str | None) -> list[str]:
    """The properties that are meant, in order."""
    if typed is None:
        return sorted(KNOWN)
    if typed.endswith("/"):
        property_path(next((path for path in KNOWN if path.startswith(typed)), f"{typed}name"))
        return sorted(path for path in KNOWN if path.startswith(typed))
    return [property_path(typed)]


def _tree(paths: list[str], *, include_unset: bool) -> Tree:
    """Section, property, value; what nobody has set only when wanted, and then with its default."""
    tree: Tree = {}
    for path in paths:
        setting = context().settings.resolve(path)
        if include_unset or setting.source != "default":
            section, _, name = path.partition("/")
            tree.setdefault(section, {})[name] = setting.value
    return tree


def _value(typed: str) -> str | None:
    value = context().settings.resolve(property_path(typed)).value
    if value is None:
        context().tell("(unset)")
    return value


def _ring(section: str) -> None:
    """The daemon, if it runs, hears of what is set for it."""
    if section == "emulator":
        from cloudrun_cli.daemon import doorbell

        doorbell.ring(context().home)


def _warn_when_overridden(path: str) -> None:
    source, _, variable = context().settings.resolve(path).source.partition(" ")
    if source == "environment":
        value = context().settings.resolve(path).value
        context().warn(f"Property [{path}] is overridden by environment setting [{variable}={value}]")
