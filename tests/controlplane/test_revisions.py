"""Finding and deleting revisions. Evidence: documented (Manage revisions), recorded for the words of the refusal."""

import pytest

from cloudrun_cli.controlplane import revisions, services
from cloudrun_cli.controlplane.services import Rollout
from cloudrun_cli.core.errors import FailedPrecondition, NotFound
from cloudrun_cli.core.resources import Revision, RevisionName, RevisionRef
from cloudrun_cli.store import journal
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, a_ref
from tests.controlplane.verbs import deploy, everything, settle


def _delete(store: Store, revision: Revision) -> None:
    revisions.delete(store, revision.ref, caller=CALLER, now=NOW)


def test_a_revision_that_serves_is_not_deleted(store: Store) -> None:
    first = deploy(store).revision
    settle(store, first)
    settle(store, deploy(store, rollout=Rollout(no_traffic=True)).revision)
    settle(store, deploy(store).revision)
    before = everything(store)
    with pytest.raises(FailedPrecondition) as refused:
        _delete(store, first)
    assert refused.value.message == (
        f'Revision "{first.ref.name}" cannot be directly deleted because it is actively serving.'
    )
    assert everything(store) == before


def test_the_old_revision_is_not_deleted_while_a_failed_one_stands_before_it(store: Store) -> None:
    first = deploy(store).revision
    settle(store, first)
    broken = deploy(store).revision
    settle(store, broken, ready=False)
    for revision, why in ((first, "actively serving"), (broken, "latest of its service")):
        with pytest.raises(FailedPrecondition, match=why):
            _delete(store, revision)


def test_a_revision_with_nothing_but_a_tag_is_not_deleted_even_before_the_tag_is_routed(store: Store) -> None:
    settle(store, deploy(store).revision)
    tagged = deploy(store, rollout=Rollout(no_traffic=True, tag="green")).revision
    settle(store, deploy(store).revision)
    with pytest.raises(FailedPrecondition, match="actively serving") as refused:
        _delete(store, tagged)
    assert "tags" in (refused.value.hint or "")


def test_the_only_revision_is_not_deleted_before_or_after_it_is_ready(store: Store) -> None:
    only = deploy(store).revision
    with pytest.raises(FailedPrecondition, match="latest of its service"):
        _delete(store, only)
    settle(store, only)
    with pytest.raises(FailedPrecondition):
        _delete(store, only)


def test_a_retired_revision_is_deleted_once(store: Store) -> None:
    first = deploy(store).revision
    settle(store, first)
    second = deploy(store).revision
    settle(store, second)
    assert revisions.get(store, first.ref).ref == first.ref
    _delete(store, first)
    for verb in (lambda: revisions.get(store, first.ref), lambda: _delete(store, first)):
        with pytest.raises(NotFound, match=first.ref.name):
            verb()
    assert revisions.get(store, second.ref).ref == second.ref
    assert services.get(store, a_ref()).status.latest_ready == second.ref.name
    last = journal.since(store, 0)[-1]
    assert (last.verb, last.kind, last.name) == ("delete", "Revision", first.ref.name)


def test_a_revision_of_another_region_is_not_found(store: Store) -> None:
    deploy(store, rollout=Rollout(suffix="v1"))
    with pytest.raises(NotFound):
        revisions.get(store, RevisionRef("demo", "europe-west1", RevisionName("hello-v1")))
