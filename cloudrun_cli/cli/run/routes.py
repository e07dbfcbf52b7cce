"""`cloudrun run routes`: list, describe."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import context

routes = Group("run routes")

Region = Annotated[str | None, flag("--region", "The region of the route.", names="regions", property="run/region")]
Namespace = Annotated[
    str | None, flag("--namespace", "The project of the route.", names="projects", property="core/project")
]
ListNamespace = Annotated[
    str | None,
    flag("--namespace", "The project of the routes.", names="projects", property="core/project", hidden=True),
]
Route = Annotated[
    str,
    positional(
        "ROUTE",
        "The route; it has the name of its service.",
        names="services",
        anchor="ROUTE : --namespace=NAMESPACE",
    ),
]

TABLE = """table(
    ready_symbol.color(red="[xX]",green="[✓✔]",yellow="[-!…]"):label="",
    metadata.name:label=ROUTE)
    :(metadata.labels.'run.googleapis.com/satisfiesPzs':alias='satisfiesPzs')"""


def address(route: Any) -> str:
    """Where the API has the route."""
    from cloudrun_cli.cli.run.rows import api_address

    return api_address(route, context().edge)


@routes.command(
    "list",
    format=TABLE,
    uri=address,
    examples=["cloudrun run routes list", "cloudrun run routes list --format='value(metadata.name,status.url)'"],
)
def list_(region: Region = None, namespace: ListNamespace = None) -> list[Any]:
    """List the routes of the region: where the requests of each service go."""
    from cloudrun_cli.cli.run.rows import derived_row
    from cloudrun_cli.controlplane import listing
    from cloudrun_cli.core.wire.derived import route

    present = context()
    if present.reader is None:
        return []
    services = listing.services(
        present.reader, present.project, present.edge, present.region, caller=present.account, verb="routes list"
    )
    return [derived_row(route(service)) for service in services]


@routes.command("describe", examples=["cloudrun run routes describe hello"])
def describe(route: Route, region: Region = None, namespace: Namespace = None) -> dict[str, Any]:
    """Show a route: the shares and tags of the revisions of its service."""
    from cloudrun_cli.cli.run.bodies import service_body
    from cloudrun_cli.core.wire import derived

    return derived.route(service_body(route, "route"))
