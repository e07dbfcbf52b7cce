"""Where the metadata server is, and what instances are told of it. Evidence: ours; documented (the variables)."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.daemon.callers import Callers
from cloudrun_cli.daemon.metadata import PORTS, Metadata
from cloudrun_cli.dataplane.envoy_config import Inside
from cloudrun_cli.store.database import Store, open_store
from tests.builders import NOW, NUMBER

INSIDE = Inside("127.0.0.2", "127.0.0.0/8")  # stands for a gateway


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(str(tmp_path))
    yield made
    made.close()


@contextlib.contextmanager
def serving(store: Store, home: Path) -> Iterator[Metadata]:
    made = Metadata(str(home), store, Edge(), Tokens(str(home)), lambda: NOW)
    yield made
    made.close()


def test_its_port_is_the_same_for_the_life_of_the_home_unless_somebody_has_taken_it(
    store: Store, tmp_path: Path
) -> None:
    with serving(store, tmp_path) as first:
        assert first.port in PORTS
    with serving(store, tmp_path) as again:
        assert again.port == first.port
    with socket.create_server(("127.0.0.1", first.port)), serving(store, tmp_path) as moved:
        assert moved.port != first.port
    with serving(store, tmp_path) as later:
        assert later.port == moved.port


@pytest.mark.parametrize(
    ("inside", "wired", "host", "ping"),
    [
        (INSIDE, True, "metadata.google.internal", "169.254.169.254"),
        (INSIDE, False, "127.0.0.2:{port}", "127.0.0.2:{port}"),
        (None, False, None, None),
    ],
)
async def test_containers_are_told_the_best_address_that_leads_there(
    store: Store, tmp_path: Path, inside: Inside | None, wired: bool, host: str | None, ping: str | None
) -> None:
    with serving(store, tmp_path) as metadata:
        await metadata.open(inside, Callers(list, list, lambda project: NUMBER, tmp_path), wired=wired)
        told = metadata.variables("docker")
        assert (
            told.get("GCE_METADATA_HOST") == told.get("GCE_METADATA_ROOT") == (host and host.format(port=metadata.port))
        )
        assert told.get("GCE_METADATA_IP") == (ping and ping.format(port=metadata.port))
        assert metadata.variables("process")["GCE_METADATA_HOST"] == f"127.0.0.1:{metadata.port}"
