"""`:run` of a job, in v1 and in v2. Evidence: recorded for v1 (jobs-execute*), documented for v2 (RunJobRequest)."""

import json
from typing import Any

import httpx
import pytest

from cloudrun_cli.controlplane import executions, jobs
from cloudrun_cli.core.container_changes import ImageChange
from cloudrun_cli.core.jobs import Execution, ExecutionRef, JobRef
from cloudrun_cli.core.wire.v1_executions import execution_to_json
from cloudrun_cli.store.database import Store
from tests.api.asking import ADDRESS, GLOBAL, REGIONAL, Client
from tests.builders import CALLER, NOW, NUMBER, seeded

REF = JobRef("demo", "us-central1", "nightly")
V1 = "/apis/run.googleapis.com/v1/namespaces/{project}/jobs/{job}:run"
V2 = "/v2/projects/{project}/locations/us-central1/jobs/{job}:run"
OVERRIDES: dict[str, Any] = {
    "containerOverrides": [{"args": ["x", "y"], "clearArgs": False, "env": [{"name": "BATCH", "value": "5"}]}],
    "taskCount": 2,
}


def put(store: Store) -> None:
    jobs.create(store, REF, [ImageChange("img")], caller=CALLER, now=NOW, random=seeded())


async def run(
    api: Client, path: str, body: Any = None, *, host: str = REGIONAL, project: str = "demo", job: str = "nightly"
) -> httpx.Response:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    at = path.format(project=project, job=job)
    return await api.http.request("POST", at, headers={"host": host}, content=content)


def made(store: Store, name: str) -> Execution:
    return executions.get(store, ExecutionRef("demo", "us-central1", name))


@pytest.mark.parametrize("project", ["demo", NUMBER])
@pytest.mark.parametrize("body", [None, {}, {"overrides": {}}], ids=["nothing", "an object", "no overrides"])
async def test_v1_answers_the_execution(api: Client, store: Store, project: str, body: Any) -> None:
    put(store)
    answer = await run(api, V1, body, project=project)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown == execution_to_json(made(store, shown["metadata"]["name"]), NUMBER)
    assert api.rung


@pytest.mark.parametrize("host", [REGIONAL, GLOBAL, ADDRESS, "run.googleapis.localhost"])
async def test_v2_answers_the_operation_that_the_execution_is(api: Client, store: Store, host: str) -> None:
    put(store)
    answer = await run(api, V2, host=host)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    execution = shown["metadata"]
    place = "projects/demo/locations/us-central1"
    assert shown["name"].startswith(f"{place}/operations/")
    assert shown["done"] is False
    assert execution["@type"] == "type.googleapis.com/google.cloud.run.v2.Execution"
    assert execution["name"].startswith(f"{place}/jobs/nightly/executions/nightly-")
    assert (execution["taskCount"], execution["template"]["maxRetries"]) == (1, 3)
    assert [container["image"] for container in execution["template"]["containers"]] == ["img"]
    assert execution["uid"] == made(store, execution["name"].rpartition("/")[2]).uid


@pytest.mark.parametrize(("path", "timeout"), [(V1, {"timeoutSeconds": 300}), (V2, {"timeout": "300s"})])
async def test_overrides_are_for_this_execution_only(
    api: Client, store: Store, path: str, timeout: dict[str, Any]
) -> None:
    put(store)
    answer = await run(api, path, {"overrides": {**OVERRIDES, **timeout}})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    name = shown["metadata"]["name"].rpartition("/")[2]
    template = made(store, name).template
    assert (template.tasks, template.task.timeout.total_seconds()) == (2, 300)
    assert template.task.containers[0].args == ("x", "y")
    assert jobs.get(store, REF).template.tasks == 1


@pytest.mark.parametrize("path", [V1, V2])
@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        ([], 400, "not a JSON object"),
        ({"odd": 1}, 400, "odd"),
        ({"overrides": []}, 400, "overrides"),
        ({"overrides": {"taskCount": "many"}}, 400, "Invalid value at 'overrides.taskCount': \"many\""),
        ({"overrides": {"timeout": "soon"}}, 400, "Invalid value at 'overrides.timeout': \"soon\""),
        ({"overrides": {"tasks": 2}}, 400, "Unknown name \"tasks\" at 'overrides'"),
        ({"overrides": {"containerOverrides": [{"arg": []}]}}, 400, 'Unknown name "arg" at \'overrides.container'),
        ({"overrides": {"taskCount": 0}}, 400, "0"),
        ({"overrides": {"containerOverrides": ["x"]}}, 400, "overrides"),
        ({"validateOnly": True}, 501, "validateOnly"),
    ],
)
async def test_what_cannot_be_meant_runs_nothing(
    api: Client, store: Store, path: str, body: Any, status: int, said: str
) -> None:
    put(store)
    answer = await run(api, path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, status)
    assert said in answer.json()["error"]["message"]
    assert executions.open_ones(store) == []
    assert not api.rung


@pytest.mark.parametrize("path", [V1, V2])
async def test_a_job_that_is_not_there_is_not_found(api: Client, store: Store, path: str) -> None:
    put(store)
    answer = await run(api, path, job="other")
    assert answer.status_code == 404
    assert "'other' of kind 'JOB'" in answer.json()["error"]["message"]


async def test_v1_needs_a_region(api: Client, store: Store) -> None:
    put(store)
    assert (await run(api, V1, host=GLOBAL)).status_code == 400
