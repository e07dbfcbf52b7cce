"""The doorbell: "look again". And the way to the daemon behind it: is it there, and if not, start it.

The bell carries no facts; a lost ring costs a moment. `HOME/run/daemon.json` says who the daemon is.
"""

import json
import os
import signal
import socket
import sys
import time
from typing import Any

from cloudrun_cli.core.errors import Unavailable

START_SECONDS = 60.0  # how long a start may take on a machine that is busy; otherwise it takes well under one
RETRY_SECONDS = 0.5
STOP_SECONDS = 40.0  # requests under way, then ten seconds' grace for the instances, then the engine's clean-up
READY, FAILED, FORGET = "daemon.json", "failed.json", "forget-images"


def run_folder(home: str) -> str:
    """Sockets, pids and locks of a home. A socket's path is short: those of a deep home live in the system's own
    place for such things."""
    os.makedirs(home, mode=0o700, exist_ok=True)
    path = os.path.join(home, "run")
    if len(path) > 80:  # a unix socket's path has at most 107 bytes
        import hashlib
        import tempfile

        name = hashlib.sha256(os.path.abspath(home).encode()).hexdigest()[:16]
        path = os.path.join(tempfile.gettempdir(), f"cloudrun-{os.getuid()}-{name}")
    os.makedirs(path, mode=0o700, exist_ok=True)
    if os.stat(path, follow_symlinks=False).st_uid != os.getuid():  # where everybody may make folders
        from cloudrun_cli.core.errors import FailedPrecondition

        raise FailedPrecondition(
            f"The folder [{path}] for sockets belongs to somebody else.", hint="Choose a shorter CLOUDRUN_HOME."
        )
    return path


def bell_path(home: str) -> str:
    """Where the daemon listens for rings."""
    return os.path.join(run_folder(home), "bell.sock")


def ring(home: str) -> bool:
    """Tell the daemon to look again; False when nobody is there to hear it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bell:
        bell.setblocking(False)
        try:
            bell.sendto(b"\0", bell_path(home))
        except BlockingIOError:
            return True  # so many rings wait already that one more says nothing new
        except (ConnectionRefusedError, FileNotFoundError):
            return False
    return True


def status(home: str) -> dict[str, Any] | None:
    """What the daemon says of itself while it runs, else None."""
    try:
        with open(os.path.join(run_folder(home), READY)) as file:
            said: dict[str, Any] = json.load(file)
    except (FileNotFoundError, ValueError):
        return None
    return said if alive(said["pid"], said["started"]) else None


def alive(pid: int, started: str) -> bool:
    """Whether this very process still runs: the pid, and the moment it began."""
    return process_start(pid) == started


def process_start(pid: int) -> str | None:
    """The moment a process began, as the system counts it; None when there is none (or only its ashes)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        if os.path.exists("/proc/self/stat"):
            return None
        import subprocess

        shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return shown.stdout.strip() or None
    return None if fields[0] == b"Z" else fields[19].decode()


def ensure(home: str, settings: dict[str, str]) -> bool:
    """The daemon runs and was rung; True when it had to be started. Raises Unavailable with what it said when it
    does not come up."""
    if ring(home) and status(home) is not None:
        return False
    return start(home, settings)


def repair(home: str) -> bool:
    """Whether the daemon runs, after one that has died was started again; False when it was stopped."""
    if status(home) is not None:
        return True
    if not _left_behind(home):
        return False
    start(home, {})
    return True


def start(home: str, settings: dict[str, str]) -> bool:
    """Start the supervisor, which starts the daemon, and wait until it is ready; False when another start came first.
    `settings` are environment variables for it."""
    import subprocess

    folder = run_folder(home)
    failed = os.path.join(folder, FAILED)
    if os.path.exists(failed):
        os.unlink(failed)
    log_path = os.path.join(folder, "daemon.log")

    def supervise() -> "subprocess.Popen[bytes]":
        with open(log_path, "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "cloudrun_cli.daemon.supervisor", home],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={**os.environ, **settings, "PYTHONPATH": import_path()},
                start_new_session=True,
            )

    child = supervise()
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        said = status(home)
        if said is not None:
            child.returncode = 0  # it lives on by itself: nothing here waits for it
            return bool(said.get("supervisor") == child.pid)
        if os.path.exists(failed):
            with open(failed) as file:
                told = json.load(file)
            raise Unavailable(told["message"], hint=told.get("hint"))
        if child.poll() == 0:  # there is a supervisor already; should it be on its way out, we come next
            time.sleep(RETRY_SECONDS)
            child = supervise()
        elif child.poll() is not None:
            break
        time.sleep(0.005)
    raise Unavailable("The emulator did not start.", hint=f"Its log says why: {log_path}")


def forget_images(home: str) -> None:
    """When the daemon stops next, it is to let go of all images that it keeps."""
    with open(os.path.join(run_folder(home), FORGET), "w"):
        pass


def stop(home: str) -> bool:
    """End daemon and supervisor, and everything that runs; False when there was nothing. Returns when they are gone.
    What a daemon that was killed has left behind is cleaned up by one started for just that."""
    deadline = time.monotonic() + STOP_SECONDS
    if not repair(home):
        return False
    while (said := status(home)) is None or not _ask_to_end(said):  # its supervisor was killed: another one comes
        if time.monotonic() > deadline:
            raise Unavailable("The emulator went away while it was being stopped.", hint="Run the command again.")
        time.sleep(0.01)
        if not repair(home):
            return True
    while time.monotonic() < deadline:
        if not alive(said["supervisor"], said["supervisor_started"]):
            return True
        time.sleep(0.01)
    raise Unavailable(
        f"The emulator did not stop within {STOP_SECONDS:.0f} s.",
        hint=f"Its log says why: {os.path.join(run_folder(home), 'daemon.log')}",
    )


def _ask_to_end(said: dict[str, Any]) -> bool:
    """Whether there was a supervisor to be asked."""
    if not alive(said["supervisor"], said["supervisor_started"]):
        return False
    try:
        os.kill(said["supervisor"], signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True


def _left_behind(home: str) -> bool:
    """Whether a daemon has gone without taking its leave: it writes down that it runs, and removes that at its end."""
    return os.path.exists(os.path.join(run_folder(home), READY))


def import_path() -> str:
    """Where this very package was found, first: a checkout that was never installed starts its own daemon."""
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
