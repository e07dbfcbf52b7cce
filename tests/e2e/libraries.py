"""Google's own client libraries, unmodified, where services run: fetched once from their registries and then kept."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docker_images import an_image, has_image, node_base
from tests.e2e.world import Home, engine

PYTHON = ("google-auth", "requests", "pyjwt", "cryptography", "google-cloud-secret-manager")
NODE = ("google-auth-library",)
RUNNER = Path(__file__).parent / "programs" / "runner.py"
FETCHING_SECONDS = 600


def runner(home: Home) -> str:
    """The image of the program that runs what it is sent, with the libraries beside it."""
    return _docker_runner() if home.runtime == "docker" else _built_runner(home)


def node_libraries() -> Path:
    """A folder node_modules. Skips where there is no npm."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("needs node and npm: apt-get install nodejs npm")
    folder = _cache("node", NODE)
    if not (folder / "ready").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *NODE]
        subprocess.run(command, check=True, timeout=FETCHING_SECONDS, stdout=subprocess.DEVNULL)
        (folder / "ready").touch()
    return folder / "node_modules"


def _python_libraries() -> Path:
    """A folder for PYTHONPATH, for the Python of the test images."""
    folder = _cache("python", PYTHON)
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        options = ["--quiet", "--target", str(folder), "--python-version", "3.11", "--only-binary", ":all:"]
        subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, *PYTHON], check=True, timeout=FETCHING_SECONDS
        )
        (folder / "ready").touch()
    return folder


def _cache(kind: str, names: tuple[str, ...]) -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cloudrun-tests"
    return root / f"{kind}-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:12]}"


def _docker_runner() -> str:
    program = RUNNER.read_bytes()
    tag = f"cloudrun-test/runner:{hashlib.sha256(repr((PYTHON, NODE, program)).encode()).hexdigest()[:12]}"
    if not has_image(engine(), tag):
        files: dict[str, str | bytes] = {"runner.py": program}
        for folder, place in ((_python_libraries(), "libs"), (node_libraries(), "node_modules")):
            found = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
            files |= {f"{place}/{path.relative_to(folder)}": path.read_bytes() for path in found}
        variables = "ENV PYTHONPATH=/libs NODE_PATH=/node_modules"
        command = 'CMD ["python3", "-u", "/runner.py"]'
        an_image(engine(), node_base(engine()), files, tag=tag, instructions=[variables, command])
    return tag


def _built_runner(home: Home) -> str:
    files = {"main.py": RUNNER.read_text(), "requirements.txt": "\n".join(PYTHON), "Procfile": "web: python3 main.py\n"}
    home.done(f"run deploy runner-image --source={home.folder('runner', files)} --no-allow-unauthenticated")
    found = home.json("run services describe runner-image")
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])
