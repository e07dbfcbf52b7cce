"""What a deploy makes, and what it leaves alone. Evidence: documented (Admin API v1; traffic), recorded where said."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cloudrun_cli import __version__
from cloudrun_cli.controlplane import services
from cloudrun_cli.controlplane.services import Rollout
from cloudrun_cli.core.changes import (
    Change,
    ConcurrencyChange,
    LabelsChange,
    ManualScalingChange,
    RevisionScalingChange,
    ServiceAccountChange,
    ServiceScalingChange,
    TimeoutChange,
)
from cloudrun_cli.core.conditions import find, readiness
from cloudrun_cli.core.container_changes import (
    ArgsChange,
    CommandChange,
    EnvChange,
    ImageChange,
    LimitsChange,
    PortChange,
)
from cloudrun_cli.core.errors import AlreadyExists, CloudRunError, Conflict, InvalidArgument, NotFound
from cloudrun_cli.core.resources import ActiveTraffic, ContainerPort, Status, Tag, TrafficTarget
from cloudrun_cli.store import journal, policies, projects
from cloudrun_cli.store import revisions as revision_rows
from cloudrun_cli.store import services as service_rows
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, HELLO, NOW, NUMBER, a_ref, seeded
from tests.controlplane.verbs import an_account, deploy, everything, settle

LATEST = (TrafficTarget(None, 100),)


def test_a_first_deploy_makes_service_revision_project_door_and_a_line_in_the_journal(store: Store) -> None:
    made = deploy(store)
    service, revision = made.service, made.revision
    assert made.created
    assert service == services.get(store, a_ref())
    assert revision == revision_rows.get(store, revision.ref)
    assert revision.ref.name.startswith("hello-00001-")
    assert (service.generation, revision.generation, service.resource_version > 0) == (1, 1, True)
    assert (service.creator, service.last_modifier, service.created) == (CALLER, CALLER, NOW)
    assert 20000 <= service.door <= 29999
    assert service.traffic == LATEST
    assert service.status.latest_created == revision.ref.name
    assert service.status.latest_ready is None
    assert service.status.traffic == ()
    assert readiness(service.status.conditions) is Status.UNKNOWN
    client = {"run.googleapis.com/client-name": "cloudrun", "run.googleapis.com/client-version": __version__}
    assert service.template.annotations == {"run.googleapis.com/startup-cpu-boost": "true", **client}
    assert {**service.annotations, **client} == service.annotations
    assert service.annotations["run.googleapis.com/operation-id"]
    assert projects.number(store, "demo") == NUMBER
    assert [(e.verb, e.kind, e.name, e.generation, e.who) for e in journal.since(store, 0)] == [
        ("deploy", "Service", "hello", 1, CALLER)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        [ImageChange(HELLO)],  # the very same image: a nonce makes a revision all the same
        [ImageChange("img:2")],
        [CommandChange(("/app",))],
        [ArgsChange(("-x",))],
        [EnvChange(update={"A": "1"})],
        [LimitsChange(memory="1Gi")],
        [PortChange(9000)],
        [ConcurrencyChange(5)],
        [TimeoutChange(timedelta(seconds=60))],
        [RevisionScalingChange(max_instances=3, set_max=True)],
        [ServiceAccountChange("worker@demo.iam.gserviceaccount.com")],
        [LabelsChange({"team": "web"})],
        [],
    ],
)
def test_every_deploy_makes_the_next_revision_and_keeps_name_door_uid_and_birth(
    store: Store, changes: list[Change]
) -> None:
    first = deploy(store, ImageChange(HELLO), EnvChange(update={"KEEP": "1"}))
    an_account(store, "worker")
    second = deploy(store, *changes, seconds=60) if changes else deploy(store, seconds=60)
    assert not second.created
    assert second.revision.ref.name.startswith("hello-00002-")
    assert (second.service.generation, second.revision.generation) == (2, 2)
    assert (second.service.uid, second.service.door, second.service.created) == (
        first.service.uid,
        first.service.door,
        first.service.created,
    )
    assert second.service.updated == NOW + timedelta(seconds=60)
    assert second.service.resource_version > first.service.resource_version
    assert second.revision.uid != first.revision.uid
    assert revision_rows.get(store, first.revision.ref) == first.revision, "a revision never changes"
    kept = second.service.template.ingress_container.env
    assert ("KEEP", "1") in [(v.name, v.value) for v in kept], "what was not asked for stays as it was"


def test_the_scaling_of_the_service_stays_out_of_the_template(store: Store) -> None:
    made = deploy(store, ImageChange(HELLO), ServiceScalingChange(1, 9, set_min=True, set_max=True)).service
    assert (made.scaling.min_instances, made.scaling.max_instances) == (1, 9)
    assert (made.template.min_instances, made.template.max_instances) == (None, 100)


def test_a_new_port_is_the_revisions_port_and_its_probes(store: Store) -> None:
    deploy(store)
    container = deploy(store, PortChange(9000)).revision.template.ingress_container
    assert container.port == ContainerPort(9000)
    assert container.startup_probe is not None
    assert container.startup_probe.port == 9000
    back = deploy(store, PortChange(None)).revision.template.ingress_container
    assert back.port == ContainerPort(8080)


def test_two_regions_have_services_of_one_name_that_know_nothing_of_each_other(store: Store) -> None:
    here = deploy(store)
    there = deploy(store, ref=a_ref(region="europe-west1"))
    assert there.created
    assert there.service.door != here.service.door
    services.delete(store, a_ref(), caller=CALLER, now=NOW)
    assert services.get(store, a_ref(region="europe-west1")) == there.service


# suffix, tag, no traffic


def test_a_suffix_names_the_revision_and_is_not_kept_for_the_next(store: Store) -> None:
    assert deploy(store, rollout=Rollout(suffix="v1")).revision.ref.name == "hello-v1"
    assert deploy(store, rollout=Rollout(suffix="")).revision.ref.name.startswith("hello-00002-")


def test_a_suffix_that_exists_is_refused_and_nothing_changes(store: Store) -> None:
    deploy(store, rollout=Rollout(suffix="v1"))
    before = everything(store)
    with pytest.raises(AlreadyExists, match="'hello-v1' already exists"):
        deploy(store, ImageChange("img:2"), rollout=Rollout(suffix="v1", tag="t", public=True))
    assert everything(store) == before


def test_no_traffic_pins_what_is_served_now_and_later_deploys_get_nothing_either(store: Store) -> None:
    first = deploy(store).revision
    settle(store, first)
    second = deploy(store, rollout=Rollout(no_traffic=True))
    assert second.service.traffic == (TrafficTarget(first.ref.name, 100),)
    assert settle(store, second.revision).status.traffic == (ActiveTraffic(first.ref.name, 100),)
    third = deploy(store)
    served = settle(store, third.revision).status
    assert served.traffic == (ActiveTraffic(first.ref.name, 100),)
    assert served.latest_ready == third.revision.ref.name


def test_a_tag_without_traffic_points_at_the_new_revision_and_moves_with_the_next_deploy(store: Store) -> None:
    first = deploy(store).revision
    settle(store, first)
    for _ in range(2):
        made = deploy(store, rollout=Rollout(no_traffic=True, tag="green"))
        assert made.service.traffic == (
            TrafficTarget(first.ref.name, 100),
            TrafficTarget(made.revision.ref.name, 0, Tag("green")),
        )
    assert settle(store, made.revision).status.traffic[1] == ActiveTraffic(made.revision.ref.name, 0, Tag("green"))


def test_a_tag_alone_leaves_latest_its_share(store: Store) -> None:
    made = deploy(store, rollout=Rollout(tag="green"))
    assert made.service.traffic == (*LATEST, TrafficTarget(made.revision.ref.name, 0, Tag("green")))


def test_a_failed_deploy_leaves_the_old_revision_serving_everything(store: Store) -> None:
    first = deploy(store).revision
    settle(store, first)
    broken = deploy(store, ImageChange("broken"))
    service = settle(store, broken.revision, ready=False)
    assert service.status.traffic == (ActiveTraffic(first.ref.name, 100, latest=True),)
    assert (service.status.latest_created, service.status.latest_ready) == (broken.revision.ref.name, first.ref.name)
    assert service.status.observed_generation == 2
    ready = find(service.status.conditions, "Ready")
    assert ready is not None
    assert ready.status is Status.FALSE
    mended = deploy(store).revision
    assert settle(store, mended).status.traffic == (ActiveTraffic(mended.ref.name, 100, latest=True),)


# refusals


@pytest.mark.parametrize(
    ("changes", "rollout", "says"),
    [
        ([ImageChange("")], Rollout(), "container image is required"),
        ([LimitsChange(cpu="3")], Rollout(), "must be 2, 4, 6 or 8"),
        ([LimitsChange(memory="12Zi")], Rollout(), "'12Zi'"),
        ([EnvChange(update={"PORT": "1"})], Rollout(), "reserved"),
        ([ConcurrencyChange(2000)], Rollout(), "2000"),
        ([LabelsChange({"A": "b"})], Rollout(), "Invalid label key"),
        ([], Rollout(tag="Bad"), "Invalid traffic tag"),
        ([], Rollout(suffix="Bad"), "Invalid revision name"),
        ([], Rollout(no_traffic=True), "no-traffic"),
    ],
)
@pytest.mark.parametrize("again", [False, True])
def test_a_deploy_that_is_refused_changes_nothing_at_all(
    store: Store, changes: list[Change], rollout: Rollout, says: str, again: bool
) -> None:
    if again:
        deploy(store)
    before = everything(store)
    with pytest.raises(InvalidArgument, match=says):
        deploy(store, ImageChange(HELLO), *changes, rollout=replace(rollout, public=True))
    assert everything(store) == before


def test_a_new_service_cannot_be_without_traffic(store: Store) -> None:
    with pytest.raises(InvalidArgument) as refused:
        deploy(store, rollout=Rollout(no_traffic=True))
    assert refused.value.message == "--no-traffic not supported when creating a new service."  # gcloud's words


@pytest.mark.parametrize("ref", [a_ref("Bad_Name"), a_ref(project="X"), a_ref("a" * 50)])
def test_names_that_nobody_may_have_are_refused_before_the_store_is_touched(store: Store, ref: object) -> None:
    before = everything(store)
    with pytest.raises(InvalidArgument):
        deploy(store, ref=ref)  # type: ignore[arg-type]  # a ServiceRef
    assert everything(store) == before


def test_traffic_on_a_revision_that_was_deleted_is_refused(store: Store) -> None:
    first = deploy(store).revision
    settle(store, first)
    settle(store, deploy(store, rollout=Rollout(no_traffic=True)).revision)
    with store.transaction():
        revision_rows.delete(store, first.ref)
    with pytest.raises(CloudRunError, match=f"Revision {first.ref.name} does not exist or is deleted"):
        deploy(store)


def test_what_was_read_before_somebody_elses_deploy_cannot_be_saved(store: Store) -> None:
    read = deploy(store).service
    newer = deploy(store).service
    with pytest.raises(Conflict), store.transaction():
        service_rows.update(store, replace(read, generation=9), NUMBER)
    assert services.get(store, a_ref()) == newer


def test_a_deploy_that_is_only_tried_says_what_would_be_and_changes_nothing(store: Store) -> None:
    deploy(store)
    before = everything(store)
    tried = deploy(store, ImageChange("img:2"), rollout=Rollout(validate_only=True, public=True))
    assert tried.service.generation == 2
    assert everything(store) == before
    with pytest.raises(InvalidArgument):
        deploy(store, LimitsChange(cpu="3"), rollout=Rollout(validate_only=True))


# who may call, deleting, finding


def test_a_deploy_makes_a_service_public_private_or_leaves_it(store: Store) -> None:
    for asked, public in ((None, False), (True, True), (None, True), (True, True), (False, False), (False, False)):
        assert deploy(store, rollout=Rollout(public=asked)).public is public
        assert services.is_public(store, a_ref()) is public


def test_a_deleted_service_takes_revisions_and_policy_along_and_comes_back_as_another(store: Store) -> None:
    first = deploy(store, rollout=Rollout(public=True)).service
    deploy(store)
    services.delete(store, a_ref(), caller=CALLER, now=NOW)
    assert services.find(store, a_ref()) is None
    assert revision_rows.everywhere(store) == []
    assert [name for name in policies.everywhere(store) if "/services/" in name] == []
    assert [e.verb for e in journal.since(store, 0)] == ["deploy", "deploy", "delete"]
    second = deploy(store)
    assert second.created
    assert not second.public
    assert second.service.uid != first.uid
    assert second.revision.ref.name.startswith("hello-00001-")


def test_a_service_that_is_not_there_is_not_found_and_the_region_it_is_in_is_named(store: Store) -> None:
    deploy(store, ref=a_ref(region="europe-west1"))
    for verb in (
        lambda: services.get(store, a_ref()),
        lambda: services.delete(store, a_ref(), caller=CALLER, now=NOW),
    ):
        with pytest.raises(NotFound, match=r"\[hello\]") as refused:
            verb()
        assert refused.value.hint == "There is one in region europe-west1: add --region=europe-west1"
    with pytest.raises(NotFound) as unknown:
        services.get(store, a_ref("nobody"))
    assert unknown.value.hint is None


def test_a_service_of_another_project_is_not_there(store: Store) -> None:
    deploy(store)
    assert services.find(store, a_ref(project="other-project")) is None
    assert services.find(store, a_ref()) is not None


def change(store: Store, *changes: Change, rollout: Rollout = Rollout()) -> services.Updated:
    return services.update(store, a_ref(), changes, rollout=rollout, caller=CALLER, now=NOW, random=seeded(5))


def test_an_update_around_the_template_makes_no_revision_and_waits_to_be_seen(store: Store) -> None:
    ready = settle(store, deploy(store).revision)
    updated = change(store, ServiceScalingChange(1, 9, set_min=True, set_max=True))
    assert updated.revision is None
    assert updated.service.generation == ready.generation + 1
    assert updated.service.status.observed_generation == ready.generation
    assert readiness(updated.service.status.conditions) is Status.UNKNOWN
    assert updated.service.template == ready.template
    assert updated.service.status.traffic == ready.status.traffic, "what is served meanwhile stays as it is"
    assert len(revision_rows.names_of_service(store, a_ref())) == 1
    assert journal.since(store, 0)[-1].verb == "update"


def test_an_update_of_the_template_makes_the_next_revision(store: Store) -> None:
    first = settle(store, deploy(store).revision)
    updated = change(store, LimitsChange(memory="1Gi"))
    assert updated.revision is not None
    assert updated.revision == revision_rows.get(store, updated.revision.ref)
    assert updated.revision.ref.name.startswith("hello-00002-")
    assert updated.service.status.latest_created == updated.revision.ref.name
    assert updated.service.status.latest_ready == first.status.latest_ready
    assert not updated.routed, "LATEST has the requests, as before"


def test_an_update_may_leave_the_traffic_and_tag_what_it_makes(store: Store) -> None:
    first = settle(store, deploy(store).revision)
    updated = change(store, LimitsChange(memory="1Gi"), rollout=Rollout(no_traffic=True, tag="green"))
    assert updated.revision is not None
    assert updated.routed
    assert updated.service.traffic == (
        TrafficTarget(first.status.latest_ready, 100),
        TrafficTarget(updated.revision.ref.name, 0, Tag("green")),
    )


@pytest.mark.parametrize(
    "changes",
    [
        [LimitsChange(memory="1Ki")],
        [ServiceScalingChange(5, 2, set_min=True, set_max=True)],
        [ServiceScalingChange(max_instances=3, set_max=True), ManualScalingChange(3), LabelsChange({"BAD": ""})],
    ],
)
def test_a_refused_update_changes_nothing(store: Store, changes: list[Change]) -> None:
    settle(store, deploy(store).revision)
    before = everything(store)
    with pytest.raises(InvalidArgument):
        change(store, *changes)
    assert everything(store) == before


def test_an_update_that_is_only_checked_changes_nothing(store: Store) -> None:
    settle(store, deploy(store).revision)
    before = everything(store)
    assert change(store, LimitsChange(memory="1Gi"), rollout=Rollout(validate_only=True)).revision is not None
    assert everything(store) == before


def test_there_is_nothing_to_update_where_there_is_no_service(store: Store) -> None:
    with pytest.raises(NotFound, match=r"Cannot find service \[hello\]"):
        change(store, LimitsChange(memory="1Gi"))


def test_a_new_service_finds_its_door_without_reading_the_others(store: Store) -> None:
    plan = store.read("EXPLAIN QUERY PLAN SELECT 1 FROM services WHERE door = ?", 20000)
    assert "USING" in str(plan[0][-1])
    assert "INDEX" in str(plan[0][-1])
    made = deploy(store).service.door
    assert made in service_rows.doors(store)
    assert made + 1 not in service_rows.doors(store)
