"""Inherited requests: those that an earlier gate let in and that still run, known by nothing but their number.

Messages about their ends are no help: some were sent before we began to count, others are lost. Envoy is asked again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from cloudrun_cli.dataplane.pools import InstanceSlots, Ticket

SETTLED_SECONDS = 0.05  # after its answer Envoy surely counts a request


class Inherited:
    """Per instance, how many; truthy while there are any. `free` is called for each when it has ended."""

    def __init__(self, free: Callable[[InstanceSlots], None]) -> None:
        self._free = free
        self._by_address: dict[str, InstanceSlots] = {}

    def __bool__(self) -> bool:
        return bool(self._by_address)

    def begin(self, instances: Iterable[InstanceSlots], in_flight: Mapping[str, int]) -> None:
        """So many requests per address run already, by Envoy's count."""
        for instance in instances:
            if (count := in_flight.get(instance.address, 0)) > 0:
                instance.inherited += count
                for _ in range(count):
                    instance.take()
                self._by_address[instance.address] = instance

    def recount(self, in_flight: Mapping[str, int], asked: float, tickets: Iterable[Ticket]) -> None:
        """Correct it downwards by a later count, of which only those of our own are taken off that are surely in it:
        admitted a moment before it was `asked` for, and still running."""
        surely = Counter(
            ticket.instance.address
            for ticket in tickets
            if ticket.instance is not None and ticket.open and ticket.admitted <= asked - SETTLED_SECONDS
        )
        for instance in list(self._by_address.values()):
            most = max(0, in_flight.get(instance.address, 0) - surely[instance.address])
            for _ in range(instance.inherited - most):
                self._ended(instance)

    def end_all(self) -> None:
        """Every one has ended."""
        for instance in list(self._by_address.values()):
            for _ in range(instance.inherited):
                self._ended(instance)

    def drop(self, address: str) -> None:
        """The instance is gone, and they with it."""
        self._by_address.pop(address, None)

    def _ended(self, instance: InstanceSlots) -> None:
        instance.inherited -= 1
        if not instance.inherited:
            self._by_address.pop(instance.address, None)
        self._free(instance)
