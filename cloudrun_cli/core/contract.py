"""The container contract: revision in, environment out. Source: container runtime contract."""

from cloudrun_cli.core.resources import DEFAULT_PORT, Container, Revision


def environment(revision: Revision, container: Container) -> dict[str, str]:
    """What the container's process sees: its settings, and over them what the platform says."""
    env = {variable.name: variable.value for variable in container.env}
    env |= {
        "K_SERVICE": revision.service,
        "K_REVISION": revision.ref.name,
        "K_CONFIGURATION": revision.service,
    }
    if container.port is not None:
        env["PORT"] = str(container.port.number)
    return env


def port(container: Container) -> int:
    """The port that requests are sent to."""
    return container.port.number if container.port else DEFAULT_PORT


def speaks_h2(container: Container) -> bool:
    """Whether requests are to be sent as HTTP/2 without TLS."""
    return container.port is not None and container.port.name == "h2c"
