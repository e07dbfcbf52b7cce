"""Who may do what: members, roles, inheritance, conditions. Evidence: documented (IAM overview; Cloud Run, Access
control with IAM; its role index)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudrun_cli.core import permissions
from cloudrun_cli.core.access import Chain, decide, effective, matches, principal
from cloudrun_cli.core.iam import INVOKING
from cloudrun_cli.core.predefined_roles import PREDEFINED
from cloudrun_cli.core.roles import Role

SERVICE, PROJECT, FOLDER, ORGANIZATION = (
    "projects/p/locations/r/services/s",
    "projects/p",
    "folders/1",
    "organizations/2",
)
NAMES = {"service": SERVICE, "project": PROJECT, "folder": FOLDER, "organization": ORGANIZATION}
ANN, ROBOT = "user:ann@example.com", "serviceAccount:robot@p.iam.gserviceaccount.com"
INVOKE = "run.routes.invoke"
INVOKER = "roles/run.invoker"
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


def policy(role: str, *members: str, **condition: str) -> dict[str, Any]:
    bound: dict[str, Any] = {"role": role, "members": list(members)}
    return {"bindings": [{**bound, "condition": {"title": "t", **condition}} if condition else bound]}


def chain(**policies: Any) -> Chain:
    """The policies from a service up to the organization, by where they are."""
    return [(name, policies.get(place, {})) for place, name in NAMES.items()]


@pytest.mark.parametrize("place", ["service", "project", "folder", "organization"])
def test_a_grant_on_any_level_holds_for_what_is_below(place: str) -> None:
    found = decide(ANN, INVOKE, chain(**{place: policy(INVOKER, ANN)}), PREDEFINED)
    assert found.grant is not None
    assert found.grant.resource == NAMES[place]
    assert not decide(ROBOT, INVOKE, chain(**{place: policy(INVOKER, ANN)}), PREDEFINED)


def test_a_grant_below_is_none_above() -> None:
    assert not decide(ANN, INVOKE, chain(service=policy(INVOKER, ANN))[1:], PREDEFINED)


def test_without_a_grant_it_is_told_what_was_searched() -> None:
    found = decide(ANN, INVOKE, chain(), PREDEFINED)
    assert (found.allowed, found.searched) == (False, (SERVICE, PROJECT, FOLDER, ORGANIZATION))


@pytest.mark.parametrize(
    ("caller", "member", "is_one"),
    [
        ("", "allUsers", True),
        ("", "allAuthenticatedUsers", False),
        ("", "domain:", False),
        (ANN, "allUsers", True),
        (ANN, "allAuthenticatedUsers", True),
        (ROBOT, "allAuthenticatedUsers", True),
        (ANN, "user:ann@example.com", True),
        (ANN, "user:Ann@Example.com", True),
        (ANN, "serviceAccount:ann@example.com", False),
        (ANN, "domain:example.com", True),
        (ANN, "domain:EXAMPLE.com", True),
        ("user:ann@sub.example.com", "domain:example.com", False),
        (ROBOT, "domain:p.iam.gserviceaccount.com", False),
        (ANN, "group:devs@example.com", True),
        (ANN, "group:ops@example.com", False),
        (ANN, "principalSet://goog/group/devs@example.com", True),
        (ANN, "principal://goog/subject/ann@example.com", True),
        (ROBOT, "principal://goog/subject/robot@p.iam.gserviceaccount.com", False),
        ("principal://iam.googleapis.com/pool/subject/x", "principal://iam.googleapis.com/pool/subject/x", True),
        ("principal://iam.googleapis.com/pool/subject/x", "principalSet://iam.googleapis.com/pool/*", True),
        ("principal://iam.googleapis.com/poolside/subject/x", "principalSet://iam.googleapis.com/pool/*", False),
        (ANN, "deleted:user:ann@example.com?uid=1", False),
        (ROBOT, "deleted:serviceAccount:robot@p.iam.gserviceaccount.com?uid=1", False),
    ],
)
def test_members_of_every_kind(caller: str, member: str, is_one: bool) -> None:
    assert matches(caller, member, {"devs@example.com"}) is is_one


@pytest.mark.parametrize(
    ("member", "holder", "allowed"),
    [
        ("projectOwner:p", policy("roles/owner", ANN), True),
        ("projectOwner:p", policy("roles/owner", "user:bob@example.com"), False),
        ("projectViewer:p", policy("roles/viewer", "domain:example.com"), True),
        ("projectEditor:q", policy("roles/editor", ANN), False),
        ("projectOwner:p", policy("roles/owner", ANN, expression="true"), False),
    ],
)
def test_the_owners_editors_and_viewers_of_a_project_are_those_in_its_own_policy(
    member: str, holder: dict[str, Any], allowed: bool
) -> None:
    found = decide(
        ANN,
        "pubsub.topics.publish",
        chain(service=policy("roles/pubsub.publisher", member), project=holder),
        {name: role for name, role in PREDEFINED.items() if name == "roles/pubsub.publisher"},
    )
    assert found.allowed is allowed


@pytest.mark.parametrize(
    ("role", "has", "lacks"),
    [
        ("owner", ["run.services.setIamPolicy", "resourcemanager.projects.delete", "a.permission.unheardOf"], []),
        (
            "editor",
            ["run.services.create", "run.routes.invoke", "iam.serviceAccounts.actAs", "run.services.getIamPolicy"],
            ["run.services.setIamPolicy", "resourcemanager.projects.delete", "secretmanager.versions.access"],
        ),
        ("viewer", ["run.services.get", "run.jobs.list"], ["run.routes.invoke", "run.services.update", "run.jobs.run"]),
        (
            "run.admin",
            ["run.services.setIamPolicy", "run.routes.invoke", "run.jobs.runWithOverrides"],
            ["iam.roles.get"],
        ),
        (
            "run.developer",
            [
                "run.services.update",
                "run.services.getIamPolicy",
                "run.executions.cancel",
                "resourcemanager.projects.get",
            ],
            ["run.services.setIamPolicy", "run.services.createTagBinding", "iam.serviceAccounts.actAs"],
        ),
        ("run.viewer", ["run.tasks.get", "run.workerpools.getIamPolicy"], ["run.routes.invoke", "run.jobs.run"]),
        ("iam.serviceAccountUser", ["iam.serviceAccounts.actAs"], ["iam.serviceAccounts.getAccessToken"]),
        ("secretmanager.secretAccessor", ["secretmanager.versions.access"], ["secretmanager.versions.get"]),
        ("cloudtasks.enqueuer", ["cloudtasks.tasks.create"], ["cloudtasks.tasks.delete"]),
    ],
)
def test_what_the_roles_permit(role: str, has: list[str], lacks: list[str]) -> None:
    found = PREDEFINED[f"roles/{role}"]
    assert [p for p in has if not found.grants(p)] == []
    assert [p for p in lacks if found.grants(p)] == []


@pytest.mark.parametrize(
    ("role", "exactly"),
    [
        ("run.invoker", ["run.jobs.run", "run.routes.invoke"]),
        ("run.servicesInvoker", ["run.routes.invoke"]),
        ("run.jobsExecutor", ["run.executions.cancel", "run.jobs.run"]),
        ("run.jobsExecutorWithOverrides", ["run.executions.cancel", "run.jobs.run", "run.jobs.runWithOverrides"]),
        ("pubsub.publisher", ["pubsub.topics.publish"]),
        ("cloudsql.client", ["cloudsql.instances.connect", "cloudsql.instances.get"]),
    ],
)
def test_roles_of_few_permissions_have_these_and_no_others(role: str, exactly: list[str]) -> None:
    assert PREDEFINED[f"roles/{role}"].permissions == exactly


def test_every_pattern_of_a_role_is_of_a_permission_that_is_known() -> None:
    for role in PREDEFINED.values():
        for pattern in role.permits:
            alone = Role("x", "x", permits=(pattern.removeprefix("-"),))
            assert any(alone.grants(p) for p in permissions.known()), f"{role.name}: {pattern}"


def test_the_roles_that_make_a_service_public_are_those_that_may_invoke() -> None:
    assert {name for name, role in PREDEFINED.items() if role.grants(INVOKE)} == INVOKING


def test_a_role_that_is_deleted_or_disabled_grants_nothing() -> None:
    for role in (Role("r", "r", permits=("*",), deleted=True), Role("r", "r", permits=("*",), stage="DISABLED")):
        assert not decide(ANN, INVOKE, chain(service=policy("r", ANN)), {"r": role})


def test_a_condition_decides_with_the_attributes_and_a_grant_without_one_wins() -> None:
    some = policy(INVOKER, ANN, expression='request.path.startsWith("/open/")')
    assert decide(ANN, INVOKE, chain(service=some), PREDEFINED, {"request.path": "/open/door"})
    shut = decide(ANN, INVOKE, chain(service=some), PREDEFINED, {"request.path": "/shut"})
    assert (shut.allowed, [grant.role for grant in shut.unmet]) == (False, [INVOKER])
    assert not decide(ANN, INVOKE, chain(service=some), PREDEFINED)
    assert decide(ANN, INVOKE, chain(service=some, folder=policy(INVOKER, ANN)), PREDEFINED)


def test_the_effective_policy_is_every_binding_with_where_it_comes_from() -> None:
    found = effective(chain(service=policy(INVOKER, ANN), folder=policy("roles/run.admin", ROBOT)))
    assert [(one.resource, one.role) for one in found] == [(SERVICE, INVOKER), (FOLDER, "roles/run.admin")]


@pytest.mark.parametrize(
    ("account", "member"),
    [
        ("ann@example.com", ANN),
        ("robot@p.iam.gserviceaccount.com", ROBOT),
        ("7-compute@developer.gserviceaccount.com", "serviceAccount:7-compute@developer.gserviceaccount.com"),
        ("ann@gserviceaccount.com", "user:ann@gserviceaccount.com"),
        (ANN, ANN),
        ("", ""),
    ],
)
def test_an_account_is_a_member_by_its_address(account: str, member: str) -> None:
    assert principal(account) == member


CALLERS = st.sampled_from(["", ANN, ROBOT, "user:bob@other.com"])
MEMBERS = st.sampled_from(
    ["allUsers", "allAuthenticatedUsers", ANN, ROBOT, "domain:example.com", "group:g@example.com"]
)
ROLES = st.sampled_from([INVOKER, "roles/owner", "roles/viewer", "roles/run.developer", "roles/run.jobsExecutor"])
WHEN = st.sampled_from([None, "true", "false", 'request.path == "/a"', "resource.name == 'x' || request.path != '/a'"])
BINDINGS = st.builds(
    lambda role, members, when: {
        "role": role,
        "members": members,
        **({"condition": {"expression": when}} if when else {}),
    },
    ROLES,
    st.lists(MEMBERS, max_size=3),
    WHEN,
)
POLICIES = st.lists(BINDINGS, max_size=4).map(lambda bindings: {"bindings": bindings})
CHAINS = st.lists(POLICIES, min_size=4, max_size=4)
PERMISSIONS = st.sampled_from([INVOKE, "run.services.setIamPolicy", "run.jobs.run", "run.services.get"])
PATHS = st.sampled_from([{}, {"request.path": "/a"}, {"request.path": "/b"}])


def above(policies: list[Any]) -> Chain:
    return list(zip([SERVICE, PROJECT, FOLDER, ORGANIZATION], policies, strict=True))


@given(CALLERS, PERMISSIONS, CHAINS, PATHS, st.data())
def test_nothing_below_takes_back_what_is_granted_above(
    caller: str, permission: str, policies: list[Any], attributes: dict[str, str], data: st.DataObject
) -> None:
    for level in range(4):
        whole = above(policies)
        if decide(caller, permission, whole[level:], PREDEFINED, attributes):
            below = [(name, data.draw(POLICIES)) for name, _ in whole[:level]]
            assert decide(caller, permission, [*below, *whole[level:]], PREDEFINED, attributes)


@given(CALLERS, PERMISSIONS, CHAINS, PATHS, st.integers(0, 3), BINDINGS)
def test_another_binding_never_takes_a_permission(
    caller: str, permission: str, policies: list[Any], attributes: dict[str, str], level: int, more: dict[str, Any]
) -> None:
    before = decide(caller, permission, above(policies), PREDEFINED, attributes)
    added = [{"bindings": [more, *p["bindings"]]} if i == level else p for i, p in enumerate(policies)]
    assert not before or decide(caller, permission, above(added), PREDEFINED, attributes)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from([INVOKER, ANN, "allUsers"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["bindings", "role", "members", "condition", "expression", "x"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(CALLERS, st.text(max_size=20) | PERMISSIONS, st.lists(JUNK, min_size=4, max_size=4))
def test_whatever_a_policy_says_there_is_a_decision(caller: str, permission: str, policies: list[Any]) -> None:
    found = decide(caller, permission, above(policies), PREDEFINED, {"request.path": "/a", "request.time": NOON})
    assert found.allowed is (found.grant is not None)
    for grant in (found.grant, *found.unmet):
        assert grant is None or grant.role in PREDEFINED
