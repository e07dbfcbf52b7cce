"""`cloudrun run services`: list, describe, delete."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import context

services = Group("run services")

Region = Annotated[str | None, flag("--region", "The region of the service.", names="regions", property="run/region")]
Service = Annotated[
    str, positional("SERVICE", "The service.", names="services", anchor="SERVICE : --namespace=NAMESPACE")
]

TABLE = """table(
    ready_symbol.color(red="[xX]",green="[✓✔]",yellow="[-!…]"):label="",
    firstof(id,metadata.name):label=SERVICE,
    region:label=REGION,
    domain:label=URL,
    last_modifier:label="LAST DEPLOYED BY",
    last_transition_time:label="LAST DEPLOYED AT")"""


def address(service: Any) -> str:
    """Where the API has the service."""
    meta, edge = service["metadata"], context().edge
    region = meta["labels"]["cloud.googleapis.com/location"]
    return f"http://{region}-run.localhost:{edge.http_port}{meta['selfLink']}"


@services.command(
    "list",
    format=TABLE,
    uri=address,
    examples=["cloudrun run services list", "cloudrun run services list --region=us-central1 --format=json"],
)
def list_(region: Region = None) -> list[Any]:
    """List the services of the project, of one region or of all."""
    from cloudrun_cli.cli.run.rows import service_row
    from cloudrun_cli.controlplane import listing

    present = context()
    if present.reader is None:
        return []
    return [service_row(s) for s in listing.services(present.reader, present.project, present.edge, region)]


@services.command("describe", examples=["cloudrun run services describe hello --format='value(status.url)'"])
def describe(service: Service, region: Region = None) -> dict[str, Any] | None:
    """Show a service: its addresses, its traffic, and what its newest revision runs."""
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.addresses import located
    from cloudrun_cli.core.resources import RevisionRef, ServiceRef
    from cloudrun_cli.core.wire.v1 import revision_to_json, service_to_json
    from cloudrun_cli.store import projects, revisions

    present = context()
    found = verbs.get(present.store, ServiceRef(present.project, present.region, service))
    number = projects.number(present.store, present.project) or ""
    body = located(service_to_json(found, number), found.door, present.edge)
    if present.values["wide_format"] is not None:
        return body
    from cloudrun_cli.cli.run.describing import service_lines

    name = found.status.latest_created
    newest = revisions.get(present.store, RevisionRef(present.project, present.region, name)) if name else None
    for line in service_lines(body, revision_to_json(newest, number) if newest else None):
        print(line, file=present.out)
    return None


@services.command("delete", examples=["cloudrun run services delete hello --quiet"])
def delete(
    service: Service,
    region: Region = None,
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
