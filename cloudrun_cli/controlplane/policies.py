"""The verbs of policies: who may do what with a service or a job."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from cloudrun_cli.core import iam
from cloudrun_cli.core.errors import Conflict, NotFound
from cloudrun_cli.core.jobs import Job, JobRef
from cloudrun_cli.core.resources import Service, ServiceRef
from cloudrun_cli.store import jobs as job_rows
from cloudrun_cli.store import journal
from cloudrun_cli.store import policies as policy_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store

Policy = dict[str, Any]
Ref = ServiceRef | JobRef


def get(store: Store, ref: Ref) -> Policy:
    """The own policy of a service or job, with the etag of its present state. Raises NotFound."""
    _subject(store, ref)
    return _read(store, ref)


def replace(store: Store, ref: Ref, policy: Policy, *, caller: str, now: datetime) -> Policy:
    """Set the policy; the answer carries its new etag. Raises NotFound; InvalidArgument; Conflict when it carries the
    etag of a state that is not the present one."""
    return _change(store, ref, lambda _: policy, policy.get("etag"), caller, now)


def add_binding(
    store: Store,
    ref: Ref,
    role: str,
    member: str,
    condition: iam.Condition | None = None,
    *,
    caller: str,
    now: datetime,
) -> Policy:
    """Give a role to one more member. Raises NotFound, InvalidArgument."""

    def added(policy: Policy) -> Policy:
        return iam.with_member(policy, role, member, condition) | _version(ref)

    return _change(store, ref, added, None, caller, now)


def remove_binding(
    store: Store,
    ref: Ref,
    role: str,
    member: str,
    condition: iam.Condition | None = None,
    *,
    everywhere: bool = False,
    caller: str,
    now: datetime,
) -> Policy:
    """Take a role from a member: where it has it under this condition (None: under none), or `everywhere`. Raises
    NotFound, also when it does not have it."""

    def removed(policy: Policy) -> Policy:
        left = iam.without_member(policy, role, member, condition, everywhere=everywhere)
        if left["bindings"] == policy.get("bindings", []):
            what = "principal, role, and condition" if condition else "principal and role"
            raise NotFound(f"Policy binding with the specified {what} not found!")
        return left | _version(ref)

    return _change(store, ref, removed, None, caller, now)


def _change(
    store: Store,
    ref: Ref,
    change: Callable[[Policy], Policy],
    expected: str | None,
    caller: str,
    now: datetime,
) -> Policy:
    with store.transaction():
        subject = _subject(store, ref)
        present = _read(store, ref)
        if expected and expected != present["etag"]:
            raise Conflict(
                f"There were concurrent policy changes: the etag [{expected}] is not that of the present policy, "
                f"[{present['etag']}].",
                field="policy.etag",
                hint="Read the policy again and repeat the change.",
            )
        policy_rows.put(store, _resource(ref), iam.checked(change(present)))
        journal.note(
            store,
            now,
            caller,
            "setIamPolicy",
            _kind(ref),
            project=ref.project,
            region=ref.region,
            name=ref.name,
            generation=subject.generation,
        )
        return _read(store, ref)


def _read(store: Store, ref: Ref) -> Policy:
    policy, version = policy_rows.versioned(store, _resource(ref))
    if not version:
        return {"etag": iam.NEVER_SET}
    shown = {key: value for key, value in policy.items() if value or key != "bindings"}
    return {"version": 1, **shown, "etag": iam.etag(policy, version)}


def _version(ref: Ref) -> Policy:
    """The version that a changed policy gets: of a job it stays what it was. Source: recorded of gcloud."""
    return {} if isinstance(ref, JobRef) else {"version": iam.CONDITIONS_VERSION}


def _kind(ref: Ref) -> str:
    return "Job" if isinstance(ref, JobRef) else "Service"


def _resource(ref: Ref) -> str:
    name = iam.job_resource if isinstance(ref, JobRef) else iam.service_resource
    return name(ref.project, ref.region, ref.name)


def _subject(store: Store, ref: Ref) -> Service | Job:
    found = job_rows.get(store, ref) if isinstance(ref, JobRef) else service_rows.get(store, ref)
    if found is None:
        raise NotFound(
            f"Resource '{ref.name}' of kind '{_kind(ref).upper()}' in region '{ref.region}' in project "
            f"'{ref.project}' does not exist.",
            field="resource",
        )
    return found
