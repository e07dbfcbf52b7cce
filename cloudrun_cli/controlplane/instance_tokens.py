"""The tokens of instances: those that the metadata server hands out, for the service account an instance runs as.

An access token is kept and handed out again until its end is near. Source: container instance metadata server.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

from cloudrun_cli.controlplane.tokens import LIFE, Tokens
from cloudrun_cli.core.errors import NotFound, PermissionDenied
from cloudrun_cli.core.service_accounts import ServiceAccount
from cloudrun_cli.store import service_accounts as rows
from cloudrun_cli.store.database import Store

RENEWED = timedelta(minutes=5)  # before its end. Source: Compute Engine, authenticating applications with tokens
_KEPT = 4096


class AccessToken(NamedTuple):
    """A token and the whole seconds that are left of its life."""

    value: str
    expires_in: int


class InstanceTokens:
    """Mints for the accounts of the store. Its `repr` holds no token."""

    def __init__(self, store: Store, tokens: Tokens) -> None:
        self._store, self._tokens = store, tokens
        self._kept: OrderedDict[tuple[str, str, tuple[str, ...]], tuple[str, datetime]] = OrderedDict()

    def access(self, instance: str, email: str, scopes: tuple[str, ...], now: datetime) -> AccessToken:
        """A token for Google APIs, the same one until it is nearly over. Raises NotFound, PermissionDenied."""
        account = self._account(email)
        key = (instance, account.unique_id, scopes)
        value, ends = self._kept.get(key, ("", now))
        if ends - now <= RENEWED:
            value = self._tokens.access_token(email, now, subject=account.unique_id, scopes=" ".join(scopes))
            ends = now + LIFE
            self._kept[key] = (value, ends)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return AccessToken(value, max(0, int((ends - now).total_seconds()) - 1))

    def identity(self, email: str, audience: str, now: datetime) -> str:
        """A token that says to `audience` who this is. Raises NotFound, PermissionDenied."""
        account = self._account(email)
        return self._tokens.id_token(email, audience, now, subject=account.unique_id)

    def _account(self, email: str) -> ServiceAccount:
        account = rows.get(self._store, email)
        if account is None or account.email != email:
            raise NotFound(
                f"The service account [{email}] does not exist any more, so its instances get no token.",
                hint="Deploy with another one: --service-account=EMAIL",
            )
        if account.disabled:
            raise PermissionDenied(
                f"The service account [{email}] is disabled, so its instances get no token.",
                hint=f"Enable it: cloudrun iam service-accounts enable {email}",
            )
        return account
