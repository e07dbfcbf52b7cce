"""The Secret Manager API: by host and by path, as whoever the token speaks for. Evidence: documented (Secret Manager
v1), and recorded for what gcloud asks."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from cloudrun_cli.api.callers import by_token
from cloudrun_cli.api.secretmanager import SecretManager
from cloudrun_cli.api.server import application
from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.controlplane.vault import Vault
from cloudrun_cli.core.secrets import ACCESSOR
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, NUMBER

SECRETS = "/v1/projects/demo/secrets"
KEY = f"{SECRETS}/key"
NAME = f"projects/{NUMBER}/secrets/key"
WEB = "web@demo.iam.gserviceaccount.com"
HELLO = {"data": base64.b64encode(b"hello").decode(), "dataCrc32c": "2591144780"}


class Caller:
    """Asks as whoever sits here, or with the token of an account."""

    def __init__(self, http: httpx.AsyncClient, tokens: Tokens) -> None:
        self.http, self.tokens, self.rung = http, tokens, 0

    def ring(self) -> None:
        self.rung += 1

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        account: str = "",
        host: str = "secretmanager.localhost:9080",
        status: int = 200,
        **query: str,
    ) -> Any:
        headers = {"host": host}
        if account:
            headers["authorization"] = f"Bearer {self.tokens.access_token(account, NOW)}"
        answer = await self.http.request(method, path, json=body, headers=headers, params=query or None)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest_asyncio.fixture
async def api(store: Store, tmp_path: Path) -> AsyncIterator[Caller]:
    """A client of the API over `store`, with a secret of one version."""
    tokens = Tokens(str(tmp_path / "home"))
    secrets = SecretManager(
        store, Vault(str(tmp_path / "home")), by_token(tokens, CALLER, lambda: NOW), lambda: NOW, lambda: made.ring()
    )
    transport = httpx.ASGITransport(application({"secretmanager": secrets.routes()}), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        made = Caller(http, tokens)
        await made("POST", SECRETS, {"replication": {"automatic": {}}}, secretId="key")
        await made("POST", f"{KEY}:addVersion", {"payload": HELLO})
        yield made


async def test_a_version_is_added_and_accessed_with_its_checksum(api: Caller) -> None:
    made = await api("POST", f"{KEY}:addVersion", {"payload": HELLO})
    assert (made["name"], made["state"], made["clientSpecifiedPayloadChecksum"]) == (
        f"{NAME}/versions/2",
        "ENABLED",
        True,
    )
    for version in ("2", "latest"):
        found = await api("GET", f"{KEY}/versions/{version}:access")
        assert found == {"name": f"{NAME}/versions/2", "payload": HELLO}
    assert api.rung == 3


@pytest.mark.parametrize(
    "host",
    ["secretmanager.localhost", "secretmanager.googleapis.localhost:9080", "secretmanager.googleapis.com", "127.0.0.1"],
)
async def test_it_is_found_by_its_names_and_by_address(api: Caller, host: str) -> None:
    assert (await api("GET", KEY, host=host))["name"] == NAME
    assert (await api("GET", KEY.replace("demo", NUMBER), host=host))["name"] == NAME


async def test_a_service_account_reads_only_what_it_was_given(api: Caller) -> None:
    denied = await api("GET", f"{KEY}/versions/1:access", account=WEB, status=403)
    assert "secretmanager.versions.access" in denied["error"]["message"]
    assert "hello" not in str(denied)
    policy = {"bindings": [{"role": ACCESSOR, "members": [f"serviceAccount:{WEB}"]}]}
    await api("POST", f"{KEY}:setIamPolicy", {"policy": policy})
    assert (await api("GET", f"{KEY}:getIamPolicy"))["bindings"] == policy["bindings"]
    assert (await api("GET", f"{KEY}/versions/1:access", account=WEB))["payload"] == HELLO
    await api("GET", KEY, account=WEB, status=403)
    await api("POST", f"{KEY}:addVersion", {"payload": HELLO}, account=WEB, status=403)
    asked = {"permissions": ["secretmanager.versions.access", "secretmanager.secrets.delete"]}
    found = await api("POST", f"{KEY}:testIamPermissions", asked, account=WEB)
    assert found == {"permissions": ["secretmanager.versions.access"]}
    other: dict[str, Any] = {"replication": {"automatic": {}}}
    await api("POST", "/v1/projects/other/secrets", other, account=WEB, status=403, secretId="x")


async def test_a_token_that_is_none_or_has_expired_is_refused(api: Caller) -> None:
    old = api.tokens.access_token(WEB, NOW - timedelta(hours=2))
    for token in ("Bearer x", f"Bearer {old}", "Basic x", "Bearer"):
        answer = await api.http.get(KEY, headers={"host": "secretmanager.localhost", "authorization": token})
        assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


async def test_versions_are_disabled_enabled_destroyed_and_listed_in_pages(api: Caller) -> None:
    await api("POST", f"{KEY}:addVersion", {"payload": HELLO})
    assert (await api("POST", f"{KEY}/versions/2:disable", {}))["state"] == "DISABLED"
    refused = await api("GET", f"{KEY}/versions/latest:access", status=400)
    assert refused["error"]["status"] == "FAILED_PRECONDITION"
    assert (await api("POST", f"{KEY}/versions/2:enable", {}))["state"] == "ENABLED"
    assert (await api("POST", f"{KEY}/versions/1:destroy", {}))["state"] == "DESTROYED"
    first = await api("GET", f"{KEY}/versions", pageSize="1")
    assert ([one["name"] for one in first["versions"]], first["totalSize"]) == ([f"{NAME}/versions/2"], 2)
    second = await api("GET", f"{KEY}/versions", pageSize="1", pageToken=first["nextPageToken"])
    assert [one["name"] for one in second["versions"]] == [f"{NAME}/versions/1"]
    assert "nextPageToken" not in second


async def test_a_secret_is_changed_listed_and_deleted(api: Caller) -> None:
    made = await api("PATCH", KEY, {"labels": {"a": "b"}, "ttl": "60s"}, updateMask="labels,ttl")
    assert (made["labels"], "expireTime" in made) == ({"a": "b"}, True)
    assert (await api("GET", SECRETS))["secrets"] == [made]
    await api("DELETE", KEY, etag='"1"', status=409)
    assert await api("DELETE", KEY, etag=made["etag"]) == {}
    assert (await api("GET", KEY, status=404))["error"]["message"] == f"Secret [{NAME}] not found."
    assert await api("GET", SECRETS) == {}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{KEY}:addVersion", {}, 400),
        (f"{KEY}:addVersion", [], 400),
        (f"{KEY}:addVersion", {"payload": {"data": "%%%"}}, 400),
        (f"{KEY}:addVersion", {"payload": {"data": 7}}, 400),
        (f"{KEY}:addVersion", {"payload": {"data": "aGVsbG8=", "dataCrc32c": "1"}}, 400),
        (f"{KEY}:addVersion", {"payload": {"data": "aGVsbG8=", "dataCrc32c": "x"}}, 400),
        (f"{KEY}:addVersion", {"payload": {"data": "A" * (1 << 21)}}, 400),
        (f"{KEY}:addVersion", {"payload": {"data": "A" * 90000}}, 400),
        (f"{KEY}:setIamPolicy", {}, 400),
        (f"{KEY}:testIamPermissions", {"permissions": "x"}, 400),
        (f"{KEY}/versions/1:explode", {}, 404),
        (f"{SECRETS}?secretId=a.b", {"replication": {"automatic": {}}}, 400),
        (f"{SECRETS}?secretId=new", {}, 400),
        (f"{SECRETS}?secretId=key", {"replication": {"automatic": {}}}, 409),
        ("/v1/projects/demo/locations/us-east1/secrets", {}, 501),
    ],
)
async def test_what_cannot_be_meant_is_refused_and_never_a_fault(
    api: Caller, path: str, body: object, status: int
) -> None:
    await api("POST", path, body, status=status)
