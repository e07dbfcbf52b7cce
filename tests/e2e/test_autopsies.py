"""Why it did not start: the first line of the error names the true cause, the next says what to do."""

from collections.abc import Iterator

import pytest

from tests.conftest import Answer
from tests.e2e import world
from tests.e2e.world import Home


def failing(home: Home, service: str, flags: str) -> Answer:
    """A deploy that fails, and says so on stderr only."""
    answer = home.cloudrun(f"run deploy {service} --allow-unauthenticated {flags}")
    assert answer.exit_code == 1, answer.stderr
    assert answer.stdout == ""
    return answer


def told(answer: Answer) -> list[str]:
    """The lines from the error on, the first without its prefix."""
    before, found, after = answer.stderr.partition("ERROR: (cloudrun.run.deploy) ")
    assert found, answer.stderr
    assert "Deployment failed\n" in before
    return after.splitlines()


def app(home: Home, behave: str, more: str = "") -> str:
    return f"--image={home.image} --set-env-vars=BEHAVE={behave} {more}"


@pytest.fixture(scope="module")
def home(home: Home) -> Iterator[Home]:
    """The home of all, where nobody waits for long."""
    home.done("config set emulator/startup_timeout 2s")
    yield home
    home.done("config unset emulator/startup_timeout")


def test_it_exited_with_a_code_and_its_last_log_lines_are_shown(home: Home) -> None:
    lines = told(failing(home, "exits", app(home, "exit:3")))
    assert lines[0].startswith("The container exited with code 3 before it listened on port ")
    assert "log" in lines[1]
    assert "  about to leave" in lines
    assert "  cannot find the flux capacitor" in lines


def test_it_listens_on_the_loopback_address_only(home: Home) -> None:
    answer = failing(home, "loopback", app(home, "loopback"))
    lines = told(answer)
    assert lines[0].startswith("The container listens on 127.0.0.1:")
    assert lines[0].endswith(" only, where no request can reach it.")
    assert lines[1].startswith("Listen on 0.0.0.0:")
    assert answer.stderr.count("; still waiting.") == (home.runtime == "docker")  # a process is reached, and found out


def test_it_listens_on_another_port(home: Home) -> None:
    (port,) = world.free_ports(1)
    answer = failing(home, "elsewhere", app(home, f"port:{port}"))
    lines = told(answer)
    early = [line for line in answer.stderr.splitlines() if line.endswith("; still waiting.")]
    assert len(early) == 1  # told while it waited, once; and in the log
    assert f"Creating Revision...\n{early[0]}\nCreating Revision...failed\n" in answer.stderr
    assert early[0].startswith(f"The container listens on port {port}, not on port ")
    assert early[0] in {entry.get("textPayload") for entry in home.entries("elsewhere")}
    assert lines[0].startswith(f"The container listens on port {port}, but requests are sent to port ")
    assert "$PORT" in lines[1]
    assert (f"--port={port}" in lines[1]) == (home.runtime == "docker")  # a process is always given a port of ours


def test_it_never_listened_within_the_timeout(home: Home) -> None:
    lines = told(failing(home, "silent", app(home, "silent")))
    assert lines[0].startswith("The container did not listen on port ")
    assert "within 2 s" in lines[0]
    assert "$PORT" in lines[1]
    assert "emulator/startup_timeout" in lines[1]


def test_it_was_killed_for_its_memory(home: Home) -> None:
    lines = told(failing(home, "hog", app(home, "hog:400", "--memory=128Mi")))
    assert lines[0].startswith("The container was killed because it used more memory than its limit of 128Mi")
    assert "--memory" in lines[1]


def test_its_entry_point_is_missing(home: Home) -> None:
    lines = told(failing(home, "pointless", f"--image={home.image} --command=no-such-program"))
    assert "no-such-program" in lines[0]
    assert "--command" in lines[1]


def test_its_image_cannot_be_found(home: Home) -> None:
    image = "127.0.0.1:9/nobody/has-this:v1"
    lines = told(failing(home, "imageless", f"--image={image}"))
    assert image in lines[0]
    assert lines[1]


def test_its_source_does_not_build(home: Home) -> None:
    files = {"main.py": "print()", "requirements.txt": "-r does-not-exist.txt\n"}
    if home.runtime == "docker":
        files = {"Dockerfile": f"FROM {base(home)}\nRUN echo about to break && false\n"}
    answer = failing(home, "unbuildable", f"--source={home.folder('unbuildable', files)}")
    lines = told(answer)
    assert "did not build" in lines[0] or "failed" in lines[0]
    assert lines[1]
    assert ("about to break" if home.runtime == "docker" else "does-not-exist.txt") in answer.stderr
    assert home.cloudrun("run services describe unbuildable").exit_code == 1  # nothing was deployed


def test_its_source_is_of_no_known_kind(home: Home) -> None:
    folder = home.folder("strange", {"README": "nothing to run here"})
    lines = told(failing(home, "strange", f"--source={folder}"))
    assert "package.json" in "\n".join(lines)
    assert "requirements.txt" in "\n".join(lines)
    assert "go.mod" in "\n".join(lines)


def test_a_dockerfile_needs_an_engine(process_home: Home) -> None:
    folder = process_home.folder("boxed", {"Dockerfile": "FROM scratch\n"})
    lines = told(failing(process_home, "boxed", f"--source={folder}"))
    assert "Dockerfile" in lines[0]
    assert "Docker" in lines[1]


@pytest.mark.docker
def test_its_image_is_for_another_architecture() -> None:
    home = Home("docker")
    try:
        tag = "cloudrun-test/e2e-foreign:latest"
        world.foreign_image(tag)
        lines = told(failing(home, "foreign", f"--image={tag}"))
        assert "arm64" in lines[0]
        assert "amd64" in "\n".join(lines)
    finally:
        home.close()


def base(home: Home) -> str:
    """A base image to build on."""
    from tests.docker_images import python_base

    return python_base(world.engine())


def test_a_server_that_gives_up_right_after_it_opened_its_port_is_not_called_ready(process_home: Home) -> None:
    """As gunicorn does: its master listens before its workers have failed to import the app."""
    source = process_home.folder(
        "hasty",
        {
            "main.py": "import os, socket, sys, time\n"
            "door = socket.create_server(('0.0.0.0', int(os.environ['PORT'])))\n"
            "time.sleep(0.2)\nprint('no module named flask_nope')\nsys.exit(3)\n",
            "Procfile": "web: python3 -u main.py\n",
        },
    )
    del process_home.environ["CLOUDSDK_EMULATOR_SETTLE_TIME"]
    answer = process_home.cloudrun(f"run deploy hasty --source={source}")
    assert answer.exit_code == 1
    assert (
        "ERROR: (cloudrun.run.deploy) The container exited with code 3 right after it began to listen" in answer.stderr
    )
    assert "no module named flask_nope" in answer.stderr
