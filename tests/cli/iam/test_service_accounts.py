"""Service accounts and their keys on the command line. Evidence: gcloud's own words where it has them, else ours; the
lists are compared with recordings by the transcripts."""

import json
from pathlib import Path

import pytest

from tests.conftest import Cloudrun

ACCOUNTS = ("iam", "service-accounts")
WORKER = "worker@demo.iam.gserviceaccount.com"
OF_WORKER = f"--iam-account={WORKER}"


@pytest.fixture
def worker(with_hello: Cloudrun) -> Cloudrun:
    """The program in a home with a service, and an account, worker."""
    made = with_hello(*ACCOUNTS, "create", "worker", "--display-name=Worker", "--description=Works")
    assert (made, made.stderr, made.exit_code) == ("", "Created service account [worker].\n", 0)
    return with_hello


def key_ids(program: Cloudrun, who: str = "user") -> list[str]:
    listed = program(*ACCOUNTS, "keys", "list", OF_WORKER, f"--managed-by={who}", "--format=value(name.basename())")
    assert listed.exit_code == 0, listed.stderr
    return listed.split()


def test_an_account_lives_as_with_gcloud(worker: Cloudrun) -> None:
    described = json.loads(worker(*ACCOUNTS, "describe", WORKER, "--format=json"))
    assert (described["displayName"], described["description"]) == ("Worker", "Works")
    for words, told in (
        (("update", WORKER, "--display-name=W"), f"Updated serviceAccount [{WORKER}]."),
        (("disable", WORKER), f"Disabled service account [{WORKER}]."),
        (("enable", WORKER), f"Enabled service account [{WORKER}]."),
        (("delete", WORKER), f"deleted service account [{WORKER}]"),
        (("undelete", described["uniqueId"]), ""),
        (("describe", described["uniqueId"]), ""),
    ):
        answer = worker(*ACCOUNTS, *words)
        assert answer.exit_code == 0, answer.stderr
        assert told in answer.stderr
    assert worker(*ACCOUNTS, "list", "--uri").splitlines()[-1].endswith(f"/serviceAccounts/{described['uniqueId']}")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("create", "a"), 1, "Invalid service account id [a]"),
        (("create", "worker"), 1, "Service account worker already exists within project projects/demo."),
        (("describe", "worker"), 2, "Bad value [worker]: Not a valid service account identifier."),
        (
            ("describe", "none@demo.iam.gserviceaccount.com"),
            1,
            "PERMISSION_DENIED: Permission 'iam.serviceAccounts.get'",
        ),
        (("update", WORKER), 1, "Specify at least one field to update."),
        (("undelete", WORKER), 1, "Account unique ID should be a number."),
        (("undelete", "123"), 1, "NOT_FOUND: Service account [123] is not among those deleted"),
        (("keys", "delete", "0", OF_WORKER), 1, "NOT_FOUND: Service account key 0 does not exist."),
        (("keys", "disable", "0"), 2, "of which account is key [0]?"),
        (("keys", "create", "/none/key.json", OF_WORKER), 1, "Unable to write file [/none/key.json]"),
        (("keys", "list", OF_WORKER, "--created-before=soon"), 2, "Failed to parse date/time: [soon]"),
        (("sign-jwt", "/none", "-", OF_WORKER), 1, "Unable to read file [/none]"),
    ],
)
def test_what_cannot_be_is_told(worker: Cloudrun, words: tuple[str, ...], code: int, told: str) -> None:
    answer = worker(*ACCOUNTS, *words)
    assert answer.exit_code == code
    assert told in answer.stderr
    assert key_ids(worker) == []


def test_a_key_file_is_its_owners_and_the_key_lives_as_with_gcloud(worker: Cloudrun, tmp_path: Path) -> None:
    file, certificate = tmp_path / "key.json", tmp_path / "key.pem"
    made = worker(*ACCOUNTS, "keys", "create", str(file), OF_WORKER)
    (id,) = key_ids(worker)
    assert made.stderr == f"created key [{id}] of type [json] as [{file}] for [{WORKER}]\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["private_key_id"] == id
    assert len(key_ids(worker, "any")) == 2
    for words, told in (
        (("disable", id, OF_WORKER), f"Disabled key [{id}] for service account [{WORKER}]."),
        (("enable", f"projects/demo/serviceAccounts/{WORKER}/keys/{id}"), f"Enabled key [{id}]"),
        (("get-public-key", id, OF_WORKER, f"--output-file={certificate}"), f"written key [{id}] for [{WORKER}] as"),
        (("delete", id, OF_WORKER), f"deleted key [{id}] for service account [{WORKER}]"),
    ):
        answer = worker(*ACCOUNTS, "keys", *words)
        assert answer.exit_code == 0, answer.stderr
        assert told in answer.stderr
    assert certificate.read_text().startswith("-----BEGIN CERTIFICATE-----")
    uploaded = worker(*ACCOUNTS, "keys", "upload", str(certificate), OF_WORKER)
    assert "keyOrigin: USER_PROVIDED" in uploaded
    assert key_ids(worker) == [id]


def test_a_jwt_and_a_blob_are_signed_into_files(worker: Cloudrun, tmp_path: Path) -> None:
    claims, out = tmp_path / "claims.json", tmp_path / "out"
    claims.write_text('{"sub": "x"}')
    signed = worker(*ACCOUNTS, "sign-jwt", str(claims), str(out), OF_WORKER)
    (id,) = key_ids(worker, "system")
    assert signed.stderr == f"signed jwt [{claims}] as [{out}] for [{WORKER}] using key [{id}]\n"
    assert out.read_text().count(".") == 2
    signed = worker(*ACCOUNTS, "sign-blob", str(claims), str(out), OF_WORKER)
    assert signed.stderr == f"signed blob [{claims}] as [{out}] for [{WORKER}] using key [{id}]\n"
    assert len(out.read_bytes()) == 256


def test_the_policy_of_an_account_says_who_may_act_as_it(worker: Cloudrun, tmp_path: Path) -> None:
    deploy = ("run", "deploy", "new", "--image=x", f"--service-account={WORKER}", "--dry-run")
    ann = ("--account=ann@example.com",)
    worker("projects", "add-iam-policy-binding", "demo", "--member=user:ann@example.com", "--role=roles/run.developer")
    refused = worker(*deploy, *ann)
    assert refused.exit_code == 1
    assert f"'iam.serviceaccounts.actAs' denied on service account {WORKER} (or it may not exist)." in refused.stderr
    binding = ("--member=user:ann@example.com", "--role=roles/iam.serviceAccountUser")
    bound = worker(*ACCOUNTS, "add-iam-policy-binding", WORKER, *binding)
    assert f"Updated IAM policy for serviceAccount [{WORKER}]." in bound.stderr
    assert worker(*deploy, *ann).exit_code == 0
    policy = tmp_path / "policy.json"
    policy.write_text(worker(*ACCOUNTS, "get-iam-policy", WORKER, "--format=json"))
    assert worker(*ACCOUNTS, "remove-iam-policy-binding", WORKER, *binding).exit_code == 0
    stale = worker(*ACCOUNTS, "set-iam-policy", WORKER, str(policy))
    assert "ABORTED: There were concurrent policy changes" in stale.stderr
    assert worker(*deploy, *ann).exit_code == 1
