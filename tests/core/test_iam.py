"""Policies of a service as a deploy changes them. Evidence: documented (Access control with IAM)."""

from typing import Any

from cloudrun_cli.core.iam import ALL_USERS, INVOKER, is_public, members, service_resource, with_member, without_member

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
    assert not is_public({"bindings": [ADMIN]})
    assert not is_public({"bindings": [SOMETIMES]})
    assert is_public(with_member({"bindings": [SOMETIMES]}, INVOKER, ALL_USERS))


def test_a_policy_is_kept_under_the_full_name() -> None:
    assert service_resource("p", "r", "s") == "projects/p/locations/r/services/s"
