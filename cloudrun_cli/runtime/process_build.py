"""Building a folder of source in place: a copy of it, the steps of its plan, and an image.json when all went well.

Builds see the user's environment (proxies, certificates, package indexes); instances do not. A step is a process group
of its own: a cancelled build ends it, and one left over by a daemon that was killed is ended when the next one opens.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import shutil
import signal
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from pathlib import Path

from cloudrun_cli.core import sources
from cloudrun_cli.core.errors import BuildFailed
from cloudrun_cli.runtime import process_table
from cloudrun_cli.runtime.base import Image
from cloudrun_cli.runtime.keeper import write
from cloudrun_cli.runtime.process_image import SYSTEM_PATH, BuiltImage, ImageFolder, content_hash

BUILD_SECONDS = 3600.0  # for one step; longer than any build that is still going somewhere
LAST_LINES = 15  # of a failed step, told in the error
AFTERMATH_SECONDS = 2.0  # for output that a step's own children still hold open
LAYERS = "{layers}"  # stands for the layer's folder while it has no name yet
NOT_FOR_BUILDS = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")  # they speak of this tool's Python

INSTALL = {
    "go": "Install Go from https://go.dev/dl, or start Docker, which brings its own.",
    "npm": "Install Node.js from https://nodejs.org, or start Docker, which brings its own.",
}

Log = Callable[[str], None]


class Builder:
    """Builds into the images of one home. The same source under the same name is built once."""

    def __init__(self, folder: ImageFolder) -> None:
        self._folder = folder
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def build(self, source: Path, name: str, *, base_image: str, env: Mapping[str, str], log: Log) -> Image:
        """The image for a folder. Raises BuildFailed with the failing step and its last lines."""
        draft, notes = _plan(source, env, LAYERS)
        python, python_note = _python(env) if draft.language == "Python" else ("", "")
        notes += tuple(note for note in (python_note, _base_image_note(base_image)) if note)
        for note in (*draft.notes, *notes):
            log(note)
        content = await asyncio.to_thread(content_hash, source)
        text = f"{name}\n{content}\n{draft!r}\n{python}\n{sorted(env.items())}"
        hex_ = hashlib.sha256(text.encode()).hexdigest()
        async with self._locks[hex_]:
            built = self._folder.by_hex(hex_)
            if built is None:
                layer = _layer_key(draft, source, content, python)
                plan, _ = _plan(source, env, str(self._folder.layers / layer))
                built = BuiltImage(
                    name,
                    hex_,
                    plan.language,
                    plan.start,
                    _image_env(plan),
                    str(self._folder.images / hex_ / "app"),
                    layer,
                )
                await self._make(built, source, plan, _step_env(plan, env), python, log)
            else:
                log("Nothing changed since it was built, so that image is used again.")
        return built.as_image(draft.notes + notes)

    def sweep(self) -> None:
        """Remove what builds of a daemon that is no more have left unfinished, and end their steps."""
        for base, done in ((self._folder.images, "image.json"), (self._folder.layers, "ready")):
            for folder in base.iterdir():
                if not (folder / done).exists() and not _in_work(folder):
                    shutil.rmtree(folder, ignore_errors=True)

    async def _make(
        self, image: BuiltImage, source: Path, plan: sources.SourcePlan, env: Mapping[str, str], python: str, log: Log
    ) -> None:
        folder = self._folder.images / image.hex
        layer = self._folder.layers / image.layer
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        work = _Work(folder, log)
        work.mark("")
        try:
            await asyncio.to_thread(shutil.copytree, source, image.working_dir, symlinks=True)
            async with self._locks[image.layer]:
                if plan.language == "Python" and (layer / "ready").exists():
                    log("The requirements are unchanged, so their environment is used again.")
                else:
                    shutil.rmtree(layer, ignore_errors=True)
                    layer.mkdir()
                    shutil.copy(folder / "building", layer / "building")
                    for step in await _with_python(plan.steps, python) if python else plan.steps:
                        await work.run(step, image.working_dir, env)
                    (layer / "building").unlink()
                    (layer / "ready").touch()
            self._folder.save(image)
            (folder / "building").unlink()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            if not (layer / "ready").exists():
                shutil.rmtree(layer, ignore_errors=True)
            raise


class _Work:
    """The steps of one build. The file `building` says who builds and which process group is at it."""

    def __init__(self, folder: Path, log: Log) -> None:
        self._folder = folder
        self._log = log
        self._owner = f"{os.getpid()}:{process_table.start_time(os.getpid())}"

    def mark(self, step: str) -> None:
        write(str(self._folder / "building"), f"{self._owner} {step}")

    async def run(self, argv: tuple[str, ...], cwd: str, env: Mapping[str, str]) -> None:
        """Run one step to its end, or to ours."""
        shown = " ".join([Path(argv[0]).name, *argv[1:]])
        self._log(f"$ {shown}")
        try:
            step = await asyncio.create_subprocess_exec(
                *argv,
                cwd=cwd,
                env=env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            program = Path(argv[0]).name
            hint = INSTALL.get(program, f"Install {program}, or start Docker.")
            raise BuildFailed(f"The build needs {program}, which is not on PATH.", hint=hint) from error
        self.mark(f"{step.pid}:{process_table.start_time(step.pid)}")
        last: deque[str] = deque(maxlen=LAST_LINES)
        assert step.stdout is not None
        reading = asyncio.create_task(_read(step.stdout, self._log, last))
        try:
            async with asyncio.timeout(BUILD_SECONDS):
                code = await step.wait()
                await asyncio.wait([reading], timeout=AFTERMATH_SECONDS)
        except TimeoutError as error:
            raise BuildFailed(f"The step [{shown}] did not end within {BUILD_SECONDS / 60:.0f} minutes.") from error
        finally:
            with contextlib.suppress(
                ProcessLookupError, PermissionError
            ):  # all gone; or nothing but its zombie, on macOS
                os.killpg(step.pid, signal.SIGKILL)
            reading.cancel()
            await step.wait()
        if code != 0:
            told = "\n".join(last)
            raise BuildFailed(f"The step [{shown}] failed with exit code {code}:\n{told}", hint=_advice(told))


async def _read(stream: asyncio.StreamReader, log: Log, last: deque[str]) -> None:
    """Hand on line by line, however long they are."""
    rest = b""
    while chunk := await stream.read(1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            last.append(line.decode("utf-8", "replace").rstrip("\r"))
            log(last[-1])
    if rest:
        last.append(rest.decode("utf-8", "replace"))
        log(last[-1])


def _plan(source: Path, env: Mapping[str, str], layers: str) -> tuple[sources.SourcePlan, tuple[str, ...]]:
    """The plan of a source without an engine, and what to say about it. Only Docker follows a Dockerfile; a source that
    is also something else is built as that."""
    names = sorted(path.name for path in source.iterdir() if path.is_file())
    others = [name for name in names if name != "Dockerfile"]

    def read(name: str) -> str:
        return (source / name).read_text(encoding="utf-8", errors="replace")

    if len(others) == len(names):
        return sources.plan(names, read, env=env, layers=layers), ()
    try:
        plan = sources.plan(others, read, env=env, layers=layers)
    except BuildFailed as error:
        raise BuildFailed(
            "The source has a Dockerfile, which only Docker can build, and no Docker engine is in use.",
            hint="Start Docker, or add a Procfile so that it can be built without: web: ./server --port $PORT",
        ) from error
    return plan, (f"The Dockerfile is not followed without Docker: built as {plan.language} ({plan.reason}) instead.",)


def _python(env: Mapping[str, str]) -> tuple[str, str]:
    """The interpreter to build with, and a note when it is another one than asked for."""
    wanted = re.match(r"\d+\.\d+", env.get("GOOGLE_PYTHON_VERSION") or env.get("GOOGLE_RUNTIME_VERSION") or "")
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    if wanted is None or wanted.group(0) == own:
        return sys.executable, ""
    found = shutil.which(f"python{wanted.group(0)}")
    return (found, "") if found else (sys.executable, f"There is no Python {wanted.group(0)} here; {own} is used.")


async def _with_python(steps: tuple[tuple[str, ...], ...], python: str) -> list[tuple[str, ...]]:
    """The steps with this interpreter, and with its own pip where it has one: to give each environment a pip of its own
    takes several seconds."""
    make, *installs = steps
    if not installs or not await _has_pip(python):
        return [(python, *make[1:]), *installs]
    pip = (python, "-m", "pip", "--python", str(Path(installs[0][0]).with_name("python")))
    return [(python, *make[1:-1], "--without-pip", make[-1]), *((*pip, *install[1:]) for install in installs)]


async def _has_pip(python: str) -> bool:
    check = await asyncio.create_subprocess_exec(python, "-c", "import pip", stderr=asyncio.subprocess.DEVNULL)
    return await check.wait() == 0


def _base_image_note(base_image: str) -> str:
    return f"Base image {base_image} is not used: plain processes run on this machine's own." if base_image else ""


def _layer_key(plan: sources.SourcePlan, source: Path, content: str, python: str) -> str:
    """Equal for sources whose layer would come out the same: for Python those with the same plain requirements."""
    parts = [plan.language, repr(plan.steps), python, sys.version]
    file = source / "requirements.txt"
    wanted = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    wanted += [word for step in plan.steps[1:] for word in step[len(sources.PIP_INSTALL) :] if word != "-r"]
    reads_source = any("/" in line or line.lstrip().startswith((".", "-")) for line in wanted)
    if plan.language != "Python" or reads_source:
        parts.append(content)
    return hashlib.sha256("\n".join([*parts, *wanted]).encode()).hexdigest()[:32]


def _step_env(plan: sources.SourcePlan, env: Mapping[str, str]) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if key not in NOT_FOR_BUILDS} | dict(env)
    own["PATH"] = plan.env.get("PATH", "$PATH").replace("$PATH", own.get("PATH", SYSTEM_PATH))
    return own


def _image_env(plan: sources.SourcePlan) -> dict[str, str]:
    """The image's environment; its PATH also leads to the interpreter that the build found, wherever that is kept."""
    found = shutil.which("node") if plan.language == "Node.js" else None
    path = f"{Path(found).parent}:{SYSTEM_PATH}" if found else SYSTEM_PATH
    return dict(plan.env) | {"PATH": plan.env.get("PATH", "$PATH").replace("$PATH", path)}


def _advice(told: str) -> str | None:
    """What to do about a failed step, where its words say it."""
    if "ensurepip" in told:
        return "Install your system's package for virtual environments (Debian and Ubuntu: python3-venv)."
    if re.search(r"No matching distribution|Could not find a version|E404|ETARGET", told):
        return "Check the name and version of the package it names, and that the package index can be reached."
    return None


def _in_work(folder: Path) -> bool:
    """Whether somebody alive builds there; ends the step of a builder that is no more."""
    try:
        owner, _, step = (folder / "building").read_text().partition(" ")
    except FileNotFoundError:
        return False
    if process_table.runs(owner):
        return True
    if step and process_table.runs(step):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(step.partition(":")[0]), signal.SIGKILL)
    return False
