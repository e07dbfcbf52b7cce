"""How a template becomes a revision: defaults filled in, a name given, frozen."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from random import Random

from cloudrun_cli.core import sidecars
from cloudrun_cli.core.annotations import USER_IMAGE
from cloudrun_cli.core.limits import cpu_millis
from cloudrun_cli.core.names import default_service_account, next_revision_name
from cloudrun_cli.core.resources import (
    DEFAULT_CONCURRENCY,
    DEFAULT_MAX_INSTANCES,
    Condition,
    Container,
    ContainerPort,
    Probe,
    Revision,
    RevisionRef,
    RevisionStatus,
    RevisionTemplate,
    Service,
    Status,
)

PROBE_TYPE = "run.googleapis.com/startupProbeType"
SERVICE_UID = "serving.knative.dev/serviceUid"
NONCE = "client.knative.dev/nonce"
DEFAULT_STARTUP_SECONDS = 240  # Source: default startup probe, one TCP try of 240 s


def with_defaults(template: RevisionTemplate, project_number: str) -> RevisionTemplate:
    """The template as the server keeps it: port, probe, concurrency, account and maximum are never left open."""
    containers = template.containers
    if len(containers) == 1 and containers[0].port is None:
        containers = (replace(containers[0], port=ContainerPort()),)
    default_probe = any(c.port and c.startup_probe is None for c in containers)
    labels: Mapping[str, str] = {**template.labels, PROBE_TYPE: "Default"} if default_probe else template.labels
    concurrency = template.concurrency
    if concurrency is None:
        millis = sum(
            cpu_millis(c.cpu, f"spec.template.spec.containers[{index}].resources.limits.cpu")
            for index, c in enumerate(containers)
        )
        concurrency = DEFAULT_CONCURRENCY if millis >= 1000 else 1
    return replace(
        template,
        containers=tuple(_with_probe(_with_ports(c)) for c in containers),
        labels=labels,
        concurrency=concurrency,
        service_account=template.service_account or default_service_account(project_number),
        max_instances=template.max_instances or DEFAULT_MAX_INSTANCES,
    )


def with_digests(template: RevisionTemplate, base: Revision) -> RevisionTemplate:
    """The template with the images that the revision made from it runs, by digest, so that a tag that has moved since
    changes nothing; the annotation keeps what was typed for the one that gets the requests. Not those of a revision
    that has never been prepared here, as an imported one has not."""
    if not base.status.runtime:
        return template
    digests = dict(base.status.sidecar_digests)
    based = sidecars.named(base.template)
    digests |= {name: base.status.image_digest for name, c in based.items() if c is base.template.ingress_container}
    typed = template.ingress_container.image
    containers = tuple(
        replace(c, image=digests.get(name) or c.image) if name in based and based[name].image == c.image else c
        for name, c in sidecars.named(template).items()
    )
    template = replace(template, containers=containers)
    if template.ingress_container.image == typed:
        return template
    return replace(template, annotations={USER_IMAGE: typed, **template.annotations})


def stamp(service: Service, now: datetime, random: Random) -> Revision:
    """The revision that the service's present template and generation make; not ready yet. Its name is the template's,
    or a new one counted by the generation."""
    name = service.template.name or next_revision_name(service.ref.name, service.generation, random)
    return Revision(
        ref=RevisionRef(service.ref.project, service.ref.region, name),
        service=service.ref.name,
        template=replace(service.template, name=name),
        uid=new_uid(random),
        created=now,
        creator=service.last_modifier,
        generation=service.generation,
        labels={**service.template.labels, SERVICE_UID: service.uid},
        status=RevisionStatus(
            conditions=(Condition("Ready", Status.UNKNOWN, now, "Deploying", "Deploying Revision."),)
        ),
    )


def new_uid(random: Random) -> str:
    """A version 4 UUID."""
    bits = random.getrandbits(128) & ~(0xF << 76) | 4 << 76
    text = f"{bits & ~(3 << 62) | 2 << 62:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_nonce(random: Random) -> str:
    """Ten letters that make a template differ from the last one, so that a deploy always makes a revision."""
    return "".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(10))


def _with_ports(container: Container) -> Container:
    """Probes that name no port ask the container's own."""
    port = container.port
    if port is None:
        return container

    def asking(probe: Probe | None) -> Probe | None:
        return replace(probe, port=port.number) if probe and probe.port is None else probe

    startup, liveness = asking(container.startup_probe), asking(container.liveness_probe)
    readiness = asking(container.readiness_probe)
    return replace(container, startup_probe=startup, liveness_probe=liveness, readiness_probe=readiness)


def _with_probe(container: Container) -> Container:
    if container.port is None or container.startup_probe is not None:
        return container
    probe = Probe(
        port=container.port.number,
        timeout_seconds=DEFAULT_STARTUP_SECONDS,
        period_seconds=DEFAULT_STARTUP_SECONDS,
        failure_threshold=1,
    )
    return replace(container, startup_probe=probe)
