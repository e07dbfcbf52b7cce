"""Two containers of one service. The app (with PORT) tells what it shares with the side, which serves port 9000 and can
be made to fail: its startup probe passes only after SLOW seconds, /break makes /health and /ready answer 500."""

import json
import os
import signal
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SHARED = "/shared/greeting"
SLOW_SECONDS = float(os.environ.get("SLOW", "0"))
STARTED = time.time()
BROKEN = threading.Event()


class Pair(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        word = self.path.strip("/")
        if "PORT" in os.environ:
            return self.answer(200, self.of_the_app(word))
        if word == "break":
            BROKEN.set()
        if word == "mend":
            BROKEN.clear()
        if word == "leave":
            os._exit(5)
        late = word == "started" and time.time() < STARTED + SLOW_SECONDS
        ill = word in ("health", "ready") and BROKEN.is_set()
        self.answer(503 if late else 500 if ill else 200, {"env": dict(os.environ), "started": STARTED})

    def of_the_app(self, word: str) -> object:
        if word == "wait":
            time.sleep(30)
        side = json.loads(urllib.request.urlopen(f"http://side:9000/{word}", timeout=5).read()) if word else {}
        with open(SHARED) as file:
            greeting = file.read()
        bucket = sorted(os.listdir("/bucket")) if os.path.isdir("/bucket") else None
        return {"env": dict(os.environ), "started": STARTED, "side": side, "greeting": greeting, "bucket": bucket}

    def answer(self, status: int, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The request log is the platform's."""


def stop(number: int, frame: object) -> None:
    print("SIGTERM received, good bye", flush=True)
    os._exit(0)


def main() -> None:
    signal.signal(signal.SIGTERM, stop)
    if "PORT" not in os.environ:
        with open(SHARED, "w") as file:
            file.write("hello from the side")
    print("begins", flush=True)
    ThreadingHTTPServer.server_bind = lambda self: self.socket.bind(self.server_address)  # type: ignore[method-assign]
    ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("PORT", "9000"))), Pair).serve_forever()


if __name__ == "__main__":
    main()
