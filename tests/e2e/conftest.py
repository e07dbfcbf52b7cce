"""Homes for the stories: one per runtime where a story leaves no trace that the next could stumble over."""

from collections.abc import Iterator

import pytest

from tests.e2e.world import Home

RUNTIMES = ["process", pytest.param("docker", marks=pytest.mark.docker)]


@pytest.fixture(scope="session", params=RUNTIMES)
def shared_home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """A home for all modules, on each runtime: its daemon starts once."""
    made = Home(request.param)
    yield made
    made.close()


@pytest.fixture(scope="module")
def home(shared_home: Home) -> Iterator[Home]:
    """A home whose services outlive a test, and not the module. What it has logged stays: a service has a name that no
    other module uses."""
    yield shared_home
    shared_home.forget_services()


@pytest.fixture(params=RUNTIMES)
def own_home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """A home of the test's own, on each runtime."""
    made = Home(request.param)
    yield made
    made.close()


@pytest.fixture
def process_home() -> Iterator[Home]:
    """A home of the test's own, on the process runtime."""
    made = Home("process")
    yield made
    made.close()
