"""Instances whose CPU was taken: they are chosen last, and a request for one is answered when it has its CPU back."""

from collections.abc import Callable, Mapping

from cloudrun_cli.core.resources import RevisionRef
from cloudrun_cli.dataplane.pools import InstanceSlots, Pool, Ticket


class Sleepers:
    """What the daemon tells of CPU. `answer` admits a ticket that holds a slot, `move` serves a pool's queue, and
    `place_again` finds a ticket another place."""

    def __init__(
        self,
        instances: Mapping[str, InstanceSlots],
        pools: Mapping[RevisionRef, Pool],
        answer: Callable[[Ticket, Pool, InstanceSlots], None],
        move: Callable[[Pool], None],
        place_again: Callable[[Ticket], None],
    ) -> None:
        self._instances, self._pools = instances, pools
        self._answer, self._move, self._place_again = answer, move, place_again

    def sleep(self, instance_id: str) -> bool:
        """Whether its CPU may be taken now: nothing is in flight on it. From here on requests wait for `wake`."""
        instance = self._instances.get(instance_id)
        if instance is None or instance.in_flight or instance.retired:
            return False
        self._set(instance, asleep=True)
        return True

    def wake(self, instance_id: str) -> None:
        """It has its CPU: those who wait for it are answered, and it is chosen like any other."""
        instance = self._instances.get(instance_id)
        if instance is None or not instance.asleep:
            return
        pool = self._set(instance, asleep=False)
        for ticket in _let_go(instance):
            self._answer(ticket, pool, instance)
        if instance.open:
            self._move(pool)

    def hold(self, ticket: Ticket, instance: InstanceSlots) -> None:
        """It has a slot, and is answered when the instance is awake."""
        ticket.instance, ticket.open, ticket.held = instance, True, True
        instance.held.append(ticket)

    def give_back(self, instance: InstanceSlots, now: float) -> None:
        """It is gone: nobody has sent it what waits for it, so another may serve that."""
        if (pool := self._pools.get(instance.revision)) is not None:
            pool.sleepers = sum(one.asleep for one in pool.instances)
        for ticket in _let_go(instance):
            ticket.instance, ticket.open = None, False
            instance.release(now)
            self._place_again(ticket)
            if ticket.revision is not None and ticket.revision in self._pools:
                self._move(self._pools[ticket.revision])

    def _set(self, instance: InstanceSlots, *, asleep: bool) -> Pool:
        instance.asleep = asleep
        instance.reopen()
        pool = self._pools[instance.revision]
        pool.sleepers = sum(one.asleep for one in pool.instances)
        return pool


def _let_go(instance: InstanceSlots) -> list[Ticket]:
    """Those who still wait for it, in their order; they are not held any more."""
    held, instance.held = [ticket for ticket in instance.held if ticket.held], []
    for ticket in held:
        ticket.held = False
    return held
