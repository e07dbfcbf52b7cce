"""Which containers there are, and what each of them runs."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import CONTAINERS, Family, Values, toggle, value
from cloudrun_cli.cli.parsing import ListOf, OrDefault, number
from cloudrun_cli.core.errors import InvalidArgument

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change

MOST_DEPENDENCIES = 9  # Source: gcloud run deploy, --depends-on

FLAGS = (
    value("--container", "The container that the flags after it are about; a new name adds one.", metavar="CONTAINER"),
    value(
        "--remove-containers",
        "Containers to remove.",
        ListOf(repeatable=True, most=MOST_DEPENDENCIES),
        metavar="CONTAINER",
    ),
    value("--image", "Name of the container image to run.", each=True),
    value(
        "--command",
        "Entry point of the container, instead of the image's.",
        ListOf(repeatable=True, unique=False),
        each=True,
    ),
    value(
        "--args",
        "Arguments of the container, instead of the image's.",
        ListOf(repeatable=True, unique=False),
        metavar="ARG",
        each=True,
    ),
    value("--workdir", "Folder that the container starts in, instead of the image's.", each=True),
    value(
        "--port",
        "Container port to send requests to; it makes its container the one they go to.",
        OrDefault(1, 65535),
        each=True,
    ),
    toggle("--use-http2", "HTTP/2 without TLS on the way to the container.", each=True),
    value(
        "--depends-on",
        "Containers that must have started, and be well if they have a startup probe, before this one.",
        ListOf(repeatable=True, most=MOST_DEPENDENCIES),
        metavar="CONTAINER",
        each=True,
    ),
)


def _whole(values: Values) -> "list[Change]":
    from cloudrun_cli.core.container_changes import ContainersChange

    named = values.get(CONTAINERS) or {}
    remove = tuple(values["remove_containers"] or ())
    if both := [name for name in named if name in remove]:
        raise InvalidArgument(f"--remove-containers: [{both[0]}] is also named by --container.", field="--container")
    if not named and not remove:
        return []
    ports = [name for name, own in named.items() if own.get("port") is not None]
    return [ContainersChange(tuple(named), remove, ports[0] if len(ports) == 1 else "")]


def _each(values: Values, container: str) -> "list[Change]":
    from cloudrun_cli.core import container_changes as ask

    out: list[Change] = []
    if values["image"] is not None:
        out.append(ask.ImageChange(values["image"], container))
    if values["command"] is not None:
        out.append(ask.CommandChange(tuple(values["command"]), container))
    if values["args"] is not None:
        out.append(ask.ArgsChange(tuple(values["args"]), container))
    if values["workdir"] is not None:
        out.append(ask.WorkingDirChange(values["workdir"], container))
    if values["port"] is not None:
        out.append(ask.PortChange(number(values["port"]), container))
    if values["use_http2"] is not None:
        out.append(ask.ProtocolChange(values["use_http2"], container))
    if values["depends_on"] is not None:
        out.append(ask.DependsOnChange(tuple(values["depends_on"]), container))
    return out


FAMILY = Family(FLAGS, whole=_whole, each=_each)
