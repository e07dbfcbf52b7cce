"""How much CPU a container gets while its instance starts. Source: Configure CPU limits, startup CPU boost."""

from datetime import timedelta

from cloudrun_cli.core.limits import cpu_millis
from cloudrun_cli.core.resources import Container, RevisionTemplate

BOOST_AFTER = timedelta(seconds=10)  # of CPU boost once the instance has started
_BOOSTED = ((1000, 2000), (2000, 4000), (4000, 8000), (8000, 8000))  # a limit up to the first is raised to the second


def boosted(millis: int) -> int:
    """The limit during start-up of a container that later has so many thousandths of a CPU."""
    return next((more for limit, more in _BOOSTED if millis <= limit), millis)


def at_start(template: RevisionTemplate, container: Container) -> int:
    """Thousandths of a CPU that a container of this revision starts with."""
    millis = cpu_millis(container.cpu)
    return boosted(millis) if template.boosts_startup else millis
