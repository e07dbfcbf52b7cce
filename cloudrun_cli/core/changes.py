"""What a flag asks for: small values that turn one template, or one service, into the next.

`TemplateChange.apply(template)` may make a new revision; `ServiceChange.adjust(service)` never does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from cloudrun_cli.core.resources import (
    DEFAULT_PORT,
    Container,
    ContainerPort,
    EnvVar,
    RevisionTemplate,
    Service,
    ServiceScaling,
)

USER_IMAGE = "client.knative.dev/user-image"


class TemplateChange(Protocol):
    """One setting of what instances are made from."""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        """The template with it."""


class ServiceChange(Protocol):
    """One setting of the service around its template."""

    def adjust(self, service: Service) -> Service:
        """The service with it."""


@dataclass(frozen=True, slots=True)
class ImageChange:
    """Run this image. `user_image` is what the user typed, when that is something else (a built source)."""

    image: str

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return _on_ingress(template, lambda c: replace(c, image=self.image))


@dataclass(frozen=True, slots=True)
class CommandChange:
    """Replace the image's entry point; empty: back to the image's own."""

    command: tuple[str, ...]

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return _on_ingress(template, lambda c: replace(c, command=self.command))


@dataclass(frozen=True, slots=True)
class ArgsChange:
    """Replace the image's command; empty: back to the image's own."""

    args: tuple[str, ...]

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return _on_ingress(template, lambda c: replace(c, args=self.args))


@dataclass(frozen=True, slots=True)
class EnvChange:
    """Change variables: first all go when `clear`, then those in `remove`, then `update` is laid over."""

    update: Mapping[str, str] = field(default_factory=dict)
    remove: Sequence[str] = ()
    clear: bool = False

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return _on_ingress(template, self._on_container)

    def _on_container(self, container: Container) -> Container:
        kept = {} if self.clear else {v.name: v.value for v in container.env if v.name not in self.remove}
        kept |= self.update
        return replace(container, env=tuple(EnvVar(name, value) for name, value in kept.items()))


@dataclass(frozen=True, slots=True)
class LimitsChange:
    """CPU, memory, or both; None leaves one as it is."""

    cpu: str | None = None
    memory: str | None = None

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return _on_ingress(template, lambda c: replace(c, cpu=self.cpu or c.cpu, memory=self.memory or c.memory))


@dataclass(frozen=True, slots=True)
class PortChange:
    """The port to send requests to; None goes back to the default."""

    port: int | None

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        def moved(container: Container) -> Container:
            old = container.port
            new = ContainerPort(self.port or DEFAULT_PORT, old.name if old else "http1")
            probe = container.startup_probe
            if probe and probe.kind == "tcp" and old and probe.port == old.number:
                probe = replace(probe, port=new.number)
            return replace(container, port=new, startup_probe=probe)

        return _on_ingress(template, moved)


@dataclass(frozen=True, slots=True)
class ConcurrencyChange:
    """Requests at once per instance; None goes back to the default."""

    concurrency: int | None

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return replace(template, concurrency=self.concurrency)


@dataclass(frozen=True, slots=True)
class TimeoutChange:
    """How long a request may take."""

    timeout: timedelta

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return replace(template, timeout=self.timeout)


@dataclass(frozen=True, slots=True)
class RevisionScalingChange:
    """Least or most instances of the revision. `set_min` and `set_max` say which; None removes."""

    min_instances: int | None = None
    max_instances: int | None = None
    set_min: bool = False
    set_max: bool = False

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return replace(
            template,
            min_instances=(self.min_instances or None) if self.set_min else template.min_instances,
            max_instances=self.max_instances if self.set_max else template.max_instances,
        )


@dataclass(frozen=True, slots=True)
class ServiceAccountChange:
    """Run as this account; empty goes back to the default one."""

    email: str

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return replace(template, service_account=self.email)


@dataclass(frozen=True, slots=True)
class LabelsChange:
    """Lay labels over those of service and template."""

    update: Mapping[str, str]

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return replace(template, labels={**template.labels, **self.update})

    def adjust(self, service: Service) -> Service:
        return replace(service, labels={**service.labels, **self.update})


@dataclass(frozen=True, slots=True)
class ServiceScalingChange:
    """Least or most instances of the whole service; None removes. Makes no revision."""

    min_instances: int | None = None
    max_instances: int | None = None
    set_min: bool = False
    set_max: bool = False

    def adjust(self, service: Service) -> Service:
        return replace(
            service,
            scaling=ServiceScaling(
                (self.min_instances or None) if self.set_min else service.scaling.min_instances,
                self.max_instances if self.set_max else service.scaling.max_instances,
            ),
        )


def _on_ingress(template: RevisionTemplate, change: "_ContainerChange") -> RevisionTemplate:
    target = template.ingress_container
    return replace(template, containers=tuple(change(c) if c is target else c for c in template.containers))


class _ContainerChange(Protocol):
    def __call__(self, container: Container, /) -> Container: ...
