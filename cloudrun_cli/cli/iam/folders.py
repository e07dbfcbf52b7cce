"""`cloudrun resource-manager folders`: create, delete, describe, list, move, undelete, update."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.iam.places import ONE_PARENT, Organization, parent
from cloudrun_cli.cli.iam.places import Folder as Into
from cloudrun_cli.cli.parsing import DictOf
from cloudrun_cli.cli.policies import opened

folders = Group("resource-manager folders")

FolderId = Annotated[str, positional("FOLDER_ID", "The folder, by its number.", names="folders")]
Folder = Annotated[str, positional("FOLDER", "The folder, by its number.", names="folders")]
DisplayName = Annotated[str, flag("--display-name", "Its name for people, with no other of it beside.")]
Async = Annotated[bool, switch("--async", "Return at once; it is done at once either way.")]

TABLE = """table(
    displayName:label=DISPLAY_NAME,
    parent:label=PARENT_NAME,
    name.segment():label=ID:align=right:sort=1)"""


def address(folder: Any) -> str:
    """Where the API has the folder."""
    return f"https://cloudresourcemanager.googleapis.com/v2/{folder['name']}"


@folders.command(
    "create",
    format="none",
    exclusive=[ONE_PARENT],
    examples=[
        "cloudrun resource-manager folders create --display-name=Shop --organization=123456789012",
        "cloudrun resource-manager folders create --display-name=Tests --folder=123456789012 --format='value(name)'",
    ],
)
def create(
    display_name: DisplayName,
    folder: Into = None,
    organization: Organization = None,
    tags: Annotated[
        dict[str, str] | None,
        flag("--tags", "Taken as gcloud takes it; without effect here.", DictOf(repeatable=True), metavar="KEY=VALUE"),
    ] = None,
    async_: Async = False,
) -> dict[str, Any]:
    """Make a folder in the organization, or in another folder."""
    from cloudrun_cli.controlplane import folders as verbs

    present = opened()
    made = verbs.create(
        present.store,
        parent(folder, organization),
        display_name,
        caller=present.account,
        now=present.now(),
        random=present.random,
    )
    if tags:
        present.warn("Without effect here: --tags.")
    present.tell(f"Created [{made['name']}].")
    return made


@folders.command("delete", format="none", examples=["cloudrun resource-manager folders delete 123456789012"])
def delete(folder_id: FolderId) -> dict[str, Any]:
    """Delete a folder that holds nothing any more."""
    from cloudrun_cli.controlplane import folders as verbs

    present = opened()
    gone = verbs.delete(present.store, folder_id, caller=present.account, now=present.now())
    present.tell(f"Deleted [{gone['name']}].")
    return gone


@folders.command("undelete", format="none", examples=["cloudrun resource-manager folders undelete 123456789012"])
def undelete(folder_id: FolderId) -> dict[str, Any]:
    """Have a deleted folder back."""
    from cloudrun_cli.controlplane import folders as verbs

    present = opened()
    back = verbs.undelete(present.store, folder_id, caller=present.account, now=present.now())
    present.tell(f"Restored [{back['name']}].")
    return back


@folders.command("describe", examples=["cloudrun resource-manager folders describe 123456789012"])
def describe(folder_id: FolderId) -> dict[str, Any]:
    """Show a folder."""
    from cloudrun_cli.controlplane import folders as verbs

    present = opened()
    return verbs.describe(present.store, folder_id, caller=present.account)


@folders.command(
    "list",
    format=TABLE,
    uri=address,
    exclusive=[ONE_PARENT],
    examples=["cloudrun resource-manager folders list --organization=123456789012"],
)
def list_(
    folder: Into = None,
    organization: Organization = None,
    show_deleted: Annotated[bool, switch("--show-deleted", "Those that are deleted too.")] = False,
) -> list[dict[str, Any]]:
    """List the folders directly in the organization, or in another folder."""
    from cloudrun_cli.controlplane import folders as verbs

    present = opened()
    return verbs.inside(present.store, parent(folder, organization), caller=present.account, deleted=show_deleted)


@folders.command(
    "move",
    format="none",
    exclusive=[ONE_PARENT],
    examples=["cloudrun resource-manager folders move 123456789012 --folder=210987654321"],
)
def move(
    folder_id: FolderId, folder: Into = None, organization: Organization = None, async_: Async = False
) -> dict[str, Any]:
    """Put a folder, with all that is in it, into another one or into the organization itself."""
    from cloudrun_cli.controlplane import folders as verbs

    present = opened()
    moved = verbs.move(
        present.store, folder_id, parent(folder, organization), caller=present.account, now=present.now()
    )
    present.ring()
    present.tell(f"Updated [{moved['name']}].")
    return moved


@folders.command(
    "update", format="none", examples=["cloudrun resource-manager folders update 123456789012 --display-name=Shops"]
)
def update(folder_id: FolderId, display_name: DisplayName) -> dict[str, Any]:
    """Give a folder another name for people."""
    from cloudrun_cli.controlplane import folders as verbs

    present = opened()
    changed = verbs.rename(present.store, folder_id, display_name, caller=present.account, now=present.now())
    present.tell(f"Updated [{changed['name']}].")
    return changed


@folders.command(
    "get-ancestors-iam-policy",
    rows=True,
    examples=["cloudrun resource-manager folders get-ancestors-iam-policy 123456789012"],
)
def get_ancestors_iam_policy(
    folder_id: FolderId,
    include_deny: Annotated[bool, switch("--include-deny", "Deny policies too; here there are none.")] = False,
) -> list[dict[str, Any]]:
    """Print the policies of a folder and of all that it is in."""
    from cloudrun_cli.controlplane import hierarchy, policies

    present = opened()
    names = hierarchy.place(present.store, f"folders/{folder_id.removeprefix('folders/')}").names
    return [
        {
            "id": name.partition("/")[2],
            "policy": policies.get(present.store, name, caller=present.account),
            "type": name.partition("/")[0].removesuffix("s"),
        }
        for name in names
    ]
