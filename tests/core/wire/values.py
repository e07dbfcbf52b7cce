"""Values of every shape, for tests that no value is lost on its way through JSON."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from cloudrun_cli.core.resources import (
    ActiveTraffic,
    Condition,
    Container,
    ContainerPort,
    EnvVar,
    Ingress,
    Probe,
    Revision,
    RevisionName,
    RevisionRef,
    RevisionStatus,
    RevisionTemplate,
    Service,
    ServiceRef,
    ServiceScaling,
    ServiceStatus,
    Status,
    Tag,
    TrafficTarget,
)
from cloudrun_cli.core.volumes import (
    Bucket,
    EmptyDir,
    Nfs,
    SecretItem,
    SecretKey,
    SecretVolume,
    Volume,
    VolumeMount,
)

texts = st.text(st.characters(codec="utf-8"), max_size=12)
words = st.text("abcxyz-", min_size=1, max_size=10)
counts = st.integers(0, 5000)
ports = st.integers(1, 65535)
names = words.map(RevisionName)
labels = st.dictionaries(words, texts, max_size=3)
notes = st.dictionaries(words.map(lambda word: f"example.com/{word}"), texts, max_size=3)
moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
timing = {
    "initial_delay_seconds": counts,
    "timeout_seconds": counts,
    "period_seconds": counts,
    "failure_threshold": counts,
    "success_threshold": counts,
}
probes = st.one_of(
    st.builds(Probe, kind=st.just("tcp"), port=st.none() | ports, **timing),
    st.builds(Probe, kind=st.just("grpc"), port=st.none() | ports, service=texts, **timing),
    st.builds(
        Probe,
        kind=st.just("http"),
        port=st.none() | ports,
        path=texts,
        headers=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
        **timing,
    ),
)
variables = st.one_of(
    st.builds(EnvVar, name=texts, value=texts),
    st.builds(EnvVar, name=texts, secret=st.builds(SecretKey, words, words, st.none() | st.booleans())),
)
modes = st.none() | st.integers(0, 0o777)
sources = st.one_of(
    st.builds(EmptyDir, texts, st.sampled_from(["Memory", "Disk"])),
    st.builds(
        SecretVolume,
        words,
        st.lists(st.builds(SecretItem, words, words, modes), max_size=2).map(tuple),
        modes,
        st.none() | st.booleans(),
    ),
    st.builds(Bucket, words, st.booleans(), texts),
    st.builds(Nfs, words, words, st.booleans()),
)
volumes = st.lists(st.builds(Volume, words, sources), max_size=3).map(tuple)
mounts = st.lists(st.builds(VolumeMount, words, words, texts, st.booleans()), max_size=2).map(tuple)
kept = st.dictionaries(st.sampled_from(["imagePullPolicy", "securityContext"]), words, max_size=2)
containers = st.builds(
    Container,
    image=words,
    name=st.just("") | words,
    command=st.lists(texts, max_size=3).map(tuple),
    args=st.lists(texts, max_size=3).map(tuple),
    env=st.lists(variables, max_size=3).map(tuple),
    cpu=words,
    memory=words,
    port=st.none() | st.builds(ContainerPort, ports, st.sampled_from(["http1", "h2c"])),
    working_dir=texts,
    startup_probe=st.none() | probes,
    liveness_probe=st.none() | probes,
    readiness_probe=st.none() | probes,
    mounts=mounts,
    depends_on=st.lists(words, max_size=2).map(tuple),
    limits=st.dictionaries(st.just("nvidia.com/gpu"), words, max_size=1),
    extra=kept,
)


def _named(items: list[Container]) -> tuple[Container, ...]:
    """Names that differ; who has none waits for nobody, because v1 could not say so."""
    names = [c.name if c.name not in [b.name for b in items[:n]] else "" for n, c in enumerate(items)]
    return tuple(
        replace(c, name=name, depends_on=c.depends_on if name else ()) for c, name in zip(items, names, strict=True)
    )


templates = st.builds(
    RevisionTemplate,
    containers=st.lists(containers, min_size=1, max_size=3).map(_named),
    name=st.none() | names,
    labels=labels,
    annotations=notes,
    concurrency=st.none() | counts,
    timeout=counts.map(lambda seconds: timedelta(seconds=seconds)),
    service_account=texts,
    min_instances=st.none() | counts,
    max_instances=st.none() | counts,
    volumes=volumes,
    node_selector=st.dictionaries(words, words, max_size=1),
    extra=st.dictionaries(st.just("enableServiceLinks"), st.booleans(), max_size=1),
)
conditions = st.lists(
    st.builds(
        Condition,
        type=words,
        status=st.sampled_from(Status),
        last_transition=moments,
        reason=texts,
        message=texts,
        severity=st.sampled_from(["", "Info", "Warning"]),
    ),
    max_size=3,
).map(tuple)
tags = st.none() | words.map(Tag)
active = st.builds(ActiveTraffic, revision=names, percent=st.integers(0, 100), tag=tags, latest=st.booleans())
services = st.builds(
    Service,
    ref=st.builds(ServiceRef, st.just("demo"), words, words),
    template=templates,
    uid=words,
    created=moments,
    updated=moments,
    creator=texts,
    last_modifier=texts,
    generation=counts,
    resource_version=counts,
    labels=labels,
    annotations=notes,
    traffic=st.lists(
        st.builds(TrafficTarget, revision=st.none() | names, percent=st.integers(0, 100), tag=tags), max_size=4
    ).map(tuple),
    scaling=st.builds(ServiceScaling, st.none() | counts, st.none() | counts, st.none() | counts),
    ingress=st.sampled_from(Ingress),
    door=ports,
    etag=st.just("") | words,
    urls=st.lists(words.map(lambda word: f"https://{word}.run.app"), max_size=2).map(tuple),
    status=st.builds(
        ServiceStatus,
        observed_generation=counts,
        conditions=conditions,
        latest_created=st.none() | names,
        latest_ready=st.none() | names,
        traffic=st.lists(active, max_size=3).map(tuple),
        url=st.just("") | words.map(lambda word: f"https://{word}.run.app"),
    ),
)


@st.composite
def revisions(draw: st.DrawFn) -> Revision:
    """A revision as one is stamped: its name is its template's too, and its labels begin with its template's."""
    template, name = draw(templates), draw(names)
    others = [c.name for c in template.sidecars if c.name]
    digests = st.dictionaries(st.sampled_from(others), words) if others else st.just({})
    extra = st.dictionaries(st.just("logUrl"), texts, max_size=1)
    parent = st.dictionaries(st.just("serving.knative.dev/serviceUid"), words, max_size=1)
    return Revision(
        ref=RevisionRef("demo", draw(words), name),
        service=draw(words),
        template=replace(template, name=name),
        uid=draw(words),
        created=draw(moments),
        creator=draw(texts),
        generation=draw(counts),
        labels={**template.labels, **draw(parent)},
        meta=draw(st.dictionaries(st.just("resourceVersion"), words, max_size=1)),
        status=RevisionStatus(
            draw(conditions), draw(texts), draw(texts), draw(texts), sidecar_digests=draw(digests), extra=draw(extra)
        ),
    )
