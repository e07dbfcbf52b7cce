"""`cloudrun iam service-accounts …-iam-policy…`: who may use a service account, act as it, or change it."""

from cloudrun_cli.cli.iam.accounts import Account
from cloudrun_cli.cli.iam.service_accounts import ADDRESS, accounts
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
    opened,
    read,
    unbind,
    write,
)

_BINDING = f"{ADDRESS} --member=user:ann@example.com --role=roles/iam.serviceAccountUser"


@accounts.command("get-iam-policy", rows=True, examples=[f"cloudrun iam service-accounts get-iam-policy {ADDRESS}"])
def get(service_account: Account) -> Policy:
    """Print the policy of a service account itself: who may do what with it, and not what it may do."""
    return read(_subject(service_account))


@accounts.command("set-iam-policy", examples=[f"cloudrun iam service-accounts set-iam-policy {ADDRESS} policy.yaml"])
def set_(service_account: Account, policy_file: PolicyFile) -> Policy:
    """Replace the policy of a service account. One that carries an etag replaces only the policy that has it."""
    return write(_subject(service_account), policy_file)


@accounts.command(
    "add-iam-policy-binding",
    exclusive=[ONE_CONDITION],
    examples=[f"cloudrun iam service-accounts add-iam-policy-binding {_BINDING}"],
)
def add(
    service_account: Account,
    member: Member,
    role: Role,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
) -> Policy:
    """Give a member a role on a service account, such as to deploy what runs as it."""
    return bind(_subject(service_account), member, role, condition, condition_from_file)


@accounts.command(
    "remove-iam-policy-binding",
    exclusive=[ONE_OR_ALL],
    examples=[f"cloudrun iam service-accounts remove-iam-policy-binding {_BINDING}"],
)
def remove(
    service_account: Account,
    member: Member,
    role: Role,
    all_: Everywhere = False,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
) -> Policy:
    """Take a role on a service account from a member."""
    return unbind(_subject(service_account), member, role, condition, condition_from_file, everywhere=all_)


def _subject(account: str) -> Subject:
    from cloudrun_cli.controlplane.service_accounts import resource

    return Subject(resource(opened().store, account), "serviceAccount", account)
