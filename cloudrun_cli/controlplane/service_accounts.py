"""The verbs of service accounts. An account is meant by its address or by its unique id.

`project` is the one that a call names; with "-" it is found by the account, and then what is not there is denied and
not missing, as the real service answers. Source: iam.googleapis.com v1, projects.serviceAccounts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from cloudrun_cli.controlplane import permits
from cloudrun_cli.controlplane import projects as project_verbs
from cloudrun_cli.core import iam
from cloudrun_cli.core import service_accounts as rules
from cloudrun_cli.core.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from cloudrun_cli.core.identity import unique_id
from cloudrun_cli.core.names import check_project
from cloudrun_cli.core.service_accounts import ServiceAccount
from cloudrun_cli.core.wire.service_accounts import account_to_json
from cloudrun_cli.store import journal, policies, projects
from cloudrun_cli.store import service_accounts as rows
from cloudrun_cli.store.database import Store

Json = dict[str, Any]

KIND = "ServiceAccount"  # in the journal
BY_ACCOUNT = "-"  # in place of a project

_FIELDS = {"displayName": "display_name", "description": "description"}  # those that change, here and in v1
_ADDRESS = re.compile(r"[^@]+@([^.]+)\.iam\.gserviceaccount\.com")


def create(
    store: Store,
    project: str,
    name: str,
    *,
    display_name: str = "",
    description: str = "",
    caller: str,
    now: datetime,
) -> Json:
    """Make an account. Raises InvalidArgument, AlreadyExists, PermissionDenied."""
    with store.transaction():
        project_verbs.ensure(store, check_project(project), caller, now)
        project = _project(store, project)
        permits.require(store, caller, "service-accounts create", f"projects/{project}")
        email = rules.address(name, project)
        if rows.get(store, email) is not None:
            raise AlreadyExists(f"Service account {name} already exists within project projects/{project}.")
        number = unique_id(email)
        while rows.used(store, number):  # of one that had the address before
            number = unique_id(number)
        made = rules.checked(ServiceAccount(email, project, number, display_name, description))
        rows.put(store, made)
        note(store, made, "create", caller, now)
    return account_to_json(made)


def everything(store: Store, project: str, *, caller: str) -> list[Json]:
    """The accounts of a project, by address. Raises PermissionDenied."""
    project = _project(store, project)
    permits.require(store, caller, "service-accounts list", f"projects/{project}")
    return [account_to_json(account) for account in rows.of_project(store, project)]


def get(store: Store, account: str, *, project: str = BY_ACCOUNT, caller: str) -> Json:
    """One. Raises PermissionDenied, NotFound."""
    return account_to_json(found(store, account, project, "service-accounts describe", caller))


def update(
    store: Store,
    account: str,
    body: Mapping[str, Any],
    mask: Sequence[str],
    *,
    project: str = BY_ACCOUNT,
    caller: str,
    now: datetime,
) -> Json:
    """Set its name for people and its description, those of the mask. Raises PermissionDenied, NotFound,
    InvalidArgument."""
    if not mask:
        raise InvalidArgument("The update mask names no field.", field="updateMask")
    wanted = {"displayName" if path == "display_name" else path for path in mask}
    for field in sorted(wanted):
        if field not in _FIELDS:
            raise InvalidArgument(f"Field [{field}] of a service account cannot be changed.", field="updateMask")
        if not isinstance(body.get(field, ""), str):
            raise InvalidArgument(f"serviceAccount.{field}: expected text.", field=f"serviceAccount.{field}")
    with store.transaction():
        old = found(store, account, project, "service-accounts update", caller)
        made = rules.checked(replace(old, **{_FIELDS[field]: body.get(field, "") for field in wanted}))
        rows.put(store, made)
        note(store, made, "update", caller, now)
    return account_to_json(made)


def set_disabled(
    store: Store, account: str, disabled: bool, *, project: str = BY_ACCOUNT, caller: str, now: datetime
) -> None:
    """Take it out of use, or put it back: its tokens are worth nothing meanwhile. Raises PermissionDenied, NotFound."""
    verb = "disable" if disabled else "enable"
    with store.transaction():
        old = found(store, account, project, f"service-accounts {verb}", caller)
        if old.disabled != disabled:
            rows.put(store, replace(old, disabled=disabled))
            note(store, old, verb, caller, now)


def delete(store: Store, account: str, *, project: str = BY_ACCOUNT, caller: str, now: datetime) -> str:
    """Delete it; its unique id, by which it can be had back for 30 days. What policies gave it, they give nobody until
    then, also when its address is used again. Raises PermissionDenied, NotFound."""
    with store.transaction():
        old = found(store, account, project, "service-accounts delete", caller)
        rows.delete(store, old, policies.get(store, old.resource), now)
        policies.delete(store, old.resource)
        _rename(store, old.member, old.deleted_member)
        note(store, old, "delete", caller, now)
    return old.unique_id


def undelete(store: Store, number: str, *, project: str = BY_ACCOUNT, caller: str, now: datetime) -> Json:
    """Have one back by its unique id, with what policies gave it. Raises PermissionDenied; NotFound when it is not
    deleted, or has been for too long; FailedPrecondition when its address is another's by now."""
    if not number.isdecimal():
        raise InvalidArgument(
            f"Account unique ID should be a number. Please double check your input and try again: [{number}].",
            field="ACCOUNT_ID",
            hint="`describe` and `list --format='value(email, uniqueId)'` show it, while the account is there.",
        )
    with store.transaction():
        known = rows.deleted(store, number)
        of = known[0].project if known else project
        permits.require(store, caller, "service-accounts undelete", f"projects/{of}/serviceAccounts/{number}")
        if known is None or now - known[1] > rules.KEPT:
            raise NotFound(f"Service account [{number}] is not among those deleted in the last {rules.KEPT.days} days.")
        back, _, policy = known
        if rows.get(store, back.email) is not None:
            raise FailedPrecondition(f"Another service account has the address [{back.email}] by now.")
        rows.restore(store, back)
        if policy:
            policies.put(store, back.resource, policy)
        _rename(store, back.deleted_member, back.member)
        note(store, back, "undelete", caller, now)
    return account_to_json(back)


def resource(store: Store, account: str, project: str = BY_ACCOUNT) -> str:
    """The full name of an account, whether or not it is there."""
    known = rows.get(store, account)
    return known.resource if known else f"projects/{_project(store, project, account)}/serviceAccounts/{account}"


def found(store: Store, account: str, project: str, verb: str, caller: str) -> ServiceAccount:
    """The account, once the caller may do this with it. Raises PermissionDenied, NotFound."""
    known = rows.get(store, account)
    if known is not None and project not in (BY_ACCOUNT, known.project, projects.number(store, known.project)):
        known = None
    of = known.project if known else _project(store, project, account)
    email = known.email if known else account
    permits.require(store, caller, verb, f"projects/{of}/serviceAccounts/{email}")
    if known is not None:
        return known
    if project != BY_ACCOUNT:
        raise NotFound(f"Unknown service account: [{account}].", field="name")
    permission = permits.NEEDED[verb][0]
    raise PermissionDenied(
        f"Permission '{permission}' denied on resource 'projects/{of}/serviceAccounts/{email}' (or it may not exist).",
        field=permission,
        hint="There are: cloudrun iam service-accounts list",
    )


def note(store: Store, account: ServiceAccount, verb: str, caller: str, now: datetime) -> None:
    """Tell the journal."""
    journal.note(store, now, caller, verb, KIND, project=account.project, region="", name=account.email)


def _project(store: Store, named: str, account: str = "") -> str:
    """The id of a project, named by id or number, or by an account of it."""
    if named == BY_ACCOUNT:
        of = _ADDRESS.fullmatch(account)
        return of[1] if of else BY_ACCOUNT
    known = projects.get(store, named)
    return known.id if known else named


def _rename(store: Store, member: str, now: str) -> None:
    """Every policy with one member under another name."""
    for resource, policy in policies.everywhere(store).items():
        if any(member in binding["members"] for binding in policy.get("bindings", ())):
            policies.put(store, resource, iam.renamed(policy, member, now))
