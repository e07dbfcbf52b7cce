"""`cloudrun scheduler locations`: list, describe."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, positional
from cloudrun_cli.cli.context import context

locations = Group("scheduler locations")


def address(location: Any) -> str:
    """Where the API would have the location."""
    return f"http://cloudscheduler.localhost:{context().edge.http_port}/v1/{location['name']}"


@locations.command(
    "list",
    format='table(locationId:label="NAME", name:label="FULL_NAME")',
    uri=address,
    examples=["cloudrun scheduler locations list"],
)
def list_() -> list[dict[str, Any]]:
    """List the locations that a schedule can be in; here all of them are this machine."""
    from cloudrun_cli.core.regions import REGIONS

    return [_location(context().project, name) for name in REGIONS]


@locations.command("describe", examples=["cloudrun scheduler locations describe us-central1"])
def describe(
    location: Annotated[str, positional("LOCATION", "The location.", names="regions")],
) -> dict[str, Any]:
    """Show a location."""
    from cloudrun_cli.core.names import check_region

    return _location(context().project, check_region(location))


def _location(project: str, name: str) -> dict[str, Any]:
    return {
        "labels": {"cloud.googleapis.com/region": name},
        "locationId": name,
        "name": f"projects/{project}/locations/{name}",
    }
