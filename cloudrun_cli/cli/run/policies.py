"""`cloudrun run services {get,set,add,remove}-iam-policy…`: who may do what with a service."""

from typing import Annotated

from cloudrun_cli.cli.command import positional
from cloudrun_cli.cli.context import context
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
from cloudrun_cli.cli.run.services import Region, services

Service = Annotated[str, positional("SERVICE", "The service.", names="services")]


@services.command(
    "get-iam-policy",
    rows=True,
    examples=[
        "cloudrun run services get-iam-policy hello",
        "cloudrun run services get-iam-policy hello --flatten='bindings[].members' "
        "--format='table(bindings.role,bindings.members)'",
    ],
)
def get(service: Service, region: Region = None) -> Policy:
    """Print the policy of a service: which roles its members have on it."""
    return read(_subject(service))


@services.command("set-iam-policy", examples=["cloudrun run services set-iam-policy hello policy.yaml"])
def set_(service: Service, policy_file: PolicyFile, region: Region = None) -> Policy:
    """Replace the policy of a service. One that carries an etag replaces only the policy that has it."""
    return write(_subject(service), policy_file)


@services.command(
    "add-iam-policy-binding",
    exclusive=[ONE_CONDITION],
    examples=[
        "cloudrun run services add-iam-policy-binding hello --member=allUsers --role=roles/run.invoker",
        "cloudrun run services add-iam-policy-binding hello --member=user:dev@example.com --role=roles/run.developer",
    ],
)
def add(
    service: Service,
    member: Member,
    role: Role,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
    region: Region = None,
) -> Policy:
    """Give a member a role on a service. With allUsers and roles/run.invoker anybody may call it, at once."""
    return bind(_subject(service), member, role, condition, condition_from_file)


@services.command(
    "remove-iam-policy-binding",
    exclusive=[ONE_OR_ALL],
    examples=["cloudrun run services remove-iam-policy-binding hello --member=allUsers --role=roles/run.invoker"],
)
def remove(
    service: Service,
    member: Member,
    role: Role,
    all_: Everywhere = False,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
    region: Region = None,
) -> Policy:
    """Take a role on a service from a member."""
    return unbind(_subject(service), member, role, condition, condition_from_file, everywhere=all_)


def _subject(service: str) -> Subject:
    from cloudrun_cli.core.iam import service_resource
    from cloudrun_cli.core.names import check_resource_name

    present = context()
    return Subject(service_resource(present.project, present.region, check_resource_name(service)), "service", service)
