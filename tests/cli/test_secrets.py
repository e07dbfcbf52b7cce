"""What the commands of secrets do with flags, files and standard input. Evidence: gcloud 578 for flags and refusals."""

import json
import stat
from collections.abc import Iterator

import pytest

from tests.conftest import Cloudrun, _Program

TEXT = "ä secret\nwith lines\n\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloudrun]:
    """A world with one secret, for calls that change nothing; and nothing has changed afterwards."""
    program = _Program(tmp_path_factory.mktemp("secrets") / "home")
    program("secrets", "create", "key", "--data-file=-", stdin="x")
    before = program("secrets list --format=json").stdout
    yield program
    assert program("secrets list --format=json").stdout == before


def test_a_payload_comes_from_standard_input_and_goes_to_standard_output_byte_for_byte(cloudrun: Cloudrun) -> None:
    made = cloudrun("secrets", "create", "key", "--data-file=-", stdin=TEXT)
    assert (made.exit_code, made.stdout, made.stderr) == (0, "", "Created version [1] of the secret [key].\n")
    assert cloudrun("secrets versions access latest --secret=key").stdout == TEXT
    assert cloudrun("secrets versions access secrets/key/versions/1").stdout == TEXT
    shown = json.loads(cloudrun("secrets versions access 1 --secret=key --format=json").stdout)
    assert shown["payload"] == {"data": "w6Qgc2VjcmV0CndpdGggbGluZXMKCg==", "dataCrc32c": "3740327184"}


def test_a_payload_in_a_file_is_its_owners_only(cloudrun: Cloudrun) -> None:
    place = cloudrun.home.parent
    (place / "payload").write_bytes(b"\xff\x00raw")
    assert cloudrun(f"secrets create key --data-file={place}/payload").exit_code == 0
    out = place / "out"
    out.write_text("longer than what comes")
    out.chmod(0o644)
    answer = cloudrun(f"secrets versions access 1 --secret=key --out-file={out}")
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert (out.read_bytes(), stat.S_IMODE(out.stat().st_mode)) == (b"\xff\x00raw", 0o600)


def test_a_secret_is_described_updated_and_listed(cloudrun: Cloudrun) -> None:
    cloudrun(
        "secrets create a --labels=team=web,env=dev --replication-policy=user-managed --locations=us-east1,us-west1"
    )
    cloudrun("secrets", "create", "b", "--data-file=-", stdin="x")
    cloudrun("secrets update b --update-labels=x=y --update-version-aliases=stable=1 --update-annotations=n=1")
    assert cloudrun("secrets update a --remove-labels=env --update-labels=team=ops").exit_code == 0
    found = {one["name"].rpartition("/")[2]: one for one in json.loads(cloudrun("secrets list --format=json").stdout)}
    assert found["a"]["labels"] == {"team": "ops"}
    assert (found["b"]["labels"], found["b"]["versionAliases"]) == ({"x": "y"}, {"stable": "1"})
    rows = [row.split() for row in cloudrun("secrets list").stdout.splitlines()]
    assert [(row[0], *row[2:]) for row in rows] == [
        ("NAME", "REPLICATION_POLICY", "LOCATIONS"),
        ("a", "user_managed", "us-east1,us-west1"),
        ("b", "automatic", "-"),
    ]
    assert cloudrun("secrets list --filter=labels.team=ops --format=value(name.basename())").stdout == "a\n"
    cloudrun("secrets update b --clear-labels --clear-version-aliases --clear-annotations")
    assert {"labels", "versionAliases", "annotations"}.isdisjoint(
        json.loads(cloudrun("secrets describe b --format=json").stdout)
    )
    key = "projects/p/locations/us-east1/keyRings/r/cryptoKeys/k"
    partly = cloudrun(f"secrets replication update a --set-kms-key={key} --location=us-east1")
    assert "Either all replicas" in partly.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("secrets describe key --location=us-central1", "regional secrets are not built here"),
        ("secrets rotate-secret key --location=us-central1", "regional secrets are not built here"),
        ("secrets create new --locations=us-east1", 'with a "user-managed" replication policy'),
        ("secrets create new --replication-policy=user-managed", "--locations must also be provided"),
        ("secrets create new --replication-policy=manual", "Invalid value for [replication-policy]"),
        ("secrets create new --data-file=nosuch", "Unable to read file [nosuch]"),
        ("secrets create new --data-file=", "is the empty string"),
        ("secrets create a.b", "does not match the expected format"),
        ("secrets create key", "is the subject of a conflict"),
        ("secrets update key", "There are no changes to the secret [key] for update"),
        ("secrets update nosuch --clear-labels", "cannot be updated because it does not exist"),
        ("secrets versions access 1", "--secret"),
        ("secrets versions access 9 --secret=key", "NOT_FOUND: Secret Version ["),
        ("secrets versions destroy 1 --secret=key --etag=1 --quiet", "ABORTED: The etag [1]"),
        ("secrets replication get nosuch", "Cannot get replication for secret [nosuch]"),
    ],
)
def test_what_cannot_be_is_said(shared: Cloudrun, words: str, said: str) -> None:
    answer = shared(words)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert said in answer.stderr


def test_nothing_is_destroyed_by_default(cloudrun: Cloudrun) -> None:
    cloudrun("secrets", "create", "key", "--data-file=-", stdin="x")
    assert cloudrun("secrets versions destroy 1 --secret=key").exit_code == 1
    assert cloudrun("secrets delete key", stdin="n\n").exit_code == 1
    assert cloudrun("secrets versions access 1 --secret=key").stdout == "x"
    told = cloudrun("secrets", "versions", "destroy", "1", "--secret=key", stdin="y\n").stderr
    assert told.endswith("Destroyed version [1] of the secret [key].\n")
    assert cloudrun("secrets delete key --quiet").stderr == "Deleted secret [key].\n"
