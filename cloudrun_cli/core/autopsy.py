"""Why an instance did not start: what was seen, in; the true cause and what to do about it, out."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloudrun_cli.core.errors import CloudRunError, SecretsRefused

UNHEALTHY = "HealthCheckContainerError"
MISSING = "ContainerMissing"
SECRETS = "SecretsAccessCheckFailed"  # Source: v2, RevisionReason
_TAIL = 10  # lines of the log that go into the message


@dataclass(frozen=True, slots=True)
class Socket:
    """A socket found listening in the instance."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of a start that failed. `exited` says the instance is gone; then `code` or `signal` says how.
    `port_is_ours`: the port was given by the runtime, so that --port would not change it."""

    port: int
    waited_seconds: float
    exited: bool = False
    code: int | None = None
    signal: int | None = None
    out_of_memory: bool = False
    memory_limit: str = ""
    sockets: tuple[Socket, ...] = ()
    log: Sequence[str] = ()
    port_is_ours: bool = False
    service: str = "SERVICE"
    listened: bool = False  # it had opened its port before it ended
    container: str = ""  # its name, where there are several
    sidecar: bool = False  # it is not the one that gets the requests

    @property
    def it(self) -> str:
        """The container, as the subject of a sentence."""
        return f"The container [{self.container}]" if self.container else "The container"


@dataclass(frozen=True, slots=True)
class Finding:
    """The cause in one line, what to do in the next, and the reason for the condition."""

    cause: str
    advice: str
    reason: str = UNHEALTHY
    log: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """All of it, the cause first."""
        tail = "\nLast log lines:\n" + "\n".join(f"  {line}" for line in self.log) if self.log else ""
        return f"{self.cause}\n{self.advice}{tail}"


def refused(error: CloudRunError) -> Finding:
    """What came of a start that was refused before there was anything to see."""
    return Finding(error.message, error.hint or "", SECRETS if isinstance(error, SecretsRefused) else MISSING)


def examine(seen: Observed) -> Finding:
    """The cause that explains what was seen. The most certain comes first: an end, then a wrong socket, then none."""
    log = tuple(line[:500] for line in seen.log[-_TAIL:])
    if seen.out_of_memory:
        return Finding(
            f"{seen.it} was killed because it used more memory than its limit of {seen.memory_limit}, "
            f"before {'the instance was ready' if seen.sidecar else 'it listened'}.",
            "Give it more with --memory, or make it need less while it starts.",
            log=log,
        )
    if seen.exited and any("exec format error" in line for line in log[-1:]):
        return Finding(
            f"{seen.it}'s program cannot run here: it is built for another kind of processor, or is no program.",
            "Build the image for this machine, with docker buildx build --platform=linux/amd64 or linux/arm64.",
            log=log,
        )
    if seen.exited:
        return Finding(_ended(seen), _advice_for_end(seen), log=log)
    here = [s for s in seen.sockets if s.port == seen.port]
    if here and not loopback_only(seen.sockets, seen.port):
        return Finding(
            f"{seen.it} did not listen on port {seen.port} within {seen.waited_seconds:.0f} s, but it does now: "
            "it starts too slowly.",
            "Make it start faster, or raise the limit: cloudrun config set emulator/startup_timeout SECONDS",
            log=log,
        )
    if here:
        return Finding(
            f"{seen.it} listens on {_shown(here[0])} only, where no request can reach it.",
            f"Listen on 0.0.0.0:{seen.port} (all addresses, the port in $PORT).",
            log=log,
        )
    if seen.sockets:
        found = ", ".join(str(port) for port in sorted({s.port for s in seen.sockets}))
        also = "" if seen.port_is_ours else f", or deploy with --port={_likeliest(seen.sockets).port}"
        return Finding(
            f"{seen.it} listens on port {found}, but requests are sent to port {seen.port}.",
            f"Listen on the port in $PORT{also}.",
            log=log,
        )
    return Finding(
        f"{seen.it} did not listen on port {seen.port} within {seen.waited_seconds:.0f} s; it still runs but "
        "listens on no port.",
        "Start a server on 0.0.0.0:$PORT. If it only needs longer, raise the limit: "
        "cloudrun config set emulator/startup_timeout SECONDS",
        log=log,
    )


def suspicion(sockets: Sequence[Socket], port: int, *, alone: bool = True) -> str:
    """What may be wrong with an instance that still starts, by what it listens on; "" when nothing seems to be.
    `alone`: it has one container, so that a socket elsewhere must be the one that was meant."""
    here = [s for s in sockets if s.port == port]
    if here and loopback_only(sockets, port):
        return f"The container listens on {_shown(here[0])} only, where no request can reach it; still waiting."
    if sockets and alone and not here:
        found = ", ".join(str(port) for port in sorted({s.port for s in sockets}))
        return f"The container listens on port {found}, not on port {port}; still waiting."
    return ""


def loopback_only(sockets: Sequence[Socket], port: int) -> bool:
    """Whether the port is open, but for nobody outside the container."""
    here = [s.host for s in sockets if s.port == port]
    return bool(here) and all(_is_loopback(host) for host in here)


def _likeliest(sockets: Sequence[Socket]) -> Socket:
    """The one that is meant for requests: not a debugger's or an administrator's on loopback, if there is another."""
    return next((s for s in sockets if not _is_loopback(s.host)), sockets[0])


def _is_loopback(host: str) -> bool:
    return host.startswith("127.") or host in ("::1", "::ffff:127.0.0.1")


def _ended(seen: Observed) -> str:
    when = (
        "before the instance was ready"
        if seen.sidecar
        else f"right after it began to listen on port {seen.port}"
        if seen.listened
        else f"before it listened on port {seen.port}"
    )
    if seen.signal is None and seen.code is None:
        return f"{seen.it} was gone {when}; nobody knows how it ended."
    if seen.signal is not None and seen.code is None:
        return f"{seen.it} was ended by signal {seen.signal} {when}."
    return f"{seen.it} exited with code {seen.code} {when}."


def _advice_for_end(seen: Observed) -> str:
    if seen.code == 127:
        return "Code 127 mostly means that the command was not found: check --command and the image's entry point."
    if seen.code == 126:
        return "Code 126 means that the command may not be run: check its permissions."
    if seen.code == 0 and seen.sidecar:
        return "It ended without an error: every container of a service must go on running."
    if seen.code == 0:
        return (
            "It ended without an error: a service must go on running and listen on $PORT; for work that ends, use a "
            "job."
        )
    return f"Its last log lines say why; the whole log: cloudrun run services logs read {seen.service}"


def _shown(socket: Socket) -> str:
    return f"[{socket.host}]:{socket.port}" if ":" in socket.host else f"{socket.host}:{socket.port}"
