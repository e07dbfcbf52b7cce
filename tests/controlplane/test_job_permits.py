"""Every verb of jobs and schedules asks whether its caller may, first. Evidence: documented (Cloud Run and Cloud
Scheduler IAM permissions; execute jobs, required roles), else ours."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cloudrun_cli.controlplane import (
    authorization,
    executions,
    job_replacing,
    jobs,
    listing,
    policies,
    projects,
    schedules,
    service_accounts,
    tasks,
)
from cloudrun_cli.core import job_documents
from cloudrun_cli.core.changes import Change, ServiceAccountChange
from cloudrun_cli.core.container_changes import ImageChange
from cloudrun_cli.core.errors import PermissionDenied
from cloudrun_cli.core.job_changes import TasksChange
from cloudrun_cli.core.jobs import ExecutionRef, Overrides
from cloudrun_cli.core.schedules import HttpTarget, Schedule, ScheduleRef, Token
from cloudrun_cli.core.wire.v1_jobs import job_to_json
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, NUMBER, PROJECT, REGION, seeded
from tests.controlplane.verbs import everything
from tests.job_builders import IMAGE, a_job_ref, a_run

ANN = "ann@example.com"
ROBOT = "worker@demo.iam.gserviceaccount.com"
JOB = jobs.resource(a_job_ref())
TICK = ScheduleRef(PROJECT, REGION, "tick")
SCHEDULE = Schedule(TICK, "* * * * *", HttpTarget("https://example.com/"), NOW)


@pytest.fixture
def world(store: Store) -> Store:
    """A home with a job, nightly, that was executed once, a schedule, tick, and an account, worker."""
    projects.settle(store, PROJECT, CALLER, NOW)
    service_accounts.create(store, PROJECT, "worker", caller=CALLER, now=NOW)
    a_run(store, 2)
    schedules.create(store, SCHEDULE, caller=CALLER, now=NOW)
    return store


def give(store: Store, role: str, resource: str = "projects/demo") -> None:
    policies.add_binding(store, resource, role, f"user:{ANN}", caller=CALLER, now=NOW)


def _execution(store: Store) -> ExecutionRef:
    latest = jobs.get(store, a_job_ref()).status.latest
    assert latest is not None
    return ExecutionRef(PROJECT, REGION, latest.name)


def _run(store: Store, overrides: Overrides = Overrides()) -> object:
    return executions.run(store, a_job_ref(), overrides, caller=ANN, now=NOW, random=seeded(5))


def _update(store: Store, *changes: Change) -> object:
    wanted = changes or (TasksChange(3),)
    return jobs.update(store, a_job_ref(), wanted, caller=ANN, now=NOW, random=seeded(5))


def _deploy(store: Store, name: str) -> object:
    return jobs.deploy(store, a_job_ref(name), [ImageChange(IMAGE)], caller=ANN, now=NOW, random=seeded(5))


def _replace(store: Store) -> object:
    wanted = job_documents.read(job_to_json(jobs.get(store, a_job_ref()), NUMBER))
    return job_replacing.replace_all(store, PROJECT, REGION, [wanted], caller=ANN, now=NOW, random=seeded(5))


ASKED: list[tuple[str, Callable[[Store], object]]] = [
    ("run.jobs.create", lambda s: _deploy(s, "new")),
    (
        "run.jobs.create",
        lambda s: jobs.create(s, a_job_ref("new"), [ImageChange(IMAGE)], caller=ANN, now=NOW, random=seeded(5)),
    ),
    ("run.jobs.create", _replace),
    ("run.jobs.update", lambda s: _deploy(s, "nightly")),
    ("run.jobs.update", _update),
    ("run.jobs.delete", lambda s: jobs.delete(s, a_job_ref(), caller=ANN, now=NOW)),
    ("run.jobs.get", lambda s: jobs.get(s, a_job_ref(), caller=ANN)),
    ("run.jobs.list", lambda s: listing.jobs(s, PROJECT, caller=ANN)),
    ("run.jobs.run", _run),
    ("run.jobs.setIamPolicy", lambda s: policies.replace(s, JOB, {"bindings": []}, caller=ANN, now=NOW)),
    ("run.executions.get", lambda s: executions.get(s, _execution(s), caller=ANN)),
    ("run.executions.list", lambda s: listing.executions(s, PROJECT, REGION, "nightly", caller=ANN)),
    ("run.executions.cancel", lambda s: executions.cancel(s, _execution(s), caller=ANN, now=NOW)),
    ("run.executions.delete", lambda s: executions.delete(s, _execution(s), caller=ANN, now=NOW)),
    ("run.tasks.get", lambda s: tasks.get(s, _execution(s), 0, caller=ANN)),
    ("run.tasks.list", lambda s: listing.tasks(s, PROJECT, REGION, _execution(s).name, caller=ANN)),
    ("cloudscheduler.jobs.create", lambda s: schedules.create(s, SCHEDULE, caller=ANN, now=NOW)),
    ("cloudscheduler.jobs.update", lambda s: schedules.update(s, TICK, lambda one: one, caller=ANN, now=NOW)),
    ("cloudscheduler.jobs.delete", lambda s: schedules.delete(s, TICK, caller=ANN, now=NOW)),
    ("cloudscheduler.jobs.get", lambda s: schedules.get(s, TICK, caller=ANN)),
    ("cloudscheduler.jobs.list", lambda s: schedules.everything(s, PROJECT, caller=ANN)),
    ("cloudscheduler.jobs.run", lambda s: schedules.run(s, TICK, caller=ANN, now=NOW)),
    ("cloudscheduler.jobs.pause", lambda s: schedules.pause(s, TICK, caller=ANN, now=NOW)),
    ("cloudscheduler.jobs.enable", lambda s: schedules.resume(s, TICK, caller=ANN, now=NOW)),
]


@pytest.mark.parametrize(("permission", "verb"), ASKED)
def test_a_stranger_is_denied_by_the_name_of_the_permission_and_nothing_changes(
    world: Store, permission: str, verb: Callable[[Store], object]
) -> None:
    before = everything(world)
    with pytest.raises(PermissionDenied) as told:
        verb(world)
    assert told.value.message.startswith(f"Permission '{permission}' denied on resource 'projects/demo/locations/")
    assert everything(world) == before


def test_what_a_job_is_executed_with_instead_takes_a_right_of_its_own(world: Store) -> None:
    give(world, "roles/run.invoker", JOB)
    assert _run(world)
    with pytest.raises(PermissionDenied, match=r"run\.jobs\.runWithOverrides"):
        _run(world, Overrides(tasks=1))
    give(world, "roles/run.jobsExecutorWithOverrides", JOB)
    assert _run(world, Overrides(tasks=1))


def test_rights_on_a_job_are_rights_on_its_executions_and_on_no_others(world: Store) -> None:
    give(world, "roles/run.viewer", JOB)
    found = _execution(world)
    assert executions.get(world, found, caller=ANN)
    assert tasks.get(world, found, 1, caller=ANN)
    assert len(listing.tasks(world, PROJECT, REGION, found.name, caller=ANN)) == 2
    with pytest.raises(PermissionDenied):
        executions.get(world, ExecutionRef(PROJECT, REGION, "other-abcde"), caller=ANN)
    decision = authorization.decide(world, f"user:{ANN}", "run.executions.get", f"{JOB}/executions/{found.name}")
    assert decision.grant is not None
    assert decision.grant.resource == JOB


def test_whoever_writes_a_job_needs_to_act_as_its_account(world: Store) -> None:
    give(world, "roles/run.developer")
    for account in (f"{NUMBER}-compute@developer.gserviceaccount.com", ROBOT):
        with pytest.raises(PermissionDenied, match=r"actAs' denied on service account .*\(or it may not exist\)"):
            _update(world, ServiceAccountChange(account))
    give(world, "roles/iam.serviceAccountUser", f"projects/demo/serviceAccounts/{ROBOT}")
    _update(world, ServiceAccountChange(ROBOT))
    with pytest.raises(PermissionDenied, match="denied on service account none@demo"):
        _update(world, ServiceAccountChange("none@demo.iam.gserviceaccount.com"))


@pytest.mark.parametrize("kind", ["oidc", "oauth"])
def test_whoever_lets_a_schedule_call_as_an_account_needs_to_act_as_it(world: Store, kind: str) -> None:
    give(world, "roles/cloudscheduler.admin")
    target = HttpTarget("https://example.com/", **{kind: Token(ROBOT)})  # type: ignore[arg-type]  # one of its fields
    wanted = replace(SCHEDULE, ref=TICK._replace(name="tock"), target=target)
    with pytest.raises(PermissionDenied, match=f"denied on service account {ROBOT}") as told:
        schedules.create(world, wanted, caller=ANN, now=NOW)
    assert told.value.field == f"--{kind}-service-account-email"
    with pytest.raises(PermissionDenied, match=f"denied on service account {ROBOT}"):
        schedules.update(world, TICK, lambda one: replace(one, target=target), caller=ANN, now=NOW)
    give(world, "roles/iam.serviceAccountUser", f"projects/demo/serviceAccounts/{ROBOT}")
    schedules.create(world, wanted, caller=ANN, now=NOW)
    schedules.update(world, TICK, lambda one: replace(one, target=target), caller=ANN, now=NOW)


def test_what_a_policy_says_of_a_job_says_nothing_of_a_schedule_of_that_name(world: Store) -> None:
    schedules.create(world, replace(SCHEDULE, ref=TICK._replace(name="nightly")), caller=CALLER, now=NOW)
    give(world, "roles/owner", JOB)
    with pytest.raises(PermissionDenied, match="cloudscheduler"):
        schedules.delete(world, TICK._replace(name="nightly"), caller=ANN, now=NOW)
