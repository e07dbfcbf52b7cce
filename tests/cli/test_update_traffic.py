"""`run services update-traffic` and `run domain-mappings` as typed, where no emulator is needed. Evidence: recorded for
the words of gcloud, ours for --dry-run."""

import json
from pathlib import Path

import pytest

from cloudrun_cli.controlplane.services import Rollout
from cloudrun_cli.store.database import open_store
from tests.conftest import Cloudrun
from tests.controlplane.verbs import deploy, everything, settle

COMMAND = "run services update-traffic hello"


@pytest.fixture
def home(tmp_path: Path) -> str:
    """A home with a service of two revisions, the second of which serves as LATEST."""
    home = str(tmp_path / "home")
    store = open_store(home)
    for suffix in ("v1", "v2"):
        settle(store, deploy(store, rollout=Rollout(suffix=suffix)).revision)
    store.close()
    return home


@pytest.mark.parametrize(
    ("flags", "code", "told"),
    [
        ("", 1, "ERROR: (cloudrun.run.services.update-traffic) No traffic configuration change requested."),
        ("--to-revisions=hello-v1=150", 1, "ERROR: (cloudrun) Traffic percentage value 150 is not between 0 and 100."),
        ("--to-tags=t=half", 1, "ERROR: (cloudrun) Traffic percentage value half is not an integer."),
        ("--to-latest --to-revisions=hello-v1=5", 2, "At most one of"),
        ("--set-tags=a=hello-v1 --update-tags=b=hello-v1", 2, "At most one of"),
        ("--clear-tags --set-tags=a=hello-v1", 2, "At most one of"),
        ("--dry-run --to-revisions=hello-v9=5", 1, "hello-v9"),
        ("--dry-run --to-revisions=LATEST=5", 1, "100% of traffic has not been specified"),
    ],
)
def test_what_cannot_be_asked_for_is_told_and_nothing_is_changed(
    cloudrun: Cloudrun, home: str, flags: str, code: int, told: str
) -> None:
    store = open_store(home)
    before = everything(store)
    answer = cloudrun(f"{COMMAND} {flags}")
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert told in answer.stderr
    assert everything(store) == before
    store.close()


def test_a_dry_run_draws_before_after_and_the_next_deploy(cloudrun: Cloudrun, home: str) -> None:
    store = open_store(home)
    before = everything(store)
    answer = cloudrun(f"{COMMAND} --to-revisions=hello-v1=30 --update-tags=old=hello-v1,next=LATEST --dry-run")
    assert answer.stdout.splitlines() == [
        "REVISION                     BEFORE  AFTER  AT THE NEXT DEPLOY       TAGS",
        "hello-v1                     -       30%    30%                      old (added)",
        "LATEST (currently hello-v2)  100%    70%    70% to the new revision  next (added)",
    ]
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert everything(store) == before
    store.close()


def test_a_dry_run_of_pinned_traffic_says_that_the_next_revision_gets_none(cloudrun: Cloudrun, home: str) -> None:
    answer = cloudrun(f"{COMMAND} --to-revisions=hello-v1=100 --dry-run --format=json")
    rows = {row["revision"]: row for row in json.loads(answer.stdout)}
    assert rows["hello-v1"]["after"] == rows["hello-v1"]["nextDeploy"] == "100%"
    assert rows["LATEST (currently hello-v2)"] == {
        "revision": "LATEST (currently hello-v2)", "before": "100%", "after": "-", "nextDeploy": "-", "tags": [],
    }  # fmt: skip
    assert rows["the new revision"]["nextDeploy"] == "0%"


def test_a_domain_is_mapped_listed_described_and_taken_away(cloudrun: Cloudrun, home: str) -> None:
    made = cloudrun("run domain-mappings create --service=hello --domain=www.example.com")
    assert made.stdout.splitlines() == ["NAME  RECORD TYPE  CONTENTS", "www   CNAME        ghs.googlehosted.com."]
    assert made.exit_code == 0
    listed = cloudrun("run domain-mappings list")
    assert listed.stdout.splitlines() == [
        "   DOMAIN           SERVICE  REGION",
        "✔  www.example.com  hello    us-central1",
    ]
    described = cloudrun("run domain-mappings describe --domain=www.example.com --format=value(spec.routeName)")
    assert described.stdout == "hello\n"
    twice = cloudrun("run domain-mappings create --service=hello --domain=www.example.com")
    assert (twice.exit_code, twice.stdout) == (1, "")
    assert "already exists" in twice.stderr
    gone = cloudrun("run domain-mappings delete --domain=www.example.com --quiet")
    assert (gone.exit_code, gone.stdout) == (0, "")
    assert cloudrun("run domain-mappings list").stderr == "Listed 0 items.\n"
    missing = cloudrun("run domain-mappings describe --domain=www.example.com")
    assert missing.exit_code == 1
    assert "[www.example.com]" in missing.stderr
