"""The verbs of policies: who may do what with a service."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from cloudrun_cli.core import iam
from cloudrun_cli.core.errors import Conflict, NotFound
from cloudrun_cli.core.resources import Service, ServiceRef
from cloudrun_cli.store import journal
from cloudrun_cli.store import policies as policy_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store

Policy = dict[str, Any]


def get(store: Store, ref: ServiceRef) -> Policy:
    """The service's own policy, with the etag of its present state. Raises NotFound."""
    _service(store, ref)
    return _read(store, ref)


def replace(store: Store, ref: ServiceRef, policy: Policy, *, caller: str, now: datetime) -> Policy:
    """Set the policy; the answer carries its new etag. Raises NotFound; InvalidArgument; Conflict when it carries the
    etag of a state that is not the present one."""
    return _change(store, ref, lambda _: policy, policy.get("etag"), caller, now)


def add_binding(
    store: Store,
    ref: ServiceRef,
    role: str,
    member: str,
    condition: iam.Condition | None = None,
    *,
    caller: str,
    now: datetime,
) -> Policy:
    """Give a role to one more member. Raises NotFound, InvalidArgument."""

    def added(policy: Policy) -> Policy:
        return iam.with_member(policy, role, member, condition) | {"version": iam.CONDITIONS_VERSION}

    return _change(store, ref, added, None, caller, now)


def remove_binding(
    store: Store,
    ref: ServiceRef,
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
        return left | {"version": iam.CONDITIONS_VERSION}

    return _change(store, ref, removed, None, caller, now)


def _change(
    store: Store,
    ref: ServiceRef,
    change: Callable[[Policy], Policy],
    expected: str | None,
    caller: str,
    now: datetime,
) -> Policy:
    resource = iam.service_resource(ref.project, ref.region, ref.name)
    with store.transaction():
        service = _service(store, ref)
        present = _read(store, ref)
        if expected and expected != present["etag"]:
            raise Conflict(
                f"There were concurrent policy changes: the etag [{expected}] is not that of the present policy, "
                f"[{present['etag']}].",
                field="policy.etag",
                hint="Read the policy again and repeat the change.",
            )
        policy_rows.put(store, resource, iam.checked(change(present)))
        journal.note(
            store,
            now,
            caller,
            "setIamPolicy",
            "Service",
            project=ref.project,
            region=ref.region,
            name=ref.name,
            generation=service.generation,
        )
        return _read(store, ref)


def _read(store: Store, ref: ServiceRef) -> Policy:
    policy, version = policy_rows.versioned(store, iam.service_resource(ref.project, ref.region, ref.name))
    if not version:
        return {"etag": iam.NEVER_SET}
    shown = {key: value for key, value in policy.items() if value or key != "bindings"}
    return {"version": 1, **shown, "etag": iam.etag(policy, version)}


def _service(store: Store, ref: ServiceRef) -> Service:
    found = service_rows.get(store, ref)
    if found is None:
        raise NotFound(
            f"Resource '{ref.name}' of kind 'SERVICE' in region '{ref.region}' in project '{ref.project}' does not "
            "exist.",
            field="resource",
        )
    return found
