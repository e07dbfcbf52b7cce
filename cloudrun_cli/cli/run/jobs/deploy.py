"""`cloudrun run jobs deploy`: a job from an image or from source, whether it is there already or not."""

from typing import TYPE_CHECKING, Annotated, Any

from cloudrun_cli.cli.command import positional
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.families import CONTAINERS, Values
from cloudrun_cli.cli.run.flags import build
from cloudrun_cli.cli.run.flags.job_template import DEPLOY
from cloudrun_cli.cli.run.jobs.jobs import jobs

if TYPE_CHECKING:
    from cloudrun_cli.cli.run.sources import Source
    from cloudrun_cli.core.changes import Change
    from cloudrun_cli.core.jobs import Job, JobRef
    from cloudrun_cli.output.progress import StagedProgress

SAMPLE = "us-docker.pkg.dev/cloudrun/container/job:latest"


@jobs.command(
    "deploy",
    format="none",
    families=DEPLOY,
    examples=[
        "cloudrun run jobs deploy nightly --image=us-docker.pkg.dev/cloudrun/container/job --tasks=4",
        "cloudrun run jobs deploy thumbnails --source=. --tasks=20 --parallelism=5 --wait",
    ],
)
def deploy(job: Annotated[str | None, positional("JOB", "The job to deploy.", names="jobs")] = None) -> Any:
    """Create a job, or update the one there is, from a container image or from a folder of source."""
    from cloudrun_cli.cli.run import following, sources
    from cloudrun_cli.cli.run.jobs import writing
    from cloudrun_cli.cli.run.naming import job_name, region_of_job
    from cloudrun_cli.controlplane import jobs as verbs
    from cloudrun_cli.core.jobs import JobRef

    present = context()
    values = sources.completed(present, _complete(present.values), SAMPLE)
    source = sources.find(values)
    name = job_name(present, job, source.folder if source else None)
    ref = JobRef(present.project, region_of_job(present, name), name)
    source, values = sources.checked(source, values, ref)
    changes = writing.asked(present, ref, DEPLOY, values)
    how = f"Building using {source.kind} and deploying container" if source else "Deploying container"
    present.tell(f"{how} to {writing.place(ref)}")

    def save(progress: "StagedProgress | None") -> "Job":
        asked = changes
        if source is not None and progress is not None:
            asked = [*changes, *_image(present, ref, source, changes, progress)]
        return _saved(present, ref, asked)

    new = verbs.find(present.store, ref) is None
    stages = following.SOURCE_STAGES if source else ()
    built = source is not None
    return writing.write(present, ref, "Creating" if new else "Updating", "deployed", save, stages=stages, built=built)


def _saved(present: Context, ref: "JobRef", changes: "list[Change]", *, validate_only: bool = False) -> "Job":
    from cloudrun_cli.cli.run.jobs import writing
    from cloudrun_cli.controlplane import jobs as verbs

    return verbs.deploy(
        present.store,
        ref,
        changes,
        writing=writing.of(present.values, validate_only=validate_only),
        caller=present.account,
        now=present.now(),
        random=present.random,
    ).job


def _image(
    present: Context, ref: "JobRef", source: "Source", changes: "list[Change]", progress: "StagedProgress"
) -> "list[Change]":
    """Build the source; what the deploy is then to say of its image."""
    from cloudrun_cli.cli.run import following, sources
    from cloudrun_cli.core.container_changes import ImageChange

    progress.start(following.VALIDATE)
    _saved(present, ref, [*changes, *sources.to_be_built(source, ref)], validate_only=True)
    progress.done(following.VALIDATE)
    env = {"GOOGLE_ENTRYPOINT": source.entrypoint} if source.entrypoint else {}
    digest, _ = sources.image_of(present, ref, source, env, progress, source.base_image)
    return [ImageChange(digest, source.container)]


def _complete(values: Values) -> Values:
    """The values with those of the flags of builds that jobs do not have, as if never given."""
    absent = {flag.variable: flag.default for flag in build.FLAGS if flag.variable not in values}
    named = values.get(CONTAINERS)
    if named:
        values = {**values, CONTAINERS: {name: {**absent, **own} for name, own in named.items()}}
    return {**absent, **values}
