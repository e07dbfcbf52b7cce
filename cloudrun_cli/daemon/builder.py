"""Works on builds that were asked for, writes their log to a file that the asker follows, and gives up on request."""

import asyncio
import logging
import shutil
from dataclasses import replace
from pathlib import Path

from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.resources import Build, BuildState
from cloudrun_cli.daemon.runtimes import Runtimes
from cloudrun_cli.daemon.tasks import Tasks
from cloudrun_cli.store import builds as build_rows
from cloudrun_cli.store.database import Store

log = logging.getLogger(__name__)

PARALLEL = 2  # builds at once: they use whole cores


def log_path(home: str, build_id: str) -> Path:
    """Where the lines of a build go."""
    return Path(home) / "builds" / build_id / "log"


class Builder:
    """Builds in tasks of its own; `look` compares them with what the store wants."""

    def __init__(self, home: str, store: Store, runtimes: Runtimes, tasks: Tasks) -> None:
        self._home, self._store, self._runtimes, self._tasks = home, store, runtimes, tasks
        self._running: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(PARALLEL)

    def look(self) -> None:
        """Start what waits, also what a dead daemon had begun; end what was given up."""
        wanted = {build.id: build for build in build_rows.unfinished(self._store)}
        for build_id, task in list(self._running.items()):
            if build_id not in wanted:
                task.cancel()
        for build_id, build in wanted.items():
            if build_id not in self._running:
                self._running[build_id] = self._tasks.spawn(self._work(build))

    async def close(self) -> None:
        """Break off what is under way; the next daemon begins it again."""
        under_way = list(self._running.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _work(self, build: Build) -> None:
        try:
            async with self._places:
                self._save(replace(build, state=BuildState.WORKING))
                self._save(await self._build(build))
        finally:
            self._running.pop(build.id, None)
            if not self._is_wanted(build):
                shutil.rmtree(build.source, ignore_errors=True)

    async def _build(self, build: Build) -> Build:
        path = log_path(self._home, build.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8", errors="replace") as lines:  # noqa: ASYNC230 - a local file, once a build

            def say(line: str) -> None:
                lines.write(line.rstrip("\n") + "\n")
                lines.flush()

            try:
                made = await self._runtimes.build(
                    Path(build.source), build.image, base_image=build.base_image, env=build.env, say=say
                )
            except CloudRunError as error:
                text = error.message + (f"\n{error.hint}" if error.hint else "")
                return replace(build, state=BuildState.FAILURE, error=text)
            except Exception:
                log.exception("Build %s broke", build.id)
                return replace(
                    build, state=BuildState.FAILURE, error="The build broke off because of a fault of cloudrun itself."
                )
        image = made.image
        return replace(
            build, state=BuildState.SUCCESS, digest=image.digest, runtime=made.runtime, notes=tuple(image.notes)
        )

    def _save(self, build: Build) -> None:
        with self._store.transaction():
            if self._is_wanted(build):
                build_rows.save(self._store, build)

    def _is_wanted(self, build: Build) -> bool:
        now = build_rows.get(self._store, build.id)
        return now is not None and now.state in (BuildState.QUEUED, BuildState.WORKING)
