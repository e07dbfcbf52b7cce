"""What the jobs of the stories run: it writes down that it began and ended, and does what MODE says in between.

`FOLDER/trace` gets a line for each, in one write: what, index, attempt, moment (by the machine's clock, which is the
same for all tasks)."""

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

INDEX, COUNT, ATTEMPT = (int(os.environ[f"CLOUD_RUN_TASK_{name}"]) for name in ("INDEX", "COUNT", "ATTEMPT"))
FOLDER = Path(os.environ["FOLDER"])
MODE = os.environ.get("MODE", "")


def note(what: str) -> None:
    line = f"{what} {INDEX} {ATTEMPT} {time.monotonic()}\n"
    trace = os.open(FOLDER / "trace", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(trace, line.encode())
    os.close(trace)


def terminated(*_: object) -> None:
    note("terminated")
    os._exit(0 if MODE == "polite" else 1)


def asked(path: str) -> str:
    """What the metadata server says."""
    url = f"http://{os.environ['GCE_METADATA_HOST']}/computeMetadata/v1/{path}"
    with urlopen(Request(url, headers={"Metadata-Flavor": "Google"}), timeout=10) as answer:
        return str(answer.read().decode())


signal.signal(signal.SIGTERM, terminated)
note("begin")
print(f"task {INDEX} of {COUNT}, attempt {ATTEMPT}", flush=True)
match MODE:
    case "hash":  # its share of the files
        if INDEX == 7 and ATTEMPT < 2:
            print("this disk has a bad day", file=sys.stderr, flush=True)
            sys.exit(1)
        for file in sorted((FOLDER / "in").iterdir())[INDEX::COUNT]:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            (FOLDER / "out" / f"{file.name}.sha256").write_text(digest)
    case "one fails":
        if INDEX == 1:
            sys.exit(3)
    case "first attempts fail":
        time.sleep(0.2 + (INDEX * 7 % 5) / 10)
        if INDEX % 5 == 0 and ATTEMPT == 0:
            note("end")
            sys.exit(9)
    case "sleep" | "polite":
        time.sleep(60)
    case "eat":
        hoard = []
        while True:
            hoard.append(b"x" * (16 << 20))
    case "env":
        for name in sorted(os.environ):
            print(f"{name}={os.environ[name]}", flush=True)
    case "who":  # what it is given of secrets, and what the metadata server tells it
        paths = ("project/project-id", "instance/region", "instance/service-accounts/default/email", "instance/id")
        told = [asked(path) for path in paths]
        token = asked("instance/service-accounts/default/identity?audience=https://b&format=full")
        file = Path("/etc/live/now")
        print("WHO", json.dumps({"key": os.environ.get("KEY"), "told": told, "token": token}), flush=True)
        print("FILE", file.read_text() if file.exists() else "none", flush=True)
        if INDEX == 0 and file.exists() and not (FOLDER / "out" / "read").exists():
            first = file.read_text()
            (FOLDER / "out" / "read").write_text(first)
            while file.read_text() == first:
                time.sleep(0.05)
            print("LIVE", file.read_text(), flush=True)
note("end")
