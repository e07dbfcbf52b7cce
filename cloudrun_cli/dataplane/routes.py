"""Routes: everything the gate must know to decide, as values that are replaced as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from cloudrun_cli.core.hosts import Directory
from cloudrun_cli.core.resources import (
    DEFAULT_CONCURRENCY,
    DEFAULT_MAX_INSTANCES,
    DEFAULT_TIMEOUT,
    RevisionRef,
    ServiceRef,
    Tag,
)


@dataclass(frozen=True, slots=True)
class RevisionRoute:
    """How requests to one revision are admitted. `h2`: its instances speak HTTP/2 without TLS."""

    ref: RevisionRef
    service: ServiceRef
    concurrency: int = DEFAULT_CONCURRENCY
    timeout: timedelta = DEFAULT_TIMEOUT
    h2: bool = False
    max_instances: int = DEFAULT_MAX_INSTANCES


@dataclass(frozen=True, slots=True)
class ServiceRoute:
    """Where a service's requests go. `number` is the project's, `door` its own port on 127.0.0.1 (0: none yet),
    `split` percents that sum to 100 (empty: nothing serves yet)."""

    ref: ServiceRef
    number: str
    door: int = 0
    public: bool = False
    split: tuple[tuple[RevisionRef, int], ...] = ()
    tags: Mapping[Tag, RevisionRef] = field(default_factory=dict)
    disabled_url: bool = False  # its URL and door answer 404; custom domains still serve


@dataclass(frozen=True, slots=True)
class Routes:
    """All of it. `api` is IP:PORT of the Admin API server, `domains` custom domains in lower case."""

    services: Mapping[ServiceRef, ServiceRoute] = field(default_factory=dict)
    revisions: Mapping[RevisionRef, RevisionRoute] = field(default_factory=dict)
    api: str | None = None
    domains: Mapping[str, ServiceRef] = field(default_factory=dict)

    def directory(self) -> Directory:
        """Every name and door in use."""
        services = self.services.values()
        return Directory(
            labels={(f"{route.ref.name}-{route.number}", route.ref.region): route.ref for route in services},
            doors={route.door: route.ref for route in services if route.door},
            domains=self.domains,
        )
