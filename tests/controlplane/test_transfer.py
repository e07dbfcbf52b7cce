"""A world of v1 objects comes in and goes out as it was. Evidence: recorded (the resources of the real service)."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cloudrun_cli.controlplane import domains, executions, policies, services, transfer
from cloudrun_cli.controlplane.transfer import Bundle
from cloudrun_cli.core.errors import AlreadyExists, CloudRunError, FailedPrecondition, InvalidArgument
from cloudrun_cli.core.jobs import Execution, JobRef
from cloudrun_cli.core.resources import RevisionName, RevisionRef, ServiceRef
from cloudrun_cli.store import journal, projects
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store, open_store
from tests.builders import CALLER, NOW, RECORDINGS, a_ref, seeded
from tests.controlplane.verbs import deploy, everything, settle
from tests.job_builders import claim, end

Json = dict[str, Any]

NUMBER = "123456789012"
recorded = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}: import is not tested")


def _file(name: str) -> Any:
    return json.loads((RECORDINGS / "resources" / f"{name}.json").read_text())


def the_recorded() -> Bundle:
    return Bundle(_file("projects"), _file("services")["items"], _file("revisions")["items"], _file("iam-policies"))


def with_jobs() -> Bundle:
    jobs, executions, tasks = (_file(name)["items"] for name in ("jobs", "executions", "tasks"))
    return replace(the_recorded(), jobs=jobs, executions=executions, tasks=tasks)


def altered(given: Bundle, part: str, items: list[Json]) -> Bundle:
    changed: dict[str, Any] = {part: items}
    return replace(given, **changed)


def load(store: Store, bundle: Bundle) -> transfer.Loaded:
    return transfer.load(store, bundle, caller=CALLER, now=NOW)


def by_name(items: Any) -> dict[tuple[str, str], Json]:
    return {(i["metadata"]["labels"]["cloud.googleapis.com/location"], i["metadata"]["name"]): i for i in items}


@recorded
def test_what_came_in_goes_out_as_it_was(store: Store) -> None:
    given = the_recorded()
    loaded = load(store, given)
    assert (loaded.projects, loaded.services, loaded.revisions, loaded.policies) == (1, 7, 11, 3)
    assert loaded.left_out == {"revisions of worker pools": 1, "policies of other resources": 1}
    out = transfer.save(store)
    assert by_name(out.services) == by_name(given.services)
    assert by_name(out.revisions) == {k: v for k, v in by_name(given.revisions).items() if k[1][:8] != "consumer"}
    assert out.projects == given.projects
    assert {name: given.policies[name] for name in out.policies} == out.policies
    assert [
        i["metadata"]["name"]
        for i in out.services
        if i["metadata"]["labels"]["cloud.googleapis.com/location"] == "us-central1"
    ] == [
        "api",
        "broken",
        "hello",
        "never-ready",
        "shop",
    ]


@recorded
def test_an_export_imported_elsewhere_exports_the_same(store: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    load(store, the_recorded())
    settle(store, deploy(store, ref=a_ref("made-here")).revision)
    out = transfer.save(store)
    other = open_store(str(tmp_path_factory.mktemp("other")))
    try:
        load(other, out)
        assert transfer.save(other) == out
        assert revision_rows.everywhere(other)
        assert all(revision.is_history for revision in revision_rows.everywhere(other) if revision.meta)
    finally:
        other.close()


@recorded
def test_jobs_come_in_as_history_and_go_out_as_they_were(
    store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    given = with_jobs()
    loaded = load(store, given)
    assert (loaded.jobs, loaded.executions, loaded.policies) == (5, 6, 4)
    assert "policies of other resources" not in loaded.left_out
    assert executions.open_ones(store) == []
    out = transfer.save(store)
    for part in ("jobs", "executions", "tasks"):
        assert by_name(getattr(out, part)) == by_name(getattr(given, part)), part
    assert out.policies == given.policies
    execution = a_run_of_one_task(store)
    with pytest.raises(FailedPrecondition, match=rf"Execution \[{execution.ref.name}\] is still on its way"):
        transfer.save(store)
    end(store, execution, claim(store, execution, 0))
    other = open_store(str(tmp_path_factory.mktemp("other")))
    try:
        load(other, transfer.save(store))
        assert transfer.save(other) == transfer.save(store)
        assert executions.get(other, execution.ref).history
    finally:
        other.close()


def a_run_of_one_task(store: Store) -> Execution:
    ref = JobRef("demo", "us-central1", "idle-job")
    made = executions.run(store, ref, caller=CALLER, now=NOW, random=seeded())
    prepared = executions.prepared(
        store, made.ref, image_digest="x@sha256:1", sidecar_digests={}, runtime="docker", seconds=1, now=NOW
    )
    assert prepared is not None
    return prepared


@recorded
@pytest.mark.parametrize(
    ("part", "change", "error"),
    [
        ("jobs", {"kind": "Service"}, "Expected [Job]"),
        ("executions", {"kind": "Task"}, "is not an Execution of run.googleapis.com/v1"),
        ("executions", {"metadata": {"name": "x"}}, "lacks the label run.googleapis.com/job"),
        ("tasks", {"spec": {}}, "is not a Task of run.googleapis.com/v1"),
    ],
)
def test_jobs_that_are_none_are_refused_as_a_whole(store: Store, part: str, change: Json, error: str) -> None:
    given = with_jobs()
    first, *rest = getattr(given, part)
    before = everything(store)
    with pytest.raises(InvalidArgument, match=re.escape(error)):
        load(store, altered(given, part, [first | change, *rest]))
    with pytest.raises(InvalidArgument, match="which is not in the import"):
        load(store, altered(given, "jobs" if part == "jobs" else "executions", []))
    assert everything(store) == before


@recorded
def test_services_come_in_with_a_door_of_their_own_and_the_number_of_their_project(store: Store) -> None:
    load(store, the_recorded())
    found = service_rows.everywhere(store)
    assert len({service.door for service in found} - {0}) == len(found)
    assert projects.number(store, "demo") == NUMBER
    assert services.is_public(store, a_ref())
    assert (
        policies.get(store, "projects/demo/locations/us-central1/services/api")["bindings"][0]["role"]
        == "roles/run.admin"
    )
    assert journal.since(store, 0)[-1].verb == "import"


@recorded
def test_a_deploy_on_an_imported_service_keeps_its_addresses_and_counts_on(store: Store) -> None:
    load(store, the_recorded())
    before = services.get(store, a_ref())
    made = deploy(store)
    assert made.revision.ref.name.startswith("hello-00004-")
    assert not made.revision.is_history
    assert made.service.urls == before.urls
    assert made.service.status.url == before.status.url
    assert made.service.traffic == before.traffic
    assert made.service.etag == ""
    assert before.etag == "AAZMDAwMDAxNw"


@recorded
def test_what_is_there_is_never_written_over(store: Store) -> None:
    load(store, the_recorded())
    before = everything(store)
    with pytest.raises(AlreadyExists, match="already there"):
        load(store, the_recorded())
    assert everything(store) == before


def test_a_project_that_has_services_keeps_its_number(store: Store) -> None:
    deploy(store)
    before = everything(store)
    with pytest.raises(FailedPrecondition, match="has the number"):
        load(store, Bundle(projects={"projects/demo": {"projectNumber": NUMBER}}))
    assert everything(store) == before


def test_a_project_without_services_takes_the_number_it_comes_with(store: Store) -> None:
    with store.transaction():
        projects.ensure(store, "demo", "7", NOW)
    load(store, Bundle(projects={"projects/demo": {"projectNumber": NUMBER, "name": "Demo"}}))
    assert projects.number(store, "demo") == NUMBER
    saved = transfer.save(store).projects["projects/demo"]
    assert (saved["projectNumber"], saved["name"], saved["projectId"]) == (NUMBER, "Demo", "demo")


def test_what_is_on_its_way_goes_neither_out_nor_in(store: Store) -> None:
    made = deploy(store)
    with pytest.raises(FailedPrecondition, match=r"Service \[hello\] is still on its way"):
        transfer.save(store)
    settle(store, made.revision)
    out = transfer.save(store)
    (service,) = out.services
    waiting = {**service, "status": {**service["status"], "observedGeneration": 0}}
    services.delete(store, a_ref(), caller=CALLER, now=NOW)
    before = everything(store)
    with pytest.raises(FailedPrecondition, match="still on its way"):
        load(store, replace(out, services=[waiting]))
    assert everything(store) == before


def test_what_is_true_of_this_machine_alone_does_not_go_out(store: Store) -> None:
    settled = settle(store, deploy(store).revision)
    (revision,) = revision_rows.of_service(store, settled.ref)
    with store.transaction():
        status = replace(revision.status, runtime="docker", note="n", image_digest="x@sha256:1")
        revision_rows.save_status(store, replace(revision, status=status), NUMBER)
    (body,) = transfer.save(store).revisions
    assert not [key for key in body["metadata"]["annotations"] if key.startswith("cloudrun.dev/")]
    assert body["status"]["imageDigest"] == "x@sha256:1"


@recorded
@pytest.mark.parametrize(
    ("kind", "change", "complaint"),
    [
        ("services", {"metadata": {"name": "hello", "namespace": NUMBER}}, "lacks metadata.uid"),
        ("services", {"kind": "Pod"}, "kind: Expected"),
        ("services", {"spec": {"containerz": []}}, "Service.spec.containerz"),
        ("revisions", {"kind": "Pod"}, "is not a Revision"),
        (
            "revisions",
            {"metadata": {"name": "x", "labels": {"cloud.googleapis.com/location": "r"}}},
            "lacks metadata.uid",
        ),
    ],
)
def test_what_is_no_object_of_v1_is_refused_and_nothing_comes_in(
    store: Store, kind: str, change: Json, complaint: str
) -> None:
    given = the_recorded()
    items = given.services if kind == "services" else given.revisions
    wrong = [*items[:-2], {**items[-2], **change}]
    given = replace(given, services=wrong) if kind == "services" else replace(given, revisions=wrong)
    before = everything(store)
    with pytest.raises(InvalidArgument, match=complaint):
        load(store, given)
    assert everything(store) == before


@recorded
def test_an_object_of_an_unknown_project_or_service_is_refused(store: Store) -> None:
    given = the_recorded()
    refusals: list[tuple[Bundle, str]] = [
        (replace(given, projects={}), "which is not in the import"),
        (replace(given, services=given.services[:2]), "is of service"),
        (replace(given, projects={"demo": {}}), "is not a project"),
    ]
    for bundle, complaint in refusals:
        with pytest.raises(CloudRunError, match=complaint):
            load(store, bundle)
        assert service_rows.everywhere(store) == []


@recorded
def test_a_revision_that_came_in_has_its_digests_and_its_log(store: Store) -> None:
    load(store, the_recorded())
    found = revision_rows.get(store, RevisionRef("demo", "us-central1", RevisionName("shop-00001-vwx")))
    assert found is not None
    assert found.is_history
    assert found.service_ref == ServiceRef("demo", "us-central1", "shop")
    assert isinstance(found.status.sidecar_digests, Mapping)
    assert found.status.sidecar_digests["redis"].startswith("docker.io/library/redis@sha256:")
    assert "logUrl" in found.status.extra


def test_domain_mappings_go_out_and_come_in_with_their_service(
    store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settle(store, deploy(store).revision)
    made = domains.create(store, a_ref(), "shop.example.com", caller=CALLER, now=NOW, random=seeded())
    out = transfer.save(store)
    assert out.domain_mappings == [made]
    other = open_store(str(tmp_path_factory.mktemp("other")))
    try:
        load(other, out)
        assert transfer.save(other) == out
        with pytest.raises(AlreadyExists, match=r"shop\.example\.com"):
            load(other, Bundle(domain_mappings=out.domain_mappings))
        with pytest.raises(InvalidArgument, match="is not a DomainMapping"):
            load(other, Bundle(domain_mappings=[{"kind": "Service"}]))
    finally:
        other.close()
