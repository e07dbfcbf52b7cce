"""`cloudrun auth print-access-token | print-identity-token`: what to put behind `Authorization: Bearer`."""

from datetime import timedelta
from typing import Annotated

from cloudrun_cli.cli.auth.accounts import auth
from cloudrun_cli.cli.command import flag, positional, switch
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.parsing import Duration, ListOf

Account = Annotated[
    str | None, positional("ACCOUNT", "The account; the active one when none is named.", names="accounts")
]
Lifetime = Annotated[
    timedelta | None,
    flag("--lifetime", "How long the token is to live; with impersonation only.", Duration("1s", "43200s")),
]


@auth.command(
    "print-access-token",
    format="value(token)",
    examples=[
        "cloudrun auth print-access-token",
        "cloudrun auth print-access-token --impersonate-service-account=api@demo.iam.gserviceaccount.com "
        "--lifetime=600s",
    ],
)
def print_access_token(
    account: Account = None,
    lifetime: Lifetime = None,
    scopes: Annotated[
        list[str] | None, flag("--scopes", "What the token may be used for.", ListOf(), metavar="SCOPE", hidden=True)
    ] = None,
) -> dict[str, str]:
    """Print an access token, for the APIs of this emulator."""
    from cloudrun_cli.controlplane import grants
    from cloudrun_cli.controlplane.tokens import LIFE, Tokens
    from cloudrun_cli.core.credentials import check_scopes

    present = context()
    check_lifetime(present, lifetime)
    email = caller(present, account, grants.ACCESS)
    token = grants.access_token(
        present.store,
        Tokens(present.home),
        email,
        present.now(),
        scopes=check_scopes(scopes),
        life=lifetime or LIFE,
    )
    return {"account": email, "token": token}


@auth.command(
    "print-identity-token",
    format="value(id_token)",
    examples=[
        'curl -H "Authorization: Bearer $(cloudrun auth print-identity-token)" URL',
        "cloudrun auth print-identity-token --impersonate-service-account=api@demo.iam.gserviceaccount.com "
        "--audiences=https://hello-123456789012.us-central1.run.app",
    ],
)
def print_identity_token(
    account: Account = None,
    audiences: Annotated[
        str | None,
        flag("--audiences", "For whom a service account's token is: the URL of the service."),
    ] = None,
    include_email: Annotated[
        bool | None, switch("--include-email", "Say the e-mail of an impersonated service account in it.")
    ] = None,
    include_license: Annotated[
        bool | None, switch("--include-license", "Of tokens of virtual machines: refused.")
    ] = None,
    token_format: Annotated[
        str | None,
        flag("--token-format", "Of tokens of virtual machines: refused.", choices=("full", "standard")),
    ] = None,
) -> dict[str, str]:
    """Print an identity token, to call a service that is not public. That of a user is good for every service here;
    that of a service account for its --audiences only."""
    from cloudrun_cli.controlplane import grants
    from cloudrun_cli.controlplane.tokens import Tokens
    from cloudrun_cli.core.errors import InvalidArgument
    from cloudrun_cli.core.identity import CLI_CLIENT, is_service_account

    present = context()
    impersonates = bool(present.settings.text("auth/impersonate_service_account"))
    if token_format is not None or include_license is not None:
        raise InvalidArgument(
            "Invalid account type for `--token-format` or `--include-license`. Requires a valid GCE service account, "
            "and there are no virtual machines here."
        )
    if include_email is not None and not impersonates:
        raise InvalidArgument(
            "Invalid account type for `--include-email`. Requires an impersonate service account.",
            field="--include-email",
        )
    named = account or present.settings.text("core/account")
    if audiences and not impersonates and not is_service_account(named):
        raise InvalidArgument(
            "Invalid account type for `--audiences`. Requires valid service account.",
            field="--audiences",
            hint="A user's token needs none: it is good for every service here.\n"
            "For a service account's: --impersonate-service-account=EMAIL",
        )
    email = caller(present, account, grants.OPEN_ID)
    token = grants.id_token(
        present.store,
        Tokens(present.home),
        email,
        audiences or CLI_CLIENT,
        present.now(),
        include_email=bool(include_email) or not impersonates,
    )
    return {"account": email, "id_token": token}


def caller(present: Context, account: str | None, permission: str) -> str:
    """Of whom the token is: the account, or the service account that it impersonates."""
    from cloudrun_cli.controlplane import acting

    impersonate = present.settings.text("auth/impersonate_service_account")
    named = account or present.settings.text("core/account")
    email = acting.caller(present.store, present.home, named, impersonate, present.now(), permission)
    if impersonate:
        present.warn(
            f"This command is using service account impersonation. All API calls will be executed as [{email}]."
        )
    return email


def check_lifetime(present: Context, lifetime: timedelta | None) -> None:
    """Raise InvalidArgument for a lifetime without impersonation."""
    from cloudrun_cli.core.errors import InvalidArgument

    if lifetime is not None and not present.settings.text("auth/impersonate_service_account"):
        raise InvalidArgument(
            "Invalid value for [--lifetime]: Lifetime flag is for service account impersonation only. It must be used "
            "together with the --impersonate-service-account flag.",
            field="--lifetime",
        )
