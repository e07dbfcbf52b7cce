"""The resources of Cloud Run as frozen values. Shapes follow the Admin API v1; `core/wire` turns them into JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType

from cloudrun_cli.core.annotations import (
    CPU_THROTTLING,
    DEFAULT_URL_DISABLED,
    HEALTH_CHECK_DISABLED,
    INVOKER_DISABLED,
    SESSION_AFFINITY,
    STARTUP_BOOST,
)
from cloudrun_cli.core.volumes import SecretKey, Volume, VolumeMount

RevisionName = NewType("RevisionName", str)
Tag = NewType("Tag", str)

DEFAULT_PORT = 8080  # Source: run.googleapis.com v1, ContainerPort
DEFAULT_TIMEOUT = timedelta(seconds=300)  # Source: v1, RevisionSpec.timeoutSeconds
DEFAULT_CPU = "1000m"  # Source: container runtime contract
DEFAULT_MEMORY = "512Mi"  # Source: container runtime contract
DEFAULT_MAX_INSTANCES = 100  # per revision. Source: v2, RevisionScaling
DEFAULT_CONCURRENCY = 80  # 1 below one CPU. Source: v1, containerConcurrency
STARTUP_LIMIT = timedelta(seconds=240)  # Source: container runtime contract


class Status(StrEnum):
    """The three values of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Ingress(StrEnum):
    """From where a service may be called."""

    ALL = "all"
    INTERNAL = "internal"
    INTERNAL_AND_LOAD_BALANCING = "internal-and-cloud-load-balancing"


@dataclass(frozen=True, slots=True)
class ServiceRef:
    """Where a service is: project id, region, name."""

    project: str
    region: str
    name: str

    def __str__(self) -> str:
        return f"{self.project}/{self.region}/{self.name}"


@dataclass(frozen=True, slots=True)
class RevisionRef:
    """Where a revision is; its name is unique in the region, whatever its service."""

    project: str
    region: str
    name: RevisionName

    def __str__(self) -> str:
        return f"{self.project}/{self.region}/{self.name}"


@dataclass(frozen=True, slots=True)
class EnvVar:
    """One environment variable: with a plain value, or with that of a secret."""

    name: str
    value: str = ""
    secret: SecretKey | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """A health check. `kind` is tcp, http or grpc; lengths of time in whole seconds."""

    kind: str = "tcp"
    port: int | None = None
    path: str = "/"
    service: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    initial_delay_seconds: int = 0
    timeout_seconds: int = 1
    period_seconds: int = 10
    failure_threshold: int = 3
    success_threshold: int = 1


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """The one port a container listens on; `name` is http1, or h2c for HTTP/2 end to end."""

    number: int = DEFAULT_PORT
    name: str = "http1"


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a template. `cpu` and `memory` stay as typed (`1`, `500m`; `512Mi`, `1G`). `depends_on` names
    containers that must be started, and well if they have a startup probe, before this one. `limits` are further
    resource limits (`nvidia.com/gpu`), `extra` fields of the v1 container that mean nothing here and are kept."""

    image: str
    name: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    cpu: str = DEFAULT_CPU
    memory: str = DEFAULT_MEMORY
    port: ContainerPort | None = None
    working_dir: str = ""
    startup_probe: Probe | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    mounts: tuple[VolumeMount, ...] = ()
    depends_on: tuple[str, ...] = ()
    limits: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RevisionTemplate:
    """What every instance of a revision is made from. A change of it makes a new revision."""

    containers: tuple[Container, ...]
    name: RevisionName | None = None  # only when the user chose a suffix
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)  # those with no field of their own
    concurrency: int | None = None
    timeout: timedelta = DEFAULT_TIMEOUT
    service_account: str = ""
    min_instances: int | None = None
    max_instances: int | None = None
    volumes: tuple[Volume, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)  # fields of the v1 spec that mean nothing here, kept

    @property
    def sidecars(self) -> tuple[Container, ...]:
        """The containers that get no requests, as listed."""
        return tuple(c for c in self.containers if c is not self.ingress_container)

    @property
    def cpu_always(self) -> bool:
        """Whether instances keep their CPU between requests (instance-based billing)."""
        return self.annotations.get(CPU_THROTTLING) == "false"

    @property
    def boosts_startup(self) -> bool:
        """Whether containers start with more CPU than they have later."""
        return self.annotations.get(STARTUP_BOOST) == "true"

    @property
    def session_affinity(self) -> bool:
        """Whether a client with cookies comes back to the same instance, if it can."""
        return self.annotations.get(SESSION_AFFINITY) == "true"

    @property
    def skips_deploy_check(self) -> bool:
        """Whether a new revision is ready without an instance having been tried."""
        return self.annotations.get(HEALTH_CHECK_DISABLED) == "true"

    @property
    def ingress_container(self) -> Container:
        """The container that gets the requests: the one with a port, or the only one."""
        return next((c for c in self.containers if c.port is not None), self.containers[0])


@dataclass(frozen=True, slots=True)
class TrafficTarget:
    """A share of the requests, a tag, or both. `revision` None means LATEST, the latest ready revision."""

    revision: RevisionName | None = None
    percent: int = 0
    tag: Tag | None = None


LATEST_TAKES_ALL = (TrafficTarget(percent=100),)


@dataclass(frozen=True, slots=True)
class ServiceScaling:
    """Instances of the whole service, shared over its revisions by their traffic. None: not set. `manual` is the exact
    number where scaling is manual."""

    min_instances: int | None = None
    max_instances: int | None = None
    manual: int | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is, is not, or is not yet known to be true of a resource."""

    type: str
    status: Status
    last_transition: datetime
    reason: str = ""
    message: str = ""
    severity: str = ""  # "" is an error when False; Warning and Info do not affect readiness


@dataclass(frozen=True, slots=True)
class ActiveTraffic:
    """A share of the requests as it is served now; always a revision by name."""

    revision: RevisionName
    percent: int = 0
    tag: Tag | None = None
    latest: bool = False


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """What was last seen of a service."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    latest_created: RevisionName | None = None
    latest_ready: RevisionName | None = None
    traffic: tuple[ActiveTraffic, ...] = ()
    url: str = ""  # only of an imported service, whose addresses are those it came with


@dataclass(frozen=True, slots=True)
class Service:
    """A service: what should be (`template`, `traffic`, …) and what was last seen (`status`)."""

    ref: ServiceRef
    template: RevisionTemplate
    uid: str
    created: datetime
    updated: datetime
    creator: str = ""
    last_modifier: str = ""
    generation: int = 1
    resource_version: int = 0  # 0: not saved yet
    etag: str = ""  # the resourceVersion it was imported with, shown until the next change
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)  # those with no field of their own
    traffic: tuple[TrafficTarget, ...] = LATEST_TAKES_ALL
    scaling: ServiceScaling = ServiceScaling()
    ingress: Ingress = Ingress.ALL
    door: int = 0  # the service's own port on 127.0.0.1
    urls: tuple[str, ...] = ()  # only of an imported service: those it came with, which never change
    status: ServiceStatus = ServiceStatus()

    @property
    def invoker_check(self) -> bool:
        """Whether callers need the permission to invoke."""
        return self.annotations.get(INVOKER_DISABLED) != "true"

    @property
    def default_url(self) -> bool:
        """Whether its own URL answers."""
        return self.annotations.get(DEFAULT_URL_DISABLED) != "true"


@dataclass(frozen=True, slots=True)
class RevisionStatus:
    """What was last seen of a revision. `image_digest` and `runtime` are fixed once, when it is first prepared."""

    conditions: tuple[Condition, ...] = ()
    image_digest: str = ""  # NAME@sha256:…
    runtime: str = ""  # docker or process
    note: str = ""  # what its user should know of the image, such as that a stand-in serves for it
    sidecar_digests: Mapping[str, str] = field(default_factory=dict)  # by container name
    extra: Mapping[str, Any] = field(default_factory=dict)  # of an imported one: what v1 says beside, such as logUrl


@dataclass(frozen=True, slots=True)
class Revision:
    """An immutable revision: a template with its defaults filled in, and what was last seen of it."""

    ref: RevisionRef
    service: str
    template: RevisionTemplate
    uid: str
    created: datetime
    creator: str = ""
    generation: int = 1  # the service's generation that made it
    labels: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)  # of an imported one: resourceVersion, ownerReferences
    status: RevisionStatus = RevisionStatus()

    @property
    def is_history(self) -> bool:
        """Whether it was imported: it has run elsewhere, and nothing here runs it."""
        return not self.status.runtime and bool(self.status.image_digest or self.meta)

    @property
    def service_ref(self) -> ServiceRef:
        """The service it belongs to."""
        return ServiceRef(self.ref.project, self.ref.region, self.service)


@dataclass(frozen=True, slots=True)
class DomainMapping:
    """A domain of the user's that leads to a service of the same project and region."""

    project: str
    region: str
    domain: str  # lower case
    service: str
    uid: str
    created: datetime
    creator: str = ""
    generation: int = 1
    force_override: bool = False
    certificate_mode: str = "AUTOMATIC"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()


class BuildState(StrEnum):
    """The life of a build."""

    QUEUED = "QUEUED"
    WORKING = "WORKING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Build:
    """One try to make an image from a folder of source. `image` is the name asked for, `digest` what came out."""

    id: str
    project: str
    region: str
    source: str  # absolute path of our own copy
    image: str
    created: datetime
    base_image: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    state: BuildState = BuildState.QUEUED
    digest: str = ""
    runtime: str = ""
    notes: tuple[str, ...] = ()  # what its reader should know: language chosen, runtime fallen back to
    error: str = ""
