"""Short-lived tokens and signatures of service accounts, for who may act as them.

Evidence: documented (IAM Credentials API v1; Create short-lived credentials for a service account)."""

import base64
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from cloudrun_cli.api.iam_credentials import IamCredentials
from cloudrun_cli.api.server import application
from cloudrun_cli.controlplane import service_accounts
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.store import policies
from cloudrun_cli.store import service_accounts as rows
from cloudrun_cli.store.database import Store
from tests.api.asking import decoded
from tests.builders import CALLER, NOW

TARGET, MIDDLE, CALLS = (f"{name}-app@demo.iam.gserviceaccount.com" for name in ("target", "middle", "calls"))
CREATOR = "roles/iam.serviceAccountTokenCreator"

Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def home(store: Store) -> str:
    return os.path.dirname(store.path)


@pytest_asyncio.fixture
async def ask(store: Store, home: str) -> AsyncIterator[Ask]:
    for email in (TARGET, MIDDLE, CALLS):
        service_accounts.create(store, "demo", email.partition("@")[0], caller=CALLER, now=NOW)

    def says(request: Any) -> str:
        return str(request.headers.get("x-caller", CALLS))

    apis = {"iamcredentials": IamCredentials(store, Tokens(home), Signer(home), says, lambda: NOW).routes()}
    transport = httpx.ASGITransport(application(apis), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://iamcredentials.googleapis.com") as http:

        async def call(verb: str, body: Any, account: str = TARGET) -> httpx.Response:
            return await http.post(f"/v1/projects/-/serviceAccounts/{account}:{verb}", json=body)

        yield call


def grant(store: Store, on: str, to: str) -> None:
    """That `to` may act as `on`."""
    resource = f"projects/demo/serviceAccounts/{on}"
    with store.transaction():
        known = policies.get(store, resource)
        bindings = [*known.get("bindings", []), {"role": CREATOR, "members": [f"serviceAccount:{to}"]}]
        policies.put(store, resource, {**known, "bindings": bindings})


VERBS: dict[str, dict[str, Any]] = {
    "generateAccessToken": {"scope": ["https://www.googleapis.com/auth/cloud-platform"], "lifetime": "300s"},
    "generateIdToken": {"audience": "https://b.example", "includeEmail": True},
    "signBlob": {"payload": base64.b64encode(b"some bytes").decode()},
    "signJwt": {"payload": '{"iss": "me", "sub": "you"}'},
}


@pytest.mark.parametrize("verb", VERBS)
async def test_without_the_role_on_the_account_each_is_denied_and_with_it_each_is_answered(
    ask: Ask, store: Store, verb: str
) -> None:
    denied = await ask(verb, VERBS[verb])
    assert (denied.status_code, denied.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    grant(store, TARGET, CALLS)
    assert (await ask(verb, VERBS[verb])).status_code == 200
    grant(store, TARGET, MIDDLE)
    missing = await ask(verb, VERBS[verb], "nobody-app@demo.iam.gserviceaccount.com")
    assert missing.status_code == 403


@pytest.mark.parametrize("verb", VERBS)
async def test_through_a_delegate_each_step_needs_the_role(ask: Ask, store: Store, verb: str) -> None:
    body: dict[str, Any] = {**VERBS[verb], "delegates": [f"projects/-/serviceAccounts/{MIDDLE}"]}
    grant(store, TARGET, MIDDLE)
    assert (await ask(verb, body)).status_code == 403
    grant(store, MIDDLE, CALLS)
    assert (await ask(verb, body)).status_code == 200
    assert (await ask(verb, VERBS[verb])).status_code == 403


async def test_an_access_token_speaks_for_the_account_until_the_lifetime_is_over(
    ask: Ask, store: Store, home: str
) -> None:
    grant(store, TARGET, CALLS)
    said = (await ask("generateAccessToken", VERBS["generateAccessToken"])).json()
    identity = Tokens(home).read(said["accessToken"], NOW)
    assert identity.email == TARGET
    assert identity.expires == (NOW + timedelta(seconds=300)).replace(microsecond=0)
    assert said["expireTime"] == f"{identity.expires:%Y-%m-%dT%H:%M:%SZ}"


async def test_an_id_token_says_who_only_when_asked(ask: Ask, store: Store, home: str) -> None:
    grant(store, TARGET, CALLS)
    for with_email in (True, False):
        body = {"audience": "https://b.example", "includeEmail": with_email}
        token = (await ask("generateIdToken", body)).json()["token"]
        claims = decoded(token, Tokens(home).certificates())
        assert (claims["aud"], claims.get("email")) == ("https://b.example", TARGET if with_email else None)


async def test_what_is_signed_is_borne_out_by_the_accounts_certificate(ask: Ask, store: Store, home: str) -> None:
    grant(store, TARGET, CALLS)
    account = rows.get(store, TARGET)
    assert account is not None
    key = Signer(home).key_of(account)
    public = x509.load_pem_x509_certificate(key.certificate.encode()).public_key()
    assert isinstance(public, RSAPublicKey)
    said = (await ask("signBlob", VERBS["signBlob"])).json()
    public.verify(base64.b64decode(said["signedBlob"]), b"some bytes", PKCS1v15(), SHA256())
    assert said["keyId"] == key.id
    said = (await ask("signJwt", VERBS["signJwt"])).json()
    assert decoded(said["signedJwt"], {key.id: key.certificate})["sub"] == "you"


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("generateAccessToken", {}),
        ("generateAccessToken", {"scope": "all"}),
        ("generateAccessToken", {"scope": ["a"], "lifetime": "3601s"}),
        ("generateAccessToken", {"scope": ["a"], "lifetime": 60}),
        ("generateAccessToken", {"scope": ["a"], "delegates": ["a@b"]}),
        ("generateIdToken", {}),
        ("generateIdToken", {"audience": "a", "includeEmail": "yes"}),
        ("signBlob", {"payload": "not base64"}),
        ("signJwt", {"payload": "[]"}),
        ("signJwt", {"payload": "no JSON"}),
    ],
)
async def test_what_cannot_be_asked_is_told_by_its_field(ask: Ask, store: Store, verb: str, body: Any) -> None:
    grant(store, TARGET, CALLS)
    answer = await ask(verb, body)
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


async def test_a_disabled_account_gives_nothing(ask: Ask, store: Store) -> None:
    grant(store, TARGET, CALLS)
    service_accounts.set_disabled(store, TARGET, True, caller=CALLER, now=NOW)
    for verb, body in VERBS.items():
        assert (await ask(verb, body)).status_code == 400
