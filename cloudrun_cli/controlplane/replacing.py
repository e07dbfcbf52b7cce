"""The verb that makes services what documents say, whether they were there or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Protocol

from cloudrun_cli.controlplane import doors, permits
from cloudrun_cli.controlplane import projects as project_verbs
from cloudrun_cli.controlplane import revisions as revision_verbs
from cloudrun_cli.controlplane import services as service_verbs
from cloudrun_cli.controlplane.traffic import make_room
from cloudrun_cli.core import revisions, stamping, traffic
from cloudrun_cli.core.conditions import routing, service_status
from cloudrun_cli.core.documents import KNATIVE_NAMESPACE, Wanted
from cloudrun_cli.core.errors import AlreadyExists, CloudRunError, Conflict, InvalidArgument
from cloudrun_cli.core.names import check_project, check_region
from cloudrun_cli.core.resources import Revision, RevisionTemplate, Service, ServiceRef
from cloudrun_cli.core.validation import check_service
from cloudrun_cli.core.wire.v1 import shown_version
from cloudrun_cli.store import journal
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store


@dataclass(frozen=True, slots=True)
class Replaced:
    """What one document has led to. `revision` None: its template needed no new one; `changed` False: nothing did."""

    service: Service
    revision: Revision | None
    created: bool
    changed: bool


def replace_all(
    store: Store,
    project: str,
    region: str,
    documents: Sequence[Wanted],
    *,
    caller: str,
    now: datetime,
    random: Random,
    client: Mapping[str, str] = stamping.CLIENT,
    validate_only: bool = False,
) -> list[Replaced]:
    """Make the services what the documents say, in their order: all of them, or none. Everything that a document leaves
    out goes back to its default; a new revision is made where the template differs from the last one, or has another
    name. `client` are the annotations that name the client. Raises PermissionDenied, InvalidArgument, InvalidTraffic,
    AlreadyExists, Conflict; then nothing has changed."""
    check_project(project)
    check_region(region)
    with store.transaction(keep=not validate_only):
        number = project_verbs.ensure(store, project, caller, now)
        made = []
        for wanted in documents:
            try:
                made.append(_replace(store, project, number, region, wanted, caller, client, now, random))
            except CloudRunError as error:
                if len(documents) == 1:
                    raise
                message = f"Service [{wanted.name}]: {error.message}"
                raise type(error)(message, field=error.field, hint=error.hint) from error
        return made


def _replace(
    store: Store,
    project: str,
    number: str,
    region: str,
    wanted: Wanted,
    caller: str,
    client: Mapping[str, str],
    now: datetime,
    random: Random,
) -> Replaced:
    ref = ServiceRef(project, region, wanted.name)
    permits.require(store, caller, "services replace", service_verbs.resource(ref))
    check_place(wanted, ref, number, "service")
    old = service_rows.get(store, ref)
    check_version(wanted, shown_version(old) if old else "", old.generation if old else None, "service")
    service = _as_wanted(old or _new(store, ref, wanted, caller, now, random), wanted)
    template = revisions.with_defaults(wanted.template, number)
    revises = old is None or _revises(old, template)
    if revises:
        service = replace(service, template=stamping.signed(template, client))
    if old is not None and service == old:
        check_service(service)
        return Replaced(old, None, created=False, changed=False)
    service_verbs.check_rights(store, old, service, caller, revises=revises)
    service = stamping.noted(service, random, client)
    service = replace(service, generation=service.generation + 1, updated=now, last_modifier=caller)
    revision = _stamp(store, service, now, random) if revises else None
    tags = tuple(target.tag for target in service.traffic if target.tag)
    service = replace(service, traffic=make_room(store, service, service.traffic, tags))
    check_service(service)
    known = revision_rows.names_of_service(store, ref) | ({revision.ref.name} if revision else set())
    traffic.check_known(service.traffic, known, ref.name)
    service = _save(store, service, revision, number, now, is_new=old is None)
    if len(known) > revision_verbs.KEPT:
        revision_verbs.forget_old(store, service)
    _note(store, service, caller, now)
    return Replaced(service, revision, created=old is None, changed=True)


class Document(Protocol):
    """What a document of any kind says of where its object is, and of which one it was made."""

    @property
    def name(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def generation(self) -> int | None: ...


class Place(Protocol):
    """Where something is."""

    @property
    def project(self) -> str: ...
    @property
    def region(self) -> str: ...


def check_place(wanted: Document, ref: Place, number: str, kind: str) -> None:
    """Nothing when the document is of this project and region, or says nothing of them. Raises InvalidArgument."""
    if wanted.namespace not in ("", KNATIVE_NAMESPACE, ref.project, number):
        raise InvalidArgument(
            f"metadata.namespace: Namespace must be project ID [{ref.project}] or quoted number [{number}]; "
            f"received [{wanted.namespace}].",
            field="metadata.namespace",
        )
    if wanted.region not in ("", ref.region):
        raise InvalidArgument(
            f"metadata.labels[cloud.googleapis.com/location]: The document is of region [{wanted.region}], and the "
            f"{kind} is to be in [{ref.region}].",
            field="metadata.labels",
            hint=f"Leave the label out, or add --region={wanted.region}",
        )


def check_version(wanted: Document, shown: str, generation: int | None, kind: str) -> None:
    """Nothing when the document was made from the object as it is now, which shows this version ("" when there is
    none), or does not say from which. Raises Conflict."""
    if wanted.version and wanted.version != shown:
        raise Conflict(
            f"Conflict for resource '{wanted.name}': version '{wanted.version}' was specified but "
            + (f"current version is '{shown}'." if shown else f"there is no such {kind}."),
            field="metadata.resourceVersion",
            hint="Read it again and repeat the change, or leave metadata.resourceVersion out.",
        )
    if wanted.generation is not None and generation is not None and wanted.generation != generation:
        raise Conflict(
            f"Conflict for resource '{wanted.name}': generation {wanted.generation} was specified but current "
            f"generation is {generation}.",
            field="metadata.generation",
            hint="Read it again and repeat the change, or leave metadata.generation out.",
        )


def _new(store: Store, ref: ServiceRef, wanted: Wanted, caller: str, now: datetime, random: Random) -> Service:
    return Service(
        ref=ref,
        template=wanted.template,
        uid=revisions.new_uid(random),
        created=now,
        updated=now,
        creator=caller,
        generation=0,
        door=doors.choose(store, ref),
    )


def _as_wanted(service: Service, wanted: Wanted) -> Service:
    """With everything around the template as the document says; what this program writes itself stays."""
    own = {key: value for key, value in service.annotations.items() if key in stamping.WRITTEN}
    return replace(
        service,
        labels=dict(wanted.labels),
        annotations={**wanted.annotations, **own},
        scaling=wanted.scaling,
        ingress=wanted.ingress,
        traffic=wanted.traffic,
    )


def _revises(old: Service, template: RevisionTemplate) -> bool:
    """Whether the template needs a new revision: it says something else, or asks for another name."""
    named_anew = template.name and template.name not in (old.template.name, old.status.latest_created)
    return bool(named_anew) or stamping.unsigned(template) != stamping.unsigned(old.template)


def _stamp(store: Store, service: Service, now: datetime, random: Random) -> Revision:
    revision = revisions.stamp(service, now, random)
    if revision_rows.get(store, revision.ref):
        raise AlreadyExists(
            f"Revision named '{revision.ref.name}' with different configuration already exists.",
            field="spec.template.metadata.name",
            hint="Choose another spec.template.metadata.name, or leave it out.",
        )
    return revision


def _save(
    store: Store, service: Service, revision: Revision | None, number: str, now: datetime, *, is_new: bool
) -> Service:
    if revision is None:
        return service_rows.update(store, replace(service, status=routing(service.status, now)), number)
    service = replace(service, status=replace(service.status, latest_created=revision.ref.name))
    service = replace(service, status=service_status(service, revision, False, now))
    service = service_rows.insert(store, service, number) if is_new else service_rows.update(store, service, number)
    revision_rows.insert(store, revision, number)
    return service


def _note(store: Store, service: Service, caller: str, now: datetime) -> None:
    ref, generation = service.ref, service.generation
    journal.note(
        store,
        now,
        caller,
        "replace",
        "Service",
        project=ref.project,
        region=ref.region,
        name=ref.name,
        generation=generation,
    )
