"""The Docker engine: where it is, how it is talked to, and its errors in our words."""

import asyncio
import hashlib
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import docker
import requests
from docker.tls import TLSConfig
from docker.utils import kwargs_from_env

from cloudrun_cli.core.errors import EngineUnavailable, Unavailable

ANSWER_TIMEOUT = 1.5  # seconds for the first answer; an engine that is there takes milliseconds
CALL_TIMEOUT = 300  # seconds for every later call; a commit of a large image takes its time
THREADS = 8  # calls at once; streams have threads of their own
HINT = "Start Docker, or use plain processes: cloudrun config set run/runtime process"

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine listens, and the certificates it wants to see. `source` says who named it."""

    url: str
    source: str
    certificates: Path | None = None
    verify: bool = True


def engine_address(environ: Mapping[str, str]) -> Address:
    """The engine that the `docker` command would talk to: DOCKER_HOST, then the context, then the usual sockets.
    Source: the Docker CLI's documentation of contexts and environment variables."""
    folder = Path(environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    if host := environ.get("DOCKER_HOST"):
        path = environ.get("DOCKER_CERT_PATH")
        secure = bool(environ.get("DOCKER_TLS_VERIFY") or environ.get("DOCKER_TLS"))
        certificates = Path(path) if path else folder
        return Address(host, "DOCKER_HOST", certificates if secure else None, bool(environ.get("DOCKER_TLS_VERIFY")))
    context = environ.get("DOCKER_CONTEXT") or _current_context(folder)
    if context and context != "default":
        return _context_address(folder, context)
    return Address(_usual_socket(environ), "the default socket")


def connect(environ: Mapping[str, str] = os.environ) -> docker.APIClient:
    """A client of the engine, which has answered once. Raises EngineUnavailable within two seconds."""
    address = engine_address(environ)
    try:
        tls = _tls(address)
        options: dict[str, Any] = {"tls": tls} if tls else {}
        if address.url.startswith("ssh://"):
            options["use_ssh_client"] = True
        _knock(address.url)
        base_url = kwargs_from_env(environment={"DOCKER_HOST": address.url}).get("base_url", address.url)
        version = _version(base_url, options)
        return docker.APIClient(base_url=base_url, version=version, timeout=CALL_TIMEOUT, max_pool_size=64, **options)
    except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
        raise EngineUnavailable(
            f"Docker does not answer at {address.url} ({address.source}): {_cause(error)}.", hint=HINT
        ) from error


def engine_answers(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether an engine is there to be used. Asks once, for at most two seconds."""
    try:
        connect(environ).close()
    except EngineUnavailable:
        return False
    return True


class Engine:
    """The blocking client behind a few threads."""

    def __init__(self, api: docker.APIClient) -> None:
        self.api = api
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="docker")

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the blocking function answers, its engine errors translated."""

        def translated() -> T:
            with engine_errors():
                return work(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, translated)

    def close(self) -> None:
        """Let the threads finish what they do, and let go of the connections."""
        self._threads.shutdown(wait=False)
        self.api.close()


@contextmanager
def engine_errors() -> Iterator[None]:
    """Whatever the engine's library raises inside comes out as one of ours."""
    try:
        yield
    except docker.errors.APIError as error:
        raise Unavailable(f"The Docker engine refused: {explanation(error)}") from error
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise EngineUnavailable(f"Docker does not answer any more: {_cause(error)}.", hint=HINT) from error


def inspect_image(api: docker.APIClient, reference: str) -> dict[str, Any]:
    """What the engine knows about an image it has. Raises the library's NotFound."""
    return dict(api.inspect_image(reference))  # type: ignore[no-untyped-call]  # published without types


def explanation(error: docker.errors.APIError) -> str:
    """What the engine said, without what its library adds."""
    return str(error.explanation or error)


def sentence(said: str) -> str:
    """What was said, with a full stop: a hint may follow in the same line."""
    return said if said.endswith((".", "!", "?")) else f"{said}."


def is_hiccup(error: docker.errors.APIError) -> bool:
    """A start that failed by a race inside the engine: seen about once in a hundred starts, gone on the next try."""
    said = explanation(error)
    return any(race in said for race in ("already running container", "cannot start a stopped process"))


def _knock(url: str) -> None:
    """Raises OSError when nobody listens on a unix socket: the library would leave its own socket open then."""
    if url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(ANSWER_TIMEOUT)
            door.connect(url.removeprefix("unix://"))


def _version(base_url: str, options: Mapping[str, Any]) -> str:
    """The version of its API that the engine speaks; a client of its own asks, because only that one can be closed
    when no answer comes."""
    asking = docker.APIClient(
        base_url=base_url,
        timeout=ANSWER_TIMEOUT,  # type: ignore[arg-type]  # a fraction is fine, its types say otherwise
        **options,
    )
    try:
        return str(asking.version(api_version=False)["ApiVersion"])
    finally:
        asking.close()


def _current_context(folder: Path) -> str:
    with suppress(FileNotFoundError, ValueError):
        return str(json.loads((folder / "config.json").read_text(encoding="utf-8")).get("currentContext") or "")
    return ""


def _context_address(folder: Path, context: str) -> Address:
    key = hashlib.sha256(context.encode()).hexdigest()
    try:
        meta = json.loads((folder / "contexts" / "meta" / key / "meta.json").read_text(encoding="utf-8"))
        endpoint = meta["Endpoints"]["docker"]
        url = endpoint["Host"]
    except (OSError, ValueError, KeyError) as error:
        raise EngineUnavailable(
            f"The Docker context [{context}] cannot be read.", hint="See: docker context ls"
        ) from error
    certificates = folder / "contexts" / "tls" / key / "docker"
    return Address(
        url,
        f"context [{context}]",
        certificates if certificates.is_dir() else None,
        not endpoint.get("SkipTLSVerify", False),
    )


def _usual_socket(environ: Mapping[str, str]) -> str:
    if sys.platform == "win32":
        return "npipe:////./pipe/docker_engine"
    run = environ.get("XDG_RUNTIME_DIR")
    candidates = [Path("/var/run/docker.sock")]
    candidates += [Path(run) / "docker.sock"] if run else []  # rootless
    candidates += [Path.home() / ".docker/run/docker.sock", Path.home() / ".docker/desktop/docker.sock"]
    return f"unix://{next((path for path in candidates if path.exists()), candidates[0])}"


def _tls(address: Address) -> TLSConfig | None:
    if address.certificates is None:
        return None
    certificate, key, ca = (address.certificates / name for name in ("cert.pem", "key.pem", "ca.pem"))
    return TLSConfig(
        client_cert=(str(certificate), str(key)) if certificate.exists() else None,
        ca_cert=str(ca) if ca.exists() and address.verify else None,
        verify=address.verify,
    )


def _cause(error: BaseException) -> str:
    """The innermost reason: the library wraps a refused connection four times."""
    while error.__context__ is not None:
        error = error.__context__
    reason = getattr(error, "strerror", None) or str(error)
    return reason.rstrip(".").lower() or type(error).__name__
