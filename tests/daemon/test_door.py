"""The door of private services: which tokens, for whom, from where. Evidence: documented (Authenticating
service-to-service; Restrict network ingress; troubleshooting, 401 and 403), else ours."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from cloudrun_cli.controlplane import policies, service_accounts
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.core import admission
from cloudrun_cli.core.addresses import Edge, host
from cloudrun_cli.core.admission import Refusal
from cloudrun_cli.core.iam import INVOKER, service_resource
from cloudrun_cli.core.identity import CLI_CLIENT, ISSUER, without_signature
from cloudrun_cli.core.resources import Ingress
from cloudrun_cli.daemon.door import Door
from cloudrun_cli.dataplane.routes import ServiceRoute
from cloudrun_cli.store import policies as policy_rows
from cloudrun_cli.store import service_accounts as account_rows
from cloudrun_cli.store.database import open_store
from tests.builders import CALLER, NUMBER, PROJECT, REGION, a_ref
from tests.controlplane.verbs import deploy

NAME = host("hello", NUMBER, REGION)
URL = f"https://{NAME}:9443"
HELLO = service_resource(PROJECT, REGION, "hello")
ANN, ROBOT = "ann@example.com", "robots@demo.iam.gserviceaccount.com"
OWN = "https://custom.example.com"
ROUTE = ServiceRoute(a_ref(), NUMBER, 19_080, audiences=frozenset({OWN}))
OK, NO_TOKEN, MAY_NOT, BAD = b"", admission.UNAUTHENTICATED, admission.FORBIDDEN, admission.UNAUTHORIZED


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    """The issuer of one installation: making a key takes a while."""
    return Tokens(str(tmp_path_factory.mktemp("keys")))


class World:
    """A home with the private service hello, which ann and the robot may invoke, and its door."""

    def __init__(self, home: str, tokens: Tokens) -> None:
        self.store, self.tokens = open_store(home), tokens
        self.door = Door(self.store, tokens, Edge())
        deploy(self.store)
        service_accounts.create(self.store, PROJECT, "robots", caller=CALLER, now=datetime.now(UTC))
        self.grant(f"user:{ANN}", f"serviceAccount:{ROBOT}")

    def grant(self, *members: str, on: str = HELLO, **condition: str) -> None:
        binding: dict[str, Any] = {"role": INVOKER, "members": list(members)}
        if condition:
            binding["condition"] = {"title": "t", **condition}
        with self.store.transaction():
            policy_rows.put(self.store, on, {"version": 3, "bindings": [binding]})
        self.door.forget()

    def token(self, email: str = ROBOT, audience: str = URL, **more: Any) -> str:
        return self.tokens.id_token(email, audience, more.pop("now", datetime.now(UTC)), **more)

    def ask(self, *, path: str = "/", route: ServiceRoute = ROUTE, host: str = NAME, **headers: str) -> Refusal | bytes:
        """What it says to a request with these headers; `x_serverless_authorization` is the header with dashes."""
        sent = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        return self.door.may_invoke(route, {b"host": host.encode(), **sent}, path.encode())

    def bearer(self, token: str, **more: Any) -> Refusal | bytes:
        return self.ask(authorization=f"Bearer {token}", **more)


@pytest.fixture
def world(tmp_path: Path, keys: Tokens) -> Iterator[World]:
    made = World(str(tmp_path / "home"), keys)
    yield made
    made.store.close()


def passes(answer: Refusal | bytes) -> bool:
    return isinstance(answer, bytes)


def test_without_a_token_nobody_passes(world: World) -> None:
    assert world.ask() is NO_TOKEN
    assert NO_TOKEN.status == MAY_NOT.status == 403
    assert BAD.status == 401


@pytest.mark.parametrize("email", [ANN, ROBOT])
def test_with_the_right_and_a_token_it_passes_and_the_app_sees_no_signature(world: World, email: str) -> None:
    token = world.token(email)
    assert world.bearer(token) == f"authorization: Bearer {without_signature(token)}\r\n".encode()
    head, _, removed = without_signature(token).rpartition(".")
    assert removed == "SIGNATURE_REMOVED_BY_GOOGLE"
    assert token.startswith(head)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_the_scheme_is_written_as_one_likes(world: World, scheme: str) -> None:
    assert passes(world.ask(authorization=f"{scheme} {world.token()}"))


def test_without_the_right_a_good_token_is_no_help(world: World) -> None:
    service_accounts.create(world.store, PROJECT, "other-robots", caller=CALLER, now=datetime.now(UTC))
    for email in ("bob@example.com", "other-robots@demo.iam.gserviceaccount.com"):
        assert world.bearer(world.token(email)) is MAY_NOT


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "Bearer",
            "Bearer ",
            "Basic YTpi",
            "TOKEN",
            "Token TOKEN",
            "Bearer TOKEN TOKEN",
            "Bearer TOKEN,Bearer TOKEN",
        ),
        *("Bearer TOKEN, Bearer TOKEN", "Bearer\tTOKEN", "Bearer x", "Bearer ..", "Bearer TOKENx", "Bearer TOKEN."),
    ],
)
def test_what_is_not_one_bearer_token_is_refused(world: World, value: str) -> None:
    assert world.ask(authorization=value.replace("TOKEN", world.token())) is BAD


@pytest.mark.parametrize(
    ("audience", "good"),
    [
        (URL, True),
        (f"http://{NAME}:9080", True),
        (f"https://{NAME}", True),
        ("http://127.0.0.1:19080", True),
        (f"https://hello-{NUMBER}.{REGION}.run.app", True),
        (OWN, True),
        (f"{URL}/", False),  # matched exactly
        (f"https://canary---{NAME}:9443", False),  # also for a tag: the address without it
        (f"https://other-{NUMBER}.{REGION}.run.app", False),
        ("https://my.domain.example", False),  # of a domain mapping: only when it is added
        (CLI_CLIENT, False),  # a person's, not a machine's
        ("", False),
    ],
)
def test_a_token_is_for_the_address_of_the_service(world: World, audience: str, good: bool) -> None:
    answer = world.bearer(world.token(audience=audience))
    assert passes(answer) if good else answer is BAD


def test_a_persons_token_from_the_command_line_is_for_every_service(world: World) -> None:
    assert passes(world.bearer(world.token(ANN, CLI_CLIENT)))
    assert world.bearer(world.token("bob@example.com", CLI_CLIENT)) is MAY_NOT


def test_the_other_header_wins_and_the_first_is_left_to_the_app(world: World) -> None:
    token = world.token()
    answer = world.ask(x_serverless_authorization=f"Bearer {token}", authorization="Basic YTpi")
    assert answer == f"x-serverless-authorization: Bearer {without_signature(token)}\r\n".encode()
    assert world.ask(x_serverless_authorization="Bearer x", authorization=f"Bearer {token}") is BAD


def test_a_token_ends_with_its_hour_also_one_that_has_passed(world: World) -> None:
    lately = datetime.now(UTC) - timedelta(minutes=59, seconds=59)
    fresh = world.token(now=lately)
    assert passes(world.bearer(fresh))
    assert world.bearer(world.token(now=lately - timedelta(seconds=30))) is BAD
    shown = world.door._shown[b"authorization", f"Bearer {fresh}".encode()]
    ended = shown.identity.expires - timedelta(minutes=2)
    identity = type(shown.identity)(ROBOT, shown.identity.subject, shown.identity.kind, ended, URL)
    world.door._shown[b"authorization", f"Bearer {fresh}".encode()] = shown._replace(identity=identity)
    assert world.bearer(fresh) is BAD


def test_an_access_token_is_for_apis_only(world: World) -> None:
    assert world.bearer(world.tokens.access_token(ROBOT, datetime.now(UTC))) is BAD


def test_a_token_of_a_disabled_or_deleted_account_is_worth_nothing_at_once(world: World) -> None:
    token, now = world.token(), datetime.now(UTC)
    assert passes(world.bearer(token))
    for disabled in (True, False):
        service_accounts.set_disabled(world.store, ROBOT, disabled, caller=CALLER, now=now)
        world.door.forget()  # as the daemon does at every ring
        assert passes(world.bearer(token)) is not disabled
    service_accounts.delete(world.store, ROBOT, caller=CALLER, now=now)
    world.door.forget()
    assert world.bearer(token) is BAD
    service_accounts.create(world.store, PROJECT, "robots", caller=CALLER, now=now)
    world.grant(f"serviceAccount:{ROBOT}")
    assert world.bearer(token) is BAD, "the address is another account's now"
    again = account_rows.get(world.store, ROBOT)
    assert again is not None
    assert passes(world.bearer(world.token(subject=again.unique_id)))


def test_a_token_without_an_email_is_of_the_account_that_its_subject_names(world: World) -> None:
    assert passes(world.bearer(world.token(include_email=False)))
    assert world.bearer(world.token(include_email=False, subject="123")) is BAD
    assert world.bearer(world.token(audience=CLI_CLIENT, include_email=False)) is BAD


def test_what_an_account_signs_itself_is_no_token_of_ours(world: World, tmp_path: Path) -> None:
    account = account_rows.get(world.store, ROBOT)
    assert account is not None
    at = int(datetime.now(UTC).timestamp())
    claims = {"iss": ISSUER, "aud": URL, "sub": "1", "email": ANN, "iat": at, "exp": at + 3600}
    assert world.bearer(Signer(str(tmp_path)).jwt(account, claims).value.decode()) is BAD


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_forged_token_is_refused(world: World, algorithm: str) -> None:
    claims = jwt.decode(world.token(), options={"verify_signature": False})
    assert world.bearer(jwt.encode(claims, "" if algorithm == "none" else "k" * 40, algorithm=algorithm)) is BAD


def test_everybody_with_an_account_passes_where_the_policy_says_so(world: World) -> None:
    world.grant("allAuthenticatedUsers")
    assert passes(world.bearer(world.token("bob@example.com")))
    assert world.ask() is NO_TOKEN
    assert world.bearer("x") is BAD


def test_a_right_on_the_project_is_a_right_on_its_services(world: World) -> None:
    world.grant("user:nobody@example.com")
    assert world.bearer(world.token(ANN)) is MAY_NOT
    policies.add_binding(
        world.store, f"projects/{PROJECT}", INVOKER, f"user:{ANN}", caller=CALLER, now=datetime.now(UTC)
    )
    world.door.forget()
    assert passes(world.bearer(world.token(ANN)))


def test_a_condition_is_looked_at_for_each_request(world: World) -> None:
    world.grant(f"user:{ANN}", expression='request.path.startsWith("/open")')
    token = world.token(ANN)
    for path, good in [("/open/1", True), ("/shut", False), ("/open?x=/shut", True), ("/shut?x=/open", False)] * 2 + [
        ("/open/../shut", False),
        ("/open/%2E%2e/shut", False),
        ("/open/..%2Fshut", False),
        ("/open%2f..%5cshut", False),
        ("/open/..\\shut", False),
        ("/open/./1", True),
    ]:
        answer = world.bearer(token, path=path)
        assert passes(answer) if good else answer is MAY_NOT
    world.grant(f"user:{ANN}", expression=f'request.host == "{NAME}"')
    assert passes(world.bearer(token, host=f"{NAME}:9443"))
    assert world.bearer(token, host="my.domain.example") is MAY_NOT
    soon = datetime.now(UTC) + timedelta(seconds=1)
    world.grant(f"user:{ANN}", expression=f'request.time < timestamp("{soon.isoformat()}")')
    assert passes(world.bearer(token))
    time.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()) + 0.01)
    assert world.bearer(token) is MAY_NOT


def test_everybody_may_where_a_condition_lets_everybody(world: World) -> None:
    world.grant("allUsers", expression='request.path == "/open"')
    assert world.ask(path="/open") == b""
    assert world.ask(path="/shut") is NO_TOKEN


@pytest.mark.parametrize(
    ("headers", "internal", "with_balancer"),
    [
        ({}, False, False),
        ({b"x-crl-entry": b"load-balancer"}, False, True),
        ({b"x-crl-entry": b"demo"}, True, True),
        ({b"x-crl-entry": b"other-project"}, False, False),
        ({b"x-crl-entry": b""}, False, False),
        ({b"x-crl-entry": b"\xff"}, False, False),
        ({b"x-crl-peer": b"10.8.0.2"}, True, True),
        ({b"x-crl-peer": b"10.9.0.2"}, False, False),
        ({b"x-crl-entry": b"other-project", b"x-crl-peer": b"10.8.0.2"}, False, False),
    ],
)
def test_where_a_request_comes_from_is_told_by_its_entry(
    world: World, headers: dict[bytes, bytes], internal: bool, with_balancer: bool
) -> None:
    networks = {"10.8.0.2": PROJECT, "10.9.0.2": "other-project"}
    door = Door(world.store, world.tokens, Edge(), network_of=networks.get)
    for ingress, inside in [(Ingress.INTERNAL, internal), (Ingress.INTERNAL_AND_LOAD_BALANCING, with_balancer)]:
        assert door.is_inside(ServiceRoute(a_ref(), NUMBER, ingress=ingress), headers) is inside
