"""`cloudrun run services`: list, describe, delete."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import context

services = Group("run services")

Region = Annotated[str | None, flag("--region", "The region of the service.", names="regions", property="run/region")]
Namespace = Annotated[
    str | None, flag("--namespace", "The project of the service.", names="projects", property="core/project")
]
ListNamespace = Annotated[
    str | None,
    flag("--namespace", "The project of the services.", names="projects", property="core/project", hidden=True),
]
Service = Annotated[
    str, positional("SERVICE", "The service.", names="services", anchor="SERVICE : --namespace=NAMESPACE")
]

TABLE = """table(
    ready_symbol.color(red="[xX]",green="[✓✔]",yellow="[-!…]"):label="",
    firstof(id,metadata.name):label=SERVICE,
    region:label=REGION,
    domain:label=URL,
    last_modifier:label="LAST DEPLOYED BY",
    last_transition_time:label="LAST DEPLOYED AT")
    :(metadata.labels.'run.googleapis.com/satisfiesPzs':alias='satisfiesPzs')"""


def address(service: Any) -> str:
    """Where the API has the service."""
    from cloudrun_cli.cli.run.rows import api_address

    return api_address(service, context().edge)


@services.command(
    "list",
    format=TABLE,
    uri=address,
    examples=["cloudrun run services list", "cloudrun run services list --region=us-central1 --format=json"],
)
def list_(region: Region = None, namespace: ListNamespace = None) -> list[Any]:
    """List the services of the project, of one region or of all."""
    from cloudrun_cli.cli.run.rows import service_row
    from cloudrun_cli.controlplane import listing

    present = context()
    if present.reader is None:
        return []
    found = listing.services(
        present.reader, present.project, present.edge, region, present.rows_enough, caller=present.account
    )
    return [service_row(service) for service in found]


@services.command("describe", examples=["cloudrun run services describe hello --format='value(status.url)'"])
def describe(service: Service, region: Region = None, namespace: Namespace = None) -> dict[str, Any] | None:
    """Show a service: its addresses, its traffic, and what its newest revision runs."""
    from cloudrun_cli.cli.run.bodies import service_body

    present = context()
    body = service_body(service)
    if present.values["wide_format"] is not None:
        return body
    from cloudrun_cli.cli.run.describing import service_lines

    present.out.writelines(f"{line}\n" for line in service_lines(body))
    return None


@services.command("delete", examples=["cloudrun run services delete hello --quiet"])
def delete(
    service: Service,
    region: Region = None,
    namespace: Namespace = None,
    async_: Annotated[bool, switch("--async", "Return at once, while the instances still stop.")] = False,
) -> None:
    """Delete a service with its revisions. Its instances stop."""
    from cloudrun_cli.cli.run.deleting import confirm, told
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.resources import ServiceRef

    present = context()
    confirm(f"Service [{service}] will be deleted.")
    ref = ServiceRef(present.project, present.region, service)
    with told("service", service, async_=async_):
        verbs.delete(present.store, ref, caller=present.account, now=present.now())
