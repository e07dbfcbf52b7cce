"""The program in a home with one service, hello, in project demo."""

import pytest

from cloudrun_cli.store.database import open_store
from tests.builders import PROJECT
from tests.conftest import Cloudrun
from tests.controlplane.verbs import deploy, settle


@pytest.fixture
def with_hello(cloudrun: Cloudrun) -> Cloudrun:
    """The program itself; its project is that of the builders."""
    store = open_store(str(cloudrun.home))
    settle(store, deploy(store).revision)
    store.close()
    cloudrun.environ["CLOUDSDK_CORE_PROJECT"] = PROJECT
    cloudrun.environ["CLOUDSDK_RUN_REGION"] = "us-central1"
    cloudrun.environ["CLOUDSDK_CORE_DISABLE_PROMPTS"] = "1"
    return cloudrun
