"""The sample service: one page that names the service, its revision and its project.

Started with the bare interpreter (`python -I -S hello.py`), standard library only: http.server listens after 50 ms of
CPU, where a framework takes several hundred.
"""

import html
import os
import signal
import socketserver
from http.server import BaseHTTPRequestHandler
from typing import NoReturn

BODY_BYTES = 64 * 1024  # of a request, read at a time and thrown away

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{service} is running</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 12vh auto; max-width: 38rem; padding: 0 1rem; color: #202124 }}
h1 {{ color: #1a73e8; font-weight: 500 }} dt {{ color: #5f6368 }} dd {{ margin: 0 0 .5rem; font-family: monospace }}
</style></head>
<body>
<h1>It's running!</h1>
<p>This service answers from your own machine. Deploy your code in its place.</p>
<dl><dt>Service</dt><dd>{service}</dd><dt>Revision</dt><dd>{revision}</dd>
<dt>Project</dt><dd>{project}</dd><dt>Region</dt><dd>{region}</dd></dl>
</body></html>
"""


class Hello(BaseHTTPRequestHandler):
    """Answers every path and method with the page."""

    protocol_version = "HTTP/1.1"
    server_version = "hello"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # header and page in one write
    page = b""

    def answer(self) -> None:
        """Read the request to its end, so that the connection can serve the next one, and send the page."""
        if not self._read_body():
            self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.page)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def _read_body(self) -> bool:
        """Whether the end of the body was found. A chunked one is not read: its connection ends with the answer."""
        if self.headers.get("Transfer-Encoding"):
            return False
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0:
            chunk = self.rfile.read(min(left, BODY_BYTES))
            if not chunk:
                return False
            left -= len(chunk)
        return True

    def log_message(self, format: str, *args: object) -> None:
        """Requests are logged by the platform."""


class Server(socketserver.ThreadingTCPServer):
    """A thread per connection."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024


def main() -> None:
    """Serve on PORT until SIGTERM."""

    def leave(*_: object) -> NoReturn:
        print("SIGTERM received, leaving.", flush=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, leave)
    values = {
        "service": os.environ.get("K_SERVICE", "unknown"),
        "revision": os.environ.get("K_REVISION", "unknown"),
        "project": os.environ.get("STANDIN_PROJECT", "unknown"),
        "region": os.environ.get("STANDIN_REGION", "unknown"),
    }
    Hello.page = PAGE.format(**{key: html.escape(value) for key, value in values.items()}).encode()
    port = int(os.environ.get("PORT", "8080"))
    with Server(("0.0.0.0", port), Hello) as server:
        print(f"hello listens on port {port}", flush=True)
        server.serve_forever(poll_interval=3600)


if __name__ == "__main__":
    main()
