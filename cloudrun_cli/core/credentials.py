"""Credentials as files carry them: the key of a service account, and what programs find as their default.

Source: Create and delete service account keys; How Application Default Credentials works; AIP-4110.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudrun_cli.core.errors import InvalidArgument, Unimplemented
from cloudrun_cli.core.identity import CLI_CLIENT, is_service_account

SERVICE_ACCOUNT, USER = "service_account", "external_account_authorized_user"
TOKEN_ENDPOINT = "https://oauth2.googleapis.com/token"  # whom assertions of Google's libraries are addressed to
LONGEST_LIFE_SECONDS = 43_200  # of an access token by impersonation. Source: gcloud auth print-access-token
CLIENT_SECRET = "cloudrun"  # of the command line's client id; no secret, here as there
# Formats of the other kinds of credential, which prove what nobody here asks for.
_OTHERS = {
    "external_account": "workload identity federation",
    "external_account_authorized_user": "workforce identity federation",
    "impersonated_service_account": "impersonation from a file",
    "gdch_service_account": "air-gapped clouds",
    "authorized_user": "a user's refresh token",
}
_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_EMAIL_LENGTH = 200  # so that it names a file


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The key of a service account: what signs for it. Its `repr` does not hold the key."""

    email: str
    key_id: str
    private_key: str = field(repr=False)
    project: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a refresh token stands for: a user, and perhaps the service accounts through which it acts as the last of
    them."""

    account: str
    chain: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


def check_account(email: str, field: str = "ACCOUNT") -> str:
    """The address of an account itself. Raises InvalidArgument for what is none."""
    if len(email) > _EMAIL_LENGTH or not _EMAIL.fullmatch(email):
        raise InvalidArgument(f"[{email}] is not the e-mail address of an account.", field=field)
    return email


def parse_key_file(text: str, field: str = "--key-file") -> KeyFile:
    """The key that a JSON file holds. Raises InvalidArgument, Unimplemented for credentials of another kind."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(
            "The file is not the JSON of a service account key; those in P12 are not read here.",
            field=field,
            hint="Make one: cloudrun iam service-accounts keys create key.json --iam-account=EMAIL",
        ) from error
    kind = said.get("type") if isinstance(said, dict) else None
    if kind in _OTHERS:
        raise Unimplemented(f"Credentials for {_OTHERS[kind]} ({kind}) are not built here.", field=field)
    if kind != SERVICE_ACCOUNT:
        raise InvalidArgument(f"The file's type is [{kind}]; that of a key is [{SERVICE_ACCOUNT}].", field=field)
    missing = [
        name for name in ("client_email", "private_key_id", "private_key") if not isinstance(said.get(name), str)
    ]
    if missing:
        raise InvalidArgument(f"The key has no {', '.join(missing)}.", field=field)
    email = check_account(said["client_email"], field)
    if not is_service_account(email):
        raise InvalidArgument(f"The key's client_email [{email}] is not that of a service account.", field=field)
    return KeyFile(email, said["private_key_id"], said["private_key"], str(said.get("project_id", "")))


def user_defaults(token_url: str, refresh_token: str, account: str, quota_project: str = "") -> dict[str, Any]:
    """The default credentials of a user, as a file that Google's libraries read unmodified. They send a refresh token
    of type authorized_user to Google wherever its file says, and one of this type to `token_url`."""
    said = {
        "type": USER,
        "account": account,
        "client_id": CLI_CLIENT,
        "client_secret": CLIENT_SECRET,
        "refresh_token": refresh_token,
        "token_url": token_url,
        "token_info_url": f"{token_url}info",
        "universe_domain": "googleapis.com",
    }
    return said | ({"quota_project_id": quota_project} if quota_project else {})


def refresh_token_of(said: Mapping[str, Any]) -> str:
    """The refresh token in the default credentials of a user; empty in any others."""
    token = said.get("refresh_token") if said.get("type") == USER else ""
    return token if isinstance(token, str) else ""


def impersonation_chain(text: str) -> tuple[str, ...]:
    """The service accounts of --impersonate-service-account, the last of which is acted as. Raises InvalidArgument."""
    field = "--impersonate-service-account"
    chain = tuple(check_account(one.strip(), field) for one in text.split(",") if one.strip())
    for one in chain:
        if not is_service_account(one):
            raise InvalidArgument(f"[{one}] is not a service account, so nobody acts as it.", field=field)
    return chain


def check_scopes(scopes: Sequence[str] | None) -> str:
    """The scopes as a token carries them. Raises InvalidArgument for an empty one."""
    for scope in scopes or ():
        if not scope or any(letter.isspace() for letter in scope):
            raise InvalidArgument(f"[{scope}] is not a scope.", field="--scopes")
    return " ".join(scopes or ())
