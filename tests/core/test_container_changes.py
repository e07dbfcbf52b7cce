"""Several containers: which there are, and which one a change is about. Evidence: documented (gcloud run deploy)."""

from dataclasses import replace

import pytest

from cloudrun_cli.core.annotations import ACCELERATOR, USER_IMAGE
from cloudrun_cli.core.container_changes import (
    GPU_LIMIT,
    ContainersChange,
    DependsOnChange,
    EnvChange,
    GpuChange,
    ImageChange,
    LimitsChange,
    MountsChange,
    PortChange,
    ProbeChange,
    ProtocolChange,
    WorkingDirChange,
)
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import Container, ContainerPort, EnvVar, Probe, RevisionTemplate
from cloudrun_cli.core.revisions import PROBE_TYPE
from cloudrun_cli.core.volumes import SecretKey, VolumeMount
from tests.builders import HELLO, a_template

REDIS = Container("redis:7", name="redis")
APP = Container(HELLO, name="app", port=ContainerPort(), depends_on=("redis",))
TWO = RevisionTemplate((REDIS, APP))
BLANK = RevisionTemplate((Container(""),))


def names(template: RevisionTemplate) -> list[str]:
    return [c.name for c in template.containers]


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        (BLANK, ContainersChange(("app",)), ["app"]),  # a new service has a blank one, which gives way
        (BLANK, ContainersChange(("app", "redis")), ["app", "redis"]),
        (TWO, ContainersChange(("app",)), ["redis", "app"]),
        (TWO, ContainersChange(("app", "log")), ["redis", "app", "log"]),
        (TWO, ContainersChange(remove=("redis",)), ["app"]),
        (TWO, ContainersChange(("log",), ("redis",)), ["app", "log"]),
        # one without a name is called by its image and place, and keeps that name beside others
        (RevisionTemplate((Container(HELLO),)), ContainersChange(("hello-1",)), [""]),
        (RevisionTemplate((Container(HELLO),)), ContainersChange(("log",)), ["hello-1", "log"]),
    ],
)
def test_containers_are_added_kept_and_removed_by_name(
    before: RevisionTemplate, change: ContainersChange, after: list[str]
) -> None:
    assert names(change.apply(before)) == after


def test_who_depended_on_a_removed_container_no_longer_does() -> None:
    assert ContainersChange(remove=("redis",)).apply(TWO).containers == (replace(APP, depends_on=()),)


def test_a_container_that_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(InvalidArgument, match=r"no container \[log\]; there are \[redis, app\]"):
        ContainersChange(remove=("log",)).apply(TWO)


def test_a_change_of_a_container_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"no container \[log\]"):
        ImageChange("x", "log").apply(TWO)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (ImageChange("redis:8", "redis"), {"image": "redis:8"}),
        (WorkingDirChange("/data", "redis"), {"working_dir": "/data"}),
        (EnvChange({"A": "1"}, container="redis"), {"env": (EnvVar("A", "1"),)}),
        (LimitsChange(memory="1Gi", container="redis"), {"memory": "1Gi"}),
        (DependsOnChange((), "redis"), {"depends_on": ()}),
        (MountsChange((VolumeMount("v", "/v"),), container="redis"), {"mounts": (VolumeMount("v", "/v"),)}),
        (ProbeChange("liveness", Probe("http"), "redis"), {"liveness_probe": Probe("http")}),
        (ProbeChange("startup", Probe("tcp", 6379), "redis"), {"startup_probe": Probe("tcp", 6379)}),
    ],
)
def test_a_named_container_is_changed_and_the_others_are_not(change: ImageChange, fields: dict[str, object]) -> None:
    after = change.apply(TWO)
    assert after.containers == (replace(REDIS, **fields), APP)  # type: ignore[arg-type]  # the fields of the row


def test_the_one_with_the_new_port_gets_the_requests_and_the_other_none() -> None:
    probe = Probe("tcp", 8080, timeout_seconds=240)
    before = replace(TWO, containers=(REDIS, replace(APP, startup_probe=probe)))
    after = PortChange(80, "redis").apply(ContainersChange(("redis",), ingress="redis").apply(before))
    assert [(c.name, c.port, c.startup_probe) for c in after.containers] == [
        ("redis", ContainerPort(80), None),
        ("app", None, None),
    ]


def test_the_protocol_changes_and_the_port_stays() -> None:
    before = a_template(containers=(Container(HELLO, port=ContainerPort(9000)),))
    assert ProtocolChange(True).apply(before).ingress_container.port == ContainerPort(9000, "h2c")
    assert ProtocolChange(True).apply(BLANK).ingress_container.port == ContainerPort(8080, "h2c")


def test_a_startup_probe_of_ones_own_is_not_called_the_default_one() -> None:
    before = a_template()
    assert before.labels[PROBE_TYPE] == "Default"
    assert PROBE_TYPE not in ProbeChange("startup", Probe("http", 8080)).apply(before).labels
    assert PROBE_TYPE in ProbeChange("liveness", Probe("http", 8080)).apply(before).labels


def test_variables_with_secrets_are_left_alone_by_changes_of_plain_ones() -> None:
    # recorded: deploy-update-env keeps a variable that is backed by a secret when --remove-env-vars names it
    secret = EnvVar("KEY", secret=SecretKey("api-key", "1"))
    before = RevisionTemplate((Container(HELLO, env=(EnvVar("A", "1"), secret)),))
    assert EnvChange(remove=("KEY",)).apply(before) == before
    assert EnvChange({"B": "2"}, clear=True).apply(before).containers[0].env == (secret, EnvVar("B", "2"))
    with pytest.raises(InvalidArgument, match=r"\[KEY\] to the given type"):
        EnvChange({"KEY": "x"}).apply(before)


def test_an_updated_variable_keeps_its_place() -> None:
    before = RevisionTemplate((Container(HELLO, env=(EnvVar("A", "1"), EnvVar("B", "2"))),))
    after = EnvChange({"C": "3", "A": "9"}).apply(before)
    assert [(v.name, v.value) for v in after.containers[0].env] == [("A", "9"), ("B", "2"), ("C", "3")]


def test_without_a_gpu_there_is_no_kind_of_it() -> None:
    before = replace(TWO, node_selector={ACCELERATOR: "nvidia-l4"})
    with_one = GpuChange(1, "app").apply(before)
    assert with_one.containers[1].limits == {GPU_LIMIT: "1"}
    assert with_one.node_selector == {ACCELERATOR: "nvidia-l4"}
    without = GpuChange(0, "app").apply(with_one)
    assert (without.containers[1].limits, without.node_selector) == ({}, {})


def test_what_was_typed_is_forgotten_with_the_image_it_stood_for() -> None:
    before = replace(TWO, annotations={USER_IMAGE: "app:v1"})
    assert USER_IMAGE not in ImageChange("app:v2").apply(before).annotations
    assert USER_IMAGE in ImageChange("redis:8", "redis").apply(before).annotations


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        (MountsChange((VolumeMount("v", "/a"),)), ["/b", "/a"]),  # a path has one mount
        (MountsChange(remove=("/b",)), ["/a"]),
        (MountsChange(clear=True), []),
        (MountsChange((VolumeMount("v", "/c"),), clear=True), ["/c"]),
    ],
)
def test_mounts_are_added_replaced_and_removed_by_path(change: MountsChange, paths: list[str]) -> None:
    before = RevisionTemplate((Container(HELLO, mounts=(VolumeMount("v", "/a"), VolumeMount("v", "/b"))),))
    assert [m.path for m in change.apply(before).containers[0].mounts] == paths
