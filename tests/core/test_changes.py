"""What each flag asks of a template or a service. Evidence: documented (gcloud run deploy, its flags)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cloudrun_cli.core.build_changes import FUNCTION, BuildEnvChange, build_env, builder_env
from cloudrun_cli.core.changes import (
    AcceleratorChange,
    AudiencesChange,
    Change,
    CloudSqlChange,
    ConcurrencyChange,
    IngressSettingChange,
    LabelsChange,
    ListEdit,
    ManualScalingChange,
    RevisionScalingChange,
    ServiceAccountChange,
    ServiceAnnotationsChange,
    ServiceScalingChange,
    TemplateAnnotationsChange,
    TemplateChange,
    TimeoutChange,
    makes_revision,
)
from cloudrun_cli.core.container_changes import (
    ArgsChange,
    CommandChange,
    EnvChange,
    ImageChange,
    LimitsChange,
    PortChange,
)
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.network_changes import NetworkChange, NoConnectorChange, NoNetworkChange
from cloudrun_cli.core.resources import (
    Container,
    ContainerPort,
    EnvVar,
    Ingress,
    Probe,
    RevisionTemplate,
    ServiceScaling,
)
from tests.builders import HELLO, a_service, a_template

BOTH = (Container("redis:7", name="redis"), Container(HELLO, name="app", port=ContainerPort()))


def _env(template: RevisionTemplate) -> dict[str, str]:
    return {v.name: v.value for v in template.ingress_container.env}


@pytest.mark.parametrize(
    ("change", "container"),
    [
        (ImageChange("img:2"), {"image": "img:2"}),
        (CommandChange(("/app", "-x")), {"command": ("/app", "-x")}),
        (CommandChange(()), {"command": ()}),
        (ArgsChange(("a", "b")), {"args": ("a", "b")}),
        (ArgsChange(()), {"args": ()}),
        (EnvChange(update={"A": "1"}), {"env": (EnvVar("A", "1"),)}),
        (LimitsChange(cpu="2"), {"cpu": "2", "memory": "512Mi"}),
        (LimitsChange(memory="1Gi"), {"cpu": "1000m", "memory": "1Gi"}),
        (LimitsChange("4", "2Gi"), {"cpu": "4", "memory": "2Gi"}),
    ],
)
def test_a_change_of_a_container_changes_that_and_nothing_else(
    change: TemplateChange, container: dict[str, object]
) -> None:
    before = a_template(containers=BOTH)
    after = change.apply(before)
    app = replace(before.containers[1], **container)  # type: ignore[arg-type]  # the fields of the row
    assert after == replace(before, containers=(before.containers[0], app))


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (ConcurrencyChange(5), {"concurrency": 5}),
        (ConcurrencyChange(None), {"concurrency": None}),
        (TimeoutChange(timedelta(minutes=2)), {"timeout": timedelta(minutes=2)}),
        (ServiceAccountChange("sa@x"), {"service_account": "sa@x"}),
        (RevisionScalingChange(min_instances=2, set_min=True), {"min_instances": 2}),
        (RevisionScalingChange(max_instances=7, set_max=True), {"max_instances": 7}),
        (RevisionScalingChange(min_instances=0, set_min=True), {"min_instances": None}),
        (RevisionScalingChange(set_max=True), {"max_instances": None}),
        (RevisionScalingChange(9, 9), {}),
        (LabelsChange({"team": "web"}), {"labels": {"keep": "me", "team": "web"}}),
        (LabelsChange(remove=("keep", "nobody")), {"labels": {}}),
        (LabelsChange({"a": "b"}, clear=True), {"labels": {"a": "b"}}),
        (TemplateAnnotationsChange({"a/b": "c", "d/e": None}), {"annotations": {"a/b": "c"}}),
        (AcceleratorChange("nvidia-l4"), {"node_selector": {"run.googleapis.com/accelerator": "nvidia-l4"}}),
        (CloudSqlChange(ListEdit(("p:r:a",))), {"annotations": {"run.googleapis.com/cloudsql-instances": "p:r:a"}}),
        (CloudSqlChange(ListEdit(clear=True)), {}),
        (NetworkChange("n"), {"annotations": {"run.googleapis.com/network-interfaces": '[{"network":"n"}]'}}),
        (NoNetworkChange(), {}),
        (NoConnectorChange(), {}),
        (AudiencesChange(ListEdit(("https://a",))), {}),
    ],
)
def test_a_change_of_a_template_changes_that_and_nothing_else(
    change: TemplateChange, fields: dict[str, object]
) -> None:
    before = replace(a_template(min_instances=1, max_instances=3), labels={"keep": "me"}, annotations={})
    assert change.apply(before) == replace(before, **fields)  # type: ignore[arg-type]  # the fields of the row


def test_a_label_of_the_platform_is_refused_and_never_removed() -> None:
    theirs = {"serving.knative.dev/service": "hello"}
    with pytest.raises(InvalidArgument, match=r"metadata\.labels.*\[serving\.knative\.dev/service\]"):
        LabelsChange({"serving.knative.dev/service": "other"}).apply(a_template())
    assert LabelsChange(clear=True).apply(replace(a_template(), labels=theirs)).labels == theirs


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (EnvChange(update={"B": "2"}), {"A": "1", "B": "2", "C": "3"}),
        (EnvChange(remove=("A", "nobody")), {"B": "", "C": "3"}),
        (EnvChange(clear=True), {}),
        (EnvChange(update={"Z": "9"}, clear=True), {"Z": "9"}),  # --set-env-vars replaces all
        (EnvChange(update={"A": "new"}, remove=("A", "C")), {"B": "", "A": "new"}),  # remove comes before update
    ],
)
def test_variables_are_removed_before_they_are_updated_and_set_replaces_all(
    change: EnvChange, after: dict[str, str]
) -> None:
    before = EnvChange(update={"A": "1", "B": "", "C": "3"}).apply(a_template())
    assert _env(change.apply(before)) == after


def test_a_new_port_takes_its_tcp_probe_along_and_keeps_its_protocol() -> None:
    before = a_template(containers=(Container(HELLO, port=ContainerPort(8080, "h2c")),))
    after = PortChange(9000).apply(before).ingress_container
    assert after.port == ContainerPort(9000, "h2c")
    assert after.startup_probe is not None
    assert after.startup_probe.port == 9000


def test_the_default_port_takes_the_probe_back_and_stays_with_its_container() -> None:
    before = PortChange(9000).apply(a_template(containers=BOTH))
    after = PortChange(None).apply(before)
    assert after == a_template(containers=BOTH)
    assert after.ingress_container.name == "app"


@pytest.mark.parametrize("probe", [Probe("http", 8080), Probe("tcp", 7000), Probe("grpc", 8080)])
def test_a_new_port_leaves_a_probe_of_another_kind_or_port_alone(probe: Probe) -> None:
    before = a_template(containers=(Container(HELLO, port=ContainerPort(), startup_probe=probe),))
    assert PortChange(9000).apply(before).ingress_container.startup_probe == probe


def test_labels_of_the_platform_are_not_the_users_to_clear() -> None:
    before = replace(a_template(), labels={"client.knative.dev/nonce": "x", "team": "web"})
    assert LabelsChange(clear=True).apply(before).labels == {"client.knative.dev/nonce": "x"}


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        (ListEdit(("c", "a")), ("a", "b", "c")),
        (ListEdit(remove=("a", "x")), ("b",)),
        (ListEdit(("a",), ("a",)), ("b", "a")),
        (ListEdit(("c",), clear=True), ("c",)),
        (ListEdit(), ("a", "b")),
    ],
)
def test_a_list_loses_before_it_gains_and_has_nothing_twice(edit: ListEdit, after: tuple[str, ...]) -> None:
    assert edit.on(("a", "b")) == after


@pytest.mark.parametrize(("change", "kept"), [(NoNetworkChange(), "connector"), (NoConnectorChange(), "network")])
def test_egress_goes_with_the_last_way_out(change: TemplateChange, kept: str) -> None:
    ways = {
        "connector": {"run.googleapis.com/vpc-access-connector": "c"},
        "network": {"run.googleapis.com/network-interfaces": '[{"network":"n"}]'},
    }
    egress = {"run.googleapis.com/vpc-access-egress": "all-traffic"}
    lost = next(way for name, way in ways.items() if name != kept)
    assert change.apply(replace(a_template(), annotations={**lost, **egress})).annotations == {}
    both = {**ways[kept], **egress}
    assert change.apply(replace(a_template(), annotations={**both, **lost})).annotations == both


@pytest.mark.parametrize(
    ("change", "scaling"),
    [
        (ManualScalingChange(3), ServiceScaling(None, None, 3)),  # instead of minimum and maximum
        (ManualScalingChange(0), ServiceScaling(None, None, 0)),
        (ManualScalingChange(None), ServiceScaling(1, 9, None)),
    ],
)
def test_a_manual_number_takes_the_place_of_minimum_and_maximum(
    change: ManualScalingChange, scaling: ServiceScaling
) -> None:
    assert change.adjust(a_service(scaling=ServiceScaling(1, 9))).scaling == scaling


def test_a_build_keeps_its_variables_on_the_service_and_sees_what_is_asked_of_it() -> None:
    service = BuildEnvChange({"A": "1", "B": "2"}).adjust(a_service())
    service = BuildEnvChange({"C": "3"}, ("A",)).adjust(service)
    assert build_env(service) == {"B": "2", "C": "3"}
    assert BuildEnvChange(clear=True).adjust(service).annotations == {}
    service = ServiceAnnotationsChange({FUNCTION: "hello"}).adjust(service)
    assert builder_env(service, "python app.py") == {
        "B": "2",
        "C": "3",
        "GOOGLE_ENTRYPOINT": "python app.py",
        "GOOGLE_FUNCTION_TARGET": "hello",
        "GOOGLE_FUNCTION_SIGNATURE_TYPE": "http",
    }


@pytest.mark.parametrize(
    ("change", "about_template"),
    [
        (ServiceScalingChange(1, set_min=True), False),
        (ServiceAnnotationsChange({"a/b": "c"}), False),
        (IngressSettingChange(Ingress.INTERNAL), False),
        (BuildEnvChange(clear=True), False),
        (LabelsChange({"a": "b"}), True),
        (AudiencesChange(ListEdit(("https://a",))), True),
        (LimitsChange(cpu="2"), True),
    ],
)
def test_only_what_is_about_the_template_makes_a_revision(change: Change, about_template: bool) -> None:
    assert makes_revision([change]) == about_template


def test_labels_go_to_the_service_and_to_its_template() -> None:
    service = a_service(labels={"env": "prod"})
    assert LabelsChange({"team": "web"}).adjust(service).labels == {"env": "prod", "team": "web"}
    assert LabelsChange({"team": "web"}).apply(service.template).labels["team"] == "web"


@pytest.mark.parametrize(
    ("change", "scaling"),
    [
        (ServiceScalingChange(min_instances=2, set_min=True), ServiceScaling(2, 9)),
        (ServiceScalingChange(max_instances=3, set_max=True), ServiceScaling(1, 3)),
        (ServiceScalingChange(min_instances=0, set_min=True), ServiceScaling(None, 9)),
        (ServiceScalingChange(set_min=True, set_max=True), ServiceScaling(None, None)),
        (ServiceScalingChange(5, 5), ServiceScaling(1, 9)),
    ],
)
def test_scaling_of_a_service_changes_no_template(change: ServiceScalingChange, scaling: ServiceScaling) -> None:
    service = a_service(scaling=ServiceScaling(1, 9))
    assert change.adjust(service) == replace(service, scaling=scaling)
