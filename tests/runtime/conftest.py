"""The engine for the tests that need one."""

from collections.abc import Iterator

import docker
import pytest

from cloudrun_cli.runtime.docker_engine import connect
from tests.docker_images import busybox_base, node_base, python_base


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
