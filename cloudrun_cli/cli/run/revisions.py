"""`cloudrun run revisions`: list, describe, delete."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import context

revisions = Group("run revisions")

Region = Annotated[str | None, flag("--region", "The region of the revision.", names="regions", property="run/region")]
Namespace = Annotated[
    str | None, flag("--namespace", "The project of the revision.", names="projects", property="core/project")
]
ListNamespace = Annotated[
    str | None,
    flag("--namespace", "The project of the revisions.", names="projects", property="core/project", hidden=True),
]
Revision = Annotated[
    str, positional("REVISION", "The revision.", names="revisions", anchor="REVISION : --namespace=NAMESPACE")
]

TABLE = """table(
    ready_symbol.color(red="[xX]",green="[✓✔]",yellow="[-!…]"):label="",
    name:label=REVISION,
    active.yesno(yes="yes", no=""),
    service_name:label=SERVICE:sort=1,
    creation_timestamp.date("%Y-%m-%d %H:%M:%S %Z"):label=DEPLOYED:sort=2:reverse,
    author:label="DEPLOYED BY")
    :(metadata.labels.'run.googleapis.com/satisfiesPzs':alias='satisfiesPzs')"""


def address(revision: Any) -> str:
    """Where the API has the revision."""
    from cloudrun_cli.cli.run.rows import api_address

    return api_address(revision, context().edge)


@revisions.command("list", format=TABLE, uri=address, examples=["cloudrun run revisions list --service=hello"])
def list_(
    service: Annotated[str | None, flag("--service", "Only those of this service.", names="services")] = None,
    region: Region = None,
    namespace: ListNamespace = None,
) -> list[Any]:
    """List the revisions of the region, or of one service."""
    from cloudrun_cli.cli.run.rows import revision_row
    from cloudrun_cli.controlplane import listing

    present = context()
    if present.reader is None:
        return []
    found = listing.revisions(present.reader, present.project, present.region, service, caller=present.account)
    found.sort(key=lambda revision: str(revision["metadata"]["creationTimestamp"]), reverse=True)
    if not present.values["filter"]:  # which of them is decided before they are sorted, as by the API
        found = found[: present.values["limit"]]
    return [revision_row(revision) for revision in found]


@revisions.command("describe", examples=["cloudrun run revisions describe hello-00001-abc --format=yaml"])
def describe(revision: Revision, region: Region = None, namespace: Namespace = None) -> dict[str, Any] | None:
    """Show a revision: what it runs, and whether it can."""
    from cloudrun_cli.controlplane import revisions as verbs
    from cloudrun_cli.core.resources import RevisionName, RevisionRef
    from cloudrun_cli.core.wire.v1 import revision_to_json
    from cloudrun_cli.store import projects

    present = context()
    ref = RevisionRef(present.project, present.region, RevisionName(revision))
    found = verbs.get(present.store, ref, caller=present.account)
    body = revision_to_json(found, projects.number(present.store, present.project) or "")
    if present.values["wide_format"] is not None:
        return body
    from cloudrun_cli.cli.run.describing import revision_lines

    present.out.writelines(f"{line}\n" for line in revision_lines(body))
    return None


@revisions.command("delete", examples=["cloudrun run revisions delete hello-00001-abc --quiet"])
def delete(
    revision: Revision,
    region: Region = None,
    namespace: Namespace = None,
    async_: Annotated[bool, switch("--async", "Return at once, while the instances still stop.")] = False,
) -> None:
    """Delete a revision that gets no requests and is not the latest of its service."""
    from cloudrun_cli.cli.run.deleting import confirm, told
    from cloudrun_cli.controlplane import revisions as verbs
    from cloudrun_cli.core.resources import RevisionName, RevisionRef

    present = context()
    confirm(f"Revision [{revision}] will be deleted.")
    ref = RevisionRef(present.project, present.region, RevisionName(revision))
    with told("revision", revision, async_=async_):
        verbs.delete(present.store, ref, caller=present.account, now=present.now())
