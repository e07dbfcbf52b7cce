"""Services become what documents say. Evidence: documented (gcloud run services replace; v1)."""

from dataclasses import replace
from typing import Any

import pytest

from cloudrun_cli.controlplane import replacing, services
from cloudrun_cli.controlplane.replacing import Replaced
from cloudrun_cli.core.documents import exported, read
from cloudrun_cli.core.errors import AlreadyExists, CloudRunError, Conflict, InvalidArgument, InvalidTraffic
from cloudrun_cli.core.resources import Ingress, RevisionName, Service, ServiceScaling, TrafficTarget
from cloudrun_cli.core.wire.v1 import service_to_json
from cloudrun_cli.store import journal
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, NUMBER, a_ref, seeded
from tests.controlplane.verbs import deploy, everything, settle
from tests.core.test_schema import a_document

Json = dict[str, Any]

RANDOM = seeded(5)


def apply(store: Store, *documents: Json, dry_run: bool = False) -> list[Replaced]:
    wanted = [read(document) for document in documents]
    return replacing.replace_all(
        store, "demo", "us-central1", wanted, caller=CALLER, now=NOW, random=RANDOM, validate_only=dry_run
    )


def one(store: Store, **changes: Any) -> Replaced:
    (made,) = apply(store, a_document(**changes))
    return made


def document_of(service: Service) -> Json:
    return exported(service_to_json(service, NUMBER))


def test_a_new_service_is_made_with_its_first_revision(store: Store) -> None:
    made = one(store, metadata__labels={"team": "web"})
    assert made.created
    assert made.changed
    assert made.revision is not None
    assert made.revision.ref.name.startswith("hello-00001-")
    service = services.get(store, a_ref())
    assert service == made.service
    assert service.labels == {"team": "web"}
    assert service.door
    assert service.template.concurrency == 80
    assert service.annotations["run.googleapis.com/client-name"] == "cloudrun"
    assert service.annotations["run.googleapis.com/operation-id"]
    assert not services.is_public(store, a_ref())
    assert [entry.verb for entry in journal.since(store, 0)] == ["replace"]


def test_the_same_document_again_changes_nothing(store: Store) -> None:
    one(store)
    before = everything(store)
    again = one(store)
    assert (again.created, again.changed, again.revision) == (False, False, None)
    assert everything(store) == before


def test_an_export_is_taken_back_and_changes_nothing(store: Store) -> None:
    settle(store, deploy(store).revision)
    before = services.get(store, a_ref())
    (made,) = apply(store, document_of(before))
    assert not made.changed
    assert services.get(store, a_ref()) == before


@pytest.mark.parametrize(
    ("changes", "revises"),
    [
        ({"metadata__labels": {"team": "data"}}, False),
        ({"metadata__annotations": {"run.googleapis.com/ingress": "internal"}}, False),
        ({"metadata__annotations": {"run.googleapis.com/minScale": "1"}}, False),
        ({"metadata__annotations": {"run.googleapis.com/description": "d"}}, False),
        ({"spec__traffic": [{"latestRevision": True, "percent": 100, "tag": "now"}]}, False),
        ({"spec__template__spec__containerConcurrency": 7}, True),
        ({"spec__template__spec__containers__0__env": [{"name": "A", "value": "b"}]}, True),
        ({"spec__template__metadata": {"annotations": {"autoscaling.knative.dev/minScale": "1"}}}, True),
        ({"spec__template__metadata": {"labels": {"team": "data"}}}, True),
        ({"spec__template__metadata": {"name": "hello-v2"}}, True),
    ],
)
def test_only_another_template_or_another_name_for_it_makes_a_revision(
    store: Store, changes: Json, revises: bool
) -> None:
    one(store)
    made = one(store, **changes)
    assert made.changed
    assert (made.revision is not None) is revises
    assert made.service.generation == 2
    assert len(revision_rows.of_service(store, a_ref())) == 1 + revises


def test_what_a_document_leaves_out_goes_back_to_its_default(store: Store) -> None:
    annotations = {"run.googleapis.com/ingress": "internal", "run.googleapis.com/maxScale": "4", "example.com/a": "b"}
    one(store, metadata__labels={"team": "web"}, metadata__annotations=annotations)
    service = one(store).service
    assert service.labels == {}
    assert service.ingress is Ingress.ALL
    assert service.scaling == ServiceScaling()
    assert "example.com/a" not in service.annotations
    assert service.annotations["run.googleapis.com/client-name"] == "cloudrun"


def test_a_revision_can_be_named_and_given_traffic_at_once(store: Store) -> None:
    first = settle(store, deploy(store).revision)
    assert first.status.latest_ready is not None
    traffic = [
        {"revisionName": first.status.latest_ready, "percent": 90},
        {"latestRevision": True, "percent": 10, "tag": "next"},
    ]
    made = one(store, spec__template__metadata={"name": "hello-v4"}, spec__traffic=traffic)
    assert made.revision is not None
    assert made.revision.ref.name == "hello-v4"
    assert made.service.traffic == (
        TrafficTarget(first.status.latest_ready, 90),
        TrafficTarget(None, 10, made.service.traffic[1].tag),
    )
    assert made.service.status.latest_created == RevisionName("hello-v4")


def test_the_name_of_a_revision_that_is_there_is_taken(store: Store) -> None:
    one(store, spec__template__metadata={"name": "hello-v1"})
    before = everything(store)
    with pytest.raises(AlreadyExists, match="'hello-v1' with different configuration already exists"):
        one(store, spec__template__metadata={"name": "hello-v1"}, spec__template__spec__containerConcurrency=3)
    assert everything(store) == before


def test_a_named_template_stays_without_a_revision_as_long_as_it_says_the_same(store: Store) -> None:
    one(store, spec__template__metadata={"name": "hello-v1"})
    assert not one(store, spec__template__metadata={"name": "hello-v1"}).changed
    assert not one(store).changed


@pytest.mark.parametrize("field", ["resourceVersion", "generation"])
def test_a_document_made_from_an_older_state_is_refused(store: Store, field: str) -> None:
    old = service_to_json(one(store).service, NUMBER)["metadata"]
    current = {"resourceVersion": old["resourceVersion"], "generation": old["generation"]}
    one(store, metadata={"name": "hello", **current}, spec__template__spec__containerConcurrency=3)
    before = everything(store)
    with pytest.raises(Conflict, match="was specified but current"):
        one(store, metadata={"name": "hello", field: current[field]}, spec__template__spec__containerConcurrency=4)
    assert everything(store) == before


def test_a_version_of_a_service_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(Conflict, match="there is no such service"):
        one(store, metadata__resourceVersion="7")


@pytest.mark.parametrize("namespace", ["demo", NUMBER, "default"])
def test_a_namespace_is_the_project_by_id_or_number_or_what_knative_says(store: Store, namespace: str) -> None:
    assert one(store, metadata__namespace=namespace).created


@pytest.mark.parametrize(
    ("changes", "error", "complaint"),
    [
        ({"metadata__namespace": "other"}, InvalidArgument, r"Namespace must be project ID \[demo\]"),
        (
            {"metadata__labels": {"cloud.googleapis.com/location": "europe-west1"}},
            InvalidArgument,
            r"of region \[europe-west1\]",
        ),
        ({"metadata__labels": {"Team": "web"}}, InvalidArgument, "Invalid label key"),
        (
            {"spec__template__spec__containers__0__resources": {"limits": {"cpu": "3"}}},
            InvalidArgument,
            "containers.0..resources.limits.cpu",
        ),
        ({"spec__template__spec__timeoutSeconds": 3601}, InvalidArgument, "timeoutSeconds"),
        ({"spec__traffic": [{"latestRevision": True, "percent": 50}]}, InvalidArgument, "must sum to 100"),
        (
            {"spec__traffic": [{"revisionName": "hello-no", "percent": 100}]},
            InvalidTraffic,
            "hello-no",
        ),
    ],
)
def test_what_is_wrong_changes_nothing(store: Store, changes: Json, error: type[CloudRunError], complaint: str) -> None:
    before = everything(store)
    with pytest.raises(error, match=complaint):
        one(store, **changes)
    assert everything(store) == before


def test_a_dry_run_says_what_is_wrong_and_changes_nothing(store: Store) -> None:
    before = everything(store)
    (made,) = apply(store, a_document(), dry_run=True)
    assert made.created
    with pytest.raises(InvalidArgument):
        apply(store, a_document(spec__template__spec__timeoutSeconds=0), dry_run=True)
    assert everything(store) == before


def test_of_several_documents_all_are_applied_or_none(store: Store) -> None:
    second = a_document(metadata__name="second")
    wrong = a_document(metadata__name="third", spec__template__spec__timeoutSeconds=0)
    before = everything(store)
    with pytest.raises(InvalidArgument, match=r"Service \[third\]: .*timeoutSeconds"):
        apply(store, a_document(), second, wrong)
    assert everything(store) == before
    assert [made.service.ref.name for made in apply(store, a_document(), second)] == ["hello", "second"]


def test_an_imported_service_keeps_its_addresses(store: Store) -> None:
    one(store)
    urls = ("https://hello-1.run.app",)
    with store.transaction():
        service = services.get(store, a_ref())
        status = replace(service.status, url=urls[0])
        service_rows.update(store, replace(service, urls=urls, status=status), NUMBER)
    made = one(store, spec__template__spec__containerConcurrency=3)
    assert made.service.urls == urls
    assert made.service.status.url == urls[0]
