"""Stories of schedules: one calls a service under each of its addresses, and a job at both of its `:run` addresses."""

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from tests.e2e.world import Home, eventually

Answered = TypeVar("Answered")

PATIENCE_SECONDS = 60.0
JOB = "us-docker.pkg.dev/cloudrun/container/job"  # a sample with a stand-in: it writes a little, and succeeds
PLACE = "projects/{project}/locations/us-central1/jobs/batch:run"
ADDRESSES = {
    "v2": f"https://run.googleapis.com/v2/{PLACE}",
    "v1": "https://us-central1-run.googleapis.com/apis/run.googleapis.com/v1/namespaces/{project}/jobs/batch:run",
}


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A home on plain processes: what runs a service or a task is nothing to a schedule."""
    made = Home("process")
    yield made
    made.close()


@pytest.fixture(scope="module")
def batch(home: Home) -> str:
    """A job; the id of its project."""
    home.done(f"run jobs create batch --image={JOB}")
    return home.done("config get-value project").strip()


def until(found: Callable[[], Answered]) -> Answered:
    """The first of its answers that says something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (answer := found()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
    return answer


def fire(home: Home, name: str, uri: str, *more: str) -> dict[str, Any]:
    """The schedule after it was made, run by hand, and answered."""
    home.done("scheduler", "jobs", "create", "http", name, "--schedule=0 0 1 1 *", f"--uri={uri}", *more)
    home.done("scheduler", "jobs", "run", name)

    def answered() -> dict[str, Any]:
        found: dict[str, Any] = home.json(f"scheduler jobs describe {name}")
        return found if "status" in found else {}

    return until(answered)


def test_a_service_is_called_under_each_of_its_addresses_with_the_headers_of_a_schedule(home: Home) -> None:
    home.deploy("hook")
    urls = home.json("run services describe hook")["metadata"]["annotations"]["run.googleapis.com/urls"]
    addresses = [part.strip('"') for part in urls.strip("[]").split(",")]
    assert len(addresses) == 3
    for number, address in enumerate(addresses):
        shown = fire(home, f"call-{number}", f"{address}/", "--message-body={}", "--headers=X-Kind=tick")
        assert shown["status"] == {}, shown
        assert shown["scheduleTime"].endswith("-01-01T00:00:00Z")

    def logged() -> list[dict[str, str]]:
        return [entry["httpRequest"] for entry in home.entries("hook") if "httpRequest" in entry]

    eventually(lambda: len(logged()) == 3)  # a line of the request log comes a moment after its answer
    requests = logged()
    assert [request["userAgent"] for request in requests] == ["Google-Cloud-Scheduler"] * 3
    assert {request["requestMethod"] for request in requests} == {"POST"}


@pytest.fixture(scope="module")
def callers(home: Home, batch: str) -> dict[str, str]:
    """Two accounts of the project, by name: one to be given rights, and one that never is."""
    for name in ("caller", "nobody"):
        home.done(f"iam service-accounts create {name}")
    return {name: f"{name}@{batch}.iam.gserviceaccount.com" for name in ("caller", "nobody")}


def test_a_private_service_is_called_by_whom_it_may_be_invoked_and_by_nobody_else(
    home: Home, callers: dict[str, str]
) -> None:
    home.done(f"run deploy shut --image={home.image} --no-allow-unauthenticated --ingress=internal")
    may, may_not = callers["caller"], callers["nobody"]
    home.done(f"run services add-iam-policy-binding shut --member=serviceAccount:{may} --role=roles/run.invoker")
    url = home.url("shut")
    audience = f"--oidc-token-audience={url}"
    called = fire(home, "private", f"{url}/tick?x=1", f"--oidc-service-account-email={may}", audience)
    assert called["status"] == {}, called
    refused = fire(home, "refused", url, f"--oidc-service-account-email={may_not}")
    assert refused["status"]["code"] == 7
    last = home.json("scheduler jobs logs read refused")[-1]
    assert (last["severity"], last["httpRequest"]["status"]) == ("ERROR", 403)
    without = fire(home, "without", url)
    assert without["status"]["code"] == 7
    assert "sends no token" in home.json("scheduler jobs logs read without")[-1]["jsonPayload"]["debugInfo"]
    gone = "--oidc-service-account-email=none@demo.iam.gserviceaccount.com"
    made = home.cloudrun("scheduler", "jobs", "create", "http", "gone", "--schedule=0 0 1 1 *", f"--uri={url}", gone)
    assert (made.exit_code, "actAs' denied on service account none@" in made.stderr) == (1, True)


def test_a_jobs_address_asks_for_a_token_and_for_the_right_to_run_it(home: Home, callers: dict[str, str]) -> None:
    project = callers["caller"].partition("@")[2].partition(".")[0]
    uri, known = ADDRESSES["v2"].format(project=project), "--oauth-service-account-email="
    without = fire(home, "batch-without", uri)
    assert without["status"]["code"] == 16
    refused = fire(home, "batch-refused", uri, f"{known}{callers['nobody']}")
    assert refused["status"]["code"] == 7
    log = home.json("scheduler jobs logs read batch-refused")[-1]["jsonPayload"]["debugInfo"]
    assert "run.jobs.run' denied on resource 'projects/" in log


@pytest.mark.parametrize("version", ADDRESSES)
def test_a_job_runs_at_its_address_which_never_leaves_the_machine(
    home: Home, batch: str, callers: dict[str, str], version: str
) -> None:
    who = callers["caller"]
    home.done(f"run jobs add-iam-policy-binding batch --member=serviceAccount:{who} --role=roles/run.invoker")
    before = {one["metadata"]["name"] for one in home.json("run jobs executions list --job=batch")}
    uri = ADDRESSES[version].format(project=batch)
    shown = fire(home, f"batch-{version}", uri, f"--oauth-service-account-email={who}")
    assert shown["status"] == {}, shown

    def succeeded() -> list[str]:
        found = home.json("run jobs executions list --job=batch")
        return [
            one["metadata"]["name"]
            for one in found
            if one["metadata"]["name"] not in before and one["status"].get("succeededCount") == 1
        ]

    (name,) = until(succeeded)
    assert (
        home.json(f"run jobs executions describe {name}")["metadata"]["annotations"]["run.googleapis.com/creator"]
        == who
    )
