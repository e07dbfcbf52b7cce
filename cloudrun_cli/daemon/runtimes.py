"""The runtimes of this machine, and which of them an image or a source folder goes to."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from cloudrun_cli.core.errors import CloudRunError, EngineUnavailable, ImageNotFound, ImageUnsupported
from cloudrun_cli.runtime.base import Image, Instance, Runtime

log = logging.getLogger(__name__)

DOCKER, PROCESS = "docker", "process"


class Resolved(NamedTuple):
    """An image and the runtime that has it."""

    runtime: str
    image: Image


class Runtimes:
    """Docker when an engine answers and it is wanted; processes always, for the stand-ins and for machines without.

    `wanted` is the property run/runtime: auto, docker or process.
    """

    def __init__(self, wanted: str, process: Runtime, docker: Callable[[], Runtime]) -> None:
        self.wanted = wanted
        self.engine_error: str = ""
        self._process = process
        self._make_docker = docker
        self._docker: Runtime | None = None
        self._opened = asyncio.Event()

    async def open(self) -> None:
        """Open what can be opened; what cannot is remembered with its reason."""
        await self._process.open()
        if self.wanted != PROCESS:
            docker = await asyncio.to_thread(self._make_docker)
            try:
                await docker.open()
                self._docker = docker
            except EngineUnavailable as error:
                self.engine_error = error.message
                log.info("No Docker engine: %s", error.message)
        self._opened.set()

    async def opened(self) -> None:
        """Returns once `open` has found out what is there."""
        await self._opened.wait()

    @property
    def chosen(self) -> str:
        """The runtime that new revisions go to first."""
        if self.wanted == PROCESS or (self._docker is None and self.wanted != DOCKER):
            return PROCESS
        return DOCKER

    def has(self, name: str) -> bool:
        """Whether that one is open."""
        return any(runtime.name == name for runtime in self.everyone())

    def everyone(self) -> list[Runtime]:
        """Those that are open."""
        return [runtime for runtime in (self._docker, self._process) if runtime is not None]

    def get(self, name: str) -> Runtime:
        """The runtime that a revision belongs to. Raises EngineUnavailable."""
        if name != DOCKER:
            return self._process
        if self._docker is None:
            raise self._no_engine("This revision runs on Docker, and no Docker engine answers.")
        return self._docker

    def of(self, instance: Instance) -> Runtime:
        """The runtime that an instance runs on."""
        return self.get(instance.runtime)

    async def resolve(self, image: str) -> Resolved:
        """Find an image: a built source where it was built, a sample image on Docker or else as its stand-in.
        Raises ImageNotFound, ImageUnsupported, EngineUnavailable."""
        await self.opened()
        if self.chosen == PROCESS or "@sha256:" in image:
            try:
                return Resolved(PROCESS, await self._process.resolve(image))
            except (ImageNotFound, ImageUnsupported):
                if self.chosen == PROCESS:
                    raise
        if self._docker is None:
            raise self._no_engine("No Docker engine answers, so the image cannot run.")
        try:
            return Resolved(DOCKER, await self._docker.resolve(image))
        except ImageNotFound as missing:
            try:
                return Resolved(PROCESS, await self._process.resolve(image))
            except (ImageNotFound, ImageUnsupported):
                raise missing from None

    async def build(
        self, source: Path, image: str, *, base_image: str, env: Mapping[str, str], say: Callable[[str], None]
    ) -> Resolved:
        """Build a source folder where new revisions go. With `auto`, a base image that cannot be had sends it to the
        process runtime, and says so. Raises BuildFailed and whatever the runtime could not find."""
        await self.opened()
        if self.chosen == PROCESS:
            return Resolved(PROCESS, await self._process.build(source, image, base_image=base_image, env=env, log=say))
        if self._docker is None:
            raise self._no_engine("No Docker engine answers, so the source cannot be built into an image.")
        try:
            built = await self._docker.build(source, image, base_image=base_image, env=env, log=say)
            return Resolved(DOCKER, built)
        except ImageNotFound as missing:
            if self.wanted == DOCKER or base_image or (source / "Dockerfile").exists():
                raise
            say(f"{missing.message.rstrip('.')}. Building for the process runtime instead.")
            return Resolved(PROCESS, await self._process.build(source, image, base_image="", env=env, log=say))

    async def close(self) -> None:
        """Let go of all of them; what runs goes on running."""
        for runtime in self.everyone():
            try:
                await runtime.close()
            except CloudRunError as error:
                log.warning("Closing the %s runtime: %s", runtime.name, error.message)

    def _no_engine(self, what: str) -> EngineUnavailable:
        why = f" ({self.engine_error})" if self.engine_error else ""
        return EngineUnavailable(
            what + why,
            hint="Start Docker, or use plain processes for source deploys: cloudrun config set run/runtime process",
        )
