"""Turns: only so many at once, and whoever waits is let in one service after the other, so that none waits for all of
another's."""

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable


class Turns:
    """`at_once` may be in. Within a service, first come, first served."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._lines: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()  # the next service first

    @contextlib.asynccontextmanager
    async def of(self, service: Hashable) -> AsyncIterator[None]:
        """Inside, it is this service's turn."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(service)
        try:
            yield
        finally:
            self._next()

    async def _wait(self, service: Hashable) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(service, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was let in, and does not come
                self._next()
            raise

    def _next(self) -> None:
        while self._lines:
            service, line = self._lines.popitem(last=False)
            turn = line.popleft()
            if line:
                self._lines[service] = line  # last, behind the other services
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
