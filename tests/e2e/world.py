"""A home of its own for the stories: the real program, the real daemon, real Envoy; and nothing left behind."""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from cloudrun_cli.controlplane import services as verbs
from cloudrun_cli.daemon import doorbell
from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.store import services
from cloudrun_cli.store.database import open_store
from tests.builders import CALLER
from tests.conftest import ROOT, Answer

LIMIT_SECONDS = 120.0  # no command and no wait takes this long
APP = Path(__file__).parent / "programs" / "app.py"
APP_IMAGE = "app-image"  # the service from which the app's image comes, where there is no engine

# For a story in which the runtime plays no part: told on plain processes only.
on_processes = pytest.mark.parametrize("shared_home", ["process"], indirect=True, scope="session")


class Home:
    """One world on free ports. `cloudrun("run deploy …")` calls the real entry point; `http` reaches the edge."""

    def __init__(self, runtime: str, **env: str) -> None:
        self.runtime = runtime
        self.path = Path(tempfile.mkdtemp(prefix="cr-"))
        self.work = self.path / "work"
        self.work.mkdir()
        self.home = self.path / "home"
        self.http_port, self.https_port = free_ports(2)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDSDK_", "CLOUDRUN_"))}
        self.environ = kept | {
            "CLOUDRUN_HOME": str(self.home),
            "CLOUDRUN_HTTP_PORT": str(self.http_port),
            "CLOUDRUN_HTTPS_PORT": str(self.https_port),
            "CLOUDSDK_RUN_RUNTIME": runtime,
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_EMULATOR_SETTLE_TIME": "50ms",  # there are hundreds of deploys; the usual time has a story
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
            **env,
        }
        self.http = httpx.Client(timeout=60, trust_env=False)
        self._image = ""
        self._urls: dict[tuple[str, str], str] = {}

    # The program

    def start(self, *words: str, env: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL) -> "Popen":
        """The program, still running."""
        arguments = shlex.split(words[0]) if len(words) == 1 else list(words)
        return subprocess.Popen(
            [sys.executable, "-m", "cloudrun_cli", *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environ | dict(env or {}),
            cwd=self.work,
        )

    def cloudrun(self, *words: str, env: Mapping[str, str] | None = None) -> Answer:
        """What the program printed, told and left with."""
        process = self.start(*words, env=env)
        out, err = process.communicate(timeout=LIMIT_SECONDS)
        return Answer.of(subprocess.CompletedProcess(words, process.returncode, out, err))

    def done(self, *words: str, env: Mapping[str, str] | None = None) -> Answer:
        """The same, and it went well."""
        answer = self.cloudrun(*words, env=env)
        assert answer.exit_code == 0, f"{words}\n{answer.stdout}\n{answer.stderr}"
        return answer

    def json(self, *words: str) -> Any:
        """The answer of a command, as JSON."""
        return json.loads(self.done(*shlex.split(words[0]), *words[1:], "--format=json"))

    def deploy(self, service: str, flags: str = "") -> Answer:
        """A public service of the app, deployed."""
        return self.done(f"run deploy {service} --image={self.image} --allow-unauthenticated {flags}")

    def replace(self, documents: Any, *flags: str, well: bool = True) -> Answer:
        """`services replace` with a file of this text, or of this object or these; it goes well, unless not."""
        several = documents if isinstance(documents, list) else [documents]
        file = self.work / "replace.yaml"
        file.write_text("\n---\n".join(d if isinstance(d, str) else json.dumps(d) for d in several))  # JSON is YAML
        call = self.done if well else self.cloudrun
        return call(" ".join(["run services replace", str(file), *flags]))

    @property
    def image(self) -> str:
        """The app as an image of this runtime, made on first use."""
        if not self._image:
            self._image = docker_app() if self.runtime == "docker" else self._built()
        return self._image

    def folder(self, name: str, files: Mapping[str, str]) -> Path:
        """A folder of source."""
        folder = self.path / name
        for file, text in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        return folder

    def _built(self) -> str:
        source = self.folder("app", {"main.py": APP.read_text(), "Procfile": "web: python3 main.py\n"})
        self.done(f"run deploy {APP_IMAGE} --source={source} --no-allow-unauthenticated")
        found = self.json(f"run services describe {APP_IMAGE}")
        return str(found["spec"]["template"]["spec"]["containers"][0]["image"])

    # The services

    def url(self, service: str, tag: str = "", region: str = "us-central1") -> str:
        """The address of a service, as the program tells it; it never changes, so it is asked for once."""
        if not tag and (service, region) in self._urls:
            return self._urls[service, region]
        found = self.json(f"run services describe {service} --region={region}")
        if tag:
            return str(next(t["url"] for t in found["status"]["traffic"] if t.get("tag") == tag))
        return self._urls.setdefault((service, region), str(found["status"]["url"]))

    def get(self, url: str, **more: Any) -> httpx.Response:
        """GET by a URL of ours: its host goes into the header, as this machine may not resolve it."""
        return self.http.get(*self.reach(url, more), **more)

    def fetching(self, url: str) -> Callable[[], httpx.Response]:
        """A request under way in a thread of its own; call it for the answer."""
        answers: list[httpx.Response] = []
        thread = threading.Thread(target=lambda: answers.append(self.get(url)))
        thread.start()

        def answer() -> httpx.Response:
            thread.join(LIMIT_SECONDS)
            return answers[0]

        return answer

    def connection(self, port: int = 0) -> socket.socket:
        """A bare connection to the edge."""
        return socket.create_connection(("127.0.0.1", port or self.http_port), timeout=60)

    def reach(self, url: str, more: dict[str, Any]) -> tuple[str]:
        """The URL by address, with the host put into the headers of `more`."""
        parsed = httpx.URL(url)
        more["headers"] = {**more.get("headers", {}), "Host": parsed.netloc.decode()}
        return (str(parsed.copy_with(host="127.0.0.1")),)

    def revision(self, service: str) -> str:
        """The name of the revision made last."""
        return str(self.json(f"run services describe {service}")["status"]["latestCreatedRevisionName"])

    def entries(self, service: str) -> list[dict[str, Any]]:
        """The log of a service, oldest first."""
        found: list[dict[str, Any]] = self.json(f"run services logs read {service} --limit=1000")
        return found

    # What runs

    def status(self) -> dict[str, Any]:
        """What the emulator says of itself."""
        found: dict[str, Any] = self.json("emulator status")
        return found

    def instances(self, service: str = "") -> list[str]:
        """The ids of the instances that run now, by what the runtime itself has written down."""
        if self.runtime == "docker":
            rows = engine().containers(filters=labels.filters(str(self.home), labels.KIND_INSTANCE))
            found = [(row["Labels"][labels.INSTANCE], row["Labels"][labels.SERVICE]) for row in rows]
        else:
            found = []
            for folder in (self.home / "process" / "instances").glob("*/"):
                if (folder / "pid").exists() and not (folder / "exit.json").exists():
                    found.append((folder.name, json.loads((folder / "instance.json").read_text())["service"]))
        return sorted({name for name, of in found if service in ("", of)})

    def kill_instance(self, name: str) -> None:
        """kill -9 of its main process."""
        if self.runtime == "docker":
            row = engine().containers(filters={"label": f"{labels.INSTANCE}={name}"})[0]
            os.kill(int(engine().inspect_container(row["Id"])["State"]["Pid"]), signal.SIGKILL)
        else:
            pid = (self.home / "process" / "instances" / name / "pid").read_text().partition(":")[0]
            os.kill(int(pid), signal.SIGKILL)

    def left_over(self) -> list[str]:
        """Processes, containers and volumes of this home that are there now."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                environ = (folder / "environ").read_bytes().decode(errors="replace")
            except OSError:  # it ended while we looked
                continue
            if str(self.path) in words or f"CLOUDRUN_HOME={self.home}" in environ.split("\0"):
                found.append(f"{folder.name}: {words}")
        if self.runtime == "docker":
            for kind in (labels.KIND_INSTANCE, labels.KIND_HOLDER, labels.KIND_BUILD):
                rows = engine().containers(all=True, filters=labels.filters(str(self.home), kind))
                found += [f"container {row['Id'][:12]}: {row['Labels']}" for row in rows]
            volumes = engine().volumes(filters=labels.filters(str(self.home)))["Volumes"] or []
            found += [f"volume {row['Name']}" for row in volumes]
        return found

    def forget_services(self) -> None:
        """Delete every service but the one that the app was built by."""
        store = open_store(str(self.home))
        try:
            for ref in [service.ref for service in services.everywhere(store)]:
                if ref.name != APP_IMAGE:
                    verbs.delete(store, ref, caller=CALLER, now=datetime.now(UTC))
        finally:
            store.close()
        doorbell.ring(str(self.home))

    def log(self) -> str:
        """What the daemon has logged."""
        path = self.home / "run" / "daemon.log"
        return path.read_text() if path.exists() else ""

    def close(self) -> None:
        """Stop it, look that nothing is left, and forget it. Raises AssertionError when something is."""
        self.http.close()
        answer = self.cloudrun("emulator stop")
        try:
            assert answer.exit_code == 0, f"{answer.stderr}\n{self.log()}"
            eventually(lambda: not self.left_over(), lambda: f"left behind: {self.left_over()}\n{self.log()}")
            assert "Traceback" not in self.log(), self.log()
        finally:
            for line in self.left_over():
                if line[0].isdigit():
                    os.kill(int(line.partition(":")[0]), signal.SIGKILL)
            shutil.rmtree(self.path, ignore_errors=True)


Popen = subprocess.Popen[str]

_engine: list[docker.APIClient] = []


def engine() -> docker.APIClient:
    """A client of the engine that answers here."""
    from cloudrun_cli.runtime.docker_engine import connect

    if not _engine:
        _engine.append(connect())
    return _engine[0]


def docker_app(tag: str = "cloudrun-test/e2e-app:latest") -> str:
    """The app as an image of the engine."""
    from tests.docker_images import an_image, python_base

    base = python_base(engine())
    command = 'CMD ["python3", "-u", "/app.py"]'
    an_image(engine(), base, {"app.py": APP.read_text()}, tag=tag, instructions=[command])
    return tag


def foreign_image(tag: str) -> None:
    """An image that this machine's processor cannot run."""
    from tests.docker_images import an_archived_image

    other = "arm64" if engine().version()["Arch"] == "amd64" else "amd64"
    messages = engine().load_image(an_archived_image(tag, architecture=other))  # type: ignore[no-untyped-call]
    assert not [message for message in messages if "error" in message]


def eventually(holds: Callable[[], object], why: Callable[[], str] = lambda: "", seconds: float = 20.0) -> None:
    """Returns once it holds; fails with `why` when it does not in all this time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s. {why()}")
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Ports that nobody has now."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
