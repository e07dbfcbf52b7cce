"""`cloudrun iam roles`: list, describe, create, update, delete, undelete, copy."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import Context
from cloudrun_cli.cli.iam.places import owner, owner_of
from cloudrun_cli.cli.policies import from_file, opened

roles = Group("iam roles")

FIELDS = ("title", "description", "stage", "includedPermissions", "etag", "name")

RoleId = Annotated[str, positional("ROLE_ID", "The role: the id of one of your own, or roles/NAME.")]
Organization = Annotated[
    str | None, flag("--organization", "The organization whose role it is, by number.", metavar="ORGANIZATION")
]
File = Annotated[str | None, flag("--file", "JSON or YAML file of the role.", names="files")]
Title = Annotated[str | None, flag("--title", "Its name for people.")]
Description = Annotated[str | None, flag("--description", "What it is for.")]
Permissions = Annotated[str | None, flag("--permissions", "What it permits: permissions between commas.")]
Stage = Annotated[
    str | None, flag("--stage", "How far it is: ALPHA, BETA, GA, DEPRECATED, DISABLED (it then grants nothing), EAP.")
]


@roles.command(
    "list",
    format="default",
    examples=["cloudrun iam roles list --filter='name:run'", "cloudrun iam roles list --project=demo --show-deleted"],
)
def list_(
    organization: Organization = None,
    show_deleted: Annotated[bool, switch("--show-deleted", "Those that are deleted too.")] = False,
) -> list[dict[str, Any]]:
    """List the predefined roles; with --project or --organization those that it has made."""
    from cloudrun_cli.controlplane import roles as verbs

    present = opened()
    parent = owner(organization, needed=False)
    return verbs.everything(present.store, parent, deleted=show_deleted, caller=present.account)


@roles.command(
    "describe",
    examples=["cloudrun iam roles describe roles/run.invoker", "cloudrun iam roles describe reader --project=demo"],
)
def describe(role_id: RoleId, organization: Organization = None) -> dict[str, Any]:
    """Show a role: what it permits."""
    from cloudrun_cli.controlplane import roles as verbs

    present = opened()
    return verbs.describe(present.store, _name(role_id, organization), caller=present.account)


@roles.command(
    "create",
    exclusive=[("--file", "--title"), ("--file", "--permissions"), ("--file", "--description"), ("--file", "--stage")],
    examples=[
        "cloudrun iam roles create caller --project=demo --title=Caller --permissions=run.routes.invoke --stage=GA",
        "cloudrun iam roles create caller --organization=123456789012 --file=role.yaml",
    ],
)
def create(
    role_id: RoleId,
    organization: Organization = None,
    file: File = None,
    title: Title = None,
    description: Description = None,
    permissions: Permissions = None,
    stage: Stage = None,
) -> dict[str, Any]:
    """Make a role of your own, of a project or of the organization."""
    from cloudrun_cli.controlplane import roles as verbs

    present = opened()
    parent = owner(organization)
    assert parent is not None
    body = from_file(file, FIELDS) if file else _body(title, description, permissions, stage)
    kept = {key: value for key, value in body.items() if key not in ("etag", "name")}
    kept.setdefault("title", role_id)
    made = verbs.create(present.store, parent, role_id, kept, caller=present.account, now=present.now())
    present.tell(f"Created role [{role_id}].")
    return made


@roles.command(
    "update",
    exclusive=[("--permissions", "--add-permissions"), ("--permissions", "--remove-permissions")],
    examples=["cloudrun iam roles update caller --project=demo --add-permissions=run.jobs.run,run.executions.get"],
)
def update(
    role_id: RoleId,
    organization: Organization = None,
    file: File = None,
    title: Title = None,
    description: Description = None,
    permissions: Permissions = None,
    add_permissions: Annotated[str | None, flag("--add-permissions", "Permit these too, between commas.")] = None,
    remove_permissions: Annotated[
        str | None, flag("--remove-permissions", "Permit these no more, between commas.")
    ] = None,
    stage: Stage = None,
) -> dict[str, Any]:
    """Change a role of your own; it holds at once wherever it is given."""
    from cloudrun_cli.controlplane import roles as verbs
    from cloudrun_cli.core.errors import InvalidArgument

    present = opened()
    name = _name(role_id, organization, predefined=False)
    change = _body(title, description, permissions, stage)
    if file and (change or add_permissions or remove_permissions):
        raise InvalidArgument("Conflicting arguments: --file and the flags of single fields.", field="--file")
    etag = None
    if file:
        body = from_file(file, FIELDS)
        etag = body.get("etag")
        if not etag:
            _replace_whatever_is_there(present)
        change = {key: value for key, value in body.items() if key not in ("etag", "name")}
    elif add_permissions or remove_permissions:
        change["includedPermissions"], etag = _changed(present, name, add_permissions, remove_permissions)
    changed = verbs.update(present.store, name, change, etag, caller=present.account, now=present.now())
    present.ring()
    return changed


@roles.command("delete", examples=["cloudrun iam roles delete caller --project=demo"])
def delete(role_id: RoleId, organization: Organization = None) -> dict[str, Any]:
    """Delete a role of your own: it grants nothing from then on. It can be had back for seven days."""
    from cloudrun_cli.controlplane import roles as verbs

    present = opened()
    name = _name(role_id, organization, predefined=False)
    gone = verbs.delete(present.store, name, caller=present.account, now=present.now())
    present.ring()
    return gone


@roles.command("undelete", examples=["cloudrun iam roles undelete caller --project=demo"])
def undelete(role_id: RoleId, organization: Organization = None) -> dict[str, Any]:
    """Have a deleted role back."""
    from cloudrun_cli.controlplane import roles as verbs

    present = opened()
    name = _name(role_id, organization, predefined=False)
    back = verbs.undelete(present.store, name, caller=present.account, now=present.now())
    present.ring()
    return back


@roles.command(
    "copy",
    exclusive=[("--source-organization", "--source-project"), ("--dest-organization", "--dest-project")],
    examples=["cloudrun iam roles copy --source=roles/run.invoker --destination=caller --dest-project=demo"],
)
def copy(
    source: Annotated[str | None, flag("--source", "The role to copy.")] = None,
    destination: Annotated[str | None, flag("--destination", "The id of the new role.")] = None,
    source_organization: Annotated[str | None, flag("--source-organization", "Whose role the one to copy is.")] = None,
    source_project: Annotated[
        str | None, flag("--source-project", "Whose role the one to copy is.", names="projects")
    ] = None,
    dest_organization: Annotated[str | None, flag("--dest-organization", "Whose role the new one is.")] = None,
    dest_project: Annotated[str | None, flag("--dest-project", "Whose role the new one is.", names="projects")] = None,
) -> dict[str, Any]:
    """Make a role that permits what another does."""
    from cloudrun_cli.controlplane import roles as verbs
    from cloudrun_cli.core.errors import InvalidArgument

    present = opened()
    if not source or not destination:
        missing = "destination" if source else "source"
        raise InvalidArgument(f"Missing required argument [{missing}]: the {missing} role is required.", field=missing)
    name = _named(source, owner_of(source_organization, source_project), "source")
    parent = owner_of(dest_organization, dest_project)
    if parent is None:
        raise InvalidArgument("The destination needs --dest-organization or --dest-project.", field="--dest-project")
    found = verbs.describe(present.store, name, caller=present.account)
    body: dict[str, Any] = {key: found[key] for key in ("title", "description", "includedPermissions") if key in found}
    return verbs.create(present.store, parent, destination, body, caller=present.account, now=present.now())


def _name(role: str, organization: str | None, *, predefined: bool = True) -> str:
    """The full name of the role that is meant. Raises InvalidArgument, Misuse."""
    if role.startswith("roles/"):
        from cloudrun_cli.core.errors import InvalidArgument

        if not predefined:
            raise InvalidArgument("You can not change a curated/predefined role.", field="ROLE_ID")
        return role
    return _named(role, owner(organization), "ROLE_ID")


def _named(role: str, parent: str | None, what: str) -> str:
    from cloudrun_cli.core.errors import InvalidArgument

    if role.startswith("roles/"):
        return role
    if "/" in role:
        raise InvalidArgument(
            f"Invalid value for [{what}]: The role id should not include any '/' character.", field=what
        )
    if parent is None:
        raise InvalidArgument(
            f"Missing required argument [--organization or --project]: whose role [{role}] is.", field=what
        )
    return f"{parent}/roles/{role}"


def _body(title: str | None, description: str | None, permissions: str | None, stage: str | None) -> dict[str, Any]:
    """What the flags say of a role."""
    said: dict[str, Any] = {"title": title, "description": description, "stage": stage.upper() if stage else None}
    if permissions is not None:
        said["includedPermissions"] = _items(permissions)
    return {key: value for key, value in said.items() if value is not None}


def _changed(present: Context, name: str, add: str | None, remove: str | None) -> tuple[list[str], str]:
    """The permissions of a role with some more and some fewer, and the etag of the role that had the others."""
    from cloudrun_cli.controlplane import roles as verbs

    old = verbs.describe(present.store, name, caller=present.account)
    kept = {*old.get("includedPermissions", ()), *_items(add or "")} - set(_items(remove or ""))
    return sorted(kept), old["etag"]


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _replace_whatever_is_there(present: Context) -> None:
    """Asks before a role is set that does not say which one it replaces. Raises Aborted."""
    from cloudrun_cli.core.errors import Aborted

    if not present.can_ask:
        return
    if not present.confirm(
        'The specified role does not contain an "etag" field identifying a specific version to replace. Updating a '
        'role without an "etag" can overwrite concurrent role changes.\n\nReplace existing role'
    ):
        raise Aborted("Aborted by user.")
