"""What to make stricter in a project: the advice of the course on least privilege, looked up in what there is.

Source: Introduction to service identity, recommendations; Using IAM securely.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from cloudrun_cli.controlplane import authorization, hierarchy
from cloudrun_cli.core import iam, roles
from cloudrun_cli.core.access import principal
from cloudrun_cli.core.names import default_service_account
from cloudrun_cli.store import jobs as job_rows
from cloudrun_cli.store import policies, projects
from cloudrun_cli.store import schedules as schedule_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store


class Check(StrEnum):
    """What is looked for."""

    BASIC_ROLE = "basic-role"
    SHARED_ACCOUNT = "shared-default-account"
    PUBLIC = "public-service"
    WIDE = "project-wide-role"
    UNUSED = "unused-account"
    MISSING = "missing-account"


class Finding(NamedTuple):
    """Something found, where, and what to type about it."""

    severity: str  # WARNING or INFO
    check: Check
    resource: str
    message: str
    advice: str


class _Ran(NamedTuple):
    """What runs as an account."""

    resource: str
    name: str
    account: str
    public: bool = False
    group: str = "run services"  # the commands for it


def find(store: Store, project: str, *, caller: str) -> list[Finding]:
    """Everything found in a project, warnings first. Raises PermissionDenied."""
    authorization.require(store, caller, "resourcemanager.projects.getIamPolicy", f"projects/{project}")
    number = projects.number(store, project) or ""
    ran = list(_ran(store, project))
    found = [
        *_basic(store, project),
        *_shared(ran, default_service_account(number)),
        *(_public(one) for one in ran if one.public),
        *_wide(store, project),
        *_accounts(store, project, number, ran),
    ]
    return sorted(found, key=lambda finding: (finding.severity != "WARNING", list(Check).index(finding.check)))


def _basic(store: Store, project: str) -> Iterator[Finding]:
    """Basic roles in force for the project, but for one owner, which every project needs."""
    chain = hierarchy.chain(store, hierarchy.place(store, f"projects/{project}").names)
    owners = 0
    for resource, role, member in _members(chain):
        if role not in roles.BASIC:
            continue
        is_person = member.startswith("user:")
        if role == roles.OWNER and is_person and resource.startswith("projects/"):
            owners += 1
            if owners == 1:
                continue
        yield Finding(
            "INFO" if is_person or role == roles.VIEWER else "WARNING",
            Check.BASIC_ROLE,
            resource,
            f"{member} has the basic role {role}: far more than any program needs.",
            f"Give it a predefined role where it is needed, then: cloudrun iam remove-policy-binding {resource} "
            f"--member={member} --role={role}",
        )


def _shared(ran: list[_Ran], default: str) -> Iterator[Finding]:
    of_default = [one for one in ran if one.account == default]
    for one in of_default:
        others = len(of_default) - 1
        shared = f", as {others} other{'s do' if others > 1 else ' does'}" if others else ""
        yield Finding(
            "WARNING",
            Check.SHARED_ACCOUNT,
            one.resource,
            f"{one.name} runs as the default account of the project{shared}.",
            f"Give it its own: cloudrun iam service-accounts create {_account_name(one.name)}, and "
            f"cloudrun {one.group} update {one.name} --service-account={_account_name(one.name)}",
        )


def _public(one: _Ran) -> Finding:
    return Finding(
        "INFO",
        Check.PUBLIC,
        one.resource,
        f"Anybody may call {one.name}.",
        f"If that is not meant: cloudrun run services remove-iam-policy-binding {one.name} --member=allUsers "
        f"--role={iam.INVOKER}, and cloudrun run services update {one.name} --invoker-iam-check",
    )


def _wide(store: Store, project: str) -> Iterator[Finding]:
    """Roles that programs have on the whole project, where one resource would do."""
    name = f"projects/{project}"
    for _, role, member in _members([(name, policies.get(store, name))]):
        if member.startswith("serviceAccount:") and role not in roles.BASIC:
            yield Finding(
                "INFO",
                Check.WIDE,
                name,
                f"{member} has {role} on everything in the project.",
                f"Give it on the one resource instead: cloudrun iam add-policy-binding RESOURCE --member={member} "
                f"--role={role}",
            )


def _accounts(store: Store, project: str, number: str, ran: list[_Ran]) -> Iterator[Finding]:
    """Accounts that nothing runs or calls as, and those that something runs as which are not there, where accounts are
    kept."""
    if not store.one("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'service_accounts'"):
        return
    used = {one.account for one in ran} | set(_callers(store, project))
    rows = store.read("SELECT email, project FROM service_accounts")
    for one in ran:
        if one.account not in {email for email, _ in rows}:
            yield Finding(
                "WARNING",
                Check.MISSING,
                one.resource,
                f"{one.name} runs as {one.account}, which does not exist: it gets no token.",
                f"Make it, or choose another: cloudrun {one.group} update {one.name} --service-account=ACCOUNT",
            )
    kept = {str(email) for email, of_project in rows if of_project == project}
    for account in sorted(kept - used - {default_service_account(number)}):
        yield Finding(
            "INFO",
            Check.UNUSED,
            f"projects/{project}/serviceAccounts/{account}",
            f"Nothing runs or calls as {account}.",
            f"If nobody needs it: cloudrun iam service-accounts delete {account}",
        )


def _ran(store: Store, project: str) -> Iterator[_Ran]:
    for service in service_rows.everywhere(store):
        ref = service.ref
        if ref.project == project:
            resource = iam.service_resource(ref.project, ref.region, ref.name)
            public = iam.is_public(policies.get(store, resource)) or not service.invoker_check
            yield _Ran(resource, ref.name, service.template.service_account, public)
    for job in job_rows.everywhere(store):
        if job.ref.project == project:
            resource = iam.job_resource(project, job.ref.region, job.ref.name)
            yield _Ran(resource, job.ref.name, job.template.task.service_account, group="run jobs")


def _callers(store: Store, project: str) -> Iterator[str]:
    """The accounts as which schedules call."""
    for schedule in schedule_rows.of_project(store, project, None):
        token = schedule.target.oidc or schedule.target.oauth
        if token is not None:
            yield token.account


def _members(chain: Any) -> Iterator[tuple[str, str, str]]:
    """Each member of each binding, with the resource and the role."""
    from cloudrun_cli.core.access import bindings

    for resource, binding in bindings(chain):
        for member in binding["members"]:
            yield resource, binding["role"], principal(member)


def _account_name(name: str) -> str:
    """A name that a service account may have: six letters at least."""
    return f"{name}-account"[:30].rstrip("-")
