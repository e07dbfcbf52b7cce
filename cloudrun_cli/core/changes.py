"""What a flag asks of a template as a whole, or of the service around it: small values that turn one into the next.

`TemplateChange.apply(template)` makes a new revision, even where it changes nothing; `ServiceChange.adjust(service)`
makes none. Those of one container are in `container_changes`, those of volumes, secrets and networks in files of their
own. Source: gcloud run deploy, and which of its flags make a revision.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from cloudrun_cli.core.annotations import (
    ACCELERATOR,
    CLOUDSQL_INSTANCES,
    CUSTOM_AUDIENCES,
)
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import Ingress, RevisionTemplate, Service, ServiceScaling

if TYPE_CHECKING:
    from cloudrun_cli.core.jobs import ExecutionTemplate


class TemplateChange(Protocol):
    """One setting of what instances are made from."""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        """The template with it."""


class ServiceChange(Protocol):
    """One setting of the service around its template."""

    def adjust(self, service: Service) -> Service:
        """The service with it."""


class ExecutionChange(Protocol):
    """One setting of what executions of a job are made from, beside what a task of theirs is."""

    def spread(self, template: "ExecutionTemplate") -> "ExecutionTemplate":
        """The template with it."""


Change = TemplateChange | ServiceChange | ExecutionChange


def makes_revision(changes: Iterable[Change]) -> bool:
    """Whether any of them is about the template."""
    return any(hasattr(change, "apply") for change in changes)


@dataclass(frozen=True, slots=True)
class ListEdit:
    """How a list is changed: all go when `clear`, then those in `remove`, then those in `add` come, each once."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    clear: bool = False

    def on(self, items: Iterable[str]) -> tuple[str, ...]:
        """The list after it."""
        kept = () if self.clear else (item for item in items if item not in self.remove)
        return tuple(dict.fromkeys((*kept, *self.add)))


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
class TemplateAnnotationsChange:
    """Set annotations of the template; None removes one."""

    values: Mapping[str, str | None]

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return replace(template, annotations=_laid_over(template.annotations, self.values))


@dataclass(frozen=True, slots=True)
class AcceleratorChange:
    """The kind of GPU that the instances have; None: no kind is asked for."""

    type: str | None

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return replace(template, node_selector=_laid_over(template.node_selector, {ACCELERATOR: self.type}))


@dataclass(frozen=True, slots=True)
class CloudSqlChange:
    """Which database instances are reached through sockets; by full name, `PROJECT:REGION:INSTANCE`."""

    edit: ListEdit

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        before = template.annotations.get(CLOUDSQL_INSTANCES, "")
        after = ",".join(self.edit.on(item for item in before.split(",") if item))
        return replace(template, annotations=_laid_over(template.annotations, {CLOUDSQL_INSTANCES: after or None}))


@dataclass(frozen=True, slots=True)
class LabelsChange:
    """Labels of service and template: all go when `clear`, then those in `remove`, then `update` is laid over. What
    the platform has written itself stays, and is not for others to write. Raises InvalidArgument."""

    update: Mapping[str, str] = field(default_factory=dict)
    remove: Sequence[str] = ()
    clear: bool = False

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return replace(template, labels=self._on(template.labels))

    def adjust(self, service: Service) -> Service:
        return replace(service, labels=self._on(service.labels))

    def _on(self, labels: Mapping[str, str]) -> dict[str, str]:
        for key in self.update:
            if "/" in key:
                raise InvalidArgument(
                    f"metadata.labels: Invalid label key [{key}]. Keys with a prefix are the platform's own.",
                    field="metadata.labels",
                )
        kept = {k: v for k, v in labels.items() if "/" in k or not (self.clear or k in self.remove)}
        return {**kept, **self.update}


@dataclass(frozen=True, slots=True)
class AudiencesChange:
    """Which other audiences an identity token may have. Of the service; gcloud makes a revision of it all the same."""

    edit: ListEdit

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        return template

    def adjust(self, service: Service) -> Service:
        before = json.loads(service.annotations.get(CUSTOM_AUDIENCES) or "[]")
        after = self.edit.on(before)
        text = json.dumps(after, separators=(",", ":")) if after else None
        return replace(service, annotations=_laid_over(service.annotations, {CUSTOM_AUDIENCES: text}))


@dataclass(frozen=True, slots=True)
class ServiceAnnotationsChange:
    """Set annotations of the service; None removes one."""

    values: Mapping[str, str | None]

    def adjust(self, service: Service) -> Service:
        return replace(service, annotations=_laid_over(service.annotations, self.values))


@dataclass(frozen=True, slots=True)
class IngressSettingChange:
    """From where the service may be called."""

    ingress: Ingress

    def adjust(self, service: Service) -> Service:
        return replace(service, ingress=self.ingress)


@dataclass(frozen=True, slots=True)
class ServiceScalingChange:
    """Least or most instances of the whole service; None removes."""

    min_instances: int | None = None
    max_instances: int | None = None
    set_min: bool = False
    set_max: bool = False

    def adjust(self, service: Service) -> Service:
        scaling = service.scaling
        least = (self.min_instances or None) if self.set_min else scaling.min_instances
        most = self.max_instances if self.set_max else scaling.max_instances
        return replace(service, scaling=replace(scaling, min_instances=least, max_instances=most))


@dataclass(frozen=True, slots=True)
class ManualScalingChange:
    """So many instances of the service, no more and no fewer, whatever was its minimum and maximum; None: automatic
    again."""

    instances: int | None

    def adjust(self, service: Service) -> Service:
        scaling = replace(service.scaling, manual=None) if self.instances is None else ServiceScaling(None, None)
        return replace(service, scaling=replace(scaling, manual=self.instances))


def _laid_over(values: Mapping[str, str], changed: Mapping[str, str | None]) -> dict[str, str]:
    """The values with the changed ones among them; those that are None left out."""
    return {key: value for key, value in {**values, **changed}.items() if value is not None}
