"""Who may do what in a home: owners from the start, grants along the hierarchy, deleted projects, names and numbers.
Evidence: documented (Access control with IAM; introduction to service identity), else ours."""

from datetime import UTC, datetime
from random import Random

import pytest

from cloudrun_cli.controlplane import authorization, folders, groups, organizations, policies, projects, roles
from cloudrun_cli.controlplane.naming import full_name
from cloudrun_cli.core.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from cloudrun_cli.core.iam import INVOKER, service_resource
from cloudrun_cli.core.names import default_service_account
from cloudrun_cli.store import policies as policy_rows
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, NUMBER, PROJECT, REGION, a_ref
from tests.controlplane.verbs import deploy

HELLO = service_resource(PROJECT, REGION, "hello")
INVOKE, UPDATE = "run.routes.invoke", "run.services.update"
ANN = "user:ann@example.com"
ROBOT = "serviceAccount:robot@demo.iam.gserviceaccount.com"
COMPUTE = f"serviceAccount:{default_service_account(NUMBER)}"


@pytest.fixture
def world(store: Store) -> Store:
    """A home with a service, and so with its project and organization."""
    deploy(store)
    return store


def may(store: Store, caller: str, permission: str, resource: str = HELLO) -> bool:
    return authorization.decide(store, caller, permission, resource).allowed


def test_a_project_begins_owned_by_its_maker_with_its_own_account_as_editor(world: Store) -> None:
    assert policies.get(world, "projects/demo", caller=CALLER)["bindings"] == [
        {"members": [COMPUTE], "role": "roles/editor"},
        {"members": [f"user:{CALLER}"], "role": "roles/owner"},
    ]
    assert may(world, CALLER, UPDATE)
    assert may(world, COMPUTE, UPDATE)
    assert not may(world, COMPUTE, "run.services.setIamPolicy")
    for caller in (ANN, ROBOT, ""):
        assert not may(world, caller, INVOKE)


def test_owning_is_a_binding_like_any_other(world: Store) -> None:
    owner = f"user:{CALLER}"
    policies.remove_binding(world, "projects/demo", "roles/owner", owner, caller=CALLER, now=NOW)
    assert not may(world, CALLER, UPDATE)
    with pytest.raises(PermissionDenied, match=r"run\.services\.update"):
        deploy(world)
    assert not may(world, CALLER, UPDATE), "the project is not made anew"


def test_a_refusal_names_the_permission_and_the_resource(world: Store) -> None:
    with pytest.raises(PermissionDenied) as told:
        authorization.require(world, ANN, INVOKE, HELLO)
    assert told.value.message == f"Permission '{INVOKE}' denied on resource '{HELLO}' (or it may not exist)."
    assert told.value.hint == f"Why: cloudrun iam troubleshoot {ANN} {INVOKE} {HELLO}"


@pytest.mark.parametrize("level", ["service", "project", "folder", "organization"])
def test_an_invoker_on_any_level_may_invoke(world: Store, level: str) -> None:
    organization = projects.describe(world, "demo", caller=CALLER)["parent"]["id"]
    folder = _folder(world, "Shop", f"organizations/{organization}")
    inner = _folder(world, "Tests", folder)
    projects.move(world, "demo", inner, caller=CALLER, now=NOW)
    where = {
        "service": HELLO,
        "project": "projects/demo",
        "folder": folder,
        "organization": f"organizations/{organization}",
    }
    policies.add_binding(world, where[level], INVOKER, ANN, caller=CALLER, now=NOW)
    found = authorization.decide(world, ANN, INVOKE, HELLO)
    assert found.grant is not None
    assert found.grant.resource == where[level]
    assert found.searched == (HELLO, "projects/demo", inner, folder, f"organizations/{organization}")
    assert not may(world, ANN, UPDATE)


@pytest.mark.parametrize(
    "name",
    [
        HELLO,
        f"//run.googleapis.com/{HELLO}",
        HELLO.replace("demo", NUMBER),
        f"{HELLO}/revisions/hello-00001-abc",
        "projects/demo/locations/us-central1",
        "projects/demo/secrets/none/versions/1",
        f"projects/-/serviceAccounts/{COMPUTE.partition(':')[2]}",
        "projects/-/serviceAccounts/robot@demo.iam.gserviceaccount.com",
    ],
)
def test_what_is_in_a_project_inherits_from_it_by_every_name(world: Store, name: str) -> None:
    policies.add_binding(world, "projects/demo", "roles/viewer", ANN, caller=CALLER, now=NOW)
    assert may(world, ANN, "run.services.get", name)
    assert not may(world, ROBOT, "run.services.get", name)


@pytest.mark.parametrize(
    "name", ["", "/", "projects", "projects/", "projects/other", "folders/9", "x/y/z", "//", "a" * 999, "\ud800"]
)
def test_what_is_not_there_is_nobodys(world: Store, name: str) -> None:
    assert not may(world, CALLER, UPDATE, name)


def test_members_of_a_group_are_found_through_other_groups(world: Store) -> None:
    groups.add(world, "Devs@example.com", "ann@example.com", caller=CALLER, now=NOW)
    groups.add(world, "all@example.com", "devs@example.com", caller=CALLER, now=NOW)
    policies.add_binding(world, HELLO, INVOKER, "group:all@example.com", caller=CALLER, now=NOW)
    assert may(world, ANN, INVOKE)
    assert not may(world, ROBOT, INVOKE)
    with pytest.raises(InvalidArgument, match="neither can be in the other"):
        groups.add(world, "devs@example.com", "all@example.com", caller=CALLER, now=NOW)
    groups.remove(world, "devs@example.com", "ann@example.com", caller=CALLER, now=NOW)
    assert not may(world, ANN, INVOKE)
    with pytest.raises(PermissionDenied):
        groups.add(world, "devs@example.com", "ann@example.com", caller=ANN, now=NOW)


def test_a_role_of_ones_own_permits_what_it_says_until_it_is_deleted(world: Store) -> None:
    made = roles.create(world, "projects/demo", "caller", {"includedPermissions": [INVOKE]}, caller=CALLER, now=NOW)
    policies.add_binding(world, HELLO, made["name"], ANN, caller=CALLER, now=NOW)
    assert may(world, ANN, INVOKE)
    roles.update(world, made["name"], {"stage": "DISABLED"}, None, caller=CALLER, now=NOW)
    assert not may(world, ANN, INVOKE)
    roles.update(world, made["name"], {"stage": "GA"}, None, caller=CALLER, now=NOW)
    roles.delete(world, made["name"], caller=CALLER, now=NOW)
    assert not may(world, ANN, INVOKE)
    roles.undelete(world, made["name"], caller=CALLER, now=NOW)
    assert may(world, ANN, INVOKE)


def test_conditions_see_the_resource_the_request_and_the_time(world: Store) -> None:
    condition = {
        "title": "t",
        "expression": f'resource.name == "{HELLO}" && resource.type == "run.googleapis.com/Service" && '
        'request.path.startsWith("/a") && request.time < timestamp("2027-01-01T00:00:00Z")',
    }
    policies.add_binding(world, "projects/demo", INVOKER, ANN, condition, caller=CALLER, now=NOW)
    call = {"request.path": "/a/b", "request.time": NOW}
    assert authorization.decide(world, ANN, INVOKE, HELLO, call)
    assert not authorization.decide(world, ANN, INVOKE, HELLO, call | {"request.path": "/b"})
    assert not authorization.decide(
        world, ANN, INVOKE, HELLO, call | {"request.time": datetime(2027, 2, 1, tzinfo=UTC)}
    )
    assert not authorization.decide(world, ANN, INVOKE, HELLO.replace("hello", "other"), call)


def test_a_deleted_project_can_be_had_back_and_used_no_more_until_then(world: Store) -> None:
    projects.delete(world, NUMBER, caller=CALLER, now=NOW)
    assert not may(world, CALLER, UPDATE)
    assert authorization.decide(world, CALLER, UPDATE, HELLO).deleted
    with pytest.raises(FailedPrecondition, match=r"Project \[demo\] has been deleted"):
        deploy(world)
    assert projects.describe(world, "demo", caller=CALLER)["lifecycleState"] == "DELETE_REQUESTED"
    assert projects.everything(world, caller=CALLER) == []
    projects.undelete(world, "demo", caller=CALLER, now=NOW)
    assert may(world, CALLER, UPDATE)


def test_a_service_account_makes_no_project_by_using_it(world: Store) -> None:
    with pytest.raises(PermissionDenied, match="cannot make it"), world.transaction():
        projects.ensure(world, "other", ROBOT, NOW)


def test_a_project_that_was_there_before_there_were_policies_is_owned_by_whoever_uses_it_next(store: Store) -> None:
    with store.transaction():
        store.write("INSERT INTO projects (id, number, created) VALUES ('old', '7', ?)", NOW.isoformat())
    with store.transaction():
        assert projects.ensure(store, "old", CALLER, NOW) == "7"
    assert may(store, CALLER, UPDATE, "projects/old")
    assert projects.describe(store, "old", caller=CALLER)["parent"]["type"] == "organization"


def test_whatever_is_kept_as_a_policy_there_is_a_decision(world: Store) -> None:
    with world.transaction():
        policy_rows.put(world, HELLO, {"bindings": [{"role": ["x"]}, 7, {"role": INVOKER, "members": {"a": 1}}]})
    assert may(world, CALLER, UPDATE)
    assert not may(world, ANN, INVOKE)


def test_the_permissions_one_has_of_those_asked_about(world: Store) -> None:
    policies.add_binding(world, HELLO, "roles/run.viewer", ANN, caller=CALLER, now=NOW)
    asked = ["run.services.get", UPDATE, "run.services.list"]
    assert authorization.permitted(world, ANN, asked, HELLO) == ["run.services.get", "run.services.list"]


@pytest.mark.parametrize(
    ("resource", "role", "member", "condition", "said"),
    [
        ("projects/demo", INVOKER, "allUsers", None, "only to single resources"),
        ("projects/demo", INVOKER, "allAuthenticatedUsers", None, "only to single resources"),
        (HELLO, "roles/run.invokr", ANN, None, "no such role"),
        (HELLO, "projects/demo/roles/none", ANN, None, "no such role"),
        (HELLO, "roles/viewer", ANN, "true", "Basic roles are given without conditions"),
        (HELLO, INVOKER, "allUsers", "true", "given roles without conditions"),
        (HELLO, INVOKER, ANN, 'api.getAttribute("x", "")', r"name \[api\] is not known"),
    ],
)
def test_a_binding_that_cannot_hold_is_refused_when_it_is_set(
    world: Store, resource: str, role: str, member: str, condition: str | None, said: str
) -> None:
    before = policy_rows.everywhere(world)
    wanted = {"title": "t", "expression": condition} if condition else None
    with pytest.raises(InvalidArgument, match=said):
        policies.add_binding(world, resource, role, member, wanted, caller=CALLER, now=NOW)
    assert policy_rows.everywhere(world) == before


def test_the_nearest_role_is_named() -> None:
    from cloudrun_cli.core.predefined_roles import PREDEFINED
    from cloudrun_cli.core.roles import check_exists

    with pytest.raises(InvalidArgument) as told:
        check_exists("roles/run.invokr", PREDEFINED)
    assert told.value.hint == "Did you mean roles/run.invoker?"


def test_setting_a_policy_needs_the_permission_for_it(world: Store) -> None:
    policies.add_binding(world, "projects/demo", "roles/run.developer", ANN, caller=CALLER, now=NOW)
    assert policies.get(world, HELLO, caller=ANN) == {"etag": "ACAB"}
    with pytest.raises(PermissionDenied, match=r"run\.services\.setIamPolicy"):
        policies.add_binding(world, HELLO, INVOKER, ANN, caller=ANN, now=NOW)
    policies.add_binding(world, HELLO, "roles/run.admin", ANN, caller=CALLER, now=NOW)
    policies.add_binding(world, HELLO, INVOKER, ROBOT, caller=ANN, now=NOW)
    assert may(world, ROBOT, INVOKE)


def test_a_policy_goes_with_its_service_and_a_new_one_begins_closed(world: Store) -> None:
    from cloudrun_cli.controlplane import services

    policies.add_binding(world, HELLO, INVOKER, ANN, caller=CALLER, now=NOW)
    services.delete(world, a_ref(), caller=CALLER, now=NOW)
    deploy(world)
    assert not may(world, ANN, INVOKE)


def _folder(store: Store, name: str, parent: str) -> str:
    made = folders.create(store, parent, name, caller=CALLER, now=NOW, random=Random(5))
    found: str = made["name"]
    return found


def test_the_organization_is_that_of_the_home_and_of_the_makers_domain(world: Store) -> None:
    (found,) = organizations.everything(world, caller=CALLER)
    assert (found["displayName"], found["lifecycleState"]) == ("example.com", "ACTIVE")
    assert organizations.describe(world, "example.com", caller=CALLER) == found
    assert organizations.everything(world, caller=ANN) == [found], "its domain may make projects in it, and so see it"
    assert organizations.everything(world, caller="bob@elsewhere.org") == []


@pytest.mark.parametrize(
    "text",
    ["http://[", "http://", "://", "//", "http://x:99999999/", "https://a.run.app", "services/", "/", "\x00", "a/b/c"],
)
def test_what_is_no_name_of_a_resource_is_refused_and_nothing_else(world: Store, text: str) -> None:
    with pytest.raises((InvalidArgument, NotFound)):
        policies.get(world, full_name(world, text, PROJECT, REGION))
