"""A service that counts in the background whatever else it does, so that one can see how much CPU it was given."""

import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Count:
    """How far the background has counted."""

    value = 0


def count() -> None:
    while True:
        Count.value += 1


class Counter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        word, _, rest = self.path.lstrip("/").partition("/")
        if word == "sleep":
            time.sleep(float(rest))
        if word == "eat":  # megabytes
            hoard = bytearray(int(rest) << 20)
            hoard[::4096] = b"x" * len(hoard[::4096])
        if word == "write":  # megabytes into a file
            with open("/tmp/more", "wb") as file:
                for _ in range(int(rest)):
                    file.write(bytes(1 << 20))
        if word == "stream":
            return self.stream(float(rest))
        self.answer({"count": Count.value, "revision": os.environ["K_REVISION"], "asked": self.path})

    def stream(self, seconds: float) -> None:
        """The count at once, and again after a while."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for pause in (seconds, 0):
            text = b"%d\n" % Count.value
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            self.wfile.flush()
            time.sleep(pause)
        self.wfile.write(b"0\r\n\r\n")

    def answer(self, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The request log is the platform's."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        socket.socket.bind(self.socket, self.server_address)  # HTTPServer would look up its own name
        self.server_name, self.server_port = "counter", self.server_address[1]


def leave(number: int, frame: object) -> None:
    """Say something for a while; with STUBBORN until SIGKILL."""
    until = time.monotonic() + (60 if "STUBBORN" in os.environ else 1)
    step = 0
    while time.monotonic() < until:
        print(f"leaving {step / 2:.1f} s", flush=True)
        time.sleep(0.5)
        step += 1
    print("left", flush=True)
    os._exit(0)


def main() -> None:
    signal.signal(signal.SIGTERM, leave)
    sys.setswitchinterval(0.001)  # the counter leaves the others a turn
    if "IDLE" not in os.environ:
        threading.Thread(target=count, daemon=True).start()
    Server(("0.0.0.0", int(os.environ["PORT"])), Counter).serve_forever()


if __name__ == "__main__":
    main()
