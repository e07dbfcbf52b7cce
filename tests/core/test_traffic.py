"""Who gets which share of the requests. Evidence: documented (Rollbacks, gradual rollouts, and traffic migration),
and recorded where it says so."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.core.errors import InvalidTraffic
from cloudrun_cli.core.resources import LATEST_TAKES_ALL, ActiveTraffic, RevisionName, Tag, TrafficTarget
from cloudrun_cli.core.traffic import (
    Targets,
    active,
    addressable,
    check_known,
    follows_latest,
    merged,
    with_tag,
    without_latest,
)
from tests.builders import RECORDINGS

A, B, C = RevisionName("svc-00001-aaa"), RevisionName("svc-00002-bbb"), RevisionName("svc-00003-ccc")
GREEN = Tag("green")


def share(revision: RevisionName | None, percent: int, tag: str | None = None) -> TrafficTarget:
    return TrafficTarget(revision, percent, Tag(tag) if tag else None)


def total(targets: Targets) -> int:
    return sum(target.percent for target in targets)


@st.composite
def splits(draw: st.DrawFn) -> Targets:
    """Targets that sum to 100, with tags that are used once, in no order."""
    names = draw(st.lists(st.sampled_from([None, A, B, C]), min_size=1, max_size=6))
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=len(names) - 1, max_size=len(names) - 1)))
    percents = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    tags = draw(st.permutations(["t1", "t2", "t3", "t4", None, None, None]))
    return tuple(share(*entry) for entry in zip(names, percents, tags, strict=False))


@given(splits(), st.sampled_from([A, B, C]))
def test_percents_sum_to_a_hundred_whatever_a_deploy_asks_for(targets: Targets, latest: RevisionName) -> None:
    assert total(merged(targets)) == 100
    assert total(without_latest(targets, latest)) == 100
    assert total(with_tag(targets, GREEN, latest)) == 100
    assert total(with_tag(without_latest(targets, latest), GREEN, C)) == 100


@given(splits())
def test_merging_keeps_everybodys_share_and_every_tag_and_merging_again_changes_nothing(targets: Targets) -> None:
    once = merged(targets)
    assert merged(once) == once
    for name in (None, A, B, C):
        assert sum(t.percent for t in once if t.revision == name) == sum(
            t.percent for t in targets if t.revision == name
        )
    assert {t.tag: t.revision for t in once if t.tag} == {t.tag: t.revision for t in targets if t.tag}
    assert all(not (t.percent and t.tag) for t in once)
    assert all(t.percent or t.tag for t in once)


@given(splits(), st.sampled_from([A, B, C]))
def test_without_latest_nothing_follows_the_next_revision_and_the_others_keep_their_share(
    targets: Targets, latest: RevisionName
) -> None:
    after = without_latest(targets, latest)
    assert not follows_latest(after)
    moved = sum(t.percent for t in targets if t.revision is None)
    for name in (A, B, C):
        before = sum(t.percent for t in targets if t.revision == name)
        assert sum(t.percent for t in after if t.revision == name) == before + (moved if name == latest else 0)
    assert {t.tag: t.revision for t in after if t.tag} == {t.tag: t.revision for t in targets if t.tag}


@given(splits(), st.sampled_from([None, A, B, C]))
def test_a_tag_moves_alone(targets: Targets, revision: RevisionName | None) -> None:
    after = with_tag(with_tag(targets, GREEN, A), GREEN, revision)
    assert [t for t in after if t.tag == GREEN] == [TrafficTarget(revision, 0, GREEN)]
    assert [t for t in after if t.tag != GREEN] == list(merged(targets))


@pytest.mark.parametrize(
    ("targets", "follows"),
    [
        ((), True),
        (LATEST_TAKES_ALL, True),
        ((share(None, 1), share(A, 99)), True),
        ((share(A, 100),), False),
        ((share(A, 100), share(None, 0, "next")), False),
    ],
)
def test_a_service_follows_latest_when_latest_has_a_share(targets: Targets, follows: bool) -> None:
    assert follows_latest(targets) is follows


def test_shares_are_sorted_by_name_with_latest_last_and_then_the_tags() -> None:
    mixed = (share(None, 10, "z"), share(C, 20), share(A, 30, "b"), share(C, 40), share(B, 0, "a"))
    assert merged(mixed) == (
        share(A, 30), share(C, 60), share(None, 10), share(B, 0, "a"), share(A, 0, "b"), share(None, 0, "z"),
    )  # fmt: skip


def test_no_traffic_gives_latests_share_to_the_present_latest_ready_and_leaves_its_tag() -> None:
    assert without_latest((), B) == (share(B, 100),)
    assert without_latest((share(A, 40), share(B, 10), share(None, 50, "next")), B) == (
        share(A, 40), share(B, 60), share(None, 0, "next"),
    )  # fmt: skip


def test_a_target_that_does_not_exist_is_refused_by_name_even_when_only_a_tag_points_at_it() -> None:
    check_known((share(A, 100), share(None, 0, "t")), {A})
    with pytest.raises(InvalidTraffic, match=f"Revision {B} does not exist or is deleted") as refused:
        check_known((share(A, 100), share(B, 0, "t")), {A})
    assert refused.value.field == "spec.traffic.revisionName"


def test_latest_means_the_latest_ready_revision_by_name() -> None:
    assert active(LATEST_TAKES_ALL, B, {A, B}) == (ActiveTraffic(B, 100, latest=True),)
    assert active((), B, {A, B}) == (ActiveTraffic(B, 100, latest=True),)


def test_pinned_traffic_stays_pinned_when_a_newer_revision_becomes_ready() -> None:
    pinned = (share(A, 100), share(None, 0, "next"))
    assert active(pinned, B, {A, B}) == (ActiveTraffic(A, 100), ActiveTraffic(B, 0, Tag("next"), latest=True))
    assert active(pinned, C, {A, B, C}) == (ActiveTraffic(A, 100), ActiveTraffic(C, 0, Tag("next"), latest=True))


@pytest.mark.parametrize(
    ("targets", "latest_ready", "ready"),
    [
        (LATEST_TAKES_ALL, None, set()),
        ((share(B, 100),), A, {A}),
        ((share(A, 50), share(B, 50)), A, {A}),
    ],
)
def test_nothing_changes_while_a_share_would_go_to_a_revision_that_is_not_ready(
    targets: Targets, latest_ready: RevisionName | None, ready: set[RevisionName]
) -> None:
    assert active(targets, latest_ready, ready) is None


def test_a_tag_on_a_revision_that_is_not_ready_waits_alone() -> None:
    targets = (share(A, 100), share(B, 0, "green"))
    assert active(targets, A, {A}) == (ActiveTraffic(A, 100),)
    assert active(targets, A, {A, B}) == (ActiveTraffic(A, 100), ActiveTraffic(B, 0, GREEN))


def test_a_revision_can_be_reached_by_a_percent_or_by_a_tag() -> None:
    seen = (ActiveTraffic(A, 100), ActiveTraffic(B, 0, GREEN), ActiveTraffic(C, 0))
    assert addressable(seen) == {A, B}


# recorded: what gcloud put into spec.traffic for deploys of a service

HERE = RECORDINGS.is_dir()


def _recorded(case: str) -> tuple[Targets, Targets]:
    """The traffic before and after a recorded command."""
    lines = (RECORDINGS / "gcloud-transcripts.jsonl").read_text().splitlines()
    call = next(t for t in map(json.loads, lines) if t["id"] == case)["calls"]
    fields: dict[str, Any] = next(c["body_fields"] for c in call if c["method"] == "PUT")
    after: dict[int, dict[str, Any]] = {}
    for key, value in fields.items():
        if key.startswith("spec.traffic["):
            index, _, name = key.removeprefix("spec.traffic[").partition("].")
            after.setdefault(int(index), {})[name] = value
    services = json.loads((RECORDINGS / "resources" / "services.json").read_text())["items"]
    before = next(s["spec"]["traffic"] for s in services if s["metadata"]["uid"] == fields["metadata.uid"])
    return _targets(before), _targets([after[index] for index in sorted(after)])


def _targets(entries: list[dict[str, Any]]) -> Targets:
    return tuple(share(e.get("revisionName"), e.get("percent", 0), e.get("tag")) for e in entries)


@pytest.mark.skipif(not HERE, reason=f"NO RECORDINGS at {RECORDINGS}: sameness with gcloud is not tested")
@pytest.mark.parametrize(
    ("case", "latest", "tag"),
    [
        ("deploy-update-no-traffic", "shop-00001-vwx", None),
        ("deploy-update-no-traffic-tag", "hello-00003-ghk", ("green", "hello-00004-bad")),
        ("deploy-update-suffix", None, None),
        ("deploy-update-fail", None, None),
    ],
)
def test_a_deploy_leaves_the_traffic_that_gcloud_leaves(
    case: str, latest: str | None, tag: tuple[str, str] | None
) -> None:
    before, after = _recorded(case)
    ours = without_latest(before, RevisionName(latest)) if latest else before
    ours = with_tag(ours, Tag(tag[0]), RevisionName(tag[1])) if tag else ours
    assert merged(ours) == merged(after)
