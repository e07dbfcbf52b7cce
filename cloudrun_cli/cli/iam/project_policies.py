"""`cloudrun projects …-iam-policy…`: who may do what with a project and all that is in it."""

from cloudrun_cli.cli.iam.projects import Project, ProjectId, projects
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


@projects.command("get-iam-policy", rows=True, examples=["cloudrun projects get-iam-policy demo"])
def get(project: Project) -> Policy:
    """Print the policy of a project itself; what it inherits is that of what it is in."""
    return read(_subject(project))


@projects.command("set-iam-policy", examples=["cloudrun projects set-iam-policy demo policy.yaml"])
def set_(project: Project, policy_file: PolicyFile) -> Policy:
    """Replace the policy of a project. One that carries an etag replaces only the policy that has it."""
    return write(_subject(project), policy_file)


@projects.command(
    "add-iam-policy-binding",
    exclusive=[ONE_CONDITION],
    examples=["cloudrun projects add-iam-policy-binding demo --member=user:dev@example.com --role=roles/run.viewer"],
)
def add(
    project: ProjectId,
    member: Member,
    role: Role,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
) -> Policy:
    """Give a member a role on a project, and so on all that is in it."""
    return bind(_subject(project), member, role, condition, condition_from_file)


@projects.command(
    "remove-iam-policy-binding",
    exclusive=[ONE_OR_ALL],
    examples=["cloudrun projects remove-iam-policy-binding demo --member=user:dev@example.com --role=roles/run.viewer"],
)
def remove(
    project: ProjectId,
    member: Member,
    role: Role,
    all_: Everywhere = False,
    condition: ConditionFlag = None,
    condition_from_file: ConditionFile = None,
) -> Policy:
    """Take a role on a project from a member."""
    return unbind(_subject(project), member, role, condition, condition_from_file, everywhere=all_)


def _subject(project: str) -> Subject:
    from cloudrun_cli.cli.policies import opened
    from cloudrun_cli.store.projects import get

    found = get(opened().store, project)
    return Subject(f"projects/{found.id if found else project}", "project", project)
