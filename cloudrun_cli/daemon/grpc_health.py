"""One question of the gRPC health protocol. Source: grpc.health.v1, Health.Check; gRPC over HTTP/2."""

import asyncio
import struct
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError

PATH = "/grpc.health.v1.Health/Check"
SERVING = 1  # Source: HealthCheckResponse.ServingStatus
STATUS_NAMES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}


@dataclass(slots=True)
class _Answer:
    """What has come back so far."""

    fields: dict[str, str] = field(default_factory=dict)  # of head and trailers
    body: bytearray = field(default_factory=bytearray)
    over: str = ""  # why there is no more to come


async def check(host: str, port: int, service: str) -> str:
    """Ask once whether the service is serving: "" when it is, else what was answered instead. The caller bounds the
    time. Raises OSError when nobody listens."""
    reader, writer = await asyncio.open_connection(host, port)
    connection = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
    try:
        answer = await _ask(connection, reader, writer, f"{host}:{port}", service)
    except ProtocolError as error:
        return f"the answer was not HTTP/2: {error}"
    finally:
        writer.transport.abort()
    return _meaning(answer)


async def _ask(
    connection: H2Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, service: str
) -> _Answer:
    connection.initiate_connection()
    stream = connection.get_next_available_stream_id()
    head = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", PATH),
        (":authority", host),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", "cloudrun-probe"),
    ]
    connection.send_headers(stream, head)
    connection.send_data(stream, _message(service), end_stream=True)
    answer = _Answer()
    while not answer.over:
        writer.write(connection.data_to_send())
        await writer.drain()
        received = await reader.read(65536)
        if not received:
            answer.over = "the connection was closed"
        else:
            for event in connection.receive_data(received):
                _take(answer, event)
    return answer


def _take(answer: _Answer, event: Event) -> None:
    match event:
        case ResponseReceived(headers=headers) | TrailersReceived(headers=headers):
            answer.fields |= {str(name): str(value) for name, value in headers or ()}
        case DataReceived(data=data):
            answer.body += data or b""
        case StreamEnded():
            answer.over = "done"
        case StreamReset() | ConnectionTerminated():
            answer.over = "the request was refused"
        case _:
            return


def _meaning(answer: _Answer) -> str:
    status = answer.fields.get("grpc-status")
    if status is None:
        http = answer.fields.get(":status")
        return f"HTTP status {http} and no gRPC status" if http and http != "200" else f"no gRPC status: {answer.over}"
    if status != "0":
        said = answer.fields.get("grpc-message", "")
        return f"gRPC status {status}{f' ({said})' if said else ''}"
    serving = _serving(bytes(answer.body))
    return "" if serving == SERVING else f"the service is {STATUS_NAMES.get(serving, str(serving))}"


def _message(service: str) -> bytes:
    """HealthCheckRequest in gRPC's frame: field 1 is the name of the service."""
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""
    return struct.pack(">BI", 0, len(message)) + message


def _serving(body: bytes) -> int:
    """Field 1 of HealthCheckResponse; absent it is 0."""
    message = body[5:]
    return message[1] if len(message) >= 2 and message[0] == 0x08 else 0


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))
