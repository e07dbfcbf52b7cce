"""What keys, refresh tokens and the right to impersonate are good for. Evidence: documented (RFC 7523; OAuth 2.0 for
server to server applications; service account impersonation), else ours."""

import base64
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from cloudrun_cli.controlplane import acting, grants, policies, service_account_keys, service_accounts
from cloudrun_cli.controlplane.grants import Invalid
from cloudrun_cli.controlplane.signing import Signer
from cloudrun_cli.controlplane.wallet import Wallet
from cloudrun_cli.core.credentials import Grant, KeyFile, parse_key_file
from cloudrun_cli.core.errors import CloudRunError, FailedPrecondition, InvalidArgument, PermissionDenied, Unimplemented
from cloudrun_cli.store.database import open_store
from tests.builders import CALLER, NOW, PROJECT

ROBOT, MIDDLE = "robots@demo.iam.gserviceaccount.com", "middle@demo.iam.gserviceaccount.com"
CREATOR = "roles/iam.serviceAccountTokenCreator"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
AT = int(NOW.timestamp())


class World:
    """A home with two service accounts; `key` is one of the first."""

    def __init__(self, home: str) -> None:
        self.home, self.store = home, open_store(home)
        self.wallet, self.signer = Wallet(home), Signer(home)
        for name in ("robots", "middle"):
            service_accounts.create(self.store, PROJECT, name, caller=CALLER, now=NOW)
        made = service_account_keys.create(self.store, ROBOT, token_uri="x", caller=CALLER, now=NOW)
        self.file = base64.b64decode(made["privateKeyData"]).decode()
        self.key = parse_key_file(self.file)

    def exchange(self, **claims: Any) -> grants.Asked:
        said = {"iss": ROBOT, "aud": "https://oauth2.googleapis.com/token", "iat": AT, "exp": AT + 3600, "scope": SCOPE}
        kept = {name: value for name, value in (said | claims).items() if value is not None}
        signed = jwt.encode(kept, self.key.private_key, algorithm="RS256", headers={"kid": self.key.key_id})
        return grants.by_assertion(self.store, self.signer, signed, NOW)

    def grant(self, account: str, member: str) -> None:
        resource = f"projects/{PROJECT}/serviceAccounts/{account}"
        policies.add_binding(self.store, resource, CREATOR, member, caller=CALLER, now=NOW)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One whose tests change nothing: making keys takes a while."""
    made = World(str(tmp_path_factory.mktemp("homes") / "home"))
    yield made
    made.store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(str(tmp_path / "home"))
    yield made
    made.store.close()


def test_what_the_key_of_an_account_signs_is_believed(shared: World) -> None:
    signed = grants.assertion(shared.key, NOW)
    assert grants.by_assertion(shared.store, shared.signer, signed, NOW).account.email == ROBOT
    asked = shared.exchange(scope=None, target_audience="https://b.example")
    assert (asked.audience, asked.scopes) == ("https://b.example", "")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://run.googleapis.com/"},
        {"aud": "https://evil.example/token"},
        {"aud": ["https://oauth2.googleapis.com/token"]},
        {"aud": "http://[/token"},
        {"aud": None},
        {"exp": AT + 3601 + 3600},
        {"iat": AT - 7200, "exp": AT - 3600},
        {"iat": AT + 60, "exp": AT + 3000},
        {"iat": None},
        {"exp": None},
        {"exp": 10**400},
        {"exp": True},
        {"exp": str(AT + 60)},
        {"sub": "user@example.com"},
        {"scope": None},
        {"scope": ""},
        {"scope": ["x"]},
        {"iss": MIDDLE},
        {"iss": "nobody@demo.iam.gserviceaccount.com"},
        {"iss": None},
    ],
)
def test_an_assertion_that_is_not_for_us_of_now_and_its_own_is_refused(shared: World, claims: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        shared.exchange(**claims)


@pytest.mark.parametrize(
    "text", ["", "x", "..", "W1tb" * 4000 + ".e30.x", "e30.e30.", "eyJhbGciOiJub25lIn0.e30.", "\udcff.a.b", "é.é.é"]
)
def test_what_is_no_assertion_is_refused(shared: World, text: str) -> None:
    for read in (grants.by_assertion, grants.by_self_signed):
        with pytest.raises(Invalid):
            read(shared.store, shared.signer, text, NOW)


def test_another_key_is_not_believed_nor_another_algorithm(shared: World, tmp_path: Path) -> None:
    other = World(str(tmp_path / "other"))
    other.store.close()
    forged = KeyFile(ROBOT, shared.key.key_id, other.key.private_key)
    with pytest.raises(Invalid, match="Signature"):
        grants.by_assertion(shared.store, shared.signer, grants.assertion(forged, NOW), NOW)
    said = jwt.decode(grants.assertion(shared.key, NOW), options={"verify_signature": False})
    for algorithm, key in (("none", ""), ("HS256", "k" * 40)):
        signed = jwt.encode(said, key, algorithm=algorithm, headers={"kid": shared.key.key_id})
        with pytest.raises(Invalid):
            grants.by_assertion(shared.store, shared.signer, signed, NOW)


@pytest.mark.parametrize("audience", ["https://run.googleapis.com/", "https://secretmanager.googleapis.com"])
def test_a_token_that_an_account_signs_itself_is_for_an_api(shared: World, audience: str) -> None:
    def sign(**claims: Any) -> str:
        said = {"iss": ROBOT, "sub": ROBOT, "aud": audience, "iat": AT, "exp": AT + 3600} | claims
        return jwt.encode(said, shared.key.private_key, algorithm="RS256", headers={"kid": shared.key.key_id})

    assert grants.by_self_signed(shared.store, shared.signer, sign(), NOW).email == ROBOT
    for other in ({"aud": "https://hello.example"}, {"aud": "https://run.googleapis.com/x"}, {"sub": "a@b.example"}):
        with pytest.raises(Invalid):
            grants.by_self_signed(shared.store, shared.signer, sign(**other), NOW)


def test_a_key_ends_with_its_account_or_when_it_is_deleted(world: World) -> None:
    for disabled in (True, False):
        service_accounts.set_disabled(world.store, ROBOT, disabled, caller=CALLER, now=NOW)
        if disabled:
            with pytest.raises(Invalid):
                world.exchange()
    world.exchange()
    service_account_keys.delete(world.store, ROBOT, world.key.key_id, caller=CALLER, now=NOW)
    with pytest.raises(Invalid):
        world.exchange()


def test_a_service_account_acts_only_with_a_key_that_is_in_use(world: World) -> None:
    def act() -> str:
        return acting.caller(world.store, world.home, ROBOT, "", NOW)

    with pytest.raises(FailedPrecondition, match="does not have any valid credentials"):
        act()
    world.wallet.add_key(world.key)
    assert act() == ROBOT
    service_accounts.set_disabled(world.store, ROBOT, True, caller=CALLER, now=NOW)
    with pytest.raises(FailedPrecondition, match="not valid any more"):
        act()


def test_a_chain_of_impersonation_needs_the_right_at_each_step(world: World) -> None:
    def act(account: str, *chain: str) -> str:
        return grants.impersonated(world.store, account, chain, grants.ACCESS, NOW)

    assert act("ann@example.com") == "ann@example.com"
    with pytest.raises(PermissionDenied, match=r"Failed to impersonate \[robots@.*getAccessToken"):
        act("ann@example.com", ROBOT)
    world.grant(ROBOT, "user:ann@example.com")
    assert act("ann@example.com", ROBOT) == ROBOT
    with pytest.raises(PermissionDenied, match=r"\[middle@.*implicitDelegation"):
        act("bob@example.com", MIDDLE, ROBOT)
    world.grant(MIDDLE, "user:bob@example.com")
    with pytest.raises(PermissionDenied, match=r"\[robots@"):
        act("bob@example.com", MIDDLE, ROBOT)
    world.grant(ROBOT, f"serviceAccount:{MIDDLE}")
    assert act("bob@example.com", MIDDLE, ROBOT) == ROBOT
    service_accounts.set_disabled(world.store, ROBOT, True, caller=CALLER, now=NOW)
    with pytest.raises(FailedPrecondition, match="disabled"):
        act("ann@example.com", ROBOT)


def test_a_refresh_token_stands_for_its_grant_until_that_is_gone(world: World) -> None:
    plain, through = (
        world.wallet.grant(Grant("ann@example.com")),
        world.wallet.grant(Grant("ann@example.com", (ROBOT,))),
    )
    assert grants.by_refresh_token(world.store, world.wallet, plain, NOW) == Grant("ann@example.com")
    with pytest.raises(Invalid, match="Failed to impersonate"):
        grants.by_refresh_token(world.store, world.wallet, through, NOW)
    world.grant(ROBOT, "user:ann@example.com")
    assert grants.by_refresh_token(world.store, world.wallet, through, NOW).chain == (ROBOT,)
    assert world.wallet.withdraw(plain)
    assert not world.wallet.withdraw(plain)
    world.wallet.add_user("ann@example.com")
    assert world.wallet.remove("ann@example.com")
    for token in (plain, through, "", "1//x", "../accounts/x", "\udcff"):
        with pytest.raises(Invalid, match="expired or revoked"):
            grants.by_refresh_token(world.store, world.wallet, token, NOW)


def test_credentials_are_their_owners_alone_and_no_name_tells_a_token(world: World) -> None:
    world.wallet.add_key(world.key)
    token = world.wallet.grant(Grant("ann@example.com"))
    folder = Path(world.home) / "credentials"
    assert stat.S_IMODE(Path(world.home).stat().st_mode) == 0o700
    for found in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(found.stat().st_mode) == (0o700 if found.is_dir() else 0o600)
        assert token not in str(found)
    assert "PRIVATE" not in repr(world.wallet.key(ROBOT))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ("not json", InvalidArgument),
        ("[" * 5000, InvalidArgument),
        ("[]", InvalidArgument),
        ({"type": "authorized_user"}, Unimplemented),
        ({"type": "external_account"}, Unimplemented),
        ({"type": None}, InvalidArgument),
        ({"client_email": "ann@example.com"}, InvalidArgument),
        ({"client_email": "../../x@demo.iam.gserviceaccount.com"}, InvalidArgument),
        ({"private_key": 5}, InvalidArgument),
        ({"private_key_id": None}, InvalidArgument),
    ],
)
def test_a_file_that_is_no_key_says_what_it_is_instead(shared: World, change: Any, error: type[CloudRunError]) -> None:
    text = change if isinstance(change, str) else json.dumps(json.loads(shared.file) | change)
    with pytest.raises(error):
        parse_key_file(text)


def test_a_key_that_is_damaged_says_so(shared: World) -> None:
    with pytest.raises(FailedPrecondition, match="damaged"):
        grants.assertion(KeyFile(ROBOT, "x", "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"), NOW)
