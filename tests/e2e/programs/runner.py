"""A service that does what it is asked: the Python program in the body runs in its place, and what that prints is the
answer. So each test says itself what the code inside does, with libraries as they are."""

import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Runner(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        program = self.rfile.read(int(self.headers["Content-Length"]))
        command = self.headers.get("X-Command", sys.executable).split()
        done = subprocess.run([*command, "-"], input=program, capture_output=True, timeout=60, check=False)
        self.answer(200 if done.returncode == 0 else 500, done.stdout + done.stderr)

    def do_GET(self) -> None:
        said = "".join(f"{name}: {value}\n" for name, value in self.headers.items())
        self.answer(200, f"{os.environ.get('K_SERVICE')} {self.path}\n{said}".encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", int(os.environ["PORT"])), Runner).serve_forever()
