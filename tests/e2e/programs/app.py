"""The service that the stories deploy: it tells what it was given, and misbehaves when BEHAVE says how."""

import base64
import hashlib
import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GO = threading.Event()


class Illness:
    """For how long /health answers 500."""

    until = 0.0


MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of the WebSocket handshake, RFC 6455


class Overlap:
    """How many requests are being worked on, and the most there ever were."""

    lock = threading.Lock()
    running = most = 0


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written one after the other

    def do_GET(self) -> None:
        with Overlap.lock:
            Overlap.running += 1
            Overlap.most = max(Overlap.most, Overlap.running)
        self.counted = True
        try:
            self.get()
        finally:
            self.uncount()

    def uncount(self) -> None:
        """Before the answer is sent: with its last byte the next request may come."""
        with Overlap.lock:
            Overlap.running -= self.counted
            self.counted = False

    def get(self) -> None:
        word, _, rest = self.path.lstrip("/").partition("/")
        if word == "exit":
            os._exit(int(rest))
        if word == "chunks":
            return self.stream()
        if word == "ws":
            return self.echo()
        if word == "revision":
            return self.answer(os.environ["K_REVISION"])
        if word == "read":
            return self.answer(read(f"/{rest}"))
        if word == "most":
            return self.answer({"most": Overlap.most})
        if word == "sleep":
            time.sleep(float(rest))
        if word == "burn":
            until = time.monotonic() + float(rest)
            while time.monotonic() < until:
                pass
        if word == "go":
            GO.set()
        if word == "wait":
            GO.wait(30)
        if word == "sicken":
            Illness.until = time.monotonic() + float(rest)
        if word == "health" and time.monotonic() < Illness.until:
            return self.send_error(500, "sick")
        if word == "say":
            print(rest, flush=True)
        self.answer({"env": dict(os.environ), "args": sys.argv[1:], "headers": dict(self.headers), "pid": os.getpid()})

    def do_POST(self) -> None:
        digest, size, left = hashlib.sha256(), 0, int(self.headers.get("Content-Length") or 0)
        while chunk := self.rfile.read(min(left - size, 1 << 16)):
            digest.update(chunk)
            size += len(chunk)
        self.answer({"size": size, "sha256": digest.hexdigest()})

    def stream(self) -> None:
        """One chunk at once, the second only when somebody has called /go."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        GO.clear()
        for text in (b"first", b"second"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            self.wfile.flush()
            if text == b"first":
                GO.wait(30)
        self.wfile.write(b"0\r\n\r\n")

    def echo(self) -> None:
        """A WebSocket that answers one short message with itself in capitals."""
        key = self.headers["Sec-WebSocket-Key"].encode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key + MAGIC).digest()).decode())
        self.end_headers()
        _, length = self.rfile.read(2)
        mask = self.rfile.read(4)
        text = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self.rfile.read(length & 127))).upper()
        self.wfile.write(bytes((0x81, len(text))) + text + bytes((0x88, 2)) + (1000).to_bytes(2, "big"))
        self.close_connection = True

    def answer(self, told: object) -> None:
        if self.command == "GET":
            self.uncount()
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The request log is the platform's."""


def read(path: str) -> dict[str, object]:
    """The text and the mode of a file, or why there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return {"text": file.read(), "mode": oct(os.fstat(file.fileno()).st_mode & 0o777)}
    except OSError as error:
        return {"error": type(error).__name__}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        socket.socket.bind(self.socket, self.server_address)  # HTTPServer would look up its own name
        self.server_name, self.server_port = "app", self.server_address[1]


def stop(number: int, frame: object) -> None:
    print("SIGTERM received, good bye", flush=True)
    os._exit(0)


def main() -> None:
    signal.signal(signal.SIGTERM, stop)
    behave, _, value = os.environ.get("BEHAVE", "").partition(":")
    host, port = "0.0.0.0", int(os.environ["PORT"])
    match behave:
        case "exit":
            print("about to leave", flush=True)
            print("cannot find the flux capacitor", file=sys.stderr, flush=True)
            sys.exit(int(value))
        case "loopback":
            host = "127.0.0.1"
        case "port":
            port = int(value)
        case "sick":
            Illness.until = float("inf")
        case "late":
            time.sleep(float(value))
        case "silent":
            time.sleep(600)
        case "hog":
            hoard = bytearray(int(value) << 20)
            hoard[::4096] = b"x" * len(hoard[::4096])
            time.sleep(600)
    Server((host, port), App).serve_forever()


if __name__ == "__main__":
    main()
