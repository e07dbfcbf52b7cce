"""From a folder of source to a URL, and from a changed folder to a new revision."""

from collections.abc import Iterator

import pytest

from cloudrun_cli.runtime.images import keep_tag
from tests.e2e.conftest import RUNTIMES
from tests.e2e.world import APP, Home, engine


@pytest.fixture(scope="module", params=RUNTIMES)
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """A home of the module's own, on each runtime: its last story forgets everything."""
    made = Home(request.param)
    yield made
    made.close()


def a_source(home: Home, color: str) -> str:
    """The app with a file that says its color; on Docker with a Dockerfile, as no base image can be pulled."""
    files = {"main.py": APP.read_text().replace('"pid": os.getpid()', f'"color": "{color}"'), "skipped.log": "not sent"}
    files[".gcloudignore"] = "*.log\n"
    if home.runtime == "docker":
        from tests.docker_images import python_base

        files["Dockerfile"] = f'FROM {python_base(engine())}\nCOPY . /app\nCMD ["python3", "/app/main.py"]\n'
    return str(home.folder("source", files))


def test_a_folder_is_built_deployed_changed_and_deployed_again(home: Home) -> None:
    first = home.done(f"run deploy built --source={a_source(home, 'blue')} --allow-unauthenticated")
    assert first.stdout == ""
    kind = "Dockerfile" if home.runtime == "docker" else "Buildpacks"
    assert f"Building using {kind} and deploying container to Cloud Run service [built]" in first.stderr
    for stage in ("Uploading sources...done", "Building Container...done", "Routing traffic...done"):
        assert stage in first.stderr
    assert home.get(home.url("built")).json()["color"] == "blue"
    old = home.revision("built")
    home.done(f"run deploy built --source={a_source(home, 'green')}")
    assert home.get(home.url("built")).json()["color"] == "green"
    assert home.revision("built") != old
    assert not list((home.home / "sources").glob("*"))


def test_a_source_that_does_not_start_leaves_the_old_revision_serving(home: Home) -> None:
    home.done(f"run deploy steady --source={a_source(home, 'blue')} --allow-unauthenticated")
    failed = home.cloudrun(f"run deploy steady --source={a_source(home, 'green')} --set-env-vars=BEHAVE=exit:7")
    assert failed.exit_code == 1
    assert "ERROR: (cloudrun.run.deploy) The container exited with code 7 before it listened" in failed.stderr
    assert home.get(home.url("steady")).json()["color"] == "blue"


def test_a_reset_removes_what_was_built_also_while_the_emulator_does_not_run(home: Home) -> None:
    home.done(f"run deploy last --source={a_source(home, 'red')}")
    digests = [one["status"]["imageDigest"] for one in home.json("run revisions list")]
    assert digests
    home.done("emulator stop")
    home.done("emulator reset --quiet")
    assert home.json("run services list") == []
    assert not (home.home / "process").exists()
    if home.runtime == "docker":
        built = {f"{digest.partition('@')[0]}:latest" for digest in digests}
        tags = {tag for image in engine().images() for tag in image["RepoTags"] or ()}
        assert not tags & {keep_tag(digest) for digest in digests}
        assert not tags & built
