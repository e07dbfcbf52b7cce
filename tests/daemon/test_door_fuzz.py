"""Whatever is thrown at the door of a private service, nobody gets in and nothing breaks.

How many examples: `CLOUDRUN_FUZZ_EXAMPLES=20000 pytest tests/daemon/test_door_fuzz.py --hypothesis-show-statistics`.
"""

import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.core import admission, iam
from cloudrun_cli.core.addresses import Edge, host
from cloudrun_cli.core.admission import Refusal
from cloudrun_cli.core.iam import INVOKER, service_resource
from cloudrun_cli.core.identity import CLI_CLIENT, ISSUER
from cloudrun_cli.daemon.door import Door
from cloudrun_cli.dataplane.routes import ServiceRoute
from cloudrun_cli.store import policies
from cloudrun_cli.store.database import Store, open_store
from tests.builders import NUMBER, PROJECT, REGION, a_ref
from tests.controlplane.verbs import deploy

EXAMPLES = int(os.environ.get("CLOUDRUN_FUZZ_EXAMPLES", "300"))  # of each test
URL = f"https://{host('hello', NUMBER, REGION)}"
HELLO = service_resource(PROJECT, REGION, "hello")
ANN = "ann@example.com"
ROUTE = ServiceRoute(a_ref(), NUMBER, 19_080)
REFUSED = (admission.UNAUTHENTICATED, admission.UNAUTHORIZED, admission.FORBIDDEN)

fuzzed = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


class World:
    """A home with a private service that ann may invoke."""

    def __init__(self, home: str) -> None:
        self.store: Store = open_store(home)
        self.tokens = Tokens(home)
        self.door = Door(self.store, self.tokens, Edge())
        deploy(self.store)
        self.put({"bindings": [{"role": INVOKER, "members": [f"user:{ANN}"]}]})
        self.good = self.tokens.id_token(ANN, CLI_CLIENT, datetime.now(UTC))

    def put(self, policy: Any) -> None:
        with self.store.transaction():
            policies.put(self.store, HELLO, policy)
        self.door.forget()

    def ask(self, headers: dict[bytes, bytes], path: bytes = b"/") -> Refusal | bytes:
        return self.door.may_invoke(ROUTE, headers, path)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(str(tmp_path_factory.mktemp("home")))
    assert isinstance(made.ask({b"authorization": b"Bearer " + made.good.encode()}), bytes)  # else it proves nothing
    yield made
    made.store.close()


def encoded(value: Any) -> str:
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_claims = st.fixed_dictionaries(
    {},
    optional={
        "iss": st.sampled_from([ISSUER, "accounts.google.com"]) | _json,
        "aud": st.sampled_from([URL, CLI_CLIENT, [URL]]) | _json,
        "email": st.just(ANN) | _json,
        "sub": st.text(max_size=22) | _json,
        "exp": st.sampled_from([2**31, 2**63, 10**400, -1, 1e308]) | _json,
        "iat": st.integers(0, 2**31) | _json,
    },
)
_header = st.fixed_dictionaries(
    {},
    optional={
        "alg": st.sampled_from(["RS256", "none", "HS256", "ES256", "RS512"]) | _json,
        "kid": _json,
        "typ": st.just("JWT") | _json,
        "crit": _json,
        "b64": _json,
        "jwk": _json,
        "jku": st.just("http://127.0.0.1:1/keys"),
    },
)
_signature = st.binary(max_size=300).map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="))


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= ,\t"
# What to do to a good token: what is put in, where, and how many characters go for it.
_CHANGES = st.tuples(st.text(_LETTERS, max_size=6), st.integers(0, 2000), st.integers(0, 4))

_TOKENS = st.one_of(
    st.text(max_size=300),
    st.builds(lambda h, c, s: f"{encoded(h)}.{encoded(c)}.{s}", _header, _claims, _signature),
    st.builds(
        lambda c: jwt.encode(c, "k" * 40, algorithm="HS256"),
        st.dictionaries(st.sampled_from(["aud", "email", "sub"]), st.text(max_size=9)),
    ),
    st.binary(max_size=200).map(lambda raw: "ya29." + base64.urlsafe_b64encode(raw).decode()),
)
_VALUES = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda scheme, token: f"{scheme}{token}".encode("utf-8", "surrogatepass"),
        st.sampled_from(["Bearer ", "bearer ", "Bearer  ", "BEARER ", "Basic ", "Bearer\t", "", "Bearer,", "Digest "]),
        _TOKENS,
    ),
)
_NAMES = st.sampled_from([b"authorization", b"x-serverless-authorization"])


@fuzzed
@given(st.dictionaries(_NAMES, _VALUES, max_size=2), st.binary(max_size=60))
@example({b"authorization": b"Bearer " + encoded("x").encode() + b"." + b"W" * 12_000 + b".x"}, b"/")
@example({b"authorization": b"Bearer " + base64.urlsafe_b64encode(b"[" * 9_000) + b".e30.x"}, b"/")
@example({b"authorization": b"Bearer " + base64.urlsafe_b64encode(b'{"a":' * 2_000) + b".e30.x"}, b"/")
@example({b"authorization": b"Bearer " + b"a." * 30_000}, b"/")
def test_no_header_opens_the_door(world: World, headers: dict[bytes, bytes], path: bytes) -> None:
    assert world.ask(headers, path) in REFUSED


@fuzzed
@given(_CHANGES)
def test_no_change_of_a_good_token_opens_the_door(world: World, change: tuple[str, int, int]) -> None:
    put, at, gone = change
    at %= len(world.good)
    other = world.good[:at] + put + world.good[at + gone :]
    answer = world.ask({b"authorization": f"Bearer {other}".encode()})
    if other.strip() == world.good:
        assert isinstance(answer, bytes)
    elif isinstance(answer, bytes):  # the last letter of base64 has bits that mean nothing
        assert at >= len(world.good) - 1
        assert jwt.decode(other.strip(), options={"verify_signature": False})["email"] == ANN
    else:
        assert answer in REFUSED


_MEMBERS = st.sampled_from(
    ["user:bob@example.com", "group:g@example.com", "domain:example.org", "projectOwner:demo", ""]
)
_POLICIES = st.one_of(
    _json,
    st.fixed_dictionaries(
        {},
        optional={
            "version": _json,
            "bindings": _json
            | st.lists(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "role": st.sampled_from([INVOKER, "roles/none", "projects/demo/roles/x"]) | _json,
                        "members": _json | st.lists(_MEMBERS | _json, max_size=3),
                        "condition": _json | st.fixed_dictionaries({"expression": _json | st.text(max_size=60)}),
                    },
                ),
                max_size=4,
            ),
        },
    ),
)


@fuzzed
@given(_POLICIES, st.booleans())
@example(
    {"bindings": [{"role": INVOKER, "members": ["user:bob@example.com"], "condition": {"expression": "(" * 5000}}]},
    True,
)
@example(
    {"bindings": [{"role": INVOKER, "members": ["allUsers"], "condition": {"expression": "!" * 9000 + "true"}}]}, True
)
def test_no_policy_that_grants_ann_nothing_lets_her_in(world: World, policy: Any, with_token: bool) -> None:
    world.put(policy)
    headers = {b"authorization": b"Bearer " + world.good.encode()} if with_token else {}
    try:
        iam.is_public(policy)  # what the daemon asks of every policy
        answer = world.ask(headers)
        assert answer in REFUSED
    finally:
        world.put({"bindings": [{"role": INVOKER, "members": [f"user:{ANN}"]}]})
