"""Who gets which share of the requests. Source: Rollbacks, gradual rollouts, and traffic migration."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from cloudrun_cli.core.errors import InvalidTraffic
from cloudrun_cli.core.resources import LATEST_TAKES_ALL, ActiveTraffic, RevisionName, Tag, TrafficTarget

Targets = tuple[TrafficTarget, ...]


def follows_latest(targets: Targets) -> bool:
    """Whether the next ready revision will take a share by itself."""
    return not targets or any(t.revision is None and t.percent for t in targets)


def without_latest(targets: Targets, latest_ready: RevisionName) -> Targets:
    """LATEST's share given to the present latest ready revision by name (`--no-traffic`); tags on LATEST stay."""
    out: list[TrafficTarget] = []
    for target in targets or LATEST_TAKES_ALL:
        if target.revision is not None or not target.percent:
            out.append(target)
            continue
        out.append(TrafficTarget(latest_ready, target.percent))
        if target.tag:
            out.append(TrafficTarget(None, 0, target.tag))
    return merged(out)


def with_tag(targets: Targets, tag: Tag, revision: RevisionName | None) -> Targets:
    """The tag moved to, or newly set on, this revision; percents as they were."""
    bare = [replace(t, tag=None) if t.tag == tag else t for t in targets or LATEST_TAKES_ALL]
    return merged([*(t for t in bare if t.percent or t.tag), TrafficTarget(revision, 0, tag)])


def merged(targets: Iterable[TrafficTarget]) -> Targets:
    """One entry a revision that has a percent, sorted by name with LATEST last, then one entry a tag."""
    percents: dict[RevisionName | None, int] = {}
    tags: dict[Tag, RevisionName | None] = {}
    for target in targets:
        if target.percent:
            percents[target.revision] = percents.get(target.revision, 0) + target.percent
        if target.tag:
            tags[target.tag] = target.revision
    shares = [TrafficTarget(name, percents[name]) for name in sorted(percents, key=lambda n: (n is None, n or ""))]
    return (*shares, *(TrafficTarget(tags[tag], 0, tag) for tag in sorted(tags)))


def check_known(targets: Targets, revisions: Collection[RevisionName]) -> None:
    """Nothing when every named revision exists. Raises InvalidTraffic for the first that does not."""
    for target in targets:
        if target.revision is not None and target.revision not in revisions:
            raise InvalidTraffic(
                f"Revision {target.revision} does not exist or is deleted.", field="spec.traffic.revisionName"
            )


def active(
    targets: Targets,
    latest_ready: RevisionName | None,
    ready: Collection[RevisionName],
    before: tuple[ActiveTraffic, ...] = (),
) -> tuple[ActiveTraffic, ...] | None:
    """What the targets mean now, with LATEST by name. A target that is not ready cannot be served: then nothing
    changes and the answer is None, unless nothing was served `before`, when the ready part alone would not be what
    was asked for either. A tag on a revision that is not ready waits alone; percents go on without it."""
    out: list[ActiveTraffic] = []
    for target in targets or LATEST_TAKES_ALL:
        name = target.revision or latest_ready
        if name is None or name not in ready:
            if target.percent:
                return None
            continue
        out.append(ActiveTraffic(name, target.percent, target.tag, latest=target.revision is None))
    return tuple(out)


def addressable(traffic: tuple[ActiveTraffic, ...]) -> frozenset[RevisionName]:
    """The revisions that a request can reach: with a percent or a tag."""
    return frozenset(t.revision for t in traffic if t.percent or t.tag)
