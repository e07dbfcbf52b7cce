"""Small builders for tests: a value with everything filled in, of which a test says only what it is about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from cloudrun_cli.core import revisions
from cloudrun_cli.core.conditions import revision_failed, revision_ready
from cloudrun_cli.core.names import project_number
from cloudrun_cli.core.resources import (
    Container,
    Revision,
    RevisionName,
    RevisionRef,
    RevisionTemplate,
    Service,
    ServiceRef,
    ServiceStatus,
)

HELLO = "us-docker.pkg.dev/cloudrun/container/hello"
CALLER = "dev@example.com"
NOW = datetime(2026, 2, 1, 8, 15, 7, 123456, tzinfo=UTC)
PROJECT, REGION = "demo", "us-central1"
NUMBER = project_number(PROJECT)
RECORDINGS = Path(__file__).parents[1].parent / "shared" / "reference"  # beside the repository; may be absent


class FakeClock:
    """A clock that stands still until somebody sleeps or it is moved. A `clock.Clock`."""

    def __init__(self, now: datetime = NOW) -> None:
        self._begin = now
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._begin).total_seconds()

    def sleep(self, length: timedelta) -> None:
        self.move(max(length, timedelta()))

    def move(self, length: timedelta) -> None:
        """Let that much time pass."""
        self._now += length


def seeded(seed: int = 1) -> Random:
    """A generator whose suffixes are the same in every run."""
    return Random(seed)


def a_ref(name: str = "hello", region: str = REGION, project: str = PROJECT) -> ServiceRef:
    """Where a service is."""
    return ServiceRef(project, region, name)


def a_template(image: str = HELLO, **fields: Any) -> RevisionTemplate:
    """A template as the server keeps it; `fields` are those of RevisionTemplate."""
    given = RevisionTemplate(**{"containers": (Container(image),), **fields})
    return revisions.with_defaults(given, NUMBER)


def a_service(
    name: str = "hello",
    *,
    region: str = REGION,
    template: RevisionTemplate | None = None,
    latest: str | None = None,
    **fields: Any,
) -> Service:
    """A service that has not been saved. `latest` is both its latest created and its latest ready revision; the other
    fields are those of Service."""
    made = Service(
        ref=a_ref(name, region),
        template=template or a_template(),
        uid="e4774cdd-a079-4f86-814e-8b9140bb6db4",
        created=NOW,
        updated=NOW,
        creator=CALLER,
        last_modifier=CALLER,
        door=20000,
    )
    if latest:
        seen = RevisionName(latest)
        made = replace(made, status=ServiceStatus(latest_created=seen, latest_ready=seen))
    return replace(made, **fields)


def a_revision(
    name: str = "hello-00001-abc",
    *,
    service: str = "hello",
    region: str = REGION,
    ready: bool | None = None,
    template: RevisionTemplate | None = None,
    labels: Mapping[str, str] | None = None,
    **fields: Any,
) -> Revision:
    """A revision; `ready` None: not yet known, False: failed. The other fields are those of Revision."""
    own = template or a_template()
    made = revisions.stamp(a_service(service, region=region, template=own), NOW, seeded())
    made = replace(
        made,
        ref=RevisionRef(PROJECT, region, RevisionName(name)),
        template=replace(own, name=RevisionName(name)),
        labels=dict(own.labels) if labels is None else dict(labels),
    )
    if ready is not None:
        failed = revision_failed(made.status, "HealthCheckContainerError", "It did not listen.", NOW)
        made = replace(made, status=revision_ready(made.status, 1.5, NOW) if ready else failed)
    return replace(made, **fields)
