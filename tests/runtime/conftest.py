"""The engine for the tests that need one. Without it they are left out, and one loud line says so."""

from collections.abc import Iterator

import docker
import pytest

from cloudrun_cli.core.errors import EngineUnavailable
from cloudrun_cli.runtime.docker_engine import connect
from tests.docker_images import busybox_base, node_base, python_base

_LEFT_OUT = pytest.StashKey[str]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    needing = [item for item in items if item.get_closest_marker("docker")]
    if not needing:
        return
    try:
        connect().close()
    except EngineUnavailable as error:
        config.stash[_LEFT_OUT] = f"DOCKER TESTS SKIPPED: {len(needing)} tests did not run. {error.message}"
        items[:] = [item for item in items if item not in needing]
        config.hook.pytest_deselected(items=needing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if reason := config.stash.get(_LEFT_OUT, ""):
        terminalreporter.write_line(reason, yellow=True, bold=True)


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.APIClient]:
    """A client of the engine that answers here."""
    api = connect()
    yield api
    api.close()


@pytest.fixture(scope="session")
def python_base_image(engine: docker.APIClient) -> str:
    """Debian with python3, made by debootstrap on first use."""
    return python_base(engine)


@pytest.fixture(scope="session")
def node_base_image(engine: docker.APIClient) -> str:
    """The same with Node.js and npm."""
    return node_base(engine)


@pytest.fixture(scope="session")
def busybox_base_image(engine: docker.APIClient) -> str:
    """A shell and the usual commands."""
    return busybox_base(engine)
