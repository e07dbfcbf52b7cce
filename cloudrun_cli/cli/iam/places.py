"""The flags that say where: in which folder, organization or project; and which of them is meant."""

from typing import Annotated

from cloudrun_cli.cli.command import flag
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.policies import opened

Folder = Annotated[str | None, flag("--folder", "The folder that it is in, by number.", metavar="FOLDER_ID")]
Organization = Annotated[
    str | None, flag("--organization", "The organization that it is in, by number.", metavar="ORGANIZATION_ID")
]
ONE_PARENT = ("--folder", "--organization")


def parent(folder: str | None, organization: str | None) -> str:
    """The parent that is meant, as folders/ID or organizations/ID. Raises Misuse when none is."""
    if folder:
        return f"folders/{folder.removeprefix('folders/')}"
    if organization:
        return f"organizations/{organization.removeprefix('organizations/')}"
    raise _misuse(context(), "--folder | --organization")


def owner(organization: str | None, *, needed: bool = True) -> str | None:
    """Whose roles are meant: those of the organization, or of the project that --project names. Raises Misuse when both
    are said, or neither where one is needed."""
    present = context()
    project = present.values["wide_project"]
    if bool(organization) and bool(project):
        raise _misuse(present, "--organization | --project", "At most")
    if organization or project:
        return owner_of(organization, project)
    if needed:
        raise _misuse(present, "--organization | --project")
    return None


def owner_of(organization: str | None, project: str | None) -> str | None:
    """organizations/NUMBER, which may be meant by its domain, or projects/ID, which may be meant by its number. Raises
    NotFound."""
    from cloudrun_cli.controlplane import organizations
    from cloudrun_cli.store import projects

    store = opened().store
    if organization:
        return f"organizations/{organizations.resolve(store, organization)}"
    found = projects.get(store, project) if project else None
    return f"projects/{found.id if found else project}" if project else None


def _misuse(present: Context, flags: str, how_many: str = "Exactly") -> Exception:
    from cloudrun_cli.cli.complaints import Misuse, command_line

    return Misuse(
        present.path,
        f"{how_many} one of ({flags}) must be specified.",
        f"More about it: {command_line(present.path)} --help",
    )
