"""What a runtime does besides, while nobody waits for it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from cloudrun_cli.core.errors import CloudRunError

_log = logging.getLogger(__name__)


class Background:
    """Work that goes on until it is done, or until `close`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it; a failure is told in the log."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """End all of it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            if isinstance(error, CloudRunError):
                _log.warning("Clearing away was not possible: %s", error, extra={"event": "clear_failed"})
            else:
                _log.error("The runtime failed in the background", exc_info=error, extra={"event": "runtime_bug"})
