"""Homes for the stories: one per module and runtime where a story leaves no trace that the next could stumble over."""

from collections.abc import Iterator

import pytest

from tests.e2e.world import Home

RUNTIMES = ["process", pytest.param("docker", marks=pytest.mark.docker)]


@pytest.fixture(scope="module", params=RUNTIMES)
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """A home whose services outlive a test, on each runtime."""
    made = Home(request.param)
    yield made
    made.close()


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
