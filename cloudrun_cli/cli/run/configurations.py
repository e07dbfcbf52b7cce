"""`cloudrun run configurations`: list, describe."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import context

configurations = Group("run configurations")

Region = Annotated[
    str | None, flag("--region", "The region of the configuration.", names="regions", property="run/region")
]
Namespace = Annotated[
    str | None,
    flag("--namespace", "The project of the configuration.", names="projects", property="core/project"),
]
ListNamespace = Annotated[
    str | None,
    flag("--namespace", "The project of the configurations.", names="projects", property="core/project", hidden=True),
]
Configuration = Annotated[
    str,
    positional(
        "CONFIGURATION",
        "The configuration; it has the name of its service.",
        names="services",
        anchor="CONFIGURATION : --namespace=NAMESPACE",
    ),
]

TABLE = """table(
    ready_symbol.color(red="[xX]",green="[✓✔]",yellow="[-!…]"):label="",
    firstof(id,metadata.name):label=CONFIGURATION,
    region:label=REGION,
    status.latestCreatedRevisionName:label="LATEST REVISION",
    status.latestReadyRevisionName:label="READY REVISION")
    :(metadata.labels.'run.googleapis.com/satisfiesPzs':alias='satisfiesPzs')"""


def address(configuration: Any) -> str:
    """Where the API has the configuration."""
    from cloudrun_cli.cli.run.rows import api_address

    return api_address(configuration, context().edge)


@configurations.command(
    "list",
    format=TABLE,
    uri=address,
    examples=["cloudrun run configurations list", "cloudrun run configurations list --format='value(metadata.name)'"],
)
def list_(region: Region = None, namespace: ListNamespace = None) -> list[Any]:
    """List the configurations of the region: what each service should run."""
    from cloudrun_cli.cli.run.rows import derived_row
    from cloudrun_cli.controlplane import listing
    from cloudrun_cli.core.wire.derived import configuration

    present = context()
    if present.reader is None:
        return []
    services = listing.services(
        present.reader,
        present.project,
        present.edge,
        present.region,
        caller=present.account,
        verb="configurations list",
    )
    return [derived_row(configuration(service)) for service in services]


@configurations.command("describe", examples=["cloudrun run configurations describe hello"])
def describe(configuration: Configuration, region: Region = None, namespace: Namespace = None) -> dict[str, Any]:
    """Show a configuration: the template of its service, and the newest revisions made from it."""
    from cloudrun_cli.cli.run.bodies import service_body
    from cloudrun_cli.core.wire import derived

    return derived.configuration(service_body(configuration, "configuration"))
