"""Tokens as the libraries of their readers see them, and as nobody may forge them."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from google.oauth2 import id_token as google_id_token
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cloudrun_cli.controlplane.tokens import LIFE, Tokens
from cloudrun_cli.core.errors import FailedPrecondition, Unauthenticated
from cloudrun_cli.core.identity import ISSUER, TokenKind

NOW = datetime.now(UTC)
AUDIENCE = "https://hello-123.us-central1.run.localhost:9443"
EMAIL = "api@demo.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one installation: making a key takes a while."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def tokens(home: Path) -> Tokens:
    return Tokens(str(home))


def test_pyjwt_verifies_an_id_token_with_the_published_key_set(tokens: Tokens) -> None:
    token = tokens.id_token(EMAIL, AUDIENCE, NOW)
    key = jwt.PyJWKSet.from_dict(tokens.key_set())[jwt.get_unverified_header(token)["kid"]]
    said = jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
    assert (said["email"], said["email_verified"], said["exp"] - said["iat"]) == (EMAIL, True, 3600)


class _Answer:
    status = 200

    def __init__(self, data: bytes) -> None:
        self.data, self.headers = data, {"content-type": "application/json"}


@pytest.mark.parametrize("form", ["certificates", "key_set"])
def test_google_auth_verifies_it_with_either_form_of_the_keys(tokens: Tokens, form: str) -> None:
    import json

    published: Callable[[], object] = getattr(tokens, form)
    request: Any = lambda *args, **more: _Answer(json.dumps(published()).encode())  # noqa: E731
    token = tokens.id_token(EMAIL, AUDIENCE, NOW)
    said = google_id_token.verify_token(token, request, audience=AUDIENCE, certs_url="https://keys")
    assert said["email"] == EMAIL


def test_another_process_of_the_home_reads_what_this_one_made(tokens: Tokens, home: Path) -> None:
    other = Tokens(str(home))
    assert other.read(tokens.id_token(EMAIL, AUDIENCE, NOW), NOW).audience == AUDIENCE
    found = other.read(tokens.access_token(EMAIL, NOW), NOW)
    assert (found.kind, found.member) == (TokenKind.ACCESS, f"serviceAccount:{EMAIL}")


def test_another_home_believes_none_of_them(tokens: Tokens, tmp_path: Path) -> None:
    stranger = Tokens(str(tmp_path))
    for token in (tokens.id_token(EMAIL, AUDIENCE, NOW), tokens.access_token(EMAIL, NOW)):
        with pytest.raises(Unauthenticated):
            stranger.read(token, NOW)


@pytest.mark.parametrize("kind", ["id", "access"])
def test_a_token_ends_with_its_hour_also_when_it_was_read_before(tokens: Tokens, kind: str) -> None:
    token = tokens.id_token(EMAIL, AUDIENCE, NOW) if kind == "id" else tokens.access_token(EMAIL, NOW)
    tokens.read(token, NOW)
    tokens.read(token, NOW + LIFE)
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.read(token, NOW + LIFE + timedelta(seconds=11))


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_by_another_algorithm_is_not_believed(tokens: Tokens, algorithm: str) -> None:
    claims = jwt.decode(tokens.id_token(EMAIL, AUDIENCE, NOW), options={"verify_signature": False})
    forged = jwt.encode(claims, "" if algorithm == "none" else "k" * 40, algorithm=algorithm)
    with pytest.raises(Unauthenticated):
        tokens.read(forged, NOW)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: f"ya29.{raw!r}"))
@example("W1tb" * 5000 + ".e30.x")
@example("." * 9000)
def test_no_other_text_is_a_token(tokens: Tokens, text: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read(text, NOW)


def test_a_bit_of_difference_is_no_signature(tokens: Tokens) -> None:
    token = tokens.id_token(EMAIL, AUDIENCE, NOW)
    head, claims, signature = token.split(".")
    for place in range(0, len(signature) - 1, 37):
        other = "A" if signature[place] != "A" else "B"
        with pytest.raises(Unauthenticated):
            tokens.read(f"{head}.{claims}.{signature[:place]}{other}{signature[place + 1 :]}", NOW)


def test_keys_are_their_owners_alone_and_in_no_repr(tokens: Tokens, home: Path) -> None:
    tokens.certificates()
    tokens.access_token(EMAIL, NOW)
    assert stat.S_IMODE((home / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (home / "keys").iterdir()} == {0o600}
    assert "PRIVATE" not in repr(tokens)


def test_a_damaged_key_says_which_file_it_is(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "signing.pem").write_text("nothing")
    with pytest.raises(FailedPrecondition, match=r"signing\.pem"):
        Tokens(str(tmp_path)).id_token(EMAIL, AUDIENCE, NOW)
