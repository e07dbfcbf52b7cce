"""The whole Admin API over a store of its own, asked as a client would ask it, without a network between."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from cloudrun_cli.api.run_v1 import RunV1
from cloudrun_cli.api.server import application
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.store.database import Store, open_store
from tests.api.asking import Client
from tests.builders import CALLER, NOW


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Made, migrated, and closed afterwards."""
    made = open_store(str(tmp_path / "home"))
    yield made
    made.close()


@pytest_asyncio.fixture
async def api(store: Store) -> AsyncIterator[Client]:
    """A client of the API over `store`."""
    rung: list[None] = []
    run = RunV1(store, Edge(9080, 9443), CALLER, lambda: NOW, lambda: rung.append(None))
    transport = httpx.ASGITransport(application(run), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        yield Client(http, rung)
