"""The program on a terminal of its own, with somebody who types."""

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from typing import NamedTuple

from tests.conftest import LIMIT_SECONDS, Cloudrun


class Seen(NamedTuple):
    """What came on the terminal, and the exit code."""

    text: str
    exit_code: int


def on_a_terminal(
    cloudrun: Cloudrun,
    line: str,
    keys: str = "",
    *,
    waits_for: str = "?  ",
    env: Mapping[str, str] | None = None,
    columns: int = 100,
) -> Seen:
    """Runs a line with its three streams on a terminal so many columns wide. The keys are typed once what is waited
    for has come; the end of a line is \\n in the answer."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environ = {name: value for name, value in cloudrun.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-m", "cloudrun_cli", *line.split()],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=cloudrun.home.parent,
        env=environ | {"TERM": "xterm-256color"} | dict(env or {}),
        start_new_session=True,
    )
    os.close(theirs)
    seen, typed, deadline = b"", not keys, time.monotonic() + LIMIT_SECONDS
    try:
        while True:
            ready, _, _ = select.select([ours], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"nothing came any more after {seen!r}"
            try:
                read = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not read:
                break
            seen += read
            if not typed and waits_for.encode() in seen:
                typed = True
                os.write(ours, keys.encode())
        return Seen(seen.decode().replace("\r\n", "\n"), process.wait(LIMIT_SECONDS))
    finally:
        process.kill()
        process.wait(LIMIT_SECONDS)
        os.close(ours)
