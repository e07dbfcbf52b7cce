"""The verbs of revisions."""

from datetime import datetime

from cloudrun_cli.controlplane import permits
from cloudrun_cli.core import traffic
from cloudrun_cli.core.errors import FailedPrecondition, NotFound
from cloudrun_cli.core.resources import Revision, RevisionName, RevisionRef, Service
from cloudrun_cli.store import journal
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store

KEPT = 1000  # per service; past that, those that no request can reach go, oldest first. Source: quotas and limits


def get(store: Store, ref: RevisionRef, *, caller: str | None = None, verb: str = "revisions describe") -> Revision:
    """The revision; with a caller, if that may do this verb with it. Raises NotFound, PermissionDenied."""
    if caller is not None:
        permits.require(store, caller, verb, _resource(store, ref))
    found = revision_rows.get(store, ref)
    if found is None:
        raise NotFound(f"Cannot find revision [{ref.name}].")
    return found


def use_engine(store: Store) -> bool:
    """Whether any of them runs from an image that a Docker engine keeps."""
    return any(
        found.status.runtime == "docker" and found.status.image_digest for found in revision_rows.everywhere(store)
    )


def delete(store: Store, ref: RevisionRef, *, caller: str, now: datetime) -> None:
    """Remove a revision that nothing needs. Raises PermissionDenied; NotFound; FailedPrecondition when it can get
    requests, is the service's latest, or is its only one. Source: Manage revisions."""
    with store.transaction():
        permits.require(store, caller, "revisions delete", _resource(store, ref))
        revision = revision_rows.get(store, ref)
        if revision is None:
            raise NotFound(f"Revision [{ref.name}] could not be found.")
        service = service_rows.get(store, revision.service_ref)
        if service is not None:
            if ref.name in _reachable(service):
                raise FailedPrecondition(
                    f'Revision "{ref.name}" cannot be directly deleted because it is actively serving.',
                    hint="Move its traffic and remove its tags first.",
                )
            if ref.name in (service.status.latest_created, service.status.latest_ready):
                raise FailedPrecondition(
                    f'Revision "{ref.name}" cannot be directly deleted because it is the latest of its service.',
                    hint=f"Deploy a newer one, or delete the service [{revision.service}].",
                )
            if len(revision_rows.names_of_service(store, service.ref)) == 1:
                raise FailedPrecondition(
                    f'Revision "{ref.name}" cannot be directly deleted because it is the only one of its service.',
                    hint=f"Deploy another one, or delete the service [{revision.service}].",
                )
        revision_rows.delete(store, ref)
        journal.note(store, now, caller, "delete", "Revision", project=ref.project, region=ref.region, name=ref.name)


def forget_old(store: Store, service: Service) -> list[RevisionName]:
    """In the transaction of a deploy: remove the oldest revisions past `KEPT` that no request can reach; their
    names."""
    names = revision_rows.names_by_age(store, service.ref)
    needed = _reachable(service) | {service.status.latest_created, service.status.latest_ready}
    gone = [name for name in names if name not in needed][: max(len(names) - KEPT, 0)]
    for name in gone:
        revision_rows.delete(store, RevisionRef(service.ref.project, service.ref.region, name))
    return gone


def _resource(store: Store, ref: RevisionRef) -> str:
    """The full name that rights on it are asked for by: as v2 has it, in its service, so that these inherit."""
    place = permits.place(ref.project, ref.region)
    found = revision_rows.get(store, ref)
    return f"{place}/services/{found.service if found else '-'}/revisions/{ref.name}"


def _reachable(service: Service) -> set[RevisionName | None]:
    """Those with traffic or a tag, by what should be or by what is."""
    return {t.revision for t in service.traffic} | traffic.addressable(service.status.traffic)
