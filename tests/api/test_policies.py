"""Policies, projects, folders and roles over the API, each call as its caller. Evidence: recorded where gcloud asks
(projects-get-iam, projects-add-iam, projects-describe), else documented (the discovery documents)."""

from typing import Any

import pytest

from cloudrun_cli.controlplane import policies, projects
from cloudrun_cli.core.iam import service_resource
from cloudrun_cli.store.database import Store
from tests.api.asking import Client
from tests.builders import CALLER, NOW, NUMBER, PROJECT, REGION
from tests.controlplane.verbs import deploy

HELLO = service_resource(PROJECT, REGION, "hello")
CRM, IAM, RUN = "cloudresourcemanager.localhost:9080", "iam.localhost:9080", "run.localhost:9080"
ANN = "ann@elsewhere.org"
INVOKER: dict[str, Any] = {"role": "roles/run.invoker", "members": [f"user:{ANN}"]}


async def ask(
    api: Client, method: str, path: str, body: Any = None, *, host: str = CRM, caller: str = CALLER
) -> tuple[int, Any]:
    """The status of an answer, and its JSON."""
    answer = await api.http.request(method, path, headers={"host": host, "x-caller": caller}, json=body)
    return answer.status_code, answer.json()


async def test_a_project_and_its_policy_are_read_as_gcloud_reads_them(api: Client, store: Store) -> None:
    deploy(store)
    for name in (PROJECT, NUMBER):
        status, found = await ask(api, "GET", f"/v1/projects/{name}")
        assert (status, found["projectId"], found["projectNumber"]) == (200, PROJECT, NUMBER)
        body = {"options": {"requestedPolicyVersion": 3}}
        status, policy = await ask(api, "POST", f"/v1/projects/{name}:getIamPolicy", body)
        assert [one["role"] for one in policy["bindings"]] == ["roles/editor", "roles/owner"]
    status, found = await ask(api, "POST", f"/v1/projects/{PROJECT}:getAncestry")
    assert [one["resourceId"]["type"] for one in found["ancestor"]] == ["project", "organization"]


async def test_a_policy_is_set_by_those_who_may_and_only_over_the_one_that_was_read(api: Client, store: Store) -> None:
    deploy(store)
    path = f"/v1/projects/{PROJECT}"
    _, policy = await ask(api, "POST", f"{path}:getIamPolicy", {})
    policy["etag"] = policy["etag"].replace("+", "-").replace("/", "_")  # as gcloud sends it back
    changed = {**policy, "bindings": [*policy["bindings"], INVOKER], "version": 3}
    status, refused = await ask(api, "POST", f"{path}:setIamPolicy", {"policy": changed}, caller=ANN)
    assert (status, refused["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert not api.rung
    status, made = await ask(api, "POST", f"{path}:setIamPolicy", {"policy": changed})
    assert (status, made["bindings"][-1], len(api.rung)) == (200, INVOKER, 1)
    status, stale = await ask(api, "POST", f"{path}:setIamPolicy", {"policy": changed})
    assert (status, stale["error"]["status"]) == (409, "ABORTED")


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_service_has_the_policy_calls_in_both_versions(api: Client, store: Store, version: str) -> None:
    deploy(store)
    path = f"/{version}/{HELLO}"
    assert await ask(api, "GET", f"{path}:getIamPolicy", host=RUN) == (200, {"etag": "ACAB"})
    status, _ = await ask(api, "POST", f"{path}:setIamPolicy", {"policy": {"bindings": [INVOKER]}}, host=RUN)
    assert status == 200
    assert policies.get(store, HELLO)["bindings"] == [INVOKER]
    asked = {"permissions": ["run.routes.invoke", "run.services.update"]}
    found = await ask(api, "POST", f"{path}:testIamPermissions", asked, host=RUN, caller=ANN)
    assert found == (200, {"permissions": ["run.routes.invoke"]})
    other = path.replace("hello", "not-there-yet")
    assert await ask(api, "POST", f"{other}:testIamPermissions", asked, host=RUN) == (200, asked)
    assert (await ask(api, "GET", f"{path}:getIamPolicy", host=RUN, caller=ANN))[0] == 403


async def test_v3_says_of_a_project_what_client_libraries_read(api: Client, store: Store) -> None:
    deploy(store)
    status, found = await ask(api, "GET", f"/v3/projects/{PROJECT}")
    assert (status, found["name"], found["projectId"], found["state"]) == (200, f"projects/{NUMBER}", PROJECT, "ACTIVE")
    status, parent = await ask(api, "GET", f"/v3/{found['parent']}")
    assert (status, parent["displayName"]) == (200, "example.com")
    status, policy = await ask(api, "POST", f"/v3/{found['parent']}:getIamPolicy", {})
    assert (status, policy["bindings"][-1]["role"]) == (200, "roles/resourcemanager.projectCreator")


async def test_roles_are_listed_read_made_changed_and_deleted(api: Client, store: Store) -> None:
    projects.settle(store, PROJECT, CALLER, NOW)
    status, found = await ask(api, "GET", "/v1/roles/run.invoker", host=IAM)
    assert (status, found["includedPermissions"]) == (200, ["run.jobs.run", "run.routes.invoke"])
    _, first = await ask(api, "GET", "/v1/roles?pageSize=2&view=FULL", host=IAM)
    assert [bool(one["includedPermissions"]) for one in first["roles"]] == [True, True]
    parent = f"/v1/projects/{NUMBER}/roles"
    wanted = {"roleId": "caller", "role": {"title": "Caller", "includedPermissions": ["run.routes.invoke"]}}
    status, made = await ask(api, "POST", parent, wanted, host=IAM)
    assert (status, made["name"]) == (200, f"projects/{PROJECT}/roles/caller")
    change = {"title": "Not this", "stage": "GA"}
    status, changed = await ask(api, "PATCH", f"{parent}/caller?updateMask=stage", change, host=IAM)
    assert (status, changed["stage"], changed["title"]) == (200, "GA", "Caller")
    assert (await ask(api, "DELETE", f"{parent}/caller", host=IAM, caller=ANN))[0] == 403
    assert (await ask(api, "DELETE", f"{parent}/caller", host=IAM))[1]["deleted"] is True
    assert (await ask(api, "GET", parent, host=IAM))[1] == {"roles": []}
    assert "deleted" not in (await ask(api, "POST", f"{parent}/caller:undelete", host=IAM))[1]


@pytest.mark.parametrize(
    ("method", "path", "body", "host", "status"),
    [
        ("GET", "/v1/projects/none-such", None, CRM, 403),
        ("POST", "/v1/projects/demo:setIamPolicy", {}, CRM, 400),
        ("POST", "/v1/projects/demo:setIamPolicy", {"policy": []}, CRM, 400),
        (
            "POST",
            "/v1/projects/demo:setIamPolicy",
            {"policy": {"bindings": [{"role": "roles/x", "members": ["allUsers"]}]}},
            CRM,
            400,
        ),
        ("POST", "/v1/projects/demo:setIamPolicy", [], CRM, 400),
        ("POST", "/v1/projects/demo:testIamPermissions", {"permissions": "x"}, CRM, 400),
        ("POST", f"/v1/{HELLO}:testIamPermissions", {"permissions": ["a"] * 101}, RUN, 400),
        ("GET", f"/v1/{HELLO.replace('/services/', '/workerPools/')}:getIamPolicy", None, RUN, 501),
        ("GET", "/v1/roles/none", None, IAM, 404),
        ("POST", "/v1/projects/demo/roles", {"roleId": "no-dash", "role": {}}, IAM, 400),
        ("POST", "/v1/projects/demo/roles", {"role": {}}, IAM, 400),
        ("PATCH", "/v1/projects/demo/roles/none", {"title": "x"}, IAM, 404),
        ("GET", "/v2/folders?parent=folders/1", None, CRM, 404),
    ],
)
async def test_what_cannot_be_is_refused_in_the_shape_of_google(
    api: Client, store: Store, method: str, path: str, body: Any, host: str, status: int
) -> None:
    deploy(store)
    answered, error = await ask(api, method, path, body, host=host)
    assert (answered, error["error"]["code"]) == (status, status)


async def test_on_what_is_not_there_yet_the_first_to_come_may_all_and_a_machine_nothing(api: Client) -> None:
    asked = {"permissions": ["run.services.setIamPolicy"]}
    path = f"/v1/{HELLO}:testIamPermissions"
    assert await ask(api, "POST", path, asked, host=RUN) == (200, asked)
    robot = "worker@demo.iam.gserviceaccount.com"
    assert await ask(api, "POST", path, asked, host=RUN, caller=robot) == (200, {})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["demo", "shop-one"]),
        ("id:shop-*", ["shop-one"]),
        ("state:ACTIVE name:demo", ["demo"]),
        ("labels.env=dev", ["shop-one"]),
        ("projectId:none", []),
    ],
)
async def test_projects_are_searched_as_v3_does(api: Client, store: Store, query: str, found: list[str]) -> None:
    deploy(store)
    projects.create(store, "shop-one", labels={"env": "dev"}, caller=CALLER, now=NOW)
    status, answer = await ask(api, "GET", f"/v3/projects:search?query={query}")
    assert (status, [one["projectId"] for one in answer["projects"]]) == (200, found)
    parent = answer["projects"][0]["parent"] if found else "organizations/1"
    status, inside = await ask(api, "GET", f"/v3/projects?parent={parent}")
    assert [one["projectId"] for one in inside["projects"]] == (["demo", "shop-one"] if found else [])
    assert (await ask(api, "GET", "/v3/projects:search", caller=ANN))[1] == {"projects": []}
    assert (await ask(api, "GET", "/v3/projects:search?query=what"))[0] == 400
