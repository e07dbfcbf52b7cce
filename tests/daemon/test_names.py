"""Names for instances: ours, everybody else's, and nobody who is not on their network.

Evidence: ours; RFC 1035 for the messages, which dnspython reads and writes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import dns.message
import dns.rcode
import pytest
import pytest_asyncio

from cloudrun_cli.daemon.hosts_file import HostsFile
from cloudrun_cli.daemon.names import Names, address_inside
from cloudrun_cli.dataplane.routes import ServiceRoute
from tests.builders import a_ref

GATEWAY = "172.18.0.1"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("hello-1.us-central1.run.localhost", GATEWAY),
        ("secretmanager.localhost", GATEWAY),
        ("secretmanager.googleapis.com", "169.254.169.253"),
        ("us-central1-run.googleapis.com", "169.254.169.253"),
        ("googleapis.com", "169.254.169.253"),
        ("metadata.google.internal", "169.254.169.254"),
        ("metadata", "169.254.169.254"),
        ("example.com", None),
        ("notgoogleapis.com", None),
        ("googleapis.com.example.com", None),
    ],
)
def test_names_of_ours_lead_to_this_home(name: str, address: str | None) -> None:
    assert address_inside(name, GATEWAY) == address


class Asking(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.put_nowait(data)

    async def ask(self, data: bytes) -> bytes:
        self.transport.sendto(data)
        return await asyncio.wait_for(self.heard.get(), 3)


class Upstream(asyncio.DatagramProtocol):
    """Answers every question with its own bytes, as an answer."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asked = dns.message.from_wire(data)
        self.transport.sendto(dns.message.make_response(asked).to_wire(), addr)


@pytest_asyncio.fixture
async def asking() -> AsyncIterator[Asking]:
    loop = asyncio.get_running_loop()
    upstream, _ = await loop.create_datagram_endpoint(Upstream, local_addr=("127.0.0.1", 0))
    resolver = upstream.get_extra_info("sockname")
    served, responder = await loop.create_datagram_endpoint(
        lambda: Names(lambda name: address_inside(name, GATEWAY), lambda address: address == "127.0.0.1", [resolver]),
        local_addr=("127.0.0.1", 0),
    )
    client, made = await loop.create_datagram_endpoint(Asking, remote_addr=served.get_extra_info("sockname"))
    yield made
    client.close()
    responder.close()
    upstream.close()


async def test_a_name_of_ours_has_one_address_of_the_fourth_kind_and_none_of_the_sixth(asking: Asking) -> None:
    asked = dns.message.make_query("B-1.us-central1.run.localhost", "A")
    told = dns.message.from_wire(await asking.ask(asked.to_wire()))
    assert told.id == asked.id
    assert [record.to_text() for record in told.answer[0]] == [GATEWAY]
    told = dns.message.from_wire(
        await asking.ask(dns.message.make_query("b-1.us-central1.run.localhost", "AAAA").to_wire())
    )
    assert (told.rcode(), told.answer) == (dns.rcode.NOERROR, [])


async def test_another_name_is_asked_of_the_machines_resolver_under_another_number(asking: Asking) -> None:
    asked = dns.message.make_query("example.com", "MX")
    told = dns.message.from_wire(await asking.ask(asked.to_wire()))
    assert (told.id, told.question) == (asked.id, asked.question)


async def test_what_is_no_question_is_told_so_and_too_little_is_passed_over(asking: Asking) -> None:
    asking.transport.sendto(b"x")
    told = dns.message.from_wire(await asking.ask(b"\x12\x34" + b"\xff" * 20))
    assert (told.id, told.rcode()) == (0x1234, dns.rcode.FORMERR)


def test_a_hosts_file_is_kept_in_place_as_services_come_and_go(tmp_path: Any) -> None:
    system = tmp_path / "system"
    system.write_text("127.0.0.1 localhost\n")
    path = tmp_path / "process" / "hosts"
    hosts = HostsFile(path, system)
    route = ServiceRoute(a_ref(), "42", 20001, public=True, split=())
    hosts.note({a_ref(): route})
    inode = path.stat().st_ino
    assert path.read_text().startswith("127.0.0.1 localhost\n127.0.0.1 run.localhost\n")
    assert path.read_text().endswith("127.0.0.1 hello-42.us-central1.run.localhost\n")
    hosts.note({a_ref(): None})
    assert "hello-42" not in path.read_text()
    assert path.stat().st_ino == inode
