"""A store of a fresh home for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudrun_cli.store.database import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Made, migrated, and closed afterwards."""
    made = open_store(str(tmp_path / "home"))
    yield made
    made.close()
