"""What `iam lint` says of jobs and schedules. Evidence: documented (service identity, recommendations)."""

from cloudrun_cli.controlplane import access_findings, jobs, projects, schedules, service_accounts
from cloudrun_cli.controlplane.access_findings import Check
from cloudrun_cli.core.changes import Change, ServiceAccountChange
from cloudrun_cli.core.container_changes import ImageChange
from cloudrun_cli.core.schedules import HttpTarget, Schedule, ScheduleRef, Token
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, PROJECT, REGION, seeded
from tests.job_builders import IMAGE, a_job_ref


def test_accounts_that_jobs_run_as_and_schedules_call_as_are_used(store: Store) -> None:
    projects.settle(store, PROJECT, CALLER, NOW)
    for name in ("worker", "caller", "unused"):
        service_accounts.create(store, PROJECT, name, caller=CALLER, now=NOW)
    own: list[Change] = [ImageChange(IMAGE), ServiceAccountChange(f"worker@{PROJECT}.iam.gserviceaccount.com")]
    jobs.create(store, a_job_ref("own"), own, caller=CALLER, now=NOW, random=seeded())
    jobs.create(store, a_job_ref("shared"), own[:1], caller=CALLER, now=NOW, random=seeded(2))
    target = HttpTarget("https://example.com", oidc=Token(f"caller@{PROJECT}.iam.gserviceaccount.com"))
    tick = Schedule(ScheduleRef(PROJECT, REGION, "tick"), "* * * * *", target, NOW)
    schedules.create(store, tick, caller=CALLER, now=NOW)
    found = access_findings.find(store, PROJECT, caller=CALLER)
    unused = [one.resource for one in found if one.check is Check.UNUSED]
    assert unused == [f"projects/{PROJECT}/serviceAccounts/unused@{PROJECT}.iam.gserviceaccount.com"]
    (shared,) = [one for one in found if one.check is Check.SHARED_ACCOUNT]
    assert (shared.resource, "cloudrun run jobs update shared" in shared.advice) == (
        jobs.resource(a_job_ref("shared")),
        True,
    )
