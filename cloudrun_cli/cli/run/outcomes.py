"""What deploying and updating have in common on the terminal: what is asked for, what came of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cloudrun_cli.cli.context import Context
from cloudrun_cli.cli.families import Family, Values, changes, recorded

if TYPE_CHECKING:
    from cloudrun_cli.controlplane.services import Rollout
    from cloudrun_cli.core.changes import Change
    from cloudrun_cli.core.jobs import ExecutionRef, JobRef
    from cloudrun_cli.core.resources import Revision, Service, ServiceRef

SERVICE_TYPE = "type.googleapis.com/google.cloud.run.v1.Service"


def asked(present: Context, ref: "ServiceRef", families: Sequence[Family], values: Values) -> "list[Change]":
    """What the flags ask for; those that mean nothing here are named once. Raises InvalidArgument, Aborted."""
    found = changes(families, values)
    if values["clear_vpc_connector"]:
        from cloudrun_cli.controlplane import services as verbs

        service = verbs.find(present.store, ref)
        confirm_without_connector(present, f"service [{ref.name}]", service.template.annotations if service else {})
    tell_recorded(present, families, values)
    return found


def tell_recorded(present: Context, families: Sequence[Family], values: Values) -> None:
    """Name the flags that are kept and mean nothing here, once."""
    if names := recorded(families, values):
        present.tell(f"Recorded, without effect on this machine: {', '.join(names)}.")


def tell(present: Context, service: "Service", revision: "Revision", rollout: "Rollout") -> None:
    """What came of a new revision, on stderr."""
    from cloudrun_cli.cli.complaints import command_line
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.addresses import tagged
    from cloudrun_cli.core.resources import Ingress
    from cloudrun_cli.store import revisions

    name, ref = revision.ref.name, service.ref
    percent = sum(t.percent for t in service.status.traffic if t.revision == name)
    made = revisions.get(present.store, revision.ref)
    if made is not None and made.status.note:
        present.tell(made.status.note)
    present.tell(
        f"Service [{ref.name}] revision [{name}] has been deployed and is serving {percent} percent of traffic."
    )
    url, own_port = _addresses(present, service)
    if percent:
        present.tell(f"Service URL: {url}")
        if own_port:
            present.tell(f"Own port:    {own_port}")
    elif not rollout.no_traffic:
        tell_pinned(present, ref)
    callable_from_here = service.ingress is Ingress.ALL and service.default_url
    if callable_from_here and service.invoker_check and not verbs.is_public(present.store, ref):
        caller = command_line("auth print-identity-token")
        present.tell(f'It is private. Call it with: curl -H "Authorization: Bearer $({caller})" {url}')
        proxy = command_line("run services proxy")
        present.tell(f"Proxy locally with: {proxy} {ref.name} --region {ref.region} --project {ref.project}")
        add = f"{command_line('run services add-iam-policy-binding')} {ref.name}{where(present, ref)}"
        present.tell(f"Let everybody call it with: {add} --member=allUsers --role=roles/run.invoker")
    for target in service.traffic:
        if target.tag and target.revision == name:
            present.tell(f"The revision can be reached directly at {tagged(url, target.tag)}")


def tell_pinned(present: Context, ref: "ServiceRef") -> None:
    """A new revision got nothing, though nobody asked for that: why, and what would change it."""
    from cloudrun_cli.cli.complaints import command_line

    update = command_line("run services update-traffic")
    present.tell(
        f"Its traffic is pinned, so new revisions get none; to send it all to the latest: {update} {ref.name} "
        f"--to-latest{where(present, ref)}"
    )


def printed(present: Context, service: "Service") -> dict[str, Any]:
    """The service as the answer of a command that has changed it."""
    from cloudrun_cli.core.addresses import located
    from cloudrun_cli.core.wire.v1 import service_to_json
    from cloudrun_cli.store import projects

    number = projects.number(present.store, service.ref.project) or ""
    return {"@type": SERVICE_TYPE, **located(service_to_json(service, number), service.door, present.edge)}


def _addresses(present: Context, service: "Service") -> tuple[str, str]:
    """The address to show, and the one of its own port; "" where it has none."""
    status = printed(present, service)["status"]
    url = status.get("url") or (service.urls[-1] if service.urls else "")
    return url, f"http://127.0.0.1:{service.door}" if service.door else ""


def where(present: Context, ref: "ServiceRef | JobRef | ExecutionRef") -> str:
    """What a command on this service, job or execution must say beside its name: what this one has said."""
    words = [f"--region={ref.region}"] if present.values.get("region") else []
    words += [f"--project={ref.project}"] if present.values["wide_project"] or present.values.get("namespace") else []
    return "".join(f" {word}" for word in words)


def confirm_without_connector(present: Context, what: str, annotations: Mapping[str, str]) -> None:
    """Ask before everything that goes out through a connector goes out without it. Raises FailedPrecondition where
    nobody can be asked, Aborted for a no."""
    from cloudrun_cli.core.annotations import VPC_CONNECTOR, VPC_EGRESS
    from cloudrun_cli.core.errors import Aborted, FailedPrecondition

    if VPC_CONNECTOR not in annotations or annotations.get(VPC_EGRESS) not in ("all", "all-traffic"):
        return
    if not present.can_ask:
        raise FailedPrecondition(
            f"--clear-vpc-connector: The egress of {what} is set to [{annotations[VPC_EGRESS]}], which goes with the "
            "connector.",
            field="--clear-vpc-connector",
            hint="Run it on a terminal to confirm, or set --vpc-egress=private-ranges-only first.",
        )
    if not present.confirm("Removing the connector also removes the egress setting: requests go out directly then."):
        raise Aborted("Aborted by user.")
