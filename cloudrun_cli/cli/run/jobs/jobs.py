"""`cloudrun run jobs`: list, describe, delete."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import context

jobs = Group("run jobs")

Region = Annotated[str | None, flag("--region", "The region of the job.", names="regions", property="run/region")]
Namespace = Annotated[
    str | None,
    flag("--namespace", "The project of the jobs.", names="projects", property="core/project", hidden=True),
]
Job = Annotated[str, positional("JOB", "The job.", names="jobs")]

TABLE = """table(
    ready_symbol.color(red="[xX]",green="[✓✔]",yellow="[-!…]"):label="",
    name:label=JOB,
    region:label=REGION,
    status.latestCreatedExecution.creationTimestamp.date("%Y-%m-%d %H:%M:%S %Z"):label="LAST RUN AT",
    creation_timestamp.date("%Y-%m-%d %H:%M:%S %Z"):label=CREATED,
    author:label="CREATED BY")
    :(metadata.labels.'run.googleapis.com/satisfiesPzs':alias='satisfiesPzs')"""


def address(job: Any) -> str:
    """Where the API has the job."""
    from cloudrun_cli.cli.run.rows import api_address

    return api_address(job, context().edge)


@jobs.command(
    "list",
    format=TABLE,
    uri=address,
    examples=["cloudrun run jobs list", "cloudrun run jobs list --region=us-central1 --format=json"],
)
def list_(region: Region = None, namespace: Namespace = None) -> list[Any]:
    """List the jobs of the project, of one region or of all."""
    from cloudrun_cli.cli.run.jobs.rows import job_row
    from cloudrun_cli.controlplane import listing

    present = context()
    if present.reader is None:
        return []
    found = listing.jobs(present.reader, present.project, region, present.rows_enough, caller=present.account)
    return [job_row(job) for job in found]


@jobs.command("describe", examples=["cloudrun run jobs describe nightly --format='value(status.executionCount)'"])
def describe(job: Job, region: Region = None) -> dict[str, Any] | None:
    """Show a job: when it was executed, and what its tasks run."""
    from cloudrun_cli.cli.run.jobs.bodies import job_body
    from cloudrun_cli.controlplane import jobs as verbs
    from cloudrun_cli.core.jobs import JobRef

    present = context()
    body = job_body(
        present, verbs.get(present.store, JobRef(present.project, present.region, job), caller=present.account)
    )
    if present.values["wide_format"] is not None:
        return body
    from cloudrun_cli.cli.run.jobs.describing import job_lines

    present.out.writelines(f"{line}\n" for line in job_lines(body))
    return None


@jobs.command("delete", examples=["cloudrun run jobs delete nightly --quiet"])
def delete(
    job: Job,
    region: Region = None,
    async_: Annotated[bool, switch("--async", "Return at once, while tasks still stop.")] = False,
) -> None:
    """Delete a job with its executions. Those that run are cancelled."""
    from cloudrun_cli.cli.run.deleting import confirm, told
    from cloudrun_cli.controlplane import jobs as verbs
    from cloudrun_cli.core.jobs import JobRef

    present = context()
    confirm(f"Job [{job}] will be deleted.")
    ref = JobRef(present.project, present.region, job)
    with told("job", job, async_=async_):
        verbs.delete(present.store, ref, caller=present.account, now=present.now())
