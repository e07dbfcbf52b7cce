"""The v1 shapes of ServiceAccount and ServiceAccountKey. Source: iam.googleapis.com v1."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.service_accounts import ManagedBy, ServiceAccount, ServiceAccountKey

Json = dict[str, Any]

ETAG = "MDEwMjE5MjA="  # of every account: deprecated, and without meaning. Source: v1, ServiceAccount.etag
ALGORITHM = "KEY_ALG_RSA_2048"


def account_to_json(account: ServiceAccount) -> Json:
    """The v1 ServiceAccount; what is empty or false is left out, as the API does."""
    body = {
        "description": account.description,
        "disabled": account.disabled,
        "displayName": account.display_name,
        "email": account.email,
        "etag": ETAG,
        "name": account.resource,
        "oauth2ClientId": account.client_id or account.unique_id,
        "projectId": account.project,
        "uniqueId": account.unique_id,
    }
    return {key: value for key, value in body.items() if value}


def account_from_json(body: Mapping[str, Any]) -> ServiceAccount:
    """The value of a whole v1 ServiceAccount. Raises InvalidArgument."""
    for key in ("email", "projectId", "uniqueId"):
        if not isinstance(body.get(key), str) or not body[key]:
            raise InvalidArgument(f"[{body.get('email', '?')}] among the service accounts lacks its {key}.", field=key)
    client = str(body.get("oauth2ClientId", ""))
    return ServiceAccount(
        email=body["email"],
        project=body["projectId"],
        unique_id=body["uniqueId"],
        display_name=str(body.get("displayName", "")),
        description=str(body.get("description", "")),
        disabled=body.get("disabled") is True,
        client_id="" if client == body["uniqueId"] else client,
    )


def key_to_json(key: ServiceAccountKey, account: ServiceAccount) -> Json:
    """The v1 ServiceAccountKey, without the key itself."""
    body: Json = {
        "keyAlgorithm": ALGORITHM,
        "keyOrigin": str(key.origin),
        "keyType": str(key.managed_by),
        "name": f"{account.resource}/keys/{key.id}",
        "validAfterTime": _moment(key.valid_after),
        "validBeforeTime": _moment(key.valid_before),
    }
    if key.disabled:
        body |= {"disabled": True, "disableReason": "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"}
    return dict(sorted(body.items()))


def key_file(account: ServiceAccount, key_id: str, private: str, token_uri: str) -> Json:
    """What a client library reads to act as the account. `private` is the key in PEM (PKCS 8)."""
    base = token_uri.rpartition("/")[0]
    return {
        "type": "service_account",
        "project_id": account.project,
        "private_key_id": key_id,
        "private_key": private,
        "client_email": account.email,
        "client_id": account.client_id or account.unique_id,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_uri,
        "auth_provider_x509_cert_url": f"{base}/oauth2/v1/certs",
        "client_x509_cert_url": f"{base}/robot/v1/metadata/x509/{account.email.replace('@', '%40')}",
        "universe_domain": "googleapis.com",
    }


def managed_by(said: str) -> ManagedBy | None:
    """Which keys are meant by a word of the API; None for all. Raises InvalidArgument."""
    if said in ("", "KEY_TYPE_UNSPECIFIED"):
        return None
    try:
        return ManagedBy(said)
    except ValueError as error:
        raise InvalidArgument(f"keyTypes: [{said}] is no type of keys.", field="keyTypes") from error


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
