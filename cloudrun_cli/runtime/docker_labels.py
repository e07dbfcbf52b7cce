"""What is written on everything we make in the engine, and an instance read back from it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from cloudrun_cli.runtime.base import Instance, InstanceSpec

PREFIX = "dev.cloudrun"
HOME = f"{PREFIX}.home"  # absolute path of the home it belongs to
KIND = f"{PREFIX}.kind"
PROJECT = f"{PREFIX}.project"
REGION = f"{PREFIX}.region"
ZONE = f"{PREFIX}.zone"
SERVICE = f"{PREFIX}.service"
REVISION = f"{PREFIX}.revision"
INSTANCE = f"{PREFIX}.instance"
PORT = f"{PREFIX}.port"
ADDRESS = f"{PREFIX}.address"
STARTED = f"{PREFIX}.started"
HOLDER = f"{PREFIX}.holder"  # the container whose network it is in; empty: its own
CONTAINER = f"{PREFIX}.container"  # its name in the instance
CONTAINERS = f"{PREFIX}.containers"  # the names of all that the instance is to have, with commas
TASK = f"{PREFIX}.task"  # INDEX/ATTEMPT, only on what is a task's
WAYS = f"{PREFIX}.ways"  # of a holder: the ports on the gateway that its rules lead to
FIRST = f"{PREFIX}.first"  # only on the instance's first container, whose id is its handle

KIND_INSTANCE = "instance"  # every container of one
KIND_VOLUME = "volume"
KIND_HOLDER = "holder"
KIND_BUILD = "build"


def of_instance(home: str, spec: InstanceSpec, *, address: str, holder: str, started: datetime) -> dict[str, str]:
    """The labels of an instance's first container; enough to know it again without any memory of it."""
    own = {TASK: spec.task} if spec.task else {}
    return {
        FIRST: "true",
        HOME: home,
        KIND: KIND_INSTANCE,
        PROJECT: spec.project,
        REGION: spec.region,
        ZONE: spec.zone,
        SERVICE: spec.service,
        REVISION: spec.revision,
        INSTANCE: spec.id,
        PORT: str(spec.port),
        ADDRESS: address,
        STARTED: started.isoformat(),
        HOLDER: holder,
        CONTAINER: spec.container,
        CONTAINERS: ",".join(spec.names),
        **own,
    }


def of_further(home: str, spec: InstanceSpec, instance: Instance, holder: str) -> dict[str, str]:
    """The labels of a further container of an instance."""
    named = of_instance(home, spec, address=instance.address, holder=holder, started=instance.started)
    del named[FIRST]
    return named | {CONTAINERS: ",".join(instance.containers)}


def is_first(labels: Mapping[str, str]) -> bool:
    """Whether the instance goes by this container."""
    return FIRST in labels or CONTAINER not in labels  # the latter: made before instances had several


def is_aside(labels: Mapping[str, str]) -> bool:
    """Whether a container is a further one of a task, which goes on when that has done its work."""
    return TASK in labels and labels.get(CONTAINER, "") != labels.get(CONTAINERS, "").partition(",")[0]


def instance(container: str, labels: Mapping[str, str]) -> Instance:
    """The instance whose container has these labels."""
    return Instance(
        id=labels[INSTANCE],
        project=labels[PROJECT],
        region=labels[REGION],
        service=labels[SERVICE],
        revision=labels[REVISION],
        address=labels[ADDRESS],
        port=int(labels[PORT]),
        started=datetime.fromisoformat(labels[STARTED]),
        runtime="docker",
        handle=container,
        containers=tuple(labels.get(CONTAINERS, "").split(",")),
        zone=labels.get(ZONE, ""),
        task=labels.get(TASK, ""),
    )


def by_instance(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The engine's containers, by the instance they belong to."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["Labels"][INSTANCE], []).append(row)
    return found


def filters(home: str, kind: str | None = None) -> dict[str, list[str]]:
    """The engine's filter for everything of a home, or everything of one kind."""
    return {"label": [f"{HOME}={home}", *([f"{KIND}={kind}"] if kind else [])]}
