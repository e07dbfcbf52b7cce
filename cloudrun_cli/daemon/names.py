"""Names, for instances: a DNS responder on the home's network. Services and APIs of this home lead to its edge, and
Google's never to the internet; every other name is asked of the machine's own resolvers, unread."""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudrun_cli.runtime.docker_hold import METADATA_ADDRESS, METADATA_NAMES
from cloudrun_cli.runtime.docker_ways import APIS_ADDRESS

if TYPE_CHECKING:
    import dns.message

TTL = 5  # seconds
ANSWER_SECONDS = 5.0  # for a resolver of the machine's
HEADER_BYTES = 12  # of every question
PORT = 53
WAITING = 512  # questions at once

Resolver = tuple[str, int]  # address and port

_APIS = re.compile(r"(?:.*\.)?googleapis\.com")

log = logging.getLogger(__name__)


def address_inside(name: str, gateway: str) -> str | None:
    """What a name of ours means to an instance; None for other names."""
    if name in METADATA_NAMES:
        return METADATA_ADDRESS
    if name.endswith(".localhost"):
        return gateway
    return APIS_ADDRESS if _APIS.fullmatch(name) else None


def resolvers(path: Path = Path("/etc/resolv.conf")) -> list[Resolver]:
    """The machine's own."""
    try:
        found = re.findall(r"^nameserver\s+([0-9.]+)\s*$", path.read_text(), re.MULTILINE)
        return [(address, PORT) for address in found]
    except FileNotFoundError:
        return []


class Names(asyncio.DatagramProtocol):
    """`address_of` knows our names; `upstream` are asked for others, in turn. Whoever is not `known` gets no answer."""

    def __init__(
        self, address_of: Callable[[str], str | None], known: Callable[[str], bool], upstream: Sequence[Resolver]
    ) -> None:
        self._address_of, self._known, self._upstream = address_of, known, upstream
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.DatagramTransport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer at once what is ours; ask others for the rest."""
        if not self._known(addr[0]) or len(self._tasks) >= WAITING:
            return
        if len(data) < HEADER_BYTES:
            return
        if (answer := self._ours(data)) is not None:
            self._transport.sendto(answer, addr)
            return
        task = asyncio.get_running_loop().create_task(self._relay(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Answer no more."""
        for task in self._tasks:
            task.cancel()
        self._transport.close()

    def _ours(self, data: bytes) -> bytes | None:
        """The answer to a question about a name of ours, or to none at all; None for somebody else's."""
        import dns.exception
        import dns.message

        try:
            asked = dns.message.from_wire(data)
        except (dns.exception.DNSException, ValueError):
            return data[:2] + b"\x81\x01" + bytes(8)  # a format error
        return _answer(asked, self._address_of)

    async def _relay(self, data: bytes, addr: tuple[str, int]) -> None:
        for resolver in self._upstream:
            answer = await _ask(resolver, data)
            if answer is not None:
                self._transport.sendto(answer, addr)
                return


def _answer(asked: "dns.message.Message", address_of: Callable[[str], str | None]) -> bytes | None:
    import dns.message
    import dns.rdatatype
    import dns.rrset

    if len(asked.question) != 1:
        return None
    question = asked.question[0]
    address = address_of(question.name.to_text(omit_final_dot=True).lower())
    if address is None:
        return None
    answer = dns.message.make_response(asked, recursion_available=True)
    if question.rdtype == dns.rdatatype.A:  # of any other kind there is nothing, which is an answer too
        answer.answer.append(dns.rrset.from_text(question.name, TTL, "IN", "A", address))
    return answer.to_wire()


async def _ask(resolver: Resolver, data: bytes) -> bytes | None:
    """What a resolver answers, with the number of the question it was; None: nothing in time."""
    loop = asyncio.get_running_loop()
    got: asyncio.Future[bytes] = loop.create_future()
    number = secrets.token_bytes(2)

    class Hearing(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if data[:2] == number and not got.done():
                got.set_result(data)

    try:
        transport, _ = await loop.create_datagram_endpoint(Hearing, remote_addr=resolver)
    except OSError as error:
        log.warning("The resolver %s cannot be asked: %s", resolver[0], error)
        return None
    try:
        transport.sendto(number + data[2:])
        return data[:2] + (await asyncio.wait_for(got, ANSWER_SECONDS))[2:]
    except TimeoutError:
        return None
    finally:
        transport.close()
