"""`cloudrun run services proxy`: a service under an address of this machine, until Ctrl-C."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cloudrun_cli.cli.command import flag, positional
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.parsing import Integer
from cloudrun_cli.cli.run.services import Namespace, Region, services
from cloudrun_cli.daemon import doorbell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.resources import Service, ServiceRef

HOST = "127.0.0.1"
DEFAULT_PORT = 8080  # Source: gcloud run services proxy, --port
PROXY_HOURS = 12  # of the token that goes along with every request
START_SECONDS = 15.0
STOP_SECONDS = 5.0


@services.command(
    "proxy",
    examples=["cloudrun run services proxy hello", "cloudrun run services proxy hello --port=9000 --tag=canary"],
)
def proxy(
    service: Annotated[
        str, positional("SERVICE", "The service.", names="services", anchor="SERVICE : --namespace=NAMESPACE")
    ],
    port: Annotated[int, flag("--port", "The port of this machine.", Integer(1, 65535))] = DEFAULT_PORT,
    tag: Annotated[str | None, flag("--tag", "Go to the revision with this tag.")] = None,
    token: Annotated[str | None, flag("--token", "Identity token to send along with every request.")] = None,
    region: Region = None,
    namespace: Namespace = None,
) -> None:
    """Reach a service at http://127.0.0.1:8080, or on the port you say, until Ctrl-C."""
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.addresses import host
    from cloudrun_cli.core.resources import ServiceRef
    from cloudrun_cli.store import projects

    present = context()
    ref = ServiceRef(present.project, present.region, service)
    found = verbs.get(present.store, ref, caller=present.account)
    _check_reachable(found, tag)
    _check_free(port)
    present.wake()
    name = host(service, projects.number(present.store, ref.project) or "", ref.region, tag)
    present.tell(f"Proxying to Cloud Run service [{service}] in project [{ref.project}] region [{ref.region}]")
    private = found.invoker_check and not verbs.is_public(present.store, ref)
    if token is None and private:
        token = _identity(present, ref)
    with _running(port, name, present.edge.http_port, token) as child:
        present.tell(f"http://{HOST}:{port} proxies to http://{name}:{present.edge.http_port}")
        if private:
            present.tell(f"It is private: what comes through here calls it as [{present.account}].")
        _wait(present, child)


def _identity(present: Context, ref: "ServiceRef") -> str:
    """An identity token of the caller for the service, good for as long as one works at a stretch."""
    from datetime import timedelta

    from cloudrun_cli.controlplane.grants import id_token
    from cloudrun_cli.controlplane.tokens import Tokens
    from cloudrun_cli.core.addresses import host
    from cloudrun_cli.store import projects

    audience = f"https://{host(ref.name, projects.number(present.store, ref.project) or '', ref.region)}"
    tokens, life = Tokens(present.home), timedelta(hours=PROXY_HOURS)
    return id_token(present.store, tokens, present.account, audience, present.now(), life=life)


def _check_reachable(service: "Service", tag: str | None) -> None:
    """Nothing, when there is an address to go to. Raises FailedPrecondition, NotFound."""
    from cloudrun_cli.core.errors import FailedPrecondition, NotFound

    if not service.default_url:
        raise FailedPrecondition(
            f"The default URL of service [{service.ref.name}] is disabled, so there is nothing to proxy to.",
            field="SERVICE",
            hint=f"Enable it: cloudrun run services update {service.ref.name} --default-url",
        )
    tags = sorted({target.tag for target in service.traffic if target.tag})
    if tag is not None and tag not in tags:
        known = f" It has: {', '.join(tags)}." if tags else " It has none."
        raise NotFound(f"Service [{service.ref.name}] has no tag [{tag}].{known}", field="--tag")


def _check_free(port: int) -> None:
    from cloudrun_cli.core.errors import FailedPrecondition

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise FailedPrecondition(
                f"Port {port} cannot be used: {error.strerror}.", field="--port", hint="Choose another one: --port=PORT"
            ) from error


@contextmanager
def _running(port: int, name: str, edge_port: int, token: str | None) -> Iterator["subprocess.Popen[str]"]:
    """The proxy itself, listening; it ends with the block. Raises Unavailable when it does not come up."""
    import tempfile

    from cloudrun_cli.core.errors import Unavailable

    with (
        tempfile.TemporaryDirectory(prefix="cloudrun-proxy-") as folder,
        open(os.path.join(folder, "log"), "w+", encoding="utf-8", errors="replace") as log,
    ):
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", "cloudrun_cli.dataplane.proxy"),
                *(os.path.join(folder, "envoy.json"), str(port), name, str(edge_port)),
            ],
            stdin=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PYTHONPATH": doorbell.import_path()},
            start_new_session=True,  # Ctrl-C is ours: the requests under way end with us
        )
        assert child.stdin is not None
        try:
            child.stdin.write(token or "")
            child.stdin.close()
            deadline = time.monotonic() + START_SECONDS
            while not _listens(port):
                if child.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise Unavailable(f"The proxy did not start. {log.read().strip()}".rstrip())
                time.sleep(0.01)
            yield child
        finally:
            child.terminate()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _wait(present: Context, child: "subprocess.Popen[str]") -> None:
    """Returns at Ctrl-C or when asked to end. Raises Unavailable when the proxy itself has ended."""
    import signal

    from cloudrun_cli.core.errors import Unavailable

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        child.wait()
    except KeyboardInterrupt:
        present.tell("\nThe proxy has ended.")
        return
    finally:
        signal.signal(signal.SIGTERM, before)
    raise Unavailable("The proxy has ended by itself.", hint="Start it again.")
