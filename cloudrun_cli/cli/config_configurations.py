"""`cloudrun config configurations …`: named sets of properties."""

from typing import Annotated, Any

from cloudrun_cli.cli import complaints
from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import context
from cloudrun_cli.core.errors import CloudRunError, NotFound
from cloudrun_cli.properties import KNOWN

configurations = Group("config configurations")

Name = Annotated[str, positional("CONFIGURATION_NAME", "The configuration.", names="configurations")]
NewName = Annotated[str, positional("CONFIGURATION_NAME", "The name of the new configuration.")]
Names = Annotated[list[str], positional("CONFIGURATION_NAMES", "The configurations.", names="configurations")]


@configurations.command(
    "list",
    format="table(name, is_active, properties.core.account, properties.core.project, "
    "properties.compute.zone:label=COMPUTE_DEFAULT_ZONE, properties.compute.region:label=COMPUTE_DEFAULT_REGION)",
    examples=["cloudrun config configurations list", "cloudrun config configurations list --filter=is_active=true"],
)
def list_() -> list[dict[str, Any]]:
    """List the configurations and which of them is active."""
    found = context().settings.configurations
    return [_described(name, dict(found.load(name))) for name in found.names()]


@configurations.command(
    "describe",
    examples=[
        "cloudrun config configurations describe default",
        "cloudrun config configurations describe default --all",
    ],
)
def describe(
    name: Name, all: Annotated[bool, switch("--all", "Show the properties that are not set too.")] = False
) -> dict[str, Any]:
    """Show what a configuration sets."""
    found = context().settings.configurations
    if name not in found.names():
        raise NotFound(f"The configuration [{name}] does not exist.")
    properties: dict[str, dict[str, str | None]] = {}
    if all:
        for path in sorted(KNOWN):
            section, _, key = path.partition("/")
            properties.setdefault(section, {})[key] = None
    for section, values in found.load(name).items():
        properties.setdefault(section, {}).update(values)
    return _described(name, properties)


@configurations.command("create", examples=["cloudrun config configurations create staging"])
def create(
    name: NewName, activate: Annotated[bool, switch("--activate", "Make it the active one at once.")] = True
) -> None:
    """Create a configuration and make it the active one."""
    found = context().settings.configurations
    found.create(name)
    context().tell(f"Created [{name}].")
    if activate:
        found.activate(name)
        context().tell(f"Activated [{name}].")
    else:
        command = f"{complaints.program()} config configurations activate {name}"
        context().tell(f"To use this configuration, activate it by running:\n  $ {command}\n\n")


@configurations.command("activate", examples=["cloudrun config configurations activate default"])
def activate(name: Name) -> None:
    """Make a configuration the active one."""
    context().settings.configurations.activate(name)
    context().tell(f"Activated [{name}].")


@configurations.command("delete", examples=["cloudrun config configurations delete staging --quiet"])
def delete(names: Names) -> None:
    """Delete configurations; the active one cannot be deleted."""
    lines = "".join(f"\n - {name}" for name in names)
    context().tell(f"The following configurations will be deleted:{lines}")
    if not context().confirm(""):
        raise CloudRunError("Aborted by user.")
    for name in names:
        context().settings.configurations.delete(name, command=complaints.program())
        context().tell(f"Deleted [{name}].")


@configurations.command("rename", examples=["cloudrun config configurations rename staging --new-name=preview"])
def rename(name: Name, new_name: Annotated[str, flag("--new-name", "The name it should have.")]) -> None:
    """Give a configuration another name; the active one keeps its name."""
    context().settings.configurations.rename(name, new_name)
    context().tell(f"Renamed [{name}] to be [{new_name}].")


def _described(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    active = context().settings.configurations.active
    return {"name": name, "is_active": name == active, "properties": properties}
