"""`cloudrun resource-manager folders …-iam-policy…`: who may do what with a folder and all that is in it."""

from cloudrun_cli.cli.iam.folders import Folder, FolderId, folders
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


@folders.command(
    "get-iam-policy", rows=True, examples=["cloudrun resource-manager folders get-iam-policy 123456789012"]
)
def get(folder: FolderId) -> Policy:
    """Print the policy of a folder itself; what it inherits is that of what it is in."""
    return read(_subject(folder))


@folders.command(
    "set-iam-policy", examples=["cloudrun resource-manager folders set-iam-policy 123456789012 policy.yaml"]
)
def set_(folder: FolderId, policy_file: PolicyFile) -> Policy:
    """Replace the policy of a folder. One that carries an etag replaces only the policy that has it."""
    return write(_subject(folder), policy_file)


@folders.command(
    "add-iam-policy-binding",
    exclusive=[ONE_CONDITION],
    examples=[
        "cloudrun resource-manager folders add-iam-policy-binding 123456789012 "
        "--member=user:dev@example.com --role=roles/run.viewer"
    ],
)
def add(
    folder: Folder,
    member: Member,
    role: Role,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
) -> Policy:
    """Give a member a role on a folder, and so on all that is in it."""
    return bind(_subject(folder), member, role, condition, condition_from_file)


@folders.command(
    "remove-iam-policy-binding",
    exclusive=[ONE_OR_ALL],
    examples=[
        "cloudrun resource-manager folders remove-iam-policy-binding 123456789012 "
        "--member=user:dev@example.com --role=roles/run.viewer"
    ],
)
def remove(
    folder: Folder,
    member: Member,
    role: Role,
    all_: Everywhere = False,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
) -> Policy:
    """Take a role on a folder from a member."""
    return unbind(_subject(folder), member, role, condition, condition_from_file, everywhere=all_)


def _subject(folder: str) -> Subject:
    number = folder.removeprefix("folders/")
    return Subject(f"folders/{number}", "folder", number)
