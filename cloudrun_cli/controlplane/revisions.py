"""The verbs of revisions."""

from datetime import datetime

from cloudrun_cli.core import traffic
from cloudrun_cli.core.errors import FailedPrecondition, NotFound
from cloudrun_cli.core.resources import Revision, RevisionRef
from cloudrun_cli.store import journal
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store


def get(store: Store, ref: RevisionRef) -> Revision:
    """The revision. Raises NotFound."""
    found = revision_rows.get(store, ref)
    if found is None:
        raise NotFound(f"Cannot find revision [{ref.name}].")
    return found


def delete(store: Store, ref: RevisionRef, *, caller: str, now: datetime) -> None:
    """Remove a revision that nothing needs. Raises NotFound; FailedPrecondition when it can get requests, is the
    service's latest, or is its only one. Source: Manage revisions."""
    with store.transaction():
        revision = revision_rows.get(store, ref)
        if revision is None:
            raise NotFound(f"Revision [{ref.name}] could not be found.")
        service = service_rows.get(store, revision.service_ref)
        if service is not None:
            wanted = {t.revision for t in service.traffic} | traffic.addressable(service.status.traffic)
            if ref.name in wanted:
                raise FailedPrecondition(
                    f'Revision "{ref.name}" cannot be directly deleted because it is actively serving.',
                    hint="Move its traffic and remove its tags first.",
                )
            if ref.name in (service.status.latest_created, service.status.latest_ready):
                raise FailedPrecondition(
                    f'Revision "{ref.name}" cannot be directly deleted because it is the latest of its service.',
                    hint=f"Deploy a newer one, or delete the service [{revision.service}].",
                )
        revision_rows.delete(store, ref)
        journal.note(store, now, caller, "delete", "Revision", project=ref.project, region=ref.region, name=ref.name)
