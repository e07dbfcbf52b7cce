"""How a template becomes a revision. Evidence: documented (Admin API v1), recorded for the default probe."""

import re
from dataclasses import replace

import pytest

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import (
    DEFAULT_PORT,
    Container,
    ContainerPort,
    Probe,
    RevisionName,
    RevisionTemplate,
    Status,
)
from cloudrun_cli.core.revisions import PROBE_TYPE, new_nonce, new_uid, stamp, with_defaults, with_digests
from tests.builders import CALLER, HELLO, NOW, NUMBER, a_revision, a_service, a_template, seeded


def test_what_is_left_open_gets_the_servers_defaults() -> None:
    made = with_defaults(RevisionTemplate((Container(HELLO),)), NUMBER)
    container = made.containers[0]
    assert container.port == ContainerPort(DEFAULT_PORT, "http1")
    assert container.startup_probe == Probe(
        "tcp", DEFAULT_PORT, timeout_seconds=240, period_seconds=240, failure_threshold=1
    )
    assert (container.cpu, container.memory) == ("1000m", "512Mi")
    assert made.labels == {PROBE_TYPE: "Default"}
    assert (made.concurrency, made.max_instances, made.min_instances) == (80, 100, None)
    assert made.timeout.total_seconds() == 300
    assert made.service_account == f"{NUMBER}-compute@developer.gserviceaccount.com"


def test_defaults_filled_in_twice_are_the_same() -> None:
    once = a_template()
    assert with_defaults(once, NUMBER) == once


def test_what_was_asked_for_is_kept() -> None:
    probe = Probe("http", 9000, "/ready")
    container = Container(HELLO, cpu="2", memory="1Gi", port=ContainerPort(9000, "h2c"), startup_probe=probe)
    asked = RevisionTemplate(
        (container,), concurrency=5, service_account="sa@x", min_instances=1, max_instances=7, labels={"team": "web"}
    )
    assert with_defaults(asked, NUMBER) == asked


@pytest.mark.parametrize(
    ("cpus", "concurrency"), [(["1"], 80), (["0.5"], 1), (["8"], 80), (["500m", "500m"], 80), (["0.5", "0.4"], 1)]
)
def test_the_default_concurrency_is_80_and_1_below_one_cpu_in_all(cpus: list[str], concurrency: int) -> None:
    containers = tuple(Container(f"i{n}", cpu=cpu, memory="128Mi") for n, cpu in enumerate(cpus))
    assert with_defaults(RevisionTemplate(containers), NUMBER).concurrency == concurrency


def test_only_the_container_that_gets_requests_gets_port_and_probe() -> None:
    made = with_defaults(RevisionTemplate((Container("app", port=ContainerPort()), Container("redis"))), NUMBER)
    assert [(bool(c.port), bool(c.startup_probe)) for c in made.containers] == [(True, True), (False, False)]
    other = with_defaults(RevisionTemplate((Container("redis"), Container("app", port=ContainerPort(3000)))), NUMBER)
    assert [(bool(c.port), bool(c.startup_probe)) for c in other.containers] == [(False, False), (True, True)]


def test_cpu_that_is_no_quantity_is_refused_with_its_whole_field() -> None:
    with pytest.raises(InvalidArgument) as refused:
        with_defaults(RevisionTemplate((Container(HELLO, cpu="many"),)), NUMBER)
    assert refused.value.field == "spec.template.spec.containers[0].resources.limits.cpu"


def test_a_revision_is_the_template_and_generation_of_its_service_under_a_name() -> None:
    service = a_service("api", template=a_template("api:2"), generation=7)
    made = stamp(service, NOW, seeded())
    assert re.fullmatch(r"api-00007-[a-z0-9]{3}", made.ref.name)
    assert made.template == replace(service.template, name=made.ref.name)
    assert (made.service, made.generation, made.created, made.creator) == ("api", 7, NOW, CALLER)
    assert made.service_ref == service.ref
    assert [(c.type, c.status) for c in made.status.conditions] == [("Ready", Status.UNKNOWN)]


def test_a_chosen_name_is_the_revisions_name() -> None:
    service = a_service(template=a_template(name=RevisionName("hello-v4")))
    assert stamp(service, NOW, seeded()).ref.name == "hello-v4"


def test_a_uid_is_a_version_4_uuid_and_differs_each_time() -> None:
    random = seeded()
    uids = {new_uid(random) for _ in range(500)}
    assert len(uids) == 500
    form = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(form.fullmatch(uid) for uid in uids)


def test_a_nonce_has_ten_letters_and_differs_each_time() -> None:
    random = seeded()
    nonces = {new_nonce(random) for _ in range(500)}
    assert len(nonces) == 500
    assert all(re.fullmatch(r"[a-z]{10}", nonce) for nonce in nonces)


@pytest.mark.parametrize(("runtime", "image"), [("docker", f"{HELLO}@sha256:{'a' * 64}"), ("", HELLO)])
def test_an_update_stays_with_the_image_that_runs_here_and_with_the_name_of_one_that_ran_elsewhere(
    runtime: str, image: str
) -> None:
    base = a_revision(ready=True)
    base = replace(base, status=replace(base.status, image_digest=f"{HELLO}@sha256:{'a' * 64}", runtime=runtime))
    assert with_digests(base.template, base).ingress_container.image == image
