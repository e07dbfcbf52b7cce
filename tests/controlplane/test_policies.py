"""The verbs of policies: read, replace with an etag, give and take a role. Evidence: recorded where it says so."""

import pytest

from cloudrun_cli.controlplane import policies, services
from cloudrun_cli.core.errors import Conflict, InvalidArgument, NotFound
from cloudrun_cli.core.iam import ALL_USERS, INVOKER, service_resource
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, PROJECT, REGION, a_ref
from tests.controlplane.verbs import deploy, everything

HELLO = service_resource(PROJECT, REGION, "hello")
ALICE, BOB = "user:alice@example.com", "user:bob@example.com"
NIGHT = {"expression": "request.time.getHours() < 6", "title": "night"}


def test_a_policy_that_was_never_set_is_its_etag_alone(store: Store) -> None:
    deploy(store)
    assert policies.get(store, HELLO) == {"etag": "ACAB"}  # recorded: iam-get-empty


def test_a_first_binding_is_there_with_version_3(store: Store) -> None:
    deploy(store)
    made = policies.add_binding(store, HELLO, INVOKER, ALICE, caller=CALLER, now=NOW)
    assert made.pop("etag") != "ACAB"
    assert made == {"version": 3, "bindings": [{"members": [ALICE], "role": INVOKER}]}  # recorded: iam-add-new-role


def test_everybody_may_invoke_from_the_moment_they_are_members_to_the_moment_they_are_not(store: Store) -> None:
    deploy(store)
    policies.add_binding(store, HELLO, INVOKER, ALL_USERS, caller=CALLER, now=NOW)
    assert services.is_public(store, a_ref())
    policies.remove_binding(store, HELLO, INVOKER, ALL_USERS, caller=CALLER, now=NOW)
    assert not services.is_public(store, a_ref())


def test_a_binding_that_is_not_there_cannot_be_removed(store: Store) -> None:
    deploy(store)
    policies.add_binding(store, HELLO, INVOKER, ALICE, NIGHT, caller=CALLER, now=NOW)
    before = everything(store)
    for role, member, condition, said in (
        (INVOKER, BOB, NIGHT, "principal, role, and condition not found"),
        (INVOKER, ALICE, None, "principal and role not found"),
        ("roles/run.admin", ALICE, NIGHT, "not found"),
    ):
        with pytest.raises(NotFound, match=said):
            policies.remove_binding(store, HELLO, role, member, condition, caller=CALLER, now=NOW)
    assert everything(store) == before
    policies.remove_binding(store, HELLO, INVOKER, ALICE, everywhere=True, caller=CALLER, now=NOW)
    assert "bindings" not in policies.get(store, HELLO)


def test_a_policy_with_the_present_etag_replaces_and_one_with_an_older_etag_does_not(store: Store) -> None:
    deploy(store)
    read = policies.get(store, HELLO)
    mine = policies.replace(
        store,
        HELLO,
        {"bindings": [{"role": INVOKER, "members": [ALICE]}], "etag": read["etag"]},
        caller=CALLER,
        now=NOW,
    )
    before = everything(store)
    with pytest.raises(Conflict, match="concurrent policy changes"):
        policies.replace(store, HELLO, {"bindings": [], "etag": read["etag"]}, caller=CALLER, now=NOW)
    assert everything(store) == before
    policies.replace(store, HELLO, {"bindings": [], "etag": mine["etag"]}, caller=CALLER, now=NOW)
    assert "bindings" not in policies.get(store, HELLO)


def test_a_policy_without_an_etag_replaces_whatever_is_there(store: Store) -> None:
    deploy(store)
    policies.add_binding(store, HELLO, INVOKER, ALICE, caller=CALLER, now=NOW)
    policies.replace(store, HELLO, {"bindings": [{"role": INVOKER, "members": [BOB]}]}, caller=CALLER, now=NOW)
    assert policies.get(store, HELLO)["bindings"] == [{"members": [BOB], "role": INVOKER}]


def test_what_a_policy_may_not_hold_changes_nothing(store: Store) -> None:
    deploy(store)
    before = everything(store)
    with pytest.raises(InvalidArgument):
        policies.add_binding(store, HELLO, INVOKER, "bob", caller=CALLER, now=NOW)
    assert everything(store) == before


def test_a_service_that_is_not_there_has_no_policy(store: Store) -> None:
    said = "Resource 'hello' of kind 'SERVICE' in region 'us-central1' in project 'demo' does not exist"  # recorded
    with pytest.raises(NotFound, match=said):
        policies.get(store, HELLO)
    with pytest.raises(NotFound, match=said):
        policies.add_binding(store, HELLO, INVOKER, ALICE, caller=CALLER, now=NOW)


def test_a_policy_goes_with_its_service(store: Store) -> None:
    deploy(store)
    policies.add_binding(store, HELLO, INVOKER, ALICE, caller=CALLER, now=NOW)
    services.delete(store, a_ref(), caller=CALLER, now=NOW)
    deploy(store, seconds=1)
    assert policies.get(store, HELLO) == {"etag": "ACAB"}
