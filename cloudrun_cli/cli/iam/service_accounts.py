"""`cloudrun iam service-accounts`: create, list, describe, update, delete, undelete, disable, enable, sign."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.iam.accounts import Account, IamAccount, coded
from cloudrun_cli.cli.policies import opened

accounts = Group("iam service-accounts")

API = "https://iam.googleapis.com/v1"
ADDRESS = "api@demo.iam.gserviceaccount.com"  # of the examples

DisplayName = Annotated[str | None, flag("--display-name", "Its name for people.")]
Description = Annotated[str | None, flag("--description", "What it is for.")]
InputFile = Annotated[str, positional("INPUT-FILE", "The file with what is to be signed.", names="files")]
OutputFile = Annotated[str, positional("OUTPUT-FILE", "Where to write it; - is standard output.", names="files")]


def address(account: Any) -> str:
    """Where the API has the account."""
    return f"{API}/projects/{account['projectId']}/serviceAccounts/{account['uniqueId']}"


@accounts.command(
    "create", format="none", examples=["cloudrun iam service-accounts create api --display-name='API runtime'"]
)
def create(
    name: Annotated[str, positional("NAME", "The part of its address before the @.")],
    display_name: DisplayName = None,
    description: Description = None,
) -> dict[str, Any]:
    """Make a service account: who code runs as. It may do nothing until a policy says so."""
    from cloudrun_cli.controlplane import service_accounts as verbs

    present = opened()
    made = verbs.create(
        present.store,
        present.project,
        name,
        display_name=display_name or "",
        description=description or "",
        caller=present.account,
        now=present.now(),
    )
    present.ring()
    present.tell(f"Created service account [{name}].")
    return made


@accounts.command(
    "list",
    format='table(displayName:label="DISPLAY NAME", email, disabled)',
    uri=address,
    examples=[
        "cloudrun iam service-accounts list",
        "cloudrun iam service-accounts list --filter=disabled=true --format='value(email)'",
    ],
)
def list_() -> list[dict[str, Any]]:
    """List the service accounts of the project."""
    from cloudrun_cli.controlplane import service_accounts as verbs

    present = opened()
    with coded():
        found = verbs.everything(present.store, present.project, caller=present.account)
    return [dict(sorted({"disabled": False, **account}.items())) for account in found]


@accounts.command("describe", examples=[f"cloudrun iam service-accounts describe {ADDRESS}"])
def describe(service_account: Account) -> dict[str, Any]:
    """Show a service account."""
    from cloudrun_cli.controlplane import service_accounts as verbs

    present = opened()
    with coded():
        return verbs.get(present.store, service_account, caller=present.account)


@accounts.command("update", examples=[f"cloudrun iam service-accounts update {ADDRESS} --display-name='The API'"])
def update(
    service_account: Account, display_name: DisplayName = None, description: Description = None
) -> dict[str, Any]:
    """Change the name and the description of a service account. Its address never changes."""
    from cloudrun_cli.controlplane import service_accounts as verbs
    from cloudrun_cli.core.errors import InvalidArgument

    present = opened()
    said = {"displayName": display_name, "description": description}
    body = {key: value for key, value in said.items() if value is not None}
    if not body:
        raise InvalidArgument(
            "One of arguments [--display-name, --description] is required: Specify at least one field to update."
        )
    with coded():
        made = verbs.update(present.store, service_account, body, list(body), caller=present.account, now=present.now())
    present.tell(f"Updated serviceAccount [{service_account}].")
    return made


@accounts.command("delete", format="none", examples=[f"cloudrun iam service-accounts delete {ADDRESS} --quiet"])
def delete(service_account: Account) -> None:
    """Delete a service account. What policies gave it is nobody's until it is had back, within 30 days."""
    from cloudrun_cli.cli.run.deleting import confirm
    from cloudrun_cli.controlplane import service_accounts as verbs

    present = opened()
    confirm(f"You are about to delete service account [{service_account}]")
    with coded():
        number = verbs.delete(present.store, service_account, caller=present.account, now=present.now())
    present.ring()
    present.tell(f"deleted service account [{service_account}]")
    present.tell(f"To have it back: cloudrun iam service-accounts undelete {number}")


@accounts.command("undelete", examples=["cloudrun iam service-accounts undelete 103271949540120710052"])
def undelete(
    account_id: Annotated[str, positional("ACCOUNT_ID", "The unique id of the account: a number of 21 digits.")],
) -> dict[str, Any]:
    """Have a deleted service account back, with what policies gave it."""
    from cloudrun_cli.controlplane import service_accounts as verbs

    present = opened()
    with coded():
        back = verbs.undelete(
            present.store, account_id, project=present.project, caller=present.account, now=present.now()
        )
    present.ring()
    return {"restoredAccount": back}


@accounts.command("disable", format="none", examples=[f"cloudrun iam service-accounts disable {ADDRESS}"])
def disable(service_account: Account) -> None:
    """Take a service account out of use: it gets no tokens, and those it has are worth nothing."""
    _set_disabled(service_account, True, "Disabled")


@accounts.command("enable", format="none", examples=[f"cloudrun iam service-accounts enable {ADDRESS}"])
def enable(service_account: Account) -> None:
    """Put a service account back into use."""
    _set_disabled(service_account, False, "Enabled")


@accounts.command(
    "sign-blob", examples=[f"cloudrun iam service-accounts sign-blob --iam-account={ADDRESS} input.bin output.sig"]
)
def sign_blob(input: InputFile, output: OutputFile, iam_account: IamAccount) -> None:
    """Sign a file as a service account (RSA, SHA-256)."""
    from cloudrun_cli.cli.iam.accounts import contents, write
    from cloudrun_cli.controlplane.signing import Signer
    from cloudrun_cli.controlplane.signing import sign_blob as sign

    present = opened()
    blob = contents(input)
    with coded():
        made = sign(present.store, Signer(present.home), iam_account, blob, caller=present.account)
    write(output, made.value, private=False)
    present.tell(f"signed blob [{input}] as [{output}] for [{iam_account}] using key [{made.key_id}]")


@accounts.command(
    "sign-jwt", examples=[f"cloudrun iam service-accounts sign-jwt --iam-account={ADDRESS} claims.json output.jwt"]
)
def sign_jwt(input: InputFile, output: OutputFile, iam_account: IamAccount) -> None:
    """Sign the claims of a JSON file as a service account; a JWT (RS256)."""
    from cloudrun_cli.cli.iam.accounts import contents, write
    from cloudrun_cli.controlplane.signing import Signer
    from cloudrun_cli.controlplane.signing import sign_jwt as sign
    from cloudrun_cli.core.errors import InvalidArgument

    present = opened()
    try:
        text = contents(input).decode()
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"[{input}] is not UTF-8 text.") from error
    with coded():
        made = sign(present.store, Signer(present.home), iam_account, text, caller=present.account, now=present.now())
    write(output, made.value)
    present.tell(f"signed jwt [{input}] as [{output}] for [{iam_account}] using key [{made.key_id}]")


def _set_disabled(account: str, disabled: bool, told: str) -> None:
    from cloudrun_cli.controlplane import service_accounts as verbs

    present = opened()
    with coded():
        verbs.set_disabled(present.store, account, disabled, caller=present.account, now=present.now())
    present.ring()
    present.tell(f"{told} service account [{account}].")
