"""Every verb asks whether its caller may, first; owners are let through quickly and by the same rule. Evidence:
documented (Cloud Run IAM permissions; troubleshooting, actAs), else ours."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from cloudrun_cli.controlplane import (
    authorization,
    domains,
    listing,
    permits,
    policies,
    projects,
    replacing,
    revisions,
    service_accounts,
    services,
    traffic,
)
from cloudrun_cli.controlplane.services import Rollout
from cloudrun_cli.core import permissions, roles
from cloudrun_cli.core.access import principal
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.core.annotations import INVOKER_DISABLED
from cloudrun_cli.core.changes import Change, ServiceAccountChange, ServiceAnnotationsChange
from cloudrun_cli.core.container_changes import ImageChange
from cloudrun_cli.core.documents import read
from cloudrun_cli.core.errors import PermissionDenied
from cloudrun_cli.core.iam import service_resource
from cloudrun_cli.core.resources import RevisionRef
from cloudrun_cli.core.traffic import TrafficChange
from cloudrun_cli.store import policies as policy_rows
from cloudrun_cli.store import projects as project_rows
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, HELLO, NOW, NUMBER, PROJECT, REGION, a_ref, seeded
from tests.controlplane.verbs import an_account, deploy, everything, settle
from tests.core.test_schema import a_document

ANN = "ann@example.com"
ROBOT = "worker@demo.iam.gserviceaccount.com"
RESOURCE = service_resource(PROJECT, REGION, "hello")
EDGE = Edge(9080, 9443)
SECOND = ImageChange(HELLO)


@pytest.fixture
def world(store: Store) -> Store:
    """A home with a service, hello, that is ready, and an account, worker."""
    settle(store, deploy(store, rollout=Rollout(suffix="v1")).revision)
    an_account(store, "worker")
    return store


def give(store: Store, role: str, resource: str = "projects/demo", member: str = f"user:{ANN}") -> None:
    policies.add_binding(store, resource, role, member, caller=CALLER, now=NOW)


def deploy_as(store: Store, caller: str, *changes: Change, name: str = "hello", **rollout: Any) -> services.Deployed:
    wanted, how = changes or (SECOND,), Rollout(**rollout)
    return services.deploy(store, a_ref(name), wanted, rollout=how, caller=caller, now=NOW, random=seeded(9))


def _revision(store: Store) -> RevisionRef:
    return revisions.get(store, RevisionRef(PROJECT, REGION, services.get(store, a_ref()).status.latest_created)).ref  # type: ignore[arg-type]  # there is one


ASKED: list[tuple[str, Callable[[Store], object]]] = [
    ("run.services.create", lambda s: deploy_as(s, ANN, name="new")),
    ("run.services.update", lambda s: deploy_as(s, ANN)),
    ("run.services.update", lambda s: services.update(s, a_ref(), [SECOND], caller=ANN, now=NOW, random=seeded(1))),
    (
        "run.services.create",
        lambda s: replacing.replace_all(
            s, PROJECT, REGION, [read(a_document())], caller=ANN, now=NOW, random=seeded(1)
        ),
    ),
    ("run.services.delete", lambda s: services.delete(s, a_ref(), caller=ANN, now=NOW)),
    ("run.services.get", lambda s: services.get(s, a_ref(), caller=ANN)),
    ("run.configurations.get", lambda s: services.get(s, a_ref(), caller=ANN, verb="configurations describe")),
    ("run.services.list", lambda s: listing.services(s, PROJECT, EDGE, caller=ANN)),
    ("run.routes.list", lambda s: listing.services(s, PROJECT, EDGE, REGION, caller=ANN, verb="routes list")),
    ("run.revisions.list", lambda s: listing.revisions(s, PROJECT, REGION, "hello", caller=ANN)),
    ("run.revisions.get", lambda s: revisions.get(s, _revision(s), caller=ANN)),
    ("run.revisions.delete", lambda s: revisions.delete(s, _revision(s), caller=ANN, now=NOW)),
    (
        "run.services.update",
        lambda s: traffic.update(s, a_ref(), TrafficChange({None: 100}), caller=ANN, now=NOW, random=seeded(1)),
    ),
    ("run.services.update", lambda s: traffic.plan(s, a_ref(), TrafficChange({None: 100}), caller=ANN)),
    (
        "run.services.update",
        lambda s: domains.create(s, a_ref(), "x.example.com", caller=ANN, now=NOW, random=seeded(1)),
    ),
    ("run.services.list", lambda s: domains.everything(s, PROJECT, caller=ANN)),
    ("run.services.get", lambda s: domains.get(s, PROJECT, "x.example.com", caller=ANN)),
    ("run.services.update", lambda s: domains.delete(s, PROJECT, "x.example.com", caller=ANN, now=NOW)),
    ("iam.serviceAccounts.create", lambda s: service_accounts.create(s, PROJECT, "newone", caller=ANN, now=NOW)),
    ("iam.serviceAccounts.list", lambda s: service_accounts.everything(s, PROJECT, caller=ANN)),
    ("iam.serviceAccounts.get", lambda s: service_accounts.get(s, ROBOT, caller=ANN)),
    ("iam.serviceAccounts.delete", lambda s: service_accounts.delete(s, ROBOT, caller=ANN, now=NOW)),
    ("iam.serviceAccounts.disable", lambda s: service_accounts.set_disabled(s, ROBOT, True, caller=ANN, now=NOW)),
    ("iam.serviceAccounts.undelete", lambda s: service_accounts.undelete(s, "1", project=PROJECT, caller=ANN, now=NOW)),
]


@pytest.mark.parametrize(("permission", "verb"), ASKED)
def test_a_stranger_is_denied_by_the_name_of_the_permission_and_nothing_changes(
    world: Store, permission: str, verb: Callable[[Store], object]
) -> None:
    before = everything(world)
    with pytest.raises(PermissionDenied) as told:
        verb(world)
    assert told.value.message.startswith(f"Permission '{permission}' denied on resource 'projects/demo")
    assert told.value.message.endswith("' (or it may not exist).")
    assert everything(world) == before


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("roles/run.viewer", {"services describe", "services list", "revisions list", "regions list"}),
        ("roles/run.invoker", set()),
        ("roles/run.developer", {"services create", "services update", "services replace", "services delete"}),
        ("roles/run.admin", {"services set-iam-policy", "services set-invoker-check", "revisions delete"}),
        ("roles/viewer", {"services list", "service-accounts list", "logs read", "keys list"}),
        ("roles/editor", {"services create", "service-accounts create", "logs read"}),
        ("roles/iam.serviceAccountAdmin", {"service-accounts create", "service-accounts delete"}),
    ],
)
def test_a_role_lets_its_verbs_through(world: Store, role: str, may: set[str]) -> None:
    give(world, role)
    allowed = {verb for verb in permits.NEEDED if permits.may(world, ANN, verb, RESOURCE)}
    assert may <= allowed
    assert ("services set-iam-policy" in allowed) == (role == "roles/run.admin")


def test_every_permission_that_a_verb_needs_is_a_known_one() -> None:
    needed = {permission for several in permits.NEEDED.values() for permission in several}
    assert needed | {permits.ACT_AS} <= set(permissions.known())


def test_whoever_deploys_needs_to_act_as_the_account_also_the_default_one(world: Store) -> None:
    give(world, "roles/run.developer")
    compute = f"{NUMBER}-compute@developer.gserviceaccount.com"
    for account, changes in ((compute, (SECOND,)), (ROBOT, (ServiceAccountChange(ROBOT),))):
        with pytest.raises(PermissionDenied) as told:
            deploy_as(world, ANN, *changes)
        said = f"Permission 'iam.serviceaccounts.actAs' denied on service account {account} (or it may not exist)."
        assert told.value.message == said
    give(world, "roles/iam.serviceAccountUser", f"projects/demo/serviceAccounts/{ROBOT}")
    made = deploy_as(world, ANN, ServiceAccountChange(ROBOT))
    assert made.service.template.service_account == ROBOT
    moved = TrafficChange({None: 100})
    traffic.update(world, a_ref(), moved, caller=ANN, now=NOW, random=seeded(1))  # it makes no revision


@pytest.mark.parametrize("name", ["none@demo.iam.gserviceaccount.com", "1-compute@developer.gserviceaccount.com"])
def test_an_account_that_is_not_there_is_refused_in_the_same_words_and_to_its_owner_too(
    world: Store, name: str
) -> None:
    before = everything(world)
    with pytest.raises(PermissionDenied) as told:
        deploy_as(world, CALLER, ServiceAccountChange(name))
    said = f"Permission 'iam.serviceaccounts.actAs' denied on service account {name} (or it may not exist)."
    assert told.value.message == said
    assert everything(world) == before


def test_to_open_a_service_takes_the_right_to_set_its_policy(world: Store) -> None:
    give(world, "roles/run.developer")
    give(world, "roles/iam.serviceAccountUser")
    deploy_as(world, ANN, public=False, name="closed")  # a new one is closed by itself
    unchecked = ServiceAnnotationsChange({INVOKER_DISABLED: "true"})
    for public in (True, False):
        with pytest.raises(PermissionDenied, match=r"run\.services\.setIamPolicy"):
            deploy_as(world, ANN, public=public)
    with pytest.raises(PermissionDenied, match=r"run\.services\.setIamPolicy"):
        deploy_as(world, ANN, SECOND, unchecked)
    with pytest.raises(PermissionDenied, match=r"run\.services\.setIamPolicy"):
        services.update(world, a_ref(), [unchecked], caller=ANN, now=NOW, random=seeded(1))
    give(world, "roles/run.admin")
    assert deploy_as(world, ANN, SECOND, unchecked, public=True).public


@pytest.mark.parametrize(
    "bindings",
    [
        [],
        [{"role": "roles/owner", "members": [f"user:{ANN}"]}],
        [{"role": "roles/owner", "members": [f"user:{ANN}"], "condition": {"title": "t", "expression": "false"}}],
        [{"role": "roles/owner", "members": [f"serviceAccount:{ANN}"]}],
        [{"role": "roles/owner", "members": [f"user:{ROBOT}"]}],
        [{"role": "roles/owner", "members": [f"serviceAccount:{ROBOT}"]}],
        [{"role": "roles/editor", "members": [f"user:{ANN}"]}],
        [{"role": "roles/owner", "members": [f"deleted:user:{ANN}?uid=1"]}],
        [{"role": "roles/owner", "members": f"user:{ANN}"}, 7, {"role": ["roles/owner"]}, {"members": [f"user:{ANN}"]}],
        [{"role": "roles/owner", "members": {f"user:{ANN}": 1}}],
        [{"role": "roles/owner", "members": [f"user:{ANN}", 7]}],
        {"role": "roles/owner", "members": [f"user:{ANN}"]},
    ],
)
@pytest.mark.parametrize("caller", [ANN, f"user:{ANN}", ROBOT, ""])
@pytest.mark.parametrize("deleted", [False, True])
def test_the_quick_look_lets_nobody_through_whom_the_rules_would_not(
    world: Store, bindings: Any, caller: str, deleted: bool
) -> None:
    found = project_rows.get(world, PROJECT)
    assert found is not None
    with world.transaction():
        policy_rows.put(world, "projects/demo", {"bindings": bindings})
        project_rows.save(world, found._replace(deleted=NOW.isoformat() if deleted else None))
    for verb in ("services update", "services set-iam-policy"):
        ruled = authorization.decide(world, caller, permits.NEEDED[verb][0], RESOURCE).allowed
        for resource in (RESOURCE, RESOURCE.replace("demo", NUMBER)):
            assert permits.may(world, caller, verb, resource) == ruled


def test_what_the_quick_look_knows_of_members_and_roles_is_what_the_rules_know() -> None:
    assert permits._OWNER == roles.OWNER
    for caller in (ANN, ROBOT, "", f"user:{ANN}", "x", "1-compute@developer.gserviceaccount.com"):
        assert permits._member(caller) == principal(caller)


def test_a_project_that_nobody_has_used_yet_is_the_users_who_comes_first_and_no_machines(store: Store) -> None:
    assert listing.services(store, "fresh", EDGE, caller=ANN) == []
    with pytest.raises(PermissionDenied):
        listing.services(store, "fresh", EDGE, caller=ROBOT)
    projects.settle(store, "fresh", CALLER, NOW)
    with pytest.raises(PermissionDenied):
        listing.services(store, "fresh", EDGE, caller=ANN)


def test_the_owner_is_let_through_in_less_than_a_millisecond_and_without_the_rules(world: Store) -> None:
    took = []
    for _ in range(50):
        began = time.perf_counter()
        permits.require(world, CALLER, "services list", permits.place(PROJECT))
        took.append(time.perf_counter() - began)
    assert sorted(took)[25] < 0.001
    program = f"""
import sys
from cloudrun_cli.store.database import Store, open_store
from cloudrun_cli.controlplane import permits
permits.require(open_store({world.path.removesuffix("state.db")!r}), {CALLER!r}, "services list", "projects/demo")
print(*[name for name in sys.modules if name.startswith("cloudrun_cli.") or name in ("hashlib", "difflib")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {
        *(f"cloudrun_cli.{room}" for room in ("controlplane", "core", "store")),
        *("cloudrun_cli.controlplane.permits", "cloudrun_cli.core.errors", "cloudrun_cli.store.database"),
    }
