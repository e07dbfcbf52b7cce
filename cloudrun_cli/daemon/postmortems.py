"""Requests that broke off with their instance: their line in the log waits for the reason of its end, which comes a
moment after them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from cloudrun_cli.core import admission
from cloudrun_cli.dataplane.records import RequestRecord
from cloudrun_cli.runtime.base import Exit, ExitCause

WAIT_SECONDS = 2.0  # for the engine to say how an instance ended
REMEMBERED = 1000  # ends


class Postmortems:
    """Passes each record on, at once or when its reason is known."""

    def __init__(self, pass_on: Callable[[RequestRecord], None]) -> None:
        self._pass_on = pass_on
        self._causes: OrderedDict[str, ExitCause] = OrderedDict()  # by instance
        self._waiting: dict[str, list[RequestRecord]] = {}

    def request_ended(self, record: RequestRecord) -> None:
        """A request is over."""
        if record.text != admission.BROKEN.log or not record.instance:
            self._pass_on(record)
        elif record.instance in self._causes:
            self._pass_on(self._explained(record))
        else:
            if record.instance not in self._waiting:
                asyncio.get_running_loop().call_later(WAIT_SECONDS, self._give_up, record.instance)
            self._waiting.setdefault(record.instance, []).append(record)

    def instance_ended(self, end: Exit) -> None:
        """An instance has ended by itself."""
        self._causes[end.instance] = end.cause
        while len(self._causes) > REMEMBERED:
            self._causes.popitem(last=False)
        self._give_up(end.instance)

    def close(self) -> None:
        """Pass on what still waits."""
        for instance in list(self._waiting):
            self._give_up(instance)

    def _give_up(self, instance: str) -> None:
        for record in self._waiting.pop(instance, []):
            self._pass_on(self._explained(record))

    def _explained(self, record: RequestRecord) -> RequestRecord:
        if self._causes.get(record.instance) is not ExitCause.OUT_OF_MEMORY:
            return record
        return record._replace(text=admission.OUT_OF_MEMORY.log, severity=admission.OUT_OF_MEMORY.severity)
