"""`cloudrun secrets {get,set,add,remove}-iam-policy…`: who may do what with a secret."""

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
from cloudrun_cli.cli.secrets.names import Location, Secret, secret_ref
from cloudrun_cli.cli.secrets.secrets import secrets

_GRANT = "--member=serviceAccount:web@demo.iam.gserviceaccount.com --role=roles/secretmanager.secretAccessor"


@secrets.command("get-iam-policy", rows=True, examples=["cloudrun secrets get-iam-policy api-key"])
def get(secret: Secret, location: Location = None) -> Policy:
    """Print the policy of a secret: which roles its members have on it."""
    return read(_subject(secret, location))


@secrets.command("set-iam-policy", examples=["cloudrun secrets set-iam-policy api-key policy.yaml"])
def set_(secret: Secret, policy_file: PolicyFile, location: Location = None) -> Policy:
    """Replace the policy of a secret. One that carries an etag replaces only the policy that has it."""
    return write(_subject(secret, location), policy_file)


@secrets.command(
    "add-iam-policy-binding",
    exclusive=[ONE_CONDITION],
    examples=[f"cloudrun secrets add-iam-policy-binding api-key {_GRANT}"],
)
def add(
    secret: Secret,
    member: Member,
    role: Role,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
    location: Location = None,
) -> Policy:
    """Give a member a role on a secret. With roles/secretmanager.secretAccessor it may read the payloads."""
    return bind(_subject(secret, location), member, role, condition, condition_from_file)


@secrets.command(
    "remove-iam-policy-binding",
    exclusive=[ONE_OR_ALL],
    examples=[f"cloudrun secrets remove-iam-policy-binding api-key {_GRANT}"],
)
def remove(
    secret: Secret,
    member: Member,
    role: Role,
    all_: Everywhere = False,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
    location: Location = None,
) -> Policy:
    """Take a role on a secret from a member. Mounted files that nobody may read any more are gone at once."""
    return unbind(_subject(secret, location), member, role, condition, condition_from_file, everywhere=all_)


def _subject(secret: str, location: str | None) -> Subject:
    ref = secret_ref(context(), secret, location)
    return Subject(ref.resource, "secret", ref.name)
