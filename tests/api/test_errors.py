"""The error shape. Evidence: documented (AIP-193), and what gcloud 578 was recorded to understand."""

import json

import httpx
import pytest
from starlette.requests import Request

from cloudrun_cli.api import errors
from cloudrun_cli.api.run_v1 import RunV1
from cloudrun_cli.api.server import application
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.core.errors import Code, InvalidArgument
from cloudrun_cli.store.database import Store
from tests.api.asking import ADDRESS, GLOBAL, REGIONAL, Client
from tests.builders import CALLER, NOW

SERVICES = "/apis/serving.knative.dev/v1/namespaces/demo/services"
SERVICE = "/v1/projects/demo/locations/us-central1/services/hello"


def test_every_code_has_its_http_status() -> None:
    assert set(errors.HTTP) == set(Code)


def test_an_error_about_a_field_says_which() -> None:

    asked = Request({"type": "http", "method": "GET", "path": "/", "headers": []})
    answer = errors.of_ours(asked, InvalidArgument("Too long.", field="metadata.name", hint="Shorten it."))
    assert answer.status_code == 400
    assert json.loads(bytes(answer.body))["error"] == {
        "code": 400,
        "message": "Too long. Shorten it.",
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "metadata.name", "description": "Too long."}],
            }
        ],
    }


@pytest.mark.parametrize(
    ("method", "path", "host", "words"),
    [
        ("POST", SERVICES, REGIONAL, "Use instead: cloudrun run deploy SERVICE --image=IMAGE"),
        ("PUT", f"{SERVICES}/hello", REGIONAL, "Use instead: cloudrun run deploy hello --image=IMAGE"),
        ("GET", f"{SERVICE}:other", GLOBAL, "not built yet"),
        ("PATCH", f"{SERVICES}/hello", REGIONAL, "not built yet"),
        ("OPTIONS", SERVICES, REGIONAL, "not built yet"),
        ("GET", "/apis/serving.knative.dev/v1/namespaces/demo/configurations", REGIONAL, "not built yet"),
        ("GET", "/apis/serving.knative.dev/v1/namespaces/demo/routes/hello", REGIONAL, "not built yet"),
        ("GET", "/apis/run.googleapis.com/v1/namespaces/demo/jobs", REGIONAL, "not built yet"),
        ("GET", "/v2/projects/demo/locations/us-central1/services", ADDRESS, "not built yet"),
        ("POST", "/v2/entries:list", ADDRESS, "not built yet"),
        ("GET", "/v1/projects/demo/secrets", "secretmanager.localhost:9080", "secretmanager.localhost"),
        ("GET", "/v1/projects/demo/locations", "cloudscheduler.googleapis.localhost", "not built yet"),
    ],
)
async def test_what_is_not_built_is_refused_as_such(api: Client, method: str, path: str, host: str, words: str) -> None:
    answer = await api(method, path, host=host)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (501, 501, "UNIMPLEMENTED")
    assert "is not built yet" in error["message"]
    assert words in error["message"]
    assert api.rung == []


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/", GLOBAL),
        ("/favicon.ico", ADDRESS),
        (SERVICES, "rebound.example.com"),
        (SERVICES, "unheard-of.localhost"),
        (SERVICES, ""),
    ],
)
async def test_what_is_no_path_or_host_of_an_api_is_not_found(api: Client, path: str, host: str) -> None:
    answer = await api("GET", path, host=host)
    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")


async def test_a_fault_of_ours_is_one_honest_line_and_is_raised_on_for_the_log(store: Store) -> None:
    run = RunV1(store, Edge(), lambda _: CALLER, lambda: NOW, lambda: None)
    store.close()  # so that reading it fails in a way nobody foresaw
    said = httpx.ASGITransport(application({"run": run.routes()}), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=said, base_url="http://run.localhost") as http:
        answer = await http.get(SERVICES)
    assert answer.status_code == 500
    assert answer.json() == {
        "error": {
            "code": 500,
            "message": "The emulator has a fault here. See: cloudrun emulator logs",
            "status": "INTERNAL",
        }
    }
    raised = httpx.ASGITransport(application({"run": run.routes()}))
    async with httpx.AsyncClient(transport=raised, base_url="http://run.localhost") as http:
        with pytest.raises(Exception, match="closed database"):
            await http.get(SERVICES)
