"""The whole Admin API over a store of its own, asked as a client would ask it, without a network between."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from cloudrun_cli.api.iam_roles import IamRoles
from cloudrun_cli.api.iam_v1 import IamV1
from cloudrun_cli.api.policies import Policies
from cloudrun_cli.api.resource_manager import ResourceManager
from cloudrun_cli.api.run_v1 import RunV1
from cloudrun_cli.api.run_v2 import RunV2
from cloudrun_cli.api.server import application
from cloudrun_cli.controlplane.signing import Signer
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
    asked = (store, lambda request: request.headers.get("x-caller", CALLER), lambda: NOW, lambda: rung.append(None))
    run = RunV1(store, Edge(9080, 9443), *asked[1:])
    accounts = IamV1(store, Signer(os.path.dirname(store.path)), Edge(9080, 9443), *asked[1:])
    apis = {
        "run": [*Policies(*asked).of_run(), *run.routes(), *RunV2(run.runner, *asked[2:]).routes()],
        "cloudresourcemanager": ResourceManager(*asked).routes(),
        "iam": [*IamRoles(*asked).routes(), *accounts.routes()],
    }
    transport = httpx.ASGITransport(application(apis), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        yield Client(http, rung)
