"""`cloudrun auth`: activate-service-account, configure-docker, describe, list, login, revoke."""

from typing import Annotated

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import Context, context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.controlplane.wallet import Wallet
    from cloudrun_cli.core.credentials import KeyFile

auth = Group("auth")

TABLE = "table[title='Credentialed Accounts'](status.yesno(yes='*', no=''):label=ACTIVE, account)"
NO_BROWSER = "No browser is needed here; taken as gcloud takes it."

LoginConfig = Annotated[
    str | None,
    flag(
        "--login-config",
        "Workforce identity federation is not built here: refused.",
        names="files",
        property="auth/login_config_file",
    ),
]
LaunchBrowser = Annotated[bool, switch("--launch-browser", NO_BROWSER)]
Browser = Annotated[bool, switch("--browser", NO_BROWSER)]
RemoteBootstrap = Annotated[str | None, flag("--remote-bootstrap", "Refused: no browser is needed here.", hidden=True)]


@auth.command(
    "login",
    format="none",
    examples=[
        "cloudrun auth login ann@example.com",
        "cloudrun auth login ann@example.com --no-activate",
        "cloudrun auth login --cred-file=key.json",
    ],
    exclusive=(("--browser", "--remote-bootstrap"),),
)
def login(
    account: Annotated[str | None, positional("ACCOUNT", "The e-mail address of the user.", names="accounts")] = None,
    activate: Annotated[bool, switch("--activate", "Make it the active account.")] = True,
    brief: Annotated[bool, switch("--brief", "Tell no more than is needed.")] = False,
    browser: Browser = True,
    cred_file: Annotated[
        str | None, flag("--cred-file", "The JSON key of a service account, to log in as that.", names="files")
    ] = None,
    enable_gdrive_access: Annotated[
        bool, switch("--enable-gdrive-access", "Google Drive is not here; taken as gcloud takes it.")
    ] = False,
    force: Annotated[bool, switch("--force", "Log in anew, also when the account is known.")] = False,
    launch_browser: LaunchBrowser = True,
    login_config: LoginConfig = None,
    remote_bootstrap: RemoteBootstrap = None,
    update_adc: Annotated[
        bool, switch("--update-adc", "Write the default credentials of programs too, as this account.")
    ] = False,
    add_quota_project_to_adc: Annotated[
        bool, switch("--add-quota-project-to-adc", "Write the project into them.", hidden=True)
    ] = False,
    do_not_activate: Annotated[
        bool, switch("--do-not-activate", "The old form of --no-activate.", negatable=False, hidden=True)
    ] = False,
) -> None:
    """Log in as a user of this machine and make it the active account. No browser opens and no password is asked for:
    a user here is whoever you say."""
    from cloudrun_cli.core.errors import InvalidArgument

    present = context()
    refuse_federation(login_config, remote_bootstrap)
    if enable_gdrive_access:
        present.warn("Without effect here: --enable-gdrive-access.")
    if cred_file is not None:
        email = _login_with_key(present, cred_file, account)
    else:
        email = _login_as_user(present, account, force=force)
    if activate and not do_not_activate:
        _activate(present, email)
        _keep_project(present)
    if update_adc:
        from cloudrun_cli.cli.auth.defaults import write_defaults

        if cred_file is not None and add_quota_project_to_adc:
            raise InvalidArgument("[--add-quota-project-to-adc] cannot be specified with --cred-file.")
        write_defaults(present, email, quota_project=present.project if add_quota_project_to_adc else "")
    if brief:
        return
    if cred_file is not None:
        present.tell(f"Authenticated with service account credentials for: [{email}].")
    else:
        present.tell(f"\nYou are now logged in as [{email}]. No browser was needed: users of this machine are local.")
    present.tell(
        f"Your current project is [{present.project}].  You can change this setting by running:\n"
        "  $ cloudrun config set project PROJECT_ID"
    )


@auth.command(
    "activate-service-account",
    format="none",
    examples=["cloudrun auth activate-service-account --key-file=key.json"],
    exclusive=(("--password-file", "--prompt-for-password"),),
)
def activate_service_account(
    key_file: Annotated[str, flag("--key-file", "The JSON key of the service account.", names="files")],
    account: Annotated[
        str | None, positional("ACCOUNT", "The e-mail address of the service account, if it is to be checked.")
    ] = None,
    password_file: Annotated[
        str | None, flag("--password-file", "For P12 keys, which are not read here: refused.", names="files")
    ] = None,
    prompt_for_password: Annotated[
        bool, switch("--prompt-for-password", "For P12 keys, which are not read here: refused.")
    ] = False,
) -> None:
    """Act as a service account, by a key that `iam service-accounts keys create` has made."""
    from cloudrun_cli.core.errors import InvalidArgument

    present = context()
    if password_file is not None or prompt_for_password:
        raise InvalidArgument("A .json service account key does not require a password.", field="--password-file")
    key = _proven(present, key_file, account, "--key-file")
    wallet(present).add_key(key)
    _activate(present, key.email)
    _keep_project(present)
    present.tell(f"Activated service account credentials for: [{key.email}]")


@auth.command("list", format=TABLE, examples=["cloudrun auth list", "cloudrun auth list --filter=status:ACTIVE"])
def list_(
    filter_account: Annotated[str | None, flag("--filter-account", "List only this account.", names="accounts")] = None,
) -> list[dict[str, str]]:
    """List the accounts that have logged in here, and which of them is active."""
    present = context()
    found = [one for one in known(present) if filter_account in (None, one["account"])]
    if present.format is None and found:
        present.tell("\nTo set the active account, run:\n    $ cloudrun config set account `ACCOUNT`\n")
    elif not found:
        present.tell("\nNo credentialed accounts.\n\nTo login, run:\n  $ cloudrun auth login `ACCOUNT`\n")
    return found


@auth.command(
    "revoke",
    format='list[title="Revoked credentials:"]',
    examples=["cloudrun auth revoke ann@example.com", "cloudrun auth revoke --all"],
)
def revoke(
    accounts: Annotated[
        list[str] | None, positional("ACCOUNTS", "The accounts; the active one when none is named.", names="accounts")
    ] = None,
    all: Annotated[bool, switch("--all", "Every account.")] = False,
) -> list[str]:
    """Forget accounts, and let the refresh tokens of users stand for nothing any more."""
    from cloudrun_cli.core.errors import InvalidArgument
    from cloudrun_cli.core.identity import is_service_account

    present = context()
    there = [one["account"] for one in known(present)]
    if strange := sorted(set(accounts or ()) - set(there)):
        raise InvalidArgument(f"Invalid value for [accounts]: {' '.join(strange)}", field="accounts")
    active = present.settings.text("core/account")
    chosen = there if all else (accounts or [active])
    for email in chosen:
        was_there = wallet(present).remove(email)
        if email == active and present.settings.resolve("core/account").source.startswith("configuration"):
            present.settings.configurations.set("core", "account", None)
        if is_service_account(email):
            present.warn(
                f"[{email}] appears to be a service account. Tokens that it has stay valid until they expire; its key "
                f"is still there: cloudrun iam service-accounts keys delete KEY-ID --iam-account={email}"
            )
        elif not was_there:
            present.warn(f"[{email}] already inactive (previously revoked?)")
    return chosen


@auth.command("describe", hidden=True, examples=["cloudrun auth describe ann@example.com"])
def describe(account: Annotated[str, positional("ACCOUNT_NAME", "The account.", names="accounts")]) -> dict[str, str]:
    """Show what is known of an account's credentials; a key itself is not."""
    from cloudrun_cli.core.errors import NotFound

    present = context()
    if account not in [one["account"] for one in known(present)]:
        raise NotFound(f"The credentials for account [{account}] do not exist.", field="ACCOUNT_NAME")
    key = wallet(present).key(account) if account.endswith(".gserviceaccount.com") else None
    if key is None:
        return {"account": account, "type": "user"}
    return {
        "client_email": key.email,
        "private_key_id": key.key_id,
        "project_id": key.project,
        "type": "service_account",
    }


@auth.command(
    "configure-docker",
    examples=["cloudrun auth configure-docker", "cloudrun auth configure-docker europe-west1-docker.pkg.dev"],
)
def configure_docker(
    registries: Annotated[str | None, positional("REGISTRIES", "Registries, with commas between them.")] = None,
    include_artifact_registry: Annotated[
        bool, switch("--include-artifact-registry", "All of Artifact Registry too.", hidden=True)
    ] = False,
) -> None:
    """Do nothing, and say so: images come from this machine's engine, which asks for no credentials of Google's."""
    named = [one.strip() for one in (registries or "").split(",") if one.strip()]
    for one in named:
        if not one.endswith((".pkg.dev", "gcr.io")):
            context().warn(f"{one} is not a supported registry")
    context().tell(
        "Nothing was written: images come from this machine's Docker engine, which needs no credentials for its own. "
        "To pull from Google's registries, configure Docker with gcloud itself."
    )


def wallet(present: Context) -> "Wallet":
    """The credentials of this home."""
    from cloudrun_cli.controlplane.wallet import Wallet

    return Wallet(present.home)


def known(present: Context) -> list[dict[str, str]]:
    """The accounts that can be used, and their status. A user who is in force need not have logged in."""
    active = present.settings.text("core/account")
    found = set(wallet(present).accounts())
    if not active.endswith(".gserviceaccount.com"):
        found.add(active)
    return [{"account": one, "status": "ACTIVE" if one == active else ""} for one in sorted(found)]


def refuse_federation(login_config: str | None, remote_bootstrap: str | None) -> None:
    """Raise Unimplemented for what proves an identity of elsewhere."""
    from cloudrun_cli.core.errors import Unimplemented

    if login_config is not None:
        raise Unimplemented("Workforce identity federation is not built here.", field="--login-config")
    if remote_bootstrap is not None:
        raise Unimplemented("There is no browser flow here to bootstrap.", field="--remote-bootstrap")


def _login_as_user(present: Context, account: str | None, *, force: bool) -> str:
    from cloudrun_cli.core.credentials import check_account
    from cloudrun_cli.core.errors import InvalidArgument
    from cloudrun_cli.core.identity import is_service_account

    email = check_account(account or present.settings.text("core/account"))
    if is_service_account(email):
        raise InvalidArgument(
            f"[{email}] is a service account: it has no password and logs in nowhere.",
            field="ACCOUNT",
            hint="Activate it with its key: cloudrun auth activate-service-account --key-file=FILE\n"
            f"Or act as it, as yourself: --impersonate-service-account={email}",
        )
    if not force and email in wallet(present).accounts():
        present.warn(f"Re-using locally stored credentials for [{email}].")
    wallet(present).add_user(email)
    return email


def _login_with_key(present: Context, path: str, account: str | None) -> str:
    key = _proven(present, path, account, "--cred-file")
    wallet(present).add_key(key)
    return key.email


def _proven(present: Context, path: str, account: str | None, field: str) -> "KeyFile":
    """The key in a file, once what it signs is believed."""
    from cloudrun_cli.controlplane import grants
    from cloudrun_cli.controlplane.signing import Signer
    from cloudrun_cli.core.credentials import parse_key_file
    from cloudrun_cli.core.errors import FailedPrecondition, InvalidArgument

    key = parse_key_file(_text(path, field), field)
    if account and account != key.email:
        raise InvalidArgument(
            "The given account name does not match the account name in the key file.  This argument can be omitted "
            "when using .json keys.",
            field="ACCOUNT",
        )
    try:
        grants.by_assertion(present.store, Signer(present.home), grants.assertion(key, present.now()), present.now())
    except grants.Invalid as error:
        raise FailedPrecondition(
            f"There was a problem with the key of [{key.email}]: {error.message}",
            field=field,
            hint="Is the key of this installation? Make one: "
            f"cloudrun iam service-accounts keys create key.json --iam-account={key.email}",
        ) from error
    return key


def _text(path: str, field: str) -> str:
    import sys

    from cloudrun_cli.core.errors import InvalidArgument

    try:
        if path == "-":
            return sys.stdin.read() if sys.stdin is not None else ""
        with open(path, encoding="utf-8") as file:
            return file.read(1 << 20)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InvalidArgument(f"Unable to read file [{path}]: {reason}", field=field) from error


def _activate(present: Context, email: str) -> None:
    source, _, variable = present.settings.resolve("core/account").source.partition(" ")
    present.settings.configurations.set("core", "account", email)
    if source == "environment":
        present.warn(f"Property [core/account] is overridden by environment setting [{variable}].")
    present.ring()


def _keep_project(present: Context) -> None:
    """A project that was named along with the account becomes the one in use, as with gcloud."""
    if present.settings.resolve("core/project").source == "flag":
        present.settings.configurations.set("core", "project", present.project)
