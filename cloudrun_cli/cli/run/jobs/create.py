"""`cloudrun run jobs create`: a new job from an image."""

from typing import Annotated, Any

from cloudrun_cli.cli.command import positional
from cloudrun_cli.cli.context import context
from cloudrun_cli.cli.families import CONTAINERS, Values
from cloudrun_cli.cli.run.flags.job_template import CREATE
from cloudrun_cli.cli.run.jobs.jobs import jobs


@jobs.command(
    "create",
    format="none",
    families=CREATE,
    examples=[
        "cloudrun run jobs create nightly --image=us-docker.pkg.dev/cloudrun/container/job --tasks=4 --max-retries=1",
        "cloudrun run jobs create migrate --image=us-docker.pkg.dev/cloudrun/container/job --execute-now --wait",
    ],
)
def create(job: Annotated[str | None, positional("JOB", "The job to create.", names="jobs")] = None) -> Any:
    """Create a job. Nothing runs until it is executed."""
    from cloudrun_cli.cli.run.jobs import writing
    from cloudrun_cli.cli.run.naming import job_name, region_of_job
    from cloudrun_cli.controlplane import jobs as verbs
    from cloudrun_cli.core.jobs import JobRef

    present = context()
    values = present.values
    _check_images(values)
    name = job_name(present, job)
    ref = JobRef(present.project, region_of_job(present, name), name)
    changes = writing.asked(present, ref, CREATE, values)
    present.tell(f"Creating {writing.place(ref)}")
    return writing.write(
        present,
        ref,
        "Creating",
        "created",
        lambda _: verbs.create(
            present.store,
            ref,
            changes,
            writing=writing.of(values),
            caller=present.account,
            now=present.now(),
            random=present.random,
        ),
    )


def _check_images(values: Values) -> None:
    """Nothing when every container has its image. Raises InvalidArgument."""
    from cloudrun_cli.core.errors import InvalidArgument

    named = values.get(CONTAINERS) or {}
    if not named and not values["image"]:
        raise InvalidArgument("argument --image: Must be specified.", field="--image")
    if without := [name for name, own in named.items() if not own["image"]]:
        raise InvalidArgument(
            f"--image: Container [{without[0]}] needs an image to run, such as "
            "us-docker.pkg.dev/cloudrun/container/job.",
            field="--image",
        )
