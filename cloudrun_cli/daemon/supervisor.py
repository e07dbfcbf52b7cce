"""Keeps the daemon alive: starts it, starts it again when it dies, and holds what must outlive it.

The two sockets that Envoy speaks to are opened here and handed down, so that a request which arrives while the daemon
is being replaced waits in the socket's queue instead of being refused. One supervisor a home, by a lock. Should the
supervisor itself be killed, its daemon starts another one, hands the sockets back and makes way (`succeed`).
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from cloudrun_cli.daemon.doorbell import READY, run_folder

BACKLOG = 4096
PAUSES = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)  # seconds before the next start, by deaths in a row
CALM = 30.0  # a daemon that lived this long has not died "in a row"
HOPELESS = 3  # deaths in a row of a daemon that was never ready
GAVE_UP = 3  # exit status of a daemon that cannot start here and said why
GATE, EVENTS = "gate.sock", "events.sock"


def main(home: str, handed: Sequence[int] = ()) -> int:
    """Run until the daemon ends because it was asked to. Answers at once when the home has a supervisor already.
    `handed` are the file descriptors of the sockets, when an orphaned daemon has sent for us."""
    folder = run_folder(home)
    lock = open(os.path.join(folder, "supervisor.lock"), "a")  # noqa: SIM115 - held for life
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    sockets = [socket.socket(fileno=fd) for fd in handed] or [
        _listen(os.path.join(folder, name)) for name in (GATE, EVENTS)
    ]
    asked = _Asked()
    deaths = 0
    while True:
        began = time.monotonic()
        code = _one_life(home, sockets, asked)
        if asked.to_end or code in (0, GAVE_UP):
            return code
        deaths = 0 if time.monotonic() - began > CALM else deaths + 1
        if deaths >= HOPELESS and not os.path.exists(os.path.join(folder, READY)):
            print("supervisor: the daemon has never come up; giving up", flush=True)
            return code
        print(f"supervisor: the daemon ended with {code}; starting it again", flush=True)
        time.sleep(PAUSES[min(deaths, len(PAUSES)) - 1] if deaths else 0)


def succeed(home: str, sockets: Sequence[socket.socket]) -> None:
    """Start a supervisor in the place of one that was killed; it takes over the sockets and starts a daemon. Its
    terminal, environment and log are ours."""
    fds = [s.fileno() for s in sockets]
    subprocess.Popen(
        [sys.executable, "-m", "cloudrun_cli.daemon.supervisor", home, *map(str, fds)],
        pass_fds=fds,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _listen(path: str) -> socket.socket:
    if os.path.exists(path):
        os.unlink(path)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    os.chmod(path, 0o600)
    listening.listen(BACKLOG)
    return listening


class _Asked:
    """Hears that the supervisor is to end, and passes that on to the daemon of the moment."""

    def __init__(self) -> None:
        self.to_end = False
        self.daemon: subprocess.Popen[bytes] | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._hear)

    def _hear(self, number: int, _frame: object) -> None:
        self.to_end = True
        if self.daemon is not None:
            self.daemon.send_signal(signal.SIGTERM)


def _one_life(home: str, sockets: list[socket.socket], asked: _Asked) -> int:
    leash, ours = os.pipe()  # our end closes with us, however we end
    fds = [*(s.fileno() for s in sockets), leash]
    daemon = subprocess.Popen(
        [sys.executable, "-m", "cloudrun_cli.daemon.main", home, *map(str, fds)],
        pass_fds=fds,
        stdin=subprocess.DEVNULL,
    )
    os.close(leash)
    asked.daemon = daemon
    if asked.to_end:
        daemon.send_signal(signal.SIGTERM)
    code = daemon.wait()
    os.close(ours)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], [int(fd) for fd in sys.argv[2:]]))
