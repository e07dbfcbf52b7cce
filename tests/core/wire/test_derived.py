"""Configurations and Routes against those that were recorded beside the same services."""

import json
from typing import Any

import pytest

from cloudrun_cli.core.wire.derived import configuration, route
from tests.builders import RECORDINGS

HERE = RECORDINGS.is_dir()
recorded = pytest.mark.skipif(not HERE, reason=f"NO RECORDINGS at {RECORDINGS}: sameness with gcloud is not tested")

Json = dict[str, Any]


def _items(kind: str) -> list[Json]:
    if not HERE:
        return []
    found: list[Json] = json.loads((RECORDINGS / "resources" / f"{kind}.json").read_text(encoding="utf-8"))["items"]
    return found


def _where(item: Json) -> str:
    return f"{item['metadata']['labels']['cloud.googleapis.com/location']}/{item['metadata']['name']}"


@recorded
@pytest.mark.parametrize(("kind", "derive"), [("configurations", configuration), ("routes", route)])
def test_every_recorded_service_has_its_recorded_configuration_and_route(kind: str, derive: Any) -> None:
    expected = {_where(item): item for item in _items(kind)}
    assert {_where(service): derive(service) for service in _items("services")} == expected
    assert len(expected) == 7


def test_a_tag_on_latest_names_the_configuration_too() -> None:
    service: Json = {
        "apiVersion": "serving.knative.dev/v1",
        "metadata": {"name": "hello", "selfLink": "/namespaces/1/services/hello"},
        "spec": {
            "template": {},
            "traffic": [
                {"revisionName": "hello-00001-abc", "percent": 100},
                {"latestRevision": True, "tag": "next"},
            ],
        },
        "status": {},
    }
    assert route(service)["spec"]["traffic"] == [
        {"revisionName": "hello-00001-abc", "percent": 100},
        {"configurationName": "hello", "tag": "next"},
    ]
    assert route(service)["status"] == {"conditions": []}
