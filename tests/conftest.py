"""What tests of every room may ask for."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 120.0  # no call of the program takes this long
_LEFT_OUT = pytest.StashKey[str]()
_DOCKER, _STORIES = "docker", "stories"
_ORDER = (_DOCKER, _STORIES)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first, for two workers: all that use the engine stay together, as they share images and homes, and so
    do the stories on processes. Without an engine the tests that need one are left out, and one loud line says so."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=lambda item: _ORDER.index(_group(item)) if _group(item) in _ORDER else len(_ORDER))
    needing = [item for item in items if item.get_closest_marker("docker")]
    if not needing:
        return
    from cloudrun_cli.core.errors import EngineUnavailable
    from cloudrun_cli.runtime.docker_engine import connect

    try:
        connect().close()
    except EngineUnavailable as error:
        config.stash[_LEFT_OUT] = f"DOCKER TESTS SKIPPED: {len(needing)} tests did not run. {error.message}"
        items[:] = [item for item in items if item not in needing]
        config.hook.pytest_deselected(items=needing)


def _group(item: pytest.Item) -> str:
    """Which tests one worker of pytest-xdist runs."""
    if item.get_closest_marker("docker"):
        return _DOCKER
    return _STORIES if "tests/e2e/" in item.nodeid else item.nodeid.partition("::")[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if reason := config.stash.get(_LEFT_OUT, ""):
        terminalreporter.write_line(reason, yellow=True, bold=True)


class Answer(str):
    """What a call of the program printed, as text; with what it told on stderr and its exit code."""

    stdout: str
    stderr: str
    exit_code: int

    @classmethod
    def of(cls, done: "subprocess.CompletedProcess[str]") -> "Answer":
        answer = cls(done.stdout)
        answer.stdout, answer.stderr, answer.exit_code = done.stdout, done.stderr, done.returncode
        return answer


class Cloudrun(Protocol):
    """Calls the program: `cloudrun("run services list")`, or word by word: `cloudrun("config", "set", "a", "b c")`."""

    home: Path
    environ: dict[str, str]

    def __call__(self, *words: str, env: Mapping[str, str] | None = None, stdin: str = "") -> Answer: ...


class _Program:
    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDSDK_", "CLOUDRUN_"))}
        self.environ = kept | {"CLOUDRUN_HOME": str(home), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}

    def __call__(self, *words: str, env: Mapping[str, str] | None = None, stdin: str = "") -> Answer:
        arguments = words[0].split() if len(words) == 1 else list(words)
        done = subprocess.run(
            [sys.executable, "-m", "cloudrun_cli", *arguments],
            capture_output=True,
            text=True,
            env=self.environ | dict(env or {}),
            cwd=self.home.parent,
            input=stdin,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        return Answer.of(done)


@pytest.fixture
def cloudrun(tmp_path: Path) -> Cloudrun:
    """The program itself, in a world of its own."""
    return _Program(tmp_path / "home")
