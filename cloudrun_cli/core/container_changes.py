"""What a flag asks of one container. `container` is its name; "" is the one that gets the requests.

Every change is a `TemplateChange`: it makes a new revision. Source: gcloud run deploy, container flags.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from cloudrun_cli.core import sidecars
from cloudrun_cli.core.annotations import ACCELERATOR, USER_IMAGE
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import DEFAULT_PORT, Container, ContainerPort, EnvVar, Probe, RevisionTemplate
from cloudrun_cli.core.revisions import PROBE_TYPE
from cloudrun_cli.core.volumes import VolumeMount

GPU_LIMIT = "nvidia.com/gpu"  # Source: v1, ResourceRequirements.limits
ProbeKind = Literal["startup", "liveness", "readiness"]


@dataclass(frozen=True, slots=True)
class ContainersChange:
    """Those in `remove` go, together with what others said of them; then those in `names` are there, new ones last.
    Where there are several and `ingress` is named, that one alone gets the requests."""

    names: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    ingress: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        there = {
            name: c for name, c in sidecars.named(template).items() if c.image or c.name
        }  # not the blank one of a new service
        for name in self.remove:
            if name not in there:
                raise InvalidArgument(
                    f"--remove-containers: There is no container [{name}]; there are [{', '.join(there)}].",
                    field="--remove-containers",
                )
        there = {name: _independent(c, self.remove) for name, c in there.items() if name not in self.remove}
        there |= {name: Container("", name=name) for name in self.names if name not in there}
        if self.ingress:
            there = {name: c if name == self.ingress else _without_port(c) for name, c in there.items()}
        if len(there) > 1:
            there = {name: replace(c, name=name) for name, c in there.items()}
        return replace(template, containers=tuple(there.values()))


@dataclass(frozen=True, slots=True)
class ImageChange:
    """Run this image."""

    image: str
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        if find(template, self.container) is template.ingress_container:  # what was typed before is of no interest now
            kept = {key: value for key, value in template.annotations.items() if key != USER_IMAGE}
            template = replace(template, annotations=kept)
        return on_container(template, self.container, lambda c: replace(c, image=self.image))


@dataclass(frozen=True, slots=True)
class CommandChange:
    """Replace the image's entry point; empty: back to the image's own."""

    command: tuple[str, ...]
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return on_container(template, self.container, lambda c: replace(c, command=self.command))


@dataclass(frozen=True, slots=True)
class ArgsChange:
    """Replace the image's command; empty: back to the image's own."""

    args: tuple[str, ...]
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return on_container(template, self.container, lambda c: replace(c, args=self.args))


@dataclass(frozen=True, slots=True)
class WorkingDirChange:
    """Start in this folder; empty: in the image's own."""

    folder: str
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return on_container(template, self.container, lambda c: replace(c, working_dir=self.folder))


@dataclass(frozen=True, slots=True)
class EnvChange:
    """Change plain variables: first all go when `clear`, then those in `remove`, then `update` is laid over. Variables
    with the value of a secret are not touched. Raises InvalidArgument when one of `update` is such a variable."""

    update: Mapping[str, str] = field(default_factory=dict)
    remove: Sequence[str] = ()
    clear: bool = False
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return on_container(template, self.container, self._on)

    def _on(self, container: Container) -> Container:
        kept = [v for v in container.env if v.secret or not (self.clear or v.name in self.remove)]
        for variable in kept:
            if variable.secret and variable.name in self.update:
                raise other_type(variable.name)
        there = {v.name for v in kept}
        changed = [replace(v, value=self.update[v.name]) if v.name in self.update else v for v in kept]
        new = [EnvVar(name, value) for name, value in self.update.items() if name not in there]
        return replace(container, env=(*changed, *new))


@dataclass(frozen=True, slots=True)
class LimitsChange:
    """CPU, memory, or both; None leaves one as it is."""

    cpu: str | None = None
    memory: str | None = None
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return on_container(
            template, self.container, lambda c: replace(c, cpu=self.cpu or c.cpu, memory=self.memory or c.memory)
        )


@dataclass(frozen=True, slots=True)
class GpuChange:
    """How many GPUs; at 0 none, and of no kind."""

    count: int
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        def changed(container: Container) -> Container:
            limits = {key: value for key, value in container.limits.items() if key != GPU_LIMIT}
            return replace(container, limits=limits | ({GPU_LIMIT: str(self.count)} if self.count else {}))

        after = on_container(template, self.container, changed)
        if any(GPU_LIMIT in c.limits for c in after.containers):
            return after
        kept = {key: value for key, value in after.node_selector.items() if key != ACCELERATOR}
        return replace(after, node_selector=kept)


@dataclass(frozen=True, slots=True)
class PortChange:
    """The port to send requests to; None goes back to the default. A TCP startup probe of the old port moves along."""

    port: int | None
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        def moved(container: Container) -> Container:
            old = container.port
            new = ContainerPort(self.port or DEFAULT_PORT, old.name if old else "http1")
            probe = container.startup_probe
            if probe and probe.kind == "tcp" and old and probe.port == old.number:
                probe = replace(probe, port=new.number)
            return replace(container, port=new, startup_probe=probe)

        return on_container(template, self.container, moved)


@dataclass(frozen=True, slots=True)
class ProtocolChange:
    """HTTP/2 without TLS end to end, or HTTP/1."""

    http2: bool
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        name = "h2c" if self.http2 else "http1"
        return on_container(
            template, self.container, lambda c: replace(c, port=replace(c.port or ContainerPort(), name=name))
        )


@dataclass(frozen=True, slots=True)
class DependsOnChange:
    """Start after these containers; empty: after none."""

    names: tuple[str, ...]
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return on_container(template, self.container, lambda c: replace(c, depends_on=self.names))


@dataclass(frozen=True, slots=True)
class ProbeChange:
    """Another health check; None removes it. Without one at startup, the default check comes back."""

    kind: ProbeKind
    probe: Probe | None
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        def changed(container: Container) -> Container:
            match self.kind:
                case "startup":
                    return replace(container, startup_probe=self.probe)
                case "liveness":
                    return replace(container, liveness_probe=self.probe)
                case "readiness":
                    return replace(container, readiness_probe=self.probe)

        if self.kind == "startup" and find(template, self.container).port is not None:
            template = replace(template, labels={k: v for k, v in template.labels.items() if k != PROBE_TYPE})
        return on_container(template, self.container, changed)


@dataclass(frozen=True, slots=True)
class MountsChange:
    """Where the container sees volumes: all go when `clear`, then those at the paths in `remove`, then `add` comes; a
    path has one mount."""

    add: tuple[VolumeMount, ...] = ()
    remove: tuple[str, ...] = ()
    clear: bool = False
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        gone = {*self.remove, *(mount.path for mount in self.add)}

        def changed(container: Container) -> Container:
            kept = () if self.clear else tuple(m for m in container.mounts if m.path not in gone)
            return replace(container, mounts=(*kept, *self.add))

        return on_container(template, self.container, changed)


def find(template: RevisionTemplate, name: str) -> Container:
    """The container of that name; the one that gets the requests for "". Raises InvalidArgument when there is none."""
    if not name:
        return template.ingress_container
    for container, known in zip(template.containers, sidecars.names(template.containers), strict=True):
        if known == name:
            return container
    raise InvalidArgument(f"There is no container [{name}].", field="--container")


def on_container(template: RevisionTemplate, name: str, change: Callable[[Container], Container]) -> RevisionTemplate:
    """The template with that one container changed."""
    target = find(template, name)
    return replace(template, containers=tuple(change(c) if c is target else c for c in template.containers))


def other_type(name: str) -> InvalidArgument:
    """A variable cannot turn from text into a secret, or back, in one step."""
    return InvalidArgument(
        f"Cannot update environment variable [{name}] to the given type because it has already been set with a "
        "different type.",
        field="spec.template.spec.containers.env",
        hint=f"Remove it in the same command: --remove-env-vars={name}, or --remove-secrets={name}.",
    )


def _independent(container: Container, gone: Sequence[str]) -> Container:
    return replace(container, depends_on=tuple(name for name in container.depends_on if name not in gone))


def _without_port(container: Container) -> Container:
    """A sidecar of what got the requests; the TCP check of its port goes with the port."""
    probe, port = container.startup_probe, container.port
    if probe and probe.kind == "tcp" and port and probe.port == port.number:
        probe = None
    return replace(container, port=None, startup_probe=probe)
