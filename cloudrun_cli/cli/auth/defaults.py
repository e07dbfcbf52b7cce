"""`cloudrun auth application-default`: login, print-access-token, revoke, set-quota-project."""

import json
import os
from typing import Annotated, Any

from cloudrun_cli.cli.auth.accounts import (
    Browser,
    LaunchBrowser,
    LoginConfig,
    RemoteBootstrap,
    refuse_federation,
    wallet,
)
from cloudrun_cli.cli.auth.printing import Lifetime, check_lifetime
from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.parsing import ListOf

application_default = Group("auth application-default")

FILE = "application_default_credentials.json"
VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"  # Source: Application Default Credentials, where libraries look first

Scopes = Annotated[list[str] | None, flag("--scopes", "What the tokens may be used for.", ListOf(), metavar="SCOPE")]


@application_default.command(
    "login",
    format="none",
    examples=[
        "cloudrun auth application-default login",
        "cloudrun auth application-default login --impersonate-service-account=api@demo.iam.gserviceaccount.com",
    ],
    exclusive=(("--browser", "--remote-bootstrap"),),
)
def login(
    account: Annotated[
        str | None, positional("ACCOUNT", "The user; the active account when none is named.", names="accounts")
    ] = None,
    browser: Browser = True,
    client_id_file: Annotated[
        str | None, flag("--client-id-file", "A client id of your own: refused.", names="files")
    ] = None,
    disable_quota_project: Annotated[
        bool, switch("--disable-quota-project", "Leave out the project that is charged.")
    ] = False,
    launch_browser: LaunchBrowser = True,
    login_config: LoginConfig = None,
    remote_bootstrap: RemoteBootstrap = None,
    scopes: Scopes = None,
) -> None:
    """Write the default credentials with which programs on this machine call the APIs of this emulator: as a user, or
    as a service account that the user impersonates."""
    from cloudrun_cli.core.credentials import check_scopes
    from cloudrun_cli.core.errors import Unimplemented

    present = context()
    refuse_federation(login_config, remote_bootstrap)
    if client_id_file is not None:
        raise Unimplemented("There are no OAuth clients of your own here.", field="--client-id-file")
    check_scopes(scopes)
    email = account or present.settings.text("core/account")
    quota = "" if disable_quota_project else present.project
    path = write_defaults(present, email, quota_project=quota, scopes=scopes or ())
    present.tell(f"\nCredentials saved to file: [{path}]\n")
    present.tell(
        "These credentials will be used by any library that requests Application Default Credentials (ADC) and is "
        f"shown the file:\n    export {VARIABLE}={path}"
    )
    if quota:
        present.tell(f'\nQuota project "{quota}" was added to ADC.')


@application_default.command(
    "print-access-token", format="value(token)", examples=["cloudrun auth application-default print-access-token"]
)
def print_access_token(lifetime: Lifetime = None, scopes: Scopes = None) -> dict[str, str]:
    """Print an access token for the default credentials."""
    from cloudrun_cli.controlplane import grants
    from cloudrun_cli.controlplane.signing import Signer
    from cloudrun_cli.controlplane.tokens import LIFE, Tokens
    from cloudrun_cli.core.credentials import check_scopes, impersonation_chain, parse_key_file, refresh_token_of
    from cloudrun_cli.core.errors import FailedPrecondition

    present = context()
    check_lifetime(present, lifetime)
    asked = check_scopes(scopes)
    path, said = _read(present)
    now = present.now()
    try:
        if said.get("type") == "service_account":
            signed = grants.assertion(parse_key_file(json.dumps(said), path), now)
            email = grants.by_assertion(present.store, Signer(present.home), signed, now).account.email
        else:
            grant = grants.by_refresh_token(present.store, wallet(present), refresh_token_of(said), now)
            email, asked = (grant.account, *grant.chain)[-1], asked or " ".join(grant.scopes)
    except grants.Invalid as error:
        raise FailedPrecondition(
            f"The default credentials in [{path}] are not valid: {error.message}",
            hint="Make new ones: cloudrun auth application-default login",
        ) from error
    chain = impersonation_chain(present.settings.text("auth/impersonate_service_account"))
    email = grants.impersonated(present.store, email, chain, grants.ACCESS, now)
    token = grants.access_token(present.store, Tokens(present.home), email, now, scopes=asked, life=lifetime or LIFE)
    return {"account": email, "token": token}


@application_default.command("revoke", format="none", examples=["cloudrun auth application-default revoke --quiet"])
def revoke() -> None:
    """Let the default credentials stand for nothing any more, and remove their file."""
    from cloudrun_cli.cli.run.deleting import confirm
    from cloudrun_cli.core.credentials import refresh_token_of
    from cloudrun_cli.core.errors import FailedPrecondition

    present = context()
    path = default_path(present)
    if not os.path.isfile(path):
        present.tell("Application Default Credentials have not been set up, nothing to revoke.")
        return
    _, said = _read(present, path)
    token = refresh_token_of(said)
    if not token:
        raise FailedPrecondition(
            "The given credential file is a service account credential, and cannot be revoked.",
            hint=f"Remove it yourself: {path}",
        )
    confirm(f"You are about to revoke the credentials stored in: [{path}]")
    withdrawn = wallet(present).withdraw(token)
    os.remove(path)
    if withdrawn:
        present.tell("Credentials revoked.")
    else:
        present.warn(f"The credentials stored in: [{path}] stood for nothing any more; their file is gone now too.")


@application_default.command(
    "set-quota-project", format="none", examples=["cloudrun auth application-default set-quota-project demo"]
)
def set_quota_project(
    quota_project_id: Annotated[str, positional("QUOTA_PROJECT_ID", "The project.", names="projects")],
) -> None:
    """Say in the default credentials which project is charged."""
    from cloudrun_cli.core.errors import FailedPrecondition
    from cloudrun_cli.core.names import check_project

    present = context()
    check_project(quota_project_id)
    path = default_path(present)
    if not os.path.isfile(path):
        raise FailedPrecondition(
            "Application default credentials have not been set up.",
            hint="Run: cloudrun auth application-default login",
        )
    _, said = _read(present, path)
    _write(path, {**said, "quota_project_id": quota_project_id})
    present.tell(f"\nCredentials saved to file: [{path}]\n")
    present.tell(
        "These credentials will be used by any library that requests Application Default Credentials (ADC).\n\n"
        f'Quota project "{quota_project_id}" was added to ADC which can be used by Google client libraries for billing '
        "and quota."
    )


def write_defaults(present: Context, email: str, *, quota_project: str = "", scopes: Any = ()) -> str:
    """Write the default credentials of an account; where they are."""
    from cloudrun_cli.controlplane import acting
    from cloudrun_cli.core.credentials import Grant, impersonation_chain, refresh_token_of, user_defaults
    from cloudrun_cli.core.identity import is_service_account

    impersonate = present.settings.text("auth/impersonate_service_account")
    acting.caller(present.store, present.home, email, impersonate, present.now())
    base, path = f"http://127.0.0.1:{present.edge.http_port}", default_path(present)
    old = _read(present, path)[1] if os.path.isfile(path) else {}
    if is_service_account(email) and not impersonate:
        said = _key_defaults(present, email, f"{base}/token")
    else:
        token = wallet(present).grant(Grant(email, impersonation_chain(impersonate), tuple(scopes)))
        said = user_defaults(f"{base}/token", token, email, quota_project)
    _write(path, said)
    if token := refresh_token_of(old):
        wallet(present).withdraw(token)
    return path


def default_path(present: Context) -> str:
    """Where this home keeps the default credentials. Not where gcloud keeps its own: those are left alone."""
    return os.path.join(present.home, FILE)


def _key_defaults(present: Context, email: str, token_uri: str) -> dict[str, str]:
    key = wallet(present).key(email)
    assert key is not None  # it was proven a moment ago
    return {
        "type": "service_account",
        "project_id": key.project,
        "private_key_id": key.key_id,
        "private_key": key.private_key,
        "client_email": key.email,
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    }


def _read(present: Context, path: str = "") -> tuple[str, dict[str, Any]]:
    """The default credentials as libraries find them, and where they are. Raises FailedPrecondition."""
    from cloudrun_cli.core.errors import FailedPrecondition

    path = path or os.environ.get(VARIABLE) or default_path(present)
    try:
        with open(path, encoding="utf-8") as file:
            said = json.load(file)
    except FileNotFoundError as error:
        raise FailedPrecondition(
            "Your default credentials were not found.", hint="Make them: cloudrun auth application-default login"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise FailedPrecondition(f"The file [{path}] holds no credentials: {error}") from error
    if not isinstance(said, dict):
        raise FailedPrecondition(f"The file [{path}] holds no credentials.")
    return path, said


def _write(path: str, said: dict[str, Any]) -> None:
    draft = f"{path}.new"
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(said, file, indent=2)
        file.write("\n")
    os.replace(draft, path)
