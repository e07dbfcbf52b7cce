"""Policies of a service: what changes them, what may be in them. Evidence: documented (Access control with IAM)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.iam import (
    ALL_USERS,
    INVOKER,
    check_member,
    check_role,
    checked,
    conditions,
    etag,
    is_public,
    members,
    service_resource,
    with_member,
    without_member,
)

ADMIN: dict[str, Any] = {"role": "roles/run.admin", "members": ["user:a@x", "allUsers"]}
SOMETIMES: dict[str, Any] = {"role": INVOKER, "members": ["allUsers"], "condition": {"expression": "false"}}


def test_a_first_member_makes_its_binding() -> None:
    made = with_member({}, INVOKER, ALL_USERS)
    assert made == {"bindings": [{"members": ["allUsers"], "role": "roles/run.invoker"}]}
    assert is_public(made)


def test_a_member_joins_the_binding_of_its_role_and_is_there_once() -> None:
    policy = {"version": 1, "etag": "x", "bindings": [ADMIN, {"role": INVOKER, "members": ["user:b@x"]}]}
    made = with_member(policy, INVOKER, ALL_USERS)
    assert members(made, INVOKER) == ["allUsers", "user:b@x"]
    assert made["bindings"][0] == ADMIN
    assert made["version"] == 1
    assert with_member(made, INVOKER, ALL_USERS) == made
    assert members(policy, INVOKER) == ["user:b@x"], "the old policy is as it was"


def test_a_member_that_leaves_takes_its_empty_binding_along_and_nothing_else() -> None:
    policy = with_member({"bindings": [ADMIN]}, INVOKER, ALL_USERS)
    assert without_member(policy, INVOKER, ALL_USERS) == {"bindings": [ADMIN]}
    two = with_member(policy, INVOKER, "user:b@x")
    assert members(without_member(two, INVOKER, ALL_USERS), INVOKER) == ["user:b@x"]
    assert without_member({}, INVOKER, ALL_USERS) == {"bindings": []}


def test_a_service_is_public_only_by_an_unconditional_invoker() -> None:
    assert not is_public({})
    assert not is_public({"bindings": [{"role": "roles/run.viewer", "members": ["allUsers"]}]})
    assert not is_public({"bindings": [SOMETIMES]})
    assert is_public({"bindings": [ADMIN]}), "it may invoke too"
    assert is_public(with_member({"bindings": [SOMETIMES]}, INVOKER, ALL_USERS))


def test_a_policy_is_kept_under_the_full_name() -> None:
    assert service_resource("p", "r", "s") == "projects/p/locations/r/services/s"


OFFICE = {"expression": 'request.path == "/x"', "title": "office"}


def test_a_condition_makes_a_binding_of_its_own() -> None:
    once = with_member(with_member({}, INVOKER, "user:a@x"), INVOKER, "user:b@x", OFFICE)
    twice = with_member(once, INVOKER, "user:c@x", OFFICE)
    assert [binding["members"] for binding in twice["bindings"]] == [["user:a@x"], ["user:b@x", "user:c@x"]]
    assert conditions(twice) == [OFFICE]
    assert members(twice, INVOKER) == ["user:a@x"]


def test_a_member_leaves_where_it_is_meant_or_everywhere() -> None:
    policy = with_member(with_member({}, INVOKER, "user:a@x"), INVOKER, "user:a@x", OFFICE)
    assert conditions(without_member(policy, INVOKER, "user:a@x")) == [OFFICE]
    assert members(without_member(policy, INVOKER, "user:a@x", OFFICE), INVOKER) == ["user:a@x"]
    assert without_member(policy, INVOKER, "user:a@x", everywhere=True)["bindings"] == []
    assert without_member(policy, "roles/run.admin", "user:a@x", everywhere=True) == policy


@pytest.mark.parametrize(
    "member",
    [
        "user:a@example.com",
        "serviceAccount:ci@demo.iam.gserviceaccount.com",
        "group:g@example.com",
        "domain:example.com",
        "principal://iam.googleapis.com/locations/global/x",
        "principalSet://iam.googleapis.com/x/*",
        "deleted:user:a@example.com?uid=1",
        "projectOwner:demo",
        "allUsers",
        "allAuthenticatedUsers",
    ],
)
def test_every_kind_of_member_may_be_in_a_policy(member: str) -> None:
    assert check_member(member) == member


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ("bob", "The member bob is of an unknown type"),  # recorded: err-iam-bad-member
        ("users:a@x", "The member users:a@x is of an unknown type"),
        ("allusers", "is of an unknown type"),
        ("user:bob", "Invalid user in the member user:bob"),
        ("user:", "Invalid user"),
        ("domain:", "Invalid domain"),
        ("domain:a@b", "Invalid domain"),
        ("", "unknown type"),
    ],
)
def test_a_member_that_nobody_can_be_is_refused(member: str, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        checked({"bindings": [{"role": INVOKER, "members": [member]}]})


@pytest.mark.parametrize("role", ["roles/run.invoker", "projects/demo/roles/mine", "organizations/1/roles/ours_2"])
def test_a_role_is_one_of_google_s_or_one_of_your_own(role: str) -> None:
    assert check_role(role) == role


@pytest.mark.parametrize("role", ["run.invoker", "roles/", "roles/a b", "folders/1/roles/x", ""])
def test_what_is_no_role_is_refused(role: str) -> None:
    with pytest.raises(InvalidArgument, match="not supported for this resource"):
        check_role(role)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"version": 2}, "Policy version 2 is not one of 0, 1, 3"),
        ({"bindings": "x"}, "policy.bindings: expected a list"),
        ({"bindings": [1]}, "a binding has a role and members"),
        ({"bindings": [{"role": INVOKER, "member": ["allUsers"]}]}, r"no field \[member\]"),
        ({"bindings": [{"role": INVOKER, "members": ["allUsers"], "condition": OFFICE}]}, "has version 3; this one"),
        ({"version": 3, "bindings": [{"role": INVOKER, "members": [], "condition": {"title": "t"}}]}, "its expression"),
        ({"version": 3, "bindings": [{"role": INVOKER, "members": [], "condition": {"expression": "e"}}]}, "its title"),
        ({"bindings": [{"role": INVOKER, "members": [f"user:{n}@x" for n in range(1501)]}]}, "at most 1500 principals"),
        ({"bindings": [{"role": INVOKER, "members": [f"group:{n}@x" for n in range(251)]}]}, "at most 250 groups"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_its_place(policy: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        checked(policy)


def test_a_policy_is_kept_without_its_etag_its_doubles_and_its_empty_bindings() -> None:
    given = {
        "etag": "x",
        "version": 1,
        "bindings": [{"role": INVOKER, "members": ["allUsers", "allUsers"]}, ADMIN | {"members": []}],
    }
    assert checked(given) == {"version": 1, "bindings": [{"members": ["allUsers"], "role": INVOKER}]}


def test_an_etag_stands_for_a_policy_and_for_the_write_that_made_it() -> None:
    made = with_member({}, INVOKER, ALL_USERS)
    assert etag(made, 1) == etag(dict(reversed(made.items())), 1)
    assert len({etag(made, 1), etag(made, 2), etag({}, 1)}) == 3


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=9)
    | st.sampled_from([INVOKER, "user:a@b", "allUsers"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["bindings", "role", "members", "condition", "title", "expression", "version", "etag"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["bindings", "version", "etag", "x"]), JUNK, max_size=4))
def test_whatever_is_sent_as_a_policy_is_one_or_is_refused(policy: dict[str, Any]) -> None:
    try:
        kept = checked(policy)
    except InvalidArgument:
        return
    assert checked(kept) == kept
