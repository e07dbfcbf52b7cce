"""The verbs of services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any

from cloudrun_cli.controlplane import doors, permits
from cloudrun_cli.controlplane import projects as project_verbs
from cloudrun_cli.controlplane import revisions as revision_verbs
from cloudrun_cli.controlplane.traffic import make_room
from cloudrun_cli.core import iam, revisions, traffic
from cloudrun_cli.core.annotations import INVOKER_DISABLED, STARTUP_BOOST
from cloudrun_cli.core.changes import Change, makes_revision
from cloudrun_cli.core.conditions import routing, service_status
from cloudrun_cli.core.errors import InvalidArgument, NotFound
from cloudrun_cli.core.names import (
    check_project,
    check_region,
    check_resource_name,
    check_service_name,
    check_tag,
    suffixed_revision_name,
)
from cloudrun_cli.core.resources import (
    LATEST_TAKES_ALL,
    Container,
    Revision,
    RevisionName,
    RevisionRef,
    RevisionTemplate,
    Service,
    ServiceRef,
)
from cloudrun_cli.core.stamping import noted, stamped
from cloudrun_cli.core.validation import check_service
from cloudrun_cli.store import journal, policies
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store


@dataclass(frozen=True, slots=True)
class Rollout:
    """How the new revision meets the traffic. `public` None leaves the policy as it is."""

    no_traffic: bool = False
    tag: str | None = None
    suffix: str | None = None
    public: bool | None = None
    validate_only: bool = False  # say what would be wrong, and change nothing
    client: Mapping[str, str] = field(default_factory=dict)  # the annotations of another program that asks through us


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deploy has saved: the service, its new revision, and whether the service is new."""

    service: Service
    revision: Revision
    created: bool
    public: bool
    policy_set: bool  # whether the policy was asked to change, and not merely left closed
    routed: bool  # whether somebody's share of the requests was asked to change


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update has saved: the service, and its new revision if its template was to change."""

    service: Service
    revision: Revision | None
    routed: bool


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
    """Make a new revision of a service, and the service when there is none; everything else stays as it was. Raises
    PermissionDenied, InvalidArgument, NotFound, AlreadyExists, FailedPrecondition; then nothing has changed."""
    check_project(ref.project)
    check_region(ref.region)
    check_service_name(ref.name)
    with store.transaction(keep=not rollout.validate_only):
        number = project_verbs.ensure(store, ref.project, caller, now)
        old = service_rows.get(store, ref)
        permits.require(store, caller, "services update" if old else "services create", resource(ref))
        policy_set = rollout.public is True or (rollout.public is False and old is not None)
        if policy_set:
            permits.require(store, caller, "services set-iam-policy", resource(ref))
        if old is None and rollout.no_traffic:
            raise InvalidArgument("--no-traffic not supported when creating a new service.", field="--no-traffic")
        service = _adjusted(old or _new(store, ref, caller, now, random), changes)
        service, revision = _revised(store, service, changes, number, rollout, caller, now, random)
        check_rights(store, old, service, caller, revises=True)
        service = service_rows.update(store, service, number) if old else service_rows.insert(store, service, number)
        _keep(store, service, revision, number)
        public = _set_public(store, ref, rollout.public)
        _note(store, service, "deploy", now, caller)
    routed = old is not None and _shares(old) != _shares(service)
    return Deployed(service, revision, old is None, public, policy_set, routed)


def update(
    store: Store,
    ref: ServiceRef,
    changes: Sequence[Change],
    *,
    rollout: Rollout = Rollout(),
    caller: str,
    now: datetime,
    random: Random,
) -> Updated:
    """Change a service. A new revision is made only where its template is spoken of, or a tag or name for a new one;
    its images are those that the last revision runs, even if their tags have moved since. Raises PermissionDenied,
    NotFound, InvalidArgument, AlreadyExists; then nothing has changed."""
    with store.transaction(keep=not rollout.validate_only):
        number = project_verbs.ensure(store, ref.project, caller, now)
        permits.require(store, caller, "services update", resource(ref))
        old = get(store, ref)
        service, revision = _adjusted(old, changes), None
        if makes_revision(changes) or rollout.tag or rollout.suffix:
            service = _with_digests(store, service)
            service, revision = _revised(store, service, changes, number, rollout, caller, now, random)
        else:
            service = _moved(store, service, rollout, None)
            service = replace(service, generation=service.generation + 1, updated=now, last_modifier=caller)
            service = replace(_through(noted(service, random), rollout), status=routing(service.status, now))
            check_service(service)
        check_rights(store, old, service, caller, revises=revision is not None)
        service = service_rows.update(store, service, number)
        if revision is not None:
            _keep(store, service, revision, number)
        _note(store, service, "update", now, caller)
    return Updated(service, revision, _shares(old) != _shares(service))


def get(store: Store, ref: ServiceRef, *, caller: str | None = None, verb: str = "services describe") -> Service:
    """The service; with a caller, if that may do this verb with it. Raises NotFound, PermissionDenied, and
    InvalidArgument for what cannot be a name."""
    check_resource_name(ref.name)
    if caller is not None:
        permits.require(store, caller, verb, resource(ref))
    found = service_rows.get(store, ref)
    if found is None:
        raise NotFound(f"Cannot find service [{ref.name}]", hint=_elsewhere(store, ref))
    return found


def find(store: Store, ref: ServiceRef) -> Service | None:
    """The service, or None."""
    return service_rows.get(store, ref)


def delete(store: Store, ref: ServiceRef, *, caller: str, now: datetime) -> None:
    """Remove the service with its revisions and its policy. Raises PermissionDenied, NotFound."""
    with store.transaction():
        permits.require(store, caller, "services delete", resource(ref))
        service = service_rows.get(store, ref)
        if service is None:
            raise NotFound(f"Service [{ref.name}] could not be found.", hint=_elsewhere(store, ref))
        service_rows.delete(store, ref)
        revision_rows.delete_of_service(store, ref)
        policies.delete(store, resource(ref))
        _note(store, service, "delete", now, caller)


def is_public(store: Store, ref: ServiceRef) -> bool:
    """Whether anybody may invoke it."""
    return iam.is_public(policies.get(store, resource(ref)))


def resource(ref: ServiceRef) -> str:
    """Its full name."""
    return iam.service_resource(ref.project, ref.region, ref.name)


def check_rights(store: Store, old: Service | None, new: Service, caller: str, *, revises: bool) -> None:
    """Nothing when the caller may make of the service what else than its own permission this takes: for a revision, to
    act as its account; to change whether callers are checked. Raises PermissionDenied. Source: Cloud Run IAM
    permissions; Disable the Cloud Run Invoker for services."""
    if revises:
        permits.act_as(store, caller, new.template.service_account)
    if _is_unchecked(old) != _is_unchecked(new):
        permits.require(store, caller, "services set-invoker-check", resource(new.ref))


def _is_unchecked(service: Service | None) -> bool:
    return service is not None and service.annotations.get(INVOKER_DISABLED, "").lower() == "true"


def _new(store: Store, ref: ServiceRef, caller: str, now: datetime, random: Random) -> Service:
    """A service with nothing in it yet."""
    return Service(
        ref=ref,
        template=RevisionTemplate(containers=(Container(""),), annotations={STARTUP_BOOST: "true"}),
        uid=revisions.new_uid(random),
        created=now,
        updated=now,
        creator=caller,
        generation=0,
        door=doors.choose(store, ref),
    )


def _adjusted(service: Service, changes: Sequence[Change]) -> Service:
    """The service with what was asked of it beside its template."""
    for change in changes:
        if hasattr(change, "adjust"):
            service = change.adjust(service)
    return service


def _with_digests(store: Store, service: Service) -> Service:
    """The service with its images as its last revision runs them."""
    ref, latest = service.ref, service.status.latest_created
    base = revision_rows.get(store, RevisionRef(ref.project, ref.region, latest)) if latest else None
    return replace(service, template=revisions.with_digests(service.template, base)) if base else service


def _revised(
    store: Store,
    service: Service,
    changes: Sequence[Change],
    number: str,
    rollout: Rollout,
    caller: str,
    now: datetime,
    random: Random,
) -> tuple[Service, Revision]:
    """The service with its template changed, and the revision that this makes; both checked, neither saved."""
    template = replace(service.template, name=None)
    for change in changes:
        if hasattr(change, "apply"):
            template = change.apply(template)
    if rollout.suffix:
        template = replace(template, name=suffixed_revision_name(service.ref.name, rollout.suffix))
    template = replace(template, labels={**template.labels, revisions.NONCE: revisions.new_nonce(random)})
    service = replace(
        service,
        template=revisions.with_defaults(template, number),
        generation=service.generation + 1,
        updated=now,
        last_modifier=caller,
    )
    service = _through(stamped(service, random), rollout)
    template = replace(service.template, annotations={**service.template.annotations, **rollout.client})
    service = replace(service, template=template)
    revision = revisions.stamp(service, now, random)
    service = _moved(store, service, rollout, revision)
    check_service(service)
    known = revision_rows.names_of_service(store, service.ref) | {revision.ref.name}
    traffic.check_known(service.traffic, known, service.ref.name)
    service = replace(service, status=replace(service.status, latest_created=revision.ref.name))
    return replace(service, status=service_status(service, revision, False, now)), revision


def _through(service: Service, rollout: Rollout) -> Service:
    """The service with the name of the program that asked."""
    return replace(service, annotations={**service.annotations, **rollout.client})


def _moved(store: Store, service: Service, rollout: Rollout, revision: Revision | None) -> Service:
    """The service with its traffic as the rollout wants it."""
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
    if rollout.tag and revision is not None:
        tag = check_tag(rollout.tag, service.ref.name)
        targets = make_room(store, service, traffic.with_tag(targets, tag, revision.ref.name), (tag,))
    return replace(service, traffic=targets)


def _shares(service: Service) -> dict[RevisionName | None, int]:
    """Who is to get how much, whatever the tags."""
    return {t.revision: t.percent for t in traffic.merged(service.traffic or LATEST_TAKES_ALL) if t.percent}


def _keep(store: Store, service: Service, revision: Revision, number: str) -> None:
    """Save a new revision, and let go of the oldest that nobody needs."""
    revision_rows.insert(store, revision, number)
    if len(revision_rows.names_of_service(store, service.ref)) > revision_verbs.KEPT:
        revision_verbs.forget_old(store, service)


def _set_public(store: Store, ref: ServiceRef, public: bool | None) -> bool:
    policy = policies.get(store, resource(ref))
    if public is None or public == iam.is_public(policy):
        return iam.is_public(policy)
    change = iam.with_member if public else iam.without_member
    policies.put(store, resource(ref), change(policy, iam.INVOKER, iam.ALL_USERS))
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
