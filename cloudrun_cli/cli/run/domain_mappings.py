"""`cloudrun run domain-mappings`: create, delete, describe, list."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, switch
from cloudrun_cli.cli.context import context

domain_mappings = Group("run domain-mappings")

Region = Annotated[str | None, flag("--region", "The region of the mapping.", names="regions", property="run/region")]
Namespace = Annotated[
    str | None, flag("--namespace", "The project of the mapping.", names="projects", property="core/project")
]
NewDomain = Annotated[str, flag("--domain", "The domain, for example www.example.com.")]
Domain = Annotated[str, flag("--domain", "The domain, for example www.example.com.", names="domain_mappings")]

RECORDS = 'table(name:label=NAME, type:label="RECORD TYPE", rrdata:label=CONTENTS)'
TABLE = """table(
    ready_symbol.color(red="[xX]",green="[✓✔]",yellow="[-!…]"):label="",
    metadata.name:label=DOMAIN,
    route_name:label=SERVICE,
    region:label=REGION)
    :(metadata.labels.'run.googleapis.com/satisfiesPzs':alias='satisfiesPzs')"""


def address(mapping: Any) -> str:
    """Where the API has the mapping."""
    from cloudrun_cli.cli.run.rows import api_address

    return api_address(mapping, context().edge)


@domain_mappings.command(
    "create",
    format=RECORDS,
    examples=["cloudrun run domain-mappings create --service=hello --domain=www.example.com"],
)
def create(
    service: Annotated[str, flag("--service", "The service that answers for the domain.", names="services")],
    domain: NewDomain,
    force_override: Annotated[
        bool, switch("--force-override", "Map the domain though it leads to another service.")
    ] = False,
    region: Region = None,
    namespace: Namespace = None,
) -> list[dict[str, Any]]:
    """Let a domain lead to a service: it is served by Host at once, over HTTP and HTTPS."""
    from cloudrun_cli.controlplane import domains as verbs
    from cloudrun_cli.core.resources import ServiceRef
    from cloudrun_cli.output.progress import OneStep

    present = context()
    with OneStep("Creating", stream=present.err):
        made = verbs.create(
            present.store,
            ServiceRef(present.project, present.region, service),
            domain,
            force_override=force_override,
            caller=present.account,
            now=present.now(),
            random=present.random,
        )
    present.ring()
    name, edge = made["metadata"]["name"], present.edge
    present.tell(f"Domain [{name}] leads to service [{service}] in region [{present.region}].")
    present.tell(f"Try it: curl http://{name}:{edge.http_port} --resolve {name}:{edge.http_port}:127.0.0.1")
    present.tell("The records are those that its DNS would need to lead to Cloud Run; nothing here looks at them.")
    return [{"name": record.get("name") or service, **record} for record in made["status"]["resourceRecords"]]


@domain_mappings.command("delete", examples=["cloudrun run domain-mappings delete --domain=www.example.com --quiet"])
def delete(
    domain: Domain,
    async_: Annotated[bool, switch("--async", "Return at once.")] = False,
    region: Region = None,
    namespace: Namespace = None,
) -> None:
    """Take a domain away from its service."""
    from cloudrun_cli.cli.run.deleting import confirm, told
    from cloudrun_cli.controlplane import domains as verbs

    present = context()
    confirm(f"Domain mapping to [{domain}] will be deleted.")
    with told("domain mapping", domain, async_=async_):
        verbs.delete(present.store, present.project, domain, caller=present.account, now=present.now())


@domain_mappings.command(
    "describe", format="yaml", examples=["cloudrun run domain-mappings describe --domain=www.example.com"]
)
def describe(domain: Domain, region: Region = None, namespace: Namespace = None) -> dict[str, Any]:
    """Show a domain mapping: its service, whether it is served, and the records for its DNS."""
    from cloudrun_cli.controlplane import domains as verbs

    present = context()
    return verbs.get(present.store, present.project, domain, caller=present.account)


@domain_mappings.command(
    "list", format=TABLE, uri=address, examples=["cloudrun run domain-mappings list --format=json"]
)
def list_(region: Region = None, namespace: Namespace = None) -> list[Any]:
    """List the domains that are mapped to services of the project."""
    from cloudrun_cli.cli.run.rows import domain_mapping_row
    from cloudrun_cli.controlplane import domains as verbs

    present = context()
    if present.reader is None:
        return []
    found = verbs.everything(present.reader, present.project, region, caller=present.account)
    return [domain_mapping_row(mapping) for mapping in found]
