"""How an instance ended by itself: in the log's words, and as what happened in its life."""

from cloudrun_cli.core.instances import Event, InstanceState, Reason
from cloudrun_cli.runtime.base import Exit, ExitCause

MEMORY_PAGE = "https://cloud.google.com/run/docs/configuring/memory-limits"


def ending(end: Exit, *, several: bool, limit_bytes: int) -> str:
    """Its end in the log's words. `several`: the container is to be named, as it is not the only one; `limit_bytes`:
    the memory it might use."""
    who = f"Container [{end.container}]" if several else "Container"
    if end.cause is ExitCause.OUT_OF_MEMORY:
        used = max(end.memory_bytes or 0, limit_bytes) // 2**20  # the kernel ends it as soon as it wants more
        of = f" of {who.lower()}" if end.container and several else ""
        limit = f"Memory limit of {limit_bytes // 2**20} MiB{of} exceeded with {used} MiB used."
        return f"{limit} Consider increasing the memory limit, see {MEMORY_PAGE}"
    if end.signal is not None:
        return f"{who} terminated on signal {end.signal}."
    if end.cause is ExitCause.REMOVED:
        return "The instance is gone: it was removed from outside."
    return f"{who} called exit({end.code})."


def why_lost(end: Exit) -> Event:
    """The end of an instance of which nobody has asked that it end."""
    return Event(InstanceState.STOPPED, _REASONS.get(end.cause, Reason.EXITED), _detail(end))


_REASONS = {ExitCause.OUT_OF_MEMORY: Reason.OUT_OF_MEMORY, ExitCause.REMOVED: Reason.REMOVED}


def _detail(end: Exit) -> str:
    how = f"signal {end.signal}" if end.signal is not None else f"exit code {end.code}" if end.code is not None else ""
    return f"{end.container}: {how}" if end.container and how else how
