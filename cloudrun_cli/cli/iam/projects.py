"""`cloudrun projects`: create, delete, describe, list, undelete, update, and what a project is in."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.iam.places import ONE_PARENT, Folder, Organization
from cloudrun_cli.cli.parsing import DictOf
from cloudrun_cli.cli.policies import opened

projects = Group("projects")

API = "https://cloudresourcemanager.googleapis.com/v1/projects"

Project = Annotated[str, positional("PROJECT_ID_OR_NUMBER", "The project, by its id or number.", names="projects")]
ProjectId = Annotated[str, positional("PROJECT_ID", "The project, by its id.", names="projects")]
Name = Annotated[str, flag("--name", "Its name for people.")]

TABLE = """table(
    projectId:sort=1:label=PROJECT_ID,
    name:label=NAME,
    projectNumber:label=PROJECT_NUMBER,
    tags.environment:label=ENVIRONMENT:optional)"""


def address(project: Any) -> str:
    """Where the API has the project."""
    return f"{API}/{project['projectId']}"


@projects.command(
    "create",
    format="none",
    exclusive=[ONE_PARENT],
    examples=[
        "cloudrun projects create shop-staging --name='Shop, staging' --labels=env=staging",
        "cloudrun projects create shop-test --folder=123456789012 --set-as-default",
    ],
)
def create(
    project_id: Annotated[str | None, positional("PROJECT_ID", "The id of the new project.")] = None,
    name: Annotated[str | None, flag("--name", "Its name for people; its id when none is given.")] = None,
    folder: Folder = None,
    organization: Organization = None,
    labels: Annotated[
        dict[str, str] | None, flag("--labels", "Its labels.", DictOf(repeatable=True), metavar="KEY=VALUE")
    ] = None,
    tags: Annotated[
        dict[str, str] | None,
        flag("--tags", "Taken as gcloud takes it; without effect here.", DictOf(repeatable=True), metavar="KEY=VALUE"),
    ] = None,
    enable_cloud_apis: Annotated[
        bool, switch("--enable-cloud-apis", "Every API is enabled here, with or without this.")
    ] = True,
    set_as_default: Annotated[bool, switch("--set-as-default", "Make it the project in use.")] = False,
) -> dict[str, Any]:
    """Make a project, which is yours. It is in the organization unless a folder is named."""
    from cloudrun_cli.cli.iam.places import parent
    from cloudrun_cli.controlplane import projects as verbs

    present = context()
    made = verbs.create(
        present.store,
        project_id or _from_name(name),
        name=name or "",
        parent=parent(folder, organization) if folder or organization else None,
        labels=labels,
        caller=present.account,
        now=present.now(),
    )
    if tags:
        present.warn("Without effect here: --tags.")
    present.tell(f"Created [{address(made)}].")
    if set_as_default:
        present.settings.configurations.set("core", "project", made["projectId"])
        present.tell(f"Updated property [core/project] to [{made['projectId']}].")
    return made


@projects.command("delete", format="none", examples=["cloudrun projects delete shop-test"])
def delete(project: Project) -> None:
    """Ask for the deletion of a project: what is in it can be used no more. It can be had back for 30 days."""
    from cloudrun_cli.cli.run.deleting import confirm
    from cloudrun_cli.controlplane import projects as verbs

    present = opened()
    confirm("Your project will be deleted.")
    verbs.delete(present.store, project, caller=present.account, now=present.now())
    present.ring()
    present.tell(f"Deleted [{API}/{project}].")
    present.tell("\nYou can undo this operation for a limited period by running the command below.")
    present.tell(f"    $ cloudrun projects undelete {project}")


@projects.command("undelete", format="none", examples=["cloudrun projects undelete shop-test"])
def undelete(project: Project) -> None:
    """Have a deleted project back, with what is in it."""
    from cloudrun_cli.controlplane import projects as verbs

    present = context()
    verbs.undelete(present.store, project, caller=present.account, now=present.now())
    present.ring()
    present.tell(f"Restored project [{API}/{project}].")


@projects.command("update", format="none", examples=["cloudrun projects update shop-test --name='Shop, test'"])
def update(project_id: ProjectId, name: Name) -> dict[str, Any]:
    """Give a project another name for people."""
    from cloudrun_cli.controlplane import projects as verbs

    present = opened()
    changed = verbs.rename(present.store, project_id, name, caller=present.account, now=present.now())
    present.tell(f"Updated [{API}/{project_id}].")
    return changed


@projects.command(
    "move",
    format="none",
    exclusive=[ONE_PARENT],
    examples=["cloudrun projects move shop-test --folder=123456789012"],
)
def move(project: Project, folder: Folder = None, organization: Organization = None) -> dict[str, Any]:
    """Put a project into another folder, or into the organization itself; what it inherits is then theirs."""
    from cloudrun_cli.cli.iam.places import parent
    from cloudrun_cli.controlplane import projects as verbs

    present = opened()
    to = parent(folder, organization)
    moved = verbs.move(present.store, project, to, caller=present.account, now=present.now())
    present.ring()
    present.tell(f"Moved [{API}/{project}] to [{to}].")
    return moved


@projects.command(
    "describe",
    examples=[
        "cloudrun projects describe demo",
        "cloudrun projects describe demo --format='value(projectNumber)'",
    ],
)
def describe(project: Project) -> dict[str, Any]:
    """Show a project: its number, its name, its labels and what it is in."""
    from cloudrun_cli.controlplane import projects as verbs

    present = opened()
    return verbs.describe(present.store, project, caller=present.account)


@projects.command(
    "list", format=TABLE, uri=address, examples=["cloudrun projects list", "cloudrun projects list --uri"]
)
def list_() -> list[dict[str, Any]]:
    """List the projects that you may see."""
    from cloudrun_cli.controlplane import projects as verbs

    present = opened()
    return verbs.everything(present.store, caller=present.account)


@projects.command(
    "get-ancestors", format="table(id:label=ID, type:label=TYPE)", examples=["cloudrun projects get-ancestors demo"]
)
def get_ancestors(project_id: ProjectId) -> list[dict[str, str]]:
    """List a project and all that it is in, up to the organization."""
    from cloudrun_cli.controlplane import projects as verbs

    present = opened()
    found = verbs.ancestors(present.store, project_id, caller=present.account)
    return [{"id": name, "type": kind} for kind, name in found]


@projects.command(
    "get-ancestors-iam-policy",
    rows=True,
    examples=["cloudrun projects get-ancestors-iam-policy demo"],
)
def get_ancestors_iam_policy(
    project_id: ProjectId,
    include_deny: Annotated[bool, switch("--include-deny", "Deny policies too; here there are none.")] = False,
) -> list[dict[str, Any]]:
    """Print the policies of a project and of all that it is in."""
    from cloudrun_cli.controlplane import policies
    from cloudrun_cli.controlplane import projects as verbs

    present = opened()
    found = verbs.ancestors(present.store, project_id, caller=present.account)
    return [
        {
            "id": name,
            "policy": policies.get(present.store, f"{kind}s/{name}", caller=present.account),
            "type": kind,
        }
        for kind, name in found
    ]


def _from_name(name: str | None) -> str:
    """An id made of the name for people, once the user agrees. Raises InvalidArgument."""
    import re

    from cloudrun_cli.core.errors import InvalidArgument

    made = re.sub(r"[^a-z0-9]+", "-", (name or "").lower()).strip("-")[:30].strip("-")
    present = context()
    if made and present.can_ask and present.confirm(f"No project ID provided.\n\nUse [{made}] as project ID"):
        return made
    raise InvalidArgument(
        "Missing required argument [PROJECT_ID]: an ID or a name must be provided for the new project",
        field="PROJECT_ID",
    )
