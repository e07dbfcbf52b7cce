"""The token endpoint, and who an API believes to be calling. Evidence: documented (RFC 6749, section 5.2; AIP-4111),
else ours."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudrun_cli.api.callers import by_credentials
from cloudrun_cli.api.openid import OpenId
from cloudrun_cli.api.server import application
from cloudrun_cli.api.token_endpoint import JWT_BEARER, TokenEndpoint
from cloudrun_cli.controlplane import grants, service_account_keys, service_accounts
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.controlplane.wallet import Wallet
from cloudrun_cli.core.credentials import Grant, KeyFile, parse_key_file
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, PROJECT

ROBOT, ANN = "robots@demo.iam.gserviceaccount.com", "ann@example.com"


def now() -> datetime:
    return datetime.now(UTC)


class Api:
    """The endpoint over `store`, and an API at run.localhost that answers who calls."""

    def __init__(self, store: Store, home: str) -> None:
        self.store, self.tokens, self.wallet, signer = store, Tokens(home), Wallet(home), Signer(home)
        service_accounts.create(store, PROJECT, "robots", caller=CALLER, now=now())
        made = service_account_keys.create(store, ROBOT, token_uri="x", caller=CALLER, now=now())
        self.key: KeyFile = parse_key_file(base64.b64decode(made["privateKeyData"]).decode())
        says = by_credentials(store, self.tokens, signer, lambda: CALLER, now)

        async def who(request: Request) -> Response:
            return JSONResponse({"caller": says(request)})

        endpoint = TokenEndpoint(store, self.tokens, signer, self.wallet, now)
        routes = [*endpoint.routes(), *OpenId(self.tokens, now).routes()]
        app = application({"oauth2": routes, "run": [Route("/v1/who", who)]})
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://oauth2.localhost"
        )

    async def exchange(self, path: str = "/token", **fields: str) -> httpx.Response:
        return await self.http.post(path, data=fields)

    async def who(self, *, token: str = "", **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["authorization"] = f"Bearer {token}"
        return await self.http.get("http://run.localhost/v1/who", headers=sent)


@pytest_asyncio.fixture
async def api(store: Store, tmp_path: Path) -> AsyncIterator[Api]:
    made = Api(store, str(tmp_path / "home"))
    async with made.http:
        yield made


async def test_a_key_is_exchanged_for_an_access_token_or_an_identity_token(api: Api) -> None:
    answer = await api.exchange(grant_type=JWT_BEARER, assertion=grants.assertion(api.key, now()))
    said = answer.json()
    assert (answer.status_code, said["token_type"], said["expires_in"]) == (200, "Bearer", 3599)
    assert answer.headers["cache-control"] == "no-store"
    assert (await api.who(token=said["access_token"])).json() == {"caller": ROBOT}
    audience = "https://b.example"
    signed = grants.assertion(api.key, now(), audience=audience)
    identity = (await api.exchange("/oauth2/v4/token", grant_type=JWT_BEARER, assertion=signed)).json()["id_token"]
    claims = jwt.decode(identity, options={"verify_signature": False})
    assert (claims["aud"], claims["email"]) == (audience, ROBOT)


async def test_a_refresh_token_is_exchanged_until_it_is_revoked(api: Api) -> None:
    token = api.wallet.grant(Grant(ANN))
    said = (await api.exchange(grant_type="refresh_token", refresh_token=token)).json()
    assert (await api.who(token=said["access_token"])).json() == {"caller": ANN}
    assert jwt.decode(said["id_token"], options={"verify_signature": False})["email"] == ANN
    assert (await api.exchange("/revoke", token=token)).status_code == 200
    assert (await api.exchange("/revoke", token=token)).json()["error"] == "invalid_token"
    again = await api.exchange(grant_type="refresh_token", refresh_token=token)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_grant"),
        ({"grant_type": JWT_BEARER}, "invalid_grant"),
        ({"grant_type": JWT_BEARER, "assertion": "a.b.c"}, "invalid_grant"),
        ({"grant_type": JWT_BEARER, "assertion": "x" * 70_000}, "unsupported_grant_type"),  # no form is that long
    ],
)
async def test_what_is_no_grant_is_refused_as_oauth_has_it(api: Api, fields: dict[str, str], error: str) -> None:
    answer = await api.exchange(**fields)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"&" * 100, b"a=1" + b"&a=1" * 40, json.dumps({"grant_type": "x"}).encode()]
)
async def test_a_body_that_is_no_form_has_no_fields(api: Api, body: bytes) -> None:
    answer = await api.http.post("/token", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


async def test_a_token_is_described_however_it_is_sent(api: Api) -> None:
    token = api.tokens.access_token(ANN, now())
    asked: list[dict[str, Any]] = [{"params": {"access_token": token}}, {"data": {"access_token": token}}]
    for how in asked:
        said = (await api.http.post("/oauth2/v1/tokeninfo", **how)).json()
        assert (said["email"], int(said["expires_in"]) > 3500) == (ANN, True)


async def test_who_sends_no_token_is_the_user_of_this_machine_and_bad_ones_are_nobody(api: Api) -> None:
    assert (await api.who()).json() == {"caller": CALLER}
    identity = api.tokens.id_token(ANN, "https://run.googleapis.com/", now())
    for token in ("x", "a.b.c", "ya29.x", identity):
        assert (await api.who(token=token)).status_code == 401
    assert (await api.who(authorization="Basic YTpi")).status_code == 401
    assert (await api.who(authorization="")).status_code == 401


async def test_a_service_account_may_sign_the_token_of_a_call_itself(api: Api) -> None:
    at = int(now().timestamp())
    said = {"iss": ROBOT, "sub": ROBOT, "aud": "https://run.googleapis.com/", "iat": at, "exp": at + 3600}
    signed = jwt.encode(said, api.key.private_key, algorithm="RS256", headers={"kid": api.key.key_id})
    assert (await api.who(token=signed)).json() == {"caller": ROBOT}


async def test_the_tokens_of_an_account_end_with_it(api: Api) -> None:
    token = api.tokens.access_token(ROBOT, now())
    assert (await api.who(token=token)).json() == {"caller": ROBOT}
    service_accounts.set_disabled(api.store, ROBOT, True, caller=CALLER, now=now())
    assert (await api.who(token=token)).status_code == 401
    service_accounts.set_disabled(api.store, ROBOT, False, caller=CALLER, now=now())
    service_accounts.delete(api.store, ROBOT, caller=CALLER, now=now())
    service_accounts.create(api.store, PROJECT, "robots", caller=CALLER, now=now())
    assert (await api.who(token=token)).status_code == 401, "the address is another account's now"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec_fetch_site": "none"}, 200),
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"origin": "http://run.localhost"}, 200),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://hello-1.us-central1.run.localhost:9080"}, 403),  # the page of a service is a stranger too
        ({"origin": "http://run.localhost:8080"}, 403),
        ({"origin": "http://run.localhost", "sec_fetch_site": "cross-site"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "evil.example"}, 404),
    ],
)
async def test_a_page_in_a_browser_is_not_the_user_of_this_machine(
    api: Api, headers: dict[str, str], status: int
) -> None:
    assert (await api.who(**headers)).status_code == status
