"""`cloudrun run regions`: list."""

from typing import Any

from cloudrun_cli.cli.command import Group
from cloudrun_cli.cli.context import context

regions = Group("run regions")


def address(region: Any) -> str:
    """Where the API has the region."""
    return f"http://run.localhost:{context().edge.http_port}/v1/{region['name']}"


@regions.command(
    "list",
    format="table(locationId:label=NAME:sort=1):(labels.'run.googleapis.com/supportsPzs':alias='supportsPzs')",
    uri=address,
    examples=["cloudrun run regions list", "cloudrun run regions list --format='value(locationId)'"],
)
def list_() -> list[dict[str, Any]]:
    """List the regions that a service can be in; here all of them are this machine."""
    from cloudrun_cli.core.regions import REGIONS

    present = context()
    project = present.project
    if present.reader is not None:
        from cloudrun_cli.controlplane import permits

        permits.require(present.reader, present.account, "regions list", permits.place(project))
    return [{"locationId": name, "name": f"projects/{project}/locations/{name}"} for name in REGIONS]
