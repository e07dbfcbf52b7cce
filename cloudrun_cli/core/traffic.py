"""Who gets which share of the requests. Source: Rollbacks, gradual rollouts, and traffic migration; gcloud run services
update-traffic for what each of its flags does."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cloudrun_cli.core.errors import InvalidTraffic
from cloudrun_cli.core.names import check_tag
from cloudrun_cli.core.resources import LATEST_TAKES_ALL, ActiveTraffic, RevisionName, Tag, TrafficTarget

Targets = tuple[TrafficTarget, ...]
Key = RevisionName | None  # a revision by name, or None: LATEST, the latest ready one

LATEST = "LATEST"  # as typed and shown; no revision can have this name
PERCENT = "spec.traffic.percent"


@dataclass(frozen=True, slots=True)
class TrafficChange:
    """What one `update-traffic` asks for: first the tags change, then the percents. `percents` by revision and
    `tag_percents` by tag are given exactly, and what they leave is shared by the others; both empty: percents stay.
    `set_tags` None leaves the other tags, else these are all there are; `remove_tags` may name tags nobody has."""

    percents: Mapping[Key, int] = field(default_factory=dict)
    tag_percents: Mapping[Tag, int] = field(default_factory=dict)
    set_tags: Mapping[Tag, Key] | None = None
    update_tags: Mapping[Tag, Key] = field(default_factory=dict)
    remove_tags: Collection[Tag] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (
            self.percents or self.tag_percents or self.set_tags is not None or self.update_tags or self.remove_tags
        )

    @property
    def new_tags(self) -> Mapping[Tag, Key]:
        """The tags it sets or moves, each with where it will point."""
        return {**(self.set_tags or {}), **self.update_tags}

    def apply(self, targets: Targets, service: str) -> Targets:
        """The targets of the service of this name after it. Raises InvalidTraffic, and InvalidArgument for a tag that
        cannot be part of a host name."""
        for tag in self.new_tags:
            check_tag(tag, service)
        after = with_tags(targets, self.new_tags, self.remove_tags, alone=self.set_tags is not None)
        percents = dict(self.percents)
        for tag, percent in self.tag_percents.items():
            key = _tagged(after, tag)
            percents[key] = percents.get(key, 0) + percent
        return distribute(after, percents) if percents else after


def parse_percent(text: str) -> int:
    """A share as typed. Raises InvalidTraffic when it is no whole number from 0 to 100."""
    try:
        percent = int(text)
    except ValueError as error:
        raise InvalidTraffic(f"Traffic percentage value {text} is not an integer.", field=PERCENT) from error
    if not 0 <= percent <= 100:
        raise InvalidTraffic(f"Traffic percentage value {percent} is not between 0 and 100.", field=PERCENT)
    return percent


def parse_key(text: str) -> Key:
    """A revision as typed; LATEST is the latest ready one."""
    return None if text == LATEST else RevisionName(text)


def distribute(targets: Targets, percents: Mapping[Key, int]) -> Targets:
    """Give the named revisions exactly their percents, and the rest to the others that have traffic now, in proportion
    to what they have; whole percents that sum to 100. Who is given 0 goes, who is rounded to 0 stays; tags stay.
    Raises InvalidTraffic."""
    given = sum(percents.values())
    for key, percent in percents.items():
        if not 0 <= percent <= 100:
            raise InvalidTraffic(
                f"New traffic for target {key or LATEST} is {percent}, not between 0 and 100.", field=PERCENT
            )
    if given > 100:
        raise InvalidTraffic(
            f"Over 100% of traffic is specified: {given}%.", field=PERCENT, hint="The percents may sum to 100 at most."
        )
    normal = merged(targets or LATEST_TAKES_ALL)
    others = {t.revision: t.percent for t in normal if t.percent and t.revision not in percents}
    if given < 100 and not others:
        raise InvalidTraffic(
            f"Every target with traffic is updated but 100% of traffic has not been specified, only {given}%.",
            field=PERCENT,
            hint="Give all of it to the revisions you name, or leave one that has traffic out: it gets the rest.",
        )
    after = {key: percent for key, percent in percents.items() if percent}
    if given < 100:
        after |= _in_proportion(others, 100 - given)
    parts = [TrafficTarget(key, after[key]) for key in sorted(after, key=_order)]
    return (*parts, *(t for t in normal if t.tag))


def with_tags(
    targets: Targets, update: Mapping[Tag, Key], remove: Collection[Tag] = (), *, alone: bool = False
) -> Targets:
    """Tags moved to, or newly set on, these revisions; those in `remove` are gone, with `alone` all others too. The
    percents are as they were."""
    bare = [
        replace(t, tag=None) if t.tag and (alone or t.tag in update or t.tag in remove) else t
        for t in targets or LATEST_TAKES_ALL
    ]
    return merged([*bare, *(TrafficTarget(key, 0, tag) for tag, key in update.items())])


def with_tag(targets: Targets, tag: Tag, revision: Key) -> Targets:
    """The tag moved to, or newly set on, this revision; percents as they were."""
    return with_tags(targets, {tag: revision})


def without_tags_past(
    targets: Targets, excess: int, oldest_first: Sequence[RevisionName], kept: Collection[Tag]
) -> Targets:
    """So many tags fewer: of revisions that have no percent, the oldest revision's first; never one of those `kept`.
    Source: quotas, tags per project and region."""
    serving = {t.revision for t in targets if t.percent}
    age = {name: index for index, name in enumerate(oldest_first)}
    spare = [t for t in targets if t.tag and t.tag not in kept and t.revision not in serving and t.revision is not None]
    spare.sort(key=lambda t: (age.get(t.revision or RevisionName(""), -1), t.tag or ""))
    gone = {t.tag for t in spare[: max(excess, 0)]}
    return tuple(t for t in targets if not t.tag or t.tag not in gone)


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


def merged(targets: Iterable[TrafficTarget]) -> Targets:
    """One entry a revision that has a percent, sorted by name with LATEST last, then one entry a tag."""
    percents: dict[Key, int] = {}
    tags: dict[Tag, Key] = {}
    for target in targets:
        if target.percent:
            percents[target.revision] = percents.get(target.revision, 0) + target.percent
        if target.tag:
            tags[target.tag] = target.revision
    parts = [TrafficTarget(key, percents[key]) for key in sorted(percents, key=_order)]
    return (*parts, *(TrafficTarget(tags[tag], 0, tag) for tag in sorted(tags)))


def check_known(targets: Targets, revisions: Collection[RevisionName], service: str) -> None:
    """Nothing when every named revision exists. Raises InvalidTraffic for the first that does not."""
    for target in targets:
        if target.revision is not None and target.revision not in revisions:
            tagged = f" The tag [{target.tag}] points at it." if target.tag else ""
            raise InvalidTraffic(
                f"spec.traffic: Revision {target.revision} does not exist or is deleted: it was not found for service "
                f"'{service}'.{tagged}",
                field="spec.traffic.revisionName",
                hint=f"See which there are: cloudrun run revisions list --service={service}",
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


def _tagged(targets: Targets, tag: Tag) -> Key:
    for target in targets:
        if target.tag == tag:
            return target.revision
    known = ", ".join(sorted(t.tag for t in targets if t.tag)) or "none"
    raise InvalidTraffic(
        f"No traffic target of this service has the tag [{tag}]; its tags: {known}.",
        field="spec.traffic.tag",
        hint=f"Set it in the same command: --update-tags={tag}=REVISION",
    )


def _in_proportion(now: Mapping[Key, int], whole: int) -> dict[Key, int]:
    """So many percents, shared as these have theirs now. Each is cut to a whole number; the points that are missing go
    one by one to the largest lost fraction, of those to the smaller share, of those to the first name."""
    total = sum(now.values())
    parts = {key: whole * percent // total for key, percent in now.items()}
    by_loss = sorted(now, key=lambda key: (-(whole * now[key] % total), now[key], _order(key)))
    for key in by_loss[: whole - sum(parts.values())]:
        parts[key] += 1
    return parts


def _order(key: Key) -> tuple[bool, str]:
    """By name, LATEST last."""
    return key is None, key or ""
