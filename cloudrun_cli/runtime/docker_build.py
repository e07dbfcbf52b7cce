"""Source to image on the engine: by its own Dockerfile, or by the plan of `core.sources` on a base image."""

import io
import shlex
import tarfile
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import docker
from docker.utils.build import exclude_paths

from cloudrun_cli.core import sources
from cloudrun_cli.core.errors import BuildFailed, ImageNotFound
from cloudrun_cli.runtime import docker_build_env as surroundings
from cloudrun_cli.runtime import docker_labels as labels
from cloudrun_cli.runtime.base import Image
from cloudrun_cli.runtime.docker_engine import Engine, explanation, inspect_image
from cloudrun_cli.runtime.docker_holders import remove
from cloudrun_cli.runtime.docker_images import Images
from cloudrun_cli.runtime.docker_stream import ExecStream, read
from cloudrun_cli.runtime.images import keep_tag

WORKSPACE = "/workspace"  # Source: Google Cloud buildpacks, where an app lives in its image
LAYERS = "/layers"
LAST_LINES = 20  # of a failed build, in its error
SLEEP = ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 3600 & wait; done"]
NO_COMMAND = (126, 127)  # Source: POSIX shell, exit status of a command that cannot be executed or found

Log = Callable[[str], None]


class Builder:
    """Builds for one home; what it leaves on the engine on the way is labelled with it, and removed."""

    def __init__(self, engine: Engine, images: Images, home: str) -> None:
        self._engine = engine
        self._images = images
        self._home = home

    async def build(self, source: Path, image: str, *, base_image: str, env: Mapping[str, str], log: Log) -> Image:
        """The image, kept. Raises BuildFailed with the last lines, ImageNotFound for a base image."""
        if (source / "Dockerfile").is_file():
            return await self._by_dockerfile(source, image, env, log)
        plan = sources.plan(list(_listing(source)), lambda name: _text(source, name), env=env, layers=LAYERS)
        for note in plan.notes:
            log(note)
        return await self._by_plan(source, image, plan, base_image or plan.base_image, env, log)

    # ── by Dockerfile ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _by_dockerfile(self, source: Path, image: str, env: Mapping[str, str], log: Log) -> Image:
        arguments = {**surroundings.proxies(), **env}
        image_id, tail = "", deque[str](maxlen=LAST_LINES)
        async with aclosing(read(lambda: _Messages(self._dockerfile_build(source, arguments)))) as messages:
            async for message in messages:
                for line in _lines_of(message):
                    tail.append(line)
                    log(line)
                if "error" in message:
                    raise _dockerfile_failed(str(message["error"]), tail)
                image_id = (message.get("aux") or {}).get("ID", image_id)
        if not image_id:
            raise _dockerfile_failed("it ended without an image", tail)
        return await self._images.keep(image, image_id)

    def _dockerfile_build(self, source: Path, arguments: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        try:
            messages: Iterator[dict[str, Any]] = self._engine.api.build(
                path=str(source), decode=True, rm=True, forcerm=True, buildargs=dict(arguments)
            )
            yield from messages
        except docker.errors.APIError as error:  # before the first step: a Dockerfile that cannot be read
            yield {"error": explanation(error)}

    # ── by plan ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _by_plan(
        self, source: Path, image: str, plan: sources.SourcePlan, base: str, env: Mapping[str, str], log: Log
    ) -> Image:
        log(f"{plan.language} source (found {plan.reason}), on base image {base}")
        try:
            found = await self._images.resolve(base)
        except ImageNotFound as error:
            raise ImageNotFound(
                f"Base image [{base}] for this {plan.language} source is not on this engine and cannot be pulled: "
                f"{error.message.rpartition(': ')[2]}",
                field="base_image",
                hint="Name one that is here: --base-image IMAGE; or build without images: "
                "cloudrun config set run/runtime process",
            ) from error
        settings = surroundings.build_settings()
        container = await self._engine.call(self._workshop, found, source, settings)
        try:
            path = found.env.get("PATH", surroundings.USUAL_PATH)
            run_env = {key: value.replace("$PATH", path) for key, value in plan.env.items()}
            step_env = {**settings.env, **run_env, **env}
            for step in await self._engine.call(self._steps, container, plan, settings):
                await self._step(container, step, step_env, base, log)
            return await self._engine.call(self._commit, container, image, plan, found, run_env)
        finally:
            await self._engine.call(remove, self._engine.api, container)

    def _workshop(self, base: Image, source: Path, settings: surroundings.Settings) -> str:
        """A container of the base image that waits for steps, with the source and what the build needs in it."""
        api = self._engine.api
        container = str(
            api.create_container(
                _kept(base),
                entrypoint=SLEEP,
                command=[],
                user="0",
                labels={labels.HOME: self._home, labels.KIND: labels.KIND_BUILD},
                host_config=api.create_host_config(network_mode="host" if settings.on_loopback else "bridge"),
            )["Id"]
        )
        try:
            with tempfile.TemporaryFile() as archive:
                _pack(source, settings.files, archive)
                archive.seek(0)
                api.put_archive(container, "/", archive)
            api.start(container)
        except docker.errors.APIError as error:
            remove(api, container)
            raise BuildFailed(
                f"Base image [{base.name}] cannot be built on: {explanation(error)}",
                hint="A base image needs a shell at /bin/sh.",
            ) from error
        except BaseException:
            remove(api, container)
            raise
        return container

    def _steps(
        self, container: str, plan: sources.SourcePlan, settings: surroundings.Settings
    ) -> list[tuple[str, ...]]:
        """The plan's steps; on a base image whose Python has no pip of its own, ours makes the environment's."""
        steps = list(plan.steps)
        wants_venv = any(step[1:3] == ("-m", "venv") for step in steps)
        if not wants_venv or self._code(container, ("python3", "-c", "import ensurepip, venv")) != 1:
            return steps
        if not settings.pip_wheel:
            raise BuildFailed(
                "The base image's Python has neither pip nor ensurepip, and this machine's has none to lend.",
                hint="Use a base image with pip, such as python:3.13-slim, or install python3-venv here.",
            )
        lent: list[tuple[str, ...]] = []
        for step in steps:
            if step[1:3] == ("-m", "venv"):
                venv = step[-1]
                lent.append((*step[:-1], "--without-pip", venv))
                lent.append((f"{venv}/bin/python3", f"{settings.pip_wheel}/pip", "install", "-q", settings.pip_wheel))
            else:
                lent.append(step)
        return lent

    async def _step(self, container: str, step: tuple[str, ...], env: Mapping[str, str], base: str, log: Log) -> None:
        api = self._engine.api
        log(f"$ {shlex.join(step)}")
        tail = deque[str](maxlen=LAST_LINES)

        def created() -> str:
            return str(api.exec_create(container, list(step), environment=dict(env), workdir=WORKSPACE, user="0")["Id"])

        execution = await self._engine.call(created)
        async with aclosing(read(lambda: ExecStream(api, execution))) as lines:
            async for line in lines:
                tail.append(line)
                log(line)
        code = (await self._engine.call(api.exec_inspect, execution))["ExitCode"]
        if code in NO_COMMAND and "/" not in step[0]:
            raise BuildFailed(
                f"Base image [{base}] has no [{step[0]}].", hint="Choose one that has: --base-image IMAGE"
            )
        if code != 0:
            raise BuildFailed(f"[{shlex.join(step)}] failed with code {code}:\n" + "\n".join(tail))

    def _commit(
        self, container: str, image: str, plan: sources.SourcePlan, base: Image, env: Mapping[str, str]
    ) -> Image:
        """The image: what the container holds now, without what only the build needed."""
        api = self._engine.api
        self._code(container, ("rm", "-rf", surroundings.FOLDER))
        config = {
            "Entrypoint": list(plan.start),
            "Env": [f"{key}={value}" for key, value in {**base.env, **env}.items()],
            "WorkingDir": WORKSPACE,
            "User": inspect_image(api, _kept(base))["Config"].get("User") or "0",
            # Labels of a container go into its image: blank ours, or `docker run` of it would look like ours
            "Labels": {labels.HOME: "", labels.KIND: "image"},
        }
        api.kill(container)
        image_id = str(api.commit(container, conf=config)["Id"])
        return self._images.keep_now(image, image_id)

    def _code(self, container: str, command: tuple[str, ...]) -> int:
        api = self._engine.api
        execution = api.exec_create(container, list(command), user="0")["Id"]
        api.exec_start(execution)
        return int(api.exec_inspect(execution)["ExitCode"])


class _Messages:
    """A blocking generator as a stream, which closes what it reads from by itself when it has ended."""

    def __init__(self, messages: Iterator[dict[str, Any]]) -> None:
        self._messages = messages

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._messages

    def close(self) -> None:
        """Nothing: a build goes on to its end."""


def _kept(image: Image) -> str:
    return keep_tag(image.digest)


def _listing(source: Path) -> Iterator[str]:
    """Relative paths of all files, in order."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            yield path.relative_to(source).as_posix()


def _text(source: Path, name: str) -> str | None:
    try:
        return (source / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _pack(source: Path, extra: Mapping[str, bytes], archive: Any) -> None:
    """The source as WORKSPACE, an empty LAYERS, and the extra files at their paths; all of it root's."""

    def owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    ignore = source / ".dockerignore"
    patterns = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    names = exclude_paths(str(source), [line.strip() for line in patterns if line.strip() and line[0] != "#"])
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder in (WORKSPACE, LAYERS, surroundings.FOLDER):
            member = tarfile.TarInfo(folder.lstrip("/"))
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(member)
        for name in sorted(names):
            tar.add(source / name, f"{WORKSPACE.lstrip('/')}/{name}", recursive=False, filter=owned)
        for path, content in extra.items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))


def _lines_of(message: Mapping[str, Any]) -> list[str]:
    """What a message of the builder has to say; progress bars of a pull are left out."""
    if "stream" in message:
        return [line for line in str(message["stream"]).splitlines() if line.strip()]
    if "status" in message and "progress" not in message:
        return [" ".join(str(message[key]) for key in ("id", "status") if message.get(key))]
    return []


def _dockerfile_failed(reason: str, tail: deque[str]) -> BuildFailed:
    hint = None
    if "buildkit" in reason.lower():
        hint = "Build it with `docker build` and deploy the result with --image."
    return BuildFailed("\n".join(("The Dockerfile did not build: " + reason, *tail)), hint=hint)
