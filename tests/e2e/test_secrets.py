"""Secrets reach the app: variables frozen when an instance starts, files live; and nobody who may not have them.

Evidence: documented (Configure secrets for services).
"""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.core.names import default_service_account
from tests.builders import NUMBER, PROJECT
from tests.e2e.world import Home, engine, eventually

ACCESSOR = "--role=roles/secretmanager.secretAccessor"
WHO = default_service_account(NUMBER)  # whom the services run as
MEMBER = f"--member=serviceAccount:{WHO}"


def secret(home: Home, name: str, *payloads: str, readable: bool = True) -> None:
    """A secret with these versions, which services may read, unless not."""
    for index, payload in enumerate(payloads):
        file = home.work / "payload"
        file.write_text(payload)
        home.done(f"secrets {'versions add' if index else 'create'} {name} --data-file={file}")
    if readable:
        home.done(f"secrets add-iam-policy-binding {name} {MEMBER} {ACCESSOR}")


def add(home: Home, name: str, payload: str) -> None:
    """One more version."""
    file = home.work / "payload"
    file.write_text(payload)
    home.done(f"secrets versions add {name} --data-file={file}")


def variable(home: Home, service: str, name: str = "KEY") -> str | None:
    """What the app has in a variable."""
    found = home.get(home.url(service)).json()["env"].get(name)
    return None if found is None else str(found)


@pytest.fixture(scope="module")
def home(request: pytest.FixtureRequest) -> Any:
    """The shared home, in the project that secrets are asked of by name."""
    made = Home(request.param, CLOUDSDK_CORE_PROJECT=PROJECT)
    yield made
    made.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On each runtime."""
    if "home" in metafunc.fixturenames:
        runtimes = ["process", pytest.param("docker", marks=pytest.mark.docker)]
        metafunc.parametrize("home", runtimes, indirect=True, scope="module")


def test_a_variable_keeps_the_version_that_was_the_latest_when_its_instance_started(home: Home) -> None:
    secret(home, "frozen", "one")
    home.deploy("frozen", "--set-secrets=KEY=frozen:latest,PINNED=frozen:1")
    assert variable(home, "frozen") == "one"
    add(home, "frozen", "two")
    assert variable(home, "frozen") == "one"
    (instance,) = home.instances("frozen")
    home.kill_instance(instance)
    eventually(lambda: instance not in home.instances("frozen"))
    assert variable(home, "frozen") == "two"
    assert variable(home, "frozen", "PINNED") == "one"


def test_a_secret_that_may_not_be_read_fails_the_revision_until_it_is_granted(home: Home) -> None:
    home.done(f"run deploy denied --image={home.image} --no-allow-unauthenticated")
    serving = home.revision("denied")
    secret(home, "private", "mine", readable=False)
    failed = home.cloudrun(f"run deploy denied --image={home.image} --set-secrets=KEY=private:latest,A=missing:3")
    assert failed.exit_code == 1
    assert "Permission denied on secret: projects/" in failed.stderr
    assert f"/secrets/private/versions/latest for Revision service account {WHO}" in failed.stderr
    assert f"secrets add-iam-policy-binding private --project={PROJECT} {MEMBER} {ACCESSOR}" in failed.stderr
    found = home.json(f"run revisions describe {home.revision('denied')}")
    ready = next(c for c in found["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "SecretsAccessCheckFailed")
    home.done(f"secrets add-iam-policy-binding private {MEMBER} {ACCESSOR}")
    failed = home.cloudrun(f"run deploy denied --image={home.image} --set-secrets=KEY=private:latest,A=private:3")
    assert "/secrets/private/versions/3] not found" in failed.stderr
    assert home.json("run services describe denied")["status"]["traffic"][0]["revisionName"] == serving
    home.deploy("denied", "--set-secrets=KEY=private:latest")
    assert variable(home, "denied") == "mine"


def test_an_instance_whose_secret_is_gone_does_not_start_and_the_log_says_why(home: Home) -> None:
    secret(home, "doomed", "soon gone")
    home.deploy("doomed", "--set-secrets=KEY=doomed:1")
    (instance,) = home.instances("doomed")
    home.done("secrets versions disable 1 --secret=doomed")
    home.kill_instance(instance)
    eventually(lambda: instance not in home.instances("doomed"))
    answer = home.get(home.url("doomed"))
    assert (answer.status_code, "instance could not start" in answer.text) == (500, True)
    why = "/secrets/doomed/versions/1] is in DISABLED state."
    eventually(lambda: any(why in str(entry) for entry in home.entries("doomed")))


def test_a_mounted_file_shows_the_latest_version_at_every_read(home: Home) -> None:
    secret(home, "live", "one")
    flags = "--set-secrets=/etc/live/now=live:latest,/etc/live:/sub/pinned=live:1"
    if home.runtime == "process":
        refused = home.cloudrun(f"run deploy live --image={home.image} --set-secrets=/etc/live/now=live:latest")
        assert refused.exit_code == 1
        assert "cannot be mounted at /etc/live: the process runtime mounts no volumes" in refused.stderr
        return
    home.deploy("live", flags)
    url = home.url("live")

    def seen(path: str = "now") -> dict[str, Any]:
        told: dict[str, Any] = home.get(f"{url}/read/etc/live/{path}").json()
        return told

    assert seen() == {"text": "one", "mode": "0o444"}
    started = home.get(url).json()["pid"], home.instances("live")
    add(home, "live", "two")
    eventually(lambda: seen()["text"] == "two")
    assert seen("sub/pinned")["text"] == "one"
    home.done("secrets versions disable 2 --secret=live")
    eventually(lambda: seen() == {"error": "FileNotFoundError"})
    home.done("secrets versions enable 2 --secret=live")
    eventually(lambda: seen().get("text") == "two")
    home.done(f"secrets remove-iam-policy-binding live {MEMBER} {ACCESSOR}")
    eventually(lambda: seen("sub/pinned") == {"error": "FileNotFoundError"})
    home.done(f"secrets add-iam-policy-binding live {MEMBER} {ACCESSOR}")
    eventually(lambda: seen().get("text") == "two")
    assert (home.get(url).json()["pid"], home.instances("live")) == started
    killed = home.status()["pid"]
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: home.status().get("pid") not in (None, killed))
    add(home, "live", "three")  # under the same instance, which the next daemon has taken over
    eventually(lambda: seen().get("text") == "three")
    assert home.instances("live") == started[1]


def test_what_is_secret_is_nowhere_but_in_the_app(home: Home) -> None:
    payload = "nobody-else-may-know-8Jq"
    secret(home, "quiet", payload)
    home.deploy("quiet", "--set-secrets=KEY=quiet:latest")
    assert variable(home, "quiet") == payload
    kept = [path for path in home.home.rglob("*") if path.is_file()]
    assert [path for path in kept if payload.encode() in path.read_bytes()] == []
    words = [folder / "cmdline" for folder in Path("/proc").glob("[0-9]*")]
    assert [path for path in words if _has(path, payload)] == []
    if home.runtime == "docker":
        rows = engine().containers(filters={"label": f"dev.cloudrun.home={home.home}"})
        assert payload not in str(rows)


def _has(path: Path, payload: str) -> bool:
    try:
        return payload.encode() in path.read_bytes()
    except OSError:  # it ended while we looked
        return False
