"""The data plane is tested on the event loop it runs on, and with the real Envoy."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
import uvloop

from tests.dataplane.edge import TestEdge, running_edge
from tests.dataplane.upstream import Upstream, running


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest_asyncio.fixture
async def edge(tmp_path: Path) -> AsyncIterator[TestEdge]:
    """Envoy and gate, without routes."""
    async with running_edge(tmp_path) as one:
        yield one


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """A server to stand behind Envoy."""
    async with running() as one:
        yield one
