"""Small programs for the contract: standard library only, so that an image or a folder of source can hold them."""

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Program:
    """A program by name and as the text of its `main.py`; it is started as `python3 main.py`."""

    name: str
    source: str


def _program(name: str, source: str) -> Program:
    return Program(name, dedent(source).lstrip())


# Answers every request with what it was given, as JSON. /exit/N leaves with code N, /eat fills the memory.
# Bound by TCPServer: HTTPServer would look up its own name first, which can take seconds where no resolver answers.
SERVER = _program(
    "server",
    """
    import http.server, json, os, resource, signal, socketserver, sys

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            word, _, rest = self.path.lstrip("/").partition("/")
            if word == "exit":
                os._exit(int(rest))
            if word == "eat":
                hoard = bytearray(8 << 30)
                hoard[::4096] = b"x" * len(hoard[::4096])
            if word == "print":
                print(rest, flush=True)
            told = {"env": dict(os.environ), "args": sys.argv[1:], "folder": os.getcwd(), "user": os.getuid(),
                    "files": resource.getrlimit(resource.RLIMIT_NOFILE)[1]}
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer(("0.0.0.0", int(os.environ["PORT"])), Answer)
    print("ready", flush=True)
    server.serve_forever()
    """,
)

# Says three things on two streams, and stays.
TALKER = _program(
    "talker",
    """
    import os, signal, sys, time

    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for stream, text in ((sys.stdout, "one"), (sys.stderr, "two"), (sys.stdout, "three")):
        print(text, file=stream, flush=True)
        time.sleep(0.05)
    while True:
        time.sleep(60)
    """,
)

# Burns all the CPU it gets in two processes, and says how far each of them is whenever somebody connects.
BURNER = _program(
    "burner",
    """
    import mmap, os, signal, socket, struct

    shared = mmap.mmap(-1, 16)
    group = os.getpid()
    for place in (0, 8):
        if os.fork() == 0:
            count = 0
            while os.getppid() == group:
                count += 1
                struct.pack_into("Q", shared, place, count)
            os._exit(0)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    door = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
    print("ready", flush=True)
    while True:
        caller, _ = door.accept()
        caller.sendall(("%d %d" % struct.unpack("QQ", shared)).encode())
        caller.close()
    """,
)

# Says goodbye and leaves with code 3.
LEAVER = _program(
    "leaver",
    """
    import sys

    print("goodbye", flush=True)
    sys.exit(3)
    """,
)

# Does not care for SIGTERM.
STUBBORN = _program(
    "stubborn",
    """
    import signal, time

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("staying", flush=True)
    while True:
        time.sleep(60)
    """,
)

# Listens where nobody outside can reach it.
LOOPBACK = _program(
    "loopback",
    """
    import os, signal, socket, time

    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    door = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
    print("ready", flush=True)
    while True:
        time.sleep(60)
    """,
)

ALL = (SERVER, TALKER, BURNER, LEAVER, STUBBORN, LOOPBACK)
