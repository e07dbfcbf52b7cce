"""The verbs of services."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any

from cloudrun_cli.core import doors, iam, revisions, traffic
from cloudrun_cli.core.changes import ImageChange, ServiceChange, TemplateChange
from cloudrun_cli.core.conditions import service_status
from cloudrun_cli.core.errors import InvalidArgument, NotFound
from cloudrun_cli.core.names import (
    check_project,
    check_region,
    check_resource_name,
    check_service_name,
    check_tag,
    project_number,
    suffixed_revision_name,
)
from cloudrun_cli.core.resources import Container, Revision, RevisionTemplate, Service, ServiceRef
from cloudrun_cli.core.validation import check_service
from cloudrun_cli.store import journal, policies, projects
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store

Change = TemplateChange | ServiceChange


@dataclass(frozen=True, slots=True)
class Rollout:
    """How the new revision meets the traffic. `public` None leaves the policy as it is."""

    no_traffic: bool = False
    tag: str | None = None
    suffix: str | None = None
    public: bool | None = None
    validate_only: bool = False  # say what would be wrong, and change nothing


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deploy has saved: the service, its new revision, and whether the service is new."""

    service: Service
    revision: Revision
    created: bool
    public: bool
    policy_set: bool  # whether the policy was asked to change, and not merely left closed


def deploy(
    store: Store,
    ref: ServiceRef,
    changes: Sequence[Change],
    *,
    rollout: Rollout = Rollout(),
    caller: str,
    now: datetime,
    random: Random,
) -> Deployed:
    """Make a new revision of a service, and the service when there is none; everything else stays as it was.
    Raises InvalidArgument, NotFound, AlreadyExists, FailedPrecondition; then nothing has changed."""
    check_project(ref.project)
    check_region(ref.region)
    check_service_name(ref.name)
    with store.transaction(keep=not rollout.validate_only):
        number = projects.ensure(store, ref.project, project_number(ref.project), now)
        old = service_rows.get(store, ref)
        if old is None and rollout.no_traffic:
            raise InvalidArgument("--no-traffic not supported when creating a new service.", field="--no-traffic")
        service = old or _new(store, ref, changes, caller, now, random)
        service = _changed(service, changes, number, rollout, caller, now, random)
        revision = revisions.stamp(service, now, random)
        service = replace(service, traffic=_traffic(service, revision, rollout))
        check_service(service)
        known = revision_rows.names_of_service(store, ref) | {revision.ref.name}
        traffic.check_known(service.traffic, known)
        service = replace(service, status=replace(service.status, latest_created=revision.ref.name))
        service = replace(service, status=service_status(service, revision, False, now))
        service = service_rows.update(store, service, number) if old else service_rows.insert(store, service, number)
        revision_rows.insert(store, revision, number)
        public = _set_public(store, ref, rollout.public)
        _note(store, service, "deploy", now, caller)
    policy_set = rollout.public is True or (rollout.public is False and old is not None)
    return Deployed(service, revision, created=old is None, public=public, policy_set=policy_set)


def get(store: Store, ref: ServiceRef) -> Service:
    """The service. Raises NotFound, and InvalidArgument for what cannot be a name."""
    check_resource_name(ref.name)
    found = service_rows.get(store, ref)
    if found is None:
        raise NotFound(f"Cannot find service [{ref.name}]", hint=_elsewhere(store, ref))
    return found


def find(store: Store, ref: ServiceRef) -> Service | None:
    """The service, or None."""
    return service_rows.get(store, ref)


def delete(store: Store, ref: ServiceRef, *, caller: str, now: datetime) -> None:
    """Remove the service with its revisions and its policy. Raises NotFound."""
    with store.transaction():
        service = service_rows.get(store, ref)
        if service is None:
            raise NotFound(f"Service [{ref.name}] could not be found.", hint=_elsewhere(store, ref))
        service_rows.delete(store, ref)
        revision_rows.delete_of_service(store, ref)
        policies.delete(store, iam.service_resource(ref.project, ref.region, ref.name))
        _note(store, service, "delete", now, caller)


def is_public(store: Store, ref: ServiceRef) -> bool:
    """Whether anybody may invoke it."""
    return iam.is_public(policies.get(store, iam.service_resource(ref.project, ref.region, ref.name)))


def _new(
    store: Store, ref: ServiceRef, changes: Sequence[Change], caller: str, now: datetime, random: Random
) -> Service:
    image = next((change.image for change in changes if isinstance(change, ImageChange)), "")
    home = os.path.dirname(store.path)
    return Service(
        ref=ref,
        template=RevisionTemplate(
            containers=(Container(image),), annotations={"run.googleapis.com/startup-cpu-boost": "true"}
        ),
        uid=revisions.new_uid(random),
        created=now,
        updated=now,
        creator=caller,
        generation=0,
        door=doors.choose(home, str(ref), service_rows.doors(store), _is_free),
    )


def _changed(
    service: Service,
    changes: Sequence[Change],
    number: str,
    rollout: Rollout,
    caller: str,
    now: datetime,
    random: Random,
) -> Service:
    template = replace(service.template, name=None)
    for change in changes:
        if hasattr(change, "apply"):
            template = change.apply(template)
        if hasattr(change, "adjust"):
            service = change.adjust(service)
    if rollout.suffix:
        template = replace(template, name=suffixed_revision_name(service.ref.name, rollout.suffix))
    template = replace(template, labels={**template.labels, revisions.NONCE: revisions.new_nonce(random)})
    return replace(
        service,
        template=revisions.with_defaults(template, number),
        generation=service.generation + 1,
        updated=now,
        last_modifier=caller,
    )


def _traffic(service: Service, revision: Revision, rollout: Rollout) -> traffic.Targets:
    targets = service.traffic
    if rollout.no_traffic:
        latest = service.status.latest_ready
        if latest is None:
            raise InvalidArgument(
                f"--no-traffic: Service [{service.ref.name}] has no ready revision that could keep the traffic.",
                field="--no-traffic",
                hint="Deploy a revision that becomes ready first.",
            )
        targets = traffic.without_latest(targets, latest)
    if rollout.tag:
        targets = traffic.with_tag(targets, check_tag(rollout.tag, service.ref.name), revision.ref.name)
    return targets


def _set_public(store: Store, ref: ServiceRef, public: bool | None) -> bool:
    resource = iam.service_resource(ref.project, ref.region, ref.name)
    policy = policies.get(store, resource)
    if public is None or public == iam.is_public(policy):
        return iam.is_public(policy)
    change = iam.with_member if public else iam.without_member
    policies.put(store, resource, change(policy, iam.INVOKER, iam.ALL_USERS))
    return public


def _note(store: Store, service: Service, verb: str, now: datetime, caller: str) -> None:
    ref = service.ref
    journal.note(
        store,
        now,
        caller,
        verb,
        "Service",
        project=ref.project,
        region=ref.region,
        name=ref.name,
        generation=service.generation,
    )


def _elsewhere(store: Store, ref: ServiceRef) -> str | None:
    rows = store.read("SELECT region FROM services WHERE project = ? AND name = ?", ref.project, ref.name)
    if not rows:
        return None
    region: Any = rows[0][0]
    return f"There is one in region {region}: add --region={region}"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
