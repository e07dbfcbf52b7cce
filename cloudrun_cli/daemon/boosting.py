"""Startup CPU boost: an instance starts with more CPU, and some seconds after it has started it gets its own limit."""

import asyncio
import contextlib
import logging
from datetime import timedelta

from cloudrun_cli.core.cpu import BOOST_AFTER
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.limits import cpu_millis
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.daemon.runtimes import Runtimes
from cloudrun_cli.daemon.tasks import Tasks

log = logging.getLogger(__name__)

TRIES = 3
RETRY_SECONDS = 5.0


class Boosting:
    """Ends the boost of every instance that has one."""

    def __init__(self, runtimes: Runtimes, tasks: Tasks, after: timedelta = BOOST_AFTER) -> None:
        self._runtimes, self._tasks, self._after = runtimes, tasks, after

    def watch(self, member: Member) -> None:
        """It has started."""
        if member.revision.template.boosts_startup:
            self._tasks.spawn(self._end_boost(member))

    async def _end_boost(self, member: Member) -> None:
        assert member.instance is not None
        limits = {name: cpu_millis(container.cpu) for name, container in member.containers.items()}
        pause = self._after.total_seconds()
        for _ in range(TRIES):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(member.retired.wait(), pause)
            if member.retired.is_set():
                return
            try:
                return await self._runtimes.of(member.instance).limit_cpu(member.instance, limits)
            except CloudRunError as error:
                log.warning("The CPU boost of %s does not end: %s", member.id, error.message)
                pause = RETRY_SECONDS
