"""The gate's side of Envoy's question: HTTP/1.1 without bodies, one question at a time on each connection."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol, cast

import httptools

from cloudrun_cli.dataplane.pools import Reply, Ticket

Headers = Mapping[bytes, bytes]  # names in lower case, as Envoy writes them

log = logging.getLogger(__name__)

_NOT_HTTP = b"HTTP/1.1 400 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Decides(Protocol):
    """What answers questions."""

    def ask(self, path: bytes, headers: Headers, reply: Reply) -> bytes | Ticket:
        """The answer; or the ticket that waits for it, and `reply` gets it later."""

    def left(self, ticket: Ticket) -> None:
        """Whoever asked closed the connection without waiting for the answer."""


class GateProtocol(asyncio.Protocol):
    """One connection from an Envoy worker."""

    __slots__ = ("_connections", "_decides", "_headers", "_parser", "_path", "_ticket", "_transport", "on_header")

    def __init__(self, decides: Decides, connections: set["GateProtocol"]) -> None:
        self._decides = decides
        self._connections = connections  # keeps this object alive, and lets the gate close what is open
        self._transport: asyncio.Transport | None = None
        self._headers: dict[bytes, bytes] = {}
        self.on_header = self._headers.__setitem__
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""
        self._ticket: Ticket | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Envoy has connected."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own kind is no subclass
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """A part of a question, or the whole."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._parser = httptools.HttpRequestParser(self)  # a question about a WebSocket is a question like others
        except httptools.HttpParserCallbackError:
            log.exception("A question was not answered.", extra={"event": "gate_bug"})
            self.send(_NOT_HTTP)
            self.close()
        except httptools.HttpParserError:
            self.send(_NOT_HTTP)
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Envoy has gone; whoever waits here has left."""
        self._transport = None
        self._connections.discard(self)
        if self._ticket is not None:
            self._decides.left(self._ticket)
            self._ticket = None

    def on_url(self, url: bytes) -> None:
        """Called by the parser; a long path can come in pieces."""
        self._path += url

    def on_message_complete(self) -> None:
        """Called by the parser: the question is whole."""
        path = self._path
        self._path = b""
        answer = self._decides.ask(path, self._headers, self)
        self._headers.clear()
        if isinstance(answer, bytes):
            self.send(answer)
        else:
            self._ticket = answer

    def send(self, answer: bytes) -> None:
        """Write the answer, unless Envoy has gone."""
        self._ticket = None
        if self._transport is not None:
            self._transport.write(answer)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()
