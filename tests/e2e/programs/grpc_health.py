"""A gRPC server with nothing but the health protocol, by the h2 library: the service `shop` is well for some checks."""

import os
import signal
import socketserver

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded

WELL = int(os.environ["WELL"])  # how many checks are answered with SERVING
CHECKS = [0]


class Health(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()
        body = b""
        while received := self.request.recv(65536):
            for event in connection.receive_data(received):
                if isinstance(event, DataReceived):
                    body += event.data or b""
                elif isinstance(event, StreamEnded):
                    self.answer(connection, event.stream_id or 0, body)
            self.request.sendall(connection.data_to_send())

    def answer(self, connection: H2Connection, stream: int, body: bytes) -> None:
        known = body == b"\0\0\0\0\x06\x0a\x04shop"
        CHECKS[0] += known
        print(f"check {CHECKS[0]}", flush=True)
        connection.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
        if known:
            connection.send_data(stream, b"\0\0\0\0\x02\x08" + (b"\1" if CHECKS[0] <= WELL else b"\2"))
        connection.send_headers(stream, [("grpc-status", "0" if known else "5")], end_stream=True)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
Server(("0.0.0.0", 9000), Health).serve_forever()
