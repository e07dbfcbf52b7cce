"""`cloudrun run jobs update`: change what the tasks of a job run, or how many there are."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import positional
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.run.flags.job_template import UPDATE
from cloudrun_cli.cli.run.jobs.jobs import jobs


@jobs.command(
    "update",
    format="none",
    families=UPDATE,
    examples=[
        "cloudrun run jobs update nightly --tasks=8 --parallelism=2",
        "cloudrun run jobs update nightly --update-env-vars=BATCH=5 --wait",
    ],
)
def update(job: Annotated[str | None, positional("JOB", "The job to update.", names="jobs")] = None) -> Any:
    """Update a job. Executions that there are already keep what they were made from."""
    from cloudrun_cli.cli.run.jobs import writing
    from cloudrun_cli.cli.run.naming import job_name
    from cloudrun_cli.controlplane import jobs as verbs
    from cloudrun_cli.core.jobs import JobRef

    present = context()
    values = present.values
    ref = JobRef(present.project, present.region, job_name(present, job))
    changes = writing.asked(present, ref, UPDATE, values)
    present.tell(f"Updating {writing.place(ref)}")
    return writing.write(
        present,
        ref,
        "Updating",
        "updated",
        lambda _: verbs.update(
            present.store,
            ref,
            changes,
            writing=writing.of(values),
            caller=present.account,
            now=present.now(),
            random=present.random,
        ),
    )
