"""The engine for the tests that need one. Without it they are skipped, with one reason for all."""

from collections.abc import Iterator

import docker
import pytest

from cloudrun_cli.core.errors import EngineUnavailable
from cloudrun_cli.runtime.docker_engine import connect
from tests.docker_images import busybox_base, python_base


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.APIClient]:
    """A client of the engine that answers here."""
    try:
        api = connect()
    except EngineUnavailable as error:
        pytest.skip(f"DOCKER TESTS SKIPPED: no engine answers. {error.message}")
    yield api
    api.close()


@pytest.fixture(scope="session")
def python_base_image(engine: docker.APIClient) -> str:
    """Debian with python3, made by debootstrap on first use."""
    return python_base(engine)


@pytest.fixture(scope="session")
def busybox_base_image(engine: docker.APIClient) -> str:
    """A shell and the usual commands."""
    return busybox_base(engine)
