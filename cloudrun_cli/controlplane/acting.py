"""Acting: as whom a command is carried out. The account in force, or the service account that it impersonates.

A user of this machine is whoever they say they are: there is no password to ask for. A service account must have been
activated with its key, and the key must still be in use. Source: gcloud auth; gcloud topic impersonation.
"""

from datetime import datetime

from cloudrun_cli.controlplane import grants
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.controlplane.wallet import Wallet
from cloudrun_cli.core.credentials import check_account, impersonation_chain
from cloudrun_cli.core.errors import FailedPrecondition
from cloudrun_cli.core.identity import is_service_account
from cloudrun_cli.store.database import Store


def caller(
    store: Store, home: str, account: str, impersonate: str, now: datetime, permission: str = grants.ACCESS
) -> str:
    """The e-mail of whom a command speaks for. Raises FailedPrecondition, PermissionDenied, InvalidArgument."""
    prove(store, home, account, now)
    chain = impersonation_chain(impersonate)
    return grants.impersonated(store, account, chain, permission, now)


def prove(store: Store, home: str, account: str, now: datetime) -> None:
    """Nothing, when an account may be used here. Raises FailedPrecondition."""
    check_account(account, "--account")
    if not is_service_account(account):
        return
    key = Wallet(home).key(account)
    if key is None:
        raise FailedPrecondition(
            f"Your current active account [{account}] does not have any valid credentials.",
            field="core/account",
            hint="Activate it: cloudrun auth activate-service-account --key-file=FILE\n"
            f"Or act as it, as yourself: --impersonate-service-account={account}",
        )
    try:
        grants.by_assertion(store, Signer(home), grants.assertion(key, now), now)
    except grants.Invalid as error:
        raise FailedPrecondition(
            f"The credentials of [{account}] are not valid any more: {error.message}",
            field="core/account",
            hint="Activate it with another key: cloudrun auth activate-service-account --key-file=FILE\n"
            "Or choose another account: cloudrun config set account ACCOUNT",
        ) from error
