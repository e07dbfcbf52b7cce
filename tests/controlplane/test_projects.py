"""Projects, folders and roles of one's own: made, changed, deleted, had back. Evidence: documented (Resource Manager;
Creating and managing custom roles)."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from cloudrun_cli.controlplane import folders, organizations, projects, roles
from cloudrun_cli.core.errors import (
    AlreadyExists,
    CloudRunError,
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
)
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW
from tests.controlplane.verbs import everything

RANDOM = Random(5)
ANN = "ann@elsewhere.org"


@pytest.fixture
def top(store: Store) -> str:
    """The organization, with the project demo in it."""
    projects.settle(store, "demo", CALLER, NOW)
    found: str = organizations.everything(store, caller=CALLER)[0]["name"]
    return found


def folder(store: Store, name: str, parent: str) -> str:
    made: str = folders.create(store, parent, name, caller=CALLER, now=NOW, random=RANDOM)["name"]
    return made


def test_a_project_is_made_described_by_id_and_number_renamed_deleted_and_had_back(store: Store, top: str) -> None:
    made = projects.create(store, "shop-test", name="Shop", labels={"env": "test"}, caller=CALLER, now=NOW)
    assert made["createTime"] == "2026-02-01T08:15:07.123Z"
    assert (made["name"], made["labels"], made["lifecycleState"]) == ("Shop", {"env": "test"}, "ACTIVE")
    assert made["parent"] == {"id": top.partition("/")[2], "type": "organization"}
    assert projects.describe(store, made["projectNumber"], caller=CALLER) == made
    projects.rename(store, "shop-test", "Shop, test", caller=CALLER, now=NOW)
    projects.delete(store, "shop-test", caller=CALLER, now=NOW)
    with pytest.raises(AlreadyExists, match="already in use"):
        projects.create(store, "shop-test", caller=CALLER, now=NOW)
    with pytest.raises(FailedPrecondition, match="more than 30 days"):
        projects.undelete(store, "shop-test", caller=CALLER, now=NOW + timedelta(days=31))
    projects.undelete(store, "shop-test", caller=CALLER, now=NOW + timedelta(days=29))
    assert projects.describe(store, "shop-test", caller=CALLER) == made | {"name": "Shop, test"}


@pytest.mark.parametrize(
    ("project", "more", "error"),
    [
        ("short", {}, InvalidArgument),
        ("Capitals-Are-Not", {}, InvalidArgument),
        ("1-begins-with-a-digit", {}, InvalidArgument),
        ("x" * 31, {}, InvalidArgument),
        ("fine-id", {"name": "abc"}, InvalidArgument),
        ("fine-id", {"parent": "folders/404"}, NotFound),
        ("fine-id", {"parent": "organizations/404"}, NotFound),
        ("fine-id", {"caller": ANN}, PermissionDenied),
    ],
)
def test_a_project_that_cannot_be_made_changes_nothing(
    store: Store, top: str, project: str, more: dict[str, Any], error: type[CloudRunError]
) -> None:
    before = everything(store)
    with pytest.raises(error):
        projects.create(store, project, **{"caller": CALLER, "now": NOW, **more})
    assert everything(store) == before


def test_a_project_of_somebody_else_is_as_one_that_is_not_there(store: Store, top: str) -> None:
    for project, caller in (("demo", ANN), ("none-such", CALLER)):
        with pytest.raises(PermissionDenied, match=r"exist"):
            projects.describe(store, project, caller=caller)
    assert projects.everything(store, caller=ANN) == []


def test_nothing_is_made_in_a_project_under_its_number(store: Store, top: str) -> None:
    number = projects.ensure(store, "demo", CALLER, NOW)
    with pytest.raises(InvalidArgument, match=r"the number of project \[demo\]"):
        projects.ensure(store, number, CALLER, NOW)


def test_ancestors_go_from_the_project_through_its_folders_to_the_organization(store: Store, top: str) -> None:
    outer = folder(store, "Outer", top)
    inner = folder(store, "Inner", outer)
    projects.create(store, "in-a-folder", parent=inner, caller=CALLER, now=NOW)
    found = projects.ancestors(store, "in-a-folder", caller=CALLER)
    assert [f"{kind}s/{name}" for kind, name in found] == ["projects/in-a-folder", inner, outer, top]


def test_a_folder_is_deleted_when_it_holds_nothing_any_more(store: Store, top: str) -> None:
    outer = folder(store, "Outer", top)
    inner = folder(store, "Inner", outer)
    with pytest.raises(FailedPrecondition, match=f"still holds folder {inner.partition('/')[2]}"):
        folders.delete(store, outer, caller=CALLER, now=NOW)
    folders.delete(store, inner, caller=CALLER, now=NOW)
    folders.delete(store, outer, caller=CALLER, now=NOW)
    assert folders.inside(store, top, caller=CALLER) == []
    assert [one["lifecycleState"] for one in folders.inside(store, top, caller=CALLER, deleted=True)] == [
        "DELETE_REQUESTED"
    ]
    assert folders.undelete(store, outer, caller=CALLER, now=NOW)["lifecycleState"] == "ACTIVE"


def test_a_folder_goes_into_another_but_not_into_itself_nor_too_deep_nor_beside_one_of_its_name(
    store: Store, top: str
) -> None:
    line = [folder(store, "Level 1", top)]
    for level in range(2, 11):
        line.append(folder(store, f"Level {level}", line[-1]))
    with pytest.raises(FailedPrecondition, match="too deep"):
        folder(store, "Level 11", line[-1])
    with pytest.raises(FailedPrecondition, match="into itself"):
        folders.move(store, line[0], line[3], caller=CALLER, now=NOW)
    with pytest.raises(AlreadyExists):
        folder(store, "level 1", top)
    other = folder(store, "Other", top)
    with pytest.raises(FailedPrecondition, match="too deep"):
        folders.move(store, line[0], other, caller=CALLER, now=NOW)
    assert folders.move(store, line[5], other, caller=CALLER, now=NOW)["parent"] == other
    with pytest.raises(PermissionDenied):
        folders.rename(store, other, "Theirs", caller=ANN, now=NOW)


def test_a_role_is_changed_only_by_whoever_has_seen_it_as_it_is(store: Store, top: str) -> None:
    made = roles.create(store, "projects/demo", "my.role", {"title": "Mine"}, caller=CALLER, now=NOW)
    name = made["name"]
    assert (name, made["stage"]) == ("projects/demo/roles/my.role", "ALPHA")
    changed = roles.update(store, name, {"includedPermissions": ["run.jobs.run"]}, made["etag"], caller=CALLER, now=NOW)
    assert changed["includedPermissions"] == ["run.jobs.run"]
    with pytest.raises(Conflict, match="Stale"):
        roles.update(store, name, {"title": "Theirs"}, made["etag"], caller=CALLER, now=NOW)
    assert roles.describe(store, name, caller=CALLER) == changed


def test_a_deleted_role_is_listed_when_asked_for_and_had_back_for_seven_days(store: Store, top: str) -> None:
    name = roles.create(store, top, "caller", {}, caller=CALLER, now=NOW)["name"]
    roles.delete(store, name, caller=CALLER, now=NOW)
    assert roles.everything(store, top, caller=CALLER) == []
    assert [one["deleted"] for one in roles.everything(store, top, deleted=True, caller=CALLER)] == [True]
    with pytest.raises(AlreadyExists, match="deleted"):
        roles.create(store, top, "caller", {}, caller=CALLER, now=NOW)
    with pytest.raises(FailedPrecondition, match="more than 7 days"):
        roles.undelete(store, name, caller=CALLER, now=NOW + timedelta(days=8))
    assert "deleted" not in roles.undelete(store, name, caller=CALLER, now=NOW + timedelta(days=6))


@pytest.mark.parametrize(
    ("role", "body", "said"),
    [
        ("no-dashes", {}, "must match"),
        ("ab", {}, "must match"),
        ("fine", {"includedPermissions": ["run.services.gett"]}, "run.services.gett is not valid"),
        ("fine", {"stage": "SOON"}, "stage should be one of"),
        ("fine", {"title": "x" * 101}, "at most 100"),
        ("fine", {"includedPermissions": "run.services.get"}, "is a list"),
        ("fine", {"colour": "red"}, "no field"),
    ],
)
def test_a_role_that_cannot_be_is_not_made(store: Store, top: str, role: str, body: dict[str, Any], said: str) -> None:
    before = everything(store)
    with pytest.raises(InvalidArgument, match=said):
        roles.create(store, "projects/demo", role, body, caller=CALLER, now=NOW)
    assert everything(store) == before


def test_predefined_roles_are_read_and_never_changed(store: Store, top: str) -> None:
    assert roles.describe(store, "roles/run.invoker", caller=ANN)["includedPermissions"] == [
        "run.jobs.run",
        "run.routes.invoke",
    ]
    assert len(roles.everything(store, None, caller=ANN)) > 80
    with pytest.raises(InvalidArgument, match="predefined"):
        roles.delete(store, "roles/run.invoker", caller=CALLER, now=NOW)
    with pytest.raises(NotFound) as told:
        roles.describe(store, "roles/run.invokr", caller=CALLER)
    assert told.value.hint == "Did you mean roles/run.invoker?"
