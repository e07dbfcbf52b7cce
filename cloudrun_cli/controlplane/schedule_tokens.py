"""The tokens of schedules: made for each attempt, as the service account that the schedule names.

Source: Cloud Scheduler, use authentication with HTTP targets
"""

from collections.abc import Callable
from datetime import datetime

from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.core.errors import NotFound, PermissionDenied
from cloudrun_cli.core.schedules import DEFAULT_SCOPE, Schedule, audience
from cloudrun_cli.store import service_accounts
from cloudrun_cli.store.database import Store


class ScheduleTokens:
    """Mints for the accounts of the store. Its `repr` holds no token."""

    def __init__(self, store: Store, tokens: Tokens, now: Callable[[], datetime]) -> None:
        self._store, self._tokens, self._now = store, tokens, now

    def of(self, schedule: Schedule) -> str | None:
        """An ID token for the audience of the target, or an access token of its scope; None when it asks for none.
        Raises NotFound, PermissionDenied where the account is gone or disabled."""
        target = schedule.target
        wanted = target.oidc or target.oauth
        if wanted is None:
            return None
        account = service_accounts.get(self._store, wanted.account)
        if account is None:
            raise NotFound(
                f"The service account [{wanted.account}] does not exist, so the schedule has no token to send.",
                hint="Name another one: cloudrun scheduler jobs update http "
                f"{schedule.ref.name} --{'oidc' if target.oidc else 'oauth'}-service-account-email=EMAIL",
            )
        if account.disabled:
            raise PermissionDenied(
                f"The service account [{account.email}] is disabled, so the schedule has no token to send.",
                hint=f"Enable it: cloudrun iam service-accounts enable {account.email}",
            )
        now, subject = self._now(), account.unique_id
        if target.oidc is not None:
            return self._tokens.id_token(account.email, audience(target), now, subject=subject)
        scopes = wanted.about or DEFAULT_SCOPE
        return self._tokens.access_token(account.email, now, subject=subject, scopes=scopes)
