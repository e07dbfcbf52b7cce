"""DomainMapping in v1, there and back. Evidence: documented (domains.cloudrun.com v1)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cloudrun_cli.core.resources import DomainMapping
from cloudrun_cli.core.wire.domains import domain_mapping_from_json, domain_mapping_to_json

MAPPING = DomainMapping(
    "demo",
    "us-central1",
    "www.example.com",
    "hello",
    uid="e4774cdd-a079-4f86-814e-8b9140bb6db4",
    created=datetime(2026, 2, 1, 8, 15, 7, 123456, tzinfo=UTC),
    creator="dev@example.com",
)


@pytest.mark.parametrize(
    "mapping",
    [
        MAPPING,
        replace(MAPPING, force_override=True, certificate_mode="NONE", generation=3),
        replace(MAPPING, labels={"team": "web"}, annotations={"run.googleapis.com/launch-stage": "BETA"}),
    ],
)
def test_a_mapping_comes_back_as_it_went(mapping: DomainMapping) -> None:
    assert (
        domain_mapping_from_json(domain_mapping_to_json(mapping, "123456789012", service_exists=True), "demo")
        == mapping
    )


def test_a_mapping_has_the_fields_of_the_public_resource() -> None:
    body = domain_mapping_to_json(MAPPING, "123456789012", service_exists=True)
    assert (body["apiVersion"], body["kind"]) == ("domains.cloudrun.com/v1", "DomainMapping")
    assert body["metadata"]["name"] == "www.example.com"
    assert body["metadata"]["namespace"] == "123456789012"
    assert body["metadata"]["labels"] == {"cloud.googleapis.com/location": "us-central1"}
    assert body["spec"] == {"certificateMode": "AUTOMATIC", "routeName": "hello"}
    assert body["status"]["mappedRouteName"] == "hello"
    assert body["status"]["resourceRecords"] == [{"name": "www", "rrdata": "ghs.googlehosted.com.", "type": "CNAME"}]
    assert body["status"]["observedGeneration"] == body["metadata"]["generation"] == 1


def test_a_mapping_without_its_service_points_nowhere() -> None:
    status = domain_mapping_to_json(MAPPING, "1", service_exists=False)["status"]
    assert "mappedRouteName" not in status
    assert [(c["type"], c["status"]) for c in status["conditions"]] == [
        ("Ready", "False"), ("CertificateProvisioned", "True"), ("DomainRoutable", "False"),
    ]  # fmt: skip
