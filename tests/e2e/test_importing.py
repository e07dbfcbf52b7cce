"""A world from elsewhere: imported, looked at, and deployed on. Evidence: recorded (the resources), ours (the rest)."""

import pytest

from tests.builders import HELLO, RECORDINGS
from tests.e2e.world import Home

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}: nothing to import")

PROJECT = "--project=demo --region=us-central1"
HOST = "hello-x7k2mqpl4a-uc.a.run.app"


def _status(home: Home, host: str) -> int:
    return home.http.get(f"http://127.0.0.1:{home.http_port}/", headers={"Host": host}).status_code


def test_an_imported_world_is_history_until_something_is_deployed_on_it(process_home: Home) -> None:
    home = process_home
    home.done("emulator start")
    home.done("emulator", "import", str(RECORDINGS / "resources"))
    home.done("emulator", "export", str(home.path / "before"))
    assert _status(home, HOST) == 503
    home.done("emulator restart")
    assert _status(home, HOST) == 503
    home.done("emulator", "export", str(home.path / "after"))
    for name in ("services", "revisions"):
        before, after = ((home.path / folder / f"{name}.json").read_text() for folder in ("before", "after"))
        assert before == after

    home.done(f"run deploy hello {PROJECT} --image={HELLO}")
    assert _status(home, HOST) == 503  # its traffic is pinned to what came in
    found = home.json(f"run services describe hello {PROJECT}")
    traffic = [{"latestRevision": True, "percent": 100, "tag": "fresh"}]
    found["spec"]["traffic"] = traffic
    home.replace(found, PROJECT)
    assert _status(home, HOST) == 200
    assert _status(home, f"fresh---{HOST}") == 200
    assert _status(home, f"stable---{HOST}") == 404
    shown = home.json(f"run services describe hello {PROJECT}")["status"]
    assert shown["url"] == f"https://{HOST}"
    assert shown["traffic"][0]["url"] == f"https://fresh---{HOST}"
