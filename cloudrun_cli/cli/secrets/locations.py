"""`cloudrun secrets locations`: describe, list."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, positional
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.secrets.secrets import address

locations = Group("secrets locations")


@locations.command("describe", examples=["cloudrun secrets locations describe us-central1"])
def describe(
    location: Annotated[str, positional("LOCATION", "The location.", names="regions")],
) -> dict[str, Any]:
    """Show a location that a user-managed secret may be kept in; here each of them is this machine."""
    from cloudrun_cli.core.errors import NotFound
    from cloudrun_cli.core.regions import REGIONS

    if location not in REGIONS:
        raise NotFound(
            f"NOT_FOUND: Location [{location}] not found.", hint="List them: cloudrun secrets locations list"
        )
    return _location(location)


@locations.command(
    "list",
    format="table(name.basename():label=NAME, displayName:label=LOCATION)",
    uri=address,
    examples=["cloudrun secrets locations list", "cloudrun secrets locations list --filter=name:europe"],
)
def list_() -> list[dict[str, Any]]:
    """List the locations that user-managed secrets may be kept in."""
    from cloudrun_cli.core.regions import REGIONS

    return [_location(name) for name in REGIONS]


def _location(name: str) -> dict[str, Any]:
    labels = {"cloud.googleapis.com/region": name}
    project = context().project
    return {
        "displayName": name,
        "labels": labels,
        "locationId": name,
        "name": f"projects/{project}/locations/{name}",
    }
