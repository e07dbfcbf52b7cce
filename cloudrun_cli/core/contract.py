"""The container contract: revision or task in, environment out. Source: container runtime contract."""

from cloudrun_cli.core.annotations import CLOUDSQL_INSTANCES
from cloudrun_cli.core.jobs import Execution
from cloudrun_cli.core.resources import DEFAULT_PORT, Container, Revision, RevisionTemplate
from cloudrun_cli.core.volumes import CloudSql


def environment(revision: Revision, container: Container) -> dict[str, str]:
    """What the container's process sees: its settings, save those that are secret, and over them what the platform
    says."""
    env = {variable.name: variable.value for variable in container.env if variable.secret is None}
    env |= {
        "K_SERVICE": revision.service,
        "K_REVISION": revision.ref.name,
        "K_CONFIGURATION": revision.service,
    }
    if container.port is not None:
        env["PORT"] = str(container.port.number)
    return env


def task_environment(execution: Execution, container: Container, index: int, attempt: int) -> dict[str, str]:
    """The same of one attempt at a task; index and attempt count from 0. A task is sent no requests, so it has no
    port."""
    env = {variable.name: variable.value for variable in container.env if variable.secret is None}
    return env | {
        "CLOUD_RUN_JOB": execution.job,
        "CLOUD_RUN_EXECUTION": execution.ref.name,
        "CLOUD_RUN_TASK_INDEX": str(index),
        "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
        "CLOUD_RUN_TASK_COUNT": str(execution.template.tasks),
    }


def port(container: Container) -> int:
    """The port that requests are sent to."""
    return container.port.number if container.port else DEFAULT_PORT


def speaks_h2(container: Container) -> bool:
    """Whether requests are to be sent as HTTP/2 without TLS."""
    return container.port is not None and container.port.name == "h2c"


def not_yet(template: RevisionTemplate) -> str:
    """What the template asks for that its instances do not get, in a sentence; "" when they get everything."""
    volumes = [v.name for v in template.volumes if isinstance(v.source, CloudSql)]
    said = [f"volumes [{', '.join(volumes)}]"] if volumes else []
    said += ["Cloud SQL sockets"] if template.annotations.get(CLOUDSQL_INSTANCES) else []
    return f"Recorded, but not given to its instances: {', '.join(said)}." if said else ""
