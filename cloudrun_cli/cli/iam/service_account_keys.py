"""`cloudrun iam service-accounts keys`: create, list, delete, disable, enable, get-public-key, upload."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional
from cloudrun_cli.cli.context import Context
from cloudrun_cli.cli.iam.accounts import IamAccount, coded
from cloudrun_cli.cli.parsing import Kind
from cloudrun_cli.cli.policies import opened
from cloudrun_cli.core.errors import InvalidArgument

keys = Group("iam service-accounts keys")

TABLE = """table(
    name.scope(keys):label=KEY_ID,
    validAfterTime:label=CREATED_AT,
    validBeforeTime:label=EXPIRES_AT,
    disabled:label=DISABLED,
    disable_reason:label=DISABLE_REASON,
    extended_status:label=EXTENDED_STATUS)"""
ADDRESS = "--iam-account=api@demo.iam.gserviceaccount.com"  # of the examples
MANAGED_BY = {"any": None, "system": "SYSTEM_MANAGED", "user": "USER_MANAGED"}

KeyId = Annotated[str, positional("KEY-ID", "The key, by its id.")]
IamKey = Annotated[str, positional("IAM_KEY", "The key, by its id or its full name.")]
OfKey = Annotated[
    str | None, flag("--iam-account", "The account of the key, by its address.", names="service_accounts")
]


class Moment(Kind):
    """A moment, in any of the ways that gcloud reads one."""

    def parse(self, text: str) -> Any:
        from cloudrun_cli.output.times import moment

        found = moment(text)
        if found is None:
            raise InvalidArgument(f"Failed to parse date/time: [{text}]; such as 2026-03-01T12:00:00Z")
        return found


@keys.command("create", examples=[f"cloudrun iam service-accounts keys create key.json {ADDRESS}"])
def create(
    output: Annotated[
        str, positional("OUTPUT-FILE", "Where to write the private key; - is standard output.", names="files")
    ],
    iam_account: IamAccount,
    key_file_type: Annotated[
        str, flag("--key-file-type", "The form of the file; p12 is there for old programs.", choices=("json", "p12"))
    ] = "json",
) -> None:
    """Make a key of a service account, and write its private half to a file, which is the only copy there is.

    Client libraries act as the account when GOOGLE_APPLICATION_CREDENTIALS names the file."""
    from base64 import b64decode

    from cloudrun_cli.cli.iam.accounts import check_writable, write
    from cloudrun_cli.controlplane import service_account_keys as verbs

    present = opened()
    check_writable(output)
    kind = verbs.JSON_FILE if key_file_type == "json" else verbs.PKCS12_FILE
    with coded():
        made = verbs.create(
            present.store,
            iam_account,
            token_uri=f"http://127.0.0.1:{present.edge.http_port}/token",
            kind=kind,
            caller=present.account,
            now=present.now(),
        )
    write(output, b64decode(made["privateKeyData"]))
    id = made["name"].rpartition("/")[2]
    present.tell(f"created key [{id}] of type [{key_file_type}] as [{output}] for [{iam_account}]")


@keys.command(
    "list",
    format=TABLE,
    examples=[
        f"cloudrun iam service-accounts keys list {ADDRESS}",
        f"cloudrun iam service-accounts keys list {ADDRESS} --managed-by=user --created-before=2026-01-01",
    ],
)
def list_(
    iam_account: IamAccount,
    managed_by: Annotated[
        str, flag("--managed-by", "Who looks after the keys.", choices=("any", "system", "user"))
    ] = "any",
    created_before: Annotated[
        Any, flag("--created-before", "Only those made before this moment.", Moment(), metavar="DATE_TIME")
    ] = None,
) -> list[dict[str, Any]]:
    """List the keys of a service account: yours, and the one that is looked after for you."""
    from cloudrun_cli.controlplane import service_account_keys as verbs
    from cloudrun_cli.controlplane.signing import Signer
    from cloudrun_cli.core.wire.service_accounts import managed_by as kind
    from cloudrun_cli.output.times import moment

    present = opened()
    said = MANAGED_BY[managed_by]
    with coded():
        found = verbs.everything(
            present.store, Signer(present.home), iam_account, kind(said or ""), caller=present.account
        )
    if created_before is None:
        return found
    return [key for key in found if (since := moment(key["validAfterTime"])) and since < created_before]


@keys.command("delete", format="none", examples=[f"cloudrun iam service-accounts keys delete KEY_ID {ADDRESS}"])
def delete(key: KeyId, iam_account: IamAccount) -> None:
    """Delete a key: what it signs is worth nothing from then on."""
    from cloudrun_cli.cli.run.deleting import confirm
    from cloudrun_cli.controlplane import service_account_keys as verbs

    present = opened()
    id = key.rpartition("/")[2]
    confirm(f"You are about to delete key [{key}] for service account [{iam_account}].")
    with coded():
        verbs.delete(present.store, iam_account, id, caller=present.account, now=present.now())
    present.ring()
    present.tell(f"deleted key [{id}] for service account [{iam_account}]")


@keys.command("disable", format="none", examples=[f"cloudrun iam service-accounts keys disable KEY_ID {ADDRESS}"])
def disable(iam_key: IamKey, iam_account: OfKey = None) -> None:
    """Take a key out of use."""
    _set_disabled(iam_key, iam_account, True, "Disabled")


@keys.command("enable", format="none", examples=[f"cloudrun iam service-accounts keys enable KEY_ID {ADDRESS}"])
def enable(iam_key: IamKey, iam_account: OfKey = None) -> None:
    """Put a key back into use."""
    _set_disabled(iam_key, iam_account, False, "Enabled")


@keys.command(
    "get-public-key",
    format=TABLE,
    rows=False,
    examples=[f"cloudrun iam service-accounts keys get-public-key KEY_ID {ADDRESS} --output-file=key.pem"],
)
def get_public_key(
    key: KeyId,
    iam_account: IamAccount,
    output_file: Annotated[str, flag("--output-file", "Where to write it; - is standard output.", names="files")],
    type_: Annotated[
        str, flag("--type", "In a certificate (pem), or by itself (raw).", choices=("pem", "raw"))
    ] = "pem",
) -> None:
    """Write the public half of a key: what verifies a signature made with it."""
    from base64 import b64decode

    from cloudrun_cli.cli.iam.accounts import write
    from cloudrun_cli.controlplane import service_account_keys as verbs
    from cloudrun_cli.controlplane.signing import Signer

    present = opened()
    id = key.rpartition("/")[2]
    public = verbs.CERTIFICATE if type_ == "pem" else verbs.RAW
    with coded():
        found = verbs.get(present.store, Signer(present.home), iam_account, id, public, caller=present.account)
    write(output_file, b64decode(found["publicKeyData"]), private=False)
    present.tell(f"written key [{id}] for [{iam_account}] as [{output_file}]")


@keys.command("upload", examples=[f"cloudrun iam service-accounts keys upload certificate.pem {ADDRESS}"])
def upload(
    public_key_file: Annotated[
        str, positional("PUBLIC_KEY_FILE", "The certificate (X.509, PEM, RSA) of your own key.", names="files")
    ],
    iam_account: IamAccount,
) -> dict[str, Any]:
    """Let what your own key signs speak for a service account."""
    from cloudrun_cli.cli.iam.accounts import contents
    from cloudrun_cli.controlplane import service_account_keys as verbs

    present = opened()
    certificate = contents(public_key_file)
    with coded():
        return verbs.upload(present.store, iam_account, certificate, caller=present.account, now=present.now())


def _set_disabled(key: str, account: str | None, disabled: bool, told: str) -> None:
    from cloudrun_cli.controlplane import service_account_keys as verbs

    present = opened()
    of, id = _named(present, key, account)
    with coded():
        verbs.set_disabled(present.store, of, id, disabled, caller=present.account, now=present.now())
    present.ring()
    present.tell(f"{told} key [{id}] for service account [{of}].")


def _named(present: Context, key: str, account: str | None) -> tuple[str, str]:
    """The account and the id of a key that is named by both, or by its full name. Raises Misuse."""
    of, found, id = key.rpartition("/keys/")
    if found:
        return of.rpartition("/")[2], id
    if account is None:
        from cloudrun_cli.cli.complaints import Misuse, command_line

        raise Misuse(
            present.path,
            f"argument IAM_KEY: of which account is key [{key}]? Add --iam-account, or give its full name.",
            f"More about it: {command_line(present.path)} --help",
        )
    return account, key
