"""The parent of every instance of a home: starts it, waits for it, and writes down how it ended.

    python -I -S keeper.py SOCKET INSTANCES

How a process ended is told to its parent and to nobody else. If the daemon were the parent, an end during its absence
would be lost; a shim per instance would cost each 8 MiB and 10 ms of cold start, and `/bin/sh` as shim cannot tell
`exit 137` from SIGKILL. So one small program per home is the parent of them all and outlives the daemon. It knows
nothing of services: it takes requests as JSON lines on a unix socket, tells its clients which instance ended, and goes
when it has neither children nor clients. If it is killed, instances go on, and only the way they end becomes unknown.

Request {"id", "argv", "env", "cwd", "join": [cgroup.procs files], "nofile"} → {"id", "pid", "start"} or
{"id", "errno", "text", "what"}. A client is greeted with {"keeps": [ids]}, and told {"ended": id}. In INSTANCES/ID/,
`pid` is written before the program runs and `exit.json` before the process disappears; where `pid` is there already, it
is the answer, and nothing is started. Started with the bare interpreter, so standard library only.
"""

import fcntl
import functools
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from typing import Any

HOSTS = "hosts"  # beside INSTANCES: the names that instances can look up, rewritten in place by the daemon
CLONE_NEWNS, MS_BIND, MS_REC, MS_SLAVE = 0x20000, 0x1000, 0x4000, 0x80000  # Source: linux/sched.h, linux/mount.h
IDLE_SECONDS = 0.2  # how long to wait for a client when there is nothing to keep
FIRST_CLIENT_SECONDS = 30.0
SEES_ENDED = hasattr(os, "waitid")  # whether an end can be seen without taking the process away; not on older macOS
CLIENT_SECONDS = 1.0  # a client that does not take its messages for so long misses them; the files say the same


def main(path: str, instances: str) -> int:
    """Serve until there is nothing to keep; 0 also when another keeper already serves."""
    lock = os.open(f"{instances}/keeper.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):  # SIGCHLD: or there is no wake-up
        signal.signal(number, lambda *_: None)  # a handler of ours and not SIG_IGN, which programs would inherit
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.umask(0o077)
    listener.bind(path)
    listener.listen(16)
    _use_own_hosts(f"{os.path.dirname(instances)}/{HOSTS}")
    if os.fork():
        os._exit(0)  # whoever waits for this process may connect now
    try:
        Keeper(listener, instances).serve()
    finally:
        listener.close()
    return 0


class Keeper:
    """The children by process id, the clients by file descriptor, and one poll over all of it."""

    def __init__(self, listener: socket.socket, instances: str) -> None:
        self._listener = listener
        self._instances = instances
        self._children: dict[int, str] = {}
        self._clients: dict[int, tuple[socket.socket, bytearray]] = {}
        self._starting: dict[int, tuple[socket.socket, dict[str, Any]]] = {}  # by the pipe that tells how it went
        self._pipes: dict[int, int] = {}  # of those that start, by process id
        self._poll = select.poll()

    def serve(self) -> None:
        """Answer and reap until nobody needs it."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self._poll.register(self._listener, select.POLLIN)
        self._poll.register(wake_read, select.POLLIN)
        idle = FIRST_CLIENT_SECONDS
        gc.freeze()  # what is here stays; a collection that touches it would copy it after every fork
        while True:
            needed = self._children or self._clients
            ready = self._poll.poll(None if needed else idle * 1000)
            if not ready and not needed:
                return
            for fd, _ in ready:
                if fd == wake_read:
                    os.read(wake_read, 4096)
                elif fd == self._listener.fileno():
                    self._welcome()
                    idle = IDLE_SECONDS
                elif fd in self._starting:
                    self._started(fd)
                elif fd in self._clients:
                    self._hear(fd)
            self._reap()

    def _welcome(self) -> None:
        client, _ = self._listener.accept()
        client.settimeout(CLIENT_SECONDS)
        self._clients[client.fileno()] = (client, bytearray())
        self._poll.register(client, select.POLLIN)
        self._tell(client, {"keeps": list(self._children.values())})

    def _hear(self, fd: int) -> None:
        """Take what a client sent, and start what it asks for."""
        client, buffer = self._clients[fd]
        try:
            chunk = client.recv(1 << 16)
        except OSError:
            chunk = b""  # a client that broke off is a client that left
        if not chunk:
            self._poll.unregister(fd)
            del self._clients[fd]
            client.close()
            return
        buffer += chunk
        while (end := buffer.find(b"\n")) >= 0:
            request = json.loads(buffer[:end])
            del buffer[: end + 1]
            if (answer := self._start(client, request)) is not None:
                self._tell(client, answer)

    def _tell(self, client: socket.socket, answer: dict[str, Any]) -> None:
        try:
            client.sendall(json.dumps(answer).encode() + b"\n")
        except OSError as error:  # it left; its files say the same
            print(f"a client left: {error}", file=sys.stderr)

    def _start(self, client: socket.socket, request: dict[str, Any]) -> dict[str, Any] | None:
        """Fork, write down who it is, and only then let it become the program. The answer, unless it comes later, when
        the program runs: a child may wait long for a processor, and others are to start meanwhile."""
        folder = f"{self._instances}/{request['id']}"
        if earlier := _read(f"{folder}/pid"):  # of a task, asked for by a daemon that was killed
            earlier_pid, _, begun = earlier.partition(":")
            return {"id": request["id"], "pid": int(earlier_pid), "start": begun}
        gate_read, gate_write = os.pipe()
        error_read, error_write = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            for fd in (gate_read, gate_write, error_read, error_write):
                os.close(fd)
            return {"id": request["id"], "errno": error.errno, "text": error.strerror, "what": "fork"}
        if pid == 0:
            os.close(gate_write)
            _become(request, folder, gate_read, error_write)
        os.close(gate_read)
        os.close(error_write)
        self._children[pid] = request["id"]
        started = start_time(pid)
        try:
            write(f"{folder}/pid", f"{pid}:{started}")
            os.write(gate_write, b"!")
        except OSError as error:  # its folder was removed: whoever asked has given up
            print(f"{folder}: {error}", file=sys.stderr, flush=True)
        os.close(gate_write)
        self._starting[error_read] = (client, {"id": request["id"], "pid": pid, "start": started})
        self._pipes[pid] = error_read
        self._poll.register(error_read, select.POLLIN)
        return None

    def _started(self, fd: int, *, is_gone: bool = False) -> bool:
        """The program runs, or could not; whether it does. `is_gone`: its process was taken from the table already."""
        self._poll.unregister(fd)
        client, answer = self._starting.pop(fd)
        pid, name = answer["pid"], answer["id"]
        del self._pipes[pid]
        failed = _rest(fd)  # ends when the program runs: the other end closes by itself
        os.close(fd)
        if failed:
            del self._children[pid]
            if not is_gone:
                os.waitpid(pid, 0)
            _remove(f"{self._instances}/{name}/pid")  # it never ran
            answer = {"id": name, **json.loads(failed)}
        self._tell(client, answer)
        return not failed

    def _reap(self) -> None:
        """Write down every end before the process disappears, then tell the clients."""
        while (end := _next_end()) is not None:
            pid, kind, number = end
            if pid in self._pipes and not self._started(self._pipes[pid], is_gone=not SEES_ENDED):
                continue
            name = self._children.pop(pid, None)
            if name is not None:
                try:
                    write(f"{self._instances}/{name}/exit.json", json.dumps({kind: number, "at": time.time()}))
                except OSError as error:  # its folder was removed: nobody wants to know
                    print(f"{name}: {error}", file=sys.stderr, flush=True)
            if SEES_ENDED:
                os.waitpid(pid, 0)
            if name is not None:
                for client, _ in list(self._clients.values()):
                    self._tell(client, {"ended": name})


def _use_own_hosts(hosts: str) -> None:
    """See this file as /etc/hosts from now on, with every instance to come and nobody else. As root of Linux; where it
    cannot be, instances see the machine's own."""
    if sys.platform != "linux" or os.geteuid() != 0 or not os.path.exists(hosts):
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    own = libc.unshare(CLONE_NEWNS) == 0 and libc.mount(b"none", b"/", None, MS_REC | MS_SLAVE, None) == 0
    if not own or libc.mount(os.fsencode(hosts), b"/etc/hosts", None, MS_BIND, None) != 0:
        print(f"{hosts}: {os.strerror(ctypes.get_errno())}", file=sys.stderr, flush=True)


def _become(request: dict[str, Any], folder: str, gate: int, errors: int) -> None:
    """In the child: take the limits, the folders and the files, then the program. Never returns."""
    what = "session"
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for group in request["join"]:
            try:
                put(group, "0", os.O_WRONLY)
            except OSError as error:  # the one who asked looks whether it is in there
                os.write(2, f"{group}: {error.strerror}\n".encode())
        what = "nofile"
        _bound_files(request["nofile"])
        for fd, name in ((0, os.devnull), (1, f"{folder}/stdout"), (2, f"{folder}/stderr")):
            what = name
            file = os.open(name, os.O_RDONLY if fd == 0 else os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.dup2(file, fd)
            os.close(file)
        what = request["cwd"]
        os.chdir(request["cwd"])
        os.umask(0o022)
        if os.read(gate, 1):  # nothing: the keeper died, and nobody would know of this process
            what = request["argv"][0]
            os.execvpe(what, request["argv"], request["env"])
    except OSError as error:
        os.write(errors, json.dumps({"errno": error.errno, "text": error.strerror, "what": what}).encode())
    finally:
        os._exit(127)


def _next_end() -> tuple[int, str, int] | None:
    """A child that has ended: its number, `code` or `signal`, and which. It stays in the table where SEES_ENDED."""
    try:
        if SEES_ENDED:
            seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if seen is None:
                return None
            return seen.si_pid, "code" if seen.si_code == os.CLD_EXITED else "signal", seen.si_status
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    code = os.waitstatus_to_exitcode(status)
    return (pid, "code" if code >= 0 else "signal", abs(code)) if pid else None


def _bound_files(wanted: int) -> None:
    """The number of files that may be open, or the system's own bound where that is lower and ours is refused."""
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (ValueError, PermissionError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def start_time(pid: int) -> str:
    """When a process began, in a form that no other process of the same number ever has; empty where unknown.
    Linux: clock ticks since boot and which boot. Elsewhere the keeper leaves it to the caller."""
    try:
        return f"{take(f'/proc/{pid}/stat').rpartition(b')')[2].split()[19].decode()}@{_boot()}"
    except OSError:
        return ""


@functools.cache
def _boot() -> str:
    return take("/proc/sys/kernel/random/boot_id")[:8].decode()


def _read(path: str) -> str:
    try:
        return take(path).decode()
    except FileNotFoundError:
        return ""


def _remove(path: str) -> None:
    if os.path.exists(path):  # else its folder was removed: whoever asked has given up
        os.unlink(path)


def write(path: str, text: str) -> None:
    """All of the text or nothing, whatever happens meanwhile."""
    put(f"{path}.new", text, whole=True)
    os.replace(f"{path}.new", path)


# Many small files: with `open` each of these would cost three more system calls


def take(path: str) -> bytes:
    """What is in a file."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _rest(fd)
    finally:
        os.close(fd)


def put(path: str, text: str, flags: int = os.O_WRONLY | os.O_CREAT, *, whole: bool = False) -> None:
    """Write the text to a file of the kernel's, or from the beginning of another; `whole`: nothing else is in it then.
    What is cut off afterwards keeps its place on the disk, which O_TRUNC would give back, and slowly."""
    data = text.encode()
    fd, rest = os.open(path, flags | os.O_CLOEXEC, 0o666), data
    try:
        while rest:
            rest = rest[os.write(fd, rest) :]
        if whole and os.fstat(fd).st_size > len(data):
            os.ftruncate(fd, len(data))
    finally:
        os.close(fd)


def _rest(fd: int) -> bytes:
    data = b""
    while chunk := os.read(fd, 1 << 16):
        data += chunk
    return data


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
