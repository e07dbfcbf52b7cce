"""`cloudrun auth`: accounts of this home, their tokens, and the default credentials of programs.

Evidence: documented (gcloud auth --help), else ours. That services and APIs take the tokens: tests/e2e/test_auth.py.
"""

import json
import stat
from pathlib import Path

import jwt
import pytest

from cloudrun_cli.core.identity import CLI_CLIENT
from tests.conftest import Cloudrun

ROBOT = "robots@demo.iam.gserviceaccount.com"


def accounts(program: Cloudrun) -> dict[str, str]:
    """Status by account."""
    return {one["account"]: one["status"] for one in json.loads(program("auth list --format=json"))}


def test_whoever_is_in_force_is_listed_and_logging_in_makes_another_active(cloudrun: Cloudrun) -> None:
    assert accounts(cloudrun) == {"dev@example.com": "ACTIVE"}
    told = cloudrun("auth login ann@example.com").stderr
    assert "No browser was needed" in told
    assert accounts(cloudrun) == {"ann@example.com": "ACTIVE"}
    assert cloudrun("auth login bob@example.com --no-activate --brief").stderr == ""
    assert accounts(cloudrun) == {"ann@example.com": "ACTIVE", "bob@example.com": ""}
    assert "Re-using locally stored credentials" in cloudrun("auth login bob@example.com --no-activate").stderr
    table = cloudrun("auth list")
    assert [line.split() for line in table.splitlines()[1:]] == [
        ["ACTIVE", "ACCOUNT"],
        ["*", "ann@example.com"],
        ["bob@example.com"],
    ]
    assert "cloudrun config set account `ACCOUNT`" in table.stderr
    assert json.loads(cloudrun("auth list --filter-account=bob@example.com --format=json"))[0]["status"] == ""
    assert cloudrun("auth revoke --all") == "Revoked credentials:\n - ann@example.com\n - bob@example.com\n"
    assert accounts(cloudrun) == {"dev@example.com": "ACTIVE"}
    cloudrun("auth login ann@example.com --project=shop-test")
    assert cloudrun("config get project") == "shop-test\n"


def test_a_users_tokens_say_who_it_is_to_every_service_and_api(cloudrun: Cloudrun) -> None:
    said = jwt.decode(str(cloudrun("auth print-identity-token")).strip(), options={"verify_signature": False})
    assert (said["email"], said["aud"], said["exp"] - said["iat"]) == ("dev@example.com", CLI_CLIENT, 3600)
    other = str(cloudrun("auth print-identity-token bob@example.com")).strip()
    assert jwt.decode(other, options={"verify_signature": False})["email"] == "bob@example.com"
    assert cloudrun("auth print-access-token --account=bob@example.com").startswith("ya29.")
    assert cloudrun("auth describe dev@example.com") == "account: dev@example.com\ntype: user\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"auth login {ROBOT}", "is a service account: it has no password"),
        ("auth login nobody", "[nobody] is not the e-mail address of an account"),
        ("auth login ../../x@y.z", "is not the e-mail address"),
        ("auth login --login-config=x", "Workforce identity federation is not built here"),
        ("auth login --cred-file=nosuch.json", "Unable to read file [nosuch.json]"),
        ("auth activate-service-account --key-file=nosuch.json", "Unable to read file [nosuch.json]"),
        ("auth activate-service-account --key-file=x.p12 --password-file=x", "does not require a password"),
        ("auth revoke carl@example.com", "Invalid value for [accounts]: carl@example.com"),
        ("auth describe carl@example.com", "credentials for account [carl@example.com] do not exist"),
        ("auth print-identity-token --audiences=https://x", "Invalid account type for `--audiences`"),
        ("auth print-identity-token --include-email", "Invalid account type for `--include-email`"),
        ("auth print-identity-token --token-format=full", "Requires a valid GCE service account"),
        ("auth print-access-token --lifetime=60s", "service account impersonation only"),
        (f"auth print-access-token {ROBOT}", "does not have any valid credentials"),
        (f"auth print-access-token --impersonate-service-account={ROBOT}", f"Failed to impersonate [{ROBOT}]"),
        ("auth print-access-token --impersonate-service-account=ann@example.com", "is not a service account"),
        ("auth application-default login --client-id-file=x", "no OAuth clients of your own"),
        ("auth application-default print-access-token", "default credentials were not found"),
        ("auth application-default set-quota-project demo1", "have not been set up"),
        ("auth enterprise-certificate-config create macos --issuer=I", "not built here"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(cloudrun: Cloudrun, words: str, said: str) -> None:
    answer = cloudrun(words)
    assert answer.exit_code == 1
    assert said in answer.stderr
    assert not (cloudrun.home / "credentials" / "accounts").exists()


def test_a_key_of_another_home_is_not_taken(cloudrun: Cloudrun, tmp_path: Path) -> None:
    elsewhere = {"CLOUDRUN_HOME": str(tmp_path / "other")}
    key = tmp_path / "key.json"
    for home in ({}, elsewhere):
        assert cloudrun("iam service-accounts create robots", env=home).exit_code == 0
    made = cloudrun(f"iam service-accounts keys create {key} --iam-account={ROBOT}", env=elsewhere)
    assert made.exit_code == 0, made.stderr
    refused = cloudrun(f"auth activate-service-account --key-file={key}")
    assert refused.exit_code == 1
    assert f"There was a problem with the key of [{ROBOT}]" in refused.stderr
    assert accounts(cloudrun) == {"dev@example.com": "ACTIVE"}
    assert cloudrun(f"auth activate-service-account bob@example.com --key-file={key}", env=elsewhere).exit_code == 1
    taken = cloudrun(f"auth activate-service-account --key-file={key}", env=elsewhere)
    assert taken.stderr == f"Activated service account credentials for: [{ROBOT}]\n"
    described = cloudrun(f"auth describe {ROBOT} --format=json", env=elsewhere)
    assert json.loads(described)["type"] == "service_account"
    assert "PRIVATE" not in described
    token = cloudrun("auth print-identity-token --audiences=https://x", env=elsewhere)
    said = jwt.decode(str(token).strip(), options={"verify_signature": False})
    assert (said["email"], said["aud"]) == (ROBOT, "https://x")


def test_default_credentials_are_the_homes_own_and_their_owners_alone(cloudrun: Cloudrun) -> None:
    told = cloudrun("auth application-default login ann@example.com")
    file = cloudrun.home / "application_default_credentials.json"
    assert f"export GOOGLE_APPLICATION_CREDENTIALS={file}" in told.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = json.loads(file.read_text())
    assert (first["account"], first["quota_project_id"]) == ("ann@example.com", "demo")
    assert first["token_url"].startswith("http://127.0.0.1:")
    assert cloudrun("auth application-default set-quota-project other-project").exit_code == 0
    assert json.loads(file.read_text())["quota_project_id"] == "other-project"
    shown = json.loads(cloudrun("auth application-default print-access-token --format=json"))
    assert (shown["account"], shown["token"][:5]) == ("ann@example.com", "ya29.")
    cloudrun("auth application-default login --disable-quota-project")
    second = json.loads(file.read_text())
    assert "quota_project_id" not in second
    assert len(list((cloudrun.home / "credentials" / "grants").iterdir())) == 1, "the one before stands for nothing"
    assert cloudrun("auth application-default revoke --quiet").stderr.endswith("Credentials revoked.\n")
    assert not file.exists()
    assert "nothing to revoke" in cloudrun("auth application-default revoke").stderr


def test_a_reset_forgets_keys_and_credentials_and_keeps_settings(cloudrun: Cloudrun) -> None:
    cloudrun("auth login ann@example.com --update-adc")
    assert cloudrun("emulator reset --quiet").exit_code == 0
    left = {path.name for path in cloudrun.home.iterdir()}
    assert not left & {"keys", "credentials", "application_default_credentials.json", "state.db"}
    assert cloudrun("config get account") == "ann@example.com\n"


def test_docker_needs_no_credentials_and_nothing_is_written(cloudrun: Cloudrun) -> None:
    answer = cloudrun("auth configure-docker gcr.io,nonsense", env={"HOME": str(cloudrun.home.parent)})
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert "nonsense is not a supported registry" in answer.stderr
    assert "Nothing was written" in answer.stderr
    assert not (cloudrun.home.parent / ".docker").exists()


def test_tab_offers_the_accounts_of_the_home(cloudrun: Cloudrun) -> None:
    cloudrun("auth login ann@example.com --no-activate")
    for words in (["auth", "revoke", ""], ["run", "deploy", "--account", ""], ["config", "set", "account", ""]):
        offered = cloudrun("__complete", "zsh", *words).splitlines()
        assert [line.split("\t")[0] for line in offered] == ["ann@example.com", "dev@example.com"], words
