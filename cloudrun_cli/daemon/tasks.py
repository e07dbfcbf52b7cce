"""Tasks with an owner: one that fails is heard of, and does not take the daemon down with it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


class Tasks:
    """Starts tasks in one group. A failure is our own bug: it is logged whole, and the others go on."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it until it ends or the daemon does."""
        return self._group.create_task(_guarded(work))


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("A task of the daemon broke: %s", getattr(work, "__qualname__", work))
