"""Several containers in one instance: what each is called, and which start after which. Source: container runtime
contract (start order); Deploy multiple containers to a service."""

from collections.abc import Sequence

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.names import container_name
from cloudrun_cli.core.resources import Container, RevisionTemplate

FIELD = "spec.template.metadata.annotations[run.googleapis.com/container-dependencies]"


def names(containers: Sequence[Container]) -> tuple[str, ...]:
    """What each container is called: its own name, or the one made of its image and place."""
    return tuple(container_name(c.name, c.image, index) for index, c in enumerate(containers))


def named(template: RevisionTemplate) -> dict[str, Container]:
    """The containers of a template by name, as listed."""
    return dict(zip(names(template.containers), template.containers, strict=True))


def start_order(containers: Sequence[Container]) -> tuple[tuple[str, ...], ...]:
    """The names in waves: each container is in the first wave after all those it depends on, and keeps its place as
    listed within it. Raises InvalidArgument for a name that is not there, one's own, or a circle."""
    left = dict(zip(names(containers), containers, strict=True))
    _check_names(left)
    waves: list[tuple[str, ...]] = []
    while left:
        wave = tuple(name for name, c in left.items() if not any(other in left for other in c.depends_on))
        if not wave:
            raise InvalidArgument(
                f"{FIELD}: Containers depend on each other in a circle: {' → '.join(_circle(left))}.", field=FIELD
            )
        waves.append(wave)
        left = {name: c for name, c in left.items() if name not in wave}
    return tuple(waves)


def _check_names(containers: dict[str, Container]) -> None:
    for name, container in containers.items():
        for other in container.depends_on:
            if other == name:
                raise InvalidArgument(f"{FIELD}: Container [{name}] cannot depend on itself.", field=FIELD)
            if other not in containers:
                raise InvalidArgument(
                    f"{FIELD}: Container [{name}] depends on [{other}], which is not there; there are "
                    f"[{', '.join(containers)}].",
                    field=FIELD,
                )


def _circle(left: dict[str, Container]) -> list[str]:
    """One of the circles, its first name again at the end. Every one in `left` depends on another in `left`."""
    path = [next(iter(left))]
    while path[-1] not in path[:-1]:
        path.append(next(other for other in left[path[-1]].depends_on if other in left))
    return path[path.index(path[-1]) :]
