"""Private services and who calls: users, service accounts, programs with default credentials; and from where.

Google's own libraries are used as they are. Evidence: documented (Authenticating service-to-service; Application
Default Credentials; Restrict network ingress).
"""

import json
import stat
from collections.abc import Iterator
from typing import Any

import google.auth
import google.auth.transport.requests
import httpx
import pytest
import requests
from google.oauth2 import id_token, service_account

from cloudrun_cli.dataplane.envoy_config import INTERNAL_SOCKET
from tests.builders import NUMBER, PROJECT
from tests.e2e.world import Home, eventually, free_ports

ROBOT = "robots@demo.iam.gserviceaccount.com"
INVOKER = "--role=roles/run.invoker"
(BALANCER,) = free_ports(1)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A home with the app as a private service, and a service account with a key."""
    made = Home("process", CLOUDSDK_CORE_PROJECT=PROJECT, CLOUDSDK_EMULATOR_LOAD_BALANCER_PORT=str(BALANCER))
    made.done(f"run deploy app --image={made.image} --no-allow-unauthenticated")
    made.done("iam service-accounts create robots")
    made.done(f"iam service-accounts keys create {made.work}/key.json --iam-account={ROBOT}")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def as_oneself(home: Home) -> None:
    """Each story begins as the owner of the home."""
    home.done("config unset account")


def status(home: Home, token: str = "") -> int:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return home.get(_url(home), headers=headers).status_code


def token(home: Home, flags: str = "") -> str:
    return str(home.done(f"auth print-identity-token {flags}")).strip()


def transport() -> Any:
    """What Google's libraries send requests with; on loopback, without a proxy."""
    session = requests.Session()
    session.trust_env = False
    return google.auth.transport.requests.Request(session)


def test_a_user_calls_with_a_token_and_another_user_only_once_granted(home: Home) -> None:
    assert status(home) == 403
    assert status(home, "nonsense") == 401
    assert status(home, token(home)) == 200
    told = home.done("auth login ann@example.com").stderr
    assert "You are now logged in as [ann@example.com]." in told
    assert [one["account"] for one in home.json("auth list --filter=status:ACTIVE")] == ["ann@example.com"]
    hers = token(home)
    assert status(home, hers) == 403
    home.done(
        f"run services add-iam-policy-binding app --member=user:ann@example.com {INVOKER} --account=dev@example.com"
    )
    eventually(lambda: status(home, hers) == 200)
    denied = home.cloudrun("run services delete app")
    assert denied.exit_code == 1
    assert "Permission 'run.services.delete' denied on resource" in denied.stderr
    home.done("auth revoke ann@example.com")
    assert home.done("config get account") == "dev@example.com\n"


def test_the_app_sees_who_calls_and_no_signature(home: Home) -> None:
    seen = home.get(home.url("app"), headers={"authorization": f"Bearer {token(home)}"}).json()["headers"]
    assert httpx.Headers(seen)["authorization"].endswith(".SIGNATURE_REMOVED_BY_GOOGLE")


def test_a_service_account_calls_with_its_key_for_the_address_of_the_service(home: Home) -> None:
    refused = home.cloudrun(f"run services list --account={ROBOT}")
    assert (refused.exit_code, "does not have any valid credentials" in refused.stderr) == (1, True)
    home.done(f"auth activate-service-account --key-file={home.work}/key.json")
    url = _url(home)
    its = token(home, f"--audiences={url}")
    assert home.get(url, headers={"authorization": f"Bearer {its}"}).status_code == 403
    home.done(
        f"run services add-iam-policy-binding app --member=serviceAccount:{ROBOT} {INVOKER} --account=dev@example.com"
    )
    eventually(lambda: home.get(url, headers={"authorization": f"Bearer {its}"}).status_code == 200)
    for audience in ("https://elsewhere.example", f"{url}/"):
        wrong = token(home, f"--audiences={audience}")
        assert home.get(url, headers={"authorization": f"Bearer {wrong}"}).status_code == 401
    assert home.cloudrun("run services list").exit_code == 1, "invoking is all that it may do"
    home.done(f"iam service-accounts disable {ROBOT} --account=dev@example.com")
    eventually(lambda: home.get(url, headers={"authorization": f"Bearer {its}"}).status_code == 401)
    assert "not valid any more" in home.cloudrun("auth print-access-token").stderr
    home.done(f"iam service-accounts enable {ROBOT} --account=dev@example.com")
    eventually(lambda: home.get(url, headers={"authorization": f"Bearer {its}"}).status_code == 200)


def _url(home: Home) -> str:
    return str(home.json("run services describe app --account=dev@example.com")["status"]["url"])


def test_who_may_impersonate_acts_as_the_service_account(home: Home) -> None:
    url, as_robot = _url(home), f"--impersonate-service-account={ROBOT}"
    home.done(f"run services add-iam-policy-binding app --member=serviceAccount:{ROBOT} {INVOKER}")
    for more in ("", "--include-email"):
        its = token(home, f"--audiences={url} {as_robot} {more}")
        eventually(lambda its=its: home.get(url, headers={"authorization": f"Bearer {its}"}).status_code == 200)  # type: ignore[misc]
    denied = home.cloudrun(f"run services list {as_robot}")
    assert "WARNING: This command is using service account impersonation" in denied.stderr
    assert "Permission 'run.services.list' denied" in denied.stderr
    other = home.cloudrun(f"auth print-access-token {as_robot} --account=bob@example.com")
    assert other.exit_code == 1
    assert f"Failed to impersonate [{ROBOT}]" in other.stderr
    assert "roles/iam.serviceAccountTokenCreator" in other.stderr


def _services(home: Home, credentials: Any) -> httpx.Response:
    """The Admin API, as somebody with these credentials."""
    credentials.refresh(transport())
    return home.http.get(
        f"http://127.0.0.1:{home.http_port}/apis/serving.knative.dev/v1/namespaces/{NUMBER}/services",
        headers={"host": "us-central1-run.localhost", "authorization": f"Bearer {credentials.token}"},
    )


def test_default_credentials_of_a_user_work_in_programs_until_they_are_revoked(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.done("auth application-default login")
    file = home.home / "application_default_credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    credentials, _ = google.auth.default()
    answer = _services(home, credentials)
    assert answer.status_code == 200, answer.text
    assert "app" in [one["metadata"]["name"] for one in answer.json()["items"]]
    assert str(home.done("auth application-default print-access-token")).startswith("ya29.")
    home.done("auth application-default revoke")
    assert not file.exists()
    with pytest.raises(google.auth.exceptions.GoogleAuthError, match="revoked"):
        credentials.refresh(transport())  # type: ignore[no-untyped-call]


def test_default_credentials_that_impersonate_are_the_service_accounts(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.done(f"auth application-default login --impersonate-service-account={ROBOT}")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(home.home / "application_default_credentials.json"))
    credentials, _ = google.auth.default()
    denied = _services(home, credentials)
    assert denied.status_code == 403
    assert "run.services.list" in denied.text
    home.done("auth application-default revoke")


def test_a_key_file_works_in_programs_for_access_and_identity(home: Home) -> None:
    key, url = str(home.work / "key.json"), _url(home)
    assert json.loads((home.work / "key.json").read_text())["token_uri"].endswith("/token")
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    access = service_account.Credentials.from_service_account_file(key, scopes=scopes)  # type: ignore[no-untyped-call]
    assert _services(home, access).status_code == 403
    itself = access.with_scopes(None).with_always_use_jwt_access(True)
    itself._create_self_signed_jwt("https://run.googleapis.com/")  # as clients of APIs do without scopes
    assert _services(home, itself).status_code == 403
    home.done(f"projects add-iam-policy-binding {PROJECT} --member=serviceAccount:{ROBOT} --role=roles/run.viewer")
    eventually(lambda: _services(home, access).status_code == 200)
    assert _services(home, itself).status_code == 200
    identity = service_account.IDTokenCredentials.from_service_account_file(key, target_audience=url)  # type: ignore[no-untyped-call]
    identity.refresh(transport())
    home.done(f"run services add-iam-policy-binding app --member=serviceAccount:{ROBOT} {INVOKER}")
    eventually(lambda: status(home, identity.token) == 200)
    certificates = f"http://127.0.0.1:{home.http_port}/oauth2/v1/certs"
    said = id_token.verify_token(identity.token, transport(), audience=url, certs_url=certificates)
    assert (said["email"], said["iss"]) == (ROBOT, "https://accounts.google.com")


def test_a_page_in_a_browser_may_not_call_the_apis(home: Home) -> None:
    url = f"http://127.0.0.1:{home.http_port}/apis/serving.knative.dev/v1/namespaces/{NUMBER}/services"
    own = {"host": "us-central1-run.localhost"}
    assert home.http.get(url, headers=own).status_code == 200
    for more in (
        {"origin": "https://evil.example"},
        {"origin": home.url("app")},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert home.http.get(url, headers=own | more).status_code == 403
    assert home.http.get(url, headers={"host": "evil.example"}).status_code == 404


def test_ingress_lets_in_who_comes_from_there(home: Home) -> None:
    home.done(f"run deploy inner --image={home.image} --ingress=internal --allow-unauthenticated")
    url = home.url("inner")
    host = {"host": url.partition("://")[2]}
    assert home.get(url).status_code == 404
    socket = httpx.HTTPTransport(uds=str(home.home / "run" / INTERNAL_SOCKET))
    with httpx.Client(transport=socket) as product:
        ours = host | {"x-crl-entry": PROJECT}
        assert product.get("http://internal/", headers=ours).status_code == 200
        assert product.get("http://internal/", headers=host | {"x-crl-entry": "another"}).status_code == 404
    balancer = f"http://127.0.0.1:{BALANCER}/"
    assert home.http.get(balancer, headers=host).status_code == 404
    assert "Ingress: internal" in home.done("run services describe inner")
    home.done("run services update inner --ingress=internal-and-cloud-load-balancing")
    eventually(lambda: home.http.get(balancer, headers=host).status_code == 200)
    assert home.get(url).status_code == 404
    home.done("run services update inner --ingress=all")
    eventually(lambda: home.get(url).status_code == 200)
    logged = home.done("run services logs read inner --format=json --limit=50")
    assert {one["httpRequest"]["status"] for one in json.loads(logged) if "httpRequest" in one} == {200}
