"""`cloudrun iam add-policy-binding | remove-policy-binding | get-policy`: any resource, by its name or URL."""

from typing import Annotated

from cloudrun_cli.cli.command import Group, positional
from cloudrun_cli.cli.policies import (
    ONE_CONDITION,
    ONE_OR_ALL,
    ConditionFile,
    ConditionFlag,
    Everywhere,
    Member,
    Policy,
    Role,
    Subject,
    bind,
    opened,
    read,
    unbind,
)

iam = Group("iam")

Resource = Annotated[
    str,
    positional(
        "RESOURCE",
        "What it is about: services/NAME, jobs/NAME, secrets/NAME, projects/ID, folders/NUMBER, a full name, the "
        "address of a service account, or a service's URL.",
    ),
]


@iam.command(
    "add-policy-binding",
    exclusive=[ONE_CONDITION],
    examples=[
        "cloudrun iam add-policy-binding services/hello --member=user:dev@example.com --role=roles/run.invoker",
        "cloudrun iam add-policy-binding http://hello-123456789012.us-central1.run.localhost:9080 "
        "--member=allUsers --role=roles/run.invoker",
        "cloudrun iam add-policy-binding secrets/key --member=serviceAccount:api@demo.iam.gserviceaccount.com "
        "--role=roles/secretmanager.secretAccessor",
    ],
)
def add(
    resource: Resource,
    member: Member,
    role: Role,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
) -> Policy:
    """Give a member a role on any resource."""
    return bind(subject(resource), member, role, condition, condition_from_file)


@iam.command(
    "remove-policy-binding",
    exclusive=[ONE_OR_ALL],
    examples=[
        "cloudrun iam remove-policy-binding services/hello --member=user:dev@example.com --role=roles/run.invoker"
    ],
)
def remove(
    resource: Resource,
    member: Member,
    role: Role,
    all_: Everywhere = False,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
) -> Policy:
    """Take a role on any resource from a member."""
    return unbind(subject(resource), member, role, condition, condition_from_file, everywhere=all_)


@iam.command(
    "get-policy",
    rows=True,
    examples=["cloudrun iam get-policy services/hello", "cloudrun iam get-policy projects/demo --format=json"],
)
def get(resource: Resource) -> Policy:
    """Print the policy of any resource itself; `effective-policy` has what it inherits too."""
    return read(subject(resource))


def named(resource: str) -> str:
    """The full name of what is meant."""
    from cloudrun_cli.controlplane.naming import full_name

    present = opened()
    return full_name(present.store, resource, present.project, present.region)


def subject(resource: str) -> Subject:
    """What a policy is about. Raises InvalidArgument for what has none."""
    import re

    from cloudrun_cli.controlplane.policies import kind_of

    full = named(resource)
    kind = re.sub(r"(?<=[a-z])([A-Z])", lambda found: f" {found[1].lower()}", kind_of(full).name).lower()
    return Subject(full, kind, full.rpartition("/")[2])
