"""`cloudrun organizations`: list and describe. Each home has one, made with its first project."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, positional
from cloudrun_cli.cli.policies import opened

organizations = Group("organizations")

OrganizationId = Annotated[str, positional("ORGANIZATION_ID", "The organization, by its number or domain.")]
Organization = Annotated[str, positional("ORGANIZATION", "The organization, by its number or domain.")]

TABLE = """table(
    displayName:label=DISPLAY_NAME,
    name.segment():label=ID:align=right:sort=1,
    owner.directoryCustomerId:label=DIRECTORY_CUSTOMER_ID:align=right)"""


def address(organization: Any) -> str:
    """Where the API has the organization."""
    return f"https://cloudresourcemanager.googleapis.com/v1/{organization['name']}"


@organizations.command("list", format=TABLE, uri=address, examples=["cloudrun organizations list"])
def list_() -> list[dict[str, Any]]:
    """List the organizations that you may see."""
    from cloudrun_cli.controlplane import organizations as verbs

    present = opened()
    return verbs.everything(present.store, caller=present.account)


@organizations.command("describe", examples=["cloudrun organizations describe example.com"])
def describe(organization_id: OrganizationId) -> dict[str, Any]:
    """Show an organization."""
    from cloudrun_cli.controlplane import organizations as verbs

    present = opened()
    return verbs.describe(present.store, organization_id, caller=present.account)
