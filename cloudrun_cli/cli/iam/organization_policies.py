"""`cloudrun organizations …-iam-policy…`: who may do what with an organization and all that is in it."""

from cloudrun_cli.cli.iam.organizations import Organization, OrganizationId, organizations
from cloudrun_cli.cli.policies import (
    ONE_CONDITION,
    ONE_OR_ALL,
    ConditionFile,
    ConditionFlag,
    Everywhere,
    Member,
    Policy,
    PolicyFile,
    Role,
    Subject,
    bind,
    read,
    unbind,
    write,
)


@organizations.command("get-iam-policy", rows=True, examples=["cloudrun organizations get-iam-policy 123456789012"])
def get(organization: OrganizationId) -> Policy:
    """Print the policy of an organization itself; what it inherits is that of what it is in."""
    return read(_subject(organization))


@organizations.command("set-iam-policy", examples=["cloudrun organizations set-iam-policy 123456789012 policy.yaml"])
def set_(organization: OrganizationId, policy_file: PolicyFile) -> Policy:
    """Replace the policy of an organization. One that carries an etag replaces only the policy that has it."""
    return write(_subject(organization), policy_file)


@organizations.command(
    "add-iam-policy-binding",
    exclusive=[ONE_CONDITION],
    examples=[
        "cloudrun organizations add-iam-policy-binding 123456789012 "
        "--member=user:dev@example.com --role=roles/run.viewer"
    ],
)
def add(
    organization: Organization,
    member: Member,
    role: Role,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
) -> Policy:
    """Give a member a role on an organization, and so on all that is in it."""
    return bind(_subject(organization), member, role, condition, condition_from_file)


@organizations.command(
    "remove-iam-policy-binding",
    exclusive=[ONE_OR_ALL],
    examples=[
        "cloudrun organizations remove-iam-policy-binding 123456789012 "
        "--member=user:dev@example.com --role=roles/run.viewer"
    ],
)
def remove(
    organization: Organization,
    member: Member,
    role: Role,
    all_: Everywhere = False,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
) -> Policy:
    """Take a role on an organization from a member."""
    return unbind(_subject(organization), member, role, condition, condition_from_file, everywhere=all_)


def _subject(organization: str) -> Subject:
    from cloudrun_cli.cli.policies import opened
    from cloudrun_cli.controlplane.organizations import resolve

    number = resolve(opened().store, organization)
    return Subject(f"organizations/{number}", "organization", organization)
