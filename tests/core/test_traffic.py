"""Who gets which share of the requests. Evidence: documented (Rollbacks, gradual rollouts, and traffic migration),
and recorded where it says so."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.core.errors import InvalidArgument, InvalidTraffic
from cloudrun_cli.core.resources import LATEST_TAKES_ALL, ActiveTraffic, RevisionName, Tag, TrafficTarget
from cloudrun_cli.core.traffic import (
    Key,
    Targets,
    TrafficChange,
    active,
    addressable,
    check_known,
    distribute,
    follows_latest,
    merged,
    parse_key,
    parse_percent,
    with_tag,
    with_tags,
    without_latest,
    without_tags_past,
)
from tests.builders import RECORDINGS

A, B, C = RevisionName("svc-00001-aaa"), RevisionName("svc-00002-bbb"), RevisionName("svc-00003-ccc")
D = RevisionName("svc-00004-ddd")
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
    check_known((share(A, 100), share(None, 0, "t")), {A}, "svc")
    with pytest.raises(InvalidTraffic, match=f"Revision {B} does not exist or is deleted") as refused:
        check_known((share(A, 100), share(B, 0, "t")), {A}, "svc")
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


# update-traffic

GIVEN = st.dictionaries(st.sampled_from([None, A, B, C, D]), st.integers(0, 100), max_size=4)


def percents(targets: Targets) -> dict[Key, int]:
    return {t.revision: t.percent for t in targets if not t.tag}


def may(targets: Targets, given_: dict[Key, int]) -> bool:
    """Whether the rules allow to give these."""
    others = any(t.percent and t.revision not in given_ for t in targets)
    return sum(given_.values()) == 100 or (sum(given_.values()) < 100 and others)


@given(splits(), GIVEN)
def test_percents_are_given_exactly_and_all_sum_to_a_hundred_or_nothing_is_done(
    targets: Targets, asked: dict[Key, int]
) -> None:
    if not may(targets, asked):
        with pytest.raises(InvalidTraffic):
            distribute(targets, asked)
        return
    after = distribute(targets, asked)
    assert total(after) == 100
    assert {key: percents(after).get(key, 0) for key in asked} == asked
    assert all(key not in percents(after) for key, percent in asked.items() if percent == 0)
    assert {t.tag: t.revision for t in after if t.tag} == {t.tag: t.revision for t in targets if t.tag}
    assert all(not (t.percent and t.tag) for t in after)


@given(splits(), GIVEN)
def test_nobody_unmentioned_gains_traffic_from_nothing_and_the_order_among_them_stays(
    targets: Targets, asked: dict[Key, int]
) -> None:
    if not may(targets, asked):
        return
    before, after = percents(merged(targets)), percents(distribute(targets, asked))
    others = [key for key in after if key not in asked]
    assert all(before.get(key, 0) > 0 for key in others)
    rest, had = 100 - sum(asked.values()), sum(before[key] for key in others)
    for key in others:
        assert abs(after[key] - rest * before[key] / had) < 1
        assert all(after[key] <= after[other] + 1 for other in others if before[key] <= before[other])


@given(splits(), GIVEN, st.randoms())
def test_the_order_in_which_targets_or_percents_are_listed_does_not_matter(
    targets: Targets, asked: dict[Key, int], random: Any
) -> None:
    if not may(targets, asked):
        return
    mixed, items = list(targets), list(asked.items())
    random.shuffle(mixed)
    random.shuffle(items)
    assert distribute(tuple(mixed), dict(items)) == distribute(targets, asked)


@pytest.mark.parametrize(
    ("before", "asked", "after"),
    [
        ({A: 40, B: 60}, {A: 45}, {A: 45, B: 55}),  # documented: the example of gcloud's help
        ({A: 40, B: 60}, {C: 10}, {A: 36, B: 54, C: 10}),
        ({A: 100}, {B: 0}, {A: 100}),
        ({A: 50, B: 50}, {A: 0}, {B: 100}),
        ({A: 50, B: 50}, {None: 100}, {None: 100}),
        ({None: 100}, {A: 30}, {A: 30, None: 70}),
        ({A: 34, B: 33, C: 33}, {D: 1}, {A: 33, B: 33, C: 33, D: 1}),  # 33.66 32.67 32.67: the largest losses
        ({A: 25, B: 25, C: 50}, {D: 50}, {A: 13, B: 12, C: 25, D: 50}),  # 12.5 12.5: the first name
        ({A: 25, None: 25, C: 50}, {D: 50}, {A: 13, C: 25, D: 50, None: 12}),  # LATEST comes last
        ({A: 30, B: 10, C: 60}, {D: 95}, {A: 1, B: 1, C: 3, D: 95}),  # 1.5 0.5 3.0: the smaller percent
        ({A: 1, B: 99}, {C: 99}, {A: 0, B: 1, C: 99}),  # rounded to 0, A stays
    ],
)
def test_what_is_left_is_shared_in_proportion_and_rounded_by_the_largest_loss(
    before: dict[Key, int], asked: dict[Key, int], after: dict[Key, int]
) -> None:
    changed = distribute(tuple(share(key, percent) for key, percent in before.items()), asked)
    assert percents(changed) == after
    assert list(percents(changed)) == sorted(after, key=lambda key: (key is None, key or ""))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({A: 60, B: 60}, "Over 100% of traffic is specified"),
        ({A: 40, B: 50}, "100% of traffic has not been specified"),
        ({A: 101}, "not between 0 and 100"),
        ({A: -1}, "not between 0 and 100"),
    ],
)
def test_percents_that_cannot_be_are_refused(asked: dict[Key, int], why: str) -> None:
    with pytest.raises(InvalidTraffic, match=why) as refused:
        distribute((share(A, 40), share(B, 60)), asked)
    assert refused.value.field == "spec.traffic.percent"


def test_who_is_set_to_nothing_disappears_and_keeps_its_tags() -> None:
    after = distribute((share(A, 50, "old"), share(B, 50)), {A: 0})
    assert after == (share(B, 100), share(A, 0, "old"))


@pytest.mark.parametrize(("typed", "why"), [("150", "150 is not between"), ("-1", "-1 is not"), ("x", "x is not an")])
def test_a_percent_is_a_whole_number_from_0_to_100(typed: str, why: str) -> None:
    assert [parse_percent("0"), parse_percent("100")] == [0, 100]
    with pytest.raises(InvalidTraffic, match=f"Traffic percentage value {why}"):
        parse_percent(typed)


def test_latest_is_no_revision_of_that_name() -> None:
    assert [parse_key("LATEST"), parse_key("latest")] == [None, "latest"]


TAGGED: Targets = (share(A, 100), share(A, 0, "blue"), share(None, 0, "next"))


@pytest.mark.parametrize(
    ("change", "tags"),
    [
        (TrafficChange(set_tags={Tag("t"): B, Tag("u"): None}), {"t": B, "u": None}),
        (TrafficChange(set_tags={}), {}),
        (TrafficChange(update_tags={Tag("blue"): B}), {"blue": B, "next": None}),
        (TrafficChange(remove_tags=[Tag("blue"), Tag("nobody")]), {"next": None}),
        (TrafficChange(update_tags={GREEN: C}, remove_tags=[Tag("next")]), {"blue": A, "green": C}),
    ],
)
def test_tags_are_set_moved_and_removed_while_the_percents_stay(
    change: TrafficChange, tags: dict[str, RevisionName | None]
) -> None:
    after = change.apply(TAGGED, "svc")
    assert {t.tag: t.revision for t in after if t.tag} == tags
    assert percents(after) == {A: 100}
    assert not change.is_empty


def test_a_tag_stands_for_its_revision_and_one_on_latest_for_latest() -> None:
    assert percents(TrafficChange(tag_percents={Tag("next"): 10}).apply(TAGGED, "svc")) == {A: 90, None: 10}
    split = TrafficChange(tag_percents={Tag("next"): 10, Tag("blue"): 90}).apply(TAGGED, "svc")
    assert percents(split) == {A: 90, None: 10}


def test_tags_change_before_percents_so_a_tag_of_the_same_command_can_get_traffic() -> None:
    change = TrafficChange(update_tags={GREEN: B}, tag_percents={GREEN: 5})
    assert percents(change.apply(TAGGED, "svc")) == {A: 95, B: 5}
    with pytest.raises(InvalidTraffic, match=r"\[green\]; its tags: blue, next"):
        replace(change, update_tags={}).apply(TAGGED, "svc")
    with pytest.raises(InvalidTraffic, match="its tags: none"):
        TrafficChange(set_tags={}, tag_percents={Tag("blue"): 5}).apply(TAGGED, "svc")


def test_two_tags_of_one_revision_give_it_both_their_percents() -> None:
    change = TrafficChange(update_tags={GREEN: B, Tag("teal"): B}, tag_percents={GREEN: 5, Tag("teal"): 6})
    assert percents(change.apply(TAGGED, "svc")) == {A: 89, B: 11}


def test_a_tag_that_cannot_be_part_of_a_host_name_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="Invalid traffic tag"):
        TrafficChange(update_tags={Tag("Green"): A}).apply(TAGGED, "svc")
    with pytest.raises(InvalidArgument, match="47 characters"):
        TrafficChange(set_tags={Tag("t" * 40): A}).apply(TAGGED, "service")


def test_tags_of_a_service_without_traffic_leave_all_of_it_to_latest() -> None:
    assert with_tags((), {GREEN: A}) == (share(None, 100), share(A, 0, "green"))


def test_past_the_limit_tags_go_from_the_oldest_revision_without_traffic() -> None:
    targets = (
        share(B, 100),
        share(A, 0, "a2"),
        share(A, 0, "a1"),
        share(C, 0, "c"),
        share(B, 0, "b"),
        share(None, 0, "n"),
    )
    order = [A, B, C]
    assert {t.tag for t in without_tags_past(targets, 1, order, ())} == {None, "a2", "c", "b", "n"}
    assert {t.tag for t in without_tags_past(targets, 2, order, (Tag("a1"),))} == {None, "a1", "b", "n"}
    assert {t.tag for t in without_tags_past(targets, 99, order, ())} == {None, "b", "n"}
    assert without_tags_past(targets, 0, order, ()) == targets


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


HELLO = {name: RevisionName(f"hello-0000{name}") for name in ("1-abc", "2-def", "3-ghk", "99-zzz")}


@pytest.mark.skipif(not HERE, reason=f"NO RECORDINGS at {RECORDINGS}: sameness with gcloud is not tested")
@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("traffic-to-latest", TrafficChange({None: 100})),
        ("traffic-split", TrafficChange({HELLO["3-ghk"]: 50, HELLO["2-def"]: 50})),
        ("traffic-rollback", TrafficChange({HELLO["1-abc"]: 100})),
        ("traffic-latest-pct", TrafficChange({None: 10})),
        ("traffic-to-tags", TrafficChange(tag_percents={Tag("canary"): 30})),
        ("traffic-set-tags", TrafficChange(set_tags={Tag("blue"): HELLO["2-def"]})),
        ("traffic-remove-tags", TrafficChange(remove_tags=[Tag("canary")])),
        ("traffic-clear-tags", TrafficChange(set_tags={})),
        ("err-traffic-unknown-rev", TrafficChange({RevisionName("hello-00099-zzz"): 100})),
    ],
)
def test_update_traffic_asks_for_what_gcloud_asks_for(case: str, change: TrafficChange) -> None:
    before, after = _recorded(case)
    assert change.apply(before, "hello") == after
