"""Tasks are their job's service account: they are given its secrets, and the metadata server tells them who they are.

Evidence: documented (Service identity; Configure secrets for jobs; container instance metadata server).
"""

import base64
import json
from typing import Any

from tests.e2e.job_world import Job
from tests.e2e.world import Home, eventually

ACCOUNT = "tasker@demo.iam.gserviceaccount.com"
ACCESSOR = f"--member=serviceAccount:{ACCOUNT} --role=roles/secretmanager.secretAccessor"


def account(home: Home) -> None:
    """The account of the jobs here, made once a home."""
    if home.cloudrun(f"iam service-accounts describe {ACCOUNT}").exit_code:
        home.done("iam service-accounts create tasker")


def add(home: Home, secret: str, payload: str) -> None:
    """The secret, if need be, and one more version of it."""
    file = home.work / "payload"
    file.write_text(payload)
    new = home.cloudrun(f"secrets describe {secret}").exit_code
    home.done(f"secrets {'create' if new else 'versions add'} {secret} --data-file={file}")


def said(job: Job, word: str) -> dict[str, str]:
    """What its tasks have printed after this word, by index."""
    lines = [(one["labels"]["run.googleapis.com/task_index"], one["textPayload"]) for one in job.entries("stdout")]
    return {index: text.partition(" ")[2] for index, text in lines if text.startswith(word)}


def test_tasks_have_the_secrets_and_the_identity_of_their_account(home: Home) -> None:
    account(home)
    add(home, "job-key", "one")
    home.done(f"secrets add-iam-policy-binding job-key {ACCESSOR}")
    files = ",/etc/live/now=job-key:latest" if home.runtime == "docker" else ""
    flags = f"--service-account={ACCOUNT} --tasks=4 --parallelism=2 --set-secrets=KEY=job-key:latest{files}"
    job = Job(home, "who", "who", flags)
    name = job.execute("")["metadata"]["name"]
    if files:
        eventually(lambda: (job.folder / "out" / "read").exists(), home.log)
        add(home, "job-key", "two")
    execution = job.over(name)
    assert execution["status"]["succeededCount"] == 4, home.log()
    found: dict[str, Any] = {index: json.loads(text) for index, text in said(job, "WHO").items()}
    assert sorted(found) == ["0", "1", "2", "3"]
    number = home.done("projects describe demo --format=value(projectNumber)").stdout.strip()
    for one in found.values():
        assert one["told"][:3] == ["demo", f"projects/{number}/regions/us-central1", ACCOUNT]
        body = one["token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        assert (claims["email"], claims["aud"]) == (ACCOUNT, "https://b")
    assert len({one["told"][3] for one in found.values()}) == 4  # each is an instance of its own
    assert {one["key"] for one in found.values()} <= {"one", "two"}
    assert found["0"]["key"] == "one"
    if files:
        assert said(job, "LIVE") == {"0": "two"}


def test_a_secret_that_may_not_be_read_fails_the_execution_with_the_reason(home: Home) -> None:
    account(home)
    add(home, "job-private", "mine")
    job = Job(home, "refused", "env", f"--service-account={ACCOUNT} --set-secrets=KEY=job-private:latest")
    execution = job.execute(well=False)
    (completed,) = [one for one in execution["status"]["conditions"] if one["type"] == "Completed"]
    assert completed["reason"] == "SecretsAccessCheckFailed"
    assert "Permission denied on secret: projects/" in completed["message"]
    assert f"secrets/job-private/versions/latest for Revision service account {ACCOUNT}" in completed["message"]
    assert job.trace() == []
    home.done(f"secrets add-iam-policy-binding job-private {ACCESSOR}")
    job.execute()


def test_an_account_that_is_not_there_is_refused_at_the_start(home: Home) -> None:
    given = f"run jobs create nobody --image={home.image} --service-account=none@demo.iam.gserviceaccount.com"
    refused = home.cloudrun(given)
    assert refused.exit_code == 1
    assert "iam.serviceaccounts.actAs' denied on service account none@demo" in refused.stderr
