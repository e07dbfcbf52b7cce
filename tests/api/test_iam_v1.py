"""Service accounts, their keys and what can be granted, over the IAM API. Evidence: recorded where gcloud asks
(sa-list, sa-describe), else documented (the discovery document of iam v1)."""

import base64
import json

import pytest

from cloudrun_cli.store import journal
from cloudrun_cli.store.database import Store
from tests.api.asking import Client
from tests.api.test_policies import ANN, HELLO, IAM, ask
from tests.builders import CALLER, NUMBER
from tests.controlplane.verbs import deploy

ACCOUNTS = "/v1/projects/demo/serviceAccounts"
WORKER = "worker@demo.iam.gserviceaccount.com"
BY_EMAIL = f"/v1/projects/-/serviceAccounts/{WORKER}"


async def created(api: Client) -> dict[str, str]:
    body = {"accountId": "worker", "serviceAccount": {"displayName": "Worker"}}
    status, made = await ask(api, "POST", ACCOUNTS, body, host=IAM)
    assert status == 200, made
    found: dict[str, str] = made
    return found


async def test_an_account_is_made_listed_read_changed_and_had_back(api: Client, store: Store) -> None:
    deploy(store)
    made = await created(api)
    assert (made["email"], made["projectId"], made["displayName"]) == (WORKER, "demo", "Worker")
    assert len(api.rung) == 1
    status, listed = await ask(api, "GET", f"{ACCOUNTS}?pageSize=1", host=IAM)
    assert [one["email"] for one in listed["accounts"]] == [f"{NUMBER}-compute@developer.gserviceaccount.com"]
    status, rest = await ask(api, "GET", f"{ACCOUNTS}?pageSize=1&pageToken={listed['nextPageToken']}", host=IAM)
    assert rest == {"accounts": [made]}
    for path in (BY_EMAIL, f"{ACCOUNTS}/{made['uniqueId']}", f"/v1/projects/{NUMBER}/serviceAccounts/{WORKER}"):
        assert await ask(api, "GET", path, host=IAM) == (200, made)
    change = {"serviceAccount": {"displayName": "W", "description": "x"}, "updateMask": "display_name"}
    assert await ask(api, "PATCH", BY_EMAIL, change, host=IAM) == (200, made | {"displayName": "W"})
    assert await ask(api, "POST", f"{BY_EMAIL}:disable", host=IAM) == (200, {})
    assert (await ask(api, "GET", BY_EMAIL, host=IAM))[1]["disabled"] is True
    assert await ask(api, "POST", f"{BY_EMAIL}:enable", host=IAM) == (200, {})
    assert await ask(api, "DELETE", BY_EMAIL, host=IAM) == (200, {})
    assert (await ask(api, "GET", BY_EMAIL, host=IAM))[0] == 403
    assert (await ask(api, "GET", f"{ACCOUNTS}/{WORKER}", host=IAM))[0] == 404
    status, back = await ask(api, "POST", f"{ACCOUNTS}/{made['uniqueId']}:undelete", host=IAM)
    assert (status, back["restoredAccount"]["email"]) == (200, WORKER)
    assert {one.verb for one in journal.since(store, 0) if one.kind == "ServiceAccount"} == {
        *("create", "update", "disable", "enable", "delete", "undelete"),
    }


async def test_a_key_is_made_once_and_its_public_half_read_ever_after(api: Client, store: Store) -> None:
    deploy(store)
    await created(api)
    status, made = await ask(api, "POST", f"{BY_EMAIL}/keys", {}, host=IAM)
    file = json.loads(base64.b64decode(made["privateKeyData"]))
    assert (status, file["client_email"], file["token_uri"]) == (200, WORKER, "http://127.0.0.1:9080/token")
    id = made["name"].rpartition("/")[2]
    key = f"{BY_EMAIL}/keys/{id}"
    status, listed = await ask(api, "GET", f"{BY_EMAIL}/keys?keyTypes=USER_MANAGED", host=IAM)
    assert [one["name"] for one in listed["keys"]] == [made["name"]]
    assert "privateKeyData" not in listed["keys"][0]
    status, found = await ask(api, "GET", f"{key}?publicKeyType=TYPE_X509_PEM_FILE", host=IAM)
    certificate = base64.b64decode(found["publicKeyData"]).decode()
    status, published = await ask(api, "GET", f"/robot/v1/metadata/x509/{WORKER}", host=IAM, caller=ANN)
    assert published[id] == certificate
    assert await ask(api, "POST", f"{key}:disable", host=IAM) == (200, {})
    assert (await ask(api, "GET", key, host=IAM))[1]["disabled"] is True
    assert await ask(api, "POST", f"{key}:enable", host=IAM) == (200, {})
    assert await ask(api, "DELETE", key, host=IAM) == (200, {})
    assert (await ask(api, "GET", key, host=IAM))[0] == 404


async def test_the_policy_of_an_account_is_set_as_that_of_anything_else(api: Client, store: Store) -> None:
    deploy(store)
    await created(api)
    binding = {"role": "roles/iam.serviceAccountUser", "members": [f"user:{ANN}"]}
    status, made = await ask(api, "POST", f"{BY_EMAIL}:setIamPolicy", {"policy": {"bindings": [binding]}}, host=IAM)
    assert (status, made["bindings"]) == (200, [binding])
    asked = {"permissions": ["iam.serviceAccounts.actAs", "iam.serviceAccounts.delete"]}
    for caller, held in ((ANN, asked["permissions"][:1]), (CALLER, asked["permissions"])):
        answer = await ask(api, "POST", f"{BY_EMAIL}:testIamPermissions", asked, host=IAM, caller=caller)
        assert answer == (200, {"permissions": held})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ACCOUNTS),
        ("POST", ACCOUNTS),
        ("GET", BY_EMAIL),
        ("PATCH", BY_EMAIL),
        ("DELETE", BY_EMAIL),
        ("POST", f"{BY_EMAIL}:disable"),
        ("POST", f"{BY_EMAIL}:getIamPolicy"),
        ("GET", f"{BY_EMAIL}/keys"),
        ("POST", f"{BY_EMAIL}/keys"),
        ("DELETE", f"{BY_EMAIL}/keys/1"),
    ],
)
async def test_who_may_not_is_refused_and_nothing_rings(api: Client, store: Store, method: str, path: str) -> None:
    deploy(store)
    await created(api)
    body = {"accountId": "another", "serviceAccount": {"displayName": "x"}, "updateMask": "displayName"}
    status, told = await ask(api, method, path, body if method in ("POST", "PATCH") else None, host=IAM, caller=ANN)
    assert (status, told["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert len(api.rung) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ACCOUNTS, {}),
        (ACCOUNTS, {"accountId": 7}),
        (ACCOUNTS, {"accountId": "worker2", "serviceAccount": []}),
        (f"{BY_EMAIL}/keys", {"privateKeyType": "TYPE_NONE"}),
        (f"{BY_EMAIL}/keys:upload", {"publicKeyData": "?"}),
        ("/v1/roles:queryGrantableRoles", {"fullResourceName": "things/x"}),
        ("/v1/roles:queryGrantableRoles", {"fullResourceName": 7}),
    ],
)
async def test_what_cannot_be_meant_is_told(api: Client, store: Store, path: str, body: dict[str, object]) -> None:
    deploy(store)
    await created(api)
    status, told = await ask(api, "POST", path, body, host=IAM)
    assert (status, told["error"]["status"]) == (400, "INVALID_ARGUMENT")


async def test_a_resource_knows_the_roles_and_permissions_that_are_about_it(api: Client, store: Store) -> None:
    deploy(store)
    body = {"fullResourceName": f"//run.googleapis.com/{HELLO}"}
    _, found = await ask(api, "POST", "/v1/roles:queryGrantableRoles", body, host=IAM)
    names = {one["name"] for one in found["roles"]}
    assert {"roles/run.invoker", "roles/owner"} <= names
    assert "roles/secretmanager.secretAccessor" not in names
    assert "includedPermissions" not in found["roles"][0]
    _, found = await ask(api, "POST", "/v1/permissions:queryTestablePermissions", body, host=IAM)
    assert {"run.routes.invoke", "run.services.get"} <= {one["name"] for one in found["permissions"]}
    body = {"fullResourceName": "//cloudresourcemanager.googleapis.com/projects/demo"}
    _, found = await ask(api, "POST", "/v1/roles:queryGrantableRoles", body | {"pageSize": 2}, host=IAM)
    assert len(found["roles"]) == 2
    assert found["nextPageToken"]
