"""The metadata server over HTTP: its header rules, and each instance as itself.

Evidence: documented (container instance metadata server; Compute Engine, view and query metadata)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from cloudrun_cli.api.metadata import MetadataServer
from cloudrun_cli.controlplane import service_accounts
from cloudrun_cli.controlplane.instance_tokens import InstanceTokens
from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.core.identity import TokenKind
from cloudrun_cli.core.metadata import InstanceView
from cloudrun_cli.store.database import Store
from tests.api.asking import decoded
from tests.builders import CALLER, NOW, FakeClock

V1 = "/computeMetadata/v1/"
MINE = f"{V1}instance/service-accounts/default/"
FLAVOR = {"Metadata-Flavor": "Google"}
ONE, OTHER, STRANGER = "172.18.0.2", "172.18.0.3", "172.18.0.9"


@dataclass
class Asking:
    """Instances at two addresses, each with an account of its own, and somebody else."""

    server: MetadataServer
    tokens: Tokens
    clock: FakeClock = field(default_factory=FakeClock)

    async def __call__(
        self, path: str, *, peer: str = ONE, host: str = "metadata.google.internal", method: str = "GET", **more: str
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.server, client=(peer, 4711))
        headers = {**FLAVOR, **{name.replace("_", "-"): value for name, value in more.items()}}
        headers = {name: value for name, value in headers.items() if value}
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as http:
            return await http.request(method, path, headers=headers)


@pytest_asyncio.fixture
async def ask(store: Store, tmp_path: Path) -> AsyncIterator[Asking]:
    accounts = {}
    for address, name in ((ONE, "first-app"), (OTHER, "second-app")):
        made = service_accounts.create(store, "demo", name, caller=CALLER, now=NOW)
        accounts[address] = InstanceView(f"id-{name}", "demo", "123456789012", "us-central1", made["email"])

    async def who(peer: tuple[str, int]) -> InstanceView | None:
        return accounts.get(peer[0])

    tokens = Tokens(str(tmp_path))
    clock = FakeClock()
    yield Asking(MetadataServer(who, InstanceTokens(store, tokens), clock.now), tokens, clock)


async def test_each_instance_is_told_about_itself_and_a_stranger_nothing(ask: Asking) -> None:
    assert (await ask(f"{V1}instance/id")).text == "id-first-app"
    assert (await ask(f"{V1}instance/id", peer=OTHER)).text == "id-second-app"
    assert (await ask(f"{MINE}email", peer=OTHER)).text == "second-app@demo.iam.gserviceaccount.com"
    other = await ask(f"{V1}instance/service-accounts/second-app@demo.iam.gserviceaccount.com/token")
    assert other.status_code == 404
    for path in ("/", f"{V1}instance/id", f"{MINE}token"):
        assert (await ask(path, peer=STRANGER)).status_code == 403


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("/", {}, 200),
        ("/", {"Metadata_Flavor": ""}, 200),  # how libraries find out where they are
        ("/computeMetadata/", {}, 200),
        ("/computeMetadata/v1", {}, 301),
        (f"{V1}instance", {}, 301),
        (f"{V1}instance/", {"Metadata_Flavor": ""}, 403),
        (f"{V1}instance/", {"Metadata_Flavor": "google"}, 403),
        (f"{V1}instance/", {"X_Forwarded_For": "1.2.3.4"}, 403),
        (f"{V1}instance/", {"host": "metadata"}, 200),
        (f"{V1}instance/", {"host": "169.254.169.254"}, 200),
        (f"{V1}instance/", {"host": "127.0.0.1:30001"}, 200),
        (f"{V1}instance/", {"host": "evil.example"}, 403),  # a name of somebody's that leads here
        (f"{V1}instance/", {"method": "HEAD"}, 200),
        (f"{V1}instance/", {"method": "POST"}, 405),
        (f"{V1}instance/attributes/", {}, 404),
        ("/computeMetadata/v2/", {}, 404),
        (f"{MINE}identity", {}, 400),
        (f"{MINE}identity?audience=", {}, 400),
        (f"{MINE}identity?audience=a&format=short", {}, 400),
    ],
)
async def test_requests_are_answered_by_the_rules(ask: Asking, path: str, more: dict[str, str], status: int) -> None:
    answer = await ask(path, **more)
    assert answer.status_code == status
    assert answer.headers["Metadata-Flavor"] == "Google"


async def test_text_and_json_say_what_they_are(ask: Asking) -> None:
    assert (await ask("/")).text == "computeMetadata/\n"
    assert (await ask(f"{V1}instance/id")).headers["content-type"].startswith("application/text")
    assert (await ask(f"{V1}?recursive=true")).headers["content-type"] == "application/json"
    moved = await ask(f"{V1}project?recursive=true")
    assert moved.headers["location"] == f"{V1}project/?recursive=true"


async def test_an_access_token_is_kept_while_its_life_runs_down_and_then_made_anew(ask: Asking) -> None:
    first = (await ask(f"{MINE}token")).json()
    assert (first["token_type"], first["expires_in"]) == ("Bearer", 3599)
    ask.clock.move(timedelta(minutes=30))
    again = (await ask(f"{MINE}token")).json()
    assert (again["access_token"], again["expires_in"]) == (first["access_token"], 1799)
    assert (await ask(f"{MINE}token?scopes=a,b")).json()["access_token"] != first["access_token"]
    ask.clock.move(timedelta(minutes=26))
    renewed = (await ask(f"{MINE}token")).json()
    assert (renewed["access_token"] != first["access_token"], renewed["expires_in"]) == (True, 3599)
    said = ask.tokens.read(renewed["access_token"], ask.clock.now())
    assert (said.kind, said.email) == (TokenKind.ACCESS, "first-app@demo.iam.gserviceaccount.com")


async def test_an_id_token_says_to_its_audience_who_the_instance_is(ask: Asking) -> None:
    token = (await ask(f"{MINE}identity?audience=https://b.example&format=full")).text
    claims = decoded(token, ask.tokens.certificates())
    assert claims["aud"] == "https://b.example"
    assert claims["iss"] == "https://accounts.google.com"
    assert (claims["email"], claims["email_verified"]) == ("first-app@demo.iam.gserviceaccount.com", True)
    assert claims["sub"] == claims["azp"]
    assert claims["exp"] - claims["iat"] == 3600


async def test_an_account_that_is_disabled_or_deleted_gets_no_token(ask: Asking, store: Store) -> None:
    email = "first-app@demo.iam.gserviceaccount.com"
    assert (await ask(f"{MINE}token")).status_code == 200
    service_accounts.set_disabled(store, email, True, caller=CALLER, now=NOW)
    for path in ("token", "identity?audience=a"):
        assert (await ask(MINE + path)).status_code == 403
    service_accounts.set_disabled(store, email, False, caller=CALLER, now=NOW)
    assert (await ask(f"{MINE}token")).status_code == 200
    service_accounts.delete(store, email, caller=CALLER, now=NOW)
    refused = await ask(f"{MINE}token")
    assert (refused.status_code, email in refused.text) == (404, True)
    assert (await ask(f"{MINE}email")).text == email
