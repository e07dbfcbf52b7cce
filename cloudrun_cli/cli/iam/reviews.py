"""`cloudrun iam effective-policy | troubleshoot | lint`: why somebody may or may not, and what to make stricter."""

from collections.abc import Iterator
from typing import Annotated, Any

from cloudrun_cli.cli.command import flag, positional
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.iam.bindings import Resource, iam, named
from cloudrun_cli.cli.policies import opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.controlplane.access_reviews import Review
    from cloudrun_cli.core.access import Grant

EFFECTIVE = """table(
    role:label=ROLE,
    members.list():label=MEMBERS,
    from:label=FROM,
    condition.title:label=CONDITION)"""
FINDINGS = """table(
    severity:label=SEVERITY,
    check:label=CHECK,
    message:label=FOUND,
    resource:label=RESOURCE)"""


@iam.command(
    "effective-policy",
    format=EFFECTIVE,
    rows=True,
    examples=[
        "cloudrun iam effective-policy services/hello",
        "cloudrun iam effective-policy projects/demo --format=json",
    ],
)
def effective_policy(resource: Resource) -> list[dict[str, Any]]:
    """List every binding that holds for a resource, its own and those it inherits, and where each comes from."""
    from cloudrun_cli.controlplane.access_reviews import effective

    present = opened()
    return effective(present.store, named(resource), caller=present.account)


@iam.command(
    "troubleshoot",
    examples=[
        "cloudrun iam troubleshoot user:dev@example.com run.routes.invoke services/hello",
        "cloudrun iam troubleshoot anonymous run.routes.invoke services/hello",
        "cloudrun iam troubleshoot api@demo.iam.gserviceaccount.com secretmanager.versions.access secrets/key",
    ],
)
def troubleshoot(
    member: Annotated[
        str, positional("MEMBER", "Who: user:EMAIL, serviceAccount:EMAIL, an EMAIL, or anonymous (allUsers).")
    ],
    permission: Annotated[str, positional("PERMISSION", "What they would do, such as run.routes.invoke.")],
    resource: Resource,
    host: Annotated[str | None, flag("--request-host", "The host they would call, for conditions.")] = None,
    path: Annotated[str | None, flag("--request-path", "The path they would call, for conditions.")] = None,
    time: Annotated[
        str | None, flag("--request-time", "When they would, for conditions: 2027-01-31T12:00:00Z.")
    ] = None,
) -> dict[str, Any]:
    """Tell whether a member has a permission on a resource, by which binding where; or what is missing, and the
    command that would grant it."""
    from cloudrun_cli.controlplane.access_reviews import review

    present = opened()
    asked = {"request.host": host, "request.path": path, "request.time": _moment(time)}
    attributes = {name: value for name, value in asked.items() if value is not None}
    full = named(resource)
    return _told(review(present.store, member, permission, full, attributes, caller=present.account), full)


@iam.command(
    "lint",
    format=FINDINGS,
    rows=True,
    examples=["cloudrun iam lint", "cloudrun iam lint --format='value(message,advice)' --filter=severity=WARNING"],
)
def lint() -> list[dict[str, str]]:
    """List what could be stricter in the project: basic roles, services on the default account, public services,
    roles on everything where one resource would do, unused accounts."""
    from cloudrun_cli.controlplane.access_findings import find

    present = opened()
    found = find(present.store, present.project, caller=present.account)
    if not found:
        present.tell(f"Nothing to make stricter in project [{present.project}].")
    elif present.format is None:
        present.tell("What to do about each: cloudrun iam lint --format='value(message,advice)'")
    return [{**one._asdict(), "check": str(one.check)} for one in found]


def _told(found: "Review", resource: str) -> dict[str, Any]:
    decision = found.decision
    who = decision.caller or "anonymous"
    told: dict[str, Any] = {
        "access": "GRANTED" if decision.allowed else "DENIED",
        "principal": who,
        "permission": decision.permission,
        "resource": resource,
    }
    if found.groups:
        told["groups"] = list(found.groups)
    if decision.grant is not None:
        missing = "" if found.exists else f"; {decision.resource} does not exist here"
        because = _because(decision.grant, who, resource) + missing
        return told | {"because": because, "binding": _binding(decision.grant)}
    told["because"] = "; ".join(_missing(found, who))
    if decision.unmet:
        told["unmetConditions"] = [_binding(grant) for grant in decision.unmet]
    told["searched"] = list(decision.searched)
    if not decision.deleted and not decision.unmet:
        member = who if decision.caller else "allUsers"
        told["wouldGrant"] = [
            f"cloudrun iam add-policy-binding {resource} --member={member} --role={role}" for role in found.roles
        ]
    return told


def _because(grant: "Grant", who: str, resource: str) -> str:
    where = "its own policy" if grant.resource == resource else f"the policy of {grant.resource}, which it is in,"
    as_member = "" if grant.member == who else f" as {grant.member}"
    under = f", under a condition that holds: {grant.condition.get('expression')}" if grant.condition else ""
    return f"{where} gives {grant.role} to {who}{as_member}{under}"


def _missing(found: "Review", who: str) -> Iterator[str]:
    decision = found.decision
    if not found.exists:
        yield f"{decision.resource} does not exist here"
    if decision.deleted:
        yield "its project has been deleted"
        return
    for grant in decision.unmet:
        expression = grant.condition.get("expression") if grant.condition else ""
        yield f"{grant.resource} gives {grant.role} to {grant.member}, but its condition does not hold: {expression}"
    if not decision.unmet:
        yield f"no policy from {decision.resource} up to the organization gives {who} a role with {decision.permission}"


def _binding(grant: "Grant") -> dict[str, Any]:
    condition = {"condition": dict(grant.condition)} if grant.condition else {}
    return {"resource": grant.resource, "role": grant.role, "member": grant.member, **condition}


def _moment(text: str | None) -> Any:
    from datetime import datetime

    from cloudrun_cli.core.errors import InvalidArgument

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidArgument(
            f"[{text}] is not a moment such as 2027-01-31T12:00:00Z.", field="--request-time"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=context().now().tzinfo)
